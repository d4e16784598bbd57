// Reads the tokens of a text for those who pass over them, many at once, with a mark on each that tells whom it may
// concern.
#pragma once

#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/postgres_attributes.hpp>
#include <dovetail/sql/table_words.hpp>
#include <dovetail/sql/text_window.hpp>
#include <dovetail/sql/token.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {
namespace detail {

/// What a token may be to those who read a statement, one bit for each: a pass skips tokens by the bits that tell it
/// nothing. A bit too many costs time only.
enum : std::uint8_t {
  mark_shape = 1,   // ( ) ; and the end
  mark_comma = 2,   // ,
  mark_value = 4,   // a placeholder, an escape, a literal, a number; and [ ]
  mark_clause = 8,  // a word of a clause: `may_be_clause`
  mark_name = 16,   // a name in quotes, a word as long as pg_settings, a dot behind what is no name or before what may
                    // be a function's
  mark_other = 32,  // all else
  mark_any = 255,
};

struct symbol_marks {
  std::uint8_t of[256]{};
  std::uint8_t of_plain[256]{};  // 0 for those that may begin a longer token, and for the dot

  consteval symbol_marks() {
    for (std::uint8_t& each : of) each = mark_other;
    for (const char c : {'(', ')', ';'}) of[static_cast<unsigned char>(c)] = mark_shape;
    for (const char c : {'[', ']'}) of[static_cast<unsigned char>(c)] = mark_value;
    of[static_cast<unsigned char>(',')] = mark_comma;
    for (int c = 0; c < 256; ++c) of_plain[c] = classes.of[c] == class_plain && c != '.' ? of[c] : std::uint8_t{0};
  }
};
inline constexpr symbol_marks marks_of_symbols{};

constexpr std::uint8_t mark_of_word(std::uint64_t key, std::uint32_t size) noexcept {
  if (size <= 8) return words_of_clauses.has(key) ? mark_clause : mark_other;
  // As pg_settings, pg_hba_file_rules and pg_ident_file_mappings.
  return size == 9 || size == 13 ? mark_clause : size == 11 || size == 17 || size == 22 ? mark_name : mark_other;
}

/// Of a dot at text[at]. In x.name a function may be called that takes a row.
constexpr std::uint8_t mark_of_dot(const token& previous, const char* text, std::uint32_t at,
                                   std::uint32_t size) noexcept {
  if (previous.kind != token_kind::word && previous.kind != token_kind::quoted) return mark_name;
  if (size - at < 5) return mark_other;  // those names are longer
  const char* const four = text + at + 1;
  const bool is_gap = (class_of(*four) & (class_space | class_gap)) != 0 && *four != '*';
  return is_gap || letters_of_attributes.may_begin(four) ? mark_name : mark_other;
}

/// Of any token but those that `token_run` reads by itself; of a dot without a look at the text.
constexpr std::uint8_t mark_of(const token& found) noexcept {
  switch (found.kind) {
    case token_kind::end:
      return mark_shape;
    case token_kind::word:
      return mark_of_word(found.key, found.end - found.begin);
    case token_kind::quoted:
      return mark_name;
    case token_kind::symbol:
      if (found.symbol != '.') return marks_of_symbols.of[static_cast<unsigned char>(found.symbol)];
      return mark_name;
    case token_kind::cast:
      return mark_other;
    default:
      return mark_value;
  }
}

/// The tokens of a text, some at a time. For running programs; a constant expression reads them one by one.
class token_run {
 public:
  /// `source` has read nothing yet.
  token_run(lexer& source, std::string_view text) noexcept
      : source_(source), text_(text.data()), size_(static_cast<std::uint32_t>(text.size())) {
    tokens_[0] = tokens_[1] = {};
  }
  token_run(const token_run&) = delete;
  token_run& operator=(const token_run&) = delete;

  /// Reads the tokens from `begin()` to `end()`, at least one; the two before are in front of them. The last one may be
  /// the text's end, or have a comment before it; none of the others has.
  [[gnu::noinline]] void read() noexcept {
    tokens_[0] = end_[-2];
    tokens_[1] = end_[-1];
    has_comment_ = false;
    token* out = tokens_ + 2;
    std::uint32_t at = at_;
    for (token* const last = tokens_ + 2 + most; out != last;) {
      at = read_words(at, out, last);
      if (out == last) break;
      source_.read_at(at, *out);
      at = source_.place();
      out->marks = mark_of(*out);
      has_comment_ = source_.comment() != lexer::no_comment;
      if (out++->kind == token_kind::end || has_comment_) break;
    }
    at_ = at;
    end_ = out;
  }

  token* begin() noexcept { return tokens_ + 2; }
  token* end() noexcept { return end_; }
  /// A comment is before the last one: that of the `source`.
  bool has_comment() const noexcept { return has_comment_; }

