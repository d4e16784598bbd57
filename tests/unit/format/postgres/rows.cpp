// Rows: DataRow messages into structs, and what is said when columns and fields do not match.
#include "support/postgres_values.hpp"

#include <dovetail/format/postgres/range.hpp>
#include <dovetail/format/postgres/raw.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/row/plan.hpp>

#include <chrono>
#include <tuple>

namespace {

using namespace recorded;
namespace oids = pg::oids;

struct order {
  std::int64_t id = 0;
  std::int32_t count = 0;
  double price = 0;
  bool paid = false;
  std::string name;
  std::chrono::sys_time<std::chrono::microseconds> at{};
  std::optional<std::string> note;
  bool operator==(const order&) const = default;
};

const std::vector<pg::column_type> order_columns{{oids::int8}, {oids::int4},        {oids::float8}, {oids::boolean},
                                                 {oids::text}, {oids::timestamptz}, {oids::text}};

// The body of a DataRow (protocol, "Message Formats"): a count of 16 bits, then values with their lengths.
constexpr std::string_view order_row =
    "0007"
    "00000008"
    "fffffffffffffffe"
    "00000004"
    "0001e240"
    "00000008"
    "bff8000000000000"
    "00000001"
    "01"
    "00000003"
    "616263"
    "00000008"
    "0002b581829c7c40"
    "ffffffff";

order expected_order() {
  using namespace std::chrono;
  return {-2, 123456, -1.5, true, "abc", sys_days{2024y / February / 29} + 10h + 30min + 123456us, {}};
}

template <class Row>
struct reader {
  pg::row_source source;
  dt::binding bound;

