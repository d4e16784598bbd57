// Ranges and multiranges of integers, numbers, dates and times.
#pragma once

#include <dovetail/format/postgres/decode.hpp>
#include <dovetail/format/postgres/encode.hpp>
#include <dovetail/format/postgres/encode_text_form.hpp>
#include <dovetail/format/postgres/range_text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// The values between two bounds; a bound that is not there is unbounded. The server turns ranges of integers and dates
/// into the form [lower, upper), others come as they were written. A range of a type that users have made
/// (`create type … as range`) is read as text, alone in its column, and sent as text, the type of which the server
/// infers: of a column, or of a cast, `?::float_range`. What PostgreSQL itself has ranges of (integers, dt::decimal,
/// dates and points in time) is sent as those; COPY looks at the column.
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

template <class T>
errc decode_range_text(std::string_view& rest, range<T>& out, decode_context& context) {
  range_text text;
  if (!take_range(rest, text)) {
    context.explain("its text is no range");
    return errc::malformed_value;
  }
  out = {};
  out.is_empty = text.is_empty;
  out.includes_lower = text.is_inclusive[0];
  out.includes_upper = text.is_inclusive[1];
  for (std::size_t i = 0; i < 2; ++i) {
    if (!text.bounds[i]) continue;
    const byte_view bytes = as_byte_view(*text.bounds[i]);
    // The text is read as the bound's own type: which type the range is made of is not known here.
    const value_ref bound{bytes.data(), static_cast<std::int32_t>(bytes.size()), parameter_type<T>(), false};
    const errc failed = decode_nested(bound, i == 0 ? out.lower : out.upper, context);
    if (failed != errc{}) return refuse_bound(context, failed, i != 0);
  }
  return errc{};
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
  static constexpr bool reads_text = true;
  /// The bytes of a range say nothing of the type of its bounds, its text does.
  static constexpr bool reads_as_text(oid type) noexcept { return !find_type(type).is_known; }
  static constexpr bool takes(oid type) noexcept {
    if (!find_type(type).is_known) return true;
    const oid bound = bound_type_of(type);
    return bound != 0 && is_multirange(type) == IsMulti && takes_type<T>(bound);
  }
  static constexpr oid type() noexcept { return range_of(parameter_type<T>(), IsMulti); }

  /// What the bounds are sent as to a parameter of this type; 0 when the range is to go as text, or was refused.
  static oid bound_to_send(oid wanted, encode_context& context, errc& failed) noexcept {
    if (find_type(wanted).is_known) {
      const oid bound = is_multirange(wanted) == IsMulti ? bound_type_of(wanted) : 0;
      if (bound == 0) {
        failed = context.refuse(IsMulti ? "the parameter is no multirange; a cast says which one it is, ?::name"
                                        : "the parameter is no range; a cast says which one it is, ?::name",
                                errc::malformed_value);
      }
      return bound;
    }
    if (!context.must_be_binary) {
      context.is_text = true;
      return 0;
    }
    if (context.array.element == 0 || !find_type(context.array.form).is_known) {
      failed = context.refuse(
          "a range of a type that is not built in cannot be copied inside of another value: use insert()",
          errc::malformed_value);
      return 0;
    }
    return context.array.form;
  }
};

template <class T>
struct native_codec<range<T>> : range_codec<T, false> {
  static errc decode(const value_ref& value, range<T>& out, decode_context& context) {
    if (value.is_binary) {
      const oid bound = bound_type_of(value.type);
      return bound == 0 ? refuse_binary_range(context) : decode_range(value.bytes(), bound, out, context);
    }
    std::string_view rest = value.text();
    if (const errc failed = decode_range_text(rest, out, context); failed != errc{}) return failed;
    return rest.empty() ? errc{} : errc::malformed_value;
  }
  static errc encode(byte_buffer& out, const range<T>& value, oid wanted, encode_context& context) {
    errc failed{};
    const oid bound = range_codec<T, false>::bound_to_send(wanted, context, failed);
    if (failed != errc{}) return failed;
    return bound == 0 ? append_form(out, value, context) : encode_range(out, value, bound, context);
  }
  /// The literal ["1","2"), in which the server reads the bounds as their own type.
  static errc append_form(byte_buffer& out, const range<T>& value, encode_context& context) {
    if (value.is_empty) return out.append(std::string_view{"empty"}), errc{};
    const auto append_bound = [&](const std::optional<T>& bound) {
      if (!bound) return errc{};
      byte_buffer space;
      bool is_null = false;
      const errc failed = append_text_form(space, *bound, is_null, context);
      if (failed == errc{} && !is_null) quote_element(out, as_text(space.view()));
      return failed;
    };
    out.append(std::string_view{value.includes_lower && value.lower ? "[" : "("});
    if (const errc failed = append_bound(value.lower); failed != errc{}) return failed;
    out.append(std::string_view{","});
    if (const errc failed = append_bound(value.upper); failed != errc{}) return failed;
    out.append(std::string_view{value.includes_upper && value.upper ? "]" : ")"});
    return errc{};
  }
};

template <class T>
struct native_codec<multirange<T>> : range_codec<T, true> {
  static errc decode(const value_ref& value, multirange<T>& out, decode_context& context) {
    out.ranges.clear();
    if (!value.is_binary) return decode_text_form(value.text(), out, context);
    const oid bound = bound_type_of(value.type);
    if (bound == 0) return refuse_binary_range(context);
    part_reader reader{value.bytes()};
    std::uint32_t count = 0;
    // Each range takes five bytes at least.
    if (!reader.take(count) || count > reader.left() / 5) return errc::malformed_value;
    out.ranges.resize(count);
    for (range<T>& each : out.ranges) {
      value_ref part;
      if (!reader.take(part) || part.is_null()) return errc::malformed_value;
      const errc failed = decode_range(part.bytes(), bound, each, context);
      if (failed != errc{}) return failed;
    }
    return reader.at_end() ? errc{} : errc::malformed_value;
  }
  static errc encode(byte_buffer& out, const multirange<T>& value, oid wanted, encode_context& context) {
    errc failed{};
    const oid bound = range_codec<T, true>::bound_to_send(wanted, context, failed);
    if (failed != errc{}) return failed;
    if (bound == 0) return append_form(out, value, context);
    out.append_big(static_cast<std::uint32_t>(value.ranges.size()));
    for (const range<T>& each : value.ranges) {
      failed = append_counted(out, context, [&] { return encode_range(out, each, bound, context); });
      if (failed != errc{}) return failed;
    }
    return errc{};
  }
  static errc append_form(byte_buffer& out, const multirange<T>& value, encode_context& context) {
    std::string_view separator = "{";
    if (value.ranges.empty()) out.append(separator);
    for (const range<T>& each : value.ranges) {
      out.append(separator);
      separator = ",";
      if (const errc failed = native_codec<range<T>>::append_form(out, each, context); failed != errc{}) return failed;
    }
    return out.append(std::string_view{"}"}), errc{};
  }

 private:
  static errc decode_text_form(std::string_view rest, multirange<T>& out, decode_context& context) {
    if (rest == "{}") return errc{};
    if (!rest.starts_with('{')) return errc::malformed_value;
    std::string_view separator = "{";
    while (rest.starts_with(separator)) {
      rest.remove_prefix(1);
      separator = ",";
      if (const errc failed = decode_range_text(rest, out.ranges.emplace_back(), context); failed != errc{})
        return failed;
    }
    return rest == "}" ? errc{} : errc::malformed_value;
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
