// Where a reader of a statement's tables stands: the clause inside of each parenthesis, and names that hide tables.
#pragma once

#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/statement_class.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

enum class table_clause : std::uint8_t {
  other,
  target,  // a name follows, behind words like `into` and `if not exists`
  table,   // a name or a parenthesis follows
  list,    // behind a name: another one may follow a comma
};

enum class with_part : std::uint8_t { none, name, as, after };

/// One per open parenthesis.
struct query_frame {
  table_clause part = table_clause::other;
  with_part with = with_part::none;
  statement_class verb = statement_class::none;
  std::string_view cte{};  // of `with`: the last name; its body may have a `with` of its own
  std::uint8_t ctes = 0;   // known before it was opened
  bool is_new = true;
  bool is_query = false;  // `from` is a clause in it, and no part of extract(year from …)
  bool is_from = false;   // stands where a table may stand
  bool is_cte_body = false;
  bool is_recursive = false;
  bool has_from = false;
  bool has_using = false;
  bool writes_list = false;
  bool takes_several = false;
};

/// The names of common table expressions that hide tables; a parenthesis forgets those that were declared inside of it.
class cte_names {
 public:
  constexpr std::uint8_t count() const noexcept { return count_; }
  constexpr void shrink(std::uint8_t count) noexcept { count_ = count; }

  constexpr void add(std::string_view name) noexcept {
    if (count_ < most) names_[count_++] = name;  // one too many is reported as a table
  }

  /// Without quotes, upper and lower case are the same.
  constexpr bool has(std::string_view name) const noexcept {
    const bool is_plain = class_of(name.front()) == class_word_start;
    for (std::uint8_t i = 0; i < count_; ++i) {
      const std::string_view known = names_[i];
      const bool are_plain = is_plain && class_of(known.front()) == class_word_start;
      if (known == name || (are_plain && equals_ignoring_case(known, name))) return true;
    }
    return false;
  }

 private:
  static constexpr std::uint8_t most = 16;
  std::array<std::string_view, most> names_{};
  std::uint8_t count_ = 0;
};

}  // namespace detail
}  // namespace dovetail::inline v0