  reader(std::vector<pg::column_type> columns, dt::detail::plain_list<std::uint16_t> order) : bound(std::move(order)) {
    source.describe(std::move(columns), dt::row_plan<Row>::description, bound);
  }
  dt::read_status read(std::string_view hex, dt::row_value_t<Row>& out) {
    body = bytes(hex);
    return source.template read_row<Row>(body, out, bound);
  }
  std::vector<std::byte> body;
};

TEST(PostgresRows, ColumnsInTheOrderOfTheFieldsAreReadInOnePass) {
  reader<order> rows{order_columns, {0, 1, 2, 3, 4, 5, 6}};
  order read;
  read.note = "before";
  EXPECT_EQ(rows.read(order_row, read).code, dt::errc{});
  EXPECT_EQ(read, expected_order());
}

TEST(PostgresRows, ColumnsInAnotherOrderGiveTheSame) {
  reader<std::tuple<std::string, std::int64_t, std::optional<std::string>>> rows{order_columns, {4, 0, 6}};
  std::tuple<std::string, std::int64_t, std::optional<std::string>> read;
  EXPECT_EQ(rows.read(order_row, read).code, dt::errc{});
  EXPECT_EQ(read, std::tuple("abc", -2, std::nullopt));
}

TEST(PostgresRows, ARowCutAnywhereIsMalformed) {
  for (const bool is_mapped : {false, true}) {
    reader<order> rows{order_columns, {0, 1, 2, 3, 4, 5, 6}};
    if (is_mapped) rows.source.describe(order_columns);
    for (std::size_t size = 0; size < order_row.size(); size += 2) {
      order read;
      EXPECT_EQ(rows.read(order_row.substr(0, size), read).code, dt::errc::malformed_frame) << size;
    }
    order read;
    EXPECT_EQ(rows.read(std::string{order_row} + "00", read).code, dt::errc::malformed_frame) << "a byte behind";
    EXPECT_EQ(rows.read("0006" + std::string{order_row.substr(4)}, read).code, dt::errc::malformed_frame);
    EXPECT_EQ(rows.read("000700000008fffffffffffffffe7fffffff", read).code, dt::errc::malformed_frame);
    EXPECT_EQ(rows.read("000700000008fffffffffffffffefffffffe", read).code, dt::errc::malformed_frame);
  }
}

struct pair_of_texts {
  std::optional<std::string> a;
  std::optional<std::string> b;
};
struct with_group {
  int id = 0;
  std::optional<pair_of_texts> texts;
  int last = 0;
};

TEST(PostgresRows, OptionalStructsLookAheadForNulls) {
  const std::vector<pg::column_type> columns{{oids::int4}, {oids::text}, {oids::text}, {oids::int4}, {oids::int4}};
  reader<with_group> rows{columns, {0, 1, 2, 3}};
  with_group read;
  // a surplus column is at the end
  EXPECT_EQ(rows.read("00050000000400000001"
                      "ffffffff"
                      "ffffffff"
                      "0000000400000009"
                      "ffffffff",
                      read)
                .code,
            dt::errc{});
  EXPECT_FALSE(read.texts);
  EXPECT_EQ(read.last, 9);
  EXPECT_EQ(rows.read("00050000000400000001"
                      "ffffffff"
                      "0000000178"
                      "0000000400000009"
                      "ffffffff",
                      read)
                .code,
            dt::errc{});
  ASSERT_TRUE(read.texts);
  EXPECT_FALSE(read.texts->a);
  EXPECT_EQ(read.texts->b, "x");
  EXPECT_EQ(read.last, 9);
  EXPECT_EQ(rows.read("00050000000400000001"
                      "0000000178"
                      "ffffffff"
                      "0000000400000009"
                      "00000001",
                      read)
                .code,
            dt::errc::malformed_frame)
      << "the surplus column is cut";
}

TEST(PostgresRows, AValueThatDoesNotFitNamesItsLeaf) {
  reader<order> rows{order_columns, {0, 1, 2, 3, 4, 5, 6}};
  order read;
  std::string with_null{order_row};
  with_null.replace(with_null.find("00000003616263"), 14, "ffffffff");
  const dt::read_status status = rows.read(with_null, read);
  EXPECT_EQ(status.code, dt::errc::unexpected_null);
  EXPECT_EQ(status.leaf, 4);
  reader<int> single{{{oids::int4}}, {0}};
  int value = 0;
  EXPECT_EQ(single.read("0001ffffffff", value).code, dt::errc::unexpected_null);
  EXPECT_EQ(single.read("000100000003000000", value).code, dt::errc::malformed_value);
}

TEST(PostgresRows, MixedFormatsAreRead) {
  const std::vector<pg::column_type> columns{{oids::int4, false}, {oids::inet, false}, {oids::int8, true}};
  using row = std::tuple<int, std::string, std::int64_t>;
  reader<row> rows{columns, {0, 1, 2}};
  row read;
  EXPECT_EQ(rows.read("0003"
                      "000000022d31"
                      "000000093132372e302e302e31"
                      "00000008fffffffffffffffe",
                      read)
                .code,
            dt::errc{});
  EXPECT_EQ(read, std::tuple(-1, "127.0.0.1", -2));
}

TEST(PostgresRows, BorrowedTextPointsIntoTheMessage) {
  reader<std::string_view> rows{{{oids::text}}, {0}};
  std::string_view read;
  EXPECT_EQ(rows.read("000100000003616263", read).code, dt::errc{});
  EXPECT_EQ(read, "abc");
  EXPECT_EQ(static_cast<const void*>(read.data()), rows.body.data() + 6);
}

struct account {
  std::int32_t id = 0;
  double balance = 0;
  std::string name;
  std::chrono::sys_seconds opened{};
  std::vector<int> limits;
  pg::range<int> span;
};

dt::column_info column(std::string_view name, pg::oid type) {
  return {name, pg::type_name_of(type), pg::kinds_of(type), dt::nullability::unknown, pg::advice_of(type)};
}

// timestamptz_send('2000-01-01 00:00:00.000001+00'), date_send('infinity')
TEST(PostgresRows, TimesThatDoNotFitSayWhatWould) {
  std::chrono::sys_seconds at{};
  for (const bool is_mapped : {false, true}) {
    reader<std::chrono::sys_seconds> rows{{{oids::timestamptz}}, {0}};
    if (is_mapped) rows = {{{oids::text}, {oids::timestamptz}}, {1}};
    const std::string row = is_mapped ? "0002ffffffff000000080000000000000001" : "0001000000080000000000000001";
    EXPECT_EQ(rows.read(row, at).code, dt::errc::value_out_of_range);
    EXPECT_EQ(
        rows.source.words(),
        "it has a fraction of a second, which would be lost: use std::chrono::sys_time<std::chrono::microseconds>, or "
        "round it in the query");
  }
  reader<std::chrono::year_month_day> days{{{oids::date}}, {0}};
  std::chrono::year_month_day day{};
  EXPECT_EQ(days.read("0001000000047fffffff", day).code, dt::errc::value_out_of_range);
  EXPECT_EQ(days.source.words(),
            "it is infinity, or beyond std::chrono::year; std::chrono::sys_days has room for both");
}

TEST(PostgresTypes, MismatchesAreReportedInWordsOfTypes) {
  const std::vector<dt::column_info> columns{column("id", oids::text),      column("balance", oids::numeric),
                                             column("name", oids::int4),    column("opened", oids::timestamp),
                                             column("limits", oids::jsonb), column("span", oids::int4range)};
  const auto bound = dt::bind_row(dt::row_plan<account>::description, columns);
  ASSERT_FALSE(bound);
  const std::string text = bound.error().message();
  for (const std::string_view part :
       {"'id' is text", "'balance' is numeric; use dt::decimal, or cast it in the query: ::float8, ::bigint",
        "'name' is integer",
        "'opened' is timestamp without time zone; use std::chrono::local_time, or cast it in the query: at time zone "
        "'utc', ::text",
        "'limits' is jsonb"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_EQ(text.find("'span'"), text.rfind("'span'")) << text;
}

TEST(PostgresTypes, HaveTheNamesOfPsqlAndKnowTheirArrays) {
  static_assert(pg::type_name_of(oids::int8) == "bigint" && pg::type_name_of(1007) == "integer[]");
  static_assert(pg::type_name_of(oids::timestamptz) == "timestamp with time zone");
  static_assert(pg::type_name_of(16400) == "a user-defined type" && pg::type_name_of(0) == "a user-defined type");
  static_assert(pg::array_of(oids::uuid) == 2951 && pg::element_of(2951) == oids::uuid);
  static_assert(pg::array_of(2951) == 0 && pg::element_of(oids::uuid) == 0 && pg::element_of(0) == 0);
  static_assert(pg::kinds_of(oids::int4).contains(dt::field_kind::integer));
  static_assert(!pg::kinds_of(oids::numeric).contains(dt::field_kind::real));
  static_assert(pg::kinds_of(16400).contains(dt::field_kind::enumeration));
  static_assert(pg::is_asked_in_binary(oids::uuid, dt::field_kind::uuid));
  static_assert(!pg::is_asked_in_binary(oids::uuid, dt::field_kind::text));
  static_assert(pg::is_asked_in_binary(oids::text, dt::field_kind::text));
  static_assert(!pg::is_asked_in_binary(16400, dt::field_kind::text));
  static_assert(pg::is_asked_in_binary(16400, dt::field_kind::native));
}

struct celsius {
  double degrees = 0;
};

}  // namespace

template <>
struct dovetail::field_codec<celsius> {
  using stored_type = double;
  static double encode(const celsius& value) { return value.degrees; }
  static result<celsius> decode(double stored) {
    if (stored < -273.15) return error_info{errc::malformed_value, "below absolute zero"};
    return celsius{stored};
  }
};

namespace {

TEST(PostgresRows, CodecsOfTheUserAreAppliedInBothDirections) {
  reader<std::tuple<celsius, std::optional<celsius>>> rows{{{oids::float8}, {oids::float8}}, {0, 1}};
  std::tuple<celsius, std::optional<celsius>> read;
  EXPECT_EQ(rows.read("000200000008bff8000000000000ffffffff", read).code, dt::errc{});
  EXPECT_EQ(std::get<0>(read).degrees, -1.5);
  EXPECT_FALSE(std::get<1>(read));
  EXPECT_EQ(rows.read("000200000008c0c3880000000000ffffffff", read).code, dt::errc::malformed_value);
  EXPECT_EQ(rows.source.words(), "below absolute zero");
  EXPECT_EQ(encode(celsius{-1.5}), "bff8000000000000");
  static_assert(pg::parameter_oid<celsius>() == oids::float8);
  std::vector<celsius> list;
  EXPECT_EQ(decode(1022, "0000000100000000000002bd000000010000000100000008bff8000000000000", list), dt::errc{});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].degrees, -1.5);
}

}  // namespace
