// One connection's side of PostgreSQL for clients: from the verbs' operations to dialogues.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/copy_call.hpp>
#include <dovetail/client/postgres/copy_text.hpp>
#include <dovetail/client/postgres/crypto.hpp>
#include <dovetail/client/postgres/describe_call.hpp>
#include <dovetail/client/postgres/execute_many_call.hpp>
#include <dovetail/client/postgres/insert_many_call.hpp>
#include <dovetail/client/postgres/listen_call.hpp>
#include <dovetail/client/postgres/parameter_verbs.hpp>
#include <dovetail/client/postgres/pipeline_call.hpp>
#include <dovetail/client/postgres/password_login.hpp>
#include <dovetail/client/postgres/some_rows_call.hpp>
#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/client/postgres/stream_call.hpp>
#include <dovetail/client/postgres/transaction_text.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/codec/postgres/script.hpp>
#include <dovetail/sql/script_place.hpp>
#include <dovetail/codec/postgres/session.hpp>
#include <dovetail/codec/postgres/startup.hpp>
#include <dovetail/policy/observer.hpp>

#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Sends a text of its own by the simple protocol.
class text_call {
 public:
  using value_type = void;

  text_call(session& on, result<std::string> text, script_purpose purpose = script_purpose::any) noexcept
      : on_(&on), text_(std::move(text)), purpose_(purpose) {}

  /// Asks nothing: the server has not heard of what is to be ended.
  explicit text_call(session& on) noexcept : text_call(on, std::string{}) { is_nothing_ = true; }

  action resume(const event& ev);
  error_info failure(std::error_code ec) const {
    if (!text_) return text_.error();
    return running_ ? running_->failure(ec) : error_info{ec};
  }
  void value() && noexcept {}

 private:
  session* on_;
  result<std::string> text_;
  script_purpose purpose_;
  bool is_nothing_ = false;
  v0::detail::later<script_dialogue> running_;
};

/// A script must not leave a transaction open: then it is rolled back.
class script_call {
 public:
  using value_type = void;

  script_call(session& on, std::string_view text) noexcept : on_(&on), text_(text) {}

  action resume(const event& ev);
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  void value() && noexcept {}

 private:
  session* on_;
  std::string_view text_;
  v0::detail::later<script_dialogue> running_;
  error_info failure_;
  bool was_in_transaction_ = false;
  bool is_undoing_ = false;
};

/// A dialogue that ends at once.
template <class T>
class refusal {
 public:
  using value_type = T;
  explicit refusal(error_info why) noexcept : why_(std::move(why)) {}
  action resume(const event&) const noexcept { return action::done(why_.code()); }
  error_info failure(std::error_code) const { return why_; }
  T value() && { return T{}; }

 private:
  error_info why_;
};

/// A statement that is no `select`, `insert` …: what begins or ends a transaction is refused.
template <class Request>
class execute_call {
 public:
  using value_type = summary;
  execute_call(session& on, const Request& asked, bool shows_text) noexcept : inner_(on, asked, shows_text) {
    is_refused_ = asked.sql.view().traits.kind == statement_kind::transaction;
  }
  action resume(const event& ev) {
    if (is_refused_) return action::done(refuse_transaction_statement().code());
    return inner_.resume(ev);
  }
  error_info failure(std::error_code ec) const {
    return is_refused_ ? refuse_transaction_statement() : inner_.failure(ec);
  }
  summary value() && { return std::move(inner_).value(); }

 private:
  statement_call<Request, summary_target> inner_;
  bool is_refused_;
};

/// What the server has reported of itself and of the session; no I/O.
class parameter_call {
 public:
  using value_type = std::optional<std::string>;
  explicit parameter_call(std::string_view found) noexcept : found_(found) {}
  action resume(const event&) const noexcept { return action::done(); }
  value_type value() && { return found_.empty() ? value_type{} : value_type{found_}; }

 private:
  std::string_view found_;
};

/// Operations that go on with a stream or a copy that is under way, or end it.
template <class Op>
inline constexpr bool goes_on = std::is_same_v<Op, sql_commit> || std::is_same_v<Op, sql_rollback>;
template <class Rows>
inline constexpr bool goes_on<sql_stream_fetch<Rows>> = true;
template <class Rows>
inline constexpr bool goes_on<sql_stream_close<Rows>> = true;

[[gnu::cold, gnu::noinline]] inline error_info another_is_under_way() {
  return {errc::busy, "a copy runs on this connection; it ends first, or the statement goes to the client"};
}

/// A stream of rows or a copy is under way: nothing else may begin. (What was broken off for good is drained at once.)
template <class Op>
bool is_refused(const session& on) noexcept {
  return on.can_drain() && (!goes_on<Op> || on.is_copying_in());
}

