// Which members of structs can be elements of arrays: how bulk changes send columns.
#pragma once

#include <dovetail/client/sql_batch.hpp>
#include <dovetail/format/postgres/encode.hpp>
#include <dovetail/format/postgres/types.hpp>

#include <concepts>
#include <type_traits>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Lists cannot: `unnest` would take them apart. The types of PostgreSQL's own that we have no C++ type for are sent
/// one by one too.
template <class T>
consteval array_element find_array_element() {
  if constexpr (null_like<T> || requires { requires std::same_as<decltype(T::declared_type), const oid>; }) {
    return array_element::none;
  } else if constexpr (is_optional<T> || is_column<T>) {
    return find_array_element<std::remove_cv_t<typename T::value_type>>();
  } else if constexpr (v0::detail::has_field_codec<T>) {
    return find_array_element<std::remove_cv_t<typename field_codec<T>::stored_type>>();
  } else if constexpr (text_like<T> || field_kind_of<T> == field_kind::enumeration) {
    return array_element::inferred;
  } else if constexpr (!bytes_like<T> && (list_like<T> || field_kind_of<T> == field_kind::native)) {
    return array_element::none;
  } else {
    return array_of(parameter_type<T>()) != 0 ? array_element::typed : array_element::none;
  }
}

}  // namespace postgres::detail

template <class T>
inline constexpr array_element array_element_of<dialect::postgres, T> = postgres::detail::find_array_element<T>();

}  // namespace dovetail::inline v0
