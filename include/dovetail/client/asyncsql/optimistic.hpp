// `dt::optimistic<Row>`: changes of rows that notice when somebody else was there first.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/asyncsql/lock_attempts.hpp>
#include <dovetail/client/asyncsql/lock_calls.hpp>
#include <dovetail/client/asyncsql/lock_monitor.hpp>
#include <dovetail/client/asyncsql/lock_outcome.hpp>
#include <dovetail/client/asyncsql/lock_rules.hpp>
#include <dovetail/client/asyncsql/run_operation.hpp>
#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/policy/pause.hpp>
#include <dovetail/row/version.hpp>
#include <dovetail/sql/identifier.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace detail {

/// What the calls of an `optimistic` share; a copy goes with each asynchronous one.
struct lock_target {
  std::string table;
  std::string quoted;
  std::shared_ptr<lock_monitor> monitor;
};

/// Thrown through a transaction, to roll it back.
struct batch_undone {};

/// Counts the attempts of an atomic batch: each one's operations have succeeded only when its transaction was kept.
class batch_count {
 public:
  explicit batch_count(const lock_target& on) : on_(on), to_(on.monitor) {}
  batch_count(const batch_count&) = delete;
  batch_count& operator=(const batch_count&) = delete;
  ~batch_count() { end(false); }

  /// The target of the next attempt.
  const lock_target& next() {
    end(false);
    on_.monitor = to_->of_batch();
    return on_;
  }
  void end(bool is_kept) noexcept {
    if (on_.monitor == to_) return;
    try {
      to_->absorb(*on_.monitor, is_kept);
    } catch (...) {  // out of memory: the history lacks an entry
    }
    on_.monitor = to_;
  }

 private:
  lock_target on_;
  std::shared_ptr<lock_monitor> to_;
};

/// Runs the calls of `optimistic`. If the compiler points here: asynchronous clients need
/// <dovetail/client/asyncsql/optimistic_async.hpp>.
template <bool IsAsync>
struct lock_driver;

template <>
struct lock_driver<false> {
  template <class Db, class T>
  static std::conditional_t<gives_results<Db>, result<T>, T> deliver(result<T> answer) {
    return deliver_as<Db>(std::move(answer));
  }
  template <class Layout>
  using outcome = result<lock_result<typename Layout::row_type>>;

  template <class Layout, class Db>
  static outcome<Layout> find(Db& db, const lock_target& on, typename Layout::key_type key,
                              std::source_location where) {
    const std::string text = lock_texts<Db::speaks, Layout>::read(on.quoted);
    auto found = run_blocking(db, lock_calls<Db::speaks, Layout>::read(text, key, where), where);
    on.monitor->count(found && *found, 0, 0, false);
    if (!found) return std::move(found).error();
    return found_row<Layout>(*std::move(found), std::move(key));
  }

  template <class Layout, class Db, class Attempts>
  static outcome<Layout> change(Db& db, const lock_target& on, Attempts at, std::source_location where) {
    error_info failure = attempt<Layout>(db, on, at, where);
    if (failure) {
      on.monitor->count(false, at.conflicts(), static_cast<std::uint64_t>(at.outcome().retry_count), false);
      return failure;
    }
    report_attempts<Layout>(*on.monitor, on.table, at);
    return std::move(at.outcome());
  }

  template <class Layout, class Db, class Fn>
  static outcome<Layout> modify(Db& db, const lock_target& on, typename Layout::key_type key, lock_settings how, Fn fn,
                                std::source_location where) {
    auto now = find<Layout>(db, on, std::move(key), where);
    if (!now || !*now) return now;
    auto mine = now->row;
    if (!call_recompute(fn, mine)) return given_up<Layout>(*std::move(now));
    lock_attempts<Layout, Fn> at{restored<Layout>(std::move(mine), *now->base), now->base, std::move(how),
                                 std::move(fn)};
    return change<Layout>(db, on, std::move(at), where);
  }

