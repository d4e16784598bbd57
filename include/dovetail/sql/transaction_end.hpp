// Whether a text ends the transaction that it runs in: told from the words that its statements begin with.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/routine_body.hpp>
#include <dovetail/sql/traits.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// Sees the tokens of a text, one after another.
class transaction_end_finder {
 public:
  constexpr explicit transaction_end_finder(dialect d, std::string_view text) noexcept : dialect_(d), text_(text) {}

  /// The next token begins a statement, unless it is a `;`.
  constexpr bool is_between() const noexcept { return is_first_; }

  /// True when the token ends a transaction.
  constexpr bool take(const token& at) noexcept {
    const token previous = previous_;
    previous_ = at;
    if (at.is('(')) ++depth_;
    if (at.is(')')) --depth_;
    if (is_routine_) body_.take(dialect_, at, previous, depth_ == 0);
    if (at.is(';') && !body_.is_inside()) return end_statement();
    if (std::exchange(is_first_, false)) return take_first(at);
    if (first_ == word_key("rollback") && at.key == word_key("to")) first_ = 0;  // a savepoint's
    if (first_ == word_key("create") && depth_ == 0) is_routine_ = is_routine_ || names_routine(at, previous);
    return first_ == word_key("prepare") && previous.key == first_ && is(at, "transaction");
  }

  constexpr bool end_statement() noexcept {
    const bool is_rollback = first_ == word_key("rollback");
    first_ = 0;
    depth_ = 0;
    is_first_ = true;
    is_routine_ = false;
    body_ = {};
    return is_rollback;
  }

 private:
  constexpr bool is(const token& at, std::string_view word) const noexcept {
    return at.kind == token_kind::word && equals_ignoring_case(text_.substr(at.begin, at.end - at.begin), word);
  }

  constexpr bool take_first(const token& at) noexcept {
    first_ = at.key;
    switch (at.key) {
      case word_key("commit"):
      case word_key("end"):
      case word_key("abort"):
        return true;
      case word_key("begin"):
      case word_key("start"):
        return dialect_ == dialect::mysql;  // commits what was open
      default:
        return dialect_ == dialect::mysql && form_of(at.key, {}).kind == statement_kind::definition;
    }
  }

  /// `create [temporary | or replace] trigger`, whose body has statements of its own.
  constexpr bool names_routine(const token& at, const token& previous) const noexcept {
    const bool is_place = previous.key == word_key("create") || previous.key == word_key("temp") ||
                          previous.key == word_key("replace") || is(previous, "temporary");
    return is_place && (at.key == word_key("trigger") || at.key == word_key("function") || is(at, "procedure"));
  }

  dialect dialect_;
  std::string_view text_;
  token previous_{};
  std::uint64_t first_ = 0;  // the statement's first word
  int depth_ = 0;            // of parentheses
  bool is_first_ = true;
  bool is_routine_ = false;
  routine_body body_{};
};

/// True when a statement of `text` ends the transaction that it runs in, whatever another one begins afterwards:
/// `commit`, `end`, `abort`, `prepare transaction`, and `rollback` but to a savepoint; with MySQL also what commits on
/// its way. True for a text that cannot be cut into tokens. Cost: one pass; allocates nothing.
[[gnu::cold, gnu::noinline]] constexpr bool ends_transaction(dialect d, std::string_view text) noexcept {
  lexer source{text, lexis_of(d)};
  transaction_end_finder finder{d, text};
  for (token at = source.next(); at.kind != token_kind::end; at = source.next()) {
    if (finder.take(at)) return true;
  }
  return finder.end_statement() || source.problem();
}

}  // namespace detail
}  // namespace dovetail::inline v0
