// Ranges and multiranges of integers, numbers, dates and times.
#pragma once

#include <dovetail/format/postgres/decode.hpp>
#include <dovetail/format/postgres/encode.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// The values between two bounds; a bound that is not there is unbounded. The server turns ranges of integers and dates
/// into the form [lower, upper), others come as they were written.
template <class T>
struct range {
  std::optional<T> lower{};
  std::optional<T> upper{};
  bool includes_lower = true;
  bool includes_upper = false;
  bool is_empty = false;  ///< no value at all: the bounds say nothing then

  static range empty() {
    range none;
    none.includes_lower = false;
    none.is_empty = true;
    return none;
  }

  friend bool operator==(const range&, const range&) = default;
};

/// Ranges that do not touch, in their order, as the server has put them.
template <class T>
struct multirange {
  std::vector<range<T>> ranges;
  friend bool operator==(const multirange&, const multirange&) = default;
};

namespace detail {

/// The type of the values of a range or multirange; 0 when it is none.
constexpr oid bound_type_of(oid type) noexcept {
  switch (type) {
    case oids::int4range:
    case oids::int4multirange:
      return oids::int4;
    case oids::int8range:
    case oids::int8multirange:
      return oids::int8;
    case oids::numrange:
    case oids::nummultirange:
      return oids::numeric;
    case oids::tsrange:
    case oids::tsmultirange:
      return oids::timestamp;
    case oids::tstzrange:
    case oids::tstzmultirange:
      return oids::timestamptz;
    case oids::daterange:
    case oids::datemultirange:
      return oids::date;
    default:
      return 0;
  }
}

constexpr bool is_multirange(oid type) noexcept { return type >= oids::int4multirange && type <= oids::int8multirange; }

/// The range of values of this type; 0 when PostgreSQL has none.
constexpr oid range_of(oid bound, bool is_multi) noexcept {
  switch (bound) {
    case oids::int2:
    case oids::int4:
      return is_multi ? oids::int4multirange : oids::int4range;
    case oids::int8:
      return is_multi ? oids::int8multirange : oids::int8range;
    case oids::numeric:
      return is_multi ? oids::nummultirange : oids::numrange;
    case oids::timestamp:
      return is_multi ? oids::tsmultirange : oids::tsrange;
    case oids::timestamptz:
      return is_multi ? oids::tstzmultirange : oids::tstzrange;
    case oids::date:
      return is_multi ? oids::datemultirange : oids::daterange;
    default:
      return 0;
  }
}

namespace range_flag {  // rangetypes.h
inline constexpr std::uint8_t empty = 0x01;
inline constexpr std::uint8_t lower_inclusive = 0x02;
inline constexpr std::uint8_t upper_inclusive = 0x04;
inline constexpr std::uint8_t lower_infinite = 0x08;
inline constexpr std::uint8_t upper_infinite = 0x10;
}  // namespace range_flag

template <class T>
errc decode_bound(part_reader& reader, oid type, std::optional<T>& out, decode_context& context) {
  value_ref value{.type = type};
  if (!reader.take(value) || value.is_null()) return errc::malformed_value;
  return decode_nested(value, out, context);
}

template <class T>
errc decode_range(byte_view bytes, oid bound, range<T>& out, decode_context& context) {
  part_reader reader{bytes};
  std::uint8_t flags = 0;
  if (!reader.take(flags) || flags > 0x1F) return errc::malformed_value;
  out = {};
  out.is_empty = (flags & range_flag::empty) != 0;
  out.includes_lower = (flags & range_flag::lower_inclusive) != 0;
  out.includes_upper = (flags & range_flag::upper_inclusive) != 0;
  if (!out.is_empty && (flags & range_flag::lower_infinite) == 0) {
    if (const errc failed = decode_bound(reader, bound, out.lower, context); failed != errc{}) return failed;
  }
  if (!out.is_empty && (flags & range_flag::upper_infinite) == 0) {
    if (const errc failed = decode_bound(reader, bound, out.upper, context); failed != errc{}) return failed;
  }
  return reader.at_end() ? errc{} : errc::malformed_value;
}

template <class T>
errc encode_range(byte_buffer& out, const range<T>& value, oid bound, encode_context& context) {
  if (value.is_empty) return *out.grow(1) = std::byte{range_flag::empty}, errc{};
  unsigned flags = 0;
  // A bound that is not there is never inclusive: range_recv corrects it, and so do we.
  if (!value.lower) {
    flags |= range_flag::lower_infinite;
  } else if (value.includes_lower) {
    flags |= range_flag::lower_inclusive;
  }
  if (!value.upper) {
    flags |= range_flag::upper_infinite;
  } else if (value.includes_upper) {
    flags |= range_flag::upper_inclusive;
  }
  *out.grow(1) = std::byte{static_cast<unsigned char>(flags)};
  errc failed{};
  if (value.lower) failed = encode_nested(out, *value.lower, bound, context);
  if (value.upper && failed == errc{}) failed = encode_nested(out, *value.upper, bound, context);
  return failed;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <class T>
inline constexpr bool detail::is_native_value<postgres::range<T>> = true;
template <class T>
inline constexpr bool detail::is_native_value<postgres::multirange<T>> = true;

namespace postgres::detail {

template <class T, bool IsMulti>
struct range_codec {
  static constexpr bool takes(oid type) noexcept {
    const oid bound = bound_type_of(type);
    return bound != 0 && is_multirange(type) == IsMulti && takes_type<T>(bound);
  }
  static constexpr oid type() noexcept {
    static_assert(range_of(parameter_type<T>(), IsMulti) != 0,
                  "dovetail: PostgreSQL has ranges of integers, dt::decimal, dates and points in time only");
    return range_of(parameter_type<T>(), IsMulti);
  }
};

template <class T>
struct native_codec<range<T>> : range_codec<T, false> {
  static errc decode(const value_ref& value, range<T>& out, decode_context& context) {
    return decode_range(value.bytes(), bound_type_of(value.type), out, context);
  }
  static errc encode(byte_buffer& out, const range<T>& value, oid wanted, encode_context& context) {
    if (bound_type_of(wanted) == 0 || is_multirange(wanted)) {
      return context.refuse("the parameter is no range", errc::malformed_value);
    }
    return encode_range(out, value, bound_type_of(wanted), context);
  }
};

template <class T>
struct native_codec<multirange<T>> : range_codec<T, true> {
  static errc decode(const value_ref& value, multirange<T>& out, decode_context& context) {
    part_reader reader{value.bytes()};
    std::uint32_t count = 0;
    // Each range takes five bytes at least.
    if (!reader.take(count) || count > reader.left() / 5) return errc::malformed_value;
    out.ranges.clear();
    out.ranges.resize(count);
    for (range<T>& each : out.ranges) {
      value_ref part;
      if (!reader.take(part) || part.is_null()) return errc::malformed_value;
      const errc failed = decode_range(part.bytes(), bound_type_of(value.type), each, context);
      if (failed != errc{}) return failed;
    }
    return reader.at_end() ? errc{} : errc::malformed_value;
  }
  static errc encode(byte_buffer& out, const multirange<T>& value, oid wanted, encode_context& context) {
    if (!is_multirange(wanted)) return context.refuse("the parameter is no multirange", errc::malformed_value);
    out.append_big(static_cast<std::uint32_t>(value.ranges.size()));
    for (const range<T>& each : value.ranges) {
      const errc failed =
          append_counted(out, context, [&] { return encode_range(out, each, bound_type_of(wanted), context); });
      if (failed != errc{}) return failed;
    }
    return errc{};
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
