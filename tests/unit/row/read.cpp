#include <dovetail/row/read.hpp>

#include <dovetail/base/result.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/row/value.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace dt = dovetail;

namespace read_test {

enum class color { red, green };
struct money {
  std::int64_t cents;
  friend bool operator==(const money&, const money&) = default;
};
class even {  // not default constructible
 public:
  explicit even(int value) : value_(value) {}
  int value() const { return value_; }

 private:
  int value_;
};
struct customer {
  int id;
  std::string name;
  friend bool operator==(const customer&, const customer&) = default;
};
struct order {
  std::int64_t id;
  std::string title;
  std::optional<double> total;
  dt::column<"paid up", bool> paid;
  color paint;
  std::uint8_t small;
};
struct deep {
  customer buyer;
  int x;
};
struct joined {
  int id;
  std::optional<customer> buyer;
  deep inner;
  std::optional<deep> other;
};
struct priced {
  money price;
  std::optional<money> discount;
  std::optional<even> evenness;
};
struct doc {
  dt::json_value<std::vector<int>> numbers;
};

}  // namespace read_test

template <>
struct dt::field_codec<read_test::money> {
  using stored_type = std::int64_t;
  static stored_type encode(const read_test::money& m) { return m.cents; }
  static dt::result<read_test::money> decode(stored_type cents) {
    if (cents < 0) return dt::error_info{dt::errc::value_out_of_range, "money is not negative"};
    if (cents == 13) return dt::error_info{std::make_error_code(std::errc::invalid_argument)};
    return read_test::money{cents};
  }
};
template <>
struct dt::field_codec<read_test::even> {
  using stored_type = int;
  static stored_type encode(const read_test::even& e) { return e.value(); }
  static dt::result<read_test::even> decode(stored_type value) {
    if (value % 2 != 0) return dt::errc::malformed_value;
    return read_test::even{value};
  }
};

namespace {

using namespace read_test;
using dt::errc;

using cell = std::variant<std::monostate, std::int64_t, double, std::string>;

/// A row of a result in memory.
struct source {
  std::vector<cell> cells;
  std::string explained;
  std::vector<int> asked;

  bool is_null(int column) { return at(column).index() == 0; }

  template <class T>
  errc read(int column, T& out) {
    asked.push_back(column);
    const cell& value = at(column);
    if (value.index() == 0) return errc::unexpected_null;
    if constexpr (std::is_enum_v<T>) {
      if (const auto* text = std::get_if<std::string>(&value)) return dt::assign_enum(*text, out);
      return dt::assign_enum(std::get<std::int64_t>(value), out);
    } else if constexpr (std::is_integral_v<T>) {
      const auto* number = std::get_if<std::int64_t>(&value);
      return number == nullptr ? errc::malformed_value : dt::assign_integer(*number, out);
    } else if constexpr (std::is_floating_point_v<T>) {
      const auto* number = std::get_if<double>(&value);
      return number == nullptr ? errc::malformed_value : dt::assign_real(*number, out);
    } else if constexpr (dt::is_json_value<T>) {
      out.value.assign(1, 7);
      return errc{};
    } else {
      const auto* text = std::get_if<std::string>(&value);
      return text == nullptr ? errc::malformed_value : dt::assign_text(*text, out);
    }
  }
  void explain(std::string_view words) { explained = words; }

