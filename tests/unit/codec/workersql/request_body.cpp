#include <dovetail/codec/workersql/request_body.hpp>

#include <dovetail/sql/statement.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;
using namespace std::chrono_literals;

template <class Statement, class... Args>
struct request {
  Statement sql;
  std::tuple<const Args&...> arguments;
};

template <class... Args>
struct asked {
  std::string body;
  dt::error_info failure;

  asked(dt::statement_for<dt::dialect::sqlite, void, Args...> sql, const Args&... args) {
    using statement = dt::statement_for<dt::dialect::sqlite, void, Args...>;
    failure = workersql::detail::append_statement(body, request<statement, Args...>{sql, {args...}}, {}, false);
    body += '}';
  }
};

template <class T>
std::string written(const T& value) {
  std::string out;
  workersql::detail::value_writer to{out};
  EXPECT_TRUE(to.write(value)) << to.reason();
  return out;
}

template <class T>
dt::errc refused(const T& value) {
  std::string out;
  workersql::detail::value_writer to{out};
  EXPECT_FALSE(to.write(value)) << out;
  return to.refused();
}

enum class colour : std::uint8_t { red = 3 };

// specs/workersql.md, section 10.
TEST(WorkersqlParameters, ValuesAreSentAsTheGatewayKeepsThem) {
  EXPECT_EQ(written(nullptr), "null");
  EXPECT_EQ(written(std::optional<int>{}), "null");
  EXPECT_EQ(written(std::optional<int>{7}), "7");
  EXPECT_EQ(written(true), "1");
  EXPECT_EQ(written(false), "0");
  EXPECT_EQ(written(-42), "-42");
  EXPECT_EQ(written(std::int64_t{9007199254740992}), "9007199254740992");
  EXPECT_EQ(written(std::int64_t{9007199254740993}), "\"9007199254740993\"");
  EXPECT_EQ(written(std::int64_t{-9007199254740993}), "\"-9007199254740993\"");
  EXPECT_EQ(written((std::numeric_limits<std::int64_t>::min)()), "\"-9223372036854775808\"");
  EXPECT_EQ(written(std::uint64_t{9223372036854775807}), "\"9223372036854775807\"");
  EXPECT_EQ(written(12.5), "12.5");
  EXPECT_EQ(written(1.0), "1.0") << "without a point our gateway takes an integer";
  EXPECT_EQ(written(-0.0), "-0.0");
  EXPECT_EQ(written(1e300), "1e+300");
  EXPECT_EQ(written(123456789012345680.0), "123456789012345680.0");
  EXPECT_EQ(written(std::string{"O'Hara \"q\" \n \xC3\xA9"}), "\"O'Hara \\\"q\\\" \\n \xC3\xA9\"");
  EXPECT_EQ(written(colour::red), "3");
  dt::decimal price;
  ASSERT_TRUE(dt::parse_decimal("1.50", price));
  EXPECT_EQ(written(price), "\"1.50\"");
  EXPECT_EQ(written(std::chrono::year_month_day{2024y / 2 / 29}), "\"2024-02-29\"");
  EXPECT_EQ(written(std::chrono::sys_seconds{std::chrono::sys_days{2025y / 1 / 2} + 3h + 4min + 5s}),
            "\"2025-01-02 03:04:05\"");
  EXPECT_EQ(
      written(std::chrono::sys_time<std::chrono::nanoseconds>{std::chrono::sys_days{2025y / 1 / 2} + 3h + 1500ns}),
      "\"2025-01-02 03:00:00.000001500\"");
  EXPECT_EQ(written(dt::json_value<std::vector<int>>{{1, 2}}), "\"[1,2]\"");
}

TEST(WorkersqlParameters, WhatCannotBeSentIsRefusedWithAReason) {
  EXPECT_EQ(refused(std::vector<std::byte>{std::byte{1}}), dt::errc::operation_unsupported);
  EXPECT_EQ(refused(std::vector<int>{1, 2}), dt::errc::operation_unsupported);
  EXPECT_EQ(refused(std::numeric_limits<double>::quiet_NaN()), dt::errc::value_out_of_range);
  EXPECT_EQ(refused(std::numeric_limits<double>::infinity()), dt::errc::value_out_of_range);
  EXPECT_EQ(refused((std::numeric_limits<std::uint64_t>::max)()), dt::errc::value_out_of_range);
  EXPECT_EQ(refused(std::string{"\xFF"}), dt::errc::malformed_value);
}

