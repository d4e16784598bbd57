// Arguments of a statement as the parameters of Bind, and rows of binary COPY.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/format/postgres/encode.hpp>
#include <dovetail/format/postgres/encode_array.hpp>
#include <dovetail/format/postgres/oids.hpp>
#include <dovetail/format/postgres/types.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::postgres {

/// The type that Parse says for a parameter of this C++ type; 0 for text, enums and null: the server infers it, and the
/// value goes there as text, so that it fits uuid, citext, enums, JSON and whatever else has a text form.
template <class T>
consteval oid parameter_oid() {
  return detail::parameter_type<std::remove_cvref_t<T>>();
}

namespace detail {

/// Numbers that the server takes as they are.
template <class T>
inline constexpr bool is_written_exactly =
    !is_optional<T> && !is_column<T> && !v0::detail::has_field_codec<T> &&
    ((field_kind_of<T> == field_kind::integer && sizeof(T) > 1) || field_kind_of<T> == field_kind::real);

/// Length and bytes of one of them.
template <class T>
[[gnu::always_inline]] inline void store_exactly(std::byte* to, const T& value) noexcept {
  using bits = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint16_t>>;
  store_big(to, static_cast<std::uint32_t>(sizeof(T)));
  store_big(to + 4, std::bit_cast<bits>(value));
}

template <class T>
[[gnu::always_inline]] inline bool write_exact(byte_buffer& out, const T& value, oid wanted) {
  if constexpr (is_written_exactly<T>) {
    if (wanted == parameter_oid<T>() || wanted == 0) [[likely]] {
      store_exactly(out.grow(4 + sizeof(T)), value);
      return true;
    }
  }
  return false;
}

template <class T>
struct value_inside {
  using type = T;
};
template <class T>
struct value_inside<std::optional<T>> {
  using type = T;
};

}  // namespace detail

/// Appends a parameter: length and bytes, or -1 for null. `wanted` is the type in the server's ParameterDescription (0:
/// not known, then the C++ type's own). `is_text` gets the format to declare in Bind.
/// Adapts: integers to smallint, integer, bigint, oid, numeric and double precision; floating point to real and double
/// precision; points in time and dates to date, timestamp and timestamptz (in UTC); spans to interval and time; enums
/// to text and to integers. Nothing is rounded or cut (but that real has fewer digits than double precision). Errors:
/// errc::value_out_of_range, malformed_value (another type), request_too_large; `why` says it, and nothing is appended.
template <class T>
[[gnu::always_inline]] inline errc write_parameter(byte_buffer& out, const T& value, oid wanted, bool& is_text,
                                                   const char*& why) {
  using type = std::remove_cv_t<T>;
  if (detail::write_exact<type>(out, value, wanted)) [[likely]] {
    is_text = false;
    return errc{};
  }
  detail::encode_context context;
  const errc failed = detail::encode_nested(out, value, wanted == 0 ? parameter_oid<type>() : wanted, context);
  is_text = context.is_text;
  why = context.why;
  return failed;
}

/// Appends a value of a row of COPY in binary format, for a column of the type `wanted`. As `write_parameter`, but that
/// text becomes the binary form of text, JSON, uuid and numeric columns and of enums, and is refused for others.
/// `array`: what is known of a type that is not built in, for lists; without it they are refused.
/// Whether text has a zero byte is left to the server, which looks at each of its bytes.
template <class T>
[[gnu::always_inline]] inline errc write_copy_value(byte_buffer& out, const T& value, oid wanted, const char*& why,
                                                    const detail::user_array& array = {}) {
  using type = std::remove_cv_t<T>;
  if constexpr (v0::detail::is_optional<type> && std::is_class_v<typename detail::value_inside<type>::type>) {
    if (!value.has_value()) return out.append_big(~std::uint32_t{0}), errc{};
    return write_copy_value(out, *value, wanted, why, array);
  } else if constexpr (detail::text_like<type> && std::is_class_v<type> && !v0::detail::has_field_codec<type>) {
    const std::string_view text = value;
    if ((wanted == oids::text || wanted == oids::varchar) && text.size() <= 0x7FFF'FFFF) [[likely]] {
      std::byte* const at = out.grow(4 + text.size());
      store_big(at, static_cast<std::uint32_t>(text.size()));
      if (!text.empty()) std::memcpy(at + 4, text.data(), text.size());
      return errc{};
    }
  }
  if (detail::write_exact<type>(out, value, wanted)) [[likely]]
    return errc{};
  detail::encode_context context;
  context.must_be_binary = true;
  context.array = array;
  const errc failed = detail::encode_nested(out, value, wanted, context);
  why = context.why;
  return failed;
}

/// Whether a value of this C++ type can be sent to a column of the type `wanted`, as far as types tell: to check a row
/// type against a table before the first row.
template <class T>
constexpr bool can_send(oid wanted) noexcept {
  using stored = detail::stored_t<std::remove_cvref_t<T>>;
  if constexpr (detail::null_like<stored>) {
    return true;
  } else if constexpr (detail::text_like<stored>) {
    return sent_kinds_of(wanted).contains(field_kind::text);
  } else if constexpr (detail::bytes_like<stored>) {
    return wanted == oids::bytea;
  } else if constexpr (field_kind_of<stored> == field_kind::native) {
    return detail::native_codec<stored>::takes(wanted);
  } else if constexpr (detail::list_like<stored>) {
    if (detail::find_type(wanted).is_known == false) return true;
    return element_of(wanted) != 0 && can_send<typename detail::list_element<stored>::type>(element_of(wanted));
  } else {
    return sent_kinds_of(wanted).contains(field_kind_of<stored>);
  }
}

}  // namespace dovetail::inline v0::postgres
