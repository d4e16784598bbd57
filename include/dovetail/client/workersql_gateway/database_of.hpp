// Any blocking SQL client as the database of a WorkerSQL gateway.
#pragma once

#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/client/pool_report.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/codec/workersql_gateway/database.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/row/row.hpp>
#include <dovetail/sql/dynamic_statement.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <tuple>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

[[gnu::cold, gnu::noinline]] inline error_info too_large_result() {
  return {errc::request_too_large, "the result is larger than the gateway gives"};
}

/// Runs one statement by the verbs of `on`, whose style is `dt::as_result`.
template <dialect D, class Verbs>
result<statement_result> run_statement(Verbs& on, const statement& what, const result_limits& limits) {
  using request = sql_request<dynamic_statement<D>, std::tuple<dynamic_arguments>>;
  const dynamic_arguments given{what.values, what.names};
  request asked{dynamic_statement<D>{what.sql, given}, {given}};
  if (!asked.sql.is_valid()) return asked.sql.failure();
  const statement_traits traits = asked.sql.view().traits;
  result<statement_result> out{statement_result{}};
  if (traits.returns_rows == tri_state::no) {
    const bool is_insert = traits.kind == statement_kind::insert;
    auto done = on.run(sql_execute<request>{std::move(asked)}, std::source_location{});
    if (!done) return std::move(done).error();
    out->rows_affected = done->rows_affected;
    if (is_insert) out->insert_id = done->last_insert_id;
    return out;
  }
  auto some = on.run(sql_query_some<row, request>{std::move(asked), row_limits{limits.rows, limits.bytes}},
                     std::source_location{});
  if (!some) return std::move(some).error();
  if (some->has_more) return too_large_result();
  out->has_rows = true;
  out->rows = std::move(some->rows);
  if (traits.read_only == tri_state::no) out->rows_affected = static_cast<std::int64_t>(out->rows.size());
  return out;
}

/// Of a text alone: it may change something and give rows.
template <dialect D>
bool may_write_and_give_rows(const statement& what) {
  const dynamic_statement<D> found{what.sql, dynamic_arguments{what.values, what.names}};
  const statement_traits traits = found.view().traits;
  return found.is_valid() && traits.read_only == tri_state::no && traits.returns_rows != tri_state::no;
}

template <dialect D, class Scope>
class transaction_of final : public transaction {
 public:
  explicit transaction_of(Scope scope) : scope_(std::move(scope)) {}

  result<statement_result> run(const statement& what, const result_limits& limits, deadline by) override {
    auto on = scope_.within(by);
    return run_statement<D>(on, what, limits);
  }
  result<void> commit(deadline) override { return scope_.commit(); }

 private:
  Scope scope_;
};

/// `Held` is the client itself or a reference to it.
template <class Held>
class database_of final : public database {
  using client_type = std::remove_reference_t<Held>;
  static constexpr v0::dialect language = client_type::speaks;

 public:
  explicit database_of(Held&& client) : client_(std::forward<Held>(client)) {}

  v0::dialect speaks() const noexcept override { return language; }

  result<statement_result> run(const statement& what, const result_limits& limits, deadline by) override {
    auto on = client_.within(by).with(as_result);
    // A result that is too large must undo what made it.
    if (what.must_not_write || what.needs_certainty || may_write_and_give_rows<language>(what)) {
      const auto body = [&](auto& tx) { return run_statement<language>(tx, what, limits); };
      return on.transaction(what.must_not_write ? begin_mode::read_only : begin_mode::automatic, body);
    }
    return run_statement<language>(on, what, limits);
  }

  result<std::vector<statement_result>> run_all(const std::vector<statement>& all, const result_limits& limits,
                                                deadline by, std::size_t& failed) override {
    bool must_not_write = true;
    for (const statement& each : all) must_not_write = must_not_write && each.must_not_write;
    const auto body = [&](auto& tx) -> result<std::vector<statement_result>> {
      result<std::vector<statement_result>> done{std::vector<statement_result>{}};
      for (std::size_t i = 0; i < all.size(); ++i) {
        failed = i;
        auto one = run_statement<language>(tx, all[i], limits);
        if (!one) return std::move(one).error();
        done->push_back(*std::move(one));
      }
      failed = static_cast<std::size_t>(-1);
      return done;
    };
    return client_.within(by).with(as_result).transaction(
        must_not_write ? begin_mode::read_only : begin_mode::automatic, body);
  }

  result<std::unique_ptr<transaction>> begin(bool must_not_write, deadline) override {
    auto begun = client_.with(as_result).begin(must_not_write ? begin_mode::read_only : begin_mode::automatic);
    if (!begun) return std::move(begun).error();
    using scope = std::remove_cvref_t<decltype(*begun)>;
    return std::unique_ptr<transaction>{std::make_unique<transaction_of<language, scope>>(*std::move(begun))};
  }

  result<void> ping(deadline by) override {
    auto done = client_.within(by).with(as_result).template query_value<int>("select 1");
    if (!done) return std::move(done).error();
    return {};
  }

  database_load load() const noexcept override {
    const pool_statistics now = client_.statistics();
    return {.connections = now.total, .in_use = now.active};
  }

 private:
  Held client_;
};

}  // namespace dovetail::inline v0::workersql::serving
