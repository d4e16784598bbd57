// A transaction on one connection: an owner object with the client's verbs, and the loop that repeats it as a whole.
#pragma once

#include <dovetail/base/health.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/transaction_guest.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/policy/pause.hpp>
#include <dovetail/policy/retry.hpp>

#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// How a transaction begins. An enum, so that GCC 12 may have it in a `co_await` expression.
/// The isolation levels are those of SQL; SQLite, whose transactions are serializable, takes each for `automatic`, and
/// the read-only ones for `deferred`.
enum class begin_mode : unsigned char {
  automatic,  ///< the database's best: with SQLite `immediate`, or `deferred` where nothing may be written; with
              ///< PostgreSQL what the server is set to
  deferred,   ///< SQLite: the first statement takes the lock that it needs; a later write may meet a conflict
  immediate,  ///< SQLite: takes the write lock now, and waits for it
  exclusive,  ///< SQLite: takes it against readers too (without a write-ahead log)
  read_committed,
  repeatable_read,
  serializable,
  read_only,               ///< at the isolation level that the server is set to
  repeatable_read_only,    ///< one snapshot for all statements: consistent reports
  serializable_read_only,  ///< serializable, and PostgreSQL waits for a snapshot that no conflict can spoil
                           ///< (deferrable)
};

/// Begins a transaction, or sets a savepoint when `depth` is not 0.
struct sql_begin {
  using value_type = void;
  static constexpr std::string_view name = "begin";
  begin_mode mode = begin_mode::automatic;
  int depth = 0;
  bool is_later = false;  ///< with the first statement, where the connection can do that (`begins_later`)
  bool is_idempotent() const noexcept { return true; }
};

/// Commits a transaction, or releases the savepoint of `depth`.
struct sql_commit {
  using value_type = void;
  static constexpr std::string_view name = "commit";
  int depth = 0;
  bool is_idempotent() const noexcept { return false; }
};

/// Rolls a transaction back, or all that was done since the savepoint of `depth`.
struct sql_rollback {
  using value_type = void;
  static constexpr std::string_view name = "rollback";
  int depth = 0;
  bool is_awaited = true;  ///< else it may be over when it was sent; the answer is the connection's business then
  bool is_idempotent() const noexcept { return true; }
};

namespace detail {

/// The connection that several operations run on: a lease of one's own, or an outer transaction's connection.
template <class Core>
class held_connection {
 public:
  using connection_type = typename Core::connection_type;

  held_connection() noexcept = default;
  explicit held_connection(typename Core::lease own) noexcept : own_(std::move(own)), at_(&*own_) {}
  explicit held_connection(connection_type& borrowed) noexcept : at_(&borrowed) {}
  held_connection(held_connection&& other) noexcept
      : own_(std::move(other.own_)), at_(std::exchange(other.at_, nullptr)) {}
  held_connection& operator=(held_connection&& other) noexcept {
    own_ = std::move(other.own_);
    at_ = std::exchange(other.at_, nullptr);
    return *this;
  }

  explicit operator bool() const noexcept { return at_ != nullptr; }
  connection_type& operator*() const noexcept { return *at_; }
  connection_type* operator->() const noexcept { return at_; }
  /// It is an outer transaction's.
  bool is_borrowed() const noexcept { return at_ != nullptr && !own_; }
  void release() noexcept {
    at_ = nullptr;
    own_.release();
  }

 private:
  typename Core::lease own_;
  connection_type* at_ = nullptr;
};

/// What a transaction and those nested in it have to tell each other.
struct transaction_fate {
  bool may_be_kept = false;  ///< something of it may be permanent though it ends without a commit
  bool is_spoilt = false;    ///< something of it that had to be undone was not: nothing of it may be kept
};

/// What a rollback has come to that was `done`; `is_closed`: its connection is closed now. On a connection that it has
/// found lost there is nothing to undo. What else fails does not hide `first`, the failure that it was to undo, if
/// there is one.
[[gnu::cold, gnu::noinline]] inline result<void> settle_rollback(result<void> done, bool is_closed,
                                                                 const error_info& first) {
  if (done) return done;
  const condition kind = done.error().kind();
  if (is_closed && (kind == condition::connection || kind == condition::commit_unknown)) return {};
  if (!first) return done;
  return error_info{first}.with_suppressed(done.error());
}

/// A connection that begins a transaction with its first statement, if `carries_begin` says that of it: both leave
/// together. `begin_later` sends nothing; `has_begin_failed` says of a failed statement that it was the beginning that
/// failed, and that the statement was not executed, or is undone with its connection.
template <class Connection>
concept begins_later = requires(Connection& on, begin_mode mode) {
  on.begin_later(mode);
  on.is_begin_pending();
  on.has_begin_failed();
  on.drop_begin();
};
template <class Connection, class Op>
inline constexpr bool carries_begin = false;
template <begins_later Connection, class Op>
inline constexpr bool carries_begin<Connection, Op> = Connection::template carries_begin<Op>;

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

}  // namespace detail

