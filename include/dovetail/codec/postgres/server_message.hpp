// What the server reports: ErrorResponse and NoticeResponse taken apart.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/sqlstate.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// Fills `fields` from the body of ErrorResponse or NoticeResponse; false when it is malformed.
/// Source: PostgreSQL documentation, "Error and Notice Message Fields"; unknown fields are skipped, as it demands.
bool read_fields(byte_view body, server_fields& fields);

/// The failure that an ErrorResponse reports, with the code of its SQLSTATE.
/// Errors: errc::malformed_frame when the body is none.
error_info server_error(byte_view body);

/// What a NoticeResponse says; empty when it is malformed, for a notice is no reason to fail.
server_fields notice_fields(byte_view body);

/// The server ends the connection after such an error.
inline bool is_fatal(const server_fields& fields) noexcept {
  return fields.severity == "FATAL" || fields.severity == "PANIC";
}

/// Makes the failure of a commit that ended the connection errc::commit_unknown: the commit's record may have been
/// written before. Not so a session that had been idle for too long (25P03): it had not read the commit.
void doubt_commit(error_info& failure);
/// The same of statements each for itself, of which some have been executed before: errc::outcome_unknown.
void doubt_parts(error_info& failure);
/// Writes the number of a COPY's row in front, where the server has told it: "row 23", "line 23" of text.
void name_copied_row(error_info& failure, std::string_view what);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <charconv>

namespace dovetail::inline v0::postgres::detail {

/// The row in a context's line "COPY city, line 17, column name"; 0 where it tells none. The word before the number is
/// in the server's language; values are quoted behind it.
[[gnu::cold, gnu::noinline]] inline std::int64_t row_of_copy(std::string_view context) noexcept {
  while (!context.starts_with("COPY ")) {  // before it stand the functions of triggers
    const std::size_t end = context.find('\n');
    if (end == std::string_view::npos) return 0;
    context.remove_prefix(end + 1);
  }
  context = context.substr(0, context.find('\n'));
  for (std::size_t at = context.find(", "); at != std::string_view::npos; at = context.find(", ")) {
    context.remove_prefix(at + 2);
    const std::size_t space = context.find_first_of(" ,0123456789");
    if (space == 0 || space == std::string_view::npos || context[space] != ' ') continue;
    const std::string_view number = context.substr(space + 1);
    std::int64_t row = 0;
    const auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), row);
    if (ec == std::errc{} && row > 0) return row;
  }
  return 0;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void doubt_commit(error_info& failure) {
  if (failure.server().sqlstate == "25P03") return;
  error_info unknown{errc::commit_unknown, "the server has ended the connection while it committed"};
  unknown.with_server(failure.server());
  failure = std::move(unknown);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void doubt_parts(error_info& failure) {
  error_info unknown{errc::outcome_unknown,
                     "the server has ended the connection, and statements before may have been executed"};
  unknown.with_server(failure.server());
  failure = std::move(unknown);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void name_copied_row(error_info& failure, std::string_view what) {
  if (failure.server().copy_row == 0) return;
  std::string text;
  dovetail::detail::append_parts(
      text, {what, dovetail::detail::number_text{static_cast<std::uint64_t>(failure.server().copy_row)}});
  if (!failure.context().empty()) dovetail::detail::append_parts(text, {": ", failure.context()});
  failure.with_context(std::move(text));
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool read_fields(byte_view body, server_fields& fields) {
  message_reader reader{body};
  bool has_plain_severity = false;
  for (;;) {
    std::uint8_t code = 0;
    std::string_view value;
    if (!reader.u8(code)) return false;
    if (code == 0) return reader.at_end();
    if (!reader.text(value)) return false;
    switch (static_cast<char>(code)) {
      case 'S':  // in the server's language; 'V' is never translated
        if (!has_plain_severity) fields.severity = value;
        break;
      case 'V':
        fields.severity = value;
        has_plain_severity = true;
        break;
      case 'C':
        fields.sqlstate = value;
        break;
      case 'M':
        fields.message = value;
        break;
      case 'D':
        fields.detail = value;
        break;
      case 'H':
        fields.hint = value;
        break;
      case 'P':
        parse_integer(value, fields.position);
        break;
      case 'W':
        fields.copy_row = row_of_copy(value);
        fields.context = value;
        break;
      case 's':
        fields.schema = value;
        break;
      case 't':
        fields.table = value;
        break;
      case 'c':
        fields.column = value;
        break;
      case 'd':
        fields.datatype = value;
        break;
      case 'n':
        fields.constraint = value;
        break;
      default:
        break;
    }
  }
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info server_error(byte_view body) {
  server_fields fields;
  if (!read_fields(body, fields)) return {errc::malformed_frame, "an ErrorResponse is malformed"};
  error_info failure{make_error_code(std::string_view{fields.sqlstate})};
  failure.with_server(std::move(fields));
  return failure;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE server_fields notice_fields(byte_view body) {
  server_fields fields;
  if (!read_fields(body, fields)) return {};
  return fields;
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
