// Cuts a statement's text into tokens, at compile time or at run time, one pass and without storage.
#pragma once

#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/mistake.hpp>
#include <dovetail/sql/number_end.hpp>
#include <dovetail/sql/string_end.hpp>
#include <dovetail/sql/token.hpp>
#include <dovetail/sql/text_window.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {
namespace detail {

class lexer {
 public:
  constexpr lexer(std::string_view text, const lexis& rules) noexcept
      : text_(text.data()), size_(static_cast<std::uint32_t>(text.size())), rules_(rules) {}

  /// The next token; after a problem, and at the end, always `token_kind::end`.
  constexpr token next() noexcept {
    token found;
    read(found);
    return found;
  }

  /// The same in place: copying what was just written takes longer.
  [[gnu::always_inline]] constexpr void read(token& found) noexcept {
    comment_ = no_comment;
    if (std::is_constant_evaluated()) return read_rest(found);
    std::uint32_t at = at_;
    if (at - window_begin_ > text_window::width - 16) {
      window_.fill(text_ + at, size_ - at);
      window_begin_ = at;
    }
    std::uint32_t in_window = at - window_begin_;
    const std::uint32_t gap = window_.gap_size(in_window);
    in_window += gap;
    at_ = at += gap;
    if (at < size_ && in_window < text_window::width) {
      const char c = text_[at];
      if (window_.starts_word(in_window)) {
        const std::uint32_t length = window_.word_size(in_window);
        if (in_window + length < text_window::width) {
          const std::uint32_t to = at_ = at + length;
          found = {.kind = token_kind::word, .begin = at, .end = to, .key = window_.key(in_window, length)};
          if (to < size_ && (text_[to] == '\'' || text_[to] == '&') && length == 1) read_prefixed(found);
          return;
        }
      } else if (class_of(c) == class_plain && (c != '.' || (class_of(peek(1)) & class_digit) == 0)) {
        at_ = at + 1;
        found = {.kind = token_kind::symbol, .symbol = c, .begin = at, .end = at + 1};
        return;
      }
    }
    read_rest(found);
  }

  /// The token that begins at a place, or behind the gap there: no token stands across the place.
  constexpr void read_at(std::uint32_t at, token& found) noexcept {
    comment_ = no_comment;
    at_ = at;
    read_rest(found);
  }

  /// Where the last token ends.
  constexpr std::uint32_t place() const noexcept { return at_; }

  /// Where the first comment before the last token is, a byte order mark included; `no_comment` when there is none.
  constexpr std::uint32_t comment() const noexcept { return comment_; }
  static constexpr std::uint32_t no_comment = ~std::uint32_t{0};

  /// Where a comment is that some servers run as code and others skip; `no_comment` when none has been seen.
  constexpr std::uint32_t conditional_comment() const noexcept { return conditional_; }

  constexpr const sql_problem& problem() const noexcept { return problem_; }

 private:
  // Any token; `read` knows a shorter way to most.
  [[gnu::noinline]] constexpr void read_rest(token& found) noexcept {
    skip_space_and_comments();
    found = {.begin = at_, .end = at_};
    if (problem_ || at_ >= size_) {
      if (!problem_ && in_executable_comment_) fail(sql_mistake::comment_not_closed, executable_comment_);
      return;
    }
    const char c = text_[at_];
    const std::uint8_t kind = class_of(c);
    if ((kind & class_word_start) != 0) return read_word(found);
    if ((kind & class_digit) != 0 || (c == '.' && (class_of(peek(1)) & class_digit) != 0)) {
      found.kind = token_kind::number;
      at_ = end_of_number(text_, size_, at_);
    } else {
      read_other(found, c);
    }
    found.end = at_;
    if (problem_) found.kind = token_kind::end;
  }

  constexpr char peek(std::uint32_t ahead) const noexcept { return size_ - at_ > ahead ? text_[at_ + ahead] : '\0'; }
  constexpr char before() const noexcept { return at_ > 0 ? text_[at_ - 1] : '\0'; }

  constexpr void fail(sql_mistake what, std::uint32_t from, std::uint32_t length = 1) noexcept {
    if (!problem_) problem_ = {.what = what, .at = from, .size = length};
    at_ = size_;
  }

