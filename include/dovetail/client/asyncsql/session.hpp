// A session: the verbs of SQL with transaction modes, retries by class, a guard before and metrics behind every
// statement.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/session_state.hpp>
#include <dovetail/client/asyncsql/session_transaction.hpp>
#include <dovetail/client/asyncsql/session_view.hpp>
#include <dovetail/client/asyncsql/settings.hpp>
#include <dovetail/client/asyncsql/shared_pool.hpp>
#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/client/asyncsql/statement_runner.hpp>
#include <dovetail/client/pool_report.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {

/// The verbs of SQL over a client, which may be shared with other sessions.
/// In `transaction_mode::automatic` a statement that may write has a transaction of its own, and is repeated with it as
/// the retry settings say; reads run without one. In `manual`, `begin()` … `commit()` or `rollback()` hold one
/// connection; nothing is repeated in between. In `none` the database commits each statement by itself.
/// Errors: those of `sql_verbs`; the guard's; errc::invalid_state for calls that the mode does not allow.
/// Threads: any number may call at once; within a manual transaction they take turns. Lifetime: transactions and
/// streams must not outlive the session; the destructor rolls an open transaction back.
template <class Client, statement_guard Guard = no_guard>
class session : public Client::connection_type::template verbs<session<Client, Guard>> {
  using base = typename Client::connection_type::template verbs<session<Client, Guard>>;

 public:
  using guard_type = Guard;
  using client_type = Client;
  using core_type = typename Client::core_type;
  using connection_type = typename Client::connection_type;
  using transaction_type = session_transaction<core_type, Guard>;
  using place = std::source_location;
  static constexpr bool owns_connections = true;

  /// Over a client of somebody else's, which must outlive the session and is never closed by it.
  explicit session(Client& of, session_settings how = {}, Guard guard = {})
      : session(std::shared_ptr<Client>{std::shared_ptr<Client>{}, &of}, std::move(how), std::move(guard)) {}
  /// Over a client that is shared, such as a registry's; `metrics` and `circuit` are those of its pool.
  explicit session(std::shared_ptr<Client> of, session_settings how = {}, Guard guard = {},
                   std::shared_ptr<sql_metrics> metrics = {}, std::shared_ptr<circuit_breaker> circuit = {})
      : state_(std::make_unique<state>(std::move(of), std::move(how), std::move(guard), std::move(metrics),
                                       std::move(circuit))) {}
  session(session&&) noexcept = default;
  /// Closes this one before.
  session& operator=(session&& other) noexcept {
    if (this == &other) return *this;
    close();
    state_ = std::move(other.state_);
    return *this;
  }
  ~session() { close(); }

  const session_settings& settings() const { return at().context.how; }
  transaction_mode mode() const { return settings().transaction.mode; }
  Client& client() const { return *at().client; }
  const Guard& guard() const { return at().context.guard; }
  sql_metrics& metrics() const { return *at().context.metrics; }
  /// Of the circuit breaker; always closed where there is none.
  circuit_state circuit() const { return at().context.circuit->state(); }
  std::string prometheus() const {
    const pool_statistics now = client().statistics();
    return to_prometheus({{&metrics(), {now.idle, now.active, now.max}}});
  }

  /// The same verbs with a time limit of their own, retries included; it ends earlier than the session's, never later.
  session_view<session, false> within(clock::duration budget) { return {*this, deadline::after(budget)}; }
  session_view<session, false> within(deadline by) { return {*this, by}; }
  /// The same verbs returning `dt::result`.
  session_view<session, true> with(as_result_t) { return {*this, deadline::never()}; }
  /// The same verbs with types of parameters, which win over those of the settings, name by name.
  session_view<session, false> with(const parameter_types& types) {
    return {*this, deadline::never(), types.over(settings().parameter_types)};
  }

  /// Asks the database for a sign of life.
  health_report health(place where = place::current()) const {
    return check_health(client(), settings().monitor.health_wait, where);
  }
  pool_statistics statistics() const { return client().statistics(); }
  /// Allows the pool so many connections from now on; see `shared_pool_base::resize`.
  void resize(std::size_t most) { detail::resize_pool(core().connections(), most); }

