// `insert` statements whose columns and values come from a struct, written by the compiler into static storage.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/written.hpp>
#include <dovetail/sql/identifier.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// What an insert does when the row is there already.
enum class on_conflict : std::uint8_t {
  fail,    ///< the statement fails
  ignore,  ///< the row stays as it is
  update,  ///< the row gets the new values
};

namespace detail {

/// Counts what is written, or writes it.
class static_text {
 public:
  constexpr explicit static_text(char* out) noexcept : out_(out) {}

  constexpr void put(std::string_view text) noexcept {
    for (const char c : text) put(c);
  }
  constexpr void put(char c) noexcept {
    if (out_ != nullptr) out_[size_] = c;
    ++size_;
  }
  constexpr void put_identifier(dialect d, std::string_view name) noexcept {
    const char quote = identifier_quote(d);
    put(quote);
    for (const char c : name) {
      if (c == quote) put(quote);
      put(c);
    }
    put(quote);
  }
  constexpr void put_placeholder(dialect d, std::size_t number) noexcept {
    put(d == dialect::postgres ? '$' : '?');
    if (d != dialect::postgres) return;
    char digits[20]{};
    std::size_t count = 0;
    for (; number != 0; number /= 10) digits[count++] = static_cast<char>('0' + number % 10);
    while (count != 0) put(digits[--count]);
  }
  constexpr std::size_t size() const noexcept { return size_; }

 private:
  char* out_;
  std::size_t size_ = 0;
};

template <class Row>
constexpr void put_columns(static_text& out, dialect d) noexcept {
  bool is_first = true;
  for (const std::string_view name : column_names<Row>) {
    if (!is_first) out.put(", ");
    is_first = false;
    out.put_identifier(d, name);
  }
}

/// ` ("id", "name")`
struct columns_part {
  template <class Row>
  static constexpr void write(static_text& out, dialect d) noexcept {
    out.put(" (");
    put_columns<Row>(out, d);
    out.put(')');
  }
};

/// ` values ($1, $2)`
struct values_part {
  template <class Row>
  static constexpr void write(static_text& out, dialect d) noexcept {
    out.put(" values (");
    for (std::size_t i = 0; i < column_count_of<Row>; ++i) {
      if (i != 0) out.put(", ");
      out.put_placeholder(d, i + 1);
    }
    out.put(')');
  }
};

/// ` returning "id", "name"`
struct returning_part {
  template <class Row>
  static constexpr void write(static_text& out, dialect d) noexcept {
    out.put(" returning ");
    put_columns<Row>(out, d);
  }
};

/// ` on conflict ("id") do update set "name" = excluded."name"`
template <on_conflict Action, fixed_string... Keys>
struct conflict_part {
  static constexpr bool is_key([[maybe_unused]] std::string_view name) noexcept {
    return ((Keys.view() == name) || ...);
  }

  template <class Row>
  static constexpr void write(static_text& out, dialect d) noexcept {
    if (Action == on_conflict::fail) return;
    if (d == dialect::mysql) {
      out.put(" on duplicate key update ");
    } else {
      out.put(" on conflict");
      if constexpr (sizeof...(Keys) > 0) {
        out.put(" (");
        bool is_first = true;
        ((out.put(is_first ? "" : ", "), is_first = false, out.put_identifier(d, Keys.view())), ...);
        out.put(')');
      }
      out.put(Action == on_conflict::ignore ? " do nothing" : " do update set ");
    }
    bool is_first = true;
    for (const std::string_view name : column_names<Row>) {
      const bool sets_nothing = Action == on_conflict::ignore;  // MySQL: a key set to itself
      if (sets_nothing ? d != dialect::mysql || !is_first : is_key(name)) continue;
      if (!is_first) out.put(", ");
      is_first = false;
      out.put_identifier(d, name);
      out.put(" = ");
      if (sets_nothing) {
        out.put_identifier(d, name);
      } else if (d == dialect::mysql) {
        out.put("values(");
        out.put_identifier(d, name);
        out.put(')');
      } else {
        out.put("excluded.");
        out.put_identifier(d, name);
      }
    }
  }
};

template <dialect D, class Row, class... Parts>
constexpr std::size_t write_parts(char* out) noexcept {
  static_text text{out};
  (Parts::template write<Row>(text, D), ...);
  return text.size();
}

template <dialect D, class Row, class... Parts>
inline constexpr auto stored_parts = [] {
  std::array<char, write_parts<D, Row, Parts...>(nullptr) + 1> text{};
  write_parts<D, Row, Parts...>(text.data());
  return text;
}();

/// Parts of a statement about `Row`, in static storage.
template <dialect D, class Row, class... Parts>
inline constexpr std::string_view parts_of_statement{stored_parts<D, Row, Parts...>.data(),
                                                     stored_parts<D, Row, Parts...>.size() - 1};

template <class Row, fixed_string... Names>
consteval bool are_fields() {
  [[maybe_unused]] const auto is_field = [](std::string_view name) {
    for (const std::string_view field : column_names<Row>) {
      if (field == name) return true;
    }
    return false;
  };
  return (is_field(Names.view()) && ...);
}

/// True when every member can name a column.
template <class Row>
consteval bool has_plain_columns() {
  for (const std::string_view name : column_names<Row>) {
    if (name.empty() || name.find('\0') != std::string_view::npos) return false;
  }
  return column_count_of<Row> > 0;
}

}  // namespace detail

