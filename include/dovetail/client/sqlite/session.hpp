// One open SQLite handle: opening, locks and time limits, prepared statements, the transaction's state.
#pragma once

#include <dovetail/base/utf8.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/health.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/sqlite/error.hpp>
#include <dovetail/client/sqlite/options.hpp>
#include <dovetail/client/sqlite/statement_cache.hpp>
#include <dovetail/sql/script_place.hpp>

#include <atomic>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// What bounds the call that is running on a session; looked at every few thousand steps of SQLite's machine, and
/// while it waits for a lock.
struct call_limits {
  deadline until{};
  const std::atomic<bool>* cancelled = nullptr;
  /// A second bound, counted from the first look at the clock: the steps of a stream need none otherwise.
  clock::duration budget = (clock::duration::max)();
};

/// Owns one `sqlite3*`, opened without SQLite's mutexes. Threads: one at a time.
class session {
 public:
  session() noexcept : cache_(0) {}
  session(const session&) = delete;
  session& operator=(const session&) = delete;
  ~session() { close(); }

  /// Errors: SQLite's own (condition::connection when the file cannot be opened).
  [[gnu::cold]] result<void> open(const options& how, call_limits limits);

  void close() noexcept;

  bool is_open() const noexcept { return handle_ != nullptr; }
  sqlite3* handle() const noexcept { return handle_; }
  bool in_transaction() const noexcept { return handle_ != nullptr && sqlite3_get_autocommit(handle_) == 0; }

  session_health health() const noexcept {
    if (handle_ == nullptr) return session_health::closed;
    return in_transaction() ? session_health::in_transaction : session_health::idle;
  }

  /// Bounds the calls made while it lives.
  class limits_scope {
   public:
    limits_scope(session& of, call_limits limits) noexcept : session_(of), before_(of.limits_) {
      of.limits_ = limits;
      of.lock_wait_ended_ = false;
    }
    limits_scope(const limits_scope&) = delete;
    limits_scope& operator=(const limits_scope&) = delete;
    ~limits_scope() { session_.limits_ = before_; }

   private:
    session& session_;
    call_limits before_;
  };

  const call_limits& limits() const noexcept { return limits_; }

  /// A prepared statement for `native`. `literal`: the address that it is known by, empty when there is none.
  /// Errors: SQLite's; errc::malformed_statement for an empty text.
  result<statement_use> prepare(std::string_view native, std::string_view literal);

  /// SQLite counts the bytes of a text in an int.
  static error_info refuse_long(std::string_view text) {
    if (text.size() <= INT_MAX) return {};
    return {errc::malformed_statement, "the statement's text has more than 2^31-1 bytes"};
  }

  /// The kept statement for a literal seen before, or an empty use.
  statement_use find(std::string_view literal) noexcept { return cache_.find_literal(literal); }

  /// Runs each statement of a text, and drops their rows. Errors: the failing statement's, with its number and line
  /// when there are several; what ran before stays.
  [[gnu::cold]] result<void> run_script(std::string_view text);

  /// Runs one statement without parameters through the cache (`begin`, `commit`, …); rows are dropped.
  result<void> run(std::string_view text);

  /// Makes what follows all or nothing: a transaction, or a savepoint in the one that is open.
  error_info begin_unit();
  /// Keeps it when there is no failure, else undoes it; the failure, or that of keeping it.
  [[gnu::cold]] error_info end_unit(error_info failure);

  /// The failure of the call that returned `code`: tells a deadline and a cancellation from SQLite's own reasons.
  [[gnu::cold]] error_info failure(int code, std::string_view context) const;
  /// The same for a text that was not compiled, or for the part of it that begins at a byte.
  [[gnu::cold]] error_info failure_in(int code, std::string_view text, std::size_t begin = 0) const;

 private:
  [[gnu::cold]] error_info script_failure(int code, std::string_view script, std::string_view before,
                                          std::uint32_t number) const;

  /// SQLite runs through this many steps in some 20 microseconds; looking at the clock takes 25 nanoseconds.
  static constexpr int steps_between_checks = 2000;

  bool is_cancelled() const noexcept {
    return limits_.cancelled != nullptr && limits_.cancelled->load(std::memory_order_relaxed);
  }

  /// The deadline, which the first look turns a budget into.
  deadline until() noexcept {
    if (limits_.budget != (clock::duration::max)()) {
      limits_.until = earlier(limits_.until, deadline::after(limits_.budget));
      limits_.budget = (clock::duration::max)();
    }
    return limits_.until;
  }

