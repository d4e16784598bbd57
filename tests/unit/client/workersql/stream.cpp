// Streams of rows, as dialogues: an answer comes in any pieces, and its rows are given before its end is known.
#include <dovetail/client/workersql/client_session.hpp>

#include <dovetail/row/row.hpp>

#include <support/workersql_session.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

using namespace workersql_test;
using dt::errc;
using dt::session_health;
using dt::stream_step;
using workersql::gateway_errc;

struct person {
  std::int64_t id;
  std::string name;
  friend bool operator==(const person&, const person&) = default;
};

/// What the gateway sends, and how many bytes of it a read gives.
struct peer {
  std::string bytes;
  std::size_t at_most = static_cast<std::size_t>(-1);
  bool ends = false;  // behind the bytes
  std::size_t given = 0;
};

/// One stream of one answer.
template <class Row>
class streaming {
 public:
  using value_type = dt::row_value_t<Row>;

  explicit streaming(peer from, workersql::options how = plain_options()) : from_(std::move(from)), session_(how) {
    session_.wire().set_health(session_health::idle);
  }

  using statement = dt::statement_for<dt::dialect::sqlite, Row>;
  dt::error_info open(statement sql = "select * from people") {
    using request_type = dt::sql_request<statement, std::tuple<>>;
    dt::sql_stream_open<workersql::detail::stream_state<Row>, request_type> op{request_type{sql, {}}, &rows_};
    return drive(session_.start(op));
  }
  /// The next row, or none: then `failure` says whether that is the end.
  std::optional<value_type> next() {
    for (;;) {
      value_type row{};
      switch (rows_.next(row)) {
        case stream_step::row:
          return row;
        case stream_step::done:
          return {};
        case stream_step::failed:
          failure = rows_.take_failure();
          return {};
        case stream_step::more:
          dt::sql_stream_fetch<workersql::detail::stream_state<Row>> op{&rows_};
          if (failure = drive(session_.start(op)); failure) return {};
      }
    }
  }
  /// All rows that come before the end or the failure.
  std::vector<value_type> all() {
    std::vector<value_type> rows;
    if (failure = open(); failure) return rows;
    while (auto row = next()) rows.push_back(*std::move(row));
    return rows;
  }
  session_health health() const { return session_.wire().health(); }
  std::size_t given() const { return from_.given; }
  std::size_t largest_buffer() const { return largest_buffer_; }

  dt::error_info failure;

 private:
  template <class Machine>
  dt::error_info drive(Machine dialogue) {
    dt::event happened;
    for (;;) {
      const dt::action next = dialogue.resume(happened);
      happened = {};
      largest_buffer_ = (std::max)(largest_buffer_, session_.wire().input().capacity());
      switch (next.what()) {
        case dt::verb::done:
          return next.error() ? dt::failure_of(dialogue, next.error()) : dt::error_info{};
        case dt::verb::write:
          happened.bytes = next.output().size();
          break;
        case dt::verb::read:
          happened.bytes = (std::min)({from_.bytes.size() - from_.given, next.input().size(), from_.at_most});
          std::memcpy(next.input().data(), from_.bytes.data() + from_.given, happened.bytes);
          from_.given += happened.bytes;
          if (happened.bytes == 0) happened.ec = from_.ends ? errc::connection_closed : errc::deadline_passed;
          break;
        default:
          break;
      }
    }
  }

  peer from_;
  workersql::detail::client_session session_;
  workersql::detail::stream_state<Row> rows_;
  std::size_t largest_buffer_ = 0;
};

