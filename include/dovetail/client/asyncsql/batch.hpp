// Batches: one statement for many rows of arguments, and bulk changes of structs.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/asyncsql/batch_arrays.hpp>
#include <dovetail/client/asyncsql/batch_outcome.hpp>
#include <dovetail/client/asyncsql/run_operation.hpp>
#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/client/sql_batch.hpp>
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/row/member_at.hpp>
#include <dovetail/sql/bulk_text.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

namespace detail {

/// How an element of a batch gives arguments: a struct its fields (`:name`), a tuple or pair its elements, else itself.
struct unpack_element {
  template <class T>
  static auto unpack(const T& row) {
    if constexpr (is_row_tuple<T>) {
      return std::apply(
          [](const auto&... each) { return std::tuple<std::remove_cvref_t<decltype(each)> const&...>{each...}; }, row);
    } else {
      return std::tuple<const T&>{row};
    }
  }
  template <class T>
  auto operator()(const T& row) const {
    return unpack(row);
  }
};

template <class Db, class Tuple>
struct statement_of_tuple;
template <class Db, class... Args>
struct statement_of_tuple<Db, std::tuple<Args...>> {
  using type = statement_of<Db, Db::speaks, void, std::remove_cvref_t<Args>...>;
};
/// The statement of a batch over elements of type `T`; one that keeps the rules of the database's type, if that has
/// any.
template <class Db, class T>
using batch_statement =
    typename statement_of_tuple<std::remove_cvref_t<Db>, decltype(unpack_element{}(std::declval<const T&>()))>::type;

/// The members with these numbers.
template <class Members, bool WithValues>
struct unpack_members {
  template <class Row>
  auto operator()(const Row& row) const {
    const auto keys = pick_keys(row, std::make_index_sequence<Members::key_count>{});
    if constexpr (WithValues) {
      return std::tuple_cat(values(row, std::make_index_sequence<Members::value_count>{}), keys);
    } else {
      return keys;
    }
  }
  template <class Row>
  static constexpr std::span<const std::string_view> columns() noexcept {
    if constexpr (WithValues) {
      return field_names<Row>;
    } else {
      return key_names<Row>;
    }
  }

 private:
  template <class Row>
  static constexpr auto key_names = [] {
    std::array<std::string_view, Members::key_count> names{};
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = field_names<Row>[Members::keys[i]];
    return names;
  }();
  template <class Row, std::size_t... I>
  static auto pick_keys(const Row& row, std::index_sequence<I...>) {
    return std::tuple<const std::remove_cvref_t<decltype(member_at<Members::keys[I]>(row))>&...>{
        member_at<Members::keys[I]>(row)...};
  }
  template <class Row, std::size_t... I>
  static auto values(const Row& row, std::index_sequence<I...>) {
    return std::tuple<const std::remove_cvref_t<decltype(member_at<Members::values[I]>(row))>&...>{
        member_at<Members::values[I]>(row)...};
  }
};

/// All members in their order.
struct unpack_row {
  template <class Row>
  auto operator()(const Row& row) const {
    static_assert(!has_nested_struct<Row>,
                  "dovetail: bulk changes take no nested structs: give the columns as members, or use insert");
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<const std::remove_cvref_t<decltype(member_at<I>(row))>&...>{member_at<I>(row)...};
    }
    (std::make_index_sequence<field_count<Row>>{});
  }
  template <class Row>
  static constexpr std::span<const std::string_view> columns() noexcept {
    return field_names<Row>;
  }
};

template <class Fn>
struct batch_state_with final : batch_state {
  explicit batch_state_with(Fn with, std::size_t rows) : progress(std::move(with)), total(rows) {
    report = [](batch_state& self, std::size_t done) {
      auto& here = static_cast<batch_state_with&>(self);
      here.progress(done, here.total);
    };
  }
  Fn progress;
  std::size_t total;
};

/// Runs batches. If the compiler points here: asynchronous clients need <dovetail/client/asyncsql/batch_async.hpp>.
template <bool IsAsync>
struct batch_driver;

