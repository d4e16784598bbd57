// Arrays: dimensions, then elements with their lengths; to vectors, also of optionals and of vectors.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/format/postgres/decode.hpp>
#include <dovetail/row/type_name.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// The vectors that lie in each other: 2 for `std::vector<std::vector<int>>`.
template <class T>
consteval int dimensions_of() {
  if constexpr (field_kind_of<T> == field_kind::list && !v0::detail::has_field_codec<T>) {
    return 1 + dimensions_of<typename T::value_type>();
  } else {
    return 0;
  }
}

template <class T>
struct innermost {
  using type = T;
};
template <class T>
  requires(dimensions_of<T>() > 0)
struct innermost<T> : innermost<typename T::value_type> {};

/// What an array says of itself. PostgreSQL has at most six dimensions.
struct array_header {
  static constexpr int maximum_dimensions = 6;

  std::int32_t dimensions = 0;
  std::int32_t sizes[maximum_dimensions] = {};
  oid element = 0;
  std::size_t elements = 0;

  /// False when it is malformed, or says that there are more elements than bytes could hold.
  bool read(part_reader& reader) noexcept;
};

/// Which element was refused, counted from 1 whatever the array's lower bounds are; one word for each dimension.
errc refuse_element(decode_context& context, errc failed, std::size_t number, std::string_view field_type);
errc refuse_dimensions(decode_context& context, std::int32_t dimensions, int wanted);
errc refuse_element_type(decode_context& context, oid element);

template <class T>
errc decode_dimension(part_reader& reader, const array_header& header, int depth, T& out, decode_context& context) {
  const auto size = static_cast<std::size_t>(header.elements == 0 ? 0 : header.sizes[depth]);
  out.clear();
  out.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    typename T::value_type element{};
    errc failed{};
    if constexpr (dimensions_of<T>() > 1) {
      failed = decode_dimension(reader, header, depth + 1, element, context);
    } else {
      value_ref value{.type = header.element};
      if (!reader.take(value)) return errc::malformed_value;
      failed = decode_nested(value, element, context);
      if (failed == errc::unexpected_null && value.is_null()) {
        context.explain("an element is null: the elements' type must be a std::optional");
      }
    }
    if (failed != errc{}) [[unlikely]]
      return refuse_element(context, failed, i + 1, type_name<typename T::value_type>());
    out.push_back(std::move(element));
  }
  return errc{};
}

/// The lower bounds of the dimensions are dropped. Errors: errc::malformed_value for another number of dimensions than
/// `T` has (an empty array has none, and goes to every `T`), elements of another type, and lengths that do not fit.
template <class T>
errc decode_list(const value_ref& value, T& out, decode_context& context) {
  if (!value.is_binary) {
    context.explain("an array in text format cannot be read");
    return errc::malformed_value;
  }
  constexpr int dimensions = dimensions_of<T>();
  part_reader reader{value.bytes()};
  array_header header;
  if (!header.read(reader)) return errc::malformed_value;
  if (header.dimensions != 0 && header.dimensions != dimensions) {
    return refuse_dimensions(context, header.dimensions, dimensions);
  }
  if (!takes_type<typename innermost<T>::type>(header.element)) return refuse_element_type(context, header.element);
  const errc failed = decode_dimension(reader, header, 0, out, context);
  if (failed == errc{} && !reader.at_end()) return errc::malformed_value;
  return failed;
}

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE bool array_header::read(part_reader& reader) noexcept {
  std::int32_t has_nulls = 0;
  if (!reader.take(dimensions) || !reader.take(has_nulls) || !reader.take(element)) return false;
  if (dimensions < 0 || dimensions > maximum_dimensions || (has_nulls & ~1) != 0) return false;
  elements = dimensions == 0 ? 0 : 1;
  for (std::int32_t i = 0; i < dimensions; ++i) {
    std::int32_t lower_bound = 0;
    if (!reader.take(sizes[i]) || !reader.take(lower_bound) || sizes[i] < 0) return false;
    const auto size = static_cast<std::size_t>(sizes[i]);
    // Each element takes four bytes at least: no vector gets larger than the message.
    if (size != 0 && elements > reader.left() / 4 / size) return false;
    elements *= size;
  }
  return elements == 0 ? reader.at_end() : true;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE errc refuse_element(decode_context& context, errc failed,
                                                                 std::size_t number, std::string_view field_type) {
  std::string where;
  dovetail::detail::append_parts(where, {"element ", dovetail::detail::number_text{number}});
  explain_place(context, failed, where, field_type);
  return failed;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE errc refuse_dimensions(decode_context& context, std::int32_t dimensions,
                                                                    int wanted) {
  if (context.words != nullptr) {
    context.words->clear();
    dovetail::detail::append_parts(
        *context.words, {"the array has another number of dimensions: ",
                         dovetail::detail::number_text{static_cast<std::size_t>(dimensions)}, ", the field has ",
                         dovetail::detail::number_text{static_cast<std::size_t>(wanted)}});
  }
  return errc::malformed_value;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE errc refuse_element_type(decode_context& context, oid element) {
  if (context.words != nullptr) {
    context.words->clear();
    if (find_type(element).is_known) {
      dovetail::detail::append_parts(*context.words,
                                     {"the array's elements have another type: ", type_name_of(element)});
    } else {
      *context.words =
          "the array's elements are of a type that is not built in; cast it in the query: ::integer[], ::text[]";
    }
  }
  return errc::malformed_value;
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
