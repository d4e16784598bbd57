// A value that is sent as another PostgreSQL type than its C++ type's own.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/format/postgres/types.hpp>
#include <dovetail/row/reflect.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres {
namespace detail {

/// The built-in type of a name as SQL has it: "int", "pg_catalog.int4", "Double  Precision", "text[]"; 0 for any other
/// text. Names with a precision ("numeric(10,2)") are none: what they do to a value is a cast's business.
constexpr oid type_named(std::string_view name) noexcept {
  constexpr std::pair<std::string_view, std::string_view> other_names[] = {
      {"bool", "boolean"},
      {"int", "integer"},
      {"int4", "integer"},
      {"int2", "smallint"},
      {"int8", "bigint"},
      {"float4", "real"},
      {"float8", "double precision"},
      {"float", "double precision"},
      {"decimal", "numeric"},
      {"varchar", "character varying"},
      {"char", "character"},
      {"bpchar", "character"},
      {"timestamp", "timestamp without time zone"},
      {"timestamptz", "timestamp with time zone"},
      {"time", "time without time zone"},
      {"timetz", "time with time zone"},
      {"varbit", "bit varying"},
  };
  char plain[48] = {};  // small letters, one blank between words
  std::size_t size = 0;
  bool is_array = false;
  const auto is_blank = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  if (name.ends_with("[]")) {
    is_array = true;
    name.remove_suffix(2);
  }
  for (const char c : name) {
    if (is_blank(c)) {
      if (size != 0 && plain[size - 1] != ' ') plain[size++] = ' ';
    } else {
      plain[size++] = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (size == sizeof plain) return oids::unspecified;
  }
  while (size != 0 && plain[size - 1] == ' ') --size;
  std::string_view wanted{plain, size};
  if (wanted.starts_with("pg_catalog.")) wanted.remove_prefix(11);
  for (const auto& [other, own] : other_names) {
    if (wanted == other) wanted = own;
  }
  for (const type_entry& each : known_types) {
    if (wanted == each.name) return is_array ? each.array : each.type;
  }
  return oids::unspecified;
}

}  // namespace detail

/// What `typed` gives; an argument like any other.
template <fixed_string Type, class T>
struct typed_value {
  static constexpr oid declared_type = detail::type_named(Type.view());
  static_assert(
      declared_type != oids::unspecified,
      "this is no built-in type of PostgreSQL: for a type of your own, and for a precision, write a cast in the "
      "statement, \"$1::mood\"");
  T value;
};

/// `typed<"jsonb">(text)`: the value is sent as the PostgreSQL type of this name, where the server would take it for
/// another one: `select pg_typeof(?)`, overloaded functions, `jsonb` among text. Other databases see the value alone.
/// Errors: a name that is no built-in type does not compile; errc::malformed_value or value_out_of_range for a value
/// that the type does not take.
template <fixed_string Type, class T>
auto typed(T&& value) {
  if constexpr (std::convertible_to<T, std::string_view>) {
    return typed_value<Type, std::string>{std::string{std::string_view{value}}};
  } else {
    return typed_value<Type, std::remove_cvref_t<T>>{std::forward<T>(value)};
  }
}

}  // namespace postgres

template <fixed_string Type, class T>
struct field_codec<postgres::typed_value<Type, T>> {
  using stored_type = T;
  static const T& encode(const postgres::typed_value<Type, T>& of) noexcept { return of.value; }
  static result<postgres::typed_value<Type, T>> decode(T value) {
    return postgres::typed_value<Type, T>{std::move(value)};
  }
};

}  // namespace dovetail::inline v0
