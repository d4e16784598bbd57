// The columns of a prepared statement, as the row layer compares them with a struct.
#pragma once

#include <dovetail/base/plain_list.hpp>
#include <dovetail/client/sqlite/library.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/field_kind.hpp>

#include <string_view>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// True when `text` contains `word`, which is in capitals, in any case: the test that SQLite's rules of affinity use.
constexpr bool contains_word(std::string_view text, std::string_view word) noexcept {
  for (std::size_t i = 0; i + word.size() <= text.size(); ++i) {
    std::size_t same = 0;
    while (same < word.size() && (text[i + same] & ~0x20) == word[same]) ++same;
    if (same == word.size()) return true;
  }
  return false;
}

/// What fields a column of this declared type can fill. A type that SQLite gives no meaning of its own (BOOLEAN, DATE,
/// DECIMAL, …), or none at all, says nothing: then each value is looked at.
constexpr field_kinds kinds_of(std::string_view declared) noexcept {
  if (declared.empty()) return field_kinds::all();
  using enum field_kind;
  const field_kinds numbers = field_kinds{integer} | unsigned_integer | real | decimal;
  if (contains_word(declared, "INT")) return numbers | boolean | enumeration | timestamp;
  if (contains_word(declared, "CHAR") || contains_word(declared, "CLOB") || contains_word(declared, "TEXT")) {
    return field_kinds{text} | bytes | enumeration | uuid | decimal | json | date | time_of_day | timestamp |
           local_timestamp | duration;
  }
  if (contains_word(declared, "BLOB")) return field_kinds{bytes} | uuid | text | json;
  if (contains_word(declared, "REAL") || contains_word(declared, "FLOA") || contains_word(declared, "DOUB")) {
    return numbers;
  }
  return field_kinds::all();
}

/// Lifetime: borrows from the statement until it is finalized or compiled again.
[[gnu::cold, gnu::noinline]] inline dovetail::detail::plain_list<column_info> columns_of(sqlite3_stmt* statement) {
  const int count = sqlite3_column_count(statement);
  dovetail::detail::plain_list<column_info> columns;
  columns.grow(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    column_info& column = columns[static_cast<std::size_t>(i)];
    if (const char* const name = sqlite3_column_name(statement, i)) column.name = name;
    if (const char* const type = sqlite3_column_decltype(statement, i)) column.database_type = type;
    column.accepts = kinds_of(column.database_type);
  }
  return columns;
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
