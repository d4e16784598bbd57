// From a place in the text that was sent to the place in the text that the user wrote.
#pragma once

#include <dovetail/base/utf8.hpp>

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

constexpr bool is_placeholder_character(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// How many bytes the placeholder at the front of `text` has; 0 when there is none.
constexpr std::size_t placeholder_size(std::string_view text) noexcept {
  if (text.empty() || (text[0] != '?' && text[0] != '$' && text[0] != ':')) return 0;
  std::size_t size = 1;
  while (size < text.size() && is_placeholder_character(text[size])) ++size;
  return size > 1 || text[0] == '?' ? size : 0;
}

}  // namespace detail

/// `position` is a character of `sent`, which was made of `written` by numbering its placeholders and expanding its
/// lists; gives that character of `written`, both counted from 1, in UTF-8. A place in a parameter is its placeholder.
/// 0 when the texts do not belong together, or do not have the position.
constexpr int position_in_written(std::string_view written, std::string_view sent, int position) noexcept {
  std::size_t from = 0;
  std::size_t to = 0;
  int passed_from = 0;
  int passed_to = 0;
  const auto advance = [](std::string_view text, std::size_t& at, int& passed, std::size_t bytes) {
    for (; bytes != 0 && at < text.size(); --bytes, ++at) passed += detail::begins_character(text[at]) ? 1 : 0;
  };
  while (to < sent.size()) {
    const int place = passed_from + 1;
    if (from < written.size() && written[from] == sent[to]) {
      advance(sent, to, passed_to, 1);
      if (passed_to >= position) return place;
      advance(written, from, passed_from, 1);
      continue;
    }
    const std::string_view rest = sent.substr(to);
    const std::size_t ours = detail::placeholder_size(written.substr(from < written.size() ? from : written.size()));
    const std::size_t theirs = rest[0] == '$' ? detail::placeholder_size(rest) : 0;
    if (ours != 0 && theirs != 0) {
      advance(sent, to, passed_to, theirs);
      if (passed_to >= position) return place;
      advance(written, from, passed_from, ours);
    } else if (rest.starts_with(", $")) {  // one more of a list
      advance(sent, to, passed_to, 2 + detail::placeholder_size(rest.substr(2)));
    } else if (rest[0] == '(' || rest[0] == ')') {  // around a list
      advance(sent, to, passed_to, 1);
    } else if (from < written.size() && written[from] == '?') {  // an operator's, written twice
      advance(written, from, passed_from, 1);
      continue;
    } else {
      return 0;
    }
    if (passed_to >= position) return passed_from == 0 ? 1 : passed_from;
  }
  return passed_to + 1 == position ? passed_from + 1 : 0;
}

}  // namespace dovetail::inline v0
