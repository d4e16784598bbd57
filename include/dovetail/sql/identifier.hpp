// Names of tables and columns, quoted for a statement's text.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/sql/dialect.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// The character that quotes an identifier.
constexpr char identifier_quote(dialect d) noexcept { return d == dialect::mysql ? '`' : '"'; }

/// The most characters that `format_identifier` writes for a name of this size.
constexpr std::size_t quoted_size_limit(std::size_t size) noexcept { return 2 * size + 2; }

/// Writes `name` in quotes at `out`, quotes in it doubled; returns the end. The caller has refused NUL and empty names.
constexpr char* format_identifier(dialect d, char* out, std::string_view name) noexcept {
  const char quote = identifier_quote(d);
  *out++ = quote;
  for (const char c : name) {
    if (c == quote) *out++ = quote;
    *out++ = c;
  }
  *out++ = quote;
  return out;
}

/// True when `name` can be an identifier in quotes: not empty and without NUL.
constexpr bool is_quotable(std::string_view name) noexcept {
  return !name.empty() && name.find('\0') == std::string_view::npos;
}

/// The most bytes that the database keeps of a name; 0 when it keeps them all. PostgreSQL cuts longer ones off without
/// an error, and means another table then.
constexpr std::size_t identifier_limit(dialect d) noexcept {
  return d == dialect::postgres ? 63 : d == dialect::mysql ? 64 * 4 : 0;  // MySQL: 64 characters
}

/// One identifier in quotes, dots in it kept: `quote_identifier(dialect::sqlite, "order")` is `"order"`.
/// Errors: errc::malformed_statement when it is empty, contains NUL, or is longer than `identifier_limit`; the name
/// itself is not in the text.
result<std::string> quote_identifier(dialect d, std::string_view name);

/// A name with an optional schema before it: app.city becomes two quoted names with a dot between.
/// Errors: as `quote_identifier`, for each part.
result<std::string> quote_qualified(dialect d, std::string_view name);

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE result<std::string> quote_identifier(dialect d, std::string_view name) {
  if (!is_quotable(name)) {
    return error_info{make_error_code(errc::malformed_statement),
                      name.empty() ? "an identifier is empty" : "an identifier contains NUL"};
  }
  if (identifier_limit(d) != 0 && name.size() > identifier_limit(d)) {
    return error_info{make_error_code(errc::malformed_statement), "an identifier is longer than the database takes"};
  }
  std::string quoted(quoted_size_limit(name.size()), '\0');
  quoted.resize(static_cast<std::size_t>(format_identifier(d, quoted.data(), name) - quoted.data()));
  return quoted;
}

DOVETAIL_DEFINE result<std::string> quote_qualified(dialect d, std::string_view name) {
  std::string quoted;
  for (;;) {
    const std::size_t dot = name.find('.');
    result<std::string> part = quote_identifier(d, name.substr(0, dot));
    if (!part) return std::move(part).error();
    quoted += *part;
    if (dot == std::string_view::npos) return quoted;
    quoted += '.';
    name.remove_prefix(dot + 1);
  }
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
