// A SQL literal that is known by its type, so that all those of a program can be found: `[] { return dt::sql_text("…");
// }`.
#pragma once

#include <concepts>
#include <cstddef>
#include <source_location>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// A literal with its place in the program. Lifetime: the literal's, that of the program.
struct sql_text {
  std::string_view text;
  std::source_location where;

  template <std::size_t N>
  consteval explicit sql_text(const char (&literal)[N], std::source_location at = std::source_location::current())
      : text(literal, N - 1), where(at) {}
};

/// A type that stands for one literal: a lambda without captures that returns a `dt::sql_text`, or a struct that is
/// called like one. Every verb takes such a value where it takes a literal: `db.query<city>([] { return
/// dt::sql_text("…"); })`.
template <class T>
concept sql_constant = std::is_empty_v<T> && std::is_default_constructible_v<T> && requires {
  // If the compiler points here: a constant of SQL returns `dt::sql_text("…")`.
  { T{}() } -> std::same_as<sql_text>;
};

}  // namespace dovetail::inline v0
