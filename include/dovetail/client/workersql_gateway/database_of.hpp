// Any blocking SQL client as the database of a WorkerSQL gateway.
#pragma once

#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/client/pool_report.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/client/workersql_gateway/change_table.hpp>
#include <dovetail/client/workersql_gateway/interruptible.hpp>
#include <dovetail/client/workersql_gateway/query_only.hpp>
#include <dovetail/codec/workersql_gateway/answer_size.hpp>
#include <dovetail/codec/workersql_gateway/check_texts.hpp>
#include <dovetail/codec/workersql_gateway/database.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/row/row.hpp>
#include <dovetail/sql/dynamic_statement.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

[[gnu::cold, gnu::noinline]] inline error_info too_large_result(std::string_view setting) {
  return {errc::request_too_large,
          "the result is larger than the gateway gives (its options' results." + std::string{setting} + ')'};
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
  if (some->has_more) {
    return too_large_result(limits.rows != 0 && some->rows.size() >= limits.rows ? "rows" : "bytes");
  }
  if (result<void> checked = check_texts(some->rows); !checked) return std::move(checked).error();
  result<std::size_t> size = answer_size(some->rows, limits.has_hex);
  if (!size) return std::move(size).error();
  if (*size > limits.bytes && limits.bytes != 0) return too_large_result("bytes");
  out->cost = (std::max)(*size, memory_of(some->rows));
  out->has_rows = true;
  out->rows = std::move(some->rows);
  if (traits.read_only == tri_state::no) out->rows_affected = static_cast<std::int64_t>(out->rows.size());
  return out;
}

/// It may change something and give rows: rows that cannot be answered must undo what made them.
template <dialect D>
bool may_write_and_give_rows(const statement& what) {
  const dynamic_statement<D> found{what.sql, dynamic_arguments{what.values, what.names}};
  const statement_traits traits = found.view().traits;
  const bool may_write = traits.read_only == tri_state::no || what.may_hide_writes;
  return found.is_valid() && may_write && traits.returns_rows != tri_state::no;
}

/// How the transaction of a statement begins. SQLite's writers are one at a time: what reads, as far as the text tells,
/// does not keep them waiting.
template <dialect D>
begin_mode mode_for(bool must_not_write, bool may_hide_writes) noexcept {
  if (must_not_write) return begin_mode::read_only;
  return D == dialect::sqlite && may_hide_writes ? begin_mode::deferred : begin_mode::automatic;
}

/// Of a client's view or a transaction: what refuses writes there.
template <class Scope>
using query_only_for = typename query_only_of<typename Scope::core_type::connection_type>::type;

template <dialect D, class Scope>
class transaction_of final : public transaction {
 public:
  explicit transaction_of(Scope scope) : scope_(std::move(scope)) {}

  error_info refuse_writes() { return refuses_.begin(scope_); }

  result<statement_result> run(const statement& what, const result_limits& limits, deadline by) override {
    auto on = scope_.within(by);
    interruptible<typename Scope::core_type::connection_type> ends{what.until};
    if (error_info failure = ends.begin_in(on)) return failure;
    if (what.must_not_write || !may_write_and_give_rows<D>(what)) return run_statement<D>(on, what, limits);
    const auto body = [&](auto& savepoint) { return run_statement<D>(savepoint, what, limits); };
    return on.transaction(body);
  }
  result<void> commit(deadline by) override {
    refuses_.end();
    return scope_.within(by).run(sql_commit{}, std::source_location::current());
  }

 private:
  Scope scope_;
  query_only_for<Scope> refuses_;
};

/// `Held` is the client itself or a reference to it.
template <class Held>
class database_of final : public database {
  using client_type = std::remove_reference_t<Held>;
  static constexpr v0::dialect language = client_type::speaks;

 public:
  explicit database_of(Held&& client) : client_(std::forward<Held>(client)) {}

  /// Others, as the WorkerSQL client with its cache, are asked in their own way.
  static constexpr bool is_interruptible = requires(client_type & on) {
    on.core().connections();
    requires ends_by_flag<typename client_type::connection_type> ||
        ends_by_request<typename client_type::connection_type>;
  };

  v0::dialect speaks() const noexcept override { return language; }

