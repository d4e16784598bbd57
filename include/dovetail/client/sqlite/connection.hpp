// The connection of SQLite clients: performs the operations of SQL on one handle of the library.
#pragma once

#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/sqlite/connection_string.hpp>
#include <dovetail/client/sqlite/cursor.hpp>
#include <dovetail/client/sqlite/execute.hpp>
#include <dovetail/client/sqlite/execute_many.hpp>
#include <dovetail/client/sqlite/insert.hpp>
#include <dovetail/client/sqlite/options.hpp>
#include <dovetail/client/sqlite/request.hpp>
#include <dovetail/client/sqlite/session.hpp>
#include <dovetail/client/sqlite/stream_state.hpp>
#include <dovetail/client/sqlite/transaction_text.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite {

/// One handle of the SQLite library. Threads: one at a time, which the pool sees to; the library's own mutexes are off.
class connection {
 public:
  using options = dovetail::sqlite::options;
  template <class Self>
  using verbs = sql_blocking_verbs<Self, dialect::sqlite>;
  template <class Row>
  using stream_state = detail::stream_state<Row>;
  using stream_step = detail::step;

  static result<parsed_string<options>> parse(std::string_view text) { return sqlite::parse(text); }

  explicit connection(const options& how) : how_(how) {}

  result<void> open(deadline by) { return session_.open(how_, {by, cancelled_}); }
  result<void> ping(deadline by) {
    const scope limits{session_, {by, cancelled_}};
    return session_.run("select 1");
  }
  session_health health() const noexcept { return session_.health(); }
  traffic last_traffic() const noexcept { return {}; }
  void close() noexcept { session_.close(); }
  bool is_in_transaction() const noexcept { return session_.in_transaction(); }

  /// A flag that ends what runs when it is set; null for none. Threads: any may set it.
  void watch(const std::atomic<bool>* cancelled) noexcept { cancelled_ = cancelled; }

  template <class Request>
  result<summary> perform(sql_execute<Request>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    const statement_view& sql = op.request.sql.view();
    if (error_info refused = detail::refuse_transaction_statement(sql.traits.kind)) return refused;
    detail::statement_use used;
    if (error_info failure = start(op.request, used)) return failure;
    result<summary> done{summary{}};
    if (error_info failure = detail::run_and_count(session_, used.get(), sql.traits.kind, *done)) {
      return explain(std::move(failure), sql);
    }
    return done;
  }

  template <class Row, class Request>
  result<rows<row_value_t<Row>>> perform(sql_query<Row, Request>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    detail::statement_use used;
    if (error_info failure = start(op.request, used)) return failure;
    result<rows<row_value_t<Row>>> all{rows<row_value_t<Row>>{}};
    detail::cursor<Row> at{session_, *used};
    if (error_info failure = at.fetch(*all)) return explain(std::move(failure), op.request.sql.view());
    return all;
  }

  template <class Row, class Request>
  result<limited_rows<row_value_t<Row>>> perform(sql_query_some<Row, Request>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    detail::statement_use used;
    if (error_info failure = start(op.request, used)) return failure;
    result<limited_rows<row_value_t<Row>>> some{limited_rows<row_value_t<Row>>{}};
    detail::cursor<Row> at{session_, *used};
    if (error_info failure = at.fetch_some(some->rows, op.limits, some->has_more)) {
      return explain(std::move(failure), op.request.sql.view());
    }
    return some;
  }

  template <class Row, class Request>
  result<row_value_t<Row>> perform(sql_query_one<Row, Request>& op, deadline by) {
    result<row_value_t<Row>> row{row_value_t<Row>{}};
    bool is_there = false;
    error_info failure = read_one<Row>(op.request, by, *row, is_there);
    if (!failure && !is_there) failure = explain(errc::no_row, op.request.sql.view());
    if (failure) return failure;
    return row;
  }

  template <class Row, class Request>
  result<std::optional<row_value_t<Row>>> perform(sql_query_optional<Row, Request>& op, deadline by) {
    result<std::optional<row_value_t<Row>>> row{std::optional<row_value_t<Row>>{std::in_place}};
    bool is_there = false;
    if (error_info failure = read_one<Row>(op.request, by, **row, is_there)) return failure;
    if (!is_there) row->reset();
    return row;
  }

  template <class Range>
  result<summary> perform(sql_insert<Range>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    auto at = op.rows.begin();
    if (at == op.rows.end()) return summary{};
    const bool is_one = ++at == op.rows.end();
    result<detail::statement_use> used = prepare_insert(op.table, op.tail, {});
    if (!used) return std::move(used).error();
    result<summary> done{summary{}};
    error_info failure = is_one ? error_info{} : session_.begin_unit();
    if (failure) return failure;
    try {
      failure = detail::insert_rows(session_, used->get(), op.rows, !is_one, *done);
    } catch (...) {  // of the user's range or field_codec: the rows before it must not stay
      sqlite3_reset(used->get());
      if (!is_one) static_cast<void>(session_.end_unit(errc::invalid_state));
      throw;
    }
    if (!is_one) failure = session_.end_unit(std::move(failure));
    if (failure) return failure;
    return done;
  }

  template <class Row, class Struct>
  result<row_value_t<Row>> perform(sql_insert_returning<Row, Struct>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    result<detail::statement_use> used = prepare_insert(op.table, op.tail, op.returning);
    if (!used) return std::move(used).error();
    if (error_info failure = detail::bind_fields(session_, used->get(), op.row)) return failure;
    result<row_value_t<Row>> row{row_value_t<Row>{}};
    detail::cursor<Row> at{session_, **used};
    bool is_there = false;
    error_info failure = at.read_one(*row, is_there);
    if (!failure && !is_there) failure = errc::no_row;
    if (failure) return failure;
    return row;
  }

