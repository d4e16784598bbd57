// The operations that a WorkerSQL gateway has beyond those of every SQL client: batches, health, answers with all
// facts.
#pragma once

#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/workersql/request_body.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/rows.hpp>
#include <dovetail/sql/statement.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// An answer with everything that the gateway says about it; what the SDKs call QueryResponse.
template <class Row>
struct query_response {
  rows<Row> data{};
  std::optional<std::int64_t> row_count{};
  std::optional<double> execution_time{};  ///< in milliseconds, as the gateway measured it
  bool cached = false;
};

/// Reads all rows, and what is said about them.
template <class Row, class Request>
struct query_with_facts {
  using value_type = query_response<row_value_t<Row>>;
  static constexpr std::string_view name = "query";
  Request request;
  query_options how;
  repeat_key key{};
  bool is_idempotent() const noexcept { return request.is_read_only() || key.is_honoured; }
};

/// Several statements that are executed together: all, or none when one fails.
///
///     dt::workersql::batch work;
///     work.add("insert into t(id, name) values (?, ?)", 1, "Ann").add("update t set n = n + 1 where id = :id", me);
///     db.batch(work);
///
/// The gateway takes insert, update and delete here; a batch for `batch=sdk` may hold other statements. Arguments are
/// copied. Errors are kept, and come with the call.
class batch {
 public:
  template <class... Args>
  batch& add(statement_for<dialect::sqlite, void, Args...> sql, const Args&... args) {
    using request = sql_request<statement_for<dialect::sqlite, void, Args...>, std::tuple<const Args&...>>;
    append(request{sql, std::tuple<const Args&...>{args...}});
    return *this;
  }

  std::size_t size() const noexcept { return begins_.size(); }
  bool empty() const noexcept { return begins_.empty(); }
  void clear() { *this = batch{}; }

  /// For operations: adds a checked request.
  template <class Request>
  void append(const Request& asked) {
    begin_item();
    close_item(detail::append_statement(items_, asked, {}, false));
    if (!refused_) items_ += '}';
    const statement_kind kind = asked.sql.view().traits.kind;
    has_others_ = has_others_ ||
                  (kind != statement_kind::insert && kind != statement_kind::update && kind != statement_kind::remove);
  }
  /// Adds `insert into … values (…)` for one struct.
  template <class Struct>
  void append_row(std::string_view text, const Struct& row) {
    begin_item();
    close_item(detail::append_insert(items_, text, row));
  }

  const std::string& items() const noexcept { return items_; }
  /// Statement number `index`, counted from 0, as an object.
  std::string_view item(std::size_t index) const noexcept {
    const std::size_t begin = begins_[index];
    const std::size_t end = index + 1 < begins_.size() ? begins_[index + 1] - 1 : items_.size();
    return std::string_view{items_}.substr(begin, end - begin);
  }
  const error_info& refused() const noexcept { return refused_; }
  bool has_others() const noexcept { return has_others_; }

 private:
  void begin_item() {
    if (!begins_.empty()) items_ += ',';
    begins_.push_back(items_.size());
  }
  void close_item(error_info failure) {
    if (!failure || refused_) return;
    std::string context{"statement "};
    context.append(dovetail::detail::number_text{begins_.size()}).append(" of the batch");
    if (!failure.context().empty()) context.append(": ").append(failure.context());
    refused_ = std::move(failure);
    refused_.with_context(std::move(context));
  }

  std::string items_;
  std::vector<std::size_t> begins_;
  bool has_others_ = false;
  error_info refused_;
};

/// What a batch did.
struct batch_summary {
  std::int64_t rows_affected = 0;  ///< of all statements together
  /// As the gateway tells it: one for each statement, or one sum for each shard.
  std::vector<summary> results{};
  std::optional<double> execution_time{};
};

struct execute_batch {
  using value_type = batch_summary;
  static constexpr std::string_view name = "batch";
  batch work;
  repeat_key key{};
  bool is_idempotent() const noexcept { return key.is_honoured; }
};

/// The same, as one summary.
struct execute_rows {
  using value_type = summary;
  static constexpr std::string_view name = "execute_many";
  batch work;
  repeat_key key{};
  bool is_idempotent() const noexcept { return key.is_honoured; }
};

/// What a gateway may say of its database and its cache. The members have the names of the answer.
struct database_health {
  std::optional<bool> connected{};
  std::optional<double> responseTime{};  // NOLINT
};
struct cache_health {
  std::optional<bool> enabled{};
  std::optional<double> hitRate{};  // NOLINT
};

/// What a gateway says of itself; members beyond the first are there when it has them.
struct gateway_health {
  std::string status{};  ///< "healthy"
  std::optional<std::string> version{};
  std::optional<std::string> timestamp{};
  std::optional<double> uptime{};
  std::optional<database_health> database{};
  std::optional<cache_health> cache{};

  bool is_healthy() const noexcept { return status == "healthy" || status == "ok"; }
};

struct ask_health {
  using value_type = gateway_health;
  static constexpr std::string_view name = "health";
  bool is_idempotent() const noexcept { return true; }
};

struct ask_ping {
  using value_type = void;
  static constexpr std::string_view name = "ping";
  bool is_idempotent() const noexcept { return true; }
};

}  // namespace dovetail::inline v0::workersql
