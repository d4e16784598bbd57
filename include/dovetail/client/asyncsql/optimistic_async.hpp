// `dt::optimistic<Row>` with asynchronous databases: the same calls give awaitables.
#pragma once

#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/client/asyncsql/run_awaited.hpp>
#include <dovetail/driver/await_pause.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <concepts>
#include <optional>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

/// A view whose limit begins when a call does.
template <class Db>
concept starts_calls = requires(const Db& db) {
  { db.as_one_call() } -> std::same_as<std::remove_const_t<Db>>;
};
/// What a call's statements go to, which share the limit of a view: another view, or the database itself.
template <class Db>
using one_call = std::conditional_t<starts_calls<Db>, std::remove_const_t<Db>, Db&>;
template <class Db>
one_call<Db> begin_call(Db& db) {
  if constexpr (starts_calls<Db>) {
    return db.as_one_call();
  } else {
    return db;
  }
}

template <>
struct lock_driver<true> {
  using shared = lock_driver<false>;
  template <class Layout>
  using outcome = asio::awaitable<result<lock_result<typename Layout::row_type>>>;

  template <class Db, class T>
  static auto deliver(asio::awaitable<result<T>> answer) {
    return deliver_awaited<Db>(std::move(answer));
  }

  template <class Layout, class Db>
  static outcome<Layout> find(Db& db, lock_target on, typename Layout::key_type key, std::source_location where) {
    const std::string text = lock_texts<Db::speaks, Layout>::read(on.quoted);
    auto found = co_await run_awaited(db, lock_calls<Db::speaks, Layout>::read(text, key, where), where);
    on.monitor->count(found && *found, 0, 0, false);
    if (!found) co_return std::move(found).error();
    co_return shared::found_row<Layout>(*std::move(found), std::move(key));
  }

  template <class Layout, class Db, class Attempts>
  static outcome<Layout> change(Db& db, lock_target on, Attempts at, std::source_location where) {
    one_call<Db> whole = begin_call(db);
    error_info failure = co_await attempt<Layout>(whole, on, at, where);
    if (failure) {
      on.monitor->count(false, at.conflicts(), static_cast<std::uint64_t>(at.outcome().retry_count), false);
      co_return failure;
    }
    report_attempts<Layout>(*on.monitor, on.table, at);
    co_return std::move(at.outcome());
  }

  template <class Layout, class Db, class Fn>
  static outcome<Layout> modify(Db& db, lock_target on, typename Layout::key_type key, lock_settings how, Fn fn,
                                std::source_location where) {
    one_call<Db> whole = begin_call(db);
    auto now = co_await find<Layout>(whole, on, std::move(key), where);
    if (!now || !*now) co_return now;
    auto mine = now->row;
    if (!call_recompute(fn, mine)) co_return shared::given_up<Layout>(*std::move(now));
    lock_attempts<Layout, Fn> at{shared::restored<Layout>(std::move(mine), *now->base), now->base, std::move(how),
                                 std::move(fn)};
    co_return co_await change<Layout>(whole, on, std::move(at), where);
  }

  template <class Layout, class Db>
  static outcome<Layout> erase(Db& db, lock_target on, typename Layout::row_type row,
                               std::optional<typename Layout::row_type> base, lock_settings how,
                               std::source_location where) {
    using texts = lock_texts<Db::speaks, Layout>;
    using calls = lock_calls<Db::speaks, Layout>;
    const bool is_forced = how.strategy == conflict_strategy::last_writer_wins;
    how.strategy = conflict_strategy::fail_fast;  // what shall be deleted is not what is there now
    lock_attempts<Layout> at{std::move(row), std::move(base), std::move(how)};
    if (error_info wrong = at.problem()) co_return wrong;
    one_call<Db> whole = begin_call(db);
    const std::string text = is_forced ? texts::erase_any(on.quoted) : texts::erase(on.quoted);
    result<summary> done{summary{}};
    if (is_forced) {
      done = co_await run_awaited(whole, calls::erase_any(text, at.row(), where), where);
    } else {
      done = co_await run_awaited(whole, calls::erase(text, at.row(), where), where);
    }
    error_info failure = done ? error_info{} : std::move(done).error();
    if (!failure && done->rows_affected == 0) {
      const std::string by_key = texts::read(on.quoted);
      auto theirs = co_await run_awaited(whole, calls::read(by_key, Layout::key_of(at.row()), where), where);
      if (theirs) {
        at.found(*std::move(theirs), is_forced);
      } else {
        failure = std::move(theirs).error();
      }
    } else if (!failure) {
      at.erased(is_forced);
    }
    if (failure) {
      on.monitor->count(false, 0, 0, false);
      co_return failure;
    }
    report_attempts<Layout>(*on.monitor, on.table, at);
    co_return std::move(at.outcome());
  }

