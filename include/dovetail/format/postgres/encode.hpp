// One C++ value as the bytes of a parameter or of an element.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/format/postgres/encode_scalar.hpp>
#include <dovetail/format/postgres/native.hpp>
#include <dovetail/format/postgres/types.hpp>
#include <dovetail/row/enums.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/json_format.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

namespace postgres::detail {

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view>;

template <class T>
concept bytes_like = std::convertible_to<const T&, byte_view>;

template <class T>
concept null_like = std::is_null_pointer_v<T> || std::same_as<T, std::nullopt_t>;

/// A container that is an array to the server.
template <class T>
concept list_like = !text_like<T> && !bytes_like<T> && requires(const T& list) {
  typename T::value_type;
  list.begin();
  list.end();
  list.size();
};

/// A value that COPY can write only when it knows what a type that is not built in is made of.
template <class T>
concept has_parts = list_like<T> || requires {
  native_codec<T>::reads_as_text(oids::unspecified);
};

template <class T>
struct list_element {
  using type = std::remove_cv_t<T>;
  static constexpr std::int32_t dimensions = 0;
};
template <list_like T>
struct list_element<T> {
  using inner = list_element<std::remove_cv_t<typename T::value_type>>;
  using type = typename inner::type;
  static constexpr std::int32_t dimensions = 1 + inner::dimensions;
};

template <class T>
consteval oid parameter_type() {
  using kind_type = std::remove_cv_t<T>;
  if constexpr (null_like<kind_type>) {
    return oids::unspecified;
  } else if constexpr (is_optional<kind_type> || is_column<kind_type>) {
    return parameter_type<typename kind_type::value_type>();
  } else if constexpr (requires { requires std::same_as<decltype(kind_type::declared_type), const oid>; }) {
    return kind_type::declared_type;  // it says what it is to be: see `typed`
  } else if constexpr (v0::detail::has_field_codec<kind_type>) {
    return parameter_type<typename field_codec<kind_type>::stored_type>();
  } else if constexpr (text_like<kind_type>) {
    return oids::unspecified;
  } else if constexpr (bytes_like<kind_type>) {
    return oids::bytea;
  } else if constexpr (field_kind_of<kind_type> == field_kind::native) {
    return native_codec<kind_type>::type();
  } else if constexpr (list_like<kind_type>) {
    using element = std::remove_cv_t<typename kind_type::value_type>;
    constexpr oid type = parameter_type<element>();
    return list_like<element> ? type : array_of(type);
  } else {
    switch (field_kind_of<kind_type>) {
      case field_kind::boolean:
        return oids::boolean;
      case field_kind::integer:
        return sizeof(kind_type) <= 2 ? oids::int2 : sizeof(kind_type) == 4 ? oids::int4 : oids::int8;
      case field_kind::unsigned_integer:
        return sizeof(kind_type) == 1   ? oids::int2
               : sizeof(kind_type) == 2 ? oids::int4
               : sizeof(kind_type) == 4 ? oids::int8
                                        : oids::numeric;
      case field_kind::real:
        return sizeof(kind_type) == 4 ? oids::float4 : oids::float8;
      case field_kind::date:
        return oids::date;
      case field_kind::time_of_day:
        return oids::time;
      case field_kind::timestamp:
        return oids::timestamptz;
      case field_kind::local_timestamp:
        return oids::timestamp;
      case field_kind::duration:
        return oids::interval;
      case field_kind::uuid:
        return oids::uuid;
      case field_kind::decimal:
        return oids::numeric;
      case field_kind::json:
        return oids::jsonb;
      default:
        return oids::unspecified;  // enums; other types are refused where they are written
    }
  }
}

/// Appends a length and `append()`'s bytes; nothing when it refuses.
template <class Append>
errc append_counted(byte_buffer& out, encode_context& context, Append&& append) {
  const std::size_t at = out.size();
  out.grow(4);
  if (const errc failed = append(); failed != errc{}) {
    out.truncate(at);
    return failed;
  }
  const std::size_t size = out.size() - at - 4;
  if (size > 0x7FFF'FFFF) {
    out.truncate(at);
    return context.refuse("the value is larger than PostgreSQL takes", errc::request_too_large);
  }
  store_big(out.data() + at, static_cast<std::uint32_t>(size));
  return errc{};
}

template <class T>
errc encode_list(byte_buffer& out, const T& list, oid wanted, encode_context& context);

template <class T>
errc encode_json(byte_buffer& out, const T& value, oid wanted, encode_context& context) {
  if (wanted != oids::jsonb && wanted != oids::json && !(wanted == oids::text || wanted == oids::varchar)) {
    return context.refuse("JSON cannot be sent to a parameter of this type", errc::malformed_value);
  }
  std::string text;
  using format = typename v0::detail::json_format<T>::type;
  if (const auto written = format::encode(value.value, text); !written) {
    return context.refuse("the value has no JSON form", errc::malformed_value);
  }
  if (wanted == oids::jsonb) *out.grow(1) = std::byte{1};
  return encode_text(out, text, context);
}

template <class T>
errc encode_enum(byte_buffer& out, T value, oid wanted, encode_context& context) {
  if (wanted == oids::int2 || wanted == oids::int4 || wanted == oids::int8) {
    return encode_integer(out, {static_cast<std::int64_t>(static_cast<std::underlying_type_t<T>>(value)), false},
                          wanted, context);
  }
  const std::string_view name = enum_name(value);
  if (name.empty()) return context.refuse("the enum's value has no name");
  context.is_text = !context.must_be_binary;
  return encode_text(out, name, context);
}

/// Days since 2000, or says why PostgreSQL has no such date.
template <class T>
errc count_days(const T& value, std::int32_t& days, encode_context& context) {
  return encode_date(value, days) == errc{} ? errc{} : context.refuse("PostgreSQL has no such date");
}

/// Microseconds since 2000 of a point in time, with a zone or without one.
template <class T>
errc count_instant(const T& value, std::int64_t& microseconds, encode_context& context) {
  if (encode_point(value, microseconds) == errc{}) return errc{};
  return context.refuse("the time is out of PostgreSQL's range");
}

/// Microseconds of a duration or of a time of day.
template <class T>
errc count_span(const T& value, std::int64_t& microseconds, encode_context& context) {
  errc failed{};
  if constexpr (field_kind_of<T> == field_kind::duration) {
    failed = to_microseconds(value, microseconds);
  } else {
    failed = to_microseconds(value.to_duration(), microseconds);
  }
  return failed == errc{} ? errc{} : context.refuse("the span is too long");
}

/// Appends a value that is not null in the form that a parameter of type `wanted` takes, without its length.
template <class T>
errc encode_value(byte_buffer& out, const T& value, oid wanted, encode_context& context) {
  constexpr field_kind kind = field_kind_of<T>;
  constexpr const char* other_type = "a value of this C++ type cannot be sent to a parameter of this type";
  if constexpr (text_like<T>) {
    if (context.must_be_binary) return encode_text_in_binary(out, value, wanted, context);
    context.is_text = true;
    return encode_text(out, value, context);
  } else if constexpr (bytes_like<T>) {
    if (wanted != oids::bytea) return context.refuse("bytes can be sent to bytea only", errc::malformed_value);
    return out.append(byte_view{value}), errc{};
  } else if constexpr (kind == field_kind::native) {
    return native_codec<T>::encode(out, value, wanted, context);
  } else if constexpr (list_like<T>) {
    return encode_list(out, value, wanted, context);
  } else if constexpr (kind == field_kind::boolean) {
    if (wanted != oids::boolean) return context.refuse(other_type, errc::malformed_value);
    *out.grow(1) = std::byte{value};
    return errc{};
  } else if constexpr (kind == field_kind::integer || kind == field_kind::unsigned_integer) {
    const bool is_large = std::cmp_greater(value, most_64);
    return encode_integer(out, {static_cast<std::int64_t>(value), is_large}, wanted, context);
  } else if constexpr (kind == field_kind::real) {
    return encode_real(out, static_cast<double>(value), wanted, context);
  } else if constexpr (kind == field_kind::enumeration) {
    return encode_enum(out, value, wanted, context);
  } else if constexpr (kind == field_kind::uuid) {
    if (wanted != oids::uuid) return context.refuse(other_type, errc::malformed_value);
    return out.append(byte_view{value.bytes}), errc{};
  } else if constexpr (kind == field_kind::decimal) {
    if (wanted != oids::numeric) return context.refuse(other_type, errc::malformed_value);
    return encode_numeric(out, value), errc{};
  } else if constexpr (kind == field_kind::json) {
    return encode_json(out, value, wanted, context);
  } else if constexpr (kind == field_kind::date) {
    std::int32_t days = 0;
    const errc failed = count_days(value, days, context);
    return failed != errc{} ? failed : encode_days(out, days, wanted, context);
  } else if constexpr (kind == field_kind::timestamp || kind == field_kind::local_timestamp) {
    const bool has_zone = kind == field_kind::timestamp;
    if (wanted != oids::timestamp && wanted != oids::date && !(has_zone && wanted == oids::timestamptz)) {
      return context.refuse(has_zone ? other_type : "a local time says no point in time: it fits timestamp and date",
                            errc::malformed_value);
    }
    std::int64_t microseconds = 0;
    const errc failed = count_instant(value, microseconds, context);
    return failed != errc{} ? failed : encode_instant(out, microseconds, wanted, context);
  } else if constexpr (kind == field_kind::duration || kind == field_kind::time_of_day) {
    std::int64_t microseconds = 0;
    const errc failed = count_span(value, microseconds, context);
    return failed != errc{} ? failed : encode_span(out, microseconds, wanted, context);
  } else {
    static_assert(sizeof(T) == 0, "dovetail: this type cannot be sent to PostgreSQL; give it a dt::field_codec");
  }
}

/// Appends a value with its length, or -1 for null, whatever is around it.
template <class T>
errc encode_nested(byte_buffer& out, const T& value, oid wanted, encode_context& context) {
  using type = std::remove_cv_t<T>;
  if constexpr (null_like<type>) {
    return out.append_big(~std::uint32_t{0}), errc{};
  } else if constexpr (is_optional<type>) {
    if (!value.has_value()) return out.append_big(~std::uint32_t{0}), errc{};
    return encode_nested(out, *value, wanted, context);
  } else if constexpr (is_column<type>) {
    return encode_nested(out, value.value, wanted, context);
  } else if constexpr (v0::detail::has_field_codec<type>) {
    return encode_nested(out, field_codec<type>::encode(value), wanted, context);
  } else {
    if constexpr (std::is_pointer_v<type>) {
      if (value == nullptr) return out.append_big(~std::uint32_t{0}), errc{};
    }
    return append_counted(out, context, [&] { return encode_value(out, value, wanted, context); });
  }
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
