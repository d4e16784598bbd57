// The classes of characters that HTTP/1.1 tells apart (RFC 9110 section 5.6, RFC 3986), and the search for control
// characters.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::http1::detail {

/// What a character may be part of.
enum character_class : std::uint8_t {
  token_character = 1,       // RFC 9110 section 5.6.2, tchar
  value_character = 2,       // RFC 9110 section 5.5: VCHAR, obs-text, SP and HTAB
  unreserved_character = 4,  // RFC 3986 section 2.3
  path_character = 8,        // RFC 3986 section 3.3, pchar without escapes, and '/'
  query_character = 16,      // RFC 3986 section 3.4, and what browsers leave as it is: [ ] { } | ^ `
  host_character = 32,       // RFC 3986 section 3.2.2, reg-name without escapes
};

inline constexpr auto character_classes = [] {
  std::array<std::uint8_t, 256> classes{};
  const auto add = [&classes](std::string_view characters, unsigned what) {
    for (const char c : characters) {
      std::uint8_t& each = classes[static_cast<unsigned char>(c)];
      each = static_cast<std::uint8_t>(each | what);
    }
  };
  for (unsigned i = 0; i < 256; ++i) {
    if ((i >= 0x20 && i != 0x7F) || i == '\t') classes[i] = value_character;
  }
  const unsigned everywhere =
      token_character | unreserved_character | path_character | query_character | host_character;
  add("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", everywhere);
  add("-._~", everywhere);
  add("!#$%&'*+^`|", token_character);
  add("!$&'()*+,;=", path_character | query_character | host_character);  // sub-delims
  add(":@/", path_character | query_character);
  add("?[]{}|^`", query_character);
  return classes;
}();

constexpr bool is_in(char c, character_class what) noexcept {
  return (character_classes[static_cast<unsigned char>(c)] & what) != 0;
}

/// True when `text` has at least one character, and all are of the class.
constexpr bool consists_of(std::string_view text, character_class what) noexcept {
  for (const char c : text) {
    if (!is_in(c, what)) return false;
  }
  return !text.empty();
}

constexpr bool is_token(std::string_view text) noexcept { return consists_of(text, token_character); }

constexpr bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

#ifdef __SSE2__
using sixteen_characters [[gnu::vector_size(16)]] = unsigned char;

/// One bit for each of sixteen comparisons.
[[gnu::always_inline]] inline unsigned marks_of(sixteen_characters compared) noexcept {
  using characters [[gnu::vector_size(16)]] = char;
  return static_cast<unsigned>(__builtin_ia32_pmovmskb128((characters)compared));
}
#endif

/// How many characters at the front of `text` may be of a token.
/// Cost: sixteen letters and hyphens at a time, where the processor can.
constexpr std::size_t token_length(std::string_view text) noexcept {
  std::size_t at = 0;
#ifdef __SSE2__
  if (!std::is_constant_evaluated()) {
    for (sixteen_characters each; text.size() - at >= sizeof each; at += sizeof each) {
      std::memcpy(&each, text.data() + at, sizeof each);
      const sixteen_characters letter = (each | 0x20) - 'a';
      const unsigned others = marks_of((sixteen_characters)((letter > 'z' - 'a') & (each != '-')));
      if (others == 0) continue;
      at += static_cast<std::size_t>(std::countr_zero(others));
      break;
    }
  }
#endif
  while (at < text.size() && is_in(text[at], token_character)) ++at;
  return at;
}

/// `text` without the spaces and tabs around it (OWS).
constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The first control character of `text` from `at` on (0 to 31, and 127); its size when there is none.
/// Cost: sixteen characters at a time, where the processor can, and eight elsewhere.
constexpr std::size_t find_control(std::string_view text, std::size_t at) noexcept {
  if (!std::is_constant_evaluated()) {
#ifdef __SSE2__
    for (sixteen_characters each; text.size() - at >= sizeof each; at += sizeof each) {
      std::memcpy(&each, text.data() + at, sizeof each);
      const unsigned found = marks_of((sixteen_characters)((each < 0x20) | (each == 0x7F)));
      if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found));
    }
#endif
    constexpr std::uint64_t every = 0x0101010101010101u;
    for (std::uint64_t eight = 0; text.size() - at >= sizeof eight; at += sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      const std::uint64_t deleted = eight ^ (every * 0x7F);
      const std::uint64_t found = (((eight - every * 0x20) & ~eight) | ((deleted - every) & ~deleted)) & (every << 7);
      if (found == 0) continue;
      // Borrowing can only mark bytes behind the first one that is meant.
      if constexpr (std::endian::native == std::endian::little) {
        return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
      }
      break;
    }
  }
  for (; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 || byte == 0x7F) return at;
  }
  return at;
}

}  // namespace dovetail::inline v0::http1::detail