std::string chunked(std::string_view body, std::size_t piece) {
  std::string text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (; !body.empty(); body.remove_prefix((std::min)(piece, body.size()))) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx;e=1\r\n", (std::min)(piece, body.size()));
    text.append(size).append(body.substr(0, piece)).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

constexpr std::string_view two = R"({"success":true,"data":[{"id":1,"name":"Ann"},{"id":2,"name":"B\u00f6"}]})";
const std::vector<person> ann_and_boe{{1, "Ann"}, {2, "B\xC3\xB6"}};

TEST(WorkersqlStream, AnAnswerMeansTheSameHoweverItIsCutAndFramed) {
  for (const std::string_view body :
       {two, std::string_view{R"({"data":{"rows":[{"id":1,"name":"Ann"},{"id":2,"name":"Bö"}],"metadata":{}}})"},
        std::string_view{R"( { "cached" : false , "data" : [ {"name":"Ann","id":1} , {"id" : 2, "name":"Bö"} ] ,)"
                         R"( "success" : true } )"},
        std::string_view{R"({"d\u0061ta":{"data":{"x":[1,{"rows":[7]}],"rows":[{"id":1,"name":"Ann"},)"
                         R"({"name":"Bö","other":[{"a":"]}"}],"id":"2"}]}},"success":true})"}}) {
    for (const bool has_length : {true, false}) {
      const std::string bytes = has_length ? ok(body) : chunked(body, 7);
      for (std::size_t at_most = 1; at_most <= bytes.size(); at_most += at_most < 20 ? 1 : 13) {
        streaming<person> from{{bytes, at_most}};
        EXPECT_EQ(from.all(), ann_and_boe) << body << " by " << at_most;
        EXPECT_FALSE(from.failure) << from.failure.message();
        EXPECT_EQ(from.health(), session_health::idle);
      }
    }
    streaming<person> until_close{{"HTTP/1.1 200 OK\r\n\r\n" + std::string{body}, 5, true}};
    EXPECT_EQ(until_close.all(), ann_and_boe);
    EXPECT_FALSE(until_close.failure) << until_close.failure.message();
    EXPECT_EQ(until_close.health(), session_health::closed);
  }
}

TEST(WorkersqlStream, GivesTheFirstRowBeforeTheSecondHasCome) {
  const std::string bytes = ok(two);
  streaming<person> from{{bytes, 1}};
  ASSERT_FALSE(from.open());
  EXPECT_EQ(from.given(), bytes.find(R"(,{"id":2)")) << "not a byte behind it";
  EXPECT_EQ(from.next(), ann_and_boe[0]);
  EXPECT_EQ(from.health(), session_health::desynchronised) << "who drops it here drops the connection";
  EXPECT_EQ(from.next(), ann_and_boe[1]);
  EXPECT_LT(from.given(), bytes.size());
  EXPECT_EQ(from.next(), std::nullopt);
  EXPECT_FALSE(from.failure);
  EXPECT_EQ(from.health(), session_health::idle);
}

TEST(WorkersqlStream, AnAnswerWhoseEndIsHereLeavesTheConnectionAsGoodAsEver) {
  streaming<person> from{{ok(two)}};
  ASSERT_FALSE(from.open());
  EXPECT_EQ(from.health(), session_health::idle);
  streaming<person> with_more{{ok(two) + "x"}};
  ASSERT_FALSE(with_more.open());
  EXPECT_EQ(with_more.health(), session_health::desynchronised);
}

TEST(WorkersqlStream, OneThatIsCutOffAnywhereDoesNotEndWell) {
  for (const std::string& bytes : {ok(two), chunked(two, 11)}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      for (const std::size_t at_most : {std::size_t{1}, std::size_t{64}, bytes.size()}) {
        streaming<person> from{{bytes.substr(0, size), at_most, true}};
        const std::vector<person> rows = from.all();
        EXPECT_TRUE(from.failure) << bytes.substr(0, size);
        EXPECT_EQ(from.failure.kind(), dt::condition::connection) << from.failure.message();
        EXPECT_EQ(from.health(), session_health::closed);
        EXPECT_TRUE(std::equal(rows.begin(), rows.end(), ann_and_boe.begin()));
        if (const std::size_t first = bytes.find("Ann\"}"); at_most == 1 && first != bytes.npos) {
          EXPECT_EQ(rows.empty(), size < first + 5) << bytes.substr(0, size);
        }
      }
    }
  }
}

TEST(WorkersqlStream, ABodyThatIsNoWholeJsonDoesNotEndWellEither) {
  for (std::size_t size = 0; size < two.size(); ++size) {
    for (const std::size_t at_most : {std::size_t{1}, std::size_t{1000}}) {
      streaming<person> from{{ok(two.substr(0, size)), at_most}};
      const std::vector<person> rows = from.all();
      EXPECT_EQ(from.failure.code(), gateway_errc::not_a_gateway) << two.substr(0, size);
      EXPECT_NE(from.failure.message().find("$"), std::string::npos) << from.failure.message();
      EXPECT_EQ(rows.size(), static_cast<std::size_t>(size >= two.find("},{") + 1) +
                                 static_cast<std::size_t>(size >= two.find("}]}") + 1))
          << two.substr(0, size);
    }
  }
}