template <>
struct batch_driver<false> {
  template <class Unpack, class Db, class Statement, class T>
  static auto run(Db& db, Statement sql, std::span<const T> rows, std::shared_ptr<batch_state> state, batch_options how,
                  std::source_location where) {
    return deliver_as<Db>(run_all<Unpack>(db, sql, rows, state, how, where));
  }
  /// By arrays, whose statement is `sql`, or row by row when that fails: then the error names the row.
  template <class Unpack, class Columns, class Db, class Arrays, class Statement, class T>
  static auto run_arrays(Db& db, Arrays arrays, Statement sql, std::span<const T> rows,
                         std::shared_ptr<batch_state> state, batch_options how, std::source_location where) {
    using op_type = sql_execute_many<Arrays, array_chunks<T>, Columns>;
    auto done = run_segment(db, op_type{{arrays}, {rows, state, nullptr}, state}, where);
    if (done) return deliver_as<Db>(result<batch_result>{array_result(*state, done->rows_affected)});
    if (!is_failure_of_arrays(done.error())) return deliver_as<Db>(result<batch_result>{std::move(done).error()});
    leave_arrays(*state);
    return deliver_as<Db>(run_all<Unpack>(db, sql, rows, state, how, where));
  }
  /// By COPY where that does what the inserts of `sql` do, else by these.
  template <class Unpack, class Db, class Statement, class T>
  static auto copy(Db& db, std::string_view table, Statement sql, std::span<const T> rows,
                   std::shared_ptr<batch_state> state, batch_options how, std::source_location where) {
    auto done = copy_all(db, table, rows, where);
    if (done && done->rows_affected < 0) return deliver_as<Db>(run_all<Unpack>(db, sql, rows, state, how, where));
    return deliver_as<Db>(std::move(done));
  }

 private:
  template <class Db, class T>
  static result<batch_result> copy_all(Db& db, std::string_view table, std::span<const T> rows,
                                       std::source_location where) {
    batch_result all;
    if constexpr (gives_results<Db>) {
      result<summary> done = db.copy_in_as_insert(table, rows, where);
      if (!done) return std::move(done).error();
      all.rows_affected = done->rows_affected;
    } else {
      try {
        all.rows_affected = db.copy_in_as_insert(table, rows, where).rows_affected;
      } catch (const error& failed) {
        return failed.info();
      }
    }
    return all;
  }

  template <class Unpack, class Db, class Statement, class T>
  static result<batch_result> run_all(Db& db, const Statement& sql, std::span<const T> rows,
                                      const std::shared_ptr<batch_state>& state, const batch_options& how,
                                      std::source_location where) {
    using op_type = sql_execute_many<Statement, std::span<const T>, Unpack>;
    dovetail::detail::note_use(sql);
    if (how.on_error == batch_errors::undo_all) {
      auto done = run_blocking(db, op_type{{sql}, rows, state}, where);
      if (!done) return std::move(done).error();
      batch_result all;
      all.rows_affected = done->rows_affected;
      all.affected = std::move(state->affected);
      return all;
    }
    batch_segments segments{rows.size()};
    while (segments.has_next()) {
      state->done_before = segments.first();
      auto done = run_segment(db, op_type{{sql}, rows.subspan(segments.first(), segments.count()), state}, where);
      if (done) {
        segments.done(*state, done->rows_affected);
      } else if (!segments.failed(*state, std::move(done).error())) {
        break;
      }
    }
    return std::move(segments.result());
  }

  /// Inside of a transaction a failed segment must not take the transaction with it.
  template <class Db, class Op>
  static result<summary> run_segment(Db& db, Op op, std::source_location where) {
    if constexpr (may_be_in_transaction<Db>) {
      if (in_transaction(db)) return run_savepoint(db, op, where);
    }
    return run_blocking(db, std::move(op), where);
  }

  template <class Db, class Op>
  static result<summary> run_savepoint(Db& db, const Op& op, std::source_location where) {
    result<summary> done{summary{}};
    const auto body = [&](auto& tx) {
      done = run_blocking(tx, op, where);
      if (!done) throw_error(done.error());
    };
    try {
      if constexpr (gives_results<Db>) {
        result<void> ended = db.transaction(body, where);
        if (!ended) return std::move(ended).error();
      } else {
        db.transaction(body, where);
      }
    } catch (const error& failed) {
      return failed.info();
    }
    return done;
  }
};

template <class Db>
using batch_driver_of = batch_driver<asyncsql::is_async<std::remove_reference_t<Db>>>;

template <class Db, class Fn>
std::shared_ptr<batch_state> make_batch_state(Fn progress, const batch_options& how, std::size_t rows) {
  if constexpr (std::same_as<Fn, no_progress>) {
    return std::make_shared<batch_state>();
  } else {
    auto state = std::make_shared<batch_state_with<Fn>>(std::move(progress), rows);
    state->report_every = how.report_every;
    return state;
  }
}