/// Statements that the beginning of their transaction goes out with. Where the connection turns out to be lost by then,
/// both are asked of another one: what takes its arguments away, or is handed over in parts, is none of them.
template <class Op>
inline constexpr bool carries_begin = false;
template <class Request>
inline constexpr bool carries_begin<sql_execute<Request>> = true;
template <class Row, class Request>
inline constexpr bool carries_begin<sql_query<Row, Request>> = true;
template <class Row, class Request>
inline constexpr bool carries_begin<sql_query_one<Row, Request>> = true;
template <class Row, class Request>
inline constexpr bool carries_begin<sql_query_optional<Row, Request>> = true;
template <class Row, class Struct>
inline constexpr bool carries_begin<sql_insert_returning<Row, Struct>> = true;
template <class Range>
inline constexpr bool carries_begin<sql_insert<Range>> =
    std::forward_iterator<decltype(std::declval<const std::remove_cvref_t<Range>&>().begin())>;
template <class Ops, bool IsEach>
inline constexpr bool carries_begin<pipelined<Ops, IsEach>> = true;

/// The session of a connection, and the dialogues that it makes. Its machines borrow it: it stays where it is while one
/// of them lives.
class client_session {
 public:
  explicit client_session(const connect_options& how) : how_(how), session_(how_) {}

  /// `by`: when it must be over, for a credential source.
  password_login open(deadline by);
  script_dialogue ping() { return script_dialogue{session_, {}}; }

  template <class Request>
  execute_call<Request> start(const sql_execute<Request>& op) {
    return {session_, op.request, how_.include_statement_text};
  }
  template <class Row, class Request>
  statement_call<Request, all_rows<Row>> start(const sql_query<Row, Request>& op) {
    return {session_, op.request, how_.include_statement_text};
  }
  template <class Row, class Request>
  some_rows_call<Row, Request> start(const sql_query_some<Row, Request>& op) {
    return {session_, op, how_.include_statement_text};
  }
  template <class Row, class Request>
  statement_call<Request, one_row<Row, false>> start(const sql_query_one<Row, Request>& op) {
    return {session_, op.request, how_.include_statement_text};
  }
  template <class Row, class Request>
  statement_call<Request, one_row<Row, true>> start(const sql_query_optional<Row, Request>& op) {
    return {session_, op.request, how_.include_statement_text};
  }
  template <class Row, class Struct>
  insert_call<std::remove_cvref_t<Struct>, one_row<Row, false>> start(const sql_insert_returning<Row, Struct>& op) {
    return {session_, op.table, op.tail, op.returning, op.row};
  }
  template <class Range>
  insert_many_call<Range> start(const sql_insert<Range>& op) {
    return {session_, op};
  }
  template <class Range>
  copy_call<Range> start(const copy_rows<Range>& op) {
    return {session_, op};
  }
  template <class Ops, bool IsEach>
  pipeline_call<Ops, IsEach> start(const pipelined<Ops, IsEach>& op) {
    return {session_, op, how_.include_statement_text};
  }
  template <class Rows, class Request>
  stream_open_call<Rows, Request> start(sql_stream_open<Rows, Request>& op) {
    return {session_, op, how_.include_statement_text};
  }
  template <class Rows>
  copy_open_call start(sql_stream_open<Rows, copy_request>& op) {
    if (!op.request.from) return copy_open_call{op.request.from.error()};
    row_batches& rows = op.rows->restart();
    rows.copy_from(*op.request.from);
    return copy_open_call{rows.copying(session_)};
  }
  template <class Rows>
  stream_step_call start(sql_stream_fetch<Rows>& op) {
    return {session_, op.rows->batches(), portal_step::fetch};
  }
  template <class Rows>
  stream_step_call start(sql_stream_close<Rows>& op) {
    is_giving_up_ = op.rows->batches().is_copy();
    return {session_, op.rows->batches(), portal_step::close};
  }
  template <class Consumer>
  copy_text_out_call<Consumer> start(copy_text_out<Consumer>& op) {
    return {session_, op};
  }
  template <class Source>
  copy_text_in_call<Source> start(copy_text_in<Source>& op) {
    return {session_, op};
  }
  parameter_call start(const parameter_of_server& op) {
    return parameter_call{session_.facts.parameters.find(op.parameter)};
  }
  text_call start(const listen_channels& op) { return {session_, op.text}; }
  wait_notification_dialogue start(const next_notification& op) {
    return wait_notification_dialogue{session_, op.only_looks};
  }
  template <class Statement, class Range, class Unpack>
  execute_many_call<sql_execute_many<Statement, Range, Unpack>> start(
      const sql_execute_many<Statement, Range, Unpack>& op) {
    return {session_, op, how_.include_statement_text};
  }
  describe_call start(const describe_statement& op) { return {session_, op.text}; }
  script_call start(const sql_script& op) { return {session_, op.text}; }
  text_call start(const sql_begin& op) { return {session_, begin_text(op), script_purpose::begin}; }
  text_call start(const sql_commit& op) {
    if (session_.is_begin_deferred()) return end_unbegun();
    is_committing_ = op.depth == 0;
    return {session_, commit_text(op.depth), op.depth == 0 ? script_purpose::commit : script_purpose::any};
  }
  text_call start(const sql_rollback& op) {
    if (session_.is_begin_deferred()) return end_unbegun();
    if (!session_.is_in_transaction()) return {session_, std::string{}};  // the server has done it already
    const bool is_owed = op.depth == 0 && !op.is_awaited;
    return {session_, rollback_text(op.depth), is_owed ? script_purpose::abandon : script_purpose::any};
  }