 private:
  static constexpr std::uint32_t most = 30;

  // Most tokens: words of ASCII, and symbols that are tokens of their own, up to a token that is neither. Gives the
  // place where that one begins, or the end of the last one. Where tokens begin is known for the whole window at once,
  // so that no token waits for the end of the one before.
  [[gnu::always_inline]] std::uint32_t read_words(std::uint32_t at, token*& out, token* last) noexcept {
    for (;;) {
      if (at - base_ >= text_window::width) look_from(at);
      const std::uint32_t base = base_;
      const std::uint64_t words = window_.bits().words;
      const std::uint64_t starts = window_.bits().starts;
      const std::uint64_t here = std::uint64_t{1}
                                 << (at - base);  // `at` may be inside of what looks like a word: 1from
      std::uint64_t begins = ((words & (~(words << 1) | here)) | ~(words | window_.bits().spaces)) & (0 - here);
      for (; begins != 0; begins &= begins - 1) {
        if (out == last) return at;
        const auto place = static_cast<std::uint32_t>(std::countr_zero(begins));
        const std::uint32_t begin = base + place;
        if ((starts >> place & 1) != 0) {
          const auto length = static_cast<std::uint32_t>(std::countr_zero(~(words >> place)));
          if (place + length >= text_window::width) {  // it may go on
            if (place == 0) return begin;
            look_from(begin);
            break;
          }
          at = begin + length;
          if (length == 1 && at < size_ && (text_[at] == '\'' || text_[at] == '&')) return begin;
          const std::uint64_t key = window_.key(place, length);
          *out++ = {
              .kind = token_kind::word, .marks = mark_of_word(key, length), .begin = begin, .end = at, .key = key};
        } else {
          if (begin >= size_) return begin;
          const char c = text_[begin];
          std::uint8_t marks = marks_of_symbols.of_plain[static_cast<unsigned char>(c)];
          if (marks == 0) {
            if (c != '.' || (begin + 1 < size_ && (class_of(text_[begin + 1]) & class_digit) != 0)) return begin;
            marks = mark_of_dot(out[-1], text_, begin, size_);
          }
          at = begin + 1;
          *out++ = {.kind = token_kind::symbol, .symbol = c, .marks = marks, .begin = begin, .end = at};
        }
      }
      at = begins == 0 ? base + text_window::width : base_;
    }
  }

  void look_from(std::uint32_t at) noexcept {
    window_.fill(text_ + at, size_ - at);
    base_ = at;
  }

  lexer& source_;
  const char* text_;
  std::uint32_t size_;
  std::uint32_t at_ = 0;
  bool has_comment_ = false;
  std::uint32_t base_ = ~std::uint32_t{63};  // of the window; none yet: 64 before the text
  text_window window_;
  alignas(token) std::byte storage_[(most + 2) * sizeof(token)];  // begins the lifetime of tokens, without values
  token* const tokens_ = std::launder(reinterpret_cast<token*>(storage_));
  token* end_ = tokens_ + 2;
};

/// Gives `pass` the tokens of a text that it wants (`wanted()`, a bit for each mark), each with the two before it
/// (`take_next`), until it takes no more; and tells it of comments, if it sees them. `source` has read nothing yet.
template <class Pass>
[[gnu::always_inline]] inline void read_many(Pass& pass, lexer& source, std::string_view text) noexcept {
  token_run tokens{source, text};
  for (unsigned wanted = pass.wanted();;) {
    tokens.read();
    for (const token& at : tokens) {
      if constexpr (requires { pass.see_comment(); }) {
        if (&at == tokens.end() - 1 && tokens.has_comment()) pass.see_comment();
      }
      if ((at.marks & wanted) == 0) continue;
      if (!pass.take_next(at, *(&at - 1), *(&at - 2))) return;
      wanted = pass.wanted();
    }
  }
}

/// The same in constant expressions too, where the tokens are read one by one.
template <class Pass>
constexpr void read_tokens(Pass& pass, lexer& source, std::string_view text) noexcept {
  if (!std::is_constant_evaluated()) return read_many(pass, source, text);
  token last_three[3];
  token* at = &last_three[0];
  token* previous = &last_three[1];
  token* before = &last_three[2];
  for (;;) {
    source.read(*at);
    at->marks = mark_of(*at);
    if constexpr (requires { pass.see_comment(); }) {
      if (source.comment() != lexer::no_comment) pass.see_comment();
    }
    if ((at->marks & pass.wanted()) != 0 && !pass.take_next(*at, *previous, *before)) return;
    token* const oldest = before;
    before = previous;
    previous = at;
    at = oldest;
  }
}

}  // namespace detail
}  // namespace dovetail::inline v0
