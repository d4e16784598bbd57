// Universally unique identifiers: sixteen bytes and their text.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/text.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

struct uuid;
constexpr bool parse_uuid(std::string_view text, uuid& value) noexcept;

namespace detail {
void uuid_literal_is_malformed();  // never defined: the compiler prints its name
}

/// A UUID (RFC 9562) of any version; all zero by default. Ordered by its bytes, which is the order of its text.
struct uuid {
  /// The number of characters that `format_uuid` writes.
  static constexpr std::size_t text_size = 36;

  std::array<std::byte, 16> bytes{};

  constexpr uuid() noexcept = default;
  constexpr explicit uuid(const std::array<std::byte, 16>& all) noexcept : bytes(all) {}
  /// A literal, read by the compiler in any of the forms that `parse_uuid` takes:
  /// `dt::uuid{"0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01"}`.
  template <std::size_t Size>
  consteval explicit uuid(const char (&literal)[Size]) {
    if (!parse_uuid({literal, Size - 1}, *this)) detail::uuid_literal_is_malformed();
  }

  /// True for the nil UUID.
  constexpr bool is_nil() const noexcept { return *this == uuid{}; }

  friend constexpr bool operator==(const uuid& a, const uuid& b) noexcept { return (a <=> b) == 0; }
  friend constexpr std::strong_ordering operator<=>(const uuid& a, const uuid& b) noexcept {
    const auto high = load_big<std::uint64_t>(a.bytes.data()) <=> load_big<std::uint64_t>(b.bytes.data());
    if (high != 0) return high;
    return load_big<std::uint64_t>(a.bytes.data() + 8) <=> load_big<std::uint64_t>(b.bytes.data() + 8);
  }
};

/// Reads the usual form (8-4-4-4-12 digits, either case), the same in braces, or 32 digits without hyphens.
/// False, and `value` is as before, when `text` is none of them.
constexpr bool parse_uuid(std::string_view text, uuid& value) noexcept {
  if (text.size() == uuid::text_size + 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, uuid::text_size);
  }
  const bool is_hyphened = text.size() == uuid::text_size;
  if (!is_hyphened && text.size() != 32) return false;
  if (is_hyphened && (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')) return false;
  uuid read;
  const char* from = text.data();
  int is_wrong = 0;  // negative when one of the digits is none; checked once, so that the loop has no way out
  for (std::size_t i = 0; i < read.bytes.size(); ++i, from += 2) {
    if (is_hyphened && (i == 4 || i == 6 || i == 8 || i == 10)) ++from;
    const int high = hex_value(from[0]);
    const int low = hex_value(from[1]);
    is_wrong |= high | low;
    read.bytes[i] = static_cast<std::byte>(static_cast<unsigned>(high) * 16 + static_cast<unsigned>(low));
  }
  if (is_wrong < 0) return false;
  value = read;
  return true;
}

/// Writes the usual form in lower case, `uuid::text_size` characters, at `out`; returns their end.
constexpr char* format_uuid(char* out, const uuid& value) noexcept {
  for (std::size_t i = 0; i < value.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    out = format_hex(out, byte_view{&value.bytes[i], 1});
  }
  return out;
}

/// The usual form in lower case.
inline std::string to_string(const uuid& value) {
  std::string text(uuid::text_size, '-');
  format_uuid(text.data(), value);
  return text;
}

}  // namespace dovetail::inline v0

template <>
struct std::hash<dovetail::uuid> {
  std::size_t operator()(const dovetail::uuid& value) const noexcept {
    return std::hash<std::string_view>{}(dovetail::as_text(value.bytes));
  }
};
