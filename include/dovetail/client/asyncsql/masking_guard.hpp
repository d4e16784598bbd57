// A guard that also hides values: who may read a row, but not all of its columns.
#pragma once

#include <dovetail/client/asyncsql/guard.hpp>

#include <concepts>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql {

/// Names the columns whose values are hidden from a user. Threads: called by several at once; it must not call the
/// session.
class row_masking {
 public:
  row_masking() = default;
  row_masking(const row_masking&) = delete;
  row_masking& operator=(const row_masking&) = delete;
  virtual ~row_masking() = default;
  virtual std::vector<std::string> columns(const access_request& asked) const = 0;
};

/// A masking that calls `columns(const access_request&)`, which gives `std::vector<std::string>`.
/// When it throws, the statement is refused.
template <class Fn>
  requires std::convertible_to<std::invoke_result_t<const Fn&, const access_request&>, std::vector<std::string>>
      std::shared_ptr<const row_masking> make_row_masking(Fn columns) {
    class asks final : public row_masking {
     public:
      explicit asks(Fn with) : with_(std::move(with)) {}
      std::vector<std::string> columns(const access_request& asked) const override { return with_(asked); }

     private:
      Fn with_;
    };
    return std::make_shared<asks>(std::move(columns));
  }

namespace detail {

/// An access control that collects what is hidden; `as_read`: from who reads the tables, whatever is done to them.
class collects_columns final : public access_control {
 public:
  collects_columns(const row_masking& of, std::vector<std::string>& into, bool as_read) noexcept
      : of_(&of), into_(&into), as_read_(as_read) {}
  access_decision decide(const access_request& asked) const override {
    if (!as_read_) {
      collect(asked);
    } else {
      std::vector<touched_table> tables{asked.tables.begin(), asked.tables.end()};
      for (touched_table& each : tables) each.is_written = false;
      access_request reading = asked;
      reading.what = statement_class::select;
      reading.read_only = tri_state::yes;
      reading.tables = tables;
      collect(reading);
    }
    return access_decision::allow();
  }

 private:
  void collect(const access_request& asked) const {
    for (std::string& each : of_->columns(asked)) into_->push_back(std::move(each));
  }

  const row_masking* of_;
  std::vector<std::string>* into_;
  bool as_read_;
};

}  // namespace detail

/// As `guard`; in the rows that statements give, text of hidden columns is "***", what may be null is null, other
/// values are zero. A column is meant by the name that it has in the result, in any case and with underscores or
/// without: a statement that renames or computes gives other names, so that this bounds what a program shows, not what
/// somebody who writes SQL may find out. Refuses (errc::access_denied): every statement without a user; statements with
/// hidden columns whose row type does not tell the names (single values, tuples, `by_position`); pipelines and copies
/// of text; changes of rows by structs that have a hidden column, whose mask they would write. Cost: one more
/// classification of a text that gives rows.
template <validation Literals = validation{}>
class masking_guard : public guard<Literals> {
 public:
  /// Errors: throws errc::invalid_option when there is no masking.
  masking_guard(security_settings how, std::shared_ptr<const row_masking> rows)
      : guard<Literals>(std::move(how)), rows_(std::move(rows)) {
    if (!rows_) dovetail::detail::throw_error({errc::invalid_option, "masking_guard has no masking"});
  }

  error_info check(const statement_view& sql, const guard_context& context) const {
    error_info refused = knows_user(context);
    return refused ? refused : guard<Literals>::check(sql, context);
  }
  error_info check_script(std::string_view text, const guard_context& context) const {
    error_info refused = context.operation == "copy_out_text"
                             ? detail::denial("nothing can be hidden in the text of a copy", context.where)
                             : knows_user(context);
    return refused ? refused : guard<Literals>::check_script(text, context);
  }
  error_info check_table(std::string_view table, const guard_context& context) const {
    error_info refused = knows_user(context);
    return refused ? refused : guard<Literals>::check_table(table, context);
  }

  /// The columns that are hidden in the rows of a statement.
  error_info masked(std::string_view text, const guard_context& context, std::vector<std::string>& columns) const {
    return detail::ask_access(collecting(columns, false), text, context);
  }
  /// The same for an insert that gives rows.
  error_info masked_in_table(std::string_view table, const guard_context& context,
                             std::vector<std::string>& columns) const {
    return guard<Literals>{collecting(columns, false)}.check_table(table, context);
  }
  /// The columns that are hidden when the tables of a change are read: a struct that was read has their masks.
  error_info masked_when_read(std::string_view text, const guard_context& context,
                              std::vector<std::string>& columns) const {
    return detail::ask_access(collecting(columns, true), text, context);
  }
  error_info masked_in_table_when_read(std::string_view table, const guard_context& context,
                                       std::vector<std::string>& columns) const {
    return guard<Literals>{collecting(columns, true)}.check_table(table, context);
  }

 private:
  security_settings collecting(std::vector<std::string>& columns, bool as_read) const {
    security_settings how = this->settings();
    how.access = std::make_shared<detail::collects_columns>(*rows_, columns, as_read);
    return how;
  }
  error_info knows_user(const guard_context& context) const {
    return this->settings().user.empty() ? detail::denial("the session has no user", context.where) : error_info{};
  }

  std::shared_ptr<const row_masking> rows_;
};

static_assert(statement_guard<masking_guard<>>);

}  // namespace dovetail::inline v0::asyncsql
