// The awaited session: transaction modes, retries by class, guard and metrics over an asynchronous client.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/async_transaction.hpp>
#include <dovetail/client/asyncsql/async_turns.hpp>
#include <dovetail/client/asyncsql/open.hpp>
#include <dovetail/client/asyncsql/session_transaction.hpp>
#include <dovetail/client/asyncsql/statement_runner.hpp>
#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/driver/as_result.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {

/// What the body of an asynchronous `run_transaction` gets: the verbs behind the session's guard, and savepoints.
/// One operation at a time.
template <class Core, statement_guard Guard>
class async_session_transaction : public Core::connection_type::template verbs<async_session_transaction<Core, Guard>> {
  using base = typename Core::connection_type::template verbs<async_session_transaction<Core, Guard>>;
  using context_type = detail::session_context<Guard>;

 public:
  using guard_type = Guard;
  using place = std::source_location;

  /// Used by sessions.
  async_session_transaction(context_type& context, async_transaction<Core>& on) noexcept
      : context_(&context), on_(&on) {}

  asio::any_io_executor get_executor() const noexcept { return on_->get_executor(); }

  asio::awaitable<void> savepoint(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("savepoint ", name), where);
  }
  asio::awaitable<void> rollback_to(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("rollback to savepoint ", name), where);
  }
  asio::awaitable<void> release(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("release savepoint ", name), where);
  }
  void transaction() = delete;  // nest by `savepoint`

  /// For verbs.
  template <operation Op>
  asio::awaitable<typename Op::value_type> run(Op op, place where) {
    return dovetail::detail::value_of<typename Op::value_type>(perform(std::move(op), where));
  }
  template <operation Op>
  asio::awaitable<result<typename Op::value_type>> perform(Op op, place where) {
    const guard_context about = context_->about(base::speaks, Op::name, where);
    if (error_info refused = context_->refuse(op, about)) co_return refused;
    const clock::time_point since = clock::now();
    auto answer = co_await perform_inside(Op(op), where);
    context_->saw(op, about, answer, clock::now() - since);
    co_return answer;
  }
  /// What the session has let through already.
  template <operation Op>
  auto perform_inside(Op op, place where) {
    return on_->perform(std::move(op), where);
  }

 private:
  asio::awaitable<void> mark(result<std::string> text, place where) {
    if (!text) {
      text.error().with_location(where);
      dovetail::detail::throw_error(text.error());
    }
    sql_script op{*std::move(text)};
    const result<void> done = co_await on_->perform(std::move(op), where);
    done.value();
  }

  context_type* context_;
  async_transaction<Core>* on_;
};

/// The verbs of SQL over an asynchronous client: the modes and rules of `session`, awaited.
/// Connecting, beginning, and statements without a transaction of their own are repeated as the client's policy says,
/// which `open_async` sets from the same settings.
/// Threads: any number of coroutines; within a manual transaction they take turns. Lifetime: the session must outlive
/// its operations. An open transaction is rolled back by `close()`, or with its connection when the session goes.
template <class Client, statement_guard Guard = no_guard>
class async_session : public Client::connection_type::template verbs<async_session<Client, Guard>> {
  using base = typename Client::connection_type::template verbs<async_session<Client, Guard>>;

 public:
  using client_type = Client;
  using guard_type = Guard;
  using core_type = typename Client::core_type;
  using transaction_type = async_session_transaction<core_type, Guard>;
  using place = std::source_location;

  /// Over a client of somebody else's, which must outlive the session.
  explicit async_session(Client& of, session_settings how = {}, Guard guard = {})
      : async_session(std::shared_ptr<Client>{std::shared_ptr<Client>{}, &of}, std::move(how), std::move(guard)) {}
  explicit async_session(std::shared_ptr<Client> of, session_settings how = {}, Guard guard = {},
                         std::shared_ptr<sql_metrics> metrics = {})
      : state_(std::make_shared<state>(std::move(of), std::move(how), std::move(guard), std::move(metrics))) {}

