// One member of a struct by its number.
#pragma once

#include <dovetail/row/field.hpp>
#include <dovetail/row/reflect.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// Member `I` of a struct, without a `column<>` around it.
template <std::size_t I, class Row>
constexpr auto& member_at(Row& row) {
  auto& found = with_fields(
      row, [](auto&... members) -> auto& { return std::get<I>(std::tie(members...)); });
  if constexpr (is_column<std::remove_cvref_t<decltype(found)>>) {
    return found.value;
  } else {
    return found;
  }
}

template <class Row, std::size_t I>
using member_type = std::remove_cvref_t<decltype(member_at<I>(std::declval<Row&>()))>;

}  // namespace dovetail::inline v0::detail