/// An open transaction with all the verbs of a client; `begin()` and `transaction()` on it nest by savepoints.
/// Rolled back when it goes without a `commit()`, and when the transaction ends that it is nested in. Its streams end
/// with it. Threads: one at a time. Lifetime: must not outlive its client.
template <class Core, bool ReturnsResult>
class transaction_scope : public Core::connection_type::template verbs<transaction_scope<Core, ReturnsResult>>,
                          private detail::transaction_guest {
 public:
  using core_type = Core;
  using connection_type = typename Core::connection_type;

  /// Used by `begin()`: a transaction that has begun on `on`.
  transaction_scope(Core& core, detail::held_connection<Core> on, deadline by, int depth,
                    begin_mode mode = begin_mode::automatic) noexcept
      : transaction_guest(&outer_ended),
        core_(&core),
        on_(std::move(on)),
        by_(by),
        depth_(depth),
        mode_(mode),
        close_limit_(core.timeout()) {}
  transaction_scope(transaction_scope&& other) noexcept
      : transaction_guest(std::move(other)),
        core_(other.core_),
        on_(std::move(other.on_)),
        by_(other.by_),
        depth_(other.depth_),
        mode_(other.mode_),
        is_stranded_(std::exchange(other.is_stranded_, false)),
        close_limit_(other.close_limit_),
        awaits_rollback_(other.awaits_rollback_),
        failed_(other.failed_),
        failure_(std::move(other.failure_)),
        fate_(std::move(other.fate_)),
        guests_(std::move(other.guests_)) {}
  transaction_scope& operator=(transaction_scope&&) = delete;
  ~transaction_scope() { abandon(); }

  /// Makes the changes permanent; the object is of no use afterwards, whatever came of it.
  /// Errors: errc::transaction_closed, errc::transaction_aborted when the database has rolled it back already,
  /// condition::busy when readers keep it from committing (it is rolled back then), or the database's own.
  auto commit(std::source_location where = std::source_location::current()) { return deliver(finish(where)); }

  /// Undoes the changes; the object is of no use afterwards. On a lost connection, one that it finds lost too, there is
  /// nothing to undo: it succeeds. Errors: behind a statement that failed the statement's, with
  /// `error_info::suppressed()`; else the database's own.
  auto rollback(std::source_location where = std::source_location::current()) {
    if (std::exchange(is_stranded_, false)) return deliver(result<void>{});
    if (!on_) return deliver(closed<void>(where));
    guests_.end_from(0);
    if (has_lost_connection()) {
      release();
      return deliver(result<void>{});
    }
    sql_rollback undo{depth_};
    result<void> done = core_->perform_on(*on_, undo, cleanup_call(where));
    const bool is_closed = has_lost_connection();
    if (!done && depth_ != 0 && !is_closed) undo_all();
    release();
    return deliver(detail::settle_rollback(std::move(done), is_closed, failure_));
  }

  bool is_open() const noexcept { return on_ || is_stranded_; }
  /// It is still open here, but its connection is closed.
  bool has_lost_connection() const noexcept { return on_ && on_->health() == session_health::closed; }
  /// It was committed, by `commit()` or by a statement of its own (a script's), or nobody knows: who does it all again
  /// may do something twice.
  bool may_be_kept() const noexcept { return fate_ != nullptr && fate_->may_be_kept; }

  /// The same transaction, its verbs with a time limit of their own.
  auto within(clock::duration budget) noexcept { return within(deadline::after(budget)); }
  auto within(deadline by) noexcept { return view<ReturnsResult>{*this, earlier(by_, by)}; }
  /// The same transaction, its verbs returning `dt::result`.
  auto with(as_result_t) noexcept { return view<true>{*this, by_}; }

  /// For verbs: performs one operation on this transaction's connection. Never repeated.
  template <operation Op>
  decltype(auto) run(Op op, std::source_location where) {
    return deliver(perform(op, start_call(where)));
  }
  template <operation Op>
  result<typename Op::value_type> perform(Op& op, const call& how) {
    if (!on_) return closed<typename Op::value_type>(how.where);
    if (is_aborted()) {
      failed_ = true;
      return error_info{errc::transaction_aborted}.with_location(how.where);
    }
    const bool may_end = may_end_transaction(op);
    auto answer = perform_begun(op, how);
    const bool is_inside = on_ && on_->is_in_transaction();
    if (v0::may_be_kept<Op>(may_end, static_cast<bool>(answer), is_inside)) fate()->may_be_kept = true;
    if (!answer) {
      answer.error().with_location(how.where);
      failed_ = !is_inside;
      if (!failure_) failure_ = answer.error();
    } else if (failure_) {
      failure_ = {};
    }
    return answer;
  }
  Core& core() const noexcept { return *core_; }
  call start_call(std::source_location where) const noexcept {
    return by_.is_never() ? call::within(core_->timeout(), where) : call::until(by_, where);
  }
  template <class T>
  static std::conditional_t<ReturnsResult, result<T>, T> deliver(result<T> answer) {
    if constexpr (ReturnsResult) {
      return answer;
    } else {
      return std::move(answer).value();
    }
  }
  /// For verbs that hold a connection: this one.
  result<detail::held_connection<Core>> hold(const call& how) {
    if (!on_) return closed<detail::held_connection<Core>>(how.where);
    if (is_aborted()) return error_info{errc::transaction_aborted}.with_location(how.where);
    if constexpr (detail::begins_later<connection_type>) {  // who borrows it may send what cannot carry it
      if (on_->is_begin_pending()) {
        if (error_info why = begin_now(how)) {
          failed_ = true;
          return std::move(why).with_location(how.where);
        }
      }
    }
    return detail::held_connection<Core>{*on_};
  }
  int nesting() const noexcept { return depth_ + 1; }
  deadline limit() const noexcept { return by_; }
  /// How long a rollback may take, which has to happen even when the time is over; by default the client's timeout. Who
  /// says so waits for each, one of a transaction that is given up too.
  void roll_back_within(clock::duration limit) noexcept {
    close_limit_ = limit;
    awaits_rollback_ = true;
  }
  detail::guest_list& guests() noexcept { return guests_; }
  /// What it was to undo is still there: nothing of it may be kept, and a commit fails.
  void spoil() noexcept { failed_ = true; }

  /// Used by `begin()` of a transaction: this one ends with it, and tells it what becomes of it.
  void join(detail::guest_list& outer, std::shared_ptr<detail::transaction_fate> fate) noexcept {
    transaction_guest::join(outer, depth_);
    fate_ = std::move(fate);
  }
  const std::shared_ptr<detail::transaction_fate>& fate() {
    if (fate_ == nullptr) fate_ = std::make_shared<detail::transaction_fate>();
    return fate_;
  }

  /// The same transaction with another deadline or style; borrows it.
  template <bool ViewReturnsResult>
  class view : public connection_type::template verbs<view<ViewReturnsResult>> {
   public:
    using core_type = Core;
    view(transaction_scope& of, deadline by) noexcept : of_(&of), by_(by) {}
    view within(clock::duration budget) const noexcept { return {*of_, earlier(by_, deadline::after(budget))}; }
    view within(deadline by) const noexcept { return {*of_, earlier(by_, by)}; }
    view<true> with(as_result_t) const noexcept { return {*of_, by_}; }

    template <operation Op>
    decltype(auto) run(Op op, std::source_location where) {
      return deliver(of_->perform(op, start_call(where)));
    }
    template <operation Op>
    result<typename Op::value_type> perform(Op& op, const call& how) {
      return of_->perform(op, how);
    }
    Core& core() const noexcept { return of_->core(); }
    call start_call(std::source_location where) const noexcept {
      return by_.is_never() ? call::within(of_->core().timeout(), where) : call::until(by_, where);
    }
    template <class T>
    static auto deliver(result<T> answer) {
      return transaction_scope<Core, ViewReturnsResult>::deliver(std::move(answer));
    }
    result<detail::held_connection<Core>> hold(const call& how) { return of_->hold(how); }
    int nesting() const noexcept { return of_->nesting(); }
    detail::guest_list& guests() noexcept { return of_->guests(); }
    auto& fate() { return of_->fate(); }
    deadline limit() const noexcept { return by_; }

   private:
    transaction_scope* of_;
    deadline by_;
  };

  /// Commits; used by `commit()` and by the loop below.
  result<void> finish(std::source_location where) {
    if (!on_) {
      result<void> none = closed<void>(where);
      is_stranded_ = false;
      return none;
    }
    guests_.end_from(0);
    if (is_aborted()) {
      release();
      return error_info{errc::transaction_aborted, "nothing was committed"}.with_location(where);
    }
    sql_commit keep{depth_};
    result<void> done = core_->perform_on(*on_, keep, start_call(where));
    if (depth_ == 0 && (done || done.error().kind() == condition::commit_unknown)) fate()->may_be_kept = true;
    if (!done) {
      done.error().with_location(where);
      abandon(&done.error());
    }
    release();
    return done;
  }

  /// Rolls back without a word; what cannot be rolled back is closed with its connection. `why` is told of it.
  void abandon(error_info* why = nullptr) noexcept {
    is_stranded_ = false;
    if (!on_) return;
    guests_.end_from(0);
    try {
      if (has_lost_connection()) {  // the database has undone it
        if (depth_ != 0) fate()->is_spoilt = true;
      } else if (on_->is_in_transaction()) {
        sql_rollback undo{depth_, awaits_rollback_ || depth_ != 0};
        result<void> undone = on_->perform(undo, deadline::after(close_limit_));
        const bool is_closed = has_lost_connection();
        if (!undone && depth_ != 0) undo_all();
        undone = detail::settle_rollback(std::move(undone), is_closed, {});
        if (!undone && why != nullptr) why->with_suppressed(undone.error());
      }
    } catch (...) {  // out of memory while making the error: the pool closes what is still in a transaction
    }
    release();
  }

 private:
  template <class T>
  result<T> closed(std::source_location where) const {
    if (is_stranded_) return error_info{errc::transaction_aborted, "it could not begin"}.with_location(where);
    return error_info{errc::transaction_closed}.with_location(where);
  }

  /// One operation; the first of a transaction that has not begun on the server begins it there.
  template <class Op>
  result<typename Op::value_type> perform_begun(Op& op, const call& how) {
    if constexpr (detail::begins_later<connection_type>) {
      if (on_->is_begin_pending()) {
        if constexpr (detail::carries_begin<connection_type, Op>) {
          return perform_first(op, how);
        } else {
          if (error_info why = begin_now(how)) return why;
        }
      }
    }
    return core_->perform_on(*on_, op, how);
  }
  /// The beginning and an operation together. When it cannot begin, that is what failed.
  template <class Op>
  result<typename Op::value_type> perform_first(Op& op, const call& how) {
    for (int attempt = 1;; ++attempt) {
      result<typename Op::value_type> answer = core_->perform_on(*on_, op, how, attempt);
      if (answer || !on_->has_begin_failed()) return answer;
      if (!begin_elsewhere(answer.error(), how, attempt)) return answer;
    }
  }
  /// The beginning alone.
  [[gnu::cold, gnu::noinline]] error_info begin_now(const call& how) {
    for (int attempt = 1;; ++attempt) {
      sql_begin begin{mode_};
      on_->drop_begin();
      result<void> begun = core_->perform_on(*on_, begin, how, attempt);
      if (begun) return {};
      if (!begin_elsewhere(begun.error(), how, attempt)) return std::move(begun).error();
    }
  }
  /// It could not begin, because of `why`: begins on another connection as the retry policy says; false when not. A
  /// pooled connection may have been closed by the server meanwhile.
  [[gnu::cold, gnu::noinline]] bool begin_elsewhere(error_info& why, const call& how, int attempt) {
    clock::duration at_least{};
    if constexpr (requires { on_->asked_pause(); }) at_least = on_->asked_pause();
    const verdict next = core_->judge(why, sql_begin::name, attempt, true, on_->last_traffic().sent, how, at_least);
    if (!next.repeat) return false;
    on_.release();  // before the pause
    is_stranded_ = true;
    detail::pause_for(next.delay);
    auto lent = core_->acquire(how);
    if (lent) {
      is_stranded_ = false;
      on_ = detail::held_connection<Core>{*std::move(lent)};
      if (error_info refused = on_->begin_later(mode_); !refused) return true;
    } else {
      why = std::move(lent).error();
    }
    return false;
  }
  bool is_aborted() const noexcept {
    return failed_ || (fate_ != nullptr && fate_->is_spoilt) || !on_->is_in_transaction();
  }
  /// What a savepoint has left behind cannot be undone alone: the outer transactions must not keep it.
  void undo_all() {
    fate()->is_spoilt = true;
    sql_rollback undo{0};
    static_cast<void>(on_->perform(undo, deadline::after(close_limit_)));
  }
  void release() noexcept {
    leave();
    on_.release();
  }
  static void outer_ended(detail::transaction_guest& guest) noexcept {
    static_cast<transaction_scope&>(guest).abandon();
  }
  /// A rollback has to happen even when the time is over.
  call cleanup_call(std::source_location where) const noexcept { return call::within(close_limit_, where); }

  Core* core_;
  detail::held_connection<Core> on_;
  deadline by_;
  int depth_;
  begin_mode mode_ = begin_mode::automatic;
  bool is_stranded_ = false;  // it could not begin, and has no connection any more
  clock::duration close_limit_;
  bool awaits_rollback_ = false;
  bool failed_ = false;
  error_info failure_{};                            // the first one since a statement succeeded
  std::shared_ptr<detail::transaction_fate> fate_;  // null until there is something to tell
  detail::guest_list guests_;
};

}  // namespace dovetail::inline v0