TEST(WorkersqlParameters, AFailureNamesTheParameterAndNotItsValue) {
  const auto got = asked<int, std::string>{"select ?, ?", 1, std::string{"hush\xFF"}};
  EXPECT_EQ(got.failure.code(), dt::errc::malformed_value);
  EXPECT_NE(got.failure.message().find("parameter 2"), std::string::npos) << got.failure.message();
  EXPECT_EQ(got.failure.message().find("hush"), std::string::npos);
}

TEST(WorkersqlBody, AStatementAndItsParametersAreOneObject) {
  // G3 of the specification.
  EXPECT_EQ((asked<int>{"SELECT * FROM users WHERE id = ?", 1}.body),
            R"({"sql":"SELECT * FROM users WHERE id = ?","params":[1]})");
  EXPECT_EQ((asked<>{"select 1"}.body), R"({"sql":"select 1","params":[]})");
}

TEST(WorkersqlBody, NamedAndNumberedParametersGoByTheirNumbers) {
  const auto named = asked<dt::named_argument<"b", int>, dt::named_argument<"a", int>>{
      "select :a, :b, :a", dt::arg<"b">(2), dt::arg<"a">(1)};
  EXPECT_FALSE(named.failure);
  EXPECT_EQ(named.body, R"({"sql":"select ?1, ?2, ?1","params":[1,2]})");
  const auto numbered = asked<int, int>{"select $2, $1", 10, 20};
  EXPECT_NE(numbered.body.find("\"params\":[10,20]"), std::string::npos) << numbered.body;
}

TEST(WorkersqlBody, ARangeInInExpands) {
  const auto got = asked<int, std::vector<int>, int>{"select * from t where a = ? and id in (?) and b = ?", 7,
                                                     std::vector<int>{1, 2, 3}, 9};
  ASSERT_FALSE(got.failure) << got.failure.message();
  EXPECT_NE(got.body.find("\"params\":[7,1,2,3,9]"), std::string::npos) << got.body;
}

// Section 10: beyond 2^53 only a string is exact; in an expression it would be compared as a text.
TEST(WorkersqlBody, IntegersBeyond2To53AreStringsThatTheStatementMakesIntegersOf) {
  constexpr std::int64_t big = 9007199254740993;
  EXPECT_EQ((asked<std::int64_t>{"select ? > 5", big}.body),
            R"x({"sql":"select CAST(? AS BIGINT) > 5","params":["9007199254740993"]})x");
  EXPECT_EQ(
      (asked<int, std::int64_t, std::string, std::int64_t>{"select ?, ?, '?', ?, ? -- ?", 1, -big, "x", big}.body),
      R"x({"sql":"select ?, CAST(? AS BIGINT), '?', ?, CAST(? AS BIGINT) -- ?",)x"
      R"x("params":[1,"-9007199254740993","x","9007199254740993"]})x");
  EXPECT_EQ((asked<std::int64_t>{"select ? > 5", big - 1}.body),
            R"x({"sql":"select ? > 5","params":[9007199254740992]})x");
  const auto named = asked<dt::named_argument<"b", std::int64_t>, dt::named_argument<"a", int>>{
      "select :a, :b, :a, :b", dt::arg<"b">(std::int64_t{big}), dt::arg<"a">(1)};
  EXPECT_EQ(named.body,
            R"x({"sql":"select ?1, CAST(?2 AS BIGINT), ?1, CAST(?2 AS BIGINT)","params":[1,"9007199254740993"]})x");
  const auto range = asked<std::vector<std::int64_t>>{"select 1 where 2 in (?)", std::vector<std::int64_t>{1, big, 3}};
  ASSERT_FALSE(range.failure) << range.failure.message();
  EXPECT_NE(range.body.find(R"(,"params":[1,"9007199254740993",3])"), std::string::npos) << range.body;
  EXPECT_NE(range.body.find("CAST(?2 AS BIGINT)"), std::string::npos) << range.body;
  EXPECT_EQ(range.body.find("CAST(?1"), std::string::npos) << range.body;
  const auto optional = asked<std::optional<std::int64_t>>{"select ?", std::optional<std::int64_t>{big}};
  EXPECT_NE(optional.body.find("CAST(? AS BIGINT)"), std::string::npos) << optional.body;
}