TEST(WorkersqlStream, AFailureBehindTheRowsFollowsThem) {
  struct failing {
    std::string_view behind;
    std::error_code code;
    std::string_view words;
  };
  for (const failing& each : {
           failing{R"(],"success":false})", make_error_code(gateway_errc::internal_error), ""},
           failing{R"(],"success":true,"error":"EdgeSQLError: no such table: t"})",
                   make_error_code(gateway_errc::no_such_object), "no such table: t"},
           failing{R"(],"success":false,"error":{"code":"TIMEOUT_ERROR","message":"gave up"}})",
                   make_error_code(gateway_errc::timed_out), "gave up"},
           failing{R"(],"success":"yes"})", make_error_code(gateway_errc::not_a_gateway),
                   "byte 68, $.success: expected 'success' to be true or false"},
           failing{R"(],"data":[]})", make_error_code(gateway_errc::not_a_gateway), "$.data: 'data' is given twice"},
           failing{R"(],"data":null})", {}, ""},
           failing{R"(],"success":true}7)", make_error_code(gateway_errc::not_a_gateway),
                   "byte 73, $: expected the end of the text"},
           failing{R"(]])", make_error_code(gateway_errc::not_a_gateway), "byte 57, $: expected ',' or '}'"},
       }) {
    const std::string body = R"({"data":[{"id":1,"name":"Ann"},{"id":2,"name":"B\u00f6"})" + std::string{each.behind};
    for (const std::size_t at_most : {std::size_t{1}, std::size_t{1000}}) {
      streaming<person> from{{ok(body), at_most}};
      EXPECT_EQ(from.all(), ann_and_boe) << body;
      EXPECT_EQ(from.failure.code(), each.code) << body << from.failure.message();
      EXPECT_NE(from.failure.message().find(each.words), std::string::npos) << body << from.failure.message();
      EXPECT_EQ(from.health(), session_health::idle) << "all of the answer was read";
    }
  }
}

TEST(WorkersqlStream, AFailureInFrontOfTheRowsGivesNone) {
  for (const std::string_view front :
       {R"("success":false,)", R"("error":"EdgeSQLError: Forbidden","success":false,)", R"("type":"error",)"}) {
    const std::string body = "{" + std::string{front} + R"("data":[{"id":1,"name":"Ann"},7],"error":"Forbidden"})";
    for (const std::size_t at_most : {std::size_t{1}, std::size_t{1000}}) {
      streaming<person> from{{ok(body), at_most}};
      EXPECT_TRUE(from.open());
      streaming<person> again{{ok(body), at_most}};
      EXPECT_TRUE(again.all().empty());
      EXPECT_EQ(again.failure.server().message, "Forbidden") << again.failure.message();
    }
  }
  streaming<person> wrong{{ok(R"({"success":1,"data":[{"id":1,"name":"Ann"}]})"), 1}};
  EXPECT_EQ(wrong.open().code(), gateway_errc::not_a_gateway);
  EXPECT_LT(wrong.given(), ok(R"({"success":1,"data":[{"id":1,"name":"Ann"}]})").size()) << "it is told at once";
}

TEST(WorkersqlStream, AnAnswerWithoutRowsFailsWhenItIsOpened) {
  const auto opened = [](std::string bytes) {
    streaming<person> from{{std::move(bytes)}};
    return from.open();
  };
  EXPECT_EQ(opened(ok(R"({"success":true})")).code(), gateway_errc::missing_rows);
  EXPECT_EQ(opened(ok(R"({"success":true,"data":{"rows":null}})")).code(), gateway_errc::missing_rows);
  EXPECT_EQ(opened(ok("<html>")).code(), gateway_errc::not_a_gateway);
  EXPECT_EQ(opened(ok("")).code(), gateway_errc::not_a_gateway);
  EXPECT_EQ(opened(ok(R"({"rows":[{"id":1,"name":"Ann"}]})")).code(), gateway_errc::not_a_gateway);
  EXPECT_EQ(opened(answer("500 Internal Server Error", R"({"success":false,"error":"no such table: t"})")).code(),
            gateway_errc::no_such_object);
  EXPECT_EQ(opened(answer("429 Too Many Requests", "slowly")).code(), gateway_errc::rate_limited);
  EXPECT_EQ(opened("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n").code(), gateway_errc::redirected);
  streaming<person> none{{ok(R"({"success":true,"data":[ ]})"), 1}};
  EXPECT_TRUE(none.all().empty());
  EXPECT_FALSE(none.failure) << none.failure.message();
}