  template <class Layout, class Db>
  static asio::awaitable<result<lock_batch_result<typename Layout::row_type>>> change_all(
      Db& db, lock_target on, std::vector<lock_result<typename Layout::row_type>> rows, lock_settings how,
      bool is_atomic, std::source_location where) {
    lock_batch_result<typename Layout::row_type> all;
    if (error_info wrong = changed_key<Layout>(rows)) co_return wrong;
    error_info failure;
    one_call<Db> whole = begin_call(db);
    if (!is_atomic) {
      failure = co_await change_each<Layout>(whole, on, rows, how, all, where);
      if (failure) co_return failure;
      co_return all;
    }
    batch_count count{on};
    try {
      const auto body = [&](auto& tx) -> asio::awaitable<void> {
        all = {};
        failure = co_await change_each<Layout>(tx, count.next(), rows, how, all, where);
        if (failure) throw_error(failure);  // a conflict between transactions begins it again
        if (!all.ok()) throw batch_undone{};
      };
      failure = co_await transact_awaited(whole, body, where);
    } catch (const batch_undone&) {
      failure = {};
      all.roll_back(rows);
    }
    count.end(!failure && !all.is_rolled_back);
    if (failure) co_return failure;
    co_return all;
  }

 private:
  template <class Layout, class Db, class Attempts>
  static asio::awaitable<error_info> attempt(Db& db, const lock_target& on, Attempts& at, std::source_location where) {
    using texts = lock_texts<Db::speaks, Layout>;
    using calls = lock_calls<Db::speaks, Layout>;
    if (error_info wrong = at.problem()) co_return wrong;
    std::string reading;
    std::string writing;
    for (lock_step next = at.begin(); next != lock_step::done;) {
      switch (next) {
        case lock_step::write: {
          if (writing.empty()) writing = texts::write(on.quoted);
          auto done = co_await run_awaited(db, calls::write(writing, at.row(), where), where);
          if (!done) co_return std::move(done).error();
          next = at.wrote(calls::version_in(*done));
          break;
        }
        case lock_step::force: {
          const std::string text = texts::force(on.quoted);
          auto done = co_await run_awaited(db, calls::force(text, at.row(), where), where);
          if (!done) co_return std::move(done).error();
          next = at.forced(*std::move(done));
          break;
        }
        case lock_step::look:
        case lock_step::read: {
          if (reading.empty()) reading = texts::read(on.quoted);
          auto now = co_await run_awaited(db, calls::read(reading, Layout::key_of(at.row()), where), where);
          if (!now) co_return std::move(now).error();
          next = next == lock_step::look ? at.saw(*std::move(now)) : at.found(*std::move(now));
          break;
        }
        case lock_step::pause:
          if (!in_transaction(db) && at.may_wait(limit_of(db).remaining())) {
            const asio::any_io_executor executor = co_await asio::this_coro::executor;
            const bool throws = co_await asio::this_coro::throw_if_cancelled();
            co_await asio::this_coro::throw_if_cancelled(false);  // the pause says it itself
            error_info ended = co_await await_pause<void>(executor, at.delay(), throws, where);
            co_await asio::this_coro::throw_if_cancelled(throws);
            if (ended) co_return ended;
          }
          next = lock_step::read;
          break;
        case lock_step::done:
          break;
      }
    }
    co_return error_info{};
  }

  template <class Layout, class Db>
  static asio::awaitable<error_info> change_each(Db& db, const lock_target& on,
                                                 const std::vector<lock_result<typename Layout::row_type>>& rows,
                                                 const lock_settings& how,
                                                 lock_batch_result<typename Layout::row_type>& all,
                                                 std::source_location where) {
    for (const auto& each : rows) {
      auto one = co_await change<Layout>(db, on, lock_attempts<Layout>{each.row, each.base, how}, where);
      if (!one) co_return std::move(one).error();
      all.add(*std::move(one));
    }
    co_return error_info{};
  }
};

}  // namespace dovetail::inline v0::detail