  const session_settings& settings() const noexcept { return state_->context.how; }
  transaction_mode mode() const noexcept { return settings().transaction.mode; }
  Client& client() const noexcept { return *state_->client; }
  sql_metrics& metrics() const noexcept { return *state_->context.metrics; }
  pool_statistics statistics() const { return client().statistics(); }
  void resize(std::size_t most) noexcept { client().core()->connections().resize(most); }
  asio::any_io_executor get_executor() const { return client().get_executor(); }
  bool is_in_transaction() const noexcept { return state_->manual.has_value(); }

  asio::awaitable<void> begin(place where = place::current()) {
    return dovetail::detail::value_of<void>(try_begin(settings().transaction.isolation, where));
  }
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
  /// Rolls an open transaction back, and refuses further calls.
  asio::awaitable<void> close(place where = place::current()) {
    const auto self = state_;
    self->is_closed = true;
    const auto mine = co_await detail::async_turns::take(self->turns, deadline::after(settings().timeout));
    if (self->manual && mine) static_cast<void>(co_await finish(*self->manual, false, where));
    self->manual.reset();
  }

  /// `co_await db.run_transaction([](auto& tx) -> asio::awaitable<void> { … })`: commits when the body returns, rolls
  /// back when it throws; begins again when the database has undone it because of others.
  template <class Fn>
  auto run_transaction(begin_mode isolation, Fn body, place where = place::current()) {
    using value_type = typename dovetail::detail::awaited<std::invoke_result_t<Fn&, transaction_type&>>::type;
    return dovetail::detail::value_of<value_type>(repeat<value_type>(isolation, std::move(body), start_call(where)));
  }
  template <class Fn>
    requires(!std::is_same_v<Fn, begin_mode>)
  auto run_transaction(Fn body, place where = place::current()) {
    return run_transaction(settings().transaction.isolation, std::move(body), where);
  }
  /// The same by the verb's name of other clients.
  template <class... Rest>
  auto transaction(Rest&&... rest) {
    return run_transaction(std::forward<Rest>(rest)...);
  }

  /// For verbs.
  template <operation Op>
  asio::awaitable<typename Op::value_type> run(Op op, place where) {
    return dovetail::detail::value_of<typename Op::value_type>(perform(std::move(op), where));
  }
  template <operation Op>
  asio::awaitable<result<typename Op::value_type>> perform(Op op, place where) {
    const auto self = state_;
    const guard_context about = self->context.about(base::speaks, Op::name, where);
    if (error_info refused = self->context.refuse(op, about)) co_return refused;
    const clock::time_point since = clock::now();
    auto answer = co_await perform_admitted(Op(op), start_call(where));
    self->context.saw(op, about, answer, clock::now() - since);
    co_return answer;
  }
  const std::shared_ptr<core_type>& core() const noexcept { return client().core(); }
  asio::use_awaitable_t<> token() const noexcept { return {}; }
  call start_call(place where) const noexcept { return call::within(settings().timeout, where); }

 private:
  using tx_type = async_transaction<core_type>;

  struct state {
    state(std::shared_ptr<Client> of, session_settings settings, Guard by, std::shared_ptr<sql_metrics> metrics)
        : client(std::move(of)), context{std::move(settings), std::move(by), std::move(metrics)} {
      if (!context.metrics) {
        context.metrics = std::make_shared<sql_metrics>(context.how.name, context.how.monitor.kept_slow_queries);
      }
      context.metrics->saw_pool(pool_event::acquire);
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { context.metrics->saw_pool(pool_event::release); }

    std::shared_ptr<Client> client;
    detail::session_context<Guard> context;
    std::shared_ptr<detail::async_turns> turns = std::make_shared<detail::async_turns>();
    std::optional<tx_type> manual;
    std::atomic<bool> is_closed{false};
  };

  static error_info closed(place where) {
    return detail::misuse("the session is closed", where, errc::transaction_closed);
  }
  static error_info no_turn(place where) {
    return detail::misuse("another statement in the transaction took too long, or this one was cancelled", where,
                          errc::deadline_passed);
  }

