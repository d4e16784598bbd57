// Where a reader of a statement's tables stands: the clause inside of each parenthesis, and names that hide tables.
#pragma once

#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/statement_class.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

enum class table_clause : std::uint8_t {
  other,
  target,  // a name follows, behind words like `into` and `if not exists`
  table,   // a name or a parenthesis follows
  list,    // behind a name: another one may follow a comma
  left,    // behind a word that ends the list or is an alias: a comma tells that it may have been one
};

enum class with_part : std::uint8_t { none, name, as, after };

/// The name of a common table expression: text[begin, end).
struct cte_place {
  std::uint32_t begin;
  std::uint32_t end;
};

/// One per open parenthesis. `query_frame{}` is one that nothing stands in yet; without the braces it is no value, so
/// that a statement pays for those only that it opens.
struct query_frame {
  table_clause part;
  with_part with;
  statement_class verb;
  std::uint8_t ctes;  // known before it was opened
  cte_place cte;      // of `with`: the last name; its body may have a `with` of its own
  bool is_begun;      // something stands in it
  bool is_query;      // `from` is a clause in it, and no part of extract(year from …)
  bool is_from;       // stands where a table may stand
  bool is_cte_body;
  bool is_recursive;
  bool has_from;
  bool has_using;
  bool has_source;  // of an insert: the rows
  bool writes_list;
  bool takes_several;
};

/// The names of common table expressions that hide tables; a parenthesis forgets those that were declared inside of it.
class cte_names {
 public:
  constexpr explicit cte_names(std::string_view text) noexcept : text_(text) {}

  constexpr std::uint8_t count() const noexcept { return count_; }
  constexpr void shrink(std::uint8_t count) noexcept { count_ = count; }

  constexpr void add(cte_place name) noexcept {
    if (count_ < most) names_[count_++] = name;  // one too many is reported as a table
  }

  /// Without quotes, upper and lower case are the same; not to MySQL, whose setting decides that for tables.
  constexpr bool has(std::string_view name, dialect d) const noexcept {
    const bool is_plain = d != dialect::mysql && class_of(name.front()) == class_word_start;
    for (std::uint8_t i = 0; i < count_; ++i) {
      const std::string_view known = text_.substr(names_[i].begin, names_[i].end - names_[i].begin);
      const bool are_plain = is_plain && class_of(known.front()) == class_word_start;
      if (known == name || (are_plain && equals_ignoring_case(known, name))) return true;
    }
    return false;
  }

 private:
  static constexpr std::uint8_t most = 16;
  std::string_view text_;
  cte_place names_[most];  // `count_` of them
  std::uint8_t count_ = 0;
};

}  // namespace detail
}  // namespace dovetail::inline v0
