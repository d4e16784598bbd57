// An open transaction of a session: the verbs behind the session's guard, savepoints by name, commit and rollback.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/answer_mask.hpp>
#include <dovetail/client/asyncsql/savepoint_marks.hpp>
#include <dovetail/client/asyncsql/session_circuit.hpp>
#include <dovetail/client/asyncsql/settings.hpp>
#include <dovetail/client/asyncsql/statement_facts.hpp>
#include <dovetail/client/asyncsql/statement_guard.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/policy/sql_metrics.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// What sessions, and what they hand out, share.
template <class Guard>
struct session_context {
  using mask_type = answer_mask<Guard>;

  session_settings how{};
  [[no_unique_address]] Guard guard{};
  std::shared_ptr<sql_metrics> metrics{};
  std::shared_ptr<circuit_breaker> circuit{};

  circuit_pass pass() const noexcept { return {circuit.get(), how.circuit, *metrics}; }
  guard_context about(dialect speaks, std::string_view operation, std::source_location where) const noexcept {
    return {speaks, how.name, operation, where};
  }

  /// What the guard has against an operation; empty when it may run.
  template <class Op>
  error_info refuse(const Op& op, const guard_context& context, answer_mask<Guard>& hidden) {
    error_info refused = admit(guard, op, context);
    if (!refused) refused = hidden.ask(guard, op, context);
    if (refused) {
      refused.with_location(context.where);
      metrics->saw_statement({}, refused.code());
      guard.saw(text_of(op), context, {.ec = refused.code()});
    }
    return refused;
  }

  /// Asks the guard, performs by `run()`, and reports how it ended.
  template <class Op, class Run>
  result<typename Op::value_type> supervise(dialect speaks, const Op& op, std::source_location where, Run&& run) {
    const guard_context context = about(speaks, Op::name, where);
    answer_mask<Guard> hidden;
    if (error_info refused = refuse(op, context, hidden)) return refused;
    const clock::time_point since = clock::now();
    auto answer = run();
    if (!answer) explain_type(answer.error());
    saw(op, context, answer, clock::now() - since);
    hidden.template hide<Op>(answer);
    return answer;
  }

  /// Gives the session's types of parameters to an operation that has none of its own. Errors: theirs.
  template <class Op>
  error_info hint(Op& op) const {
    if constexpr (requires { op.request.hints; }) {
      if (!how.parameter_types.empty() && op.request.hints == nullptr) {
        op.request.hints = how.parameter_types.hints();
        return how.parameter_types.problem();
      }
    }
    return {};
  }

  /// What the guard, or a type of a parameter, has against a stream.
  template <class Row>
  [[gnu::cold]] error_info refuse_stream(const statement_view& sql, const guard_context& context,
                                         answer_mask<Guard>& hidden) {
    error_info refused = guard.check(sql, context);
    if (!refused) refused = hidden.template ask_stream<Row>(guard, sql.text, context);
    if (!refused) refused = how.parameter_types.problem();
    if (refused) {
      refused.with_location(sql.where);
      saw_stream(sql, context, refused.code(), {});
    }
    return refused;
  }
  /// Reports how the opening of a stream ended.
  [[gnu::cold]] void saw_stream(const statement_view& sql, const guard_context& context, std::error_code ec,
                                clock::duration took) {
    metrics->saw_statement(took, ec);
    if (!ec && took >= how.monitor.slow_query) {
      metrics->saw_slow({.text = sql.mask == nullptr ? std::string{sql.text} : sql.mask(context.speaks, sql.text),
                         .operation = std::string{context.operation},
                         .duration = took,
                         .where = context.where,
                         .when = std::chrono::system_clock::now()});
    }
    guard.saw(sql.text, context, {.ec = ec, .duration = took});
  }

