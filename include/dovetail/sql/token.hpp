// The tokens of a statement's text, and the classes of characters that they are made of.
#pragma once

#include <dovetail/sql/dialect.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

enum class token_kind : std::uint8_t {
  end,
  word,         // an identifier or keyword without quotes
  quoted,       // a quoted identifier
  string,       // any literal in quotes
  number,       // 12, 1.5e3, 0x1F
  symbol,       // one character of an operator, or punctuation
  cast,         // ::
  placeholder,  // in the style of `token::style`
  escape,       // \: or ?? or %%: its last character is meant
};

/// One token: text[begin, end). `key` holds the lower-case characters of a word of at most eight, else 0.
struct token {
  token_kind kind = token_kind::end;
  placeholder_style style = placeholder_style::none;
  char symbol = '\0';
  std::uint8_t marks = 0;  // only of the tokens of a `token_run`
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t number = 0;  // of a numbered placeholder
  std::uint64_t key = 0;

  constexpr bool is(char c) const noexcept { return kind == token_kind::symbol && symbol == c; }
};

/// The key of a keyword of at most eight lower-case letters, for comparison with `token::key`.
consteval std::uint64_t word_key(const char* keyword) {
  std::uint64_t key = 0;
  for (; *keyword != '\0'; ++keyword) key = key << 8 | static_cast<unsigned char>(*keyword);
  return key;
}

/// `class_gap`: may begin what stands between two tokens. `class_plain`: a token of its own in every dialect; a dot
/// unless a digit follows.
enum : std::uint8_t {
  class_space = 1,
  class_word_start = 2,
  class_digit = 4,
  class_dollar = 8,
  class_high = 16,
  class_gap = 32,
  class_plain = 64,
};

struct character_classes {
  std::uint8_t of[256]{};
  std::uint8_t in_word[256]{};  // in lower case; 0 when no word goes on with it

  constexpr character_classes() noexcept {
    for (int c = 'a'; c <= 'z'; ++c) of[c] = of[c - 'a' + 'A'] = class_word_start;
    for (int c = '0'; c <= '9'; ++c) of[c] = class_digit;
    for (int c = 128; c < 256; ++c) of[c] = class_word_start | class_high;
    for (const char c : {' ', '\t', '\n', '\r', '\f', '\v'}) of[static_cast<unsigned char>(c)] = class_space;
    for (const char c : {' ', '\t', '\n', '\r', '\f', '\v', '-', '#', '/', '*', '\xEF'}) {
      of[static_cast<unsigned char>(c)] |= class_gap;
    }
    for (const char c : {'(', ')', ',', ';', '.', '=', '<', '>', '+', '!', '&', '|', '^', '~', ']', '{', '}'}) {
      of[static_cast<unsigned char>(c)] = class_plain;
    }
    of[static_cast<unsigned char>('_')] = class_word_start;
    of[static_cast<unsigned char>('$')] = class_dollar;
    for (int c = 0; c < 256; ++c) {
      const bool is_word = (of[c] & (class_word_start | class_digit | class_dollar)) != 0;
      in_word[c] = static_cast<std::uint8_t>(!is_word ? 0 : c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
  }
};

inline constexpr character_classes classes{};

constexpr std::uint8_t class_of(char c) noexcept { return classes.of[static_cast<unsigned char>(c)]; }
constexpr bool continues_word(char c) noexcept {
  return (class_of(c) & (class_word_start | class_digit | class_dollar)) != 0;
}
constexpr bool is_name_start(char c) noexcept {
  return (class_of(c) & (class_word_start | class_high)) == class_word_start;
}
constexpr bool is_name_character(char c) noexcept { return is_name_start(c) || (class_of(c) & class_digit) != 0; }

/// The name of a named placeholder: `:name`, `@name`, `$name` or `%(name)s`.
constexpr std::string_view placeholder_name(std::string_view text, const token& found) noexcept {
  if (found.style == placeholder_style::pyformat) return text.substr(found.begin + 2, found.end - found.begin - 4);
  return text.substr(found.begin + 1, found.end - found.begin - 1);
}

/// The name in `:name`, `@name`, `$name` or `%(name)s`.
constexpr std::string_view name_in_placeholder(std::string_view placeholder) noexcept {
  if (placeholder.starts_with("%(") && placeholder.ends_with(")s")) {
    return placeholder.substr(2, placeholder.size() - 4);
  }
  return placeholder.empty() ? placeholder : placeholder.substr(1);
}

}  // namespace detail
}  // namespace dovetail::inline v0