  template <operation Op>
  asio::awaitable<result<typename Op::value_type>> perform_admitted(Op op, call how) {
    const auto self = state_;
    if (self->is_closed) co_return closed(how.where);
    if (mode() == transaction_mode::manual) {
      const auto mine = co_await detail::async_turns::take(self->turns, how.by);
      if (!mine) co_return no_turn(how.where);
      if (self->is_closed) co_return closed(how.where);  // while it waited: its transaction is gone
      if (self->manual) {
        self->manual->limit(how.by);
        co_return co_await self->manual->perform(std::move(op), how.where);
      }
    }
    if (!detail::wants_transaction(op, settings().transaction)) {
      co_return co_await self->client->within(how.by).with(as_result).run(std::move(op), how.where);
    }
    const auto statement = [&op, where = how.where](tx_type& tx) { return tx.perform(Op(op), where); };
    co_return co_await attempt_all<typename Op::value_type>(settings().transaction.isolation, statement, Op::name, how);
  }

  /// Runs `body(tx)`, which gives an awaitable of a `result`, in transactions until one is committed or no more are
  /// worth it.
  template <class T, class Body>
  asio::awaitable<result<T>> attempt_all(begin_mode isolation, const Body& body, std::string_view name, call how) {
    const auto self = state_;
    const auto core = self->client->core();
    const asio::any_io_executor executor = get_executor();
    for (int attempt = 1;; ++attempt) {
      detail::failed_attempt bad;
      auto lent = co_await dovetail::detail::async_begin(core, executor, how, sql_begin{isolation, 0});
      if (!lent) co_return std::move(lent).error();  // connecting and beginning were repeated already
      {
        tx_type tx{core, *std::move(lent), executor, how.by};
        result<T> answer = co_await body(tx);
        co_await asio::this_coro::throw_if_cancelled(false);  // the end of the transaction happens
        if (answer) {
          result<void> done = co_await finish(tx, true, how.where);
          if (done) {
            co_await asio::this_coro::throw_if_cancelled(true);
            co_return answer;
          }
          bad = {std::move(done).error(), sql_phase::commit, 1};
        } else {
          bad = {std::move(answer).error(), sql_phase::execute, 1};
          detail::explain_mode(bad.why);
        }
        if (!tx.is_aborted()) static_cast<void>(co_await finish(tx, false, how.where));
        co_await asio::this_coro::throw_if_cancelled(true);
      }
      const verdict next = detail::judge(bad, name, attempt, false, how, settings().retry, metrics(), core->watcher());
      if (!next.repeat) co_return std::move(bad.why);
      asio::steady_timer pause{executor, next.delay};
      co_await pause.async_wait(asio::use_awaitable);
    }
  }

  template <class T, class Fn>
  asio::awaitable<result<T>> repeat(begin_mode isolation, Fn body, call how) {
    const auto self = state_;
    if (self->is_closed) co_return closed(how.where);
    if (self->manual) co_return detail::misuse("Transaction already active: nest by savepoints", how.where);
    std::exception_ptr thrown;
    const auto run_body = [&](tx_type& tx) { return call_body<T>(*self, tx, body, thrown); };
    result<T> answer = co_await attempt_all<T>(isolation, run_body, "transaction", how);
    if (thrown) std::rethrow_exception(thrown);
    co_return answer;
  }

  template <class T, class Fn>
  static asio::awaitable<result<T>> call_body(state& of, tx_type& tx, Fn& body, std::exception_ptr& thrown) {
    transaction_type shown{of.context, tx};
    auto outcome = co_await dovetail::detail::await_body<T>(shown, body);
    if (outcome.thrown) {
      thrown = outcome.thrown;
      co_return errc::cancelled;  // never repeated; the exception goes on its way afterwards
    }
    if (outcome.failure) co_return std::move(outcome.failure);
    if (tx.is_aborted()) co_return error_info{errc::transaction_aborted, "nothing was committed"};
    if constexpr (std::is_void_v<T>) {
      co_return result<void>{};
    } else {
      co_return *std::move(outcome.value);
    }
  }

