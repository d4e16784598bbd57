// Whether a row type holds views of what it was read from, and the rows that may be kept because theirs do not.
#pragma once

#include <dovetail/row/plan.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

template <class T>
inline constexpr bool is_view = std::is_same_v<T, std::string_view>;
template <class T, std::size_t Extent>
inline constexpr bool is_view<std::span<T, Extent>> = true;

/// The type inside of a native value of a backend that has one, like `postgres::composite<T>`; else void.
template <class T>
struct type_inside {
  using type = void;
};
template <template <class> class Wrapper, class T>
  requires is_native_value<Wrapper<T>>
struct type_inside<Wrapper<T>> {
  using type = T;
};

template <class T>
consteval bool has_views();

template <class... Members>
consteval bool any_has_views(type_list<Members...>) {
  return (false || ... || has_views<typename node<Members>::value>());
}

template <class T>
consteval bool has_views() {
  if constexpr (is_view<T>) {
    return true;
  } else if constexpr (is_row_tuple<T>) {
    return any_has_views(typename element_types<T>::type{});
  } else if constexpr (is_vector<T>) {
    return has_views<typename node<typename T::value_type>::value>();
  } else if constexpr (reflectable<T>) {
    return any_has_views(field_types<T>{});
  } else if constexpr (is_native_value<T>) {
    return has_views<typename type_inside<T>::type>();
  } else {
    return false;
  }
}

/// Named so that the compiler's message shows the struct, the field and its type.
/// If the compiler points here: this row would outlive what the field views. Read it with `stream()`, where a row
/// lives until the next one, or give it a field that owns its value.
template <class Struct, fixed_string Field, class Type>
struct kept_field {
  static constexpr bool owns_its_value = !has_views<typename node<Type>::value>();
  static_assert(owns_its_value,
                "dovetail: a row that is kept cannot have a field that is a view; use std::string or "
                "std::vector<std::byte>, or read the rows with stream()");
};

template <class Struct, class... Members, std::size_t... I>
consteval bool check_kept(type_list<Members...>, std::index_sequence<I...>);

template <class Struct, std::size_t I, class Member>
consteval bool check_kept_member() {
  using value = typename node<Member>::value;
  if constexpr (!has_views<value>()) {
    return true;
  } else if constexpr (reflectable<value>) {
    using inside = decltype(members_of_row<value>());
    return check_kept<value>(inside{}, std::make_index_sequence<inside::size>{});
  } else if constexpr (reflectable<Struct>) {
    constexpr std::string_view name = field_names<Struct>[I];
    return kept_field<Struct, fixed_string<name.size()>{name}, Member>::owns_its_value;
  } else {
    return kept_field<Struct, "", Member>::owns_its_value;
  }
}

template <class Struct, class... Members, std::size_t... I>
consteval bool check_kept(type_list<Members...>, std::index_sequence<I...>) {
  return (true && ... && check_kept_member<Struct, I, Members>());
}

template <class Value>
consteval bool check_kept_row() {
  if constexpr (has_views<typename node<Value>::value>()) {
    using members = decltype(members_of_row<Value>());
    return check_kept<Value>(members{}, std::make_index_sequence<members::size>{});
  } else {
    return true;
  }
}

template <class Row>
struct kept_row {
  using type = row_value_t<Row>;
  static_assert(check_kept_row<type>());
};

}  // namespace detail

/// True when a row of this type has fields that are views (`std::string_view`, `byte_view`): it lives only until the
/// next row is read.
template <class Row>
inline constexpr bool borrows_from_source = detail::has_views<typename detail::node<row_value_t<Row>>::value>();

/// The type of rows that live on after the call that reads them. A row type with views stops the compiler, whose
/// message names struct and field.
template <class Row>
using kept_row_t = typename detail::kept_row<Row>::type;

}  // namespace dovetail::inline v0