/// A database that copies rows in.
template <class Db, class T>
concept can_copy = requires(Db& db, std::span<const T> rows) {
  db.copy_in_as_insert("", rows);
};
/// A COPY asks for the columns' types first: one more round trip, which few rows do not make up for. (Measured: with 16
/// rows on one machine a COPY takes 0.6 of the time of inserts, with 10 000 rows 0.3.)
inline constexpr std::size_t fewest_to_copy = 16;

/// Runs a statement whose text was made for the table of a bulk operation; by `Arrays` where that is faster.
template <class Unpack, class Arrays, class Db, class T, class Fn>
auto run_bulk(Db& db, result<std::string> text, std::span<const T> rows, const batch_options& how, Fn progress,
              std::source_location where, [[maybe_unused]] std::string_view table = {},
              [[maybe_unused]] std::string_view conflict = {}) {
  auto state = make_batch_state<Db>(std::move(progress), how, rows.size());
  // A name that cannot be quoted leaves no text: the statement's own check refuses it.
  if (text) state->text = *std::move(text);
  using arguments = decltype(Unpack{}(std::declval<const T&>()));
  using statement = typename statement_of_tuple<Db, arguments>::type;
  if constexpr (can_use_arrays<Arrays, Db, T>) {
    using columns = typename Arrays::columns;
    using array_statement =
        typename statement_of_tuple<Db, decltype(columns{}(std::declval<std::span<const T>>()))>::type;
    const bool reports_often = state->report_every != 0 && state->report_every < fewest_for_arrays;
    result<std::string> quoted = quote_qualified(Db::speaks, table);
    key_knowledge keys = key_knowledge::are_repeated;
    const bool is_wanted = how.on_error == batch_errors::undo_all && rows.size() >= fewest_for_arrays && !reports_often;
    if (is_wanted && quoted) keys = compare_keys<typename Arrays::members>(rows);
    if (is_wanted && quoted && !(keys == key_knowledge::are_repeated && Arrays::wants_distinct)) {
      state->array_text = Arrays::text(*quoted, conflict, keys == key_knowledge::are_distinct);
      state->ends = cut_arrays(columns{}, rows, state->report_every);
      state->is_numbered = Arrays::is_numbered;
      return batch_driver_of<Db>::template run_arrays<Unpack, columns>(
          db, array_statement{runtime{state->array_text}, where}, statement{runtime{state->text}, where}, rows, state,
          how, where);
    }
  }
  return batch_driver_of<Db>::template run<Unpack>(db, statement{runtime{state->text}, where}, rows, state, how, where);
}

template <class Range>
auto as_span(const Range& rows) {
  return std::span<const row_of<Range>>{rows.data(), rows.size()};
}

/// A range whose elements lie one behind the other: a vector, an array, a span.
template <class Range>
concept batch_range = requires(const Range& rows) {
  rows.data();
  rows.size();
  typename row_of<Range>;
};

}  // namespace detail

/// Executes a statement for each element of a vector, array or span: a struct gives its fields for `:name`, a tuple
/// its elements for `?` or `$1`, any other value is the only argument.
///
///     dt::execute_many(db, "update city set name = ? where id = ?", std::vector<std::tuple<std::string, int>>{…});
///
/// One prepared statement: with PostgreSQL written in few pieces (pipelined), with SQLite a loop in one transaction.
/// `progress(done, total)` is called every `how.report_every` rows, where the database's work is done. What was undone
/// and is done again is reported again: `done` goes back then, when a row fails that is skipped, and when a bulk change
/// by arrays goes on row by row. (batch_result)
/// Errors: those of the statement; with `undo_all` that of the first row that failed, whose context names the row
/// (counted from 1), and nothing of the batch stays. With `skip_row` failures of rows are in the answer.
template <asyncsql::sql_database Db, detail::batch_range Range, class Fn = no_progress>
auto execute_many(Db&& db, detail::batch_statement<Db, detail::row_of<Range>> sql, const Range& rows,
                  batch_options how = {}, Fn progress = {}) {
  using db_type = std::remove_reference_t<Db>;
  auto state = detail::make_batch_state<db_type>(std::move(progress), how, rows.size());
  return detail::batch_driver_of<db_type>::template run<detail::unpack_element>(
      db, sql, detail::as_span(rows), std::move(state), how, sql.view().where);
}

