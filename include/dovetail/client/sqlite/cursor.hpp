// Rows of a running statement, read one after another into a row type.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/sqlite/columns.hpp>
#include <dovetail/client/sqlite/session.hpp>
#include <dovetail/client/sqlite/statement_row.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/row/read.hpp>
#include <dovetail/row/rows.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// Compares the statement's columns with a row type. Errors: errc::row_mismatch.
[[gnu::cold]] error_info bind_new_columns(statement& of, const char* tag, const row_description& row, name_style style,
                                          bound_row*& bound);

/// The same, unless that has been done.
inline error_info bind_columns(statement& of, const char* tag, const row_description& row, name_style style,
                               bound_row*& bound) {
  if (of.schema_changed()) of.forget_bindings();
  bound = of.find(tag);
  return bound != nullptr ? error_info{} : bind_new_columns(of, tag, row, style, bound);
}

[[gnu::cold]] error_info value_failure(const statement& of, const row_description& row, const binding& bound,
                                       read_status status, std::size_t number, std::string_view words);

/// What the current row's values take: numbers 8 bytes, text and bytes their size.
[[gnu::noinline]] inline std::size_t row_bytes(sqlite3_stmt* statement) noexcept {
  std::size_t sum = 0;
  for (int i = sqlite3_column_count(statement); i-- > 0;) {
    const int type = sqlite3_column_type(statement, i);
    const bool is_long = type == SQLITE_TEXT || type == SQLITE_BLOB;
    sum += is_long ? static_cast<std::size_t>(sqlite3_column_bytes(statement, i)) : 8;
  }
  return sum;
}

enum class step : unsigned char { row, done, failed };

/// Steps through the rows of a statement whose arguments are bound.
template <class Row>
class cursor {
 public:
  using value_type = row_value_t<Row>;

  /// Call `prepare()` first.
  cursor(session& on, statement& of) noexcept : session_(&on), statement_(&of), row_(of.get()) {}

  /// Compares the columns with the row type, before anything is executed.
  error_info prepare() { return bind(); }

  /// Steps to the next row and reads it.
  [[gnu::always_inline]] step next(value_type& out) {
    const int code = sqlite3_step(statement_->get());
    if (code == SQLITE_ROW) [[likely]] {
      if (number_++ == 0) [[unlikely]] {
        if (failure_ = bind(); failure_) return step::failed;  // the first step may have compiled it again
      }
      const read_status status = read_row<Row>(out, row_, bound_->columns);
      if (status) [[likely]] {
        return step::row;
      }
      fail(status);
      return step::failed;
    }
    return end(code);
  }

  /// Reads the only row. Errors: errc::too_many_rows.
  error_info read_one(value_type& out, bool& is_there) {
    if (error_info failure = bind()) return failure;
    switch (next(out)) {
      case step::failed:
        return std::move(failure_);
      case step::done:
        return {};
      case step::row:
        break;
    }
    is_there = true;
    const int code = sqlite3_step(statement_->get());
    if (code == SQLITE_DONE) return {};
    return code == SQLITE_ROW ? error_info{errc::too_many_rows} : session_->failure(code, {});
  }

  /// Reads all rows.
  error_info fetch(rows<value_type>& all) {
    if (error_info failure = bind()) return failure;
    // One more: a row is there before SQLite says that there is none, and its room must not move all of them.
    if (const std::size_t likely = bound_->likely_rows(); likely > 1) all.reserve(likely + 1);
    step came = step::row;
    while (v0::detail::append_row(all, [&](value_type& out) { return (came = next(out)) == step::row; })) {
    }
    if (came == step::failed) return std::move(failure_);
    bound_->gave(number_);
    return {};
  }

  /// Reads rows up to a limit, and looks whether there is another one.
  error_info fetch_some(rows<value_type>& some, const row_limits& limits, bool& has_more) {
    if (error_info failure = bind()) return failure;
    std::size_t bytes = 0;
    while (!limits.are_reached(some.size(), bytes)) {
      step came = step::row;
      if (!v0::detail::append_row(some, [&](value_type& out) { return (came = next(out)) == step::row; })) {
        return came == step::failed ? std::move(failure_) : error_info{};
      }
      bytes += row_bytes(statement_->get());
    }
    const int code = sqlite3_step(statement_->get());
    has_more = code == SQLITE_ROW;
    return has_more || code == SQLITE_DONE ? error_info{} : session_->failure(code, {});
  }

  error_info& failure() noexcept { return failure_; }
  std::size_t rows_read() const noexcept { return number_; }

 private:
  error_info bind() {
    error_info failure = bind_columns(*statement_, &row_tag<Row>, row_plan<Row>::description, style(), bound_);
    row_ = statement_row{statement_->get()};  // it may have been compiled anew
    return failure;
  }
  static constexpr name_style style() noexcept { return name_style_of<value_type>; }

  [[gnu::noinline]] void fail(read_status status) {
    failure_ = value_failure(*statement_, row_plan<Row>::description, bound_->columns, status, number_, row_.words());
  }
  [[gnu::noinline]] step end(int code) {
    if (code == SQLITE_DONE) return step::done;
    failure_ = session_->failure(code, {});
    return step::failed;
  }

  session* session_;
  statement* statement_;
  statement_row row_;
  bound_row* bound_ = nullptr;
  std::size_t number_ = 0;
  error_info failure_;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace sqlite::detail {

[[gnu::noinline]] DOVETAIL_DEFINE error_info bind_new_columns(statement& of, const char* tag,
                                                              const row_description& row, name_style style,
                                                              bound_row*& bound) {
  const auto bind = [&](sqlite3_stmt* compiled) {
    const auto columns = columns_of(compiled);
    return bind_row(row, {columns.data(), columns.size()}, {.style = style});
  };
  result<binding> made = bind(of.get());
  if (!made && sqlite3_stmt_busy(of.get()) == 0) {
    // The statement may have been compiled before the schema changed: only a step would compile it again, and execute
    // it. A new statement tells whether that helps.
    sqlite3_stmt* compiled = nullptr;
    const char* const text = sqlite3_sql(of.get());
    sqlite3_prepare_v3(sqlite3_db_handle(of.get()), text, -1, SQLITE_PREPARE_PERSISTENT, &compiled, nullptr);
    statement fresh{compiled};
    if (compiled != nullptr) {
      if (auto again = bind(compiled)) {
        of.replace(std::move(fresh));
        made = std::move(again);
      }
    }
  }
  if (!made) return std::move(made).error();
  bound = of.remember(tag, *std::move(made));
  return {};
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info value_failure(const statement& of, const row_description& row,
                                                           const binding& bound, read_status status, std::size_t number,
                                                           std::string_view words) {
  const auto columns = columns_of(of.get());
  return value_error(row, bound, {columns.data(), columns.size()}, status, number, words);
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
