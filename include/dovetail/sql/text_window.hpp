// 64 characters of a text at once: which of them belong to words, which are white space, and all in lower case.
#pragma once

#include <dovetail/sql/token.hpp>

#include <bit>
#include <cstdint>
#include <cstring>

namespace dovetail::inline v0 {
namespace detail {

/// What some characters are, one bit for each: the lowest for the first.
struct character_bits {
  std::uint64_t words = 0;   ///< as `classes.in_word` says
  std::uint64_t spaces = 0;  ///< as `class_space` says
  std::uint64_t starts = 0;  ///< a word may begin with them: the letters of ASCII, and `_`
};

/// Looks at from[0, 16) and writes it in lower case; the two may be the same place. For any machine.
inline character_bits look_at_each(const char* from, char* lower) noexcept {
  character_bits found;
  for (unsigned i = 0; i < 16; ++i) {
    const auto c = static_cast<unsigned char>(from[i]);
    const std::uint8_t folded = classes.in_word[c];
    found.words |= std::uint64_t{folded != 0} << i;
    found.spaces |= std::uint64_t{(classes.of[c] & class_space) != 0} << i;
    found.starts |= std::uint64_t{classes.of[c] == class_word_start} << i;
    lower[i] = static_cast<char>(folded);
  }
  return found;
}

#if defined(__SSE2__)
/// The same with vectors.
inline character_bits look_at_sixteen(const char* from, char* lower) noexcept {
  using bytes = unsigned char __attribute__((vector_size(16)));
  using characters = char __attribute__((vector_size(16)));
  bytes c;
  std::memcpy(&c, from, sizeof c);
  const bytes folded = c | 0x20;
  const auto letters = (bytes)(folded - 'a' <= (bytes{} + ('z' - 'a')));
  const auto digits = (bytes)(c - '0' <= (bytes{} + 9));
  const bytes starts = letters | (bytes)(c == '_');
  const auto dollars = (bytes)(c == '$');
  const auto spaces = (bytes)(c == ' ') | (bytes)(c - '\t' <= (bytes{} + ('\r' - '\t')));
  const bytes in_lower_case = c | (letters & 0x20);
  std::memcpy(lower, &in_lower_case, sizeof in_lower_case);
  const auto bits_of = [](bytes found) {  // the highest bit of each byte
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128((characters)found)));
  };
  return {bits_of(starts | digits | dollars | c), bits_of(spaces), bits_of(starts)};
}
#else
inline character_bits look_at_sixteen(const char* from, char* lower) noexcept { return look_at_each(from, lower); }
#endif

class text_window {
 public:
  static constexpr std::uint32_t width = 64;

  /// Looks at what is there of text[0, 64). Behind the text's end there are no words and no spaces.
  [[gnu::noinline]] void fill(const char* text, std::uint32_t size) noexcept {
    const char* from = text;
    if (size < width) {
      std::memset(lower_, 0, width);
      std::memcpy(lower_, text, size);
      from = lower_;
    }
    bits_ = {};
    for (std::uint32_t at = 0; at < width && at < size; at += 16) {
      const character_bits found = look_at_sixteen(from + at, lower_ + at);
      bits_.words |= found.words << at;
      bits_.spaces |= found.spaces << at;
      bits_.starts |= found.starts << at;
    }
  }

  constexpr const character_bits& bits() const noexcept { return bits_; }
  /// A word may begin at a place: at one that is none of the middle of another word, it does.
  constexpr bool starts_word(std::uint32_t at) const noexcept { return (bits_.starts >> at & 1) != 0; }
  /// How many characters of a word there are at a place, as far as the window shows them.
  constexpr std::uint32_t word_size(std::uint32_t at) const noexcept {
    return static_cast<std::uint32_t>(std::countr_zero(~(bits_.words >> at)));
  }
  constexpr std::uint32_t gap_size(std::uint32_t at) const noexcept {
    return static_cast<std::uint32_t>(std::countr_zero(~(bits_.spaces >> at)));
  }

  /// As `token::key` has it, for a word of `size` characters, at least one.
  std::uint64_t key(std::uint32_t at, std::uint32_t size) const noexcept {
    if (size > 8) return 0;
    std::uint64_t eight;
    std::memcpy(&eight, lower_ + at, sizeof eight);
    if constexpr (std::endian::native == std::endian::little) eight = __builtin_bswap64(eight);
    return eight >> (64 - 8 * size);
  }

 private:
  character_bits bits_;
  char lower_[width + 8];  // `key` looks that far
};

}  // namespace detail
}  // namespace dovetail::inline v0