  constexpr bool ends_line(char c) const noexcept { return c == '\n' || (c == '\r' && rules_.returns_end_lines); }

  constexpr void skip_line() noexcept {
    for (; at_ < size_ && !ends_line(text_[at_]); ++at_) {
      if (text_[at_] == '\0') return fail(sql_mistake::nul_character, at_);
    }
  }

  constexpr void skip_space_and_comments() noexcept {
    for (;;) {
      std::uint32_t to = at_;
      while (to < size_ && (class_of(text_[to]) & class_space) != 0) ++to;
      at_ = to;
      if (to >= size_ || (class_of(text_[to]) & class_gap) == 0 || !skip_comment(text_[to])) return;
      if (comment_ == no_comment) comment_ = to;
    }
  }

  // False when it begins a token.
  constexpr bool skip_comment(char c) noexcept {
    if (c == '-' && peek(1) == '-' &&
        (!rules_.spaced_dashes || size_ - at_ == 2 || static_cast<unsigned char>(peek(2)) <= ' ' ||
         peek(2) == '\x7F')) {
      skip_line();
    } else if (c == '#' && rules_.hash_comments) {
      skip_line();
    } else if (c == '/' && peek(1) == '*') {
      skip_block_comment();
    } else if (c == '*' && in_executable_comment_ && peek(1) == '/') {
      in_executable_comment_ = false;
      at_ += 2;
    } else if (c == '\xEF' && rules_.byte_order_marks && peek(1) == '\xBB' && peek(2) == '\xBF') {
      at_ += 3;
    } else {
      return false;
    }
    return true;
  }

  // Behind `/*`. MySQL runs !50000 from that version on, MariaDB M! too; they differ in comments inside of such.
  constexpr bool is_conditional() const noexcept {
    if (peek(0) == '!') return in_executable_comment_ || (class_of(peek(1)) & class_digit) != 0;
    return (peek(0) | 0x20) == 'm' && peek(1) == '!';
  }

  constexpr void skip_block_comment() noexcept {
    const std::uint32_t start = at_;
    at_ += 2;
    if (rules_.executable_comments && is_conditional()) conditional_ = start;
    if (rules_.executable_comments && !in_executable_comment_ && at_ < size_ && text_[at_] == '!') {
      ++at_;
      while (at_ < size_ && (class_of(text_[at_]) & class_digit) != 0) ++at_;  // a version number
      in_executable_comment_ = true;
      executable_comment_ = start;
      return;
    }
    for (std::uint32_t depth = 1; at_ < size_; ++at_) {
      if (text_[at_] == '*' && peek(1) == '/') {
        ++at_;
        if (--depth == 0) {
          ++at_;
          return;
        }
      } else if (rules_.nested_comments && text_[at_] == '/' && peek(1) == '*') {
        ++at_;
        ++depth;
      } else if (text_[at_] == '\0') {
        return fail(sql_mistake::nul_character, at_);
      }
    }
    fail(sql_mistake::comment_not_closed, start, 2);
  }

  constexpr void read_word(token& found) noexcept {
    const std::uint32_t start = at_;
    std::uint32_t to = start;
    std::uint64_t key = 0;
    for (; to < size_; ++to) {
      const std::uint8_t c = classes.in_word[static_cast<unsigned char>(text_[to])];
      if (c == 0) break;
      key = key << 8 | c;
    }
    at_ = found.end = to;
    found.kind = token_kind::word;
    found.key = to - start <= 8 ? key : 0;
    if (to < size_ && (text_[to] == '\'' || text_[to] == '&') && to - start == 1) read_prefixed(found);
  }

  // The literals that begin with one letter: its key is `found.key`.
  [[gnu::noinline]] constexpr void read_prefixed(token& found) noexcept {
    const std::uint64_t key = found.key;
    if (text_[at_] == '\'') {
      const bool is_prefix =
          key == 'x' || (key == 'e' && rules_.escape_strings) || ((key == 'b' || key == 'n') && !rules_.native_names);
      if (!is_prefix) return;  // SQLite: a table e with the alias 'y'
      found.kind = token_kind::string;
      const bool escapes = key == 'e';
      read_quoted('\'', rules_.backslash_escapes || escapes);
      for (std::uint32_t to = at_; escapes && !problem_; to = at_) {
        at_ = continuation_of_string(text_, size_, to, rules_.returns_end_lines);
        if (at_ == to) break;
        read_quoted('\'', true);
      }
    } else if (key == 'u' && rules_.escape_strings && (peek(1) == '\'' || peek(1) == '"')) {
      ++at_;
      found.kind = text_[at_] == '"' ? token_kind::quoted : token_kind::string;
      read_quoted(text_[at_], false);
    }
    found.end = at_;
    if (problem_) found.kind = token_kind::end;
  }

