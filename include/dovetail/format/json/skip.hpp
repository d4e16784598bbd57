// Walks over a JSON value without keeping it, and checks that it is one.
#pragma once

#include <dovetail/format/json/number.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/json/string.hpp>

#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

inline const char* skip_json_string(json_source& in, const char* at) {
  const char* const from = at + 1;
  at = find_string_special(from, in.end);
  if (at != in.end && *at == '"') return at + 1;
  std::string dropped;
  return read_json_string_rest(in, from, at, dropped);
}

/// Reads `word` (`true`, `false`, `null`).
inline const char* skip_json_word(json_source& in, const char* at, std::string_view word) {
  if (std::string_view{at, static_cast<std::size_t>(in.end - at)}.substr(0, word.size()) != word) {
    return in.fail(at, errc::malformed_json, "expected true, false or null");
  }
  return at + word.size();
}

/// Reads a key and its colon; `at` is the first character that is no white space, and so is what is returned.
inline const char* view_json_key(json_source& in, const char* at, std::string& space, std::string_view& key) {
  if (at == in.end || *at != '"') return in.fail_syntax(at, "a key in quotes");
  at = view_json_string(in, at, space, key);
  if (at == nullptr) return nullptr;
  at = skip_json_space(at, in.end);
  if (at == in.end || *at != ':') return in.fail_syntax(at, "':'");
  return skip_json_space(at + 1, in.end);
}

/// Reads what follows a member or an element: a comma, or `close`, which sets `is_closed`. Null after a failure.
inline const char* read_json_separator(json_source& in, const char* at, char close, bool& is_closed) {
  at = skip_json_space(at, in.end);
  if (at == in.end || (*at != ',' && *at != close))
    return in.fail_syntax(at, close == '}' ? "',' or '}'" : "',' or ']'");
  is_closed = *at == close;
  return is_closed ? at + 1 : skip_json_space(at + 1, in.end);
}

/// Walks over the value at `at`. Every rule of RFC 8259 is checked; keys may repeat.
inline const char* skip_json_value(json_source& in, const char* at) {
  if (at == in.end) return in.fail_syntax(at, "a value");
  switch (*at) {
    case '"':
      return skip_json_string(in, at);
    case 't':
      return skip_json_word(in, at, "true");
    case 'f':
      return skip_json_word(in, at, "false");
    case 'n':
      return skip_json_word(in, at, "null");
    case '{':
    case '[': {
      const char close = *at == '{' ? '}' : ']';
      if (++in.depth > json_maximum_depth) return in.fail_depth(at);
      at = skip_json_space(at + 1, in.end);
      bool is_closed = at != in.end && *at == close;
      if (is_closed) ++at;
      while (!is_closed) {
        if (close == '}') {
          if (at == in.end || *at != '"') return in.fail_syntax(at, "a key in quotes");
          at = skip_json_string(in, at);
          if (at == nullptr) return nullptr;
          at = skip_json_space(at, in.end);
          if (at == in.end || *at != ':') return in.fail_syntax(at, "':'");
          at = skip_json_space(at + 1, in.end);
        }
        at = skip_json_value(in, at);
        if (at == nullptr) return nullptr;
        at = read_json_separator(in, at, close, is_closed);
        if (at == nullptr) return nullptr;
      }
      --in.depth;
      return at;
    }
    default: {
      if (*at != '-' && (*at < '0' || *at > '9')) return in.fail_syntax(at, "a value");
      json_number number;
      return scan_json_number(in, at, number);
    }
  }
}

}  // namespace dovetail::inline v0::detail
