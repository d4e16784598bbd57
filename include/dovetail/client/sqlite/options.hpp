// What a SQLite connection is opened with.
#pragma once

#include <dovetail/client/sqlite/memory_anchor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace dovetail::inline v0 {
namespace sqlite {

enum class open_mode : std::uint8_t {
  create,      ///< read and write; the file is made when it is not there (`mode=rwc`, the default)
  read_write,  ///< read and write; the file must be there (`mode=rw`)
  read_only,   ///< no statement may change the database (`mode=ro`)
};

enum class journal_mode : std::uint8_t {
  automatic,  ///< write-ahead log for files that may be written, else what the database has
  wal,
  rollback,  ///< SQLite's `delete`
  truncate,
  persist,
  memory,
  off,
};

enum class synchronous : std::uint8_t {
  automatic,  ///< `normal` with a write-ahead log, else SQLite's own default (`full`)
  off,
  normal,
  full,
  extra,
};

/// Options of one connection; all connections of a pool share them.
struct options {
  std::string path;  ///< a file; empty: an in-memory database of this client
  open_mode mode = open_mode::create;
  bool is_uri = false;       ///< `path` is a `file:` URI in SQLite's own syntax
  bool foreign_keys = true;  ///< enforce foreign keys (SQLite's default is not to)
  journal_mode journal = journal_mode::automatic;
  dovetail::sqlite::synchronous synchronous = dovetail::sqlite::synchronous::automatic;
  std::chrono::milliseconds busy_timeout{5000};  ///< longest wait for a lock; the deadline may end it earlier
  std::size_t cache_statements = 64;             ///< prepared statements kept per connection
  std::size_t length_limit = 0;         ///< bytes of the longest text, blob, row and statement; 0: SQLite's own
  bool include_statement_text = false;  ///< SQL text in errors; may hold literals
  /// Keeps an in-memory database alive while the client lives; set by `parse_options`.
  dovetail::sqlite::memory_anchor memory_anchor;

  bool is_memory() const noexcept { return static_cast<bool>(memory_anchor); }

  /// For messages and metrics: the database, without its options.
  std::string public_name() const { return is_memory() ? std::string{"sqlite::memory:"} : "sqlite:" + path; }

  /// The same database, opened the same way.
  friend bool operator==(const options&, const options&) = default;
};

}  // namespace sqlite
}  // namespace dovetail::inline v0