TEST(WorkersqlStream, ARowThatIsMalformedIsNamedByItsPlace) {
  struct malformed {
    std::string_view row;
    std::string_view words;
  };
  for (const malformed& each : {
           malformed{R"({"id":01,"name":"x"})", "byte 63, $.data[2].id: a number must not begin with 0"},
           malformed{R"({"id":3,"name":"\q"})", "$.data[2].name: expected one of"},
           malformed{R"({"id":3,"other":nul,"name":"x"})", "$.data[2].other: expected true, false or null"},
           malformed{R"({"name":"x","id":-})", "$.data[2].id: expected a digit"},
           malformed{R"({"id":3,"name":["x"})", "$.data[2].name: expected ',' or ']', found '}'"},
           malformed{R"({"id":3 "name":"x"})", "byte 65, $.data[2]: expected ',' or '}', found a string"},
           malformed{R"({"id":3,"id":4,"name":"x"})", "$.data[2]: the key \"id\" is given twice"},
           malformed{"7", "byte 57, $.data[2]: expected a row, which is an object, found a number"},
           malformed{"null", "$.data[2]: expected a row, which is an object, found null"},
           malformed{R"(["x"])", "$.data[2]: expected a row, which is an object, found an array"},
           malformed{"", "$.data[2]: expected a row, which is an object, found ','"},
       }) {
    const std::string body = R"({"data":[{"id":1,"name":"Ann"},{"id":2,"name":"B\u00f6"},)" + std::string{each.row} +
                             R"(,{"id":4,"name":"Di"}],"success":true})";
    for (const std::size_t at_most : {std::size_t{1}, std::size_t{1000}}) {
      streaming<person> from{{ok(body), at_most}};
      EXPECT_EQ(from.all(), ann_and_boe) << body;
      EXPECT_EQ(from.failure.code(), gateway_errc::not_a_gateway);
      EXPECT_NE(from.failure.message().find(each.words), std::string::npos) << from.failure.message();
    }
  }
  streaming<person> inside{{ok(R"({"data":{"data":{"rows":[{"id":1,"name":"Ann"} {"id":2,"name":"Bo"}]}}})"), 1}};
  EXPECT_EQ(inside.all().size(), 1U);
  EXPECT_NE(inside.failure.message().find("$.data.data.rows: expected ',' or ']', found an object"), std::string::npos)
      << inside.failure.message();
}

TEST(WorkersqlStream, AValueThatDoesNotFitIsNamedByRowAndField) {
  streaming<person> from{
      {ok(R"({"success":true,"data":[{"id":1,"name":"Ann"},{"id":2,"name":"B\u00f6"},{"id":null,"name":"x"}]})"), 1}};
  EXPECT_EQ(from.all(), ann_and_boe);
  EXPECT_EQ(from.failure.code(), errc::unexpected_null);
  EXPECT_NE(from.failure.message().find("row 3 does not fit"), std::string::npos) << from.failure.message();
  struct other {
    std::int64_t id;
    std::string nam;
  };
  streaming<other> unfit{{ok(two)}};
  EXPECT_EQ(unfit.open().code(), errc::row_mismatch) << "as a query that it does not fit";
}

TEST(WorkersqlStream, NothingOfARowStaysInTheNext) {
  struct sparse {
    std::optional<std::int64_t> id;
    std::optional<std::string> name;
    std::optional<std::vector<int>> list;
  };
  streaming<sparse> from{
      {ok(R"({"data":[{"id":1,"name":"Ann","list":[1,2]},{"id":null,"name":"","list":null},{"list":[3]},{}]})"), 3}};
  const std::vector<sparse> rows = from.all();
  ASSERT_EQ(rows.size(), 4U) << from.failure.message();
  EXPECT_EQ(rows[0].list, (std::vector<int>{1, 2}));
  EXPECT_FALSE(rows[1].id || rows[1].list);
  EXPECT_EQ(rows[1].name, "");
  EXPECT_FALSE(rows[2].id || rows[2].name);
  EXPECT_EQ(rows[2].list, (std::vector<int>{3}));
  EXPECT_FALSE(rows[3].id || rows[3].name || rows[3].list);
}

TEST(WorkersqlStream, GivesDynamicRowsAndSingleValues) {
  streaming<dt::row> dynamic{{ok(two), 1}};
  const auto rows = dynamic.all();
  ASSERT_EQ(rows.size(), 2U) << dynamic.failure.message();
  EXPECT_EQ(rows[1].get<int>("id"), 2);
  streaming<bool> flags{{ok(R"({"data":[{"f":true},{"f":0},{"f":"true"}]})"), 1}};
  EXPECT_EQ(flags.all(), (std::vector<bool>{true, false, true})) << flags.failure.message();
}