  /// Begins a transaction with its first statement, whose messages it goes in front of: no round trip of its own.
  /// Errors: as of `sql_begin`, before anything is sent.
  error_info begin_later(begin_mode mode);

  /// A dialogue was broken off, and the connection was drained, or (null) lost. A commit that was sent is over then: it
  /// was done when the server said nothing against it; of a lost one nobody knows. A copy that was given up has ended.
  /// True when it was done.
  bool settle(error_info& failure, drained* said);

  /// An operation has ended without that: what it was for says nothing of the next one.
  void forget_purpose() noexcept { is_committing_ = is_giving_up_ = false; }

  /// What the server says unasked goes to an observer from now on.
  template <observer Observer>
  void report_notices(Observer& to) noexcept {
    session_.facts.notices = {&to, [](void* state, server_fields&& said) {
                                static_cast<Observer*>(state)->on({.what = observed::notice, .notice = &said});
                              }};
  }

  const connect_options& options() const noexcept { return how_; }
  session& wire() noexcept { return session_; }
  const session& wire() const noexcept { return session_; }

 private:
  text_call end_unbegun() noexcept {
    session_.drop_begin();
    return text_call{session_};
  }

  connect_options how_;
  session session_;
  bool is_committing_ = false;
  bool is_giving_up_ = false;
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

DOVETAIL_DEFINE action text_call::resume(const event& ev) {
  if (!text_) return action::done(text_.error().code());
  if (is_nothing_) return action::done();
  if (!running_) running_.emplace(*on_, *text_, purpose_);
  return running_->resume(ev);
}

DOVETAIL_DEFINE action script_call::resume(const event& ev) {
  if (!running_) {
    was_in_transaction_ = on_->is_in_transaction();
    running_.emplace(*on_, text_);
  }
  const action next = running_->resume(ev);
  if (next.what() != verb::done) return next;
  if (!failure_ && next.error()) {
    failure_ = running_->failure(next.error());
    const bool is_of_statement = !failure_.server().sqlstate.empty() || failure_.code() == errc::operation_unsupported;
    if (is_of_statement) {
      dovetail::detail::note_script_place(failure_, dialect::postgres, text_, running_->executed() + 1);
    }
  }
  if (!is_undoing_ && !was_in_transaction_ && on_->health() == session_health::in_transaction) {
    is_undoing_ = true;
    if (!failure_) failure_ = {errc::invalid_state, "the script left a transaction open; it was rolled back"};
    running_.emplace(*on_, "rollback");
    return running_->resume({});
  }
  return action::done(failure_.code());
}

DOVETAIL_DEFINE password_login client_session::open(deadline by) {
  session_.forget();
  error_info refused = fetch_password(how_, by);
  return password_login{startup{session_.facts, how_, openssl_crypto()}, std::move(refused),
                        how_.credentials != nullptr ? &how_.password : nullptr};
}

DOVETAIL_DEFINE error_info client_session::begin_later(begin_mode mode) {
  result<std::string> text = begin_text(sql_begin{mode, 0});
  if (!text) return std::move(text).error();
  session_.begin_later(*std::move(text));
  return {};
}

DOVETAIL_DEFINE bool client_session::settle(error_info& failure, drained* said) {
  if (std::exchange(is_giving_up_, false)) return said != nullptr;
  if (!std::exchange(is_committing_, false) || !session_.may_have_executed()) return false;
  if (said == nullptr) {
    failure = {errc::commit_unknown, "the time was over, and the connection is lost"};
  } else if (said->failure) {
    failure = std::move(said->failure);
  } else {
    return session_.health() == session_health::idle;
  }
  return false;
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
