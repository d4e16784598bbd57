// numeric: base-10000 digits, a weight, a sign and a display scale, to decimal numbers and back.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/sole.hpp>
#include <dovetail/format/postgres/value_ref.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::postgres::detail {

namespace numeric_sign {
inline constexpr std::uint16_t positive = 0x0000;
inline constexpr std::uint16_t negative = 0x4000;
inline constexpr std::uint16_t nan = 0xC000;
inline constexpr std::uint16_t infinity = 0xD000;
inline constexpr std::uint16_t negative_infinity = 0xF000;
}  // namespace numeric_sign

/// Room for digits: inside for the usual number, on the heap for long ones.
class digit_space {
 public:
  char* get(std::size_t size) {
    if (size <= sizeof inside_) return inside_;
    large_ = v0::detail::sole_array<char>{size};
    return large_.get();
  }

 private:
  char inside_[80];
  v0::detail::sole_array<char> large_;
};

inline void put_group(char* to, unsigned group) noexcept {
  to[0] = static_cast<char>('0' + group / 1000);
  to[1] = static_cast<char>('0' + group / 100 % 10);
  to[2] = static_cast<char>('0' + group / 10 % 10);
  to[3] = static_cast<char>('0' + group % 10);
}

/// Reads a numeric. Errors: errc::malformed_value for what no server sends, errc::value_out_of_range beyond
/// `decimal`'s limits. Cost: memory for the number's digits, at most those that PostgreSQL's limits allow.
errc decode_numeric(byte_view bytes, decimal& out);

/// Appends a numeric, without its length.
void encode_numeric(byte_buffer& out, const decimal& value);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_numeric(byte_view bytes, decimal& out) {
  part_reader reader{bytes};
  std::uint16_t count = 0;
  std::int16_t weight = 0;
  std::uint16_t sign = 0;
  std::uint16_t scale = 0;
  if (!reader.take(count) || !reader.take(weight) || !reader.take(sign) || !reader.take(scale) ||
      reader.left() != std::size_t{count} * 2) {
    return errc::malformed_value;
  }
  if (sign == numeric_sign::nan) return out = decimal::nan(), errc{};
  if (sign == numeric_sign::infinity) return out = decimal::infinity(), errc{};
  if (sign == numeric_sign::negative_infinity) return out = decimal::negative_infinity(), errc{};
  if ((sign != numeric_sign::positive && sign != numeric_sign::negative) || scale > decimal::maximum_scale) {
    return errc::malformed_value;
  }
  // Group i has the weight 10000^(weight - i): the digits before the point, and those behind it that are shown.
  const int whole_groups = count == 0 ? 0 : weight + 1;
  const int whole = whole_groups > 0 ? whole_groups * 4 : 0;
  const auto size = static_cast<std::size_t>(whole) + scale;
  digit_space space;
  char* const digits = space.get(size);
  for (std::size_t i = 0; i < size; ++i) digits[i] = '0';
  // Without a digit before the point the first group may lie behind it: 0.0000'0001.
  const std::int64_t first = count == 0 || whole_groups > 0 ? 0 : std::int64_t{-4} * whole_groups;
  for (int i = 0; i < count; ++i) {
    std::uint16_t group = 0;
    static_cast<void>(reader.take(group));
    if (group > 9999) return errc::malformed_value;
    char text[4];
    put_group(text, group);
    for (int j = 0; j < 4; ++j) {
      const std::int64_t place = first + std::int64_t{i} * 4 + j;
      if (place < static_cast<std::int64_t>(size)) {
        digits[place] = text[j];
      } else if (text[j] != '0') {
        return errc::malformed_value;  // more digits than the scale shows: no server sends them
      }
    }
  }
  const bool is_negative = sign == numeric_sign::negative;
  return out.assign_digits(is_negative, {digits, size}, scale) ? errc{} : errc::value_out_of_range;
}

[[gnu::noinline]] DOVETAIL_DEFINE void encode_numeric(byte_buffer& out, const decimal& value) {
  const auto put_header = [&out](std::size_t count, int weight, std::uint16_t sign, int scale) {
    std::byte* const at = out.grow(8);
    store_big(at, static_cast<std::uint16_t>(count));
    store_big(at + 2, static_cast<std::uint16_t>(weight));
    store_big(at + 4, sign);
    store_big(at + 6, static_cast<std::uint16_t>(scale));
  };
  if (value.is_nan()) return put_header(0, 0, numeric_sign::nan, 0);
  if (value.is_infinite()) {
    return put_header(0, 0, value.is_negative() ? numeric_sign::negative_infinity : numeric_sign::infinity,
                      0x20);  // as the server writes them
  }
  const auto scale = static_cast<std::size_t>(value.scale());
  const std::size_t count = value.digit_count();
  // Whole digits are filled up to groups of four in front, digits behind the point at the end.
  const std::size_t whole = count > scale ? count - scale : 0;
  const std::size_t whole_groups = (whole + 3) / 4;
  const std::size_t fraction_groups = (scale + 3) / 4;
  const std::size_t size = (whole_groups + fraction_groups) * 4;
  digit_space space;
  char* const digits = space.get(size + 1);
  const std::size_t in_front = whole_groups * 4 + scale - count;
  for (std::size_t i = 0; i < in_front; ++i) digits[i] = '0';
  char* end = value.copy_digits(digits + in_front);
  while (end < digits + size) *end++ = '0';
  const auto group_at = [digits](std::size_t group) {
    const char* const at = digits + group * 4;
    return static_cast<unsigned>((at[0] - '0') * 1000 + (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0'));
  };
  std::size_t first = 0;
  std::size_t last = whole_groups + fraction_groups;
  while (first < last && group_at(first) == 0) ++first;
  while (last > first && group_at(last - 1) == 0) --last;
  const int weight = first == last ? 0 : static_cast<int>(whole_groups) - 1 - static_cast<int>(first);
  put_header(last - first, weight, value.is_negative() ? numeric_sign::negative : numeric_sign::positive,
             value.scale());
  for (std::size_t i = first; i < last; ++i) out.append_big(static_cast<std::uint16_t>(group_at(i)));
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