TEST(WorkersqlStream, TheLimitIsOfARowAndOfWhatStandsAroundThem) {
  workersql::options how = plain_options();
  how.response_limit = 1000;
  const auto row = [](std::size_t size) { return R"({"id":1,"name":")" + std::string(size - 18, 'x') + "\"}"; };
  const auto rows = [&row](std::size_t count, std::size_t size) {
    std::string text = R"({"data":[)" + row(size);
    for (std::size_t i = 1; i < count; ++i) (text += ',') += row(size);
    return text + R"(],"success":true})";
  };
  for (const bool has_length : {true, false}) {
    const auto framed = [has_length](const std::string& body) { return has_length ? ok(body) : chunked(body, 100); };
    streaming<person> many{{framed(rows(20'000, 1000)), 100'000}, how};
    EXPECT_EQ(many.all().size(), 20'000U) << many.failure.message();
    EXPECT_FALSE(many.failure) << many.failure.message();
    EXPECT_LE(many.largest_buffer(), 300'000U);
    streaming<person> large{{framed(rows(3, 1001)), 1}, how};
    EXPECT_TRUE(large.all().empty());
    EXPECT_EQ(large.failure.code(), errc::frame_too_large);
    EXPECT_NE(large.failure.message().find("responseLimit"), std::string::npos) << large.failure.message();
    const std::string around = rows(3, 100);
    streaming<person> wide{{framed(around.substr(0, around.size() - 1) + R"(,"x":")" + std::string(1000, 'x') + "\"}")},
                           how};
    EXPECT_EQ(wide.all().size(), 3U);
    EXPECT_EQ(wide.failure.code(), errc::frame_too_large);
    streaming<person> other{{has_length ? answer("500 Oh", std::string(1001, 'x'))
                                        : "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"},
                            how};
    EXPECT_EQ(other.open().code(), errc::frame_too_large) << "of a failure all is read";
  }
}

TEST(WorkersqlStream, AWriteWhoseAnswerIsCutOffOrCannotBeReadMayHaveBeenExecuted) {
  const auto failure = [](std::string bytes) {
    streaming<person> from{{std::move(bytes), 1, true}};
    if (dt::error_info why = from.open("insert into people values (1, 'Ann') returning id, name")) return why;
    while (from.next()) continue;
    return from.failure;
  };
  const std::string whole = ok(two);
  EXPECT_FALSE(failure(whole));
  EXPECT_EQ(failure(whole.substr(0, whole.size() - 1)).code(), errc::outcome_unknown);
  EXPECT_EQ(failure(whole.substr(0, 12)).code(), errc::outcome_unknown);
  const dt::error_info torn = failure(ok(R"({"data":[{"id":1,"name":"Ann"},{"id":2,"name":]}],"success":true})"));
  EXPECT_EQ(torn.code(), errc::outcome_unknown);
  EXPECT_NE(torn.message().find("$.data[1].name"), std::string::npos) << torn.message();
  EXPECT_EQ(failure(ok(R"({"data":[{"id":1,"name":"Ann"}],"success":7})")).code(), errc::outcome_unknown);
  EXPECT_EQ(failure(answer("504 Gateway Timeout", "")).code(), errc::outcome_unknown);
  EXPECT_EQ(failure(ok(R"({"data":[{"id":1,"name":null}]})")).code(), errc::unexpected_null) << "it was executed";
}

TEST(WorkersqlStream, FailuresNameTheRequestAndWhenAskedForTheStatement) {
  workersql::options how = plain_options();
  how.include_statement_text = true;
  streaming<person> from{{ok(R"({"data":[{"id":1,"name":"Ann"},{"id":2}]})", "X-Request-ID: r-7\r\n"), 1}, how};
  EXPECT_EQ(from.all().size(), 1U);
  EXPECT_EQ(from.failure.statement(), "select * from people");
  streaming<person> torn{{ok(R"({"data":[{"id":1,"name":"Ann"},7]})", "X-Request-ID: r-7\r\n"), 1}};
  EXPECT_EQ(torn.all().size(), 1U);
  EXPECT_EQ(torn.failure.server().hint, "the request's id is r-7");
  EXPECT_EQ(torn.failure.statement(), "");
}

}  // namespace
