// Takes the rows out of an answer while its text comes: each row as soon as it is there, and what stands around them.
#pragma once

#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/json/string.hpp>
#include <dovetail/format/json/value_end.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

/// What was found in the text of an answer.
enum class split_step : std::uint8_t {
  rows_begin,  ///< the list of rows was opened: `closed_beginning()` is the answer up to there
  row,         ///< an element of the list, whatever it is
  stray,       ///< behind an element, and no separator
  more,        ///< nothing yet: more text must come
  over,        ///< the text is at its end: `around()` is all of it without the rows
  too_large,   ///< an element, or what stands around the rows, is larger than the limit
};

struct split {
  split_step what = split_step::more;
  std::size_t used = 0;  ///< bytes at the front of the text that are done with
  std::size_t size = 0;  ///< of a row, behind those
};

/// Looks for the list of rows where the reader of envelopes does: `data`, or `rows` or `data` of an object that is
/// `data`; the first one. Judges nothing: what stands around the rows is kept as it came, for that reader. Memory: one
/// element, and what stands around the rows, each of `most` bytes.
class answer_splitter {
 public:
  explicit answer_splitter(std::size_t most) noexcept : most_(most) {}

  /// `text` begins behind what was used before and, after a row, behind that row. `is_all`: nothing will follow it.
  split next(std::string_view text, bool is_all) {
    return is_among_rows() ? element(text, is_all) : frame(text, is_all);
  }

  /// The answer without the elements of its list of rows, as far as it has come.
  const std::string& around() const noexcept { return around_; }
  /// Where in there the elements stood; nowhere while there was no list.
  std::size_t rows_at() const noexcept { return rows_at_; }
  /// What has come up to the list, with that list and all objects around it closed.
  std::string closed_beginning() const {
    std::string text = around_;
    text += ']';
    text.append(static_cast<std::size_t>(depth_), '}');
    return text;
  }
  /// Objects around the list of rows.
  int depth() const noexcept { return depth_; }
  /// The list of rows has this name in the innermost of them; the others are each other's `data`.
  std::string_view list_name() const noexcept { return list_is_rows_ ? "rows" : "data"; }

 private:
  enum class place : std::uint8_t {
    start,         // in front of the answer
    first_key,     // behind '{'
    other_key,     // behind ',' in an object
    key,           // in a key
    colon,         // behind a key
    value,         // behind ':'
    skipped,       // in a value that is not looked into
    behind_value,  // in front of ',' or '}'
    rest,          // where nothing is looked for any more
    first_row,     // behind '['
    other_row,     // behind ',' in the list
    row,           // in an element
    behind_row,    // in front of ',' or ']'
  };

  bool is_among_rows() const noexcept { return place_ >= place::first_row; }

  split frame(std::string_view text, bool is_all) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* at = begin;
    while (at != end && place_ != place::rest) {
      if (place_ == place::skipped) {
        const char* const behind = value_.find(at, end);
        at = behind == nullptr ? end : behind;
        if (behind != nullptr) place_ = place::behind_value;
      } else if (take(*at)) {
        ++at;
        if (is_among_rows()) break;
      }
    }
    const bool has_rows = is_among_rows();
    const std::size_t used = has_rows ? static_cast<std::size_t>(at - begin) : text.size();
    if (around_.size() + used > most_) return {split_step::too_large};
    around_.append(begin, used);
    if (has_rows) {
      rows_at_ = around_.size();
      return {split_step::rows_begin, used};
    }
    return {is_all ? split_step::over : split_step::more, used};
  }

  /// False when the character is to be looked at again, at the place that it has led to.
  bool take(char c) {
    if (place_ == place::key) {
      key_ += c;
      if (is_escaped_) {
        is_escaped_ = false;
      } else {
        is_escaped_ = c == '\\';
        if (c == '"') place_ = place::colon;
      }
      return true;
    }
    if (dovetail::detail::is_json_space(c)) return true;
    switch (place_) {
      case place::start:
        c == '{' ? open() : give_up();
        break;
      case place::first_key:
      case place::other_key:
        if (c == '"') {
          key_ = c;
          place_ = place::key;
        } else {
          c == '}' && place_ == place::first_key ? close() : give_up();
        }
        break;
      case place::colon:
        place_ = c == ':' ? place::value : place::rest;
        break;
      case place::value:
        return take_value(c);
      default:  // behind a value
        if (c == ',') {
          place_ = place::other_key;
        } else {
          c == '}' ? close() : give_up();
        }
        break;
    }
    return true;
  }

  bool take_value(char c) {
    const std::string_view name = c == '{' || c == '[' ? plain_key() : std::string_view{};
    const bool is_data = name == "data";
    if (c == '[' && rows_at_ == std::string::npos && (is_data || (name == "rows" && depth_ > 1))) {
      list_is_rows_ = !is_data;
      place_ = place::first_row;
      return true;
    }
    if (c == '{' && is_data && rows_at_ == std::string::npos) return open(), true;
    value_ = {};
    place_ = place::skipped;
    return false;
  }
  /// The key, which may be written with escapes. Lifetime: until the next one.
  std::string_view plain_key() {
    dovetail::detail::json_source in{key_};
    std::string_view name;
    return dovetail::detail::view_json_string(in, in.begin, space_, name) == nullptr ? std::string_view{} : name;
  }

  void open() noexcept {
    if (depth_ == dovetail::detail::json_maximum_depth) return give_up();
    ++depth_;
    place_ = place::first_key;
  }
  void close() noexcept { place_ = --depth_ == 0 ? place::rest : place::behind_value; }
  void give_up() noexcept { place_ = place::rest; }

  split element(std::string_view text, bool is_all) {
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const char* at = begin;
    if (place_ != place::row) {
      at = find_row(at, end);
      if (at == end && !is_all) return {split_step::more, text.size()};
      const auto used = static_cast<std::size_t>(at - begin);
      if (place_ == place::behind_row) return {split_step::stray, used};
      if (place_ == place::behind_value) {
        around_ += *at;
        split next = frame(text.substr(used + 1), is_all);
        next.used += used + 1;
        return next;
      }
      value_ = {};
      place_ = place::row;
      scanned_ = 0;
    }
    const auto used = static_cast<std::size_t>(at - begin);
    const char* const from = at + std::exchange(scanned_, 0);
    const char* behind = value_.find(from, end);
    if (behind == nullptr && is_all) behind = end;
    const auto size = static_cast<std::size_t>((behind == nullptr ? end : behind) - at);
    if (size > most_) return {split_step::too_large, used};
    if (behind == nullptr) {
      scanned_ = size;
      return {split_step::more, used};
    }
    place_ = place::behind_row;
    return {split_step::row, used, size};
  }
  /// The first character of the next element, or of what stands in its place.
  const char* find_row(const char* at, const char* end) noexcept {
    at = dovetail::detail::skip_json_space(at, end);
    if (at != end && place_ == place::behind_row && *at == ',') {
      place_ = place::other_row;
      at = dovetail::detail::skip_json_space(at + 1, end);
    } else if (at != end && place_ != place::other_row && *at == ']') {
      place_ = place::behind_value;
    }
    return at;
  }

  std::size_t most_;
  std::string around_;
  std::size_t rows_at_ = std::string::npos;
  place place_ = place::start;
  bool is_escaped_ = false;
  bool list_is_rows_ = false;
  int depth_ = 0;
  std::string key_;
  std::string space_;
  dovetail::detail::json_value_end value_;
  std::size_t scanned_ = 0;  // of an element that is not there yet
};

}  // namespace dovetail::inline v0::workersql::detail
