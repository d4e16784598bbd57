// The bridge to the types that only PostgreSQL has: each header of this folder fills it for its own.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/format/postgres/value_ref.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/text_parts.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// What reading hands down: where to put words about a value that is refused.
struct decode_context {
  std::string* words = nullptr;

  void explain(const char* what) const {
    if (words != nullptr) *words = what;
  }
};

/// Puts `where` in front of what was said of a value inside of another; without words, what `failed` is to it.
void explain_place(decode_context& context, errc failed, std::string_view where, std::string_view field_type);

/// What the server says of an array type, or a range type, that is not built in.
struct user_array {
  oid element = 0;  ///< which an array in binary names, or of which a range's bounds are; 0: not known
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

/// A `native_codec` may have `static constexpr bool reads_as_text(oid)`: types whose values are asked for as text.
template <class T>
constexpr bool (*reader_as_text() noexcept)(std::uint32_t) noexcept {
  if constexpr (requires(oid type) { native_codec<T>::reads_as_text(type); }) {
    return &native_codec<T>::reads_as_text;
  } else {
    return nullptr;
  }
}
template <class T>
inline constexpr v0::detail::native_traits native_traits_for{&native_codec<T>::takes, reader_as_text<T>()};

/// The type that is stored for a field: without `column<>`, `std::optional` and codec.
template <class T>
using stored_t = typename v0::detail::unwrap_codec<
    typename v0::detail::unwrap_optional<typename v0::detail::unwrap_column<std::remove_cv_t<T>>::type>::type>::type;

}  // namespace dovetail::inline v0::postgres::detail

namespace dovetail::inline v0::detail {

template <class T>
  requires is_native_value<T>
inline constexpr const native_traits* traits_of_native<T> = &postgres::detail::native_traits_for<T>;

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void explain_place(decode_context& context, errc failed,
                                                                std::string_view where, std::string_view field_type) {
  if (context.words == nullptr) return;
  const std::string said = std::move(*context.words);
  context.words->assign(where).append(": ");
  if (!said.empty()) {
    context.words->append(said);
  } else if (failed == errc::value_out_of_range) {
    context.words->append("the value does not fit ").append(v0::detail::tidy_type_name(field_type));
  } else {
    context.words->append("the value is no ").append(v0::detail::tidy_type_name(field_type));
  }
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
