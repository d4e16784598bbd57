// The asynchronous client: the same verbs as the blocking one, in any completion style.
#pragma once

#include <dovetail/client/async_perform.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

namespace detail {

/// Starts one operation in the token's completion style, on the executor of the core's connections if the token has
/// none.
template <class Core, class Token, operation Op>
auto initiate_operation(const std::shared_ptr<Core>& core, clock::duration budget, deadline by,
                        std::source_location where, Token token, Op&& op) {
  return async_initiate_result<typename Op::value_type>(
      [core, budget, by, where]<class Handler, class Asked>(Handler&& handler, Asked&& asked) mutable {
        call how = call::within(budget, where);
        how.by = earlier(how.by, by);
        const asio::any_io_executor& fallback = core->connections().connection_options().executor;
        if constexpr (Core::template joins<Op>) {
          if (Core::connection_type::may_join(core->connections().connection_options(), asked, how)) {
            return Core::connection_type::join(std::move(core), fallback, how, std::forward<Asked>(asked),
                                               std::forward<Handler>(handler));
          }
        }
        async_perform<Core, Op, std::decay_t<Handler>>::begin(
            std::move(core), fallback, how, std::forward<Asked>(asked), std::forward<Handler>(handler));
      },
      std::move(token), std::move(op));
}

}  // namespace detail

/// A light view of an asynchronous client: the same verbs with another completion token or time limit.
/// Lifetime: may outlive the client; its operations fail with errc::pool_closed then.
template <class Core, class Token>
class async_client_view : public Core::connection_type::template verbs<async_client_view<Core, Token>> {
 public:
  using executor_type = asio::any_io_executor;

  async_client_view(std::shared_ptr<Core> core, executor_type executor, clock::duration budget, deadline by,
                    Token token, clock::duration asked = (clock::duration::max)())
      : core_(std::move(core)),
        executor_(std::move(executor)),
        budget_(budget),
        asked_(asked),
        by_(by),
        token_(std::move(token)) {}

  /// The time that each operation may take from when it starts.
  async_client_view within(clock::duration budget) const {
    return {core_, executor_, budget < budget_ ? budget : budget_, by_, token_, budget < asked_ ? budget : asked_};
  }
  async_client_view within(deadline by) const { return {core_, executor_, budget_, earlier(by_, by), token_, asked_}; }
  template <class Other>
  async_client_view<Core, std::decay_t<Other>> with(Other&& token) const {
    return {core_, executor_, budget_, by_, std::forward<Other>(token), asked_};
  }
  /// The same for a call of several statements that starts now: a limit of this view is one of all of them together.
  async_client_view as_one_call() const { return within(deadline::after(asked_)); }
  executor_type get_executor() const noexcept { return executor_; }

  /// For verbs: starts one operation in this view's completion style.
  template <operation Op>
  auto run(Op op, std::source_location where) const {
    return detail::initiate_operation(core_, budget_, by_, where, Token(token_), std::move(op));
  }
  /// For verbs that are more than one operation.
  const std::shared_ptr<Core>& core() const noexcept { return core_; }
  const Token& token() const noexcept { return token_; }
  clock::duration budget() const noexcept { return budget_; }
  deadline limit() const noexcept { return by_; }
  call start_call(std::source_location where) const noexcept {
    call how = call::within(budget_, where);
    how.by = earlier(how.by, by_);
    return how;
  }

 private:
  std::shared_ptr<Core> core_;
  executor_type executor_;
  clock::duration budget_;
  clock::duration asked_;  // by `within`, longer perhaps than what an operation has
  deadline by_;
  Token token_;
};

/// An asynchronous client. Verbs return `asio::awaitable` and throw `dt::error`; `with(token)` takes any completion
/// token: a callback with `dt::result<T>`, `asio::use_future`, `dt::as_result`, …
/// Threads: any number may start operations at once; what completes them runs on the token's executor, else on the
/// client's. Lifetime: operations may outlive the client; those that wait for a connection fail then. The context of a
/// token's executor must live until its operation has ended or the client is closed.
/// Cancellation: any operation, at any step; a connection in the middle of a dialogue is closed then, unless its
/// database can end the dialogue cleanly.
template <pooled_connection Connection, retry_policy Retry = exponential_backoff, pool_policy Pool = bounded_pool,
          observer Observer = no_observer>
