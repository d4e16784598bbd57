// A parameter of a statement whose type is known when the program runs.
#pragma once

#include <dovetail/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dovetail::inline v0 {

/// Null, bool, a whole number, a real number, text or bytes. Every backend takes it as it takes the C++ type inside.
using sql_value = std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::byte>>;

namespace detail {

/// Calls `visit` with the value as a plain C++ type; null is a `nullptr`.
template <class F>
bool visit_sql_value(const sql_value& value, F&& visit) {
  switch (value.index()) {
    case 1:
      return visit(*std::get_if<bool>(&value));
    case 2:
      return visit(*std::get_if<std::int64_t>(&value));
    case 3:
      return visit(*std::get_if<double>(&value));
    case 4:
      return visit(std::string_view{*std::get_if<std::string>(&value)});
    case 5:
      return visit(byte_view{*std::get_if<std::vector<std::byte>>(&value)});
    default:
      return visit(nullptr);
  }
}

}  // namespace detail

/// The arguments of a call whose number is known when the program runs. Lifetime: borrows both lists.
struct dynamic_arguments {
  std::span<const sql_value> values;
  /// Of `:name`, one for each value; or empty, then the values are positional.
  std::span<const std::string> names;

  static constexpr bool is_dynamic = true;
  /// Calls `with` for each value, as `visit_sql_value` does.
  template <class F>
  void visit(F&& with) const {
    for (const sql_value& each : values) detail::visit_sql_value(each, with);
  }
};

}  // namespace dovetail::inline v0
