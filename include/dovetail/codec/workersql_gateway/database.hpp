// What a WorkerSQL gateway asks of the database behind it.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
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
  virtual result<std::unique_ptr<transaction>> begin(bool must_not_write, deadline by) = 0;
  virtual result<void> ping(deadline by) = 0;
  virtual database_load load() const noexcept = 0;
};

}  // namespace dovetail::inline v0::workersql::serving
