// Whether text that comes in pieces is well-formed UTF-8.
#pragma once

#include <dovetail/base/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {

/// Takes text piece by piece, cut anywhere, and finds the first byte that no well-formed UTF-8 goes on with.
/// Cost: as `valid_utf8_prefix`.
class utf8_checker {
 public:
  /// False, and again for all that follows, as soon as the text cannot become well-formed any more.
  constexpr bool take(std::string_view text) noexcept {
    std::size_t at = 0;
    while (missing_ != 0 && at < text.size()) {
      if (!step(text[at++])) return false;
    }
    if (is_broken_) return false;
    text.remove_prefix(at);
    at = valid_utf8_prefix(text);
    while (at < text.size()) {
      if (!step(text[at++])) return false;
    }
    return true;
  }

  /// True when the text so far is well-formed: it does not end inside a character.
  constexpr bool is_whole() const noexcept { return missing_ == 0 && !is_broken_; }

 private:
  // RFC 3629 section 4: the first byte tells how many follow, and the range of the next one.
  constexpr bool step(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    if (missing_ != 0) {
      is_broken_ = byte < least_ || byte > most_;
      --missing_;
      least_ = 0x80;
      most_ = 0xBF;
    } else if (byte >= 0xC2 && byte <= 0xDF) {
      missing_ = 1;
    } else if (byte >= 0xE0 && byte <= 0xEF) {
      missing_ = 2;
      if (byte == 0xE0) least_ = 0xA0;
      if (byte == 0xED) most_ = 0x9F;
    } else if (byte >= 0xF0 && byte <= 0xF4) {
      missing_ = 3;
      if (byte == 0xF0) least_ = 0x90;
      if (byte == 0xF4) most_ = 0x8F;
    } else {
      is_broken_ = byte >= 0x80;
    }
    if (is_broken_) missing_ = 0;
    return !is_broken_;
  }

  std::uint8_t missing_ = 0;
  std::uint8_t least_ = 0x80;
  std::uint8_t most_ = 0xBF;
  bool is_broken_ = false;
};

}  // namespace dovetail::inline v0