/// What follows `insert into <table>` to insert one `Row`: columns, values, conflict clause. The values are the members
/// of the struct in their order; a nested struct has a column for each of its members, `outer_inner`. `Keys` are the
/// columns that tell whether a row is there already. Cost: written by the compiler.
template <dialect D, reflectable Row, on_conflict Action = on_conflict::fail, fixed_string... Keys>
  requires(detail::has_plain_columns<Row>())
inline constexpr std::string_view insert_tail = [] {
  static_assert(detail::are_fields<Row, Keys...>(), "dovetail: a key of the insert is no member of the struct");
  static_assert(Action != on_conflict::update || sizeof...(Keys) > 0 || D == dialect::mysql,
                "dovetail: an insert that updates needs the key columns: upsert<\"id\">(table, row)");
  static_assert(Action != on_conflict::update || sizeof...(Keys) < column_count_of<Row>,
                "dovetail: an insert that updates has nothing to update: every column is a key");
  return detail::parts_of_statement<D, Row, detail::columns_part, detail::values_part,
                                    detail::conflict_part<Action, Keys...>>;
}();

/// ` returning` with the columns of `Row`, to be put behind an `insert_tail`.
template <dialect D, reflectable Row>
inline constexpr std::string_view returning_tail = detail::parts_of_statement<D, Row, detail::returning_part>;

/// ` ("id", "name")`: the columns of `Row`.
template <dialect D, reflectable Row>
inline constexpr std::string_view column_list = detail::parts_of_statement<D, Row, detail::columns_part>;

/// `insert into "table"` + `tail`; the table may have a schema: `app.city`.
/// Errors: errc::malformed_statement when a part of the name is empty or contains NUL.
inline result<std::string> insert_text(dialect d, std::string_view table, std::string_view tail,
                                       std::string_view returning = {}) {
  result<std::string> text = quote_qualified(d, table);
  if (!text) return text;
  text->insert(0, "insert into ");
  text->append(tail).append(returning);
  return text;
}

/// The most rows that one statement can insert.
constexpr std::size_t rows_per_insert(dialect d, std::size_t columns) noexcept {
  return columns == 0 ? 0 : parameter_limit(d) / columns;
}

/// `insert into "table" (…) values (…), (…)` for several rows at once; `columns` is `column_list<D, Row>`, and
/// `column_count` the number of values of a row.
/// Errors: errc::too_many_parameters for more than `rows_per_insert` rows, and as `insert_text`.
result<std::string> insert_rows_text(dialect d, std::string_view table, std::string_view columns,
                                     std::size_t column_count, std::size_t rows, std::string_view tail = {});

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
#include <charconv>

namespace dovetail::inline v0 {

DOVETAIL_DEFINE result<std::string> insert_rows_text(dialect d, std::string_view table, std::string_view columns,
                                                     std::size_t column_count, std::size_t rows,
                                                     std::string_view tail) {
  if (rows == 0 || rows > rows_per_insert(d, column_count)) return errc::too_many_parameters;
  result<std::string> text = insert_text(d, table, columns);
  if (!text) return text;
  text->reserve(text->size() + 8 + rows * column_count * (d == dialect::postgres ? 8 : 3) + tail.size());
  text->append(" values ");
  char digits[12];
  std::uint32_t number = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    text->append(row == 0 ? "(" : ", (");
    for (std::size_t i = 0; i < column_count; ++i) {
      if (i != 0) text->append(", ");
      text->push_back(d == dialect::postgres ? '$' : '?');
      if (d != dialect::postgres) continue;
      text->append(digits, std::to_chars(digits, digits + sizeof digits, ++number).ptr);
    }
    text->push_back(')');
  }
  text->append(tail);
  return text;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
