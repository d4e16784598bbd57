// Statements with their arguments, checked and rewritten at compile time and at run time.
#pragma once

#include <dovetail/sql/statement.hpp>

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sql_cases {

namespace dt = dovetail;
using dt::dialect;
using dt::sql_mistake;

/// What the checks find, without rows.
template <dialect D, class... Args>
constexpr sql_mistake mistake_in(std::string_view text, const Args&...) {
  return dt::check_statement<D, void, Args...>(text).problem.what;
}

template <dialect D, class... Args>
constexpr bool is_fine(std::string_view text, const Args&... args) {
  return mistake_in<D>(text, args...) == sql_mistake::none;
}

/// What the database gets; the values as text, in its numbering. Ours to print, so that a failing test shows it.
struct sent {
  std::string text;
  std::vector<std::string> values;

  friend bool operator==(const sent&, const sent&) = default;
  friend void PrintTo(const sent& what, std::ostream* out) {
    *out << what.text << " [";
    for (const std::string& value : what.values) *out << value << ',';
    *out << ']';
  }
};

inline std::string show(std::string_view value) { return std::string{value}; }
inline std::string show(int value) { return std::to_string(value); }
template <class T>
std::string show(const std::vector<T>& values) {
  std::string text{'{'};
  for (const T& value : values) text += show(value) + ' ';
  return text + '}';
}

template <dialect D, class... Args>
sent send(std::string_view text, const Args&... args) {
  const dt::statement_for<D, void, Args...> statement{dt::runtime(text)};
  if (!statement.is_valid()) return {std::string{dt::words_of(statement.problem().what)}, {}};
  const auto native = statement.native(args...);
  if (!native) return {native.error().message(), {}};
  std::vector<std::string> values(native->order.empty() ? native->parameters : 0);
  dt::bind_parameters(
      statement.view().traits, statement.places(),
      [&](std::uint32_t number, const auto& value) {
        if (number > values.size()) values.resize(number);
        values[number - 1] = show(value);
        return true;
      },
      args...);
  if (!native->order.empty()) {
    std::vector<std::string> ordered;
    for (const std::uint32_t number : native->order) ordered.push_back(values[number - 1]);
    values = ordered;
  }
  return {native->text, values};
}

}  // namespace sql_cases