  asio::awaitable<result<void>> finish(tx_type& tx, bool commits, place where) {
    tx.limit(deadline::after(commits ? settings().timeout : settings().transaction.close_limit));
    if (commits) {
      result<void> done = co_await tx.perform(sql_commit{}, where);
      metrics().saw_transaction(static_cast<bool>(done));
      co_return done;
    }
    metrics().saw_transaction(false);
    co_return co_await tx.perform(sql_rollback{}, where);
  }

  asio::awaitable<result<void>> try_begin(begin_mode isolation, place where) {
    const auto self = state_;
    if (mode() != transaction_mode::manual) {
      co_return detail::misuse("begin() can only be called in 'manual' transaction mode", where);
    }
    const call how = start_call(where);
    const auto mine = co_await detail::async_turns::take(self->turns, how.by);
    if (self->is_closed) co_return closed(where);
    if (!mine) co_return no_turn(where);
    if (self->manual) co_return detail::misuse("Transaction already active: nest by savepoints", where);
    auto lent = co_await dovetail::detail::async_begin(core(), get_executor(), how, sql_begin{isolation, 0});
    if (!lent) co_return std::move(lent).error();
    self->manual.emplace(core(), *std::move(lent), get_executor(), deadline::never());
    co_return result<void>{};
  }

  asio::awaitable<result<void>> end(bool commits, place where) {
    const auto self = state_;
    if (mode() != transaction_mode::manual) {
      co_return detail::misuse(commits ? "commit() can only be called in 'manual' transaction mode"
                                       : "rollback() can only be called in 'manual' transaction mode",
                               where);
    }
    const auto mine = co_await detail::async_turns::take(self->turns, start_call(where).by);
    if (!mine) co_return no_turn(where);
    if (!self->manual) {
      co_return detail::misuse(commits ? "No active transaction to commit" : "No active transaction to rollback",
                               where);
    }
    result<void> done = co_await finish(*self->manual, commits, where);
    if (!done && !self->manual->is_aborted()) static_cast<void>(co_await finish(*self->manual, false, where));
    self->manual.reset();
    co_return done;
  }

  asio::awaitable<void> mark(result<std::string> text, place where) {
    const auto self = state_;
    if (!text) {
      text.error().with_location(where);
      dovetail::detail::throw_error(text.error());
    }
    const call how = start_call(where);
    const auto mine = co_await detail::async_turns::take(self->turns, how.by);
    if (!mine) dovetail::detail::throw_error(no_turn(where));
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

/// As `open`, for an asynchronous client that works on `executor`.
template <class Client, class Guard>
  requires statement_guard<Guard> async_session<Client, Guard> open_async(
      const asio::any_io_executor& executor, const config& how, Guard by,
      pool_registry& in = pool_registry::process()) {
    auto parsed = Client::connection_type::wire::parse(how.connection_string.reveal());
    if (!parsed) dovetail::detail::throw_error(std::move(parsed).error());
    typename Client::settings settings;
    config own = how;
    if (error_info wrong = detail::client_settings_of(own, parsed->settings, settings)) {
      dovetail::detail::throw_error(std::move(wrong));
    }
    std::shared_ptr<shared_pool<Client>> pool =
        in.get<Client>(std::move(parsed->options), std::move(settings), how.pool.share, executor).value();
    std::shared_ptr<sql_metrics> metrics = pool->metrics();
    metrics->keep_slow(how.session.monitor.kept_slow_queries);
    Client& client = pool->client();
    return async_session<Client, Guard>{std::shared_ptr<Client>{std::move(pool), &client}, own.session, std::move(by),
                                        std::move(metrics)};
  }

template <class Client, class Guard = guard<>>
async_session<Client, Guard> open_async(const asio::any_io_executor& executor, const config& how,
                                        pool_registry& in = pool_registry::process()) {
  return open_async<Client>(executor, how, detail::make_guard<Guard>(how.security), in);
}

}  // namespace dovetail::inline v0::asyncsql
