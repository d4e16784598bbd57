// time with time zone: a time of day and how far its clock is from UTC.
#pragma once

#include <dovetail/format/postgres/datetime.hpp>
#include <dovetail/format/postgres/native.hpp>

#include <chrono>
#include <cstdint>

namespace dovetail::inline v0::postgres {

/// A time of day, 24:00:00 included, on a clock that is `offset` ahead of UTC.
struct time_tz {
  std::chrono::microseconds since_midnight{};
  std::chrono::seconds offset{};  ///< east of Greenwich is positive, as in the text "12:00+02"

  friend constexpr bool operator==(const time_tz&, const time_tz&) noexcept = default;
};

}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <>
inline constexpr bool detail::is_native_value<postgres::time_tz> = true;

namespace postgres::detail {

template <>
struct native_codec<time_tz> {
  static constexpr std::int64_t largest_offset = 15 * 3600 + 59 * 60 + 59;  // MAX_TZDISP_HOUR is 15

  static constexpr bool takes(oid type) noexcept { return type == oids::timetz; }
  static constexpr oid type() noexcept { return oids::timetz; }
  static errc decode(const value_ref& value, time_tz& out, decode_context&) noexcept {
    if (value.size != 12) return errc::malformed_value;
    const auto time = static_cast<std::int64_t>(load_big<std::uint64_t>(value.data));
    const std::int64_t west = static_cast<std::int32_t>(load_big<std::uint32_t>(value.data + 8));
    if (!is_time_of_day(time) || west > largest_offset || west < -largest_offset) return errc::malformed_value;
    out = {std::chrono::microseconds{time}, std::chrono::seconds{-west}};
    return errc{};
  }
  static errc encode(byte_buffer& out, const time_tz& value, oid wanted, encode_context& context) {
    if (wanted != oids::timetz) return context.refuse("the parameter is no time with time zone", errc::malformed_value);
    const std::int64_t offset = value.offset.count();
    if (!is_time_of_day(value.since_midnight.count()) || offset > largest_offset || offset < -largest_offset) {
      return context.refuse("the value is no time of day, or its offset is 16 hours or more");
    }
    out.append_big(static_cast<std::uint64_t>(value.since_midnight.count()));
    return out.append_big(static_cast<std::uint32_t>(static_cast<std::int32_t>(-offset))), errc{};
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
