// The keys of a struct's members as JSON text, made by the compiler, and the search for a member by its key.
#pragma once

#include <dovetail/row/reflect.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Writes `c` as it stands in a JSON string; returns the number of characters (and only counts when `out` is null).
constexpr std::size_t put_json_character(char* out, char c) noexcept {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (c == '"' || c == '\\') {
    if (out != nullptr) out[0] = '\\', out[1] = c;
    return 2;
  }
  if (byte >= 0x20) {
    if (out != nullptr) out[0] = c;
    return 1;
  }
  const char letter = c == '\b' ? 'b' : c == '\f' ? 'f' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : '\0';
  if (letter != '\0') {
    if (out != nullptr) out[0] = '\\', out[1] = letter;
    return 2;
  }
  if (out != nullptr) {
    const char unit[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    for (int i = 0; i < 6; ++i) out[i] = unit[i];
  }
  return 6;
}

consteval std::size_t count_json_characters(std::string_view text) noexcept {
  std::size_t sum = 0;
  for (const char c : text) sum += put_json_character(nullptr, c);
  return sum;
}

template <class T, std::size_t I>
consteval auto make_json_key() {
  constexpr std::string_view name = field_names<T>[I];
  constexpr std::size_t size = count_json_characters(name);
  std::array<char, size + 4> text{};
  char* out = text.data();
  *out++ = I == 0 ? '{' : ',';
  *out++ = '"';
  for (const char c : name) out += put_json_character(out, c);
  *out++ = '"';
  *out++ = ':';
  return text;
}

/// What stands before the value of member `I` when nothing is spaced out: `{"name":` or `,"name":`.
template <class T, std::size_t I>
inline constexpr auto json_key = make_json_key<T, I>();

template <class Word>
[[gnu::always_inline]] inline Word load_word(const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// True when the `Size` characters at `a` and `b` are the same; overlapping words, so that it is a few instructions.
template <std::size_t Size>
[[gnu::always_inline]] inline bool equals_key(const char* a, const char* b) noexcept {
  if constexpr (Size > 32) {
    return std::memcmp(a, b, Size) == 0;
  } else if constexpr (Size >= 8) {
    std::uint64_t difference = load_word<std::uint64_t>(a + Size - 8) ^ load_word<std::uint64_t>(b + Size - 8);
    for (std::size_t i = 0; i + 8 < Size; i += 8) {
      difference |= load_word<std::uint64_t>(a + i) ^ load_word<std::uint64_t>(b + i);
    }
    return difference == 0;
  } else if constexpr (Size >= 4) {
    return ((load_word<std::uint32_t>(a) ^ load_word<std::uint32_t>(b)) |
            (load_word<std::uint32_t>(a + Size - 4) ^ load_word<std::uint32_t>(b + Size - 4))) == 0;
  } else {
    return std::memcmp(a, b, Size) == 0;
  }
}

/// The index of `key` among `names`, looked for from `hint` on, around; `count` when it is none.
inline std::size_t find_member(const std::string_view* names, std::size_t count, std::string_view key,
                               std::size_t hint) noexcept {
  for (std::size_t i = hint; i < count; ++i) {
    if (names[i] == key) return i;
  }
  for (std::size_t i = 0; i < hint && i < count; ++i) {
    if (names[i] == key) return i;
  }
  return count;
}

}  // namespace dovetail::inline v0::detail
