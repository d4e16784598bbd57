// Connection strings of SQLite: `sqlite:file?name=value`, `sqlite::memory:`, `sqlite:file:…` in SQLite's own syntax.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/client/read_settings.hpp>
#include <dovetail/client/settings.hpp>
#include <dovetail/client/sqlite/error.hpp>
#include <dovetail/client/sqlite/options.hpp>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite {
namespace detail {

/// Makes an in-memory database that several connections open by name, and that lives while somebody holds the anchor.
/// SQLite's memdb file system keeps it: its connections lock each other out as those of a file do, with the busy
/// handler, which a shared cache does not.
[[gnu::cold, gnu::noinline]] inline error_info make_memory_database(options& how) {
  static std::atomic<std::uint64_t> made{0};
  how.path = "file:/dovetail-" + std::to_string(made.fetch_add(1, std::memory_order_relaxed)) + "?vfs=memdb";
  how.is_uri = true;
  how.memory_anchor = memory_anchor{[](void* handle) noexcept { sqlite3_close_v2(static_cast<sqlite3*>(handle)); }};
  sqlite3* anchor = nullptr;
  const int code =
      sqlite3_open_v2(how.path.c_str(), &anchor,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_FULLMUTEX, nullptr);
  how.memory_anchor.handle() = anchor;
  return code == SQLITE_OK ? error_info{} : failure_of(anchor, code, "cannot make an in-memory database");
}

}  // namespace detail

/// Reads a connection string. Parameters beside those of every client: `mode` (rwc, rw, ro), `journal` (wal, delete,
/// truncate, persist, memory, off), `synchronous` (off, normal, full, extra), `busyTimeout`, `cacheStatements`,
/// `lengthLimit`, `foreignKeys`, `includeStatementText`, `uri` (the path is a `file:` URI).
/// Errors: one failure that names every mistake.
[[gnu::cold]] result<parsed_string<options>> parse(std::string_view text);

}  // namespace sqlite
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace sqlite {

[[gnu::noinline]] DOVETAIL_DEFINE result<parsed_string<options>> parse(std::string_view text) {
  uri where;
  if (error_info failure = dovetail::detail::parse_uri_into(text, where)) return failure;
  option_reader reader{where};
  reader.scheme({"sqlite"});
  string_settings said = read_settings(reader);
  options how;
  std::chrono::milliseconds busy = how.busy_timeout;
  static constexpr option_word modes[] = {
      {"rwc", open_mode::create}, {"rw", open_mode::read_write}, {"ro", open_mode::read_only}};
  static constexpr option_word journals[] = {{"wal", journal_mode::wal},           {"delete", journal_mode::rollback},
                                             {"truncate", journal_mode::truncate}, {"persist", journal_mode::persist},
                                             {"memory", journal_mode::memory},     {"off", journal_mode::off}};
  static constexpr option_word syncs[] = {{"off", synchronous::off},
                                          {"normal", synchronous::normal},
                                          {"full", synchronous::full},
                                          {"extra", synchronous::extra}};
  reader.choice("mode", how.mode, modes)
      .choice("journal", how.journal, journals)
      .choice("synchronous", how.synchronous, syncs)
      .milliseconds("busyTimeout", busy)
      .integer("cacheStatements", how.cache_statements, 0, 10000)
      .integer("lengthLimit", how.length_limit, 0, 0x7FFF'FFFF)
      .boolean("foreignKeys", how.foreign_keys)
      .boolean("includeStatementText", how.include_statement_text)
      .boolean("uri", how.is_uri);
  how.busy_timeout = busy;
  if (!where.hosts.empty()) {
    reader.problem(errc::malformed_connection_string,
                   "a SQLite database has no host: write 'sqlite:file' or 'sqlite:///absolute/file'");
  }
  if (!where.user.empty() || where.has_password) {
    reader.problem(errc::malformed_connection_string, "a SQLite database has no user and no password");
  }
  const bool is_memory = where.path == ":memory:";
  if (where.path.empty()) {
    reader.problem(errc::malformed_connection_string,
                   "the connection string names no file (an in-memory database is 'sqlite::memory:')");
  }
  if (where.path.starts_with(':') && !is_memory) {  // SQLite keeps such names for meanings of its own
    reader.problem(errc::malformed_connection_string,
                   "a file name must not begin with ':' (an in-memory database is 'sqlite::memory:'; a file that is "
                   "named so needs its folder, as in 'sqlite:./:name')");
  }
  if (is_memory && (how.mode == open_mode::read_only || how.journal == journal_mode::wal)) {
    reader.problem(
        errc::invalid_option,
        "an in-memory database is neither read-only ('mode=ro') nor has it a write-ahead log ('journal=wal')");
  }
  if (result<void> done = reader.finish(); !done) return std::move(done).error();
  if (is_memory) {
    if (error_info failed = detail::make_memory_database(how)) return failed;
  } else {
    how.path = std::move(where.path);
    // The library may be built to take every name that begins so for a URI.
    if (!how.is_uri && how.path.starts_with("file:")) dovetail::detail::replace_part(how.path, 0, 0, "./");
  }
  return parsed_string<options>{std::move(how), said};
}

}  // namespace sqlite
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