  result<statement_result> run(const statement& what, const result_limits& limits, deadline by) override {
    if (what.must_not_write || what.needs_certainty || may_write_and_give_rows<language>(what)) {
      const auto body = [&](auto& tx) -> result<statement_result> {
        query_only_for<std::remove_cvref_t<decltype(tx)>> refuses;
        interruptible<connection_of<decltype(tx)>> ends{what.until};
        if (error_info failure = what.must_not_write ? refuses.begin(tx) : error_info{}) return failure;
        if (error_info failure = ends.begin_in(tx)) return failure;
        return run_statement<language>(tx, what, limits);
      };
      const begin_mode mode = mode_for<language>(what.must_not_write, what.may_hide_writes);
      return client_.within(by).with(as_result).transaction(mode, body);
    }
    if constexpr (is_interruptible) {
      interruptible_client on{client_.core(), by, what.until};
      return run_statement<language>(on, what, limits);
    } else {
      auto on = client_.within(by).with(as_result);
      return run_statement<language>(on, what, limits);
    }
  }

  result<std::vector<statement_result>> run_all(const std::vector<statement>& all, const result_limits& limits,
                                                deadline by, std::size_t& failed) override {
    bool must_not_write = true;
    for (const statement& each : all) must_not_write = must_not_write && each.must_not_write;
    const auto body = [&](auto& tx) -> result<std::vector<statement_result>> {
      result<std::vector<statement_result>> done{std::vector<statement_result>{}};
      query_only_for<std::remove_cvref_t<decltype(tx)>> refuses;
      interruptible<connection_of<decltype(tx)>> ends{all.empty() ? nullptr : all.front().until};
      if (error_info failure = must_not_write ? refuses.begin(tx) : error_info{}) return failure;
      if (error_info failure = ends.begin_in(tx)) return failure;
      result_limits left = limits;
      for (std::size_t i = 0; i < all.size(); ++i) {
        failed = i;
        auto one = run_statement<language>(tx, all[i], left);
        if (!one) return std::move(one).error();
        left = without(left, one->cost);
        done->push_back(*std::move(one));
      }
      failed = static_cast<std::size_t>(-1);
      return done;
    };
    return client_.within(by).with(as_result).transaction(mode_for<language>(must_not_write, false), body);
  }

  bool keeps_changes() const noexcept override { return true; }

  result<void> run_once(const std::vector<statement>& all, kept_change& change, const result_limits& limits,
                        deadline by, std::size_t& failed) override {
    auto on = client_.within(by).with(as_result);
    const auto run_one = [](auto& verbs, const statement& what) {
      return run_statement<language>(verbs, what, {.rows = 1000, .bytes = 0});
    };
    if (result<void> ready = changes_.prepare(change.now, [&](const statement& what) { return run_one(on, what); });
        !ready) {
      return ready;
    }
    const auto body = [&](auto& tx) -> result<void> {
      const auto run = [&](const statement& what) { return run_one(tx, what); };
      interruptible<connection_of<decltype(tx)>> ends{all.front().until};
      if (error_info failure = ends.begin_in(tx)) return failure;
      failed = static_cast<std::size_t>(-1);
      auto claimed = change_table::claim(change, run);
      if (!claimed) return std::move(claimed).error();
      if (!*claimed) return {};
      std::vector<statement_result> done;
      result_limits left = limits;
      for (std::size_t i = 0; i < all.size(); ++i) {
        failed = i;
        auto one = run_statement<language>(tx, all[i], left);
        if (!one) return std::move(one).error();
        left = without(left, one->cost);
        done.push_back(*std::move(one));
      }
      failed = static_cast<std::size_t>(-1);
      auto answer = change.answer_to(done);
      if (!answer) return std::move(answer).error();
      change.body = *std::move(answer);
      return change_table::keep(change, run);
    };
    return on.transaction(begin_mode::automatic, body);
  }

  /// `by` bounds the beginning; what follows has limits of its own.
  result<std::unique_ptr<transaction>> begin(bool must_not_write, deadline by) override {
    auto on = client_.with(as_result);
    auto begun =
        dovetail::detail::begin_transaction<true>(on, mode_for<language>(must_not_write, false),
                                                  call::until(by, std::source_location::current()), deadline::never());
    if (!begun) return std::move(begun).error();
    using scope = std::remove_cvref_t<decltype(*begun)>;
    auto made = std::make_unique<transaction_of<language, scope>>(*std::move(begun));
    if (error_info failure = must_not_write ? made->refuse_writes() : error_info{}) return failure;
    return std::unique_ptr<transaction>{std::move(made)};
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
  template <class Scope>
  using connection_of = typename std::remove_cvref_t<Scope>::core_type::connection_type;

  Held client_;
  change_table changes_;
};

}  // namespace dovetail::inline v0::workersql::serving
