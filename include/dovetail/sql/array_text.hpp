// Statements that change the rows of a table by arrays, one for each column: for PostgreSQL.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/sql/identifier.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// A column that comes as an array. One whose type only the server knows (text, an enum) gets the type of the table's
/// column.
struct array_text_column {
  std::string_view name;
  bool is_key = false;
  bool is_typed = false;
};

/// Writes the statements for a table. The parameters are the columns in their order; a statement that deletes has those
/// of the keys only.
class array_text {
 public:
  /// `quoted`: the table's name, in quotes.
  array_text(std::string_view quoted, std::span<const array_text_column> columns) : table_(quoted), columns_(columns) {}

  /// Inserts, or what `conflict` says. PostgreSQL refuses (SQLSTATE 21000) when two elements are for the same row.
  [[gnu::cold, gnu::noinline]] std::string upsert(std::string_view conflict) && {
    append_parts(text_, {"insert into ", table_, " ("});
    list([this](std::size_t i) { put_name(i); });
    text_ += ") select ";
    list([this](std::size_t i) { put_variable("c", i); });
    text_ += " from ";
    put_arrays(false);
    text_ += " as v(";
    list([this](std::size_t i) { put_variable("c", i); });
    append_parts(text_, {")", conflict});
    return std::move(text_);
  }

  /// Sets the columns that are no keys, and returns the number of the element behind each row. Equal keys, by the rules
  /// of the server, fail as they do in an upsert: which of them would win is anybody's guess. `are_distinct`: there are
  /// none, and the server need not look.
  [[gnu::cold, gnu::noinline]] std::string update(bool are_distinct) && {
    append_parts(text_, {"update ", table_, " as t set "});
    list(
        [this](std::size_t i) {
          put_name(i);
          put_variable(" = v.c", i);
        },
        &is_value);
    text_ += " from ";
    put_numbered(false);
    text_ += " where ";
    put_match();
    if (are_distinct) {
      text_ += " returning v.n";
      return std::move(text_);
    }
    text_ += " and (select true from (select 1 from ";
    put_arrays(true);
    text_ += " as k(";
    list([this](std::size_t i) { put_variable("c", i); }, &is_key);
    text_ += ") group by ";
    list([this](std::size_t i) { put_variable("c", i); }, &is_key);
    text_ += " having count(*) > 1) as d, (values (1), (2)) as two) is null returning v.n";
    return std::move(text_);
  }

  /// Deletes, and returns the number of the first element behind each row.
  [[gnu::cold, gnu::noinline]] std::string erase(bool are_distinct) && {
    append_parts(text_, {"delete from ", table_, " as t using "});
    if (are_distinct) {
      put_numbered(true);
      text_ += " where ";
      put_match();
      text_ += " returning v.n";
      return std::move(text_);
    }
    text_ += "(select ";
    list([this](std::size_t i) { put_variable("c", i); }, &is_key);
    text_ += ", min(n) as n from ";
    put_numbered(true);
    text_ += " group by ";
    list([this](std::size_t i) { put_variable("c", i); }, &is_key);
    text_ += ") as v where ";
    put_match();
    text_ += " returning v.n";
    return std::move(text_);
  }

 private:
  using filter = bool (*)(const array_text_column&);
  static bool is_any(const array_text_column&) noexcept { return true; }
  static bool is_key(const array_text_column& of) noexcept { return of.is_key; }
  static bool is_value(const array_text_column& of) noexcept { return !of.is_key; }

  template <class Put>
  void list(Put put, filter wanted = &is_any, std::string_view separator = ", ") {
    bool is_first = true;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!wanted(columns_[i])) continue;
      if (!is_first) text_ += separator;
      is_first = false;
      put(i);
    }
  }

  void put_name(std::size_t i) {
    text_ += '"';
    for (const char c : columns_[i].name) {
      if (c == '"') text_ += '"';
      text_ += c;
    }
    text_ += '"';
  }
  void put_variable(std::string_view before, std::size_t i) { append_parts(text_, {before, number_text{i + 1}}); }

  /// `unnest($1, coalesce($2, array(select "name" from "town" where false)))`: the coalesce gives the second parameter
  /// the type of the column, and its collation.
  void put_arrays(bool keys_only) {
    text_ += "unnest(";
    list([this](std::size_t i) { put_array(i); }, keys_only ? &is_key : &is_any);
    text_ += ')';
  }
  void put_array(std::size_t i) {
    if (columns_[i].is_typed) return put_variable("$", i);
    put_variable("coalesce($", i);
    text_ += ", array(select ";
    put_name(i);
    append_parts(text_, {" from ", table_, " where false))"});
  }
  void put_numbered(bool keys_only) {
    put_arrays(keys_only);
    text_ += " with ordinality as v(";
    list([this](std::size_t i) { put_variable("c", i); }, keys_only ? &is_key : &is_any);
    text_ += ", n)";
  }
  /// `t."id" = v.c1 and …`
  void put_match() {
    list(
        [this](std::size_t i) {
          text_ += "t.";
          put_name(i);
          put_variable(" = v.c", i);
        },
        &is_key, " and ");
  }

  std::string_view table_;
  std::span<const array_text_column> columns_;
  std::string text_;
};

}  // namespace dovetail::inline v0::detail