  /// Opens a stream by `open()`, which gives a result or throws, once the guard has agreed.
  template <class Open>
  auto open_stream(dialect speaks, const statement_view& sql, Open&& open) {
    using answer = decltype(open());
    using row = typename row_type_of_opened<answer>::type;
    const guard_context context = about(speaks, "stream", sql.where);
    answer_mask<Guard> hidden;
    if (error_info refused = refuse_stream<row>(sql, context, hidden)) {
      if constexpr (dovetail::detail::is_result<answer>) {
        return answer{std::move(refused)};
      } else {
        dovetail::detail::throw_error(std::move(refused));
      }
    }
    const clock::time_point since = clock::now();
    if constexpr (dovetail::detail::is_result<answer>) {
      answer opened = open();
      saw_stream(sql, context, opened ? std::error_code{} : opened.error().code(), clock::now() - since);
      hidden.watch(opened);
      return opened;
    } else {
      try {
        answer opened = open();
        saw_stream(sql, context, {}, clock::now() - since);
        hidden.watch(opened);
        return opened;
      } catch (const error& failed) {
        saw_stream(sql, context, failed.code(), clock::now() - since);
        throw;
      }
    }
  }

  template <class Op, class Answer>
  void saw(const Op& op, const guard_context& context, const Answer& answer, clock::duration took) {
    statement_outcome outcome{.ec = answer ? std::error_code{} : answer.error().code(), .duration = took};
    if constexpr (!std::is_void_v<typename Op::value_type>) {
      if (answer) outcome.rows = rows_of(*answer);
    }
    metrics->saw_statement(took, outcome.ec);
    if (took >= how.monitor.slow_query) {
      metrics->saw_slow({.text = public_text_of(op, context.speaks),
                         .operation = std::string{context.operation},
                         .duration = took,
                         .where = context.where,
                         .when = std::chrono::system_clock::now()});
    }
    guard.saw(text_of(op), context, outcome);
  }
};

/// A savepoint's statement. Letters, digits and underscores only, at most 63: what every database takes.
[[gnu::cold, gnu::noinline]] inline result<std::string> savepoint_text(std::string_view before, std::string_view name) {
  bool is_good = !name.empty() && name.size() <= 63 && !is_ascii_digit(name.front());
  for (const char c : name) is_good = is_good && (is_ascii_letter(c) || is_ascii_digit(c) || c == '_');
  if (!is_good) {
    return error_info{make_error_code(errc::malformed_statement),
                      "Invalid identifier: the name of a savepoint is 1 to 63 letters, digits and underscores, and "
                      "begins with no digit"};
  }
  std::string text{before};
  text.append("\"").append(name).append("\"");
  return text;
}

/// The savepoint of a nested body: a name that `savepoint_text` takes from no user, so that the body's own marks cannot
/// hide it.
[[gnu::cold, gnu::noinline]] inline std::string nested_name(int depth) {
  std::string name = "dovetail nested ";
  return name.append(std::to_string(depth));
}
[[gnu::cold, gnu::noinline]] inline sql_script nested_script(mark_action action, std::string_view name) {
  sql_script op;
  dovetail::detail::append_parts(op.text, {text_of(action), "\"", name, "\""});
  return op;
}

/// Undoes what was done since a savepoint of our own, and forgets it.
[[gnu::cold, gnu::noinline]] inline sql_script undo_script(std::string_view name) {
  sql_script back;
  dovetail::detail::append_parts(back.text, {"rollback to savepoint \"", name, "\"; release savepoint \"", name, "\""});
  return back;
}

}  // namespace detail

/// An open transaction: what `session::scope()` gives and the body of `run_transaction` gets.
/// Rolled back when it goes without a `commit()`; `commit()` and `rollback()` work once, and say so the second time.
/// Threads: one at a time. Lifetime: must not outlive its session.
template <class Core, statement_guard Guard>
class session_transaction : public Core::connection_type::template verbs<session_transaction<Core, Guard>> {
  using context_type = detail::session_context<Guard>;
  using base = typename Core::connection_type::template verbs<session_transaction<Core, Guard>>;

 public:
  using guard_type = Guard;
  using core_type = Core;
  using place = std::source_location;

  /// Used by sessions.
  session_transaction(context_type& context, transaction_scope<Core, true> scope) noexcept
      : context_(&context), scope_(std::move(scope)) {
    scope_.roll_back_within(context.how.transaction.close_limit);
  }
  session_transaction(session_transaction&&) noexcept = default;
  session_transaction& operator=(session_transaction&&) = delete;
  ~session_transaction() {
    if (scope_.is_open()) context_->metrics->saw_transaction(false);
  }