  template <class Statement, class Range, class Unpack>
  result<summary> perform(sql_execute_many<Statement, Range, Unpack>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    op.state->begin();
    if (op.rows.begin() == op.rows.end()) return summary{};
    const statement_view& sql = op.request.sql.view();
    if (error_info refused = detail::refuse_transaction_statement(sql.traits.kind)) return refused;
    if (sql.traits.expands) return dovetail::detail::no_expanding_batch();
    detail::statement_use used;
    if (error_info failure = start(op.request_of(*op.rows.begin()), used)) {
      op.state->failed_row = op.request.sql.is_valid() && used ? 0 : batch_state::no_row;
      return failure;
    }
    result<summary> done{summary{}};
    error_info failure = session_.begin_unit();
    if (failure) return failure;
    try {
      failure = detail::execute_rows(session_, used.get(), op, *done);
    } catch (...) {  // of the user's field_codec: the rows before it must not stay
      sqlite3_reset(used.get());
      static_cast<void>(session_.end_unit(errc::invalid_state));
      throw;
    }
    failure = session_.end_unit(std::move(failure));
    if (failure) return explain(std::move(failure), sql);
    return done;
  }

  result<void> perform(sql_script& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    const bool was_in_transaction = session_.in_transaction();
    result<void> done = session_.run_script(op.text);
    if (was_in_transaction || !session_.in_transaction()) return done;
    static_cast<void>(session_.run("rollback"));
    if (!done) return done;
    return error_info{errc::invalid_state, "the script left a transaction open; it was rolled back"};
  }

  result<void> perform(sql_begin& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    return session_.run(detail::begin_text(op, how_.mode == open_mode::read_only));
  }
  result<void> perform(sql_commit& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    return session_.run(detail::commit_text(op.depth));
  }
  /// A rollback must happen even when somebody has cancelled what led to it.
  result<void> perform(sql_rollback& op, deadline by) {
    const scope limits{session_, {by, nullptr}};
    if (!session_.in_transaction()) return {};  // SQLite has done it already
    return session_.run_script(detail::rollback_text(op.depth));
  }

  /// An asynchronous stream. The statement owns copies of the arguments.
  template <class Rows, class Request>
  result<void> perform(sql_stream_open<Rows, Request>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    detail::statement_use used;
    op.rows->abandon();
    error_info failure = detail::start(session_, op.request, false, how_.include_statement_text, used);
    if (failure) return failure;
    try {
      failure = op.rows->begin(session_, std::move(used));
      if (!failure) failure = op.rows->fetch();
    } catch (...) {  // of the user's field_codec: nothing of the stream may be left on this connection
      op.rows->abandon();
      throw;
    }
    if (!failure) return {};
    op.rows->abandon();
    return explain(std::move(failure), op.request.sql.view());
  }
  template <class Rows>
  result<void> perform(sql_stream_fetch<Rows>& op, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    if (error_info failure = op.rows->fetch()) return failure;
    return {};
  }
  template <class Rows>
  result<void> perform(sql_stream_close<Rows>& op, deadline) {
    op.rows->abandon();
    return {};
  }

  /// Starts a query whose rows are read one by one. The statement owns copies of the arguments.
  template <class Row, class Request>
  result<stream_state<Row>> open_stream(const Request& request, deadline by) {
    const scope limits{session_, {by, cancelled_}};
    detail::statement_use used;
    if (error_info failure = detail::start(session_, request, false, how_.include_statement_text, used)) return failure;
    stream_state<Row> state{session_, std::move(used)};
    if (error_info failure = state.prepare()) return explain(std::move(failure), request.sql.view());
    return state;
  }

  /// The next row of a stream; `budget` bounds this step alone.
  template <class Row>
  stream_step next(stream_state<Row>& of, row_value_t<Row>& out, clock::duration budget, deadline by) {
    return of.next(out, {by, cancelled_, budget});
  }

  detail::session& handle() noexcept { return session_; }

 private:
  using scope = detail::session::limits_scope;

  template <class Request>
  error_info start(const Request& request, detail::statement_use& used) {
    return detail::start(session_, request, true, how_.include_statement_text, used);
  }
  error_info explain(error_info failure, const statement_view& sql) const {
    return detail::add_statement(std::move(failure), sql, how_.include_statement_text);
  }

  result<detail::statement_use> prepare_insert(std::string_view table, std::string_view tail,
                                               std::string_view returning) {
    const result<std::string> text = insert_text(dialect::sqlite, table, tail, returning);
    if (!text) return text.error();
    return session_.prepare(*text, {});
  }

  template <class Row, class Request>
  error_info read_one(const Request& request, deadline by, row_value_t<Row>& row, bool& is_there) {
    const scope limits{session_, {by, cancelled_}};
    detail::statement_use used;
    if (error_info failure = start(request, used)) return failure;
    detail::cursor<Row> at{session_, *used};
    error_info failure = at.read_one(row, is_there);
    if (failure) return explain(std::move(failure), request.sql.view());
    return {};
  }

  options how_;
  detail::session session_;
  const std::atomic<bool>* cancelled_ = nullptr;
};

}  // namespace sqlite
}  // namespace dovetail::inline v0