TEST(WorkersqlBody, TransactionStatementsAreRefused) {
  EXPECT_EQ((asked<>{"begin"}.failure.code()), dt::errc::invalid_state);
}

TEST(WorkersqlBody, HintsAreSpelledAsTheGatewayReadsThem) {
  std::string out;
  workersql::detail::append_hint(out, workersql::consistency::strong, workersql::consistency::weak);
  EXPECT_EQ(out, "/*+ strong */ ");
  out.clear();
  workersql::detail::append_hint(out, {}, workersql::consistency::weak);
  EXPECT_EQ(out, "/*+ weak */ ");
  out.clear();
  workersql::query_options how{workersql::consistency::bounded};
  how.staleness = 250ms;
  workersql::detail::append_hint(out, how, {});
  EXPECT_EQ(out, "/*+ bounded=250 */ ");
}

TEST(WorkersqlBody, QueryOptionsKeepToTheSchema) {
  std::string out;
  workersql::query_options how;
  how.timeout = 5s;
  how.cache.ttl = 300s;
  how.cache.key = "k";
  EXPECT_FALSE(workersql::detail::append_query_options(out, how));
  EXPECT_EQ(out, R"(,"timeout":5000,"cache":{"enabled":true,"ttl":300,"key":"k"})");
  how.timeout = 999ms;
  EXPECT_EQ(workersql::detail::append_query_options(out, how).code(), dt::errc::invalid_option);
  how.timeout = 301s;
  EXPECT_EQ(workersql::detail::append_query_options(out, how).code(), dt::errc::invalid_option);
  how.timeout.reset();
  how.cache.ttl = 86401s;
  EXPECT_EQ(workersql::detail::append_query_options(out, how).code(), dt::errc::invalid_option);
}

struct user {
  std::int64_t id;
  std::string name;
  bool active;
};

TEST(WorkersqlBody, AStructIsAnItemOfABatch) {
  std::string out;
  EXPECT_FALSE(
      workersql::detail::append_insert(out, "insert into u(id, name, active) values (?, ?, ?)", user{1, "Ann", true}));
  EXPECT_EQ(out, R"x({"sql":"insert into u(id, name, active) values (?, ?, ?)","params":[1,"Ann",1]})x");
  out.clear();
  EXPECT_FALSE(workersql::detail::append_insert(out, "insert into u(id, name, active) values (?, ?, ?)",
                                                user{9007199254740993, "Ann", true}));
  EXPECT_EQ(out, R"x({"sql":"insert into u(id, name, active) values (CAST(? AS BIGINT), ?, ?)",)x"
                 R"x("params":["9007199254740993","Ann",1]})x");
  const dt::error_info why = workersql::detail::append_insert(out, "insert", user{1, "\xFF", true});
  EXPECT_NE(why.message().find("field 'name'"), std::string::npos) << why.message();
}

struct pair_of_users {
  user first;
  std::optional<user> second;
};

TEST(WorkersqlBody, ANestedStructIsAParameterForEachOfItsMembers) {
  std::string out;
  EXPECT_FALSE(workersql::detail::append_insert(out, "insert", pair_of_users{{1, "Ann", true}, user{2, "Bob", false}}));
  EXPECT_EQ(out, R"x({"sql":"insert","params":[1,"Ann",1,2,"Bob",0]})x");
  out.clear();
  EXPECT_FALSE(workersql::detail::append_insert(out, "insert", pair_of_users{{1, "Ann", true}, std::nullopt}));
  EXPECT_EQ(out, R"x({"sql":"insert","params":[1,"Ann",1,null,null,null]})x");
  const dt::error_info why = workersql::detail::append_insert(out, "insert", pair_of_users{{1, "\xFF", true}, {}});
  EXPECT_NE(why.message().find("field 'first_name'"), std::string::npos) << why.message();
}

}  // namespace
