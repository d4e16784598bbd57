// Batches with asynchronous databases: the same calls give awaitables. The rows are copied.
#pragma once

#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/client/asyncsql/run_awaited.hpp>
#include <dovetail/client/asyncsql/run_operation.hpp>

#include <asio/awaitable.hpp>

#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

template <>
struct batch_driver<true> {
  template <class Unpack, class Db, class Statement, class T>
  static auto run(Db& db, Statement sql, std::span<const T> rows, std::shared_ptr<batch_state> state, batch_options how,
                  std::source_location where) {
    return deliver_awaited<Db>(
        run_all<Unpack>(db, sql, std::vector<T>(rows.begin(), rows.end()), std::move(state), how, where));
  }
  template <class Unpack, class Columns, class Db, class Arrays, class Statement, class T>
  static auto run_arrays(Db& db, Arrays arrays, Statement sql, std::span<const T> rows,
                         std::shared_ptr<batch_state> state, batch_options how, std::source_location where) {
    return deliver_awaited<Db>(try_arrays<Unpack, Columns>(db, std::move(arrays), std::move(sql),
                                                           std::make_shared<std::vector<T>>(rows.begin(), rows.end()),
                                                           std::move(state), how, where));
  }
  template <class Unpack, class Db, class Statement, class T>
  static auto copy(Db& db, std::string_view table, Statement sql, std::span<const T> rows,
                   std::shared_ptr<batch_state> state, batch_options how, std::source_location where) {
    return deliver_awaited<Db>(copy_or_insert<Unpack>(db, std::string{table}, std::move(sql),
                                                      std::vector<T>(rows.begin(), rows.end()), std::move(state), how,
                                                      where));
  }

 private:
  template <class Unpack, class Db, class Statement, class T>
  static asio::awaitable<result<batch_result>> copy_or_insert(Db& db, std::string table, Statement sql,
                                                              std::vector<T> rows, std::shared_ptr<batch_state> state,
                                                              batch_options how, std::source_location where) {
    auto done = co_await copy_all(db, std::move(table), rows, where);
    if (!done || done->rows_affected >= 0) co_return done;
    co_return co_await run_all<Unpack>(db, std::move(sql), std::move(rows), std::move(state), how, where);
  }

  template <class Db, class T>
  static asio::awaitable<result<batch_result>> copy_all(Db& db, std::string table, const std::vector<T>& rows,
                                                        std::source_location where) {
    batch_result all;
    error_info failure;
    if constexpr (awaits_results<Db>) {
      result<summary> done = co_await db.copy_in_as_insert(table, rows, where);
      if (done) {
        all.rows_affected = done->rows_affected;
      } else {
        failure = std::move(done).error();
      }
    } else {
      try {
        const summary done = co_await db.copy_in_as_insert(table, rows, where);
        all.rows_affected = done.rows_affected;
      } catch (const error& failed) {
        failure = failed.info();
      }
    }
    if (!failure) co_return all;
    co_return failure;
  }

  template <class Unpack, class Db, class Statement, class T>
  static asio::awaitable<result<batch_result>> run_all(Db& db, Statement sql, std::vector<T> rows,
                                                       std::shared_ptr<batch_state> state, batch_options how,
                                                       std::source_location where) {
    using op_type = sql_execute_many<Statement, std::vector<T>, Unpack>;
    dovetail::detail::note_use(sql);
    if (how.on_error == batch_errors::undo_all) {
      op_type op{{sql}, std::move(rows), state};
      auto done = co_await run_awaited(db, std::move(op), where);
      if (!done) co_return std::move(done).error();
      batch_result all;
      all.rows_affected = done->rows_affected;
      all.affected = std::move(state->affected);
      co_return all;
    }
    batch_segments segments{rows.size()};
    while (segments.has_next()) {
      state->done_before = segments.first();
      const auto first = rows.begin() + static_cast<std::ptrdiff_t>(segments.first());
      op_type op{{sql}, std::vector<T>(first, first + static_cast<std::ptrdiff_t>(segments.count())), state};
      auto done = co_await run_segment(db, std::move(op), where);
      if (done) {
        segments.done(*state, done->rows_affected);
      } else if (!segments.failed(*state, std::move(done).error())) {
        break;
      }
    }
    co_return std::move(segments.result());
  }

  template <class Unpack, class Columns, class Db, class Arrays, class Statement, class T>
  static asio::awaitable<result<batch_result>> try_arrays(Db& db, Arrays arrays, Statement sql,
                                                          std::shared_ptr<std::vector<T>> rows,
                                                          std::shared_ptr<batch_state> state, batch_options how,
                                                          std::source_location where) {
    using op_type = sql_execute_many<Arrays, array_chunks<T>, Columns>;
    op_type op{{std::move(arrays)}, {std::span<const T>{*rows}, state, rows}, state};
    auto done = co_await run_segment(db, std::move(op), where);
    if (done) co_return array_result(*state, done->rows_affected);
    if (!is_failure_of_arrays(done.error())) co_return std::move(done).error();
    leave_arrays(*state);
    co_return co_await run_all<Unpack>(db, std::move(sql), std::move(*rows), std::move(state), how, where);
  }

  /// Inside of a transaction a failed segment must not take the transaction with it.
  template <class Db, class Op>
  static asio::awaitable<result<summary>> run_segment(Db& db, Op op, std::source_location where) {
    if constexpr (may_be_in_transaction<Db>) {
      if (in_transaction(db)) co_return co_await run_savepoint(db, std::move(op), where);
    }
    co_return co_await run_awaited(db, std::move(op), where);
  }

  template <class Db, class Op>
  static asio::awaitable<result<summary>> run_savepoint(Db& db, Op op, std::source_location where) {
    result<summary> done{summary{}};
    const auto body = [&](auto& tx) -> asio::awaitable<void> {
      done = co_await run_awaited(tx, op, where);
      if (!done) throw_error(done.error());
    };
    error_info failure = co_await transact_awaited(db, body, where);
    if (failure) co_return failure;
    co_return done;
  }
};

}  // namespace dovetail::inline v0::detail
