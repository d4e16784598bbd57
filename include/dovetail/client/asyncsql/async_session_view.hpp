// A light view of an awaited session: the same verbs with another time limit, completion style or types of parameters.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/parameter_types.hpp>
#include <dovetail/client/handler_executor.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <system_error>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// Awaits an answer, and calls a handler with it. Somebody else's exception, of a body, goes to the handlers of tokens
/// as it is; those that take `dt::result` get errc::invalid_state with its text.
template <class T, class Handler>
asio::awaitable<void> complete_with(asio::awaitable<result<T>> running, Handler handler,
                                    asio::any_io_executor fallback) {
  std::optional<result<T>> answer;
  std::exception_ptr thrown;
  try {
    answer.emplace(co_await std::move(running));
  } catch (const error& failed) {
    answer.emplace(failed.info());
  } catch (const std::system_error& failed) {
    const bool is_cancelled = failed.code() == asio::error::operation_aborted;  // between two steps
    answer.emplace(error_info{is_cancelled ? make_error_code(errc::cancelled) : failed.code()});
  } catch (...) {
    thrown = std::current_exception();
    answer.emplace(dovetail::detail::current_failure());
  }
  if constexpr (dovetail::detail::is_throwing_handler<Handler>::value) {
    if (thrown) {
      dovetail::detail::call_handler(std::move(handler), std::move(thrown), fallback);
      co_return;
    }
  }
  dovetail::detail::call_handler(std::move(handler), *std::move(answer), fallback);
}

/// An answer in the style of a token.
template <class T, class Token>
auto deliver_in_style(asio::awaitable<result<T>> running, asio::any_io_executor executor, const Token& token) {
  if constexpr (std::is_same_v<Token, as_result_t>) {
    return running;
  } else if constexpr (dovetail::detail::is_use_awaitable<Token>::value) {
    return dovetail::detail::value_of<T>(std::move(running));
  } else {
    return async_initiate_result<T>(
        [executor = std::move(executor)](auto handler, asio::awaitable<result<T>> started) {
          auto slot = asio::get_associated_cancellation_slot(handler);
          const asio::any_io_executor on = dovetail::detail::executor_for(handler, executor);
          asio::co_spawn(on, complete_with<T>(std::move(started), std::move(handler), on),
                         asio::bind_cancellation_slot(slot, [](std::exception_ptr thrown) {
                           if (thrown) std::rethrow_exception(thrown);
                         }));
        },
        Token(token), std::move(running));
  }
}

}  // namespace detail

/// Statements, streams and transactions go the session's way: its guard, its transaction, its retries.
/// Lifetime: may go before what it has started has ended; the session may not.
template <class Session, class Token>
class async_session_view : public Session::connection_type::template verbs<async_session_view<Session, Token>> {
  using base = typename Session::connection_type::template verbs<async_session_view<Session, Token>>;

 public:
  using guard_type = typename Session::guard_type;
  using transaction_type = typename Session::transaction_type;
  using place = std::source_location;

  async_session_view(Session& of, clock::duration budget, deadline by, Token token,
                     std::shared_ptr<const parameter_types> types = {})
      : of_(&of), budget_(budget), by_(by), token_(std::move(token)), types_(std::move(types)) {}

  /// The time that each operation may take from when it starts; never more than the session's.
  async_session_view within(clock::duration budget) const {
    return {*of_, budget < budget_ ? budget : budget_, by_, token_, types_};
  }
  async_session_view within(deadline by) const { return {*of_, budget_, earlier(by_, by), token_, types_}; }
  /// These types of parameters, and for names that they do not have the session's.
  async_session_view with(const parameter_types& types) const {
    return {*of_, budget_, by_, token_,
            std::make_shared<const parameter_types>(types.over(types_ ? *types_ : of_->settings().parameter_types))};
  }
  template <class Other>
    requires(!std::is_same_v<std::remove_cvref_t<Other>, parameter_types>)
  async_session_view<Session, std::decay_t<Other>> with(Other&& token)
  const { return {*of_, budget_, by_, std::forward<Other>(token), types_}; }

  /// The same for a call of several statements that starts now: a limit of this view is one of all of them together.
  async_session_view as_one_call() const { return within(deadline::after(budget_)); }

  asio::any_io_executor get_executor() const { return of_->get_executor(); }
  bool is_in_transaction() const { return of_->is_in_transaction(); }
  void begin() = delete;  // the session's own; `scope` and `transaction` have this view's limit

  /// As the session's, within the limit of the view. (the transaction)
  auto scope(begin_mode isolation, place where = place::current()) const {
    return deliver<typename Session::scope_type>(of_->try_scope(isolation, budget_, by_, where));
  }
  auto scope(place where = place::current()) const { return scope(of_->settings().transaction.isolation, where); }

  template <class Fn>
  auto run_transaction(begin_mode isolation, Fn body, place where = place::current()) const {
    using value_type = dovetail::detail::awaited_body_value<Fn, transaction_type>;
    return deliver<value_type>(of_->template repeat<value_type>(isolation, std::move(body), budget_, by_, where));
  }
  template <class Fn>
    requires(!std::is_same_v<Fn, begin_mode>)
  auto run_transaction(Fn body, place where = place::current()) const {
    return run_transaction(of_->settings().transaction.isolation, std::move(body), where);
  }
  template <class... Rest>
  auto transaction(Rest&&... rest) const {
    return run_transaction(std::forward<Rest>(rest)...);
  }

  /// As the session's; awaited, with `dt::as_result` or without. (async_sql_stream)
  template <class Row, class... Args>
  auto stream(dovetail::detail::statement_of<async_session_view, base::speaks, Row, Args...> sql,
              const Args&... args) const {
    using stream_type = async_sql_stream<Row, typename Session::core_type, Token>;
    return deliver<stream_type>(
        of_->template try_stream<Row>(base::template ask<Row>(sql, args...), budget_, by_, types_, Token(token_)));
  }

  /// For verbs.
  template <operation Op>
  auto run(Op op, place where) const {
    return deliver<typename Op::value_type>(of_->perform_by(std::move(op), budget_, by_, types_, where));
  }
  const std::shared_ptr<typename Session::core_type>& core() const { return of_->core(); }
  const Token& token() const noexcept { return token_; }
  deadline limit() const noexcept { return by_; }

 private:
  template <class T>
  auto deliver(asio::awaitable<result<T>> running) const {
    return detail::deliver_in_style<T>(std::move(running), get_executor(), token_);
  }

  Session* of_;
  clock::duration budget_;
  deadline by_;
  Token token_;
  std::shared_ptr<const parameter_types> types_;
};

}  // namespace dovetail::inline v0::asyncsql
