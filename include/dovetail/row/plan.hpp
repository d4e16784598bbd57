// The plan of a row type: a struct taken apart, with its nested structs, into the columns that it wants.
#pragma once

#include <dovetail/row/description.hpp>
#include <dovetail/row/field.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

template <class T>
inline constexpr bool is_row_tuple = false;
template <class... Elements>
inline constexpr bool is_row_tuple<std::tuple<Elements...>> = true;
template <class First, class Second>
inline constexpr bool is_row_tuple<std::pair<First, Second>> = true;

template <class T>
struct row_value {
  using type = T;
};
template <class T>
struct row_value<by_position<T>> {
  using type = T;
};

/// What a member is under its wrappers, and what it is to the plan: a struct, an optional struct, or one column.
template <class Member>
struct node {
  using inner = typename unwrap_column<std::remove_cv_t<Member>>::type;
  using value = typename unwrap_optional<inner>::type;
  static constexpr bool is_struct = reflectable<value>;
  static constexpr bool is_nullable = is_optional<inner>;
};

template <class Struct>
consteval std::size_t count_leaves();
template <class Struct>
consteval std::size_t count_groups();

template <class Member>
consteval std::size_t count_leaves_of() {
  if constexpr (node<Member>::is_struct) {
    return count_leaves<typename node<Member>::value>();
  } else {
    return 1;
  }
}

template <class Member>
consteval std::size_t count_groups_of() {
  if constexpr (node<Member>::is_struct) {
    return 1 + count_groups<typename node<Member>::value>();
  } else {
    return 0;
  }
}

template <class... Members>
consteval std::size_t sum_leaves(type_list<Members...>) {
  return (std::size_t{0} + ... + count_leaves_of<Members>());
}

template <class... Members>
consteval std::size_t sum_groups(type_list<Members...>) {
  return (std::size_t{0} + ... + count_groups_of<Members>());
}

/// The number of the first leaf of each of some members, and of what would follow them.
template <std::size_t First, class... Members>
consteval auto first_leaves() {
  std::array<std::size_t, sizeof...(Members) + 1> numbers{First};
  std::size_t i = 0;
  ((numbers[i + 1] = numbers[i] + count_leaves_of<Members>(), ++i), ...);
  return numbers;
}

template <class Struct>
consteval std::size_t count_leaves() {
  return sum_leaves(field_types<Struct>{});
}

template <class Struct>
consteval std::size_t count_groups() {
  return sum_groups(field_types<Struct>{});
}

template <class Tuple>
struct element_types;
template <class... Elements>
struct element_types<std::tuple<Elements...>> {
  using type = type_list<Elements...>;
};
template <class First, class Second>
struct element_types<std::pair<First, Second>> {
  using type = type_list<First, Second>;
};

template <std::size_t Leaves, std::size_t Groups>
struct plan_table {
  std::array<leaf, Leaves> leaves{};
  std::array<leaf_group, Groups> groups{};
  std::size_t leaf_count = 0;
  std::size_t group_count = 0;
};

/// Named so that the compiler's message shows the struct, the field and its type.
template <class Struct, fixed_string Field, class Type>
struct type_of_field {
  static constexpr bool can_be_a_column = field_kind_of<Type> != field_kind::unsupported;
  static_assert(
      can_be_a_column,
      "dovetail: a field has a type that no column can fill; use dt::json_value<T>, or write a dt::field_codec<T> "
      "or a dt::describe<T> for it");
};

template <class Struct, std::size_t I, class Member>
consteval bool check_type_of_field() {
  if constexpr (field_kind_of<Member> == field_kind::unsupported) {
    if constexpr (reflectable<Struct>) {
      constexpr std::string_view name = field_names<Struct>[I];
      return type_of_field<Struct, fixed_string<name.size()>{name}, Member>::can_be_a_column;
    } else {
      return type_of_field<Struct, "", Member>::can_be_a_column;
    }
  } else {
    return true;
  }
}

template <class Struct, class Table>
consteval void add_members(Table& table, std::uint16_t group, bool in_optional);

/// The value that a field holds, without its wrappers; of lists what lies in the innermost one.
template <class T>
struct held_value {
  using type = typename unwrap_codec<typename node<T>::value>::type;
};
template <class T>
  requires(field_kind_of<T> == field_kind::list)
struct held_value<T> : held_value<typename unwrap_codec<typename node<T>::value>::type::value_type> {};

template <class Member>
constexpr void add_held_value(leaf& to) noexcept {
  using value = typename held_value<Member>::type;
  if (to.kind == field_kind::list) to.element = field_kind_of<value>;
  to.native = traits_of_native<value>;
}