  bool is_open() const noexcept { return scope_.is_open(); }
  /// It is still open here, but its connection is closed.
  bool has_lost_connection() const noexcept { return scope_.has_lost_connection(); }
  /// It was committed, by `commit()` or by a statement of its own (a script's), or nobody knows.
  bool may_be_kept() const noexcept { return scope_.may_be_kept(); }

  /// Makes the changes permanent. Errors: errc::transaction_closed; errc::transaction_aborted when the database had
  /// rolled it back already; errc::commit_unknown when the answer was lost.
  void commit(place where = place::current()) { try_commit(where).value(); }
  /// Undoes the changes. On a lost connection there is nothing to undo: it succeeds. Errors: as
  /// `transaction_scope::rollback`.
  void rollback(place where = place::current()) { try_rollback(where).value(); }

  /// Sets a mark to go back to. Names are letters, digits and underscores. Errors: errc::malformed_statement.
  void savepoint(std::string_view name, place where = place::current()) {
    mark(detail::mark_action::set, name, where).value();
  }
  /// Undoes everything since the mark, which stays; after a failed statement too. Streams that were opened since end
  /// with it, as they do with the transaction: all of them when the mark is one that only a statement's text has set.
  void rollback_to(std::string_view name, place where = place::current()) {
    mark(detail::mark_action::go_back, name, where).value();
  }
  /// Forgets a mark, and keeps what was done since, open streams too.
  void release(std::string_view name, place where = place::current()) {
    mark(detail::mark_action::forget, name, where).value();
  }

  /// Calls `body(*this)` between a savepoint and its release; when the body throws, returns a failed `result`, or the
  /// release fails, what it did is undone, within `close_limit` whatever other limits there are, and the failure is
  /// thrown. Where that fails too the transaction cannot be committed any more (errc::transaction_aborted). (what the
  /// body returns; of a `result` its value)
  template <class Fn>
  auto transaction(Fn&& body, place where = place::current()) {
    using value_type = typename dovetail::detail::body_value<std::invoke_result_t<Fn&, session_transaction&>>::type;
    std::optional<std::conditional_t<std::is_void_v<value_type>, char, value_type>> value;
    const int outer = marks_.depth();
    const std::string name = detail::nested_name(outer + 1);
    mark_by(detail::mark_action::set, detail::nested_script(detail::mark_action::set, name), name, where).value();
    error_info failure;
    try {
      failure = dovetail::detail::call_body(body, *this, value);
    } catch (...) {
      end_body(outer);
      undo(name, outer, nullptr, where);
      throw;
    }
    end_body(outer);
    if (!failure) {
      constexpr auto forget = detail::mark_action::forget;
      failure = mark_by(forget, detail::nested_script(forget, name), name, where).error();
    }
    if (failure) {
      undo(name, outer, &failure, where);
      dovetail::detail::throw_error(std::move(failure.with_location(where)));
    }
    if constexpr (!std::is_void_v<value_type>) return value_type{*std::move(value)};
  }
  /// The same; all statements of the body must be over by `by`. Used by sessions.
  template <class Fn>
  auto transaction_within(deadline by, Fn&& body, place where) {
    const body_limit inside{*this, by};
    return transaction(std::forward<Fn>(body), where);
  }
  void begin() = delete;  // nest by `savepoint` or `transaction`

  /// The rows one at a time, those that this transaction has written included: see `sql_stream`.
  template <class Row, class... Args>
  auto stream(dovetail::detail::statement_of<session_transaction, base::speaks, Row, Args...> sql,
              const Args&... args) {
    return open_stream(sql.view(), [&] { return base::template stream<Row>(sql, args...); });
  }

  /// Used by verbs that open streams.
  template <class Open>
  auto open_stream(const statement_view& sql, Open&& open) {
    return context_->open_stream(base::speaks, sql, std::forward<Open>(open));
  }

  /// The same as `commit()` and `rollback()`, without exceptions.
  result<void> try_commit(place where) {
    if (!scope_.is_open()) {
      return detail::misuse("No active transaction to commit", where, errc::transaction_closed);
    }
    result<void> done = scope_.commit(where);
    context_->metrics->saw_transaction(static_cast<bool>(done));
    return done;
  }
  result<void> try_rollback(place where) {
    if (!scope_.is_open()) {
      return detail::misuse("No active transaction to rollback", where, errc::transaction_closed);
    }
    context_->metrics->saw_transaction(false);
    return scope_.rollback(where);
  }
  result<void> mark(detail::mark_action action, std::string_view name, place where) {
    result<std::string> text = detail::savepoint_text(detail::text_of(action), name);
    if (!text) {
      text.error().with_location(where);
      return std::move(text).error();
    }
    return mark_by(action, sql_script{*std::move(text)}, name, where);
  }