  template <class Layout, class Db>
  static outcome<Layout> erase(Db& db, const lock_target& on, typename Layout::row_type row,
                               std::optional<typename Layout::row_type> base, lock_settings how,
                               std::source_location where) {
    using texts = lock_texts<Db::speaks, Layout>;
    using calls = lock_calls<Db::speaks, Layout>;
    const bool is_forced = how.strategy == conflict_strategy::last_writer_wins;
    how.strategy = conflict_strategy::fail_fast;  // what shall be deleted is not what is there now
    lock_attempts<Layout> at{std::move(row), std::move(base), std::move(how)};
    if (error_info wrong = at.problem()) return wrong;
    const std::string text = is_forced ? texts::erase_any(on.quoted) : texts::erase(on.quoted);
    auto done = is_forced ? run_blocking(db, calls::erase_any(text, at.row(), where), where)
                          : run_blocking(db, calls::erase(text, at.row(), where), where);
    error_info failure = done ? error_info{} : std::move(done).error();
    if (!failure && done->rows_affected == 0) {
      const std::string by_key = texts::read(on.quoted);
      auto theirs = run_blocking(db, calls::read(by_key, Layout::key_of(at.row()), where), where);
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
      return failure;
    }
    report_attempts<Layout>(*on.monitor, on.table, at);
    return std::move(at.outcome());
  }

  template <class Layout, class Db>
  static result<lock_batch_result<typename Layout::row_type>> change_all(
      Db& db, const lock_target& on, std::vector<lock_result<typename Layout::row_type>> rows, lock_settings how,
      bool is_atomic, std::source_location where) {
    lock_batch_result<typename Layout::row_type> all;
    if (error_info wrong = changed_key<Layout>(rows)) return wrong;
    if (!is_atomic) {
      if (error_info failure = change_each<Layout>(db, on, rows, how, all, where)) return failure;
      return all;
    }
    error_info failure;
    batch_count count{on};
    try {
      const auto body = [&](auto& tx) {
        all = {};
        failure = change_each<Layout>(tx, count.next(), rows, how, all, where);
        if (failure) throw_error(failure);  // a conflict between transactions begins it again
        if (!all.ok()) throw batch_undone{};
      };
      if constexpr (gives_results<Db>) {
        failure = db.transaction(body, where).error();
      } else {
        db.transaction(body, where);
        failure = {};
      }
    } catch (const batch_undone&) {
      failure = {};
      all.roll_back(rows);
    } catch (const error& failed) {
      failure = failed.info();
    }
    count.end(!failure && !all.is_rolled_back);
    if (failure) return failure;
    return all;
  }

  // Shared with the asynchronous driver.

  template <class Layout>
  static lock_result<typename Layout::row_type> found_row(std::optional<typename Layout::row_type> found,
                                                          typename Layout::key_type key) {
    lock_result<typename Layout::row_type> answer;
    if (!found) {
      answer.status = lock_status::record_not_found;
      member_at<Layout::key>(answer.row) = std::move(key);
      return answer;
    }
    answer.row = *std::move(found);
    answer.base = answer.row;
    answer.expected_version = answer.current_version = Layout::version_of(answer.row);
    return answer;
  }
  /// The user's function has no say over key and version.
  template <class Layout>
  static typename Layout::row_type restored(typename Layout::row_type mine, const typename Layout::row_type& base) {
    member_at<Layout::key>(mine) = Layout::key_of(base);
    member_at<Layout::version>(mine) = member_at<Layout::version>(base);
    return mine;
  }
  /// With the version of the base.
  template <class Layout>
  static typename Layout::row_type versioned(typename Layout::row_type mine, const typename Layout::row_type& base) {
    member_at<Layout::version>(mine) = member_at<Layout::version>(base);
    return mine;
  }
  /// Nothing was wanted, and nothing is written.
  template <class Layout>
  static lock_result<typename Layout::row_type> given_up(lock_result<typename Layout::row_type> now) {
    now.updated = false;
    return now;
  }

 private:
  template <class Layout, class Db, class Attempts>
  static error_info attempt(Db& db, const lock_target& on, Attempts& at, std::source_location where) {
    using texts = lock_texts<Db::speaks, Layout>;
    using calls = lock_calls<Db::speaks, Layout>;
    if (error_info wrong = at.problem()) return wrong;
    std::string reading;
    std::string writing;
    for (lock_step next = at.begin(); next != lock_step::done;) {
      switch (next) {
        case lock_step::write: {
          if (writing.empty()) writing = texts::write(on.quoted);
          auto done = run_blocking(db, calls::write(writing, at.row(), where), where);
          if (!done) return std::move(done).error();
          next = at.wrote(calls::version_in(*done));
          break;
        }
        case lock_step::force: {
          const std::string text = texts::force(on.quoted);
          auto done = run_blocking(db, calls::force(text, at.row(), where), where);
          if (!done) return std::move(done).error();
          next = at.forced(*std::move(done));
          break;
        }
        case lock_step::look:
        case lock_step::read: {
          if (reading.empty()) reading = texts::read(on.quoted);
          auto now = run_blocking(db, calls::read(reading, Layout::key_of(at.row()), where), where);
          if (!now) return std::move(now).error();
          next = next == lock_step::look ? at.saw(*std::move(now)) : at.found(*std::move(now));
          break;
        }
        case lock_step::pause:
          if (!in_transaction(db) && at.may_wait(limit_of(db).remaining())) pause_for(at.delay());
          next = lock_step::read;
          break;
        case lock_step::done:
          break;
      }
    }
    return {};
  }

