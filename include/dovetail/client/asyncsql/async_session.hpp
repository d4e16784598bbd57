// The awaited session: transaction modes, retries by class, guard and metrics over an asynchronous client.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/async_transaction.hpp>
#include <dovetail/client/asyncsql/async_session_state.hpp>
#include <dovetail/client/asyncsql/async_session_transaction.hpp>
#include <dovetail/client/asyncsql/async_session_view.hpp>
#include <dovetail/client/asyncsql/body_executor.hpp>
#include <dovetail/client/asyncsql/shared_pool.hpp>
#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/driver/as_result.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {
/// The verbs of SQL over an asynchronous client: the modes and rules of `session`, awaited.
/// Connecting, beginning, and statements without a transaction of their own are repeated as the client's policy says,
/// which `open_async` sets from the same settings.
/// Threads: any number of coroutines, on any number of threads; within a manual transaction they take turns. Lifetime:
/// the session must outlive its operations. An open transaction is rolled back by `close()`, or with its connection
/// when the session goes.
template <class Client, statement_guard Guard = no_guard>
class async_session : public Client::connection_type::template verbs<async_session<Client, Guard>> {
  using base = typename Client::connection_type::template verbs<async_session<Client, Guard>>;

 public:
  using client_type = Client;
  using guard_type = Guard;
  using connection_type = typename Client::connection_type;
  using core_type = typename Client::core_type;
  using transaction_type = async_session_transaction<core_type, Guard>;
  using scope_type = async_session_scope<core_type, Guard>;
  using view_type = async_session_view<async_session, asio::use_awaitable_t<>>;
  using place = std::source_location;

  /// Over a client of somebody else's, which must outlive the session.
  explicit async_session(Client& of, session_settings how = {}, Guard guard = {})
      : async_session(std::shared_ptr<Client>{std::shared_ptr<Client>{}, &of}, std::move(how), std::move(guard)) {}
  explicit async_session(std::shared_ptr<Client> of, session_settings how = {}, Guard guard = {},
                         std::shared_ptr<sql_metrics> metrics = {}, std::shared_ptr<circuit_breaker> circuit = {})
      : state_(std::make_shared<state>(std::move(of), std::move(how), std::move(guard), std::move(metrics),
                                       std::move(circuit))) {}

  const session_settings& settings() const { return at().context.how; }
  transaction_mode mode() const { return settings().transaction.mode; }
  Client& client() const { return *at().client; }
  const Guard& guard() const { return at().context.guard; }
  sql_metrics& metrics() const { return *at().context.metrics; }
  /// Of the circuit breaker; always closed where there is none.
  circuit_state circuit() const { return at().context.circuit->state(); }
  pool_statistics statistics() const { return client().statistics(); }
  void resize(std::size_t most) { detail::resize_pool(client().core()->connections(), most); }
  asio::any_io_executor get_executor() const { return client().get_executor(); }
  bool is_in_transaction() const { return at().is_in_manual; }
  bool is_closed() const noexcept { return state_ == nullptr || state_->is_closed; }
  std::string prometheus() const {
    const pool_statistics now = client().statistics();
    return to_prometheus({{&metrics(), {now.idle, now.active, now.max}}});
  }

  /// The same verbs with a time limit of their own, retries included; it ends earlier than the session's, never later.
  view_type within(clock::duration budget) { return view().within(budget); }
  view_type within(deadline by) { return view().within(by); }
  /// The same verbs in another completion style (`dt::as_result`, `asio::use_future`, a callback that takes
  /// `dt::result`, …), or with types of parameters, which win over those of the settings, name by name.
  template <class Token>
  auto with(Token&& token) {
    return view().with(std::forward<Token>(token));
  }

