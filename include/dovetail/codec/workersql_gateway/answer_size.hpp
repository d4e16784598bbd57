// How large a result becomes as JSON, which is found out before the change that gave it is kept.
#pragma once

#include <dovetail/codec/workersql_gateway/database.hpp>
#include <dovetail/codec/workersql_gateway/envelope.hpp>
#include <dovetail/format/base64.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0::workersql::serving {

/// Of a text as a JSON string, at most.
inline std::size_t json_size(std::string_view text) noexcept {
  std::size_t size = text.size() + 2;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') {
      size += 5;
    } else if (c == '"' || c == '\\') {
      ++size;
    }
  }
  return size;
}

/// Of a value, at most; bytes as base64 or as hexadecimal digits.
inline std::size_t json_size(const row_value& of, bool has_hex) noexcept {
  if (of.is_null()) return 4;
  switch (of.kind()) {
    case field_kind::boolean:
      return 5;
    case field_kind::integer:
      return 4 + static_cast<std::size_t>(of.integer() > 9'999 || of.integer() < -999 ? 18 : 0);
    case field_kind::real:
      return 24;
    case field_kind::json:
      return of.text().size();
    case field_kind::bytes:
      return (has_hex ? 2 * of.text().size() : dovetail::detail::base64_size(of.text().size())) + 2;
    default:
      return json_size(of.text());
  }
}

/// Of all rows with their names, about. Errors: errc::malformed_value for a name that is not UTF-8.
/// Cost: one look at every text.
inline result<std::size_t> answer_size(const rows<row>& all, bool has_hex) {
  std::size_t size = 2;
  if (all.empty()) return size;
  const auto keys = keys_of(all.front());
  if (!keys) return keys.error();
  std::size_t names = 3;  // braces and a comma
  for (const std::string& each : *keys) names += each.size();
  size += names * all.size();
  for (const row& each : all) {
    for (std::size_t i = 0; i < each.size(); ++i) size += json_size(each[i], has_hex);
  }
  return size;
}

/// What the values take while they wait to be written.
inline std::size_t memory_of(const rows<row>& all) noexcept {
  std::size_t size = 0;
  for (const row& each : all) {
    for (std::size_t i = 0; i < each.size(); ++i) size += each[i].size();
  }
  return size;
}

/// What is left for the further results of a batch; a limit of zero is none, so that one byte is.
inline result_limits without(result_limits limits, std::size_t cost) noexcept {
  if (limits.bytes != 0) limits.bytes = (std::max)(limits.bytes - (std::min)(cost, limits.bytes), std::size_t{1});
  return limits;
}

}  // namespace dovetail::inline v0::workersql::serving
