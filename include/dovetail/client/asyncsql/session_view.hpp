// A light view of a session: the same verbs with another time limit, or with `dt::result` for exceptions.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/driver/as_result.hpp>

#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {

/// Statements go the session's way: its guard, its transaction, its retries.
/// Lifetime: borrows the session; made for one expression, `db.within(2s).execute("…")`.
template <class Session, bool ReturnsResult>
class session_view : public Session::connection_type::template verbs<session_view<Session, ReturnsResult>> {
 public:
  using guard_type = typename Session::guard_type;
  using place = std::source_location;

  session_view(Session& of, deadline by) noexcept : of_(&of), by_(by) {}

  session_view within(clock::duration budget) const { return {*of_, earlier(by_, deadline::after(budget))}; }
  session_view within(deadline by) const { return {*of_, earlier(by_, by)}; }
  session_view<Session, true> with(as_result_t) const { return {*of_, by_}; }

  void begin() = delete;        // the session's own
  void transaction() = delete;  // the session's own
  void stream() = delete;       // the session's own

  /// For verbs.
  template <operation Op>
  decltype(auto) run(Op op, place where) const {
    return deliver(of_->perform(op, start_call(where)));
  }
  auto& core() const noexcept { return of_->core(); }
  call start_call(place where) const noexcept {
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

 private:
  Session* of_;
  deadline by_;
};

}  // namespace dovetail::inline v0::asyncsql