  template <class Layout, class Db>
  static error_info change_each(Db& db, const lock_target& on,
                                const std::vector<lock_result<typename Layout::row_type>>& rows,
                                const lock_settings& how, lock_batch_result<typename Layout::row_type>& all,
                                std::source_location where) {
    for (const auto& each : rows) {
      auto one = change<Layout>(db, on, lock_attempts<Layout>{each.row, each.base, how}, where);
      if (!one) return std::move(one).error();
      all.add(*std::move(one));
    }
    return {};
  }
};

}  // namespace detail

/// Whether the updates of a batch stand or fall together.
enum class batch_mode : bool { each_alone, atomic };

/// Rows of a table with optimistic locking: an update succeeds only when the row still has the version that the change
/// was made from, and counts the version up. `Row` is a struct with a key and a member of type `dt::version`:
///
///     struct account { std::int64_t id; std::string owner; std::int64_t balance; dt::version version; };
///     dt::optimistic<account> accounts{"account"};
///     auto found = accounts.read(db, 1);
///     found.row.balance += 10;
///     auto done = accounts.update(db, found);      // done.status, done.row, done.new_version()
///
/// `Key` names the key's column, `Version` the version's when it is a plain integer. `db` is a client, a view of one, a
/// transaction or a session; an asynchronous one gives awaitables. Only the members of the struct are read and written.
/// Errors: what the statements give (`dt::error`, or `dt::result` as the database's style is). Conflicts are no errors:
/// look at `status`, which is never `success` then. errc::invalid_key, before anything is sent: the row has another key
/// than what was read.
/// Threads: any number at once, each with its own transaction. Lifetime: `db` must outlive an asynchronous call.
template <class Row, fixed_string Key = "id", fixed_string Version = "">
class optimistic {
  using layout = lock_layout<Row, Key, Version>;
  using place = std::source_location;
  template <class Db>
  using driver = detail::lock_driver<asyncsql::is_async<std::remove_reference_t<Db>>>;

 public:
  using row_type = Row;
  using key_type = typename layout::key_type;

  /// `table` may have a schema. `monitor` may be shared by several objects.
  /// Errors: throws errc::malformed_statement for a name that cannot be quoted, errc::invalid_option for a merge rule
  /// of a field that the row does not have, or that the field's type cannot follow.
  explicit optimistic(std::string_view table, lock_settings how = {},
                      std::shared_ptr<lock_monitor> monitor = std::make_shared<lock_monitor>())
      : on_{std::string{table}, quote_qualified(dialect::postgres, table).value(), std::move(monitor)},
        how_(checked(std::move(how))) {}

  /// The same table and counters with other settings: `accounts.with(dt::conflict_strategy::merge).update(…)`.
  /// Errors: throws errc::invalid_option, as the constructor.
  optimistic with(lock_settings how) const { return {on_, checked(std::move(how))}; }
  const lock_settings& settings() const noexcept { return how_; }

  /// Reads a row; the answer remembers it as the base of the change that follows. (lock_result<Row>)
  template <asyncsql::sql_database Db>
  auto read(Db&& db, key_type key, place where = place::current()) const {
    return deliver<Db>(driver<Db>::template find<layout>(db, on_, std::move(key), where));
  }

