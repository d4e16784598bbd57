// Rows of plain values and two ways to read an array of them: as a vector, and one by one without any memory of order.
#pragma once

#include "format_values.hpp"

#include <dovetail/format/json.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace json_orders {

struct plain {
  std::int64_t id = 0;
  std::optional<std::string> note;
  double ratio = 0;
  bool on = false;
  friend bool operator==(const plain&, const plain&) = default;
};

/// One member of each kind that is a single value in JSON.
struct plain_kinds {
  std::optional<int> x = 3;
  std::string name;
  std::optional<std::string> note;
  bool on = false;
  std::uint8_t octet = 0;
  float f = 0;
  std::optional<double> d;
  format_values::color paint = format_values::color::red;
  dovetail::decimal price;
  dovetail::uuid key;
  std::optional<std::chrono::year_month_day> day;
  std::vector<std::byte> blob;
  friend bool operator==(const plain_kinds&, const plain_kinds&) = default;
};

/// Read as sets are: what is learned from one element's order is not used for the next.
template <class T>
struct one_by_one {
  using value_type = T;
  using key_type = T;
  std::vector<T> rows;

  void insert(T row) { rows.push_back(std::move(row)); }
  void clear() { rows.clear(); }
  auto begin() const { return rows.begin(); }
  auto end() const { return rows.end(); }
};

/// What differs between the two ways, errors included; empty when nothing does.
template <class T>
std::string difference(std::string_view text) {
  const auto vector = dovetail::json::decode<std::vector<T>>(text);
  const auto list = dovetail::json::decode<one_by_one<T>>(text);
  if (!vector || !list) {
    const std::string a = vector ? "no error" : vector.error().message() + ": " + std::string{vector.error().context()};
    const std::string b = list ? "no error" : list.error().message() + ": " + std::string{list.error().context()};
    return a == b ? "" : "the vector: " + a + "\nthe list: " + b;
  }
  return *vector == list->rows ? "" : "the values differ";
}

}  // namespace json_orders
