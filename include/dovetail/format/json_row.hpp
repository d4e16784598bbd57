// A `dt::row` as JSON text.
#pragma once

#include <dovetail/format/base64.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/row/row.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

inline void append_base64(std::string& out, byte_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + base64_size(bytes.size()) + 2);
  out[before] = '"';
  *write_base64(out.data() + before + 1, bytes) = '"';
}

inline result<void> append_json_value(const v0::row_value& from, std::string& out) {
  if (from.is_null()) return out += "null", result<void>{};
  switch (from.kind()) {
    case field_kind::boolean:
      out += from.integer() != 0 ? "true" : "false";
      return {};
    case field_kind::integer:
      return json::encode(from.integer(), out);
    case field_kind::real:
      if (from.real() - from.real() != 0) return out += "null", result<void>{};  // NaN and infinity: JSON has none
      return json::encode(from.real(), out);
    case field_kind::json:
      out += from.text();
      return {};
    case field_kind::bytes:
      append_base64(out, as_byte_view(from.text()));
      return {};
    default:
      return json::encode(from.text(), out);
  }
}

}  // namespace detail

/// Appends the row as an object, its columns in their order: numbers exactly, bytes as base64, dates, times, UUIDs and
/// decimals as strings, JSON columns verbatim, NaN and infinity as null. A name that comes more than once gets `_2`,
/// `_3` … behind it.
/// Errors: errc::malformed_value for text that is not UTF-8; `out` is as before then.
inline result<void> to_json(const row& from, std::string& out) {
  const std::size_t before = out.size();
  out += '{';
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (i != 0) out += ',';
    std::size_t same = 1;
    for (std::size_t j = 0; j < i; ++j) {
      if (from.name(j) == from.name(i)) ++same;
    }
    std::string name = from.name(i);
    if (same > 1) name.append("_").append(std::to_string(same));
    result<void> written = json::encode(name, out);
    out += ':';
    if (written) written = detail::append_json_value(from[i], out);
    if (!written) {
      out.resize(before);
      return written;
    }
  }
  out += '}';
  return {};
}

/// The same as a text. Errors: throws `dt::error`.
inline std::string to_json(const row& from) {
  std::string text;
  to_json(from, text).value();
  return text;
}

}  // namespace dovetail::inline v0