  /// Writes a row that was made from what is in the database at its version. After a conflict:
  /// fail_fast gives up. retry applies the change again when the others have changed other fields than this one, which
  /// needs a base: give what `read` gave, or base and row. merge does, with rules, also where both have changed a
  /// field. last_writer_wins never meets one. (lock_result<Row>)
  template <asyncsql::sql_database Db>
  auto update(Db&& db, Row mine, place where = place::current()) const {
    return start(db, std::move(mine), std::nullopt, where);
  }
  template <asyncsql::sql_database Db>
  auto update(Db&& db, lock_result<Row> changed, place where = place::current()) const {
    return start(db, std::move(changed.row), std::move(changed.base), where);
  }
  template <asyncsql::sql_database Db>
  auto update(Db&& db, Row base, Row mine, place where = place::current()) const {
    mine = detail::lock_driver<false>::versioned<layout>(std::move(mine), base);
    return start(db, std::move(mine), std::move(base), where);
  }

  /// Reads the row, calls `change(row)`, writes it; after a conflict all of it again, up to `max_retries` times,
  /// whatever the strategy. Nothing is lost: each change is made from the row that it replaces. A function that
  /// returns false gives up: nothing is written (`updated` is false). (lock_result<Row>)
  template <asyncsql::sql_database Db, class Fn>
  auto modify(Db&& db, key_type key, Fn change, place where = place::current()) const {
    lock_settings how = how_;
    how.strategy = conflict_strategy::retry;
    return deliver<Db>(
        driver<Db>::template modify<layout>(db, on_, std::move(key), std::move(how), std::move(change), where));
  }

  /// Deletes the row if it still has this version. last_writer_wins deletes it whatever its version; every other
  /// strategy gives up after a conflict. (lock_result<Row>)
  template <asyncsql::sql_database Db>
  auto erase(Db&& db, Row row, place where = place::current()) const {
    return deliver<Db>(driver<Db>::template erase<layout>(db, on_, std::move(row), std::nullopt, how_, where));
  }

  /// The same with what `read` gave.
  template <asyncsql::sql_database Db>
  auto erase(Db&& db, lock_result<Row> found, place where = place::current()) const {
    return deliver<Db>(
        driver<Db>::template erase<layout>(db, on_, std::move(found.row), std::move(found.base), how_, where));
  }

  /// Updates several rows, each as `update`; a row that comes twice conflicts with itself. `atomic`: in one
  /// transaction (a savepoint in `db`'s), rolled back unless all succeed: then the status of what had succeeded is
  /// `rolled_back`. (lock_batch_result<Row>)
  template <asyncsql::sql_database Db>
  auto update_all(Db&& db, const std::vector<Row>& rows, batch_mode mode = batch_mode::each_alone,
                  place where = place::current()) const {
    std::vector<lock_result<Row>> changed(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) changed[i].row = rows[i];
    return update_all(db, std::move(changed), mode, where);
  }
  template <asyncsql::sql_database Db>
  auto update_all(Db&& db, std::vector<lock_result<Row>> changed, batch_mode mode = batch_mode::each_alone,
                  place where = place::current()) const {
    return deliver<Db>(
        driver<Db>::template change_all<layout>(db, on_, std::move(changed), how_, mode == batch_mode::atomic, where));
  }

  lock_metrics metrics() const noexcept { return on_.monitor->metrics(); }
  std::vector<lock_conflict> conflict_history(std::size_t limit = 10) const {
    return on_.monitor->conflict_history(limit);
  }
  lock_analysis analyze_conflicts() const { return on_.monitor->analyze_conflicts(how_.max_retries); }
  const std::shared_ptr<lock_monitor>& monitor() const noexcept { return on_.monitor; }

 private:
  optimistic(detail::lock_target on, lock_settings how) : on_(std::move(on)), how_(std::move(how)) {}

  static lock_settings checked(lock_settings how) {
    constexpr const auto& names = field_names<Row>;
    error_info wrong =
        detail::wrong_rule(how, names, detail::mergeable_fields<layout>, names[layout::key], names[layout::version]);
    if (wrong) detail::throw_error(std::move(wrong));
    return how;
  }

  template <class Db, class Answer>
  static auto deliver(Answer answer) {
    return driver<Db>::template deliver<std::remove_reference_t<Db>>(std::move(answer));
  }
  template <class Db>
  auto start(Db& db, Row mine, std::optional<Row> base, place where) const {
    return deliver<Db>(driver<Db>::template change<layout>(
        db, on_, detail::lock_attempts<layout>{std::move(mine), std::move(base), how_}, where));
  }

  detail::lock_target on_;
  lock_settings how_;
};

}  // namespace dovetail::inline v0