  constexpr void read_quoted(char quote, bool backslashes) noexcept {
    const std::uint32_t start = at_;
    for (++at_; at_ < size_; ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        ++at_;
        if (at_ >= size_ || text_[at_] != quote) return;
      } else if (c == '\\' && backslashes) {
        ++at_;
      } else if (c == '\0') {
        return fail(sql_mistake::nul_character, at_);
      }
    }
    const bool is_string = quote == '\'' || (quote == '"' && rules_.double_quoted_strings);
    fail(is_string ? sql_mistake::quote_not_closed : sql_mistake::identifier_quote_not_closed, start);
  }

  constexpr bool read_dollar_quote() noexcept {
    std::uint32_t tag_end = at_ + 1;
    if (tag_end < size_ && (class_of(text_[tag_end]) & class_word_start) != 0) {
      while (tag_end < size_ && (class_of(text_[tag_end]) & (class_word_start | class_digit)) != 0) ++tag_end;
    }
    if (tag_end >= size_ || text_[tag_end] != '$') return false;
    const std::uint32_t start = at_;
    const std::string_view tag{text_ + start, tag_end + 1 - start};
    const std::string_view rest{text_ + tag_end + 1, size_ - tag_end - 1};
    const std::size_t closing = rest.find(tag);
    if (closing == std::string_view::npos) {
      fail(sql_mistake::dollar_quote_not_closed, start, static_cast<std::uint32_t>(tag.size()));
    } else if (rest.substr(0, closing).find('\0') != std::string_view::npos) {
      fail(sql_mistake::nul_character, start);
    } else {
      at_ = tag_end + 1 + static_cast<std::uint32_t>(closing + tag.size());
    }
    return true;
  }

  constexpr void read_digits(token& found, placeholder_style style) noexcept {
    found.kind = token_kind::placeholder;
    found.style = style;
    const std::uint32_t start = at_;
    for (++at_; at_ < size_ && (class_of(text_[at_]) & class_digit) != 0; ++at_) {
      if (found.number < 1'000'000) found.number = found.number * 10 + static_cast<std::uint32_t>(text_[at_] - '0');
    }
    if (at_ < size_ && continues_word(text_[at_])) fail(sql_mistake::invalid_parameter_name, start, at_ + 1 - start);
    if (found.number == 0) fail(sql_mistake::parameter_number_zero, start, at_ - start);
  }

  // `found.begin` is at the sigil; the name is text[begin + 1, end).
  constexpr void read_name(token& found, placeholder_style style) noexcept {
    found.kind = token_kind::placeholder;
    found.style = style;
    for (++at_; at_ < size_ && is_name_character(text_[at_]); ++at_) {
    }
    const bool is_bad = at_ == found.begin + 1 || (at_ < size_ && continues_word(text_[at_]));
    // SQLite takes what follows, $a::b(…) and :a(…), for a part of the name, quotes in it included.
    const bool is_tcl = rules_.native_names && (peek(0) == '(' || (peek(0) == ':' && peek(1) == ':'));
    if (is_bad || is_tcl) fail(sql_mistake::invalid_parameter_name, found.begin, at_ + 1 - found.begin);
  }