  static int on_progress(void* self) noexcept;

  /// Another connection holds a lock: waits a little, longer each time, and gives up when the time is over.
  [[gnu::cold]] static int on_busy(void* self, int tries) noexcept;

  [[gnu::cold]] result<void> configure(const options& how);

  sqlite3* handle_ = nullptr;
  statement_cache cache_;
  call_limits limits_;
  std::chrono::milliseconds busy_timeout_{};
  clock::time_point lock_wait_began_{};
  bool lock_wait_ended_ = false;
  bool unit_is_nested_ = false;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace sqlite::detail {

[[gnu::noinline]] DOVETAIL_DEFINE result<void> session::open(const options& how, call_limits limits) {
  close();
  cache_.restart(how.cache_statements);
  busy_timeout_ = how.busy_timeout;
  const limits_scope scope{*this, limits};
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= how.mode == open_mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (how.mode == open_mode::create) flags |= SQLITE_OPEN_CREATE;
  if (how.is_uri) flags |= SQLITE_OPEN_URI;
  const int opened = sqlite3_open_v2(how.path.c_str(), &handle_, flags, nullptr);
  if (opened != SQLITE_OK) {
    error_info failure = failure_of(handle_, opened, std::string{"cannot open the database "}.append(how.path));
    close();
    return failure;
  }
  if (how.length_limit != 0) {  // it can only be lowered
    sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH,
                  how.length_limit < std::size_t{INT_MAX} ? static_cast<int>(how.length_limit) : INT_MAX);
  }
  sqlite3_busy_handler(handle_, &session::on_busy, this);
  sqlite3_progress_handler(handle_, steps_between_checks, &session::on_progress, this);
  if (result<void> configured = configure(how); !configured) {
    error_info failure = std::move(configured).error();
    close();
    return failure;
  }
  return {};
}

[[gnu::noinline]] DOVETAIL_DEFINE void session::close() noexcept {
  cache_.clear();
  // A statement of a stream that outlives the session keeps the handle as a zombie, finalized with it.
  if (handle_ != nullptr) sqlite3_close_v2(std::exchange(handle_, nullptr));
}

[[gnu::noinline]] DOVETAIL_DEFINE result<statement_use> session::prepare(std::string_view native,
                                                                         std::string_view literal) {
  if (error_info refused = refuse_long(native)) return refused;
  if (statement_use kept = cache_.find(native, literal)) return kept;
  sqlite3_stmt* compiled = nullptr;
  const int code = sqlite3_prepare_v3(handle_, native.data(), static_cast<int>(native.size()),
                                      SQLITE_PREPARE_PERSISTENT, &compiled, nullptr);
  if (code != SQLITE_OK) return failure_in(code, native);
  if (compiled == nullptr) return error_info{errc::malformed_statement, "the statement is empty"};
  return cache_.insert(native, literal, statement{compiled});
}

[[gnu::noinline]] DOVETAIL_DEFINE result<void> session::run_script(std::string_view text) {
  if (error_info refused = refuse_long(text)) return refused;
  std::uint32_t number = 0;
  for (std::string_view unread = text; !unread.empty();) {
    const std::string_view before = text.substr(0, text.size() - unread.size());
    sqlite3_stmt* compiled = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v3(handle_, unread.data(), static_cast<int>(unread.size()), 0, &compiled, &rest);
    if (code != SQLITE_OK) return script_failure(code, text, before, number + 1);
    unread.remove_prefix(static_cast<std::size_t>(rest - unread.data()));
    if (compiled == nullptr) continue;  // only spaces and comments
    ++number;
    const statement one{compiled};
    int stepped = sqlite3_step(compiled);
    while (stepped == SQLITE_ROW) stepped = sqlite3_step(compiled);
    if (stepped != SQLITE_DONE) return script_failure(stepped, text, before, number);
  }
  return {};
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info session::failure_in(int code, std::string_view text,
                                                                 std::size_t begin) const {
  error_info found = failure(code, {});
  const int offset = found.server().position - 1;  // SQLite counts bytes
  if (offset < 0) return found;
  const std::string_view before = text.substr(0, begin + static_cast<std::size_t>(offset));
  found.edit_server().position = 1 + dovetail::detail::count_characters(before);
  return found;
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info session::script_failure(int code, std::string_view script,
                                                                     std::string_view before,
                                                                     std::uint32_t number) const {
  error_info found = failure_in(code, script, before.size());
  dovetail::detail::note_script_place(found, dialect::sqlite, script, number);
  return found;
}

[[gnu::noinline]] DOVETAIL_DEFINE result<void> session::run(std::string_view text) {
  result<statement_use> prepared = prepare(text, {});
  if (!prepared) return std::move(prepared).error();
  int stepped = sqlite3_step(prepared->get());
  while (stepped == SQLITE_ROW) stepped = sqlite3_step(prepared->get());
  if (stepped != SQLITE_DONE) return failure(stepped, {});
  return {};
}

DOVETAIL_DEFINE error_info session::begin_unit() {
  unit_is_nested_ = in_transaction();
  return run(unit_is_nested_ ? "savepoint dovetail_unit" : "begin immediate").error();
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info session::end_unit(error_info failure) {
  if (!failure) failure = run(unit_is_nested_ ? "release dovetail_unit" : "commit").error();
  if (!failure || !in_transaction()) return failure;
  const limits_scope unhurried{*this, {}};  // what is to be undone is undone even when the time is over
  if (unit_is_nested_) {
    static_cast<void>(run("rollback to dovetail_unit"));
    static_cast<void>(run("release dovetail_unit"));
  } else {
    static_cast<void>(run("rollback"));
  }
  return failure;
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info session::failure(int code, std::string_view context) const {
  if ((code & 0xFF) == SQLITE_INTERRUPT || ((code & 0xFF) == SQLITE_BUSY && lock_wait_ended_)) {
    if (is_cancelled()) return error_info{errc::cancelled, context};
    if (limits_.until.has_passed()) {
      if (context.empty() && (code & 0xFF) == SQLITE_BUSY) {
        context = "the database stayed locked by another connection until the deadline";
      }
      return error_info{errc::deadline_passed, context};
    }
  }
  return failure_of(handle_, code, context);
}

DOVETAIL_DEFINE int session::on_progress(void* self) noexcept {
  session& here = *static_cast<session*>(self);
  return here.is_cancelled() || here.until().has_passed() ? 1 : 0;
}

[[gnu::noinline]] DOVETAIL_DEFINE int session::on_busy(void* self, int tries) noexcept {
  session& here = *static_cast<session*>(self);
  if (tries == 0) here.lock_wait_began_ = clock::now();
  constexpr int delays[] = {1, 1, 2, 3, 5, 8, 10};
  const clock::time_point now = clock::now();
  const clock::time_point give_up = (std::min)(here.until().when(), here.lock_wait_began_ + here.busy_timeout_);
  if (here.is_cancelled() || now >= give_up) {
    here.lock_wait_ended_ = true;
    return 0;
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(give_up - now).count();
  const int delay = delays[(std::min)(tries, 6)];
  sqlite3_sleep(static_cast<int>((std::min<std::int64_t>)(delay, left + 1)));
  return 1;
}

[[gnu::noinline]] DOVETAIL_DEFINE result<void> session::configure(const options& how) {
  if (result<void> done = run(how.foreign_keys ? "pragma foreign_keys=on" : "pragma foreign_keys=off"); !done) {
    return done;
  }
  journal_mode journal = how.journal;
  if (journal == journal_mode::automatic && how.mode != open_mode::read_only && !how.is_memory()) {
    journal = journal_mode::wal;
  }
  static constexpr std::string_view journals[] = {{},
                                                  "pragma journal_mode=wal",
                                                  "pragma journal_mode=delete",
                                                  "pragma journal_mode=truncate",
                                                  "pragma journal_mode=persist",
                                                  "pragma journal_mode=memory",
                                                  "pragma journal_mode=off"};
  const std::string_view change = journals[static_cast<std::size_t>(journal)];
  if (!change.empty()) {
    if (result<void> done = run(change); !done) return done;
  }
  synchronous sync = how.synchronous;
  if (sync == synchronous::automatic && journal == journal_mode::wal) sync = synchronous::normal;
  static constexpr std::string_view syncs[] = {
      {}, "pragma synchronous=off", "pragma synchronous=normal", "pragma synchronous=full", "pragma synchronous=extra"};
  const std::string_view durable = syncs[static_cast<std::size_t>(sync)];
  if (!durable.empty()) return run(durable);
  return {};
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
