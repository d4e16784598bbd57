// What the server says of a prepared statement: the types of its parameters, its columns.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/format/postgres/value_reader.hpp>
#include <dovetail/row/bound_rows.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// One column of a result. Lifetime: the name borrows from the description.
struct column_description {
  std::string_view name{};
  std::uint32_t type = 0;      ///< OID
  std::int32_t modifier = -1;  ///< of the type: precision, length
  std::int16_t size = 0;       ///< of the type's values; negative: they vary
  std::uint32_t table = 0;     ///< OID of the table that it comes from; 0: none
  std::int16_t attribute = 0;  ///< its number in that table
  bool is_binary = true;       ///< the format in which the values come
};

/// What is remembered with a statement for a row type that it was read into.
struct bound_source : v0::detail::bound_row {
  row_source source{};  ///< knows the columns, and the formats that they come in
};

/// Parameters and columns of one statement, and how its rows were bound to row types before.
class statement_description {
 public:
  const std::vector<std::uint32_t>& parameters() const noexcept { return parameters_; }
  const std::vector<column_description>& columns() const noexcept { return columns_; }
  bool returns_rows() const noexcept { return !columns_.empty(); }

  /// Asks for the values of a column as text, or as binary. Called by `row_sink::describe`, which knows what the row
  /// type wants, before the statement is bound.
  void ask_for(std::size_t column, bool in_binary) noexcept;
  /// For Bind: the format of each column, or of all at once.
  void write_formats(detail::message_writer& to) const;

  /// What the row layer remembers for the row types that read this statement's rows.
  v0::detail::bound_rows<bound_source> bindings;
  /// The tag of the row type that the formats were asked for by.
  const char* formats_of = nullptr;

  /// Takes the body of a ParameterDescription; false when it is malformed. Nothing is allocated for a count that the
  /// body's size does not bear out.
  bool read_parameters(byte_view body);

  /// Takes the body of a RowDescription; false when it is malformed. `are_binary`: in which format the values will come
  /// (before Bind the server does not know).
  bool read_columns(byte_view body, bool are_binary);

  void clear_columns() noexcept { columns_.clear(); }

 private:
  std::vector<std::uint32_t> parameters_;
  std::vector<column_description> columns_;
  std::size_t text_columns_ = 0;
  std::vector<char> text_;  // of the names; reserved, so that it stays where it is
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE void statement_description::ask_for(std::size_t column, bool in_binary) noexcept {
  if (columns_[column].is_binary == in_binary) return;
  columns_[column].is_binary = in_binary;
  in_binary ? --text_columns_ : ++text_columns_;
}

DOVETAIL_DEFINE void statement_description::write_formats(detail::message_writer& to) const {
  if (text_columns_ == 0) {
    static constexpr char all_binary[] = {0, 1, 0, 1};
    std::memcpy(to.buffer().grow(sizeof all_binary), all_binary, sizeof all_binary);
    return;
  }
  to.u16(static_cast<std::uint16_t>(columns_.size()));
  for (const column_description& column : columns_) to.u16(column.is_binary ? 1 : 0);
}

DOVETAIL_DEFINE bool statement_description::read_parameters(byte_view body) {
  detail::message_reader reader{body};
  std::uint16_t count = 0;
  if (!reader.u16(count) || reader.left() != std::size_t{count} * 4) return false;
  parameters_.resize(count);
  for (std::uint32_t& type : parameters_) static_cast<void>(reader.u32(type));
  return true;
}

DOVETAIL_DEFINE bool statement_description::read_columns(byte_view body, bool are_binary) {
  detail::message_reader reader{body};
  std::uint16_t count = 0;
  if (!reader.u16(count) || reader.left() < std::size_t{count} * 19) return false;
  text_.clear();
  text_.reserve(reader.left());
  columns_.clear();
  columns_.resize(count);
  text_columns_ = 0;
  for (column_description& column : columns_) {
    std::string_view name;
    std::int16_t format = 0;
    if (!reader.text(name) || !reader.u32(column.table) || !reader.i16(column.attribute) || !reader.u32(column.type) ||
        !reader.i16(column.size) || !reader.i32(column.modifier) || !reader.i16(format) ||
        (format != 0 && format != 1)) {
      columns_.clear();
      return false;
    }
    const std::size_t at = text_.size();
    text_.insert(text_.end(), name.begin(), name.end());
    column.name = {text_.data() + at, name.size()};
    column.is_binary = are_binary || format == 1;
    if (!column.is_binary) ++text_columns_;
  }
  return reader.at_end();
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
