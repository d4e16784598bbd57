// What the server says of a prepared statement: the types of its parameters, its columns.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/row/bound_rows.hpp>

#include <cstddef>
#include <cstdint>
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

/// Parameters and columns of one statement, and how its rows were bound to row types before.
class statement_description {
 public:
  const std::vector<std::uint32_t>& parameters() const noexcept { return parameters_; }
  const std::vector<column_description>& columns() const noexcept { return columns_; }
  bool returns_rows() const noexcept { return !columns_.empty(); }

  /// What the row layer remembers for the row types that read this statement's rows.
  v0::detail::bound_rows bindings;

  /// Takes the body of a ParameterDescription; false when it is malformed. Nothing is allocated for a count that the
  /// body's size does not bear out.
  bool read_parameters(byte_view body) {
    detail::message_reader reader{body};
    std::uint16_t count = 0;
    if (!reader.u16(count) || reader.left() != std::size_t{count} * 4) return false;
    parameters_.resize(count);
    for (std::uint32_t& type : parameters_) static_cast<void>(reader.u32(type));
    return true;
  }

  /// Takes the body of a RowDescription; false when it is malformed. `are_binary`: in which format the values will come
  /// (before Bind the server does not know).
  bool read_columns(byte_view body, bool are_binary) {
    detail::message_reader reader{body};
    std::uint16_t count = 0;
    if (!reader.u16(count) || reader.left() < std::size_t{count} * 19) return false;
    text_.clear();
    text_.reserve(reader.left());
    columns_.clear();
    columns_.resize(count);
    for (column_description& column : columns_) {
      std::string_view name;
      std::int16_t format = 0;
      if (!reader.text(name) || !reader.u32(column.table) || !reader.i16(column.attribute) ||
          !reader.u32(column.type) || !reader.i16(column.size) || !reader.i32(column.modifier) || !reader.i16(format) ||
          (format != 0 && format != 1)) {
        columns_.clear();
        return false;
      }
      const std::size_t at = text_.size();
      text_.insert(text_.end(), name.begin(), name.end());
      column.name = {text_.data() + at, name.size()};
      column.is_binary = are_binary || format == 1;
    }
    return reader.at_end();
  }

  void clear_columns() noexcept { columns_.clear(); }

 private:
  std::vector<std::uint32_t> parameters_;
  std::vector<column_description> columns_;
  std::vector<char> text_;  // of the names; reserved, so that it stays where it is
};

}  // namespace dovetail::inline v0::postgres
