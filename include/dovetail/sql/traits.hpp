// What a statement does and returns, told from its words.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/sql/lexer.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {

/// What is known of a statement from its text alone.
struct statement_traits {
  statement_kind kind = statement_kind::other;
  /// `yes` when its form reads only; a function that it calls may write all the same.
  tri_state read_only = tri_state::unknown;
  tri_state returns_rows = tri_state::unknown;
  placeholder_style style = placeholder_style::none;
  std::uint16_t parameters = 0;  ///< distinct ones
  bool is_native = false;        ///< the database takes the text as it is written
  bool expands = false;          ///< a range stands in `in (…)`: the native text depends on its size

  friend constexpr bool operator==(const statement_traits&, const statement_traits&) = default;
};

namespace detail {

struct statement_form {
  statement_kind kind = statement_kind::other;
  tri_state read_only = tri_state::unknown;
  tri_state returns_rows = tri_state::unknown;
};

/// What the first word of a statement tells.
constexpr statement_form form_of(std::uint64_t key, std::string_view word) noexcept {
  using enum tri_state;
  switch (key) {
    case word_key("select"):
    case word_key("values"):
    case word_key("table"):
      return {statement_kind::select, yes, yes};
    case word_key("insert"):
    case word_key("replace"):
      return {statement_kind::insert, no, no};
    case word_key("update"):
      return {statement_kind::update, no, no};
    case word_key("delete"):
      return {statement_kind::remove, no, no};
    case word_key("create"):
    case word_key("alter"):
    case word_key("drop"):
    case word_key("truncate"):
    case word_key("comment"):
    case word_key("grant"):
    case word_key("revoke"):
    case word_key("rename"):
    case word_key("reindex"):
      return {statement_kind::definition, no, no};
    case word_key("begin"):
    case word_key("start"):
    case word_key("commit"):
    case word_key("end"):
    case word_key("rollback"):
    case word_key("abort"):
    case word_key("release"):
      return {statement_kind::transaction, unknown, no};
    case word_key("pragma"):
      return {statement_kind::pragma, unknown, unknown};
    case word_key("merge"):
    case word_key("vacuum"):
    case word_key("attach"):
    case word_key("detach"):
    case word_key("lock"):
      return {statement_kind::other, no, no};
    case word_key("explain"):
      return {statement_kind::other, unknown, yes};
    case word_key("show"):
    case word_key("describe"):
      return {statement_kind::other, yes, yes};
    default:
      if (equals_ignoring_case(word, "savepoint")) return {statement_kind::transaction, unknown, no};
      return {};
  }
}

}  // namespace detail
}  // namespace dovetail::inline v0