  /// Opens a connection if none is open. (Statements do so when they need one.)
  void connect(place where = place::current()) { runner().acquire(start_call(where)).value(); }
  /// Rolls an open transaction back within `close_limit`, when the statement that runs in it has ended, and refuses
  /// further calls (errc::transaction_closed). A shared client lives on.
  void close() noexcept;
  bool is_closed() const noexcept { return state_ == nullptr || state_->is_closed; }

  /// Begins a transaction, at the level of the settings or at another one. Mode `manual` only, one at a time.
  void begin(place where = place::current()) { begin(settings().transaction.isolation, where); }
  void begin(begin_mode isolation, place where = place::current()) { try_begin(isolation, where).value(); }
  /// Ends the transaction; there is none afterwards, whatever comes of it.
  void commit(place where = place::current()) { end(&transaction_type::try_commit, "commit", where).value(); }
  void rollback(place where = place::current()) { end(&transaction_type::try_rollback, "rollback", where).value(); }
  bool is_in_transaction() const { return at().is_in_manual; }
  void savepoint(std::string_view name, place where = place::current()) { mark(detail::mark_action::set, name, where); }
  void rollback_to(std::string_view name, place where = place::current()) {
    mark(detail::mark_action::go_back, name, where);
  }
  void release(std::string_view name, place where = place::current()) {
    mark(detail::mark_action::forget, name, where);
  }

  /// A transaction as an object, in any mode: rolled back unless `commit()` is called.
  transaction_type scope(begin_mode isolation, place where = place::current()) & {
    return try_scope(isolation, start_call(where), deadline::never()).value();
  }
  transaction_type scope(place where = place::current()) & { return scope(settings().transaction.isolation, where); }
  /// A transaction must not outlive its session: give the temporary session a name.
  template <class... Rest>
  transaction_type scope(Rest&&... rest) && = delete;

  /// Calls `body(tx)` in a transaction, and commits; rolls back when it throws. Begins again, as the retry settings
  /// say, when the database has undone it because of others: the body may be called more than once. In mode `manual`
  /// while a transaction is open it joins that one behind a savepoint, and nothing is repeated. While the
  /// body runs the session refuses its thread's own verbs (errc::invalid_state), which would not be part of the
  /// transaction; other threads use it as ever. A failed `result` of the body rolls back too. (what the body returns; T
  /// for `result<T>`)
  template <class Fn>
  auto run_transaction(begin_mode isolation, Fn&& body, place where = place::current()) {
    return transact(isolation, body, start_call(where), deadline::never());
  }
  template <class Fn>
    requires(!std::is_same_v<std::remove_cvref_t<Fn>, begin_mode>)
  auto run_transaction(Fn&& body, place where = place::current()) {
    return run_transaction(settings().transaction.isolation, std::forward<Fn>(body), where);
  }
  /// The same by the verb's name of other clients.
  template <class... Rest>
  auto transaction(Rest&&... rest) {
    return run_transaction(std::forward<Rest>(rest)...);
  }

  /// The rows one at a time; within a manual transaction on its connection: the stream ends with it, and by
  /// `rollback_to` a savepoint that was set before it (errc::transaction_closed, when it was not read to its end).
  /// While it lives, no other thread may make a call in that transaction.
  template <class Row, class... Args>
  auto stream(dovetail::detail::statement_of<session, base::speaks, Row, Args...> sql, const Args&... args) & {
    return open_stream(sql.view(), [&] { return base::template stream<Row>(sql, args...); });
  }
  /// A stream must not outlive its session: give the temporary session a name.
  template <class Row, class... Rest>
  void stream(Rest&&... rest) && = delete;

