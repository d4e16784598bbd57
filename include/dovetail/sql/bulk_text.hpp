// `update` and `delete` statements whose columns come from a struct and whose rows are told by key columns, written by
// the compiler.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

/// The members of a struct that are keys, and those that are not, by their numbers.
template <class Row, fixed_string... Keys>
struct keyed_members {
  static_assert(sizeof...(Keys) > 0, "dovetail: name the key columns: bulk_update<\"id\">(…)");
  static_assert(!has_nested_struct<Row>,
                "dovetail: bulk changes take no nested structs: give the columns as members, or use insert");
  static_assert(are_fields<Row, Keys...>(), "dovetail: a key is no member of the struct");
  static constexpr std::size_t key_count = sizeof...(Keys);
  static constexpr std::size_t value_count = field_count<Row> - key_count;

  static constexpr bool is_key(std::size_t i) noexcept { return ((Keys.view() == field_names<Row>[i]) || ...); }
  template <bool WantsKeys, std::size_t Count>
  static constexpr std::array<std::size_t, Count> list() noexcept {
    std::array<std::size_t, Count> found{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < field_count<Row>; ++i) {
      if (is_key(i) == WantsKeys) found[count++] = i;
    }
    return found;
  }
  static constexpr auto keys = list<true, key_count>();
  static constexpr auto values = list<false, value_count>();
};

/// ` where "id" = $3`
template <class Members, class Row>
constexpr void put_keys(static_text& out, dialect d, std::size_t& number) noexcept {
  bool is_first = true;
  for (const std::size_t i : Members::keys) {
    out.put(is_first ? " where " : " and ");
    is_first = false;
    out.put_identifier(d, field_names<Row>[i]);
    out.put(" = ");
    out.put_placeholder(d, ++number);
  }
}

/// ` set "name" = $1, "area" = $2 where "id" = $3`
template <fixed_string... Keys>
struct update_part {
  template <class Row>
  static constexpr void write(static_text& out, dialect d) noexcept {
    using members = keyed_members<Row, Keys...>;
    static_assert(members::value_count > 0, "dovetail: an update has nothing to set: every column is a key");
    std::size_t number = 0;
    for (const std::size_t i : members::values) {
      out.put(number == 0 ? " set " : ", ");
      out.put_identifier(d, field_names<Row>[i]);
      out.put(" = ");
      out.put_placeholder(d, ++number);
    }
    put_keys<members, Row>(out, d, number);
  }
};

/// ` where "id" = $1`
template <fixed_string... Keys>
struct keys_part {
  template <class Row>
  static constexpr void write(static_text& out, dialect d) noexcept {
    std::size_t number = 0;
    put_keys<keyed_members<Row, Keys...>, Row>(out, d, number);
  }
};

template <dialect D, class Row, fixed_string... Keys>
inline constexpr std::string_view update_tail = parts_of_statement<D, Row, update_part<Keys...>>;
template <dialect D, class Row, fixed_string... Keys>
inline constexpr std::string_view keys_tail = parts_of_statement<D, Row, keys_part<Keys...>>;

/// `update "table"` + tail, or `delete from "table"` + tail. Errors: as `quote_qualified`.
[[gnu::cold, gnu::noinline]] inline result<std::string> table_text(std::string_view verb, dialect d,
                                                                   std::string_view table, std::string_view tail) {
  result<std::string> text = quote_qualified(d, table);
  if (!text) return text;
  text->insert(0, verb);
  text->append(tail);
  return text;
}

}  // namespace dovetail::inline v0::detail
