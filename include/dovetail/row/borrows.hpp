// Whether a row type holds views of what it was read from.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/row/plan.hpp>

#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {
namespace detail {

template <class T>
consteval bool has_views();

template <class... Members>
consteval bool any_has_views(type_list<Members...>) {
  return (false || ... || has_views<typename node<Members>::value>());
}

template <class T>
consteval bool has_views() {
  if constexpr (is_row_tuple<T>) {
    return any_has_views(typename element_types<T>::type{});
  } else if constexpr (reflectable<T>) {
    return any_has_views(field_types<T>{});
  } else {
    return std::is_same_v<T, std::string_view> || std::is_same_v<T, byte_view>;
  }
}

}  // namespace detail

/// True when a row of this type has `std::string_view` or `byte_view` fields: it lives only until the next row is read.
template <class Row>
inline constexpr bool borrows_from_source = detail::has_views<typename detail::node<row_value_t<Row>>::value>();

}  // namespace dovetail::inline v0
