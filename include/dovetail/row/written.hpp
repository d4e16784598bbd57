// The columns that a struct is written to: one for each member, and for each member of a nested struct one with the
// names of both, `home_id`.
#pragma once

#include <dovetail/row/description.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/visit.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {
namespace detail {

template <class... Members>
consteval bool has_struct_in(type_list<Members...>) {
  return (node<Members>::is_struct || ...);
}

/// A member is a struct of its own, or an optional one.
template <class Row>
inline constexpr bool has_nested_struct = has_struct_in(field_types<Row>{});

/// The leaf's name with those of the structs around it, `outer_inner`, and how many names that are.
struct written_path {
  std::size_t size = 0;
  std::size_t names = 1;
};

constexpr written_path measure_path(const row_description& row, const leaf& of) noexcept {
  written_path path{of.name.size()};
  for (std::uint16_t group = of.group; group != leaf::no_group; group = row.groups[group].parent) {
    path.size += row.groups[group].name.size() + 1;
    ++path.names;
  }
  return path;
}

template <std::size_t Size>
struct written_text {
  std::array<char, Size> text{};
};

template <class Row>
inline constexpr auto written_paths = [] {
  constexpr auto& row = row_plan<Row>::description;
  constexpr std::size_t size = [] {
    std::size_t sum = 0;
    for (const leaf& each : row.leaves) sum += measure_path(row, each).size;
    return sum;
  }();
  written_text<size> made;
  char* out = made.text.data();
  for (const leaf& each : row.leaves) out = format_column_path(out, row, each.group, each.name);
  return made;
}();

template <class Row>
inline constexpr auto nested_names = [] {
  constexpr auto& row = row_plan<Row>::description;
  std::array<std::string_view, row.leaves.size()> names{};
  std::size_t begin = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t size = measure_path(row, row.leaves[i]).size;
    names[i] = {written_paths<Row>.text.data() + begin, size};
    begin += size;
  }
  return names;
}();

template <class Row>
consteval const auto& written_names() {
  if constexpr (has_nested_struct<Row>) {
    return nested_names<Row>;
  } else {
    return field_names<Row>;
  }
}

/// The names by which somebody may mean the columns of a struct with nested ones: `home_id`, and `id`.
template <class Row>
inline constexpr auto meant_names = [] {
  constexpr auto& row = row_plan<Row>::description;
  constexpr std::size_t count = [] {
    std::size_t sum = 0;
    for (const leaf& each : row.leaves) sum += measure_path(row, each).names;
    return sum;
  }();
  std::array<std::string_view, count> names{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < row.leaves.size(); ++i) {
    const leaf& each = row.leaves[i];
    const std::string_view path = nested_names<Row>[i];
    std::size_t size = each.name.size();
    names[at++] = path.substr(path.size() - size);
    for (std::uint16_t group = each.group; group != leaf::no_group; group = row.groups[group].parent) {
      size += row.groups[group].name.size() + 1;
      names[at++] = path.substr(path.size() - size);
    }
  }
  return names;
}();

template <class... A, class... B>
constexpr type_list<A..., B...> operator+(type_list<A...>, type_list<B...>) noexcept {
  return {};
}

template <class Struct, bool InOptional>
consteval auto types_in_struct();

template <class Member, bool InOptional>
consteval auto types_in_member() {
  using kind = node<Member>;
  if constexpr (kind::is_struct) {
    return types_in_struct < typename kind::value, InOptional || kind::is_nullable > ();
  } else if constexpr (InOptional && !kind::is_nullable) {
    return type_list<std::optional<typename kind::inner>>{};
  } else {
    return type_list<typename kind::inner>{};
  }
}

template <class Struct, bool InOptional>
consteval auto types_in_struct() {
  return []<class... Members>(type_list<Members...>) {
    return (type_list<>{} + ... + types_in_member<Members, InOptional>());
  }(field_types<Struct>{});
}

template <class Row>
consteval auto written_types() {
  if constexpr (has_nested_struct<Row>) {
    return types_in_struct<Row, false>();
  } else {
    return field_types<Row>{};
  }
}

}  // namespace detail

/// The names of the columns that a struct is written to, in the order of its members.
template <class Row>
inline constexpr auto& column_names = detail::written_names<Row>();

template <class Row>
inline constexpr std::size_t column_count_of = column_names<Row>.size();

/// The type of what is written to column `I`: of a member of an optional struct an optional.
template <class Row, std::size_t I>
using written_type = typename detail::type_at<decltype(detail::written_types<Row>()), I>::type;

/// Calls `write(values…)`, which gives a bool, with the values of all columns in their order: all at once for a struct
/// without nested ones, or else one by one until it gives false. Those of an empty optional struct are empty optionals.
template <class Row, class Write>
[[gnu::always_inline]] constexpr bool write_columns(const Row& row, Write& write) {
  if constexpr (detail::has_nested_struct<Row>) {
    return visit_leaves(row, [&]<std::size_t I, class T>(std::integral_constant<std::size_t, I>, const T& value) {
      if constexpr (std::is_same_v<T, std::nullopt_t>) {
        return write(written_type<Row, I>{});
      } else {
        return write(value);
      }
    });
  } else {
    return with_fields(row, write);
  }
}

}  // namespace dovetail::inline v0