  constexpr void read_other(token& found, char c) noexcept {
    found.kind = token_kind::symbol;
    found.symbol = c;
    switch (c) {
      case '\0':
        return fail(sql_mistake::nul_character, at_);
      case '\'':
        found.kind = token_kind::string;
        return read_quoted('\'', rules_.backslash_escapes);
      case '"':
        found.kind = rules_.double_quoted_strings ? token_kind::string : token_kind::quoted;
        return read_quoted('"', rules_.double_quoted_strings && rules_.backslash_escapes);
      case '`':
        if (!rules_.backticks) break;
        found.kind = token_kind::quoted;
        return read_quoted('`', false);
      case '[':
        if (!rules_.brackets) break;
        found.kind = token_kind::quoted;
        for (const std::uint32_t start = at_; text_[at_] != ']'; ++at_) {
          if (at_ + 1 >= size_) return fail(sql_mistake::identifier_quote_not_closed, start);
          if (text_[at_] == '\0') return fail(sql_mistake::nul_character, at_);
        }
        break;
      case '$':
        if ((class_of(peek(1)) & class_digit) != 0) return read_digits(found, placeholder_style::dollar);
        if (rules_.native_names && (class_of(peek(1)) & class_word_start) != 0) {
          return read_name(found, placeholder_style::tcl);
        }
        if (rules_.dollar_quotes && read_dollar_quote()) {
          found.kind = token_kind::string;
          return;
        }
        // None of PostgreSQL's tokens; before a placeholder the rewritten text would begin a dollar quote: $$1, $a$1.
        if (rules_.dollar_quotes) return fail(sql_mistake::invalid_parameter_name, at_);
        break;
      case '@':
        if (rules_.native_names && continues_word(peek(1))) return read_name(found, placeholder_style::at);
        break;
      case '#':
        if (rules_.native_names && continues_word(peek(1))) {  // a parameter in SQLite, and like no other's
          return fail(sql_mistake::invalid_parameter_name, at_, 2);
        }
        break;
      case ':':
        return read_colon(found);
      case '\\':
        if (peek(1) != ':') break;
        found.kind = token_kind::escape;
        found.symbol = ':';
        ++at_;
        break;
      case '?':
        return read_question(found);
      case '%':
        return read_percent(found);
      default:
        break;
    }
    ++at_;
  }

  constexpr void read_colon(token& found) noexcept {
    const char following = peek(1);
    if (following == ':') {
      found.kind = token_kind::cast;
      at_ += 2;
      return;
    }
    const std::uint8_t kind = class_of(following);
    const bool may_begin = !continues_word(before()) && before() != ':' && before() != '\\';
    if (may_begin && ((kind & class_word_start) != 0 || (rules_.native_names && (kind & class_digit) != 0))) {
      if (is_name_start(following)) return read_name(found, placeholder_style::colon);
      return fail(sql_mistake::invalid_parameter_name, at_, 2);
    }
    ++at_;
  }

  constexpr void read_question(token& found) noexcept {
    const char following = peek(1);
    if (rules_.question_operators) {
      if (following == '?') {
        found.kind = token_kind::escape;
        at_ += 2;
        return;
      }
      const bool is_pair = (following == '|' || following == '&') && peek(2) != following;
      if (is_pair || before() == '@') {
        at_ += is_pair ? 2u : 1u;
        return;
      }
    }
    if ((class_of(following) & class_digit) != 0) return read_digits(found, placeholder_style::numbered);
    found.kind = token_kind::placeholder;
    found.style = placeholder_style::question;
    ++at_;
  }

  constexpr void read_percent(token& found) noexcept {
    const char following = peek(1);
    if (following == '%') {
      found.kind = token_kind::escape;
      at_ += 2;
    } else if (following == 's' && !continues_word(peek(2)) && !continues_word(before()) && before() != ')' &&
               before() != ']') {
      found.kind = token_kind::placeholder;
      found.style = placeholder_style::format;
      at_ += 2;
    } else if (following == '(') {
      const std::uint32_t end = end_of_pyformat(text_, size_, at_);
      if (end != at_) {
        found.kind = token_kind::placeholder;
        found.style = placeholder_style::pyformat;
      }
      at_ = end != at_ ? end : at_ + 1;
    } else {
      ++at_;
    }
  }

  const char* text_;
  std::uint32_t size_;
  std::uint32_t at_ = 0;
  std::uint32_t executable_comment_ = 0;
  std::uint32_t comment_ = no_comment;
  std::uint32_t conditional_ = no_comment;
  std::uint32_t window_begin_ = ~std::uint32_t{63};  // none yet: 64 before the text
  text_window window_;
  bool in_executable_comment_ = false;
  lexis rules_;
  sql_problem problem_;
};

}  // namespace detail
}  // namespace dovetail::inline v0
