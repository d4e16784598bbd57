// Hides in the answer of an operation what the session's guard wants hidden.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/statement_facts.hpp>
#include <dovetail/client/asyncsql/statement_guard.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/row/mask.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/written.hpp>

#include <concepts>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql::detail {

/// Guards that hide columns.
template <class Guard>
concept hides_columns = requires(const Guard& guard, std::string_view text, const guard_context& context,
                                 std::vector<std::string>& columns) {
  { guard.masked(text, context, columns) } -> std::same_as<error_info>;
  { guard.masked_in_table(text, context, columns) } -> std::same_as<error_info>;
};
/// Those that tell also what is hidden from who reads the tables of a change.
template <class Guard>
concept hides_from_readers = requires(const Guard& guard, std::string_view text, const guard_context& context,
                                      std::vector<std::string>& columns) {
  { guard.masked_when_read(text, context, columns) } -> std::same_as<error_info>;
  { guard.masked_in_table_when_read(text, context, columns) } -> std::same_as<error_info>;
};

/// The row type of an operation (or a stream) of rows; void where there is none.
template <class Of>
struct row_type_of {
  using type = void;
};
template <template <class, class> class Of, class Row, class Second>
struct row_type_of<Of<Row, Second>> {
  using type = Row;
};
template <class Statement, class Arguments>
struct row_type_of<sql_request<Statement, Arguments>> {
  using type = void;
};

/// The row type of a stream that is opened, or of a result with one.
template <class Opened>
struct row_type_of_opened;
template <template <class, class...> class Of, class Row, class... Rest>
struct row_type_of_opened<Of<Row, Rest...>> {
  using type = Row;
};
template <class Stream>
struct row_type_of_opened<result<Stream>> : row_type_of_opened<Stream> {};

template <class Row>
consteval bool can_be_masked() {
  if constexpr (std::is_void_v<Row>) {
    return false;
  } else {
    return dovetail::detail::is_maskable<Row>;
  }
}

/// True for answers in which rows of the type are found.
template <class Answer, class Row>
inline constexpr bool holds_rows = std::is_same_v<Answer, Row>;
template <class Row>
inline constexpr bool holds_rows<rows<Row>, Row> = true;
template <class Row>
inline constexpr bool holds_rows<limited_rows<Row>, Row> = true;
template <class Row>
inline constexpr bool holds_rows<std::optional<Row>, Row> = true;

/// False for operations whose answer has no rows.
template <class Op>
inline constexpr bool answers_with_values =
    !std::is_void_v<typename Op::value_type> && !std::is_same_v<typename Op::value_type, summary>;

template <class Op>
consteval bool has_maskable_rows() {
  using row = typename row_type_of<Op>::type;
  if constexpr (!answers_with_values<Op> || std::is_void_v<row>) {
    return false;
  } else if constexpr (holds_rows<typename Op::value_type, kept_row_t<row>>) {
    return can_be_masked<row>();
  } else {
    return false;
  }
}

[[gnu::cold, gnu::noinline]] inline error_info cannot_hide(std::string_view why, std::source_location where) {
  std::string words = "columns are hidden, but ";
  words += why;
  error_info failure{errc::access_denied, std::move(words)};
  failure.with_location(where);
  return failure;
}

/// The members of a struct that an operation puts into rows that are there already, or compares them with; none for
/// inserts, and for statements of the program's own.
template <class Op>
std::span<const std::string_view> columns_over_rows(const Op& op) noexcept {
  const auto is_update = [](std::string_view text) {
    return !text.starts_with("insert ") || text.find(" do update ") != std::string_view::npos ||
           text.find(" on duplicate key update ") != std::string_view::npos;
  };
  if constexpr (requires { op.request.columns_from_struct(); }) {
    return op.request.columns_from_struct();
  } else if constexpr (requires { Op::columns_from_struct(); }) {
    return is_update(text_of(op)) ? Op::columns_from_struct() : std::span<const std::string_view>{};
  } else if constexpr (requires {
                         op.rows.begin();
                         op.tail;
                       }) {
    using row = std::remove_cvref_t<decltype(*op.rows.begin())>;
    std::string start = "insert ";
    if (!is_update(start.append(op.tail))) return {};
    if constexpr (dovetail::detail::has_nested_struct<row>) {
      return dovetail::detail::meant_names<row>;
    } else {
      return field_names<row>;
    }
  } else {
    return {};
  }
}

