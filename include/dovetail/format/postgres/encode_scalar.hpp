// Numbers and times as the server wants them: adapted to the parameter's type where nothing is lost, refused otherwise.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/format/postgres/datetime.hpp>
#include <dovetail/format/postgres/decode_scalar.hpp>
#include <dovetail/format/postgres/interval.hpp>
#include <dovetail/format/postgres/native.hpp>
#include <dovetail/format/postgres/numeric.hpp>
#include <dovetail/format/postgres/oids.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// An integer as it is written; `is_large`: an unsigned one above 2^63-1.
struct whole_number {
  std::int64_t value;
  bool is_large;
};

errc encode_integer(byte_buffer& out, whole_number number, oid wanted, encode_context& context);

errc encode_real(byte_buffer& out, double value, oid wanted, encode_context& context);

[[gnu::noinline]] inline errc encode_text(byte_buffer& out, std::string_view text, encode_context& context) {
  if (!text.empty() && std::memchr(text.data(), 0, text.size()) != nullptr) {
    return context.refuse("PostgreSQL's text takes no zero byte", errc::malformed_value);
  }
  return out.append(text), errc{};
}

/// Text as the binary form of a type: for COPY, where nothing but binary forms can stand.
errc encode_text_in_binary(byte_buffer& out, std::string_view text, oid wanted, encode_context& context);

errc encode_span(byte_buffer& out, std::int64_t microseconds, oid wanted, encode_context& context);

/// Microseconds since 2000, or days when the parameter is a date.
errc encode_instant(byte_buffer& out, std::int64_t microseconds, oid wanted, encode_context& context);

/// Days since 2000, or microseconds when the parameter has a time.
errc encode_days(byte_buffer& out, std::int32_t days, oid wanted, encode_context& context);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE errc encode_integer(byte_buffer& out, whole_number number, oid wanted,
                                                      encode_context& context) {
  const auto bits = static_cast<std::uint64_t>(number.value);
  switch (wanted) {
    case oids::int2:
      if (number.is_large || !std::in_range<std::int16_t>(number.value)) {
        return context.refuse("the integer does not fit smallint");
      }
      return out.append_big(static_cast<std::uint16_t>(bits)), errc{};
    case oids::int4:
      if (number.is_large || !std::in_range<std::int32_t>(number.value)) {
        return context.refuse("the integer does not fit integer");
      }
      return out.append_big(static_cast<std::uint32_t>(bits)), errc{};
    case oids::int8:
      if (number.is_large) return context.refuse("the integer does not fit bigint");
      return out.append_big(bits), errc{};
    case oids::oid_:
    case oids::xid:
    case oids::cid:
      if (number.is_large || !std::in_range<std::uint32_t>(number.value)) {
        return context.refuse("the integer does not fit the parameter's 32 bits without sign");
      }
      return out.append_big(static_cast<std::uint32_t>(bits)), errc{};
    case oids::xid8:
      if (!number.is_large && number.value < 0) return context.refuse("the integer is negative");
      return out.append_big(bits), errc{};
    case oids::numeric:
      return encode_numeric(out, number.is_large ? decimal{bits} : decimal{number.value}), errc{};
    case oids::float8: {
      const double real = number.is_large ? static_cast<double>(bits) : static_cast<double>(number.value);
      // 2^63 and 2^64 are no integers of 64 bits: compared before the cast back.
      const bool is_exact = number.is_large
                                ? real < 18446744073709551616.0 && static_cast<std::uint64_t>(real) == bits
                                : real < 9223372036854775808.0 && static_cast<std::int64_t>(real) == number.value;
      if (!is_exact) return context.refuse("the integer has more digits than double precision holds");
      return out.append_big(std::bit_cast<std::uint64_t>(real)), errc{};
    }
    default:
      return context.refuse("an integer cannot be sent to a parameter of this type", errc::malformed_value);
  }
}

[[gnu::noinline]] DOVETAIL_DEFINE errc encode_real(byte_buffer& out, double value, oid wanted,
                                                   encode_context& context) {
  switch (wanted) {
    case oids::float8:
      return out.append_big(std::bit_cast<std::uint64_t>(value)), errc{};
    case oids::float4: {
      constexpr double largest = (std::numeric_limits<float>::max)();
      const bool is_finite = value - value == 0;
      if (is_finite && (value > largest || value < -largest)) return context.refuse("the number does not fit real");
      return out.append_big(std::bit_cast<std::uint32_t>(static_cast<float>(value))), errc{};
    }
    default:
      return context.refuse("a floating-point number cannot be sent to a parameter of this type; use dt::decimal",
                            errc::malformed_value);
  }
}

[[gnu::noinline]] DOVETAIL_DEFINE errc encode_text_in_binary(byte_buffer& out, std::string_view text, oid wanted,
                                                             encode_context& context) {
  if (wanted == oids::uuid) {
    uuid id;
    if (!parse_uuid(text, id)) return context.refuse("the text is no UUID", errc::malformed_value);
    return out.append(byte_view{id.bytes}), errc{};
  }
  if (wanted == oids::numeric) {
    decimal number;
    if (!parse_decimal(text, number)) return context.refuse("the text is no number", errc::malformed_value);
    return encode_numeric(out, number), errc{};
  }
  if (wanted == oids::jsonb) *out.grow(1) = std::byte{1};
  if (wanted != oids::jsonb && !is_plain_text(wanted)) {
    return context.refuse("text cannot be copied to a column of this type in binary; use the type's C++ type",
                          errc::malformed_value);
  }
  return encode_text(out, text, context);
}

DOVETAIL_DEFINE errc encode_span(byte_buffer& out, std::int64_t microseconds, oid wanted, encode_context& context) {
  if (wanted == oids::interval) return encode_interval(out, {.microseconds = microseconds}), errc{};
  if (wanted != oids::time) {
    return context.refuse("a span of time cannot be sent to a parameter of this type", errc::malformed_value);
  }
  if (!is_time_of_day(microseconds)) return context.refuse("the span is no time of day");
  return out.append_big(static_cast<std::uint64_t>(microseconds)), errc{};
}

DOVETAIL_DEFINE errc encode_instant(byte_buffer& out, std::int64_t microseconds, oid wanted, encode_context& context) {
  if (wanted != oids::date) return out.append_big(static_cast<std::uint64_t>(microseconds)), errc{};
  std::int32_t days = microseconds == most_64 ? most_32 : least_32;
  if (microseconds != most_64 && microseconds != least_64) {
    if (microseconds % day_microseconds != 0) return context.refuse("the parameter is a date, the value has a time");
    days = static_cast<std::int32_t>(microseconds / day_microseconds);
  }
  return out.append_big(static_cast<std::uint32_t>(days)), errc{};
}

DOVETAIL_DEFINE errc encode_days(byte_buffer& out, std::int32_t days, oid wanted, encode_context& context) {
  if (wanted == oids::date) return out.append_big(static_cast<std::uint32_t>(days)), errc{};
  if (wanted != oids::timestamp && wanted != oids::timestamptz) {
    return context.refuse("a date cannot be sent to a parameter of this type", errc::malformed_value);
  }
  std::int64_t microseconds = days == most_32 ? most_64 : least_64;
  if (days != most_32 && days != least_32) {
    constexpr std::int64_t most_days = 9'223'371'331'200'000'000 / day_microseconds;
    if (days >= most_days) return context.refuse("the date is too late for a timestamp");
    microseconds = days * day_microseconds;
  }
  return out.append_big(static_cast<std::uint64_t>(microseconds)), errc{};
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
