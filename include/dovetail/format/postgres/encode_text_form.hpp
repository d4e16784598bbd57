// Values as the text that the server's input functions read: what stands in literals whose types only the server knows.
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/format/postgres/encode.hpp>
#include <dovetail/format/postgres/time_form.hpp>
#include <dovetail/format/text_form.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::postgres::detail {

/// Puts an element or an attribute in quotes: then no character has a meaning, and NULL is a word.
void quote_element(byte_buffer& out, std::string_view text);

void append_real_form(byte_buffer& out, double value, bool is_single);

/// `bits`: of the value, widened with its sign.
void append_whole_form(byte_buffer& out, std::uint64_t bits, bool is_signed);

template <class T>
errc append_text_form(byte_buffer& out, const T& value, bool& is_null, encode_context& context);

/// The sizes of the dimensions from the first elements; false when other elements have others.
template <class T>
bool measure_list(const T& list, std::uint32_t* sizes, bool is_first) {
  const auto size = static_cast<std::uint32_t>(list.size());
  if (is_first) *sizes = size;
  if (*sizes != size || list.size() > 0x7FFF'FFFF) return false;
  if constexpr (list_element<T>::dimensions > 1) {
    for (const auto& inner : list) {
      if (!measure_list(inner, sizes + 1, is_first)) return false;
      is_first = false;
    }
  }
  return true;
}

/// As `measure_list`, with the array's own limits. `is_empty`: a dimension has no elements, so that nothing has.
template <class T>
errc measure_array(const T& list, std::uint32_t* sizes, bool& is_empty, encode_context& context) {
  constexpr std::int32_t dimensions = list_element<T>::dimensions;
  if (dimensions > 6) return context.refuse("PostgreSQL's arrays have six dimensions at most");
  if (!measure_list(list, sizes, true)) return context.refuse("the rows of a nested array differ in length");
  for (std::int32_t i = 0; i < dimensions; ++i) is_empty = is_empty || sizes[i] == 0;
  return errc{};
}

/// An array's literal, {"a",NULL}: `Dimensions` lists in each other, none of them empty.
template <int Dimensions, class T>
errc append_list_form(byte_buffer& out, const T& list, encode_context& context) {
  byte_buffer space;
  std::string_view separator = "{";
  for (const auto& each : list) {
    out.append(separator);
    separator = ",";
    errc failed{};
    if constexpr (Dimensions > 1) {
      failed = append_list_form<Dimensions - 1>(out, each, context);
    } else {
      space.clear();
      bool is_null = false;
      failed = append_text_form(space, static_cast<const typename T::value_type&>(each), is_null, context);
      if (failed == errc{} && is_null) out.append(std::string_view{"NULL"});
      if (failed == errc{} && !is_null) quote_element(out, as_text(space.view()));
    }
    if (failed != errc{}) return failed;
  }
  out.append(std::string_view{"}"});
  return errc{};
}

/// A date, a time or a span, rounded as in binary.
template <class T>
errc append_time_form(byte_buffer& out, const T& value, encode_context& context) {
  constexpr field_kind kind = field_kind_of<T>;
  if constexpr (kind == field_kind::date) {
    std::int32_t days = 0;
    if (const errc failed = count_days(value, days, context); failed != errc{}) return failed;
    append_date_form(out, days, v0::detail::chrono_time_point<T>);
  } else if constexpr (kind == field_kind::timestamp || kind == field_kind::local_timestamp) {
    std::int64_t microseconds = 0;
    if (const errc failed = count_instant(value, microseconds, context); failed != errc{}) return failed;
    append_instant_form(out, microseconds, kind == field_kind::timestamp);
  } else {
    std::int64_t microseconds = 0;
    if (const errc failed = count_span(value, microseconds, context); failed != errc{}) return failed;
    append_span_form(out, microseconds);
  }
  return errc{};
}

/// A value without quotes; null is said by `is_null`. Points in time have their zone, which is UTC.
/// Errors: errc::value_out_of_range, and errc::malformed_value for types that have a binary form only.
template <class T>
errc append_text_form(byte_buffer& out, const T& value, bool& is_null, encode_context& context) {
  using type = std::remove_cv_t<T>;
  constexpr field_kind kind = field_kind_of<type>;
  if constexpr (null_like<type>) {
    is_null = true;
    return errc{};
  } else if constexpr (is_optional<type>) {
    is_null = !value.has_value();
    return is_null ? errc{} : append_text_form(out, *value, is_null, context);
  } else if constexpr (is_column<type>) {
    return append_text_form(out, value.value, is_null, context);
  } else if constexpr (v0::detail::has_field_codec<type>) {
    return append_text_form(out, field_codec<type>::encode(value), is_null, context);
  } else if constexpr (text_like<type>) {
    if constexpr (std::is_pointer_v<type>) {
      if (is_null = value == nullptr; is_null) return errc{};
    }
    return encode_text(out, value, context);
  } else if constexpr (bytes_like<type>) {
    const byte_view bytes{value};
    out.append(std::string_view{"\\x"});
    format_hex(reinterpret_cast<char*>(out.grow(2 * bytes.size())), bytes);
    return errc{};
  } else if constexpr (kind == field_kind::native) {
    if constexpr (requires { native_codec<type>::append_form(out, value, context); }) {
      return native_codec<type>::append_form(out, value, context);
    } else {
      return context.refuse("a value of this type cannot be sent inside of a type that is not built in",
                            errc::malformed_value);
    }
  } else if constexpr (list_like<type>) {
    std::uint32_t sizes[list_element<type>::dimensions] = {};
    bool is_empty = false;
    if (const errc failed = measure_array(value, sizes, is_empty, context); failed != errc{}) return failed;
    if (is_empty) return out.append(std::string_view{"{}"}), errc{};
    return append_list_form<list_element<type>::dimensions>(out, value, context);
  } else if constexpr (kind == field_kind::boolean) {
    return out.append(std::string_view{value ? "t" : "f"}), errc{};
  } else if constexpr (kind == field_kind::integer || kind == field_kind::unsigned_integer) {
    constexpr bool is_signed = kind == field_kind::integer;
    using widest = std::conditional_t<is_signed, std::int64_t, std::uint64_t>;
    return append_whole_form(out, static_cast<std::uint64_t>(static_cast<widest>(value)), is_signed), errc{};
  } else if constexpr (kind == field_kind::real) {
    return append_real_form(out, static_cast<double>(value), std::is_same_v<type, float>), errc{};
  } else if constexpr (kind == field_kind::enumeration) {
    const std::string_view name = enum_name(value);
    if (name.empty()) return context.refuse("the enum's value has no name");
    return encode_text(out, name, context);
  } else if constexpr (kind == field_kind::json) {
    return encode_json(out, value, oids::json, context);
  } else if constexpr (kind == field_kind::uuid || kind == field_kind::decimal) {
    v0::detail::text_form_space space;
    return encode_text(out, v0::detail::write_text_form(value, space), context);
  } else {
    return append_time_form(out, value, context);
  }
}

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <charconv>

namespace dovetail::inline v0::postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE void quote_element(byte_buffer& out, std::string_view text) {
  out.append(std::string_view{"\""});
  for (const char c : text) {
    if (c == '"' || c == '\\') out.append(std::string_view{"\\"});
    out.append(std::string_view{&c, 1});
  }
  out.append(std::string_view{"\""});
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void append_real_form(byte_buffer& out, double value, bool is_single) {
  if (value != value) return out.append(std::string_view{"NaN"});
  constexpr double largest = (std::numeric_limits<double>::max)();
  if (value > largest || value < -largest) return out.append(std::string_view{value < 0 ? "-Infinity" : "Infinity"});
  char digits[32];
  const auto end = is_single ? std::to_chars(digits, digits + sizeof digits, static_cast<float>(value))
                             : std::to_chars(digits, digits + sizeof digits, value);
  out.append({digits, end.ptr});
}

DOVETAIL_DEFINE void append_whole_form(byte_buffer& out, std::uint64_t bits, bool is_signed) {
  char digits[24];
  const auto end = is_signed ? std::to_chars(digits, digits + sizeof digits, static_cast<std::int64_t>(bits))
                             : std::to_chars(digits, digits + sizeof digits, bits);
  out.append({digits, end.ptr});
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
