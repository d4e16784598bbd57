// Finds where a JSON value ends, in text that comes in pieces.
#pragma once

#include <dovetail/format/json/scan.hpp>
#include <dovetail/format/json/source.hpp>

#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::detail {

/// Checks nothing but what must be known to find the end: strings, brackets, and that these close each other. Of a text
/// that is no JSON it gives a beginning that is none either, so that whoever reads that says what is wrong.
/// Cost: each character is looked at once, however the text is cut.
class json_value_end {
 public:
  /// Goes on at `at`, behind what it was given before; the first time `at` is the first character of the value. The
  /// place behind the value, or null when that is not in [at, end): a number may go on, so what follows one must be
  /// there.
  const char* find(const char* at, const char* end) noexcept {
    while (at != end) {
      if (is_in_string_) {
        at = find_in_string(at, end);
        if (!is_in_string_ && depth_ == 0) return at;
        continue;
      }
      switch (*at) {
        case '"':
          if (depth_ == 0 && is_begun_) return at;
          is_in_string_ = true;
          break;
        case '{':
        case '[':
          if (depth_ == 0 && is_begun_) return at;
          if (depth_ == json_maximum_depth) return at + 1;
          note_opening(*at == '{');
          break;
        case '}':
        case ']':
          if (depth_ == 0) return is_begun_ ? at : at + 1;
          if (!closes(*at == '}') || depth_ == 0) return at + 1;
          break;
        case ',':
        case ' ':
        case '\n':
        case '\r':
        case '\t':
          if (depth_ == 0) return is_begun_ ? at : at + 1;
          break;
        default:
          break;
      }
      is_begun_ = true;
      ++at;
    }
    return nullptr;
  }

 private:
  const char* find_in_string(const char* at, const char* end) noexcept {
    if (is_escaped_) {
      is_escaped_ = false;
      return at + 1;
    }
    at = find_string_special(at, end);
    if (at == end) return at;
    is_escaped_ = *at == '\\';
    is_in_string_ = *at != '"';
    return at + 1;
  }

  void note_opening(bool is_object) noexcept {
    const auto depth = static_cast<std::size_t>(depth_++);
    const std::uint64_t bit = std::uint64_t{1} << (depth % 64);
    std::uint64_t& kinds = kinds_[depth / 64];
    kinds = is_object ? kinds | bit : kinds & ~bit;
  }
  /// False when the bracket that is open is of the other kind.
  bool closes(bool is_object) noexcept {
    const auto depth = static_cast<std::size_t>(--depth_);
    return ((kinds_[depth / 64] >> (depth % 64) & 1U) != 0) == is_object;
  }

  std::uint64_t kinds_[2] = {};  // a bit for each open bracket: set when it is one of an object
  int depth_ = 0;
  bool is_begun_ = false;
  bool is_in_string_ = false;
  bool is_escaped_ = false;

  static_assert(json_maximum_depth <= 128);
};

}  // namespace dovetail::inline v0::detail