class basic_async_client : public Connection::template verbs<basic_async_client<Connection, Retry, Pool, Observer>> {
 public:
  using connection_type = Connection;
  using core_type = client_core<Connection, Retry, Pool, Observer>;
  using settings = typename core_type::settings;
  using options = typename Connection::wire::options;
  using executor_type = asio::any_io_executor;
  using view_type = async_client_view<core_type, asio::use_awaitable_t<>>;

  /// Connects to nothing yet: connections are opened when they are needed.
  /// Errors: throws `dt::error` when the connection string or a setting is wrong.
  basic_async_client(executor_type executor, std::string_view connection_string, settings how = {});
  basic_async_client(executor_type executor, options where, settings how = {});
  basic_async_client(basic_async_client&&) noexcept = default;
  basic_async_client& operator=(basic_async_client&& other) noexcept {
    leave();
    executor_ = std::move(other.executor_);
    core_ = std::move(other.core_);
    return *this;
  }
  ~basic_async_client();

  view_type within(clock::duration budget) const { return view().within(budget); }
  view_type within(deadline by) const { return view().within(by); }
  template <class Token>
  auto with(Token&& token) const {
    return view().with(std::forward<Token>(token));
  }
  executor_type get_executor() const noexcept { return executor_; }

  /// A snapshot of the pool's counters.
  pool_statistics statistics() const noexcept { return core_->connections().statistics(); }
  /// Who has a connection now, and since when.
  std::vector<pool_holder> holders() const { return core_->connections().holders(); }
  /// Refuses further operations and closes the connections, those in use when they come back.
  void close() noexcept {
    if (core_) core_->connections().close();
  }
  Observer& watcher() noexcept { return core_->watcher(); }

  /// For verbs: see `async_client_view`.
  template <operation Op>
  auto run(Op op, std::source_location where) const {
    return detail::initiate_operation(core_, core_->timeout(), deadline::never(), where, asio::use_awaitable_t<>{},
                                      std::move(op));
  }
  const std::shared_ptr<core_type>& core() const noexcept { return core_; }
  asio::use_awaitable_t<> token() const noexcept { return {}; }
  clock::duration budget() const noexcept { return core_->timeout(); }
  deadline limit() const noexcept { return deadline::never(); }
  call start_call(std::source_location where) const noexcept { return call::within(core_->timeout(), where); }
  view_type view() const { return {core_, executor_, core_->timeout(), deadline::never(), asio::use_awaitable_t<>{}}; }

 private:
  basic_async_client(executor_type executor, result<parsed_string<options>> parsed, settings how);
  /// Closes; a connection whose calls run on other threads ends them, and waits for their end.
  void leave() noexcept {
    close();
    if constexpr (requires(const typename Connection::options& with) { with.end_calls(); }) {
      if (core_) core_->connections().connection_options().end_calls();
    }
  }

  executor_type executor_;
  std::shared_ptr<core_type> core_;
};

template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
basic_async_client<Connection, Retry, Pool, Observer>::basic_async_client(executor_type executor,
                                                                          std::string_view connection_string,
                                                                          settings how)
    : basic_async_client(std::move(executor), Connection::wire::parse(connection_string), std::move(how)) {}

template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
basic_async_client<Connection, Retry, Pool, Observer>::basic_async_client(executor_type executor, options where,
                                                                          settings how)
    : executor_(executor),
      core_(std::make_shared<core_type>(typename Connection::options{std::move(where), std::move(executor)},
                                        std::move(how))) {}

template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
basic_async_client<Connection, Retry, Pool, Observer>::~basic_async_client() {
  leave();
}

template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
basic_async_client<Connection, Retry, Pool, Observer>::basic_async_client(executor_type executor,
                                                                          result<parsed_string<options>> parsed,
                                                                          settings how)
    : executor_(executor) {
  if (!parsed) detail::throw_error(std::move(parsed).error());
  if (error_info wrong = detail::apply(how, parsed->settings)) detail::throw_error(std::move(wrong));
  core_ = std::make_shared<core_type>(typename Connection::options{std::move(parsed->options), std::move(executor)},
                                      std::move(how));
}

}  // namespace dovetail::inline v0
