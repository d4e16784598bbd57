// The bridge to the types that only PostgreSQL has: each header of this folder fills it for its own.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/format/postgres/value_ref.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/reflect.hpp>

#include <cstddef>
#include <string>
#include <type_traits>

namespace dovetail::inline v0::postgres::detail {

/// What reading hands down: where to put words about a value that is refused.
struct decode_context {
  std::string* words = nullptr;

  void explain(const char* what) const {
    if (words != nullptr) *words = what;
  }
};

/// What the server says of an array type that is not built in.
struct user_array {
  oid element = 0;  ///< which an array in binary names; 0: not known
  oid form = 0;     ///< whose form its values have: the same, or what the domain is made of
};

/// What writing hands up: whether the value was written in text format, and why it was refused.
struct encode_context {
  bool is_text = false;
  bool must_be_binary = false;  ///< in COPY: text is turned into the binary form, or refused
  user_array array{};           ///< in COPY, of the column's type when it is one that is not built in
  const char* why = "";

  errc refuse(const char* reason, errc code = errc::value_out_of_range) noexcept {
    why = reason;
    return code;
  }
};

/// A specialisation for a type, for which `is_native_value` is true, has
/// `static constexpr bool takes(oid)`, `static oid type()` (0: inferred by the server),
/// `static errc decode(const value_ref&, T&, decode_context&)` for values that are not null, and
/// `static errc encode(byte_buffer&, const T&, oid, encode_context&)`, which appends without a length.
/// `decode` sees values in text format only when it has a `static constexpr bool reads_text = true`.
template <class T>
struct native_codec;

/// The type that is stored for a field: without `column<>`, `std::optional` and codec.
template <class T>
using stored_t = typename v0::detail::unwrap_codec<
    typename v0::detail::unwrap_optional<typename v0::detail::unwrap_column<std::remove_cv_t<T>>::type>::type>::type;

}  // namespace dovetail::inline v0::postgres::detail