  /// For verbs.
  template <operation Op>
  decltype(auto) run(Op op, place where) {
    return deliver(perform(op, start_call(where)));
  }
  template <operation Op>
  result<typename Op::value_type> perform(Op& op, const call& how) {
    if (error_info wrong = context_->hint(op)) return wrong.with_location(how.where);
    return context_->supervise(base::speaks, op, how.where, [&] { return scope_.perform(op, how); });
  }
  /// What the session has let through already.
  template <operation Op>
  result<typename Op::value_type> perform_inside(Op& op, const call& how) {
    return scope_.perform(op, how);
  }
  Core& core() const noexcept { return scope_.core(); }
  call start_call(place where) const noexcept {
    call how = call::within(context_->how.timeout, where);
    how.by = earlier(how.by, limit());
    return how;
  }
  template <class T>
  static T deliver(result<T> answer) {
    return std::move(answer).value();
  }
  result<dovetail::detail::held_connection<Core>> hold(const call& how) { return scope_.hold(how); }
  const dovetail::detail::parameter_hints* hints() const noexcept { return context_->how.parameter_types.hints(); }
  int nesting() const noexcept { return scope_.nesting(); }
  deadline limit() const noexcept { return earlier(scope_.limit(), body_limit_); }
  auto& guests() noexcept { return scope_.guests(); }
  int guest_depth() const noexcept { return marks_.depth(); }
  /// Rolls back what is open, behind `why`, which is told when that fails.
  void abandon(error_info& why) noexcept {
    if (!scope_.is_open()) return;
    context_->metrics->saw_transaction(false);
    scope_.abandon(&why);
  }

 private:
  /// A limit of the statements while a body runs.
  class body_limit {
   public:
    body_limit(session_transaction& of, deadline by) noexcept
        : of_(&of), outer_(std::exchange(of.body_limit_, earlier(of.body_limit_, by))) {}
    body_limit(const body_limit&) = delete;
    body_limit& operator=(const body_limit&) = delete;
    ~body_limit() { of_->body_limit_ = outer_; }

   private:
    session_transaction* of_;
    deadline outer_;
  };

  /// The streams of a nested body end with it, and the savepoints in it are nothing to go back to.
  void end_body(int outer) noexcept {
    scope_.guests().end_from(outer + 1);
    marks_.shrink(outer + 1);
  }
  result<void> mark_by(detail::mark_action action, sql_script op, std::string_view name, place where) {
    const int behind = marks_.behind(name);
    if (action == detail::mark_action::go_back) scope_.guests().end_from(behind);
    result<void> done = scope_.perform(op, start_call(where));
    if (!done) return done;
    if (action == detail::mark_action::set) {
      marks_.set(name);
    } else if (behind != 0) {
      const int left = action == detail::mark_action::forget ? behind - 1 : behind;
      marks_.shrink(left);
      scope_.guests().raise_to(left);
    }
    return done;
  }
  /// What cannot be undone must not be kept; `why` is told. `outer`: the depth around the body.
  void undo(std::string_view name, int outer, error_info* why, place where) noexcept {
    marks_.shrink(outer);
    try {
      sql_script back = detail::undo_script(name);
      if (has_lost_connection()) return scope_.spoil();  // nothing of it is there any more
      result<void> done = scope_.perform(back, call::within(context_->how.transaction.close_limit, where));
      if (done) return;
      done = dovetail::detail::settle_rollback(std::move(done), has_lost_connection(), {});
      if (!done && why != nullptr) why->with_suppressed(done.error());
    } catch (...) {  // out of memory
    }
    scope_.spoil();
  }

  context_type* context_;
  transaction_scope<Core, true> scope_;
  detail::savepoint_marks marks_{base::speaks == dialect::sqlite};
  deadline body_limit_{};
};

}  // namespace dovetail::inline v0::asyncsql
