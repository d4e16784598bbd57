// Names of columns, fields and options: comparison without regard to ASCII case, camelCase and snake_case.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

constexpr bool is_ascii_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_ascii_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_ascii_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_ascii_letter(char c) noexcept { return is_ascii_upper(c) || is_ascii_lower(c); }
constexpr char ascii_lower(char c) noexcept { return is_ascii_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr char ascii_upper(char c) noexcept { return is_ascii_lower(c) ? static_cast<char>(c - ('a' - 'A')) : c; }

/// True when the texts differ in the case of ASCII letters at most.
constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}

/// True when `text` begins with `prefix`, but for the case of ASCII letters.
constexpr bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

/// Orders texts by their bytes, upper-case ASCII letters taken as lower-case ones.
constexpr std::strong_ordering compare_ignoring_case(std::string_view a, std::string_view b) noexcept {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    const auto x = static_cast<unsigned char>(ascii_lower(a[i]));
    const auto y = static_cast<unsigned char>(ascii_lower(b[i]));
    if (x != y) return x <=> y;
  }
  return a.size() <=> b.size();
}

/// Writes `name` in snake_case at `out`, at most `2 * name.size()` characters; returns the end of what was written.
/// A word begins at an upper-case letter behind a lower-case one or a digit, and at the last of several upper-case
/// letters that a lower-case one follows: `orderId` → `order_id`, `HTTPServer` → `http_server`, `utf8Text` →
/// `utf8_text`.
constexpr char* format_snake_case(char* out, std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (is_ascii_upper(c) && i > 0 && name[i - 1] != '_') {
      const bool ends_acronym = i + 1 < name.size() && is_ascii_lower(name[i + 1]);
      if (!is_ascii_upper(name[i - 1]) || ends_acronym) *out++ = '_';
    }
    *out++ = ascii_lower(c);
  }
  return out;
}

/// `name` in snake_case, by the rules of `format_snake_case`.
inline std::string to_snake_case(std::string_view name) {
  std::string text(name.size() * 2, '\0');
  text.resize(static_cast<std::size_t>(format_snake_case(text.data(), name) - text.data()));
  return text;
}

/// Writes `name` in camelCase at `out`, at most `name.size()` characters; returns the end of what was written.
/// Underscores at the front stay: `order_id` → `orderId`, `_order_id` → `_orderId`.
constexpr char* format_camel_case(char* out, std::string_view name) noexcept {
  std::size_t i = 0;
  while (i < name.size() && name[i] == '_') *out++ = name[i++];
  bool begins_word = false;
  for (; i < name.size(); ++i) {
    if (name[i] == '_') {
      begins_word = true;
    } else {
      *out++ = begins_word ? ascii_upper(name[i]) : name[i];
      begins_word = false;
    }
  }
  return out;
}

/// `name` in camelCase, by the rules of `format_camel_case`.
inline std::string to_camel_case(std::string_view name) {
  std::string text(name.size(), '\0');
  text.resize(static_cast<std::size_t>(format_camel_case(text.data(), name) - text.data()));
  return text;
}

}  // namespace dovetail::inline v0
