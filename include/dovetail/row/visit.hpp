// Goes through the values of a row type in the order of its columns: the way to write what `read_row` reads.
#pragma once

#include <dovetail/row/plan.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

template <class Visit>
struct leaf_visitor {
  Visit& visit;

  template <std::size_t First, class Member>
  bool member(const Member& value) const {
    if constexpr (is_column<Member>) {
      return member<First>(value.value);
    } else if constexpr (!node<Member>::is_struct) {
      return visit(std::integral_constant<std::size_t, First>{}, value);
    } else if constexpr (is_optional<Member>) {
      return value ? members<First>(*value) : nulls<First>(std::make_index_sequence<count_leaves_of<Member>()>{});
    } else {
      return members<First>(value);
    }
  }

  template <std::size_t First, std::size_t... I>
  bool nulls(std::index_sequence<I...>) const {
    return (visit(std::integral_constant<std::size_t, First + I>{}, std::nullopt) && ...);
  }

  template <std::size_t First, class... Members, std::size_t... I>
  bool each(std::index_sequence<I...>, const Members&... values) const {
    constexpr auto first = first_leaves<First, Members...>();
    return (member<first[I]>(values) && ...);
  }

  template <std::size_t First, class Struct>
  bool members(const Struct& object) const {
    return with_fields(object, [this](const auto&... values) {
      return this->template each<First>(std::make_index_sequence<sizeof...(values)>{}, values...);
    });
  }
};

}  // namespace detail

/// Calls `visit(std::integral_constant<std::size_t, leaf>, value)` for each leaf, in the order of
/// `row_plan<Row>::leaves`, until it gives false; then gives false too. Values are as in the struct, but for the leaves
/// of an optional struct that is empty: each is `std::nullopt`.
template <class Row, class Visit>
bool visit_leaves(const Row& row, Visit&& visit) {
  const detail::leaf_visitor<std::remove_reference_t<Visit>> visitor{visit};
  if constexpr (detail::is_row_tuple<Row>) {
    return std::apply(
        [&](const auto&... values) {
          return visitor.template each<0>(std::make_index_sequence<sizeof...(values)>{}, values...);
        },
        row);
  } else {
    return visitor.template member<0>(row);
  }
}

}  // namespace dovetail::inline v0