  /// For verbs.
  template <operation Op>
  typename Op::value_type run(Op op, place where) {
    return perform(op, start_call(where)).value();
  }
  template <operation Op>
  result<typename Op::value_type> perform(Op& op, const call& how) {
    if (state_ == nullptr) return moved_from(how.where);
    if (error_info wrong = state_->context.hint(op)) return std::move(wrong.with_location(how.where));
    return state_->context.supervise(base::speaks, op, how.where, [&] { return perform_admitted(op, how); });
  }
  core_type& core() const { return client().core(); }
  const dovetail::detail::parameter_hints* hints() const noexcept {
    return state_ == nullptr ? nullptr : state_->context.how.parameter_types.hints();
  }
  call start_call(place where) const {
    return call::within(state_ == nullptr ? clock::duration{} : state_->context.how.timeout, where);
  }
  deadline limit() const noexcept { return deadline::never(); }
  template <class T>
  static T deliver(result<T> answer) {
    return std::move(answer).value();
  }
  result<dovetail::detail::held_connection<core_type>> hold(const call& how);
  /// A stream that was opened in the manual transaction ends with it.
  template <class Stream>
  void adopt(Stream& opened) {
    if (state_->manual) opened.join(state_->manual->guests(), state_->manual->guest_depth());
  }

  /// Used by views.
  result<transaction_type> try_scope(begin_mode isolation, const call& how, deadline limit) {
    if (state_ == nullptr) return moved_from(how.where);
    if (state_->is_closed) return closed(how.where);
    if (state_->is_in_body()) return detail::used_inside(how.where);
    result<lease> begun = runner().begin(how, isolation);
    if (!begun) return std::move(begun).error();
    return transaction_type{state_->context,
                            {core(), dovetail::detail::held_connection<core_type>{*std::move(begun)}, limit, 0}};
  }
  template <class Fn>
  auto transact(begin_mode isolation, Fn& body, const call& how, deadline limit);
  template <class Open>
  auto open_stream(const statement_view& sql, Open&& open) {
    return at(sql.where).context.open_stream(base::speaks, sql, std::forward<Open>(open));
  }

 private:
  using runner_type = detail::statement_runner<core_type>;
  using lease = typename core_type::lease;
  using state = detail::session_state<Client, Guard>;
  using turn = detail::session_turn<state>;

  runner_type runner() const { return {core(), settings(), metrics(), state_->context.circuit.get()}; }

  static error_info closed(place where) {
    return detail::misuse("the session is closed", where, errc::transaction_closed);
  }
  static error_info moved_from(place where) { return detail::misuse("the session has been moved from", where); }
  state& at(place where = place::current()) const {
    if (state_ == nullptr) dovetail::detail::throw_error(moved_from(where));
    return *state_;
  }

  template <operation Op>
  result<typename Op::value_type> perform_admitted(Op& op, const call& how) {
    if (state_->is_closed) return closed(how.where);
    if (state_->is_in_body()) return detail::used_inside(how.where);
    if (mode() == transaction_mode::manual) {
      turn mine{*state_, how};
      if (!mine) return mine.refused();
      if (state_->manual) return state_->manual->perform_inside(op, how);
    }
    return runner().perform(op, how, detail::wants_transaction(op, settings().transaction));
  }

  result<void> try_begin(begin_mode isolation, place where);
  result<void> end(result<void> (transaction_type::*how)(place), std::string_view name, place where);
  void mark(detail::mark_action action, std::string_view name, place where);

  std::unique_ptr<state> state_;
};

template <class Client, statement_guard Guard>
void session<Client, Guard>::close() noexcept {
  if (state_ == nullptr || state_->is_closed.exchange(true)) return;
  state_->context.metrics->saw_pool(pool_event::release);
  if (state_->is_mine()) return;  // in its own transaction, which ends with the turn
  const std::lock_guard lock{state_->mutex};
  state_->manual.reset();  // rolls back
  state_->is_in_manual = false;
}

template <class Client, statement_guard Guard>
result<void> session<Client, Guard>::try_begin(begin_mode isolation, place where) {
  if (state_ == nullptr) return moved_from(where);
  if (mode() != transaction_mode::manual) {
    return detail::misuse("begin() can only be called in 'manual' transaction mode", where);
  }
  const call how = start_call(where);
  turn mine{*state_, how};
  if (!mine) return mine.refused();
  if (state_->manual) return detail::misuse("Transaction already active: nest by savepoints", where);
  result<transaction_type> begun = try_scope(isolation, how, deadline::never());
  if (!begun) return std::move(begun).error();
  state_->manual.emplace(*std::move(begun));
  return {};
}

