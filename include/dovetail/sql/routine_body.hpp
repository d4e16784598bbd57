// Where the body of a trigger, function or procedure begins and ends: semicolons inside of it end no text.
#pragma once

#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/lexer.hpp>

#include <cstdint>

namespace dovetail::inline v0 {
namespace detail {

/// Sees the tokens of one `create trigger`, `create function` or `create procedure`, one after another.
/// A name that is spelt `begin`, `end` or `case` opens and closes nothing for which the database's own grammar would
/// want a body: PostgreSQL's begins with `begin atomic`, SQLite's and PostgreSQL's do not nest, each of their
/// statements ends with a semicolon, and so `end` follows one. Source: https://www.sqlite.org/lang_createtrigger.html
/// and PostgreSQL's documentation of CREATE FUNCTION.
class routine_body {
 public:
  constexpr bool is_inside() const noexcept { return depth_ > 0; }

  /// `is_outside`: of all parentheses.
  constexpr void take(dialect d, const token& at, const token& previous, bool is_outside) noexcept {
    if (at.is(';')) {
      cases_ = 0;  // an expression has no semicolon: what looked like its `case` was a name
    } else if (at.kind == token_kind::word) {
      d == dialect::mysql ? take_mysql(at.key, previous, is_outside) : take_word(d, at.key, previous, is_outside);
    }
  }

 private:
  constexpr void take_word(dialect d, std::uint64_t key, const token& previous, bool is_outside) noexcept {
    const bool opens = d == dialect::postgres ? key == word_key("atomic") && previous.key == word_key("begin")
                                              : key == word_key("begin");
    if (depth_ == 0) {
      depth_ = opens && is_outside ? 1 : 0;
    } else if (key == word_key("case")) {
      ++cases_;
    } else if (key == word_key("end")) {
      if (cases_ > 0) {
        --cases_;
      } else if (previous.is(';') || previous.key == word_key("atomic")) {
        depth_ = 0;
      }
    }
  }

  // Blocks nest, and statements end with `end if`, `end case`, …
  constexpr void take_mysql(std::uint64_t key, const token& previous, bool is_outside) noexcept {
    switch (key) {
      case word_key("begin"):
        if (depth_ > 0 || is_outside) ++depth_;
        return;
      case word_key("case"):
        if (depth_ > 0 && previous.key != word_key("end")) ++depth_;
        return;
      case word_key("if"):
      case word_key("while"):
      case word_key("loop"):
      case word_key("repeat"):
        if (previous.key == word_key("end")) ++depth_;  // end if
        return;
      case word_key("end"):
        if (depth_ > 0) --depth_;
        return;
      default:
        return;
    }
  }

  std::uint32_t depth_ = 0;
  std::uint32_t cases_ = 0;
};

}  // namespace detail
}  // namespace dovetail::inline v0
