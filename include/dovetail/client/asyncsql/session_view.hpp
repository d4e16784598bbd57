// A light view of a session: the same verbs with another time limit, with `dt::result` for exceptions, or with types of
// parameters.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/parameter_types.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/driver/as_result.hpp>

#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {

/// Statements, streams and transactions go the session's way: its guard, its transaction, its retries.
/// Lifetime: borrows the session; made for one expression, `db.within(2s).execute("…")`.
template <class Session, bool ReturnsResult>
class session_view : public Session::connection_type::template verbs<session_view<Session, ReturnsResult>> {
  using base = typename Session::connection_type::template verbs<session_view<Session, ReturnsResult>>;

 public:
  using guard_type = typename Session::guard_type;
  using transaction_type = typename Session::transaction_type;
  using place = std::source_location;

  session_view(Session& of, deadline by, parameter_types types = {}) : of_(&of), by_(by), types_(std::move(types)) {}

  session_view within(clock::duration budget) const { return within(deadline::after(budget)); }
  session_view within(deadline by) const { return {*of_, earlier(by_, by), types_}; }
  session_view<Session, true> with(as_result_t) const { return {*of_, by_, types_}; }
  /// These types of parameters, and for names that they do not have the session's.
  session_view with(const parameter_types& types) const { return {*of_, by_, types.over(types_)}; }

  void begin() = delete;  // the session's own; `scope` and `transaction` have this view's limit
  bool is_in_transaction() const { return of_->is_in_transaction(); }

  /// As the session's, within the time limit of the view. (the transaction)
  auto scope(begin_mode isolation, place where = place::current()) const {
    return deliver(of_->try_scope(isolation, start_call(where), by_));
  }
  auto scope(place where = place::current()) const { return scope(of_->settings().transaction.isolation, where); }

  /// As the session's, within the time limit of the view. (what the body gives)
  template <class Fn>
  auto run_transaction(begin_mode isolation, Fn&& body, place where = place::current()) const {
    if constexpr (ReturnsResult) {
      using value = decltype(of_->transact(isolation, body, start_call(where), by_));
      try {
        if constexpr (std::is_void_v<value>) {
          of_->transact(isolation, body, start_call(where), by_);
          return result<void>{};
        } else {
          return result<value>{of_->transact(isolation, body, start_call(where), by_)};
        }
      } catch (const error& failed) {
        return result<value>{failed.info()};
      }
    } else {
      return of_->transact(isolation, body, start_call(where), by_);
    }
  }
  template <class Fn>
    requires(!std::is_same_v<std::remove_cvref_t<Fn>, begin_mode>)
  auto run_transaction(Fn&& body, place where = place::current()) const {
    return run_transaction(of_->settings().transaction.isolation, std::forward<Fn>(body), where);
  }
  template <class... Rest>
  auto transaction(Rest&&... rest) const {
    return run_transaction(std::forward<Rest>(rest)...);
  }

  /// As the session's; the limit of the view is that of the whole stream.
  template <class Row, class... Args>
  auto stream(dovetail::detail::statement_of<session_view, base::speaks, Row, Args...> sql, const Args&... args) {
    return of_->open_stream(sql.view(), [&] { return base::template stream<Row>(sql, args...); });
  }

  /// For verbs.
  template <operation Op>
  decltype(auto) run(Op op, place where) const {
    if constexpr (requires { op.request.hints; }) op.request.hints = types_.hints();
    if (error_info wrong = types_.problem()) {
      return deliver(result<typename Op::value_type>{std::move(wrong.with_location(where))});
    }
    return deliver(of_->perform(op, start_call(where)));
  }
  auto& core() const { return of_->core(); }
  const dovetail::detail::parameter_hints* hints() const noexcept {
    return types_.empty() ? of_->hints() : types_.hints();
  }
  call start_call(place where) const {
    call how = of_->start_call(where);
    how.by = earlier(how.by, by_);
    return how;
  }
  deadline limit() const noexcept { return by_; }
  template <class T>
  static std::conditional_t<ReturnsResult, result<T>, T> deliver(result<T> answer) {
    if constexpr (ReturnsResult) {
      return answer;
    } else {
      return std::move(answer).value();
    }
  }
  auto hold(const call& how) const { return of_->hold(how); }
  template <class Stream>
  void adopt(Stream& opened) const {
    of_->adopt(opened);
  }
  template <class Open>
  auto open_stream(const statement_view& sql, Open&& open) const {
    return of_->open_stream(sql, std::forward<Open>(open));
  }

 private:
  Session* of_;
  deadline by_;
  parameter_types types_;
};

}  // namespace dovetail::inline v0::asyncsql
