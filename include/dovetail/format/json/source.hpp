// The JSON text that is being read: its bounds, how deep the reader is in it, and what went wrong.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/format/failure.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Arrays and objects within each other; more is an error, so that hostile text cannot exhaust the stack.
inline constexpr int json_maximum_depth = 128;

/// What stands at `at`, in words; empty when it begins no JSON value (a text without quotes may begin as `true` does).
inline std::string_view name_of_json(const char* at, const char* end) noexcept {
  if (at == end) return "the end of the text";
  const std::string_view rest{at, static_cast<std::size_t>(end - at)};
  const auto is_word = [rest](std::string_view word) {
    if (!rest.starts_with(word)) return false;
    const char next = rest.size() == word.size() ? ' ' : rest[word.size()];
    return !(next >= 'a' && next <= 'z') && !(next >= 'A' && next <= 'Z');
  };
  const char digit = *at == '-' && rest.size() > 1 ? rest[1] : *at;
  if (digit >= '0' && digit <= '9') return "a number";
  switch (*at) {
    case '"':
      return "a string";
    case '{':
      return "an object";
    case '[':
      return "an array";
    default:
      return is_word("true") || is_word("false") ? "a boolean" : is_word("null") ? "null" : "";
  }
}

/// Readers take a place in the text and return the place behind what they read; null after `fail`.
struct json_source {
  const char* begin;
  const char* end;
  int depth = 0;
  std::uint64_t order = 0;  // a bit for each key that came otherwise than its neighbour: set when it goes back
  format_failure failure;

  explicit json_source(std::string_view text) noexcept : begin(text.data()), end(text.data() + text.size()) {}

  [[gnu::cold, gnu::noinline]] const char* fail(const char* at, errc code, std::string_view what) {
    failure.set(code, at, what);
    return nullptr;
  }

  /// The text has something else than the `expected` value or token here.
  [[gnu::cold, gnu::noinline]] const char* fail_expected(const char* at, std::string_view expected) {
    std::string what = "expected ";
    what += expected;
    what += ", found ";
    const std::string_view found = name_of_json(at, end);
    if (!found.empty()) {
      what += found;
    } else if (*at > ' ' && *at < 0x7F) {
      what += '\'';
      what += *at;
      what += '\'';
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(*at);
      what += "the byte 0x";
      what += digits[byte >> 4];
      what += digits[byte & 15];
    }
    const errc code = found == "null"              ? errc::unexpected_null
                      : found.empty() || at == end ? errc::malformed_json
                                                   : errc::malformed_value;
    return fail(at, code, what);
  }

  /// The text is not JSON here, whatever type is read.
  [[gnu::cold, gnu::noinline]] const char* fail_syntax(const char* at, std::string_view expected) {
    fail_expected(at, expected);
    failure.code = errc::malformed_json;
    return nullptr;
  }

  [[gnu::cold, gnu::noinline]] const char* fail_depth(const char* at) {
    return fail(at, errc::malformed_json, join_message({"nested deeper than ", json_maximum_depth, " levels"}));
  }
};

[[gnu::always_inline]] inline bool is_json_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// The first character in [at, end) that is no white space.
[[gnu::always_inline]] inline const char* skip_json_space(const char* at, const char* end) noexcept {
  while (at != end && is_json_space(*at)) ++at;
  return at;
}

}  // namespace dovetail::inline v0::detail
