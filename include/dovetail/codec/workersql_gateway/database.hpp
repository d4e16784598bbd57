// What a WorkerSQL gateway asks of the database behind it.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/codec/workersql_gateway/interruption.hpp>
#include <dovetail/row/row.hpp>
#include <dovetail/row/rows.hpp>
#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/sql_value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// One statement with its parameters.
struct statement {
  std::string sql;
  std::vector<sql_value> values;
  std::vector<std::string> names;  ///< when the parameters were an object
  bool needs_certainty = false;  ///< when it fails, nothing of it must have happened, but for condition::commit_unknown
  bool must_not_write = false;   ///< its text does not tell whether it writes, and whoever asks must not
  bool may_hide_writes = false;  ///< it reads, but calls functions of which the text does not tell whether they write
  interruption* until = nullptr;  ///< ends it, but not its commit; of several that are executed together: of the first
};

/// What it gave.
struct statement_result {
  v0::rows<row> rows;
  bool has_rows = false;  ///< it is one that gives rows
  std::int64_t rows_affected = 0;
  std::optional<std::int64_t> insert_id{};
  std::size_t cost = 0;  ///< about, of what it takes in memory and in the answer: a batch has one limit for all
};

/// How much of a result is taken; more is a failure of the statement (condition::limit), which undoes it. So is text
/// that is not UTF-8 (`check_texts`): it cannot be answered.
struct result_limits {
  std::size_t rows = 10'000;
  std::size_t bytes = 16 * 1024 * 1024;  ///< as JSON, the names in every row included; of all results of a batch
  bool has_hex = false;                  ///< bytes are written as hexadecimal digits; the gateway sets it
};

/// A change under an idempotency key that is kept in the database itself, in the transaction that makes the change.
class kept_change {
 public:
  virtual ~kept_change() = default;
  /// The body of the answer to what was done.
  virtual result<std::string> answer_to(const std::vector<statement_result>& all) = 0;

  std::string id;            ///< stands for the key and its principal
  std::string request;       ///< stands for all that was asked
  std::int64_t now = 0;      ///< seconds since 1970
  std::int64_t expires = 0;  ///< the first second at which it is forgotten

  // What has become of it.
  std::string body;
  bool is_replayed = false;  ///< it was done before, and `body` is what was answered then
  bool is_mismatch = false;  ///< something else was done under this key: nothing is done now
};

/// A transaction that is open; one that goes is rolled back. A statement that fails is undone alone, or leaves nothing
/// but the rollback. Threads: one at a time.
class transaction {
 public:
  virtual ~transaction() = default;
  virtual result<statement_result> run(const statement& what, const result_limits& limits, deadline by) = 0;
  virtual result<void> commit(deadline by) = 0;
};

struct database_load {
  std::size_t connections = 0;
  std::size_t in_use = 0;
};

/// Threads: any number at once.
class database {
 public:
  virtual ~database() = default;
  virtual dialect speaks() const noexcept = 0;
  /// One statement on its own.
  virtual result<statement_result> run(const statement& what, const result_limits& limits, deadline by) = 0;
  /// All of them or none. `failed` tells which one failed.
  virtual result<std::vector<statement_result>> run_all(const std::vector<statement>& all, const result_limits& limits,
                                                        deadline by, std::size_t& failed) = 0;
  /// True when there is a `run_once`.
  virtual bool keeps_changes() const noexcept { return false; }
  /// All of them or none, and none when they were done before under the same key.
  virtual result<void> run_once(const std::vector<statement>&, kept_change&, const result_limits&, deadline,
                                std::size_t&) {
    return error_info{errc::operation_unsupported};
  }
  virtual result<std::unique_ptr<transaction>> begin(bool must_not_write, deadline by) = 0;
  virtual result<void> ping(deadline by) = 0;
  virtual database_load load() const noexcept = 0;
};

}  // namespace dovetail::inline v0::workersql::serving