template <class Client, statement_guard Guard>
result<void> session<Client, Guard>::end(result<void> (transaction_type::*how)(place), std::string_view name,
                                         place where) {
  if (state_ == nullptr) return moved_from(where);
  if (mode() != transaction_mode::manual) {
    std::string text{name};
    return detail::misuse(text.append("() can only be called in 'manual' transaction mode"), where);
  }
  turn mine{*state_, start_call(where)};
  if (!mine) return mine.refused();
  if (!state_->manual) {
    std::string text = "No active transaction to ";
    return detail::misuse(text.append(name), where);
  }
  result<void> done = ((*state_->manual).*how)(where);
  state_->manual.reset();
  return done;
}

template <class Client, statement_guard Guard>
void session<Client, Guard>::mark(detail::mark_action action, std::string_view name, place where) {
  turn mine{at(where), start_call(where)};
  if (!mine) dovetail::detail::throw_error(mine.refused());
  if (!state_->manual) dovetail::detail::throw_error(detail::misuse("No active transaction for a savepoint", where));
  state_->manual->mark(action, name, where).value();
}

template <class Client, statement_guard Guard>
auto session<Client, Guard>::hold(const call& how) -> result<dovetail::detail::held_connection<core_type>> {
  using held = dovetail::detail::held_connection<core_type>;
  if (state_ == nullptr) return moved_from(how.where);
  if (state_->is_closed) return closed(how.where);
  if (state_->is_in_body()) return detail::used_inside(how.where);
  if (mode() == transaction_mode::manual) {
    turn mine{*state_, how};
    if (!mine) return mine.refused();
    if (state_->manual) return state_->manual->hold(how);
  }
  result<lease> lent = runner().acquire(how);
  if (!lent) return std::move(lent).error();
  return held{*std::move(lent)};
}

template <class Client, statement_guard Guard>
template <class Fn>
auto session<Client, Guard>::transact(begin_mode isolation, Fn& body, const call& how, deadline limit) {
  using returned = typename dovetail::detail::body_value<std::invoke_result_t<Fn&, transaction_type&>>::type;
  using stored = std::conditional_t<std::is_void_v<returned>, char, returned>;
  std::optional<stored> value;
  const auto call_body = [&](transaction_type& tx) {
    if (error_info failed = dovetail::detail::call_body(body, tx, value))
      dovetail::detail::throw_error(std::move(failed));
  };
  const auto give = [&]() -> returned {
    if constexpr (!std::is_void_v<returned>) return *std::move(value);
  };
  if (at(how.where).is_closed) dovetail::detail::throw_error(closed(how.where));
  if (mode() == transaction_mode::manual) {
    turn mine{*state_, how};
    if (!mine) dovetail::detail::throw_error(mine.refused());
    if (state_->manual) {
      state_->manual->transaction_within(limit, call_body, how.where);
      return give();
    }
  }
  detail::failed_attempt bad;
  runner_type again = runner();
  for (int attempt = 1;; ++attempt) {
    {
      result<transaction_type> tx = try_scope(isolation, how, limit);
      if (!tx) dovetail::detail::throw_error(std::move(tx).error());  // connecting was repeated already
      bad = {};
      try {
        const detail::session_body inside{state_.get()};
        call_body(*tx);
      } catch (const error& thrown) {  // what else is thrown passes through, and rolls back on its way
        // What was sent and lost before the commit is undone by the server; but what else the body did may not be.
        bad = {thrown.info(), sql_phase::execute, 1};
        bad.is_evidence = tx->has_lost_connection() && bad.why.kind() != condition::timeout;  // not another server's
      }
      const bool may_be_kept = tx->may_be_kept();  // by the body itself: begun again, it would do everything twice
      if (!bad.why) {
        if (!tx->is_open()) return give();  // the body has ended it
        result<void> done = tx->try_commit(how.where);
        if (done) return give();
        bad = {std::move(done).error(), sql_phase::commit, 1};
      }
      bad.may_be_kept = may_be_kept;
      tx->abandon(bad.why);
    }
    if (!again.pause(bad, "transaction", attempt, false, how)) dovetail::detail::throw_error(std::move(bad.why));
  }
}

}  // namespace dovetail::inline v0::asyncsql
