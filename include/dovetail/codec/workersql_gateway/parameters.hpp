// The parameters of a statement from JSON, by the type of each value.
#pragma once

#include <dovetail/base/real_text.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/codec/workersql_gateway/database.hpp>
#include <dovetail/format/base64.hpp>
#include <dovetail/format/json/number.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/string.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// Reads checked JSON. Null is null, true and false are bool, strings are text; a number without fraction and exponent
/// is a whole number, which must fit 64 bits; any other is the nearest double; bytes are `{base64:…}` or
/// `{hex:…}`. Arrays and other objects are refused.
class parameter_reader {
 public:
  parameter_reader(std::string_view text, statement& out) noexcept : in_(text), out_(&out) {}

  /// The words about what is wrong; empty when nothing is.
  std::string read() {
    const char* at = dovetail::detail::skip_json_space(in_.begin, in_.end);
    if (at == in_.end || *at == 'n') return {};  // null: none
    if (*at != '[' && *at != '{') return "params must be an array, or an object for :name placeholders";
    const char close = *at == '[' ? ']' : '}';
    at = dovetail::detail::skip_json_space(at + 1, in_.end);
    bool is_closed = at != in_.end && *at == close;
    std::string space;
    while (!is_closed && at != nullptr) {
      if (close == '}') {
        std::string_view key;
        at = dovetail::detail::view_json_key(in_, at, space, key);
        if (at == nullptr) break;
        out_->names.emplace_back(key);
      }
      at = read_value(at, out_->values.emplace_back());
      if (at != nullptr) at = dovetail::detail::read_json_separator(in_, at, close, is_closed);
    }
    if (at != nullptr) return has_twins() ? "params has a name twice" : std::string{};
    if (wrong_.empty()) wrong_ = "malformed";
    std::string words{"params: value "};
    words += std::to_string(out_->values.size());
    return words.append(": ").append(wrong_);
  }

 private:
  /// A body has room for tens of thousands of names: each is not compared with each.
  bool has_twins() const {
    std::vector<std::string_view> names(out_->names.begin(), out_->names.end());
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  }

  const char* refuse(std::string_view why) {
    wrong_ = why;
    return nullptr;
  }

  const char* read_value(const char* at, sql_value& out) {
    if (at == in_.end) return refuse("missing");
    switch (*at) {
      case 'n':
        return dovetail::detail::skip_json_word(in_, at, "null");
      case 't':
        out = true;
        return dovetail::detail::skip_json_word(in_, at, "true");
      case 'f':
        out = false;
        return dovetail::detail::skip_json_word(in_, at, "false");
      case '"': {
        std::string space;
        std::string_view text;
        at = dovetail::detail::view_json_string(in_, at, space, text);
        if (at != nullptr) out = std::string{text};
        return at;
      }
      case '{':
        return read_bytes(at, out);
      case '[':
        return refuse("an array is no value of SQL; write its elements as parameters of their own");
      default:
        return read_number(at, out);
    }
  }

  const char* read_number(const char* at, sql_value& out) {
    const char* const end = dovetail::detail::skip_json_value(in_, at);
    if (end == nullptr) return nullptr;
    const std::string_view text{at, static_cast<std::size_t>(end - at)};
    if (text.find_first_of(".eE") == std::string_view::npos) {
      std::int64_t whole = 0;
      if (!parse_integer(text, whole)) return refuse("a whole number beyond 64 bits; send it as a string");
      out = whole;
      return end;
    }
    double real = 0;
    const auto read = dovetail::detail::real_from_chars(at, end, real);
    if (read.ec != std::errc{} || !std::isfinite(real)) return refuse("a number beyond the range of a double");
    out = real;
    return end;
  }

  const char* read_bytes(const char* at, sql_value& out) {
    constexpr std::string_view expected = R"(an object must be {"base64":"…"} or {"hex":"…"})";
    std::string space;
    std::string_view key;
    at = dovetail::detail::skip_json_space(at + 1, in_.end);
    if (at == in_.end || *at != '"') return refuse(expected);
    at = dovetail::detail::view_json_key(in_, at, space, key);
    if (at == nullptr) return nullptr;
    const bool is_hex = key == "hex";
    if ((!is_hex && key != "base64") || at == in_.end || *at != '"') return refuse(expected);
    std::string_view text;
    at = dovetail::detail::view_json_string(in_, at, space, text);
    if (at == nullptr) return nullptr;
    std::vector<std::byte> bytes(is_hex ? text.size() / 2 : dovetail::detail::base64_byte_count(text));
    const bool is_read = is_hex ? parse_hex(text, bytes) : dovetail::detail::read_base64(text, bytes);
    if (!is_read) return refuse(is_hex ? "not hexadecimal digits" : "not base64 (RFC 4648, with padding)");
    at = dovetail::detail::skip_json_space(at, in_.end);
    if (at == in_.end || *at != '}') return refuse(expected);
    out = std::move(bytes);
    return at + 1;
  }

  dovetail::detail::json_source in_;
  statement* out_;
  std::string wrong_;
};

}  // namespace dovetail::inline v0::workersql::serving