/// Refuses to write a struct of which a member is hidden: it holds the mask, if it was read, and not the value.
[[gnu::cold, gnu::noinline]] inline error_info refuse_mask(std::span<const std::string_view> written,
                                                           const std::vector<std::string>& hidden,
                                                           std::source_location where) {
  for (const std::string_view name : written) {
    if (!dovetail::detail::has_column(hidden, name)) continue;
    std::string words;
    dovetail::detail::append_parts(words, {"the column '", name,
                                           "' is hidden from this user, whose rows do not have its value: change rows "
                                           "by a struct without it"});
    error_info failure{errc::access_denied, std::move(words)};
    failure.with_location(where);
    return failure;
  }
  return {};
}

/// Of one call. Nothing for guards that hide nothing.
template <class Guard>
class answer_mask {
 public:
  template <class Op>
  error_info ask(const Guard&, const Op&, const guard_context&) const noexcept {
    return {};
  }
  template <class Row>
  error_info ask_stream(const Guard&, std::string_view, const guard_context&) const noexcept {
    return {};
  }
  template <class Op>
  void hide(result<typename Op::value_type>&) const noexcept {}
  template <class Stream>
  void watch(Stream&) const noexcept {}
};

template <hides_columns Guard>
class answer_mask<Guard> {
 public:
  template <class Op>
  error_info ask(const Guard& guard, const Op& op, const guard_context& context) {
    if constexpr (requires { op.ops; }) {
      return cannot_hide("a pipeline has rows of many statements", context.where);
    } else {
      const std::span<const std::string_view> written = columns_over_rows(op);
      if (!answers_with_values<Op> && written.empty()) return {};
      error_info refused;
      if constexpr (has_table<Op>) {
        refused = guard.masked_in_table(op.table, context, columns_);
      } else {
        refused = guard.masked(text_of(op), context, columns_);
      }
      if (!refused) refused = refuse_mask(written, columns_, context.where);
      if (!refused && !written.empty()) refused = refuse_what_was_read(guard, op, written, context);
      if constexpr (!answers_with_values<Op>) {
        return refused;
      } else {
        return refused ? refused : refuse_row<typename row_type_of<Op>::type, has_maskable_rows<Op>()>(context);
      }
    }
  }
  template <class Row>
  error_info ask_stream(const Guard& guard, std::string_view text, const guard_context& context) {
    error_info refused = guard.masked(text, context, columns_);
    return refused ? refused : refuse_row<Row, can_be_masked<Row>()>(context);
  }

  /// Of the rows in an operation's answer.
  template <class Op>
  void hide(result<typename Op::value_type>& answer) const {
    if constexpr (has_maskable_rows<Op>()) {
      if (answer && !columns_.empty()) hide_in(*answer);
    }
  }
  /// Of a stream that was opened, or of a result with one.
  template <class Stream>
  void watch(Stream& opened) {
    if (columns_.empty()) return;
    if constexpr (dovetail::detail::is_result<Stream>) {
      if (opened) watch(*opened);
    } else if constexpr (can_be_masked<typename row_type_of_opened<Stream>::type>()) {
      opened.mask_with({std::move(columns_), &dovetail::detail::mask_row<typename Stream::value_type>});
    }
  }

 private:
  /// A policy may hide columns from those who read only: what was read has the mask all the same.
  template <class Op>
  static error_info refuse_what_was_read([[maybe_unused]] const Guard& guard, [[maybe_unused]] const Op& op,
                                         [[maybe_unused]] std::span<const std::string_view> written,
                                         [[maybe_unused]] const guard_context& context) {
    error_info refused;
    if constexpr (hides_from_readers<Guard>) {
      std::vector<std::string> unseen;
      if constexpr (has_table<Op>) {
        refused = guard.masked_in_table_when_read(op.table, context, unseen);
      } else {
        refused = guard.masked_when_read(text_of(op), context, unseen);
      }
      if (!refused) refused = refuse_mask(written, unseen, context.where);
    }
    return refused;
  }

  template <class T>
  void hide_in(rows<T>& list) const {
    for (T& each : list) hide_in(each);
  }
  template <class T>
  void hide_in(limited_rows<T>& some) const {
    hide_in(some.rows);
  }
  template <class T>
  void hide_in(std::optional<T>& one) const {
    if (one) hide_in(*one);
  }
  template <class Row>
  void hide_in(Row& row) const {
    dovetail::detail::mask_row(row, columns_);
  }

  template <class Row, bool CanBeMasked>
  error_info refuse_row(const guard_context& context) const {
    if (columns_.empty()) return {};
    if constexpr (CanBeMasked) {
      if (dovetail::detail::can_mask_columns<Row>(columns_)) return {};
      return cannot_hide("the type of one has no value to show instead: give it a default constructor", context.where);
    } else {
      return cannot_hide("the row type has no names for them: read into a struct or a dt::row", context.where);
    }
  }

  std::vector<std::string> columns_;
};

}  // namespace dovetail::inline v0::asyncsql::detail