/// Inserts structs: with PostgreSQL 16 rows and more by COPY when nothing is skipped, no progress is asked for and the
/// table is one where a COPY means the same (no view, no rule, no row security that is active, no value for a column
/// that is generated always), else by one prepared insert. (batch_result; a COPY does not count row by row: `affected`
/// is empty then)
template <asyncsql::sql_database Db, detail::batch_range Range, class Fn = no_progress>
auto bulk_insert(Db&& db, std::string_view table, const Range& rows, batch_options how = {}, Fn progress = {},
                 std::source_location where = std::source_location::current()) {
  using db_type = std::remove_reference_t<Db>;
  using row_type = detail::row_of<Range>;
  if constexpr (detail::can_copy<db_type, row_type> && std::same_as<Fn, no_progress>) {
    if (how.on_error == batch_errors::undo_all && rows.size() >= detail::fewest_to_copy) {
      auto state = detail::make_batch_state<db_type>(std::move(progress), how, rows.size());
      auto text = insert_text(db_type::speaks, table, insert_tail<db_type::speaks, row_type>);
      if (text) state->text = *std::move(text);  // a name that cannot be quoted is refused by the COPY
      using arguments = decltype(detail::unpack_row{}(std::declval<const row_type&>()));
      using statement = typename detail::statement_of_tuple<db_type, arguments>::type;
      return detail::batch_driver_of<db_type>::template copy<detail::unpack_row>(
          static_cast<db_type&>(db), table, statement{runtime{state->text}, where}, detail::as_span(rows), state, how,
          where);
    }
  }
  return detail::run_bulk<detail::unpack_row, void>(
      static_cast<db_type&>(db), insert_text(db_type::speaks, table, insert_tail<db_type::speaks, row_type>),
      detail::as_span(rows), how, std::move(progress), where);
}

/// Inserts structs; a row that is there already gets the new values. `Keys` are the columns that tell.
/// With PostgreSQL this, `bulk_update` and `bulk_delete` send 16 rows and more as arrays, when nothing is skipped, no
/// guard watches and no member is a list; what arrays cannot do, and a batch of which a row fails, goes row by row: the
/// outcome is the same. (batch_result; `affected` is empty when a trigger left rows out of an upsert by arrays)
template <fixed_string... Keys, asyncsql::sql_database Db, detail::batch_range Range, class Fn = no_progress>
auto bulk_upsert(Db&& db, std::string_view table, const Range& rows, batch_options how = {}, Fn progress = {},
                 std::source_location where = std::source_location::current()) {
  using db_type = std::remove_reference_t<Db>;
  using row_type = detail::row_of<Range>;
  using members = detail::keyed_members<row_type, Keys...>;
  return detail::run_bulk<detail::unpack_row, detail::array_upsert<db_type::speaks, row_type, members>>(
      static_cast<db_type&>(db),
      insert_text(db_type::speaks, table, insert_tail<db_type::speaks, row_type, on_conflict::update, Keys...>),
      detail::as_span(rows), how, std::move(progress), where, table,
      detail::parts_of_statement<db_type::speaks, row_type, detail::conflict_part<on_conflict::update, Keys...>>);
}

/// Sets all other columns of the rows that have the structs' keys. `affected` tells which were there.
template <fixed_string... Keys, asyncsql::sql_database Db, detail::batch_range Range, class Fn = no_progress>
auto bulk_update(Db&& db, std::string_view table, const Range& rows, batch_options how = {}, Fn progress = {},
                 std::source_location where = std::source_location::current()) {
  using db_type = std::remove_reference_t<Db>;
  using row_type = detail::row_of<Range>;
  using members = detail::keyed_members<row_type, Keys...>;
  return detail::run_bulk<detail::unpack_members<members, true>,
                          detail::array_update<db_type::speaks, row_type, members>>(
      static_cast<db_type&>(db),
      detail::table_text("update ", db_type::speaks, table, detail::update_tail<db_type::speaks, row_type, Keys...>),
      detail::as_span(rows), how, std::move(progress), where, table);
}

/// Deletes the rows that have the structs' keys; other members are not looked at.
template <fixed_string... Keys, asyncsql::sql_database Db, detail::batch_range Range, class Fn = no_progress>
auto bulk_delete(Db&& db, std::string_view table, const Range& rows, batch_options how = {}, Fn progress = {},
                 std::source_location where = std::source_location::current()) {
  using db_type = std::remove_reference_t<Db>;
  using row_type = detail::row_of<Range>;
  using members = detail::keyed_members<row_type, Keys...>;
  return detail::run_bulk<detail::unpack_members<members, false>,
                          detail::array_erase<db_type::speaks, row_type, members>>(
      static_cast<db_type&>(db),
      detail::table_text("delete from ", db_type::speaks, table, detail::keys_tail<db_type::speaks, row_type, Keys...>),
      detail::as_span(rows), how, std::move(progress), where, table);
}

}  // namespace dovetail::inline v0