template <class Struct, std::size_t I, class Member, class Table>
consteval void add_member(Table& table, std::string_view name, std::uint16_t group, bool in_optional) {
  using kind = node<Member>;
  if constexpr (kind::is_struct) {
    const auto added = static_cast<std::uint16_t>(table.group_count++);
    table.groups[added] = {name, group, kind::is_nullable};
    add_members<typename kind::value>(table, added, in_optional || kind::is_nullable);
  } else {
    static_assert(check_type_of_field<Struct, I, Member>());
    leaf& added = table.leaves[table.leaf_count++];
    added = {name, type_name<typename kind::inner>(), field_kind_of<Member>, in_optional || kind::is_nullable, group};
    if constexpr (field_kind_of<Member> == field_kind::list || field_kind_of<Member> == field_kind::native) {
      add_held_value<Member>(added);
    }
  }
}

template <class Struct, class Table, class... Members, std::size_t... I>
consteval void add_each(Table& table, std::uint16_t group, bool in_optional, type_list<Members...>,
                        std::index_sequence<I...>) {
  if constexpr (reflectable<Struct>) {
    (add_member<Struct, I, Members>(table, field_names<Struct>[I], group, in_optional), ...);
  } else {
    (add_member<Struct, I, Members>(table, {}, group, in_optional), ...);
  }
}

template <class Struct, class Table>
consteval void add_members(Table& table, std::uint16_t group, bool in_optional) {
  static_assert(field_count<Struct> > 0, "dovetail: a struct without members cannot be a row");
  add_each<Struct>(table, group, in_optional, field_types<Struct>{}, std::make_index_sequence<field_count<Struct>>{});
}

/// The members of a row type as if it were a struct: those of the struct, the elements of the tuple, the single value.
template <class Value>
consteval auto members_of_row() {
  if constexpr (is_row_tuple<Value>) {
    return typename element_types<Value>::type{};
  } else if constexpr (reflectable<Value>) {
    return field_types<Value>{};
  } else {
    return type_list<Value>{};
  }
}

template <class Value>
consteval auto make_plan_table() {
  using members = decltype(members_of_row<Value>());
  static_assert(members::size > 0, "dovetail: a row needs at least one column");
  plan_table<sum_leaves(members{}), sum_groups(members{})> table;
  add_each<Value>(table, leaf::no_group, false, members{}, std::make_index_sequence<members::size>{});
  return table;
}

template <class Row>
consteval row_shape shape_of() {
  if constexpr (is_by_position<Row> || is_row_tuple<Row>) {
    return row_shape::by_position;
  } else if constexpr (reflectable<Row> || node<Row>::is_struct) {
    return row_shape::by_name;
  } else {
    return row_shape::single;
  }
}

/// Writes the path of a leaf, joined by underscores, at `out`; returns its end.
constexpr char* format_column_path(char* out, const row_description& row, std::uint16_t group, std::string_view name) {
  if (group != leaf::no_group) {
    char* const begin = out;
    out = format_column_path(out, row, row.groups[group].parent, row.groups[group].name);
    if (out != begin) *out++ = '_';
  }
  for (const char c : name) *out++ = c;
  return out;
}

/// True when no two leaves take the same column.
consteval bool has_distinct_paths(const row_description& row) {
  for (std::size_t j = 1; j < row.leaves.size(); ++j) {
    std::array<char, 1024> buffer{};
    std::string_view path = row.leaves[j].name;
    if (row.leaves[j].group != leaf::no_group) {
      const char* const end = format_column_path(buffer.data(), row, row.leaves[j].group, path);
      path = {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
    }
    for (std::size_t i = 0; i < j; ++i) {
      if (row.leaves[i].group == leaf::no_group ? row.leaves[i].name == path : leaf_takes(row, i, path)) return false;
    }
  }
  return true;
}

}  // namespace detail

/// The type of the rows that a query for `Row` gives: `Row` itself, or what is in `by_position<>`.
template <class Row>
using row_value_t = typename detail::row_value<Row>::type;

/// What `Row` wants of a result. Row types are structs, `by_position<struct>`, `std::tuple`, `std::pair`, optional
/// structs, and single values.
template <class Row>
struct row_plan {
  using value_type = row_value_t<Row>;

 private:
  static constexpr auto table_ = detail::make_plan_table<value_type>();

 public:
  static constexpr std::size_t size = table_.leaves.size();
  static constexpr auto& leaves = table_.leaves;
  static constexpr auto& groups = table_.groups;
  static constexpr row_description description{type_name<value_type>(), detail::shape_of<Row>(), table_.leaves,
                                               table_.groups};
  static_assert(description.shape != row_shape::by_name || detail::has_distinct_paths(description),
                "dovetail: two fields of a row struct take the same column");
};

}  // namespace dovetail::inline v0
