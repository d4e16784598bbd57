// Finds the names of the columns that a select list or a `returning` list delivers, as far as its text tells.
#pragma once

#include <dovetail/sql/lexer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// One column of a select list: its name in the text, or size 0 when the text does not tell it.
struct output_column {
  std::uint32_t at;
  std::uint32_t size;
  bool is_quoted;
};

/// Takes the tokens of one list; fills the names of its columns.
class select_list {
 public:
  static constexpr std::uint32_t capacity = 64;

  constexpr explicit select_list(output_column* columns) noexcept : columns_(columns) {}

  constexpr void add(const token& found) noexcept {
    if (is_first_ && found.kind == token_kind::word &&
        (found.key == word_key("distinct") || found.key == word_key("all"))) {
      is_first_ = false;
      return;
    }
    is_first_ = false;
    const bool is_name = found.kind == token_kind::word || found.kind == token_kind::quoted;
    if (found.kind == token_kind::cast || found.key == word_key("interval")) may_alias_ = false;
    if (is_name && after_as_) {
      state_ = state::named;
      name_ = found;
    } else if (is_name && (state_ == state::empty || state_ == state::dot)) {
      state_ = state_ == state::empty && begins_expression(found.key) ? state::expression : state::path;
      name_ = found;
    } else if (found.is('.') && state_ == state::path) {
      state_ = state::dot;
    } else if (is_name && may_alias_ && (state_ == state::path || closed_) && !ends_expression(found.key)) {
      state_ = state::named;
      name_ = found;
    } else {
      state_ = state::expression;
    }
    after_as_ = false;
    is_star_ = found.is('*');
    closed_ = false;
    after_distinct_ = found.key == word_key("distinct");
  }

  /// `as` behind a path or an expression: what follows is the name.
  constexpr void add_as() noexcept {
    if (is_empty()) return;
    state_ = state::expression;
    after_as_ = true;
    closed_ = is_star_ = after_distinct_ = false;
  }

  /// A parenthesis with all that is in it.
  constexpr void add_parenthesis() noexcept {
    state_ = state::expression;
    is_first_ = after_as_ = is_star_ = after_distinct_ = false;
    closed_ = true;
  }

  constexpr void end_column() noexcept {
    if (is_star_) has_star_ = true;
    const bool is_named =
        (state_ == state::named) || (state_ == state::path && !(name_.kind == token_kind::word && is_value(name_.key)));
    if (!is_named) is_known_ = false;
    if (count_ >= capacity) {
      is_known_ = false;
    } else if (is_named) {
      const std::uint32_t quote = name_.kind == token_kind::quoted ? 1 : 0;
      columns_[count_] = {name_.begin + quote, name_.end - name_.begin - 2 * quote, quote != 0};
    } else {
      columns_[count_] = {name_.begin, 0, false};
    }
    ++count_;
    state_ = state::empty;
    may_alias_ = true;
    after_as_ = is_star_ = closed_ = after_distinct_ = false;
  }

  /// True when the next word cannot end the list: the column is still empty, or a name is due.
  constexpr bool awaits_name() const noexcept { return is_empty() || state_ == state::dot || after_as_; }
  constexpr bool is_empty() const noexcept { return state_ == state::empty; }
  constexpr bool is_after_distinct() const noexcept { return after_distinct_; }

  constexpr output_column* storage() const noexcept { return columns_; }
  constexpr const output_column& operator[](std::uint32_t i) const noexcept { return columns_[i]; }
  constexpr std::uint32_t count() const noexcept { return count_; }
  /// True when the number of columns is known.
  constexpr bool is_counted() const noexcept { return !has_star_; }
  /// True when the names of all columns are known.
  constexpr bool is_known() const noexcept { return is_known_ && !has_star_ && count_ > 0; }

 private:
  enum class state : std::uint8_t { empty, path, dot, named, expression };

  // Words that begin an expression which has no name of its own, or one that only the server knows.
  static constexpr bool begins_expression(std::uint64_t key) noexcept {
    switch (key) {
      case word_key("not"):
      case word_key("case"):
      case word_key("exists"):
      case word_key("interval"):
      case word_key("cast"):
      case word_key("array"):
      case word_key("row"):
      case word_key("binary"):
      case word_key("prior"):
      case word_key("any"):
      case word_key("top"):
        return true;
      default:
        return false;
    }
  }

  // Words that end an expression and are no names.
  static constexpr bool ends_expression(std::uint64_t key) noexcept {
    switch (key) {
      case word_key("end"):
      case word_key("isnull"):
      case word_key("notnull"):
      case word_key("null"):
      case word_key("over"):
      case word_key("filter"):
      case word_key("within"):
      case word_key("collate"):
      case word_key("and"):
      case word_key("or"):
      case word_key("not"):
      case word_key("is"):
      case word_key("in"):
      case word_key("like"):
      case word_key("ilike"):
      case word_key("between"):
      case word_key("at"):
      case word_key("as"):
        return true;
      default:
        return false;
    }
  }

  // Words that are values: the server names their columns.
  static constexpr bool is_value(std::uint64_t key) noexcept {
    switch (key) {
      case word_key("null"):
      case word_key("true"):
      case word_key("false"):
      case word_key("user"):
        return true;
      default:
        return false;
    }
  }

  output_column* columns_;
  token name_{};
  std::uint32_t count_ = 0;
  state state_ = state::empty;
  bool is_first_ = true;
  bool may_alias_ = true;
  bool after_as_ = false;
  bool is_star_ = false;
  bool closed_ = false;
  bool after_distinct_ = false;
  bool has_star_ = false;
  bool is_known_ = true;
};

}  // namespace detail
}  // namespace dovetail::inline v0
