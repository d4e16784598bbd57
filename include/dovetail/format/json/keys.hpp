// The keys of a struct's members as JSON text, made by the compiler.
#pragma once

#include <dovetail/format/key_search.hpp>
#include <dovetail/row/reflect.hpp>

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

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

template <class T, std::size_t... I>
consteval auto list_json_keys(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{
      std::string_view{json_key<T, I>.data() + 1, json_key<T, I>.size() - 1}...};
}

/// The keys of all members with quotes and colon, and without what stands before them.
template <class T>
inline constexpr auto json_keys = list_json_keys<T>(std::make_index_sequence<field_count<T>>{});

}  // namespace dovetail::inline v0::detail