  /// Asks the database for a sign of life, past guard and metrics. (health_report)
  asio::awaitable<health_report> health() {
    const auto self = state_;
    if (!self) dovetail::detail::throw_error(moved_from(place::current()));
    health_report found;
    found.when = std::chrono::system_clock::now();
    const clock::time_point since = clock::now();
    const auto asked = self->client->within(self->context.how.monitor.health_wait).with(as_result);
    sql_script question{"select 1"};  // no temporary: GCC 12 destroys those of a co_await twice
    auto answer = co_await asked.run(std::move(question), place::current());
    if (!answer) found.why = std::move(answer).error();
    found.latency = clock::now() - since;
    found.is_healthy = !found.why;
    found.pool = self->client->statistics();
    co_return found;
  }

  asio::awaitable<void> begin(place where = place::current()) { return begin(settings().transaction.isolation, where); }
  asio::awaitable<void> begin(begin_mode isolation, place where = place::current()) {
    return dovetail::detail::value_of<void>(try_begin(isolation, where));
  }
  asio::awaitable<void> commit(place where = place::current()) {
    return dovetail::detail::value_of<void>(end(true, where));
  }
  asio::awaitable<void> rollback(place where = place::current()) {
    return dovetail::detail::value_of<void>(end(false, where));
  }
  asio::awaitable<void> savepoint(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("savepoint ", name), where);
  }
  asio::awaitable<void> rollback_to(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("rollback to savepoint ", name), where);
  }
  asio::awaitable<void> release(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("release savepoint ", name), where);
  }
  /// Rolls an open transaction back, and refuses further calls. Waits no longer than `close_limit` for a statement that
  /// runs in it; the transaction ends with that statement then.
  asio::awaitable<void> close(place where = place::current()) {
    const auto self = state_;
    if (!self || self->is_closed.exchange(true)) co_return;
    auto mine = co_await turn::take(self, deadline::after(self->context.how.transaction.close_limit));
    if (mine.is_taken() && self->manual) {
      static_cast<void>(co_await detail::end_transaction(self->context, *self->manual, false, where));
    }
  }

  /// A transaction as an object, in any mode: see `async_session_scope`. (async_session_scope)
  asio::awaitable<scope_type> scope(begin_mode isolation, place where = place::current()) {
    return dovetail::detail::value_of<scope_type>(
        try_scope(isolation, (clock::duration::max)(), deadline::never(), where));
  }
  asio::awaitable<scope_type> scope(place where = place::current()) {
    return scope(settings().transaction.isolation, where);
  }

  /// `co_await db.run_transaction([](auto& tx) -> asio::awaitable<void> { … })`: commits when the body returns, rolls
  /// back when it throws; begins again when the database has undone it because of others. In mode `manual` while a
  /// transaction is open it joins that one behind a savepoint, and nothing is repeated; other coroutines' calls wait
  /// for their turn then until the body has returned. The body runs on an executor of its own, around the caller's:
  /// what it awaits or spawns on it cannot use the session itself (errc::invalid_state), only `tx`.
  template <class Fn>
  auto run_transaction(begin_mode isolation, Fn body, place where = place::current()) {
    return view().run_transaction(isolation, std::move(body), where);
  }
  template <class Fn>
    requires(!std::is_same_v<Fn, begin_mode>)
  auto run_transaction(Fn body, place where = place::current()) {
    return view().run_transaction(std::move(body), where);
  }
  /// The same by the verb's name of other clients.
  template <class... Rest>
  auto transaction(Rest&&... rest) {
    return run_transaction(std::forward<Rest>(rest)...);
  }

  /// The rows some at a time, with bounded memory; within a manual transaction on its connection: while a row is
  /// awaited, no other call may be made in that transaction (errc::busy). (async_sql_stream)
  template <class Row, class... Args>
  auto stream(dovetail::detail::statement_of<async_session, base::speaks, Row, Args...> sql, const Args&... args) {
    using stream_type = async_sql_stream<Row, core_type, asio::use_awaitable_t<>>;
    return dovetail::detail::value_of<stream_type>(try_stream<Row>(base::template ask<Row>(sql, args...),
                                                                   (clock::duration::max)(), deadline::never(), {},
                                                                   asio::use_awaitable_t<>{}));
  }

  /// For verbs.
  template <operation Op>
  asio::awaitable<typename Op::value_type> run(Op op, place where) {
    return dovetail::detail::value_of<typename Op::value_type>(perform(std::move(op), where));
  }
  template <operation Op>
  asio::awaitable<result<typename Op::value_type>> perform(Op op, place where) {
    return perform_by(std::move(op), (clock::duration::max)(), deadline::never(), {}, where);
  }
  const std::shared_ptr<core_type>& core() const { return client().core(); }
  asio::use_awaitable_t<> token() const noexcept { return {}; }

  /// Used by views.
  template <operation Op>
  asio::awaitable<result<typename Op::value_type>> perform_by(Op op, clock::duration budget, deadline by,
                                                              std::shared_ptr<const parameter_types> types,
                                                              place where) {
    const auto self = state_;
    if (!self) co_return moved_from(where);
    if (error_info wrong = hint(*self, op, types.get())) co_return wrong.with_location(where);
    const guard_context about = self->context.about(base::speaks, Op::name, where);
    typename context_type::mask_type hidden;
    if (error_info refused = self->context.refuse(op, about, hidden)) co_return refused;
    const clock::time_point since = clock::now();
    auto answer = co_await perform_admitted(self, Op(op), call_for(*self, budget, by, where));
    if (!answer) detail::explain_type(answer.error());
    self->context.saw(op, about, answer, clock::now() - since);
    hidden.template hide<Op>(answer);
    co_return answer;
  }
  template <class Row, class Request, class Token>
  asio::awaitable<result<async_sql_stream<Row, core_type, Token>>> try_stream(
      Request asked, clock::duration budget, deadline by, std::shared_ptr<const parameter_types> types, Token token) {
    const auto self = state_;
    const place where = asked.sql.view().where;
    if (!self) co_return moved_from(where);
    if (types) asked.hints = types->hints();
    error_info wrong = types ? types->problem() : error_info{};
    if (wrong) co_return wrong.with_location(where);
    if (self->is_closed) co_return closed(where);
    const asio::any_io_executor runs_on = co_await asio::this_coro::executor;
    if (detail::is_in_body(runs_on, self.get())) co_return detail::used_inside(where);
    const call how = call_for(*self, budget, by, where);
    std::shared_ptr<dovetail::detail::async_transaction_state<core_type>> inside;
    attempt_watcher* watch = nullptr;
    const auto open = [&] {
      return detail::open_session_stream<Row>(
          self->context, base::speaks, self->client->core(), inside, self->client->get_executor(),
          (std::min)(budget, self->context.how.timeout), by, std::move(asked), std::move(token), watch);
    };
    if (self->context.how.transaction.mode == transaction_mode::manual) {
      auto mine = co_await turn::take(self, how.by);
      if (!mine) co_return mine.refused(where);
      if (self->manual) inside = self->manual->state();
      if (inside) co_return co_await open();
    }
    detail::circuit_pass pass = self->context.pass();
    auto& watcher = self->client->core()->watcher();
    if (error_info refused = pass.ask(where, watcher)) co_return refused;
    detail::circuit_watch each{pass, *self->context.metrics, self->context.how.timeout, how, watcher};
    watch = &each;
    auto opened = co_await open();
    each.ended(opened);
    co_return opened;
  }
  asio::awaitable<result<scope_type>> try_scope(begin_mode isolation, clock::duration budget, deadline by,
                                                place where) {
    const auto self = state_;
    if (!self) co_return moved_from(where);
    if (self->is_closed) co_return closed(where);
    const asio::any_io_executor runs_on = co_await asio::this_coro::executor;
    if (detail::is_in_body(runs_on, self.get())) co_return detail::used_inside(where);
    const asio::any_io_executor executor = self->client->get_executor();
    const call how = call_for(*self, budget, by, where);
    const deadline limit = limit_of(budget, by);
    auto lent = co_await detail::begin_passed(self->context, self->client->core(), executor, how, isolation);
    if (!lent) co_return std::move(lent).error();
    auto on = std::make_unique<tx_type>(self->client->core(), *std::move(lent), executor, limit);
    co_return scope_type{std::shared_ptr<context_type>{self, &self->context}, std::move(on), limit};
  }
  /// `T`: what the body gives.
  template <class T, class Fn>
  asio::awaitable<result<T>> repeat(begin_mode isolation, Fn body, clock::duration budget, deadline by, place where) {
    const auto self = state_;
    if (!self) co_return moved_from(where);
    if (self->is_closed) co_return closed(where);
    const asio::any_io_executor runs_on = co_await asio::this_coro::executor;
    if (detail::is_in_body(runs_on, self.get())) co_return detail::used_inside(where);
    const call how = call_for(*self, budget, by, where);
    const deadline limit = limit_of(budget, by);  // each statement has the session's timeout too
    if (self->context.how.transaction.mode == transaction_mode::manual) {
      auto mine = co_await turn::take(self, how.by);
      if (!mine) co_return mine.refused(where);
      if (self->manual) {
        transaction_type joined{self->context, *self->manual, limit};
        co_return co_await joined.template nest<T>(std::move(body), where, self.get());
      }
    }
    std::exception_ptr thrown;
    const auto run_body = [&](tx_type& tx) { return detail::call_body<T>(*self, tx, body, limit, thrown); };
    result<T> answer = co_await detail::attempt_all<T>(self, isolation, run_body, "transaction", how, true);
    if (thrown) std::rethrow_exception(thrown);
    co_return answer;
  }

 private:
  using tx_type = async_transaction<core_type>;
  using context_type = detail::session_context<Guard>;
  using state = detail::async_session_state<Client, Guard>;
  using turn = detail::async_session_turn<state>;

  static error_info closed(place where) {
    return detail::misuse("the session is closed", where, errc::transaction_closed);
  }
  static error_info moved_from(place where) { return detail::misuse("the session has been moved from", where); }
  state& at() const {
    if (state_ == nullptr) dovetail::detail::throw_error(moved_from(place::current()));
    return *state_;
  }
  view_type view() { return {*this, (clock::duration::max)(), deadline::never(), asio::use_awaitable_t<>{}}; }
  static call call_for(const state& of, clock::duration budget, deadline by, place where) {
    call how = call::within((std::min)(budget, of.context.how.timeout), where);
    how.by = earlier(how.by, by);
    return how;
  }
  /// By when a whole transaction must be over, from a view's limits; never, when the session itself was asked.
  static deadline limit_of(clock::duration budget, deadline by) { return earlier(deadline::after(budget), by); }
  template <class Op>
  static error_info hint(const state& of, Op& op, const parameter_types* types) {
    if (types == nullptr) return of.context.hint(op);
    if constexpr (requires { op.request.hints; }) op.request.hints = types->hints();
    return types->problem();
  }

  template <operation Op>
  static asio::awaitable<result<typename Op::value_type>> perform_admitted(std::shared_ptr<state> self, Op op,
                                                                           call how) {
    if (self->is_closed) co_return closed(how.where);
    const asio::any_io_executor runs_on = co_await asio::this_coro::executor;
    if (detail::is_in_body(runs_on, self.get())) co_return detail::used_inside(how.where);
    const transaction_settings& rules = self->context.how.transaction;
    if (rules.mode == transaction_mode::manual) {
      auto mine = co_await turn::take(self, how.by);
      if (!mine) co_return mine.refused(how.where);
      if (self->manual) {
        self->manual->limit(how.by);
        co_return co_await self->manual->perform(std::move(op), how.where);
      }
    }
    if (!detail::wants_transaction(op, rules)) {
      detail::circuit_pass pass = self->context.pass();
      auto& watcher = self->client->core()->watcher();
      if (error_info refused = pass.ask(how.where, watcher)) co_return refused;
      detail::circuit_watch each{pass, *self->context.metrics, self->context.how.timeout, how, watcher};
      const asio::any_io_executor fallback = self->client->get_executor();
      auto answer = co_await detail::perform_watched(self->client->core(), fallback, each.how(), std::move(op));
      each.ended(answer);
      co_return answer;
    }
    const auto statement = [&op, where = how.where](tx_type& tx) { return tx.perform(Op(op), where); };
    co_return co_await detail::attempt_all<typename Op::value_type>(self, rules.isolation, statement, Op::name, how);
  }

  asio::awaitable<result<void>> try_begin(begin_mode isolation, place where) {
    const auto self = state_;
    if (!self) co_return moved_from(where);
    if (mode() != transaction_mode::manual) {
      co_return detail::misuse("begin() can only be called in 'manual' transaction mode", where);
    }
    const asio::any_io_executor runs_on = co_await asio::this_coro::executor;
    if (detail::is_in_body(runs_on, self.get())) co_return detail::used_inside(where);
    const call how = call::within(self->context.how.timeout, where);
    auto mine = co_await turn::take(self, how.by);
    if (!mine) co_return mine.refused(where);
    if (self->manual) co_return detail::misuse("Transaction already active: nest by savepoints", where);
    const asio::any_io_executor executor = self->client->get_executor();
    auto lent = co_await detail::begin_passed(self->context, self->client->core(), executor, how, isolation);
    if (!lent) co_return std::move(lent).error();
    self->manual.emplace(self->client->core(), *std::move(lent), executor, deadline::never());
    co_return result<void>{};
  }

  asio::awaitable<result<void>> end(bool commits, place where) {
    const auto self = state_;
    if (!self) co_return moved_from(where);
    if (mode() != transaction_mode::manual) {
      co_return detail::misuse(commits ? "commit() can only be called in 'manual' transaction mode"
                                       : "rollback() can only be called in 'manual' transaction mode",
                               where);
    }
    const asio::any_io_executor runs_on = co_await asio::this_coro::executor;
    if (detail::is_in_body(runs_on, self.get())) co_return detail::used_inside(where);
    auto mine = co_await turn::take(self, deadline::after(self->context.how.timeout));
    if (!mine) co_return mine.refused(where);
    if (!self->manual) {
      co_return detail::misuse(commits ? "No active transaction to commit" : "No active transaction to rollback",
                               where);
    }
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);  // what a cancelled end leaves is undone
    result<void> done = co_await detail::end_as_asked(self->context, *self->manual, commits, where);
    if (!done && !self->manual->is_aborted()) {
      const result<void> undone = co_await detail::end_transaction(self->context, *self->manual, false, where);
      if (!undone && commits) done.error().with_suppressed(undone.error());
    }
    self->manual.reset();
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return done;
  }

  asio::awaitable<void> mark(result<std::string> text, place where) {
    const auto self = state_;
    if (!self) dovetail::detail::throw_error(moved_from(where));
    if (!text) dovetail::detail::throw_error(text.error().with_location(where));
    const asio::any_io_executor runs_on = co_await asio::this_coro::executor;
    if (detail::is_in_body(runs_on, self.get())) dovetail::detail::throw_error(detail::used_inside(where));
    const call how = call::within(self->context.how.timeout, where);
    auto mine = co_await turn::take(self, how.by);
    if (!mine) dovetail::detail::throw_error(mine.refused(where));
    if (!self->manual) {
      dovetail::detail::throw_error(detail::misuse("No active transaction for a savepoint", where));
    }
    self->manual->limit(how.by);
    sql_script op{*std::move(text)};
    const result<void> done = co_await self->manual->perform(std::move(op), where);
    done.value();
  }

  std::shared_ptr<state> state_;
};

}  // namespace dovetail::inline v0::asyncsql
