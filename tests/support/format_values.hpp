// A struct with a member of every kind that the value formats know, for their tests and fuzzers.
#pragma once

#include <dovetail/format/json/text.hpp>
#include <dovetail/row/column.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/base/uuid.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace format_values {

enum class color : std::uint8_t { red, green, blue = 200 };
enum level : std::int32_t { low = -1, high = 1 };

struct point {
  int x = 0;
  std::optional<int> y;
  friend bool operator==(const point&, const point&) = default;
};

struct tree {
  std::string name;
  std::vector<tree> children;
  friend bool operator==(const tree&, const tree&) = default;
};

// Stored as text "<number> EUR".
struct money {
  std::int64_t cents = 0;
  friend bool operator==(const money&, const money&) = default;
};

struct everything {
  bool flag = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f = 0;
  double d = 0;
  std::string text;
  std::optional<std::string> note;
  std::optional<point> place;
  color paint = color::red;
  std::vector<point> points;
  std::vector<bool> bits;
  std::list<int> list;
  std::set<int> set;
  std::array<double, 2> pair_of_doubles{};
  std::map<std::string, std::vector<int>> lists;
  std::map<int, std::string> names;
  std::map<color, int> colors;
  std::tuple<int, std::string, bool> tuple;
  std::pair<std::string, int> pair;
  std::vector<std::byte> blob;
  std::array<std::byte, 3> three_bytes{};
  dovetail::uuid id;
  dovetail::decimal price;
  std::chrono::year_month_day day{std::chrono::year{1970} / 1 / 1};
  std::chrono::sys_time<std::chrono::microseconds> instant;
  std::chrono::local_seconds local;
  std::chrono::milliseconds span{};
  dovetail::column<"first name", std::string> first_name;
  dovetail::json_value<point> boxed;
  dovetail::json_text raw;
  money cost;
  tree root;
  friend bool operator==(const everything&, const everything&) = default;
};

inline everything make_everything() {
  using namespace std::chrono;
  everything e;
  e.flag = true;
  e.i8 = -128;
  e.i16 = -32768;
  e.i32 = -2147483647 - 1;
  e.i64 = INT64_MIN;
  e.u8 = 255;
  e.u16 = 65535;
  e.u32 = 4294967295u;
  e.u64 = UINT64_MAX;
  e.f = 0.1f;
  e.d = 0.1;
  e.text = "quote \" backslash \\ newline \n nul \0 umlaut \u00e4 smile \U0001F600";
  e.place = point{1, std::nullopt};
  e.paint = color::blue;
  e.points = {{1, 2}, {3, std::nullopt}};
  e.bits = {true, false, true};
  e.list = {1, 2};
  e.set = {3, 1, 2};
  e.pair_of_doubles = {1e300, -5e-324};
  e.lists = {{"", {}}, {"a \"b\"", {1, 2}}};
  e.names = {{-1, "minus"}, {7, "seven"}};
  e.colors = {{color::green, 1}, {static_cast<color>(9), 2}};
  e.tuple = {1, "two", true};
  e.pair = {"k", 5};
  e.blob = {std::byte{0}, std::byte{255}, std::byte{16}, std::byte{4}};
  e.three_bytes = {std::byte{1}, std::byte{2}, std::byte{3}};
  dovetail::parse_uuid("00112233-4455-6677-8899-aabbccddeeff", e.id);
  dovetail::parse_decimal("-12345678901234567890.1200", e.price);
  e.day = year{2026} / 11 / 21;
  e.instant = sys_days{year{2026} / 11 / 21} + 3h + 4min + 5s + 678901us;
  e.local = local_days{year{1969} / 7 / 20} + 20h;
  e.span = -90061001ms;
  e.first_name.value = "Ada";
  e.boxed.value = {4, 5};
  e.raw.text = R"({"any": [1, 2.50, null]})";
  e.cost.cents = 1999;
  e.root = {"root", {{"left", {}}, {"right", {{"leaf", {}}}}}};
  return e;
}

}  // namespace format_values

template <>
struct dovetail::field_codec<format_values::money> {
  using stored_type = std::string;
  static stored_type encode(const format_values::money& value) { return std::to_string(value.cents) + " EUR"; }
  static dovetail::result<format_values::money> decode(stored_type text) {
    format_values::money value;
    if (!text.ends_with(" EUR") || !parse_integer(std::string_view{text}.substr(0, text.size() - 4), value.cents)) {
      return dovetail::error_info{dovetail::errc::malformed_value, "expected an amount in EUR"};
    }
    return value;
  }
};
