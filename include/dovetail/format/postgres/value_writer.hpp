// Arguments of a statement as the parameters of Bind, and rows of binary COPY.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/format/postgres/encode.hpp>
#include <dovetail/format/postgres/encode_array.hpp>
#include <dovetail/format/postgres/oids.hpp>

#include <bit>
#include <cstdint>
#include <type_traits>

namespace dovetail::inline v0::postgres {

/// The type that Parse says for a parameter of this C++ type; 0 for text, enums and null: the server infers it, and the
/// value goes there as text, so that it fits uuid, citext, enums, JSON and whatever else has a text form.
template <class T>
consteval oid parameter_oid() {
  return detail::parameter_type<std::remove_cvref_t<T>>();
}

/// Appends a parameter: length and bytes, or -1 for null. `wanted` is the type in the server's ParameterDescription (0:
/// not known, then the C++ type's own). `is_text` gets the format to declare in Bind.
/// Adapts: integers to smallint, integer, bigint, oid, numeric and double precision; floating point to real and double
/// precision; points in time and dates to date, timestamp and timestamptz (in UTC); spans to interval and time; enums
/// to text and to integers. Nothing is rounded or cut. Errors: errc::value_out_of_range, malformed_value (another
/// type), request_too_large; `why` says it, and nothing is appended.
template <class T>
[[gnu::always_inline]] inline errc write_parameter(byte_buffer& out, const T& value, oid wanted, bool& is_text,
                                                   const char*& why) {
  using type = std::remove_cv_t<T>;
  constexpr oid own = parameter_oid<type>();
  constexpr field_kind kind = field_kind_of<type>;
  if constexpr (!is_optional<type> && !is_column<type> && !v0::detail::has_field_codec<type> &&
                ((kind == field_kind::integer && sizeof(type) > 1) || kind == field_kind::real)) {
    if (wanted == own || wanted == 0) [[likely]] {
      using bits = std::conditional_t<sizeof(type) == 8, std::uint64_t,
                                      std::conditional_t<sizeof(type) == 4, std::uint32_t, std::uint16_t>>;
      std::byte* const at = out.grow(4 + sizeof(type));
      store_big(at, static_cast<std::uint32_t>(sizeof(type)));
      store_big(at + 4, std::bit_cast<bits>(value));
      is_text = false;
      return errc{};
    }
  }
  detail::encode_context context;
  const errc failed = detail::encode_nested(out, value, wanted == 0 ? own : wanted, context);
  is_text = context.is_text;
  why = context.why;
  return failed;
}

}  // namespace dovetail::inline v0::postgres