  const cell& at(int column) const { return cells.at(static_cast<std::size_t>(column)); }
};
static_assert(dt::row_source<source>);

/// Binds by these names and reads one row.
template <class Row>
dt::read_status read(dt::row_value_t<Row>& out, source& from, std::vector<std::string> names = {}) {
  std::vector<dt::column_info> columns;
  names.resize(from.cells.size());
  for (const std::string& name : names) columns.push_back({.name = name});
  const auto bound = dt::bind_row(dt::row_plan<Row>::description, columns);
  EXPECT_TRUE(bound) << bound.error().message();
  return dt::read_row<Row>(out, from, *bound);
}

const cell null{};
cell number(std::int64_t value) { return value; }
cell real(double value) { return value; }
cell text(std::string value) { return value; }

const std::vector<std::string> order_names{"id", "title", "total", "paid up", "paint", "small"};

TEST(ReadRow, ColumnsInOrderFillTheFieldsOneAfterTheOther) {
  order out{};
  source from{{number(7), text("tea"), real(1.5), number(1), text("green"), number(255)}, {}, {}};
  ASSERT_TRUE(read<order>(out, from, order_names));
  EXPECT_EQ(out.id, 7);
  EXPECT_EQ(out.title, "tea");
  EXPECT_EQ(out.total, 1.5);
  EXPECT_TRUE(out.paid == true);
  EXPECT_EQ(out.paint, color::green);
  EXPECT_EQ(out.small, 255);
  EXPECT_EQ(from.asked, (std::vector{0, 1, 2, 3, 4, 5}));
}

TEST(ReadRow, ColumnsInAnyOrderGoToTheirFields) {
  order out{};
  source from{{real(2.5), number(1), text("ignored"), number(0), text("x"), number(3), number(9)}, {}, {}};
  ASSERT_TRUE(read<order>(out, from, {"total", "paint", "more", "paid up", "title", "small", "id"}));
  EXPECT_EQ(out.id, 9);
  EXPECT_EQ(out.title, "x");
  EXPECT_EQ(out.total, 2.5);
  EXPECT_EQ(out.paint, color::green);
  EXPECT_EQ(out.small, 3);
  EXPECT_EQ(from.asked, (std::vector{6, 4, 0, 3, 1, 5}));
}

TEST(ReadRow, NullEmptiesAnOptionalThatHeldTheValueOfTheRowBefore) {
  order out{};
  source from{{number(7), text("tea"), real(1.5), number(1), number(0), number(1)}, {}, {}};
  ASSERT_TRUE(read<order>(out, from, order_names));
  from.cells[2] = null;
  ASSERT_TRUE(read<order>(out, from, order_names));
  EXPECT_EQ(out.total, std::nullopt);
}

TEST(ReadRow, TheFirstValueThatDoesNotFitEndsTheRowAndSaysWhere) {
  order out{};
  source from{{number(7), null, real(1.5), number(1), number(0), number(256)}, {}, {}};
  dt::read_status status = read<order>(out, from, order_names);
  EXPECT_EQ(status.code, errc::unexpected_null);
  EXPECT_EQ(status.leaf, 1);
  EXPECT_EQ(from.asked, (std::vector{0, 1}));
  from.cells[1] = text("x");
  status = read<order>(out, from, order_names);
  EXPECT_EQ(status.code, errc::value_out_of_range);
  EXPECT_EQ(status.leaf, 5);
  from.cells[0] = text("7");
  status = read<order>(out, from, order_names);
  EXPECT_EQ(status.code, errc::malformed_value);
  EXPECT_EQ(status.leaf, 0);
  from.cells[0] = number(7);
  from.cells[4] = text("blue");
  status = read<order>(out, from, order_names);
  EXPECT_EQ(status.code, errc::malformed_value);
  EXPECT_EQ(status.leaf, 4);
}

TEST(ReadRow, TheLeafOfAFailureIsTheFieldsNumberAlsoWhenColumnsAreMixed) {
  customer out{};
  source from{{null, number(1)}, {}, {}};
  const dt::read_status status = read<customer>(out, from, {"name", "id"});
  EXPECT_EQ(status.leaf, 1);
  EXPECT_EQ(status.code, errc::unexpected_null);
}

const std::vector<std::string> joined_names{
    "id",      "buyer.id",       "buyer.name",       "inner_buyer_id", "inner.buyer.name",
    "inner.x", "other_buyer_id", "other_buyer_name", "other_x"};

TEST(ReadRow, NestedStructsAreFilledAndOptionalOnesAreEmptyWhenAllTheirColumnsAreNull) {
  joined out{};
  source from{{number(1), null, null, number(2), text("a"), number(3), null, null, null}, {}, {}};
  ASSERT_TRUE(read<joined>(out, from, joined_names));
  EXPECT_EQ(out.id, 1);
  EXPECT_EQ(out.buyer, std::nullopt);
  EXPECT_EQ(out.inner.buyer, (customer{2, "a"}));
  EXPECT_EQ(out.inner.x, 3);
  EXPECT_FALSE(out.other.has_value());

  from.cells = {number(1), number(5), text("b"), number(2), text("a"), number(3), number(6), text("c"), number(7)};
  ASSERT_TRUE(read<joined>(out, from, joined_names));
  EXPECT_EQ(out.buyer, (customer{5, "b"}));
  ASSERT_TRUE(out.other.has_value());
  EXPECT_EQ(out.other->buyer, (customer{6, "c"}));
  EXPECT_EQ(out.other->x, 7);

  from.cells[1] = from.cells[2] = null;
  ASSERT_TRUE(read<joined>(out, from, joined_names));
  EXPECT_EQ(out.buyer, std::nullopt);
}

TEST(ReadRow, AnOptionalStructWithSomeNullsOnlyIsAnErrorAtTheirField) {
  joined out{};
  source from{{number(1), number(5), null, number(2), text("a"), number(3), null, null, number(1)}, {}, {}};
  dt::read_status status = read<joined>(out, from, joined_names);
  EXPECT_EQ(status.code, errc::unexpected_null);
  EXPECT_EQ(status.leaf, 2);
  from.cells[2] = text("b");
  status = read<joined>(out, from, joined_names);
  EXPECT_EQ(status.code, errc::unexpected_null);
  EXPECT_EQ(status.leaf, 6);
}

TEST(ReadRow, AnOptionalStructIsARow) {
  std::optional<customer> out = customer{1, "x"};
  source from{{null, null}, {}, {}};
  ASSERT_TRUE(read<std::optional<customer>>(out, from, {"id", "name"}));
  EXPECT_EQ(out, std::nullopt);
  from.cells = {text("n"), number(4)};
  ASSERT_TRUE(read<std::optional<customer>>(out, from, {"name", "id"}));
  EXPECT_EQ(out, (customer{4, "n"}));
}

TEST(ReadRow, ByPositionNamesDoNotMatter) {
  customer out{};
  source from{{number(1), text("x")}, {}, {}};
  ASSERT_TRUE(read<dt::by_position<customer>>(out, from, {"a", "b"}));
  EXPECT_EQ(out, (customer{1, "x"}));
}

TEST(ReadRow, TuplesPairsAndStructsInThemTakeColumnsInOrder) {
  std::tuple<int, customer, std::optional<double>> out{};
  source from{{number(1), number(2), text("x"), null}, {}, {}};
  ASSERT_TRUE((read<decltype(out)>(out, from)));
  EXPECT_EQ(std::get<0>(out), 1);
  EXPECT_EQ(std::get<1>(out), (customer{2, "x"}));
  EXPECT_EQ(std::get<2>(out), std::nullopt);

  std::pair<std::string, bool> two;
  from.cells = {text("y"), number(1)};
  ASSERT_TRUE((read<decltype(two)>(two, from)));
  EXPECT_EQ(two, (std::pair{std::string{"y"}, true}));
}

TEST(ReadRow, SingleValues) {
  source from{{number(42)}, {}, {}};
  int value = 0;
  ASSERT_TRUE(read<int>(value, from));
  EXPECT_EQ(value, 42);
  std::optional<int> maybe;
  ASSERT_TRUE(read<std::optional<int>>(maybe, from));
  EXPECT_EQ(maybe, 42);
  from.cells = {null};
  ASSERT_TRUE(read<std::optional<int>>(maybe, from));
  EXPECT_EQ(maybe, std::nullopt);
  EXPECT_EQ(read<int>(value, from).code, errc::unexpected_null);
  color paint{};
  from.cells = {number(1)};
  ASSERT_TRUE(read<color>(paint, from));
  EXPECT_EQ(paint, color::green);
  dt::column<"whatever", int> named;
  ASSERT_TRUE((read<dt::column<"whatever", int>>(named, from)));
  EXPECT_EQ(named.value, 1);
  money price{};
  ASSERT_TRUE(read<money>(price, from));
  EXPECT_EQ(price.cents, 1);
}

const std::vector<std::string> priced_names{"price", "discount", "evenness"};

TEST(ReadRow, ValuesGoThroughTheirCodec) {
  priced out{};
  source from{{number(250), null, null}, {}, {}};
  ASSERT_TRUE(read<priced>(out, from, priced_names));
  EXPECT_EQ(out.price, money{250});
  EXPECT_EQ(out.discount, std::nullopt);
  from.cells = {number(250), number(20), number(4)};
  ASSERT_TRUE(read<priced>(out, from, priced_names));
  EXPECT_EQ(out.discount, money{20});
  EXPECT_EQ(out.evenness->value(), 4);
  from.cells[2] = null;
  ASSERT_TRUE(read<priced>(out, from, priced_names));
  EXPECT_FALSE(out.evenness.has_value());
}

TEST(ReadRow, WhatACodecRefusesIsAnErrorOfThatFieldAndItsWordsGoToTheSource) {
  priced out{};
  source from{{number(1), number(-5), null}, {}, {}};
  dt::read_status status = read<priced>(out, from, priced_names);
  EXPECT_EQ(status.code, errc::value_out_of_range);
  EXPECT_EQ(status.leaf, 1);
  EXPECT_EQ(from.explained, "money is not negative");
  from.cells = {number(13), null, null};  // an error of another category
  status = read<priced>(out, from, priced_names);
  EXPECT_EQ(status.code, errc::malformed_value);
  EXPECT_EQ(status.leaf, 0);
  from.cells = {number(1), null, number(3)};
  status = read<priced>(out, from, priced_names);
  EXPECT_EQ(status.code, errc::malformed_value);
  EXPECT_EQ(status.leaf, 2);
  from.cells = {null, null, null};
  status = read<priced>(out, from, priced_names);
  EXPECT_EQ(status.code, errc::unexpected_null);
  EXPECT_EQ(status.leaf, 0);
}

TEST(ReadRow, JsonValuesAreReadByTheSource) {
  doc out;
  source from{{text("[7]")}, {}, {}};
  ASSERT_TRUE(read<doc>(out, from, {"numbers"}));
  EXPECT_EQ(out.numbers.value, (std::vector{7}));
}

TEST(ReadRow, ManyFieldsAreReadInOneGo) {
  struct wide {
    int a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7;
    int c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7, e0;
  };
  source from;
  std::vector<std::string> names;
  for (int i = 0; i < 33; ++i) {
    from.cells.push_back(number(i));
    names.emplace_back(dt::field_names<wide>[static_cast<std::size_t>(i)]);
  }
  wide out{};
  ASSERT_TRUE(read<wide>(out, from, names));
  EXPECT_EQ(out.a1, 1);
  EXPECT_EQ(out.e0, 32);
  std::swap(names[0], names[32]);
  ASSERT_TRUE(read<wide>(out, from, names));
  EXPECT_EQ(out.a0, 32);
  EXPECT_EQ(out.e0, 0);
}

}  // namespace
