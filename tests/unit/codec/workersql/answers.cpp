// The golden replies of specs/workersql.md, section 12, as they were observed; G1 to G28, M1 to M5.
#include <dovetail/codec/workersql/read_answer.hpp>
#include <dovetail/codec/workersql/row_target.hpp>

#include <dovetail/base/deadline.hpp>
#include <dovetail/row/row.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

namespace {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;
using workersql::reply_facts;
using workersql::sdk_code;
using namespace std::chrono_literals;

reply_facts read(std::string_view body) {
  reply_facts out;
  bool is_stopped = false;
  const dt::error_info failure = workersql::read_envelope(body, {}, out, is_stopped);
  EXPECT_FALSE(failure) << failure.message();
  EXPECT_FALSE(is_stopped);
  return out;
}

dt::error_info failure_of(unsigned status, std::string_view body) {
  reply_facts out;
  bool is_stopped = false;
  if (body.starts_with('{')) {
    EXPECT_FALSE(workersql::read_envelope(body, {}, out, is_stopped));
  }
  return workersql::detail::answer_failure(status, out.error, body);
}

template <class Row>
dt::result<dt::rows<dt::row_value_t<Row>>> rows_of(std::string_view body) {
  workersql::detail::all_rows<Row> target;
  reply_facts out;
  bool is_stopped = false;
  if (dt::error_info failure = workersql::read_envelope(body, target.sink(), out, is_stopped)) return failure;
  if (is_stopped) return target.take_failure();
  return target.value();
}

struct user {
  std::int64_t id;
  std::string name;
  bool active;
  double price;
  std::int64_t big;
  std::chrono::sys_seconds ts;
  std::optional<std::string> bin;
};

constexpr std::string_view g3 = R"({"success":true,"cached":false,"executionTime":2})";
constexpr std::string_view g4 =
    R"({"success":true,"data":{"rows":[{"id":1,"name":"Ann","active":"true","price":12.5,"big":9007199254740992,)"
    R"("ts":"2025-01-02 03:04:05","bin":null}],"metadata":{"fromCache":false,"shardId":"6dc3","executionTimeMs":0}},)"
    R"("cached":false,"executionTime":2})";
constexpr std::string_view g5 =
    R"({"success":true,"data":{"rows":[{"id":1,"name":"Ann","active":"true","price":12.5,"big":9007199254740992,)"
    R"("ts":"2025-01-02 03:04:05","bin":null}],"metadata":{"fromCache":false,"shardId":"6dc3","executionTimeMs":0}},)"
    R"("cached":true,"executionTime":0})";
constexpr std::string_view g6 =
    R"({"success":true,"data":[{"id":1,"name":"Ann","active":"true","price":12.5,"big":9007199254740992,)"
    R"("ts":"2025-01-02 03:04:05","bin":null}],"rowCount":1,"cached":false,"executionTime":2})";

TEST(WorkersqlAnswers, G3HasNoRowsAndSaysSo) {
  const reply_facts got = read(g3);
  EXPECT_TRUE(got.is_success);
  EXPECT_FALSE(got.has_data);
  EXPECT_FALSE(got.has_rows);
  EXPECT_EQ(got.execution_time, 2.0);
}

TEST(WorkersqlAnswers, G4G5AndG6GiveTheSameRow) {
  for (const std::string_view body : {g4, g5, g6}) {
    const auto got = rows_of<user>(body);
    ASSERT_TRUE(got) << got.error().message();
    ASSERT_EQ(got->size(), 1U);
    const user& ann = (*got)[0];
    EXPECT_EQ(ann.id, 1);
    EXPECT_EQ(ann.name, "Ann");
    EXPECT_TRUE(ann.active);
    EXPECT_EQ(ann.price, 12.5);
    EXPECT_EQ(ann.big, 9007199254740992);
    EXPECT_EQ(ann.ts, std::chrono::sys_days{2025y / 1 / 2} + 3h + 4min + 5s);
    EXPECT_FALSE(ann.bin);
  }
  EXPECT_FALSE(read(g4).is_cached);
  EXPECT_TRUE(read(g5).is_cached);
  EXPECT_EQ(read(g6).row_count, 1);
}

TEST(WorkersqlAnswers, G7G8AndM5TellWhatAWriteDid) {
  for (
      const std::string_view body :
      {R"({"success":true,"data":{"rows":[],"rowsAffected":1,"insertId":1,"metadata":{}},"cached":false,"executionTime":3})",
       R"({"success":true,"data":{"rowsAffected":1,"insertId":1},"cached":false,"executionTime":3})",
       R"({"success":true,"rowsAffected":1,"lastInsertId":1})",
       R"({"success":true,"data":[],"rowCount":1,"lastInsertId":"1"})"}) {
    const reply_facts got = read(body);
    EXPECT_EQ(got.rows_affected(), 1) << body;
    EXPECT_EQ(got.insert_id, 1) << body;
  }
}

TEST(WorkersqlAnswers, G9ToG12AreToldApartByTheirWords) {
  const auto g9 = failure_of(500, R"({"success":false,"error":"EdgeSQLError: Unique constraint violation"})");
  EXPECT_EQ(g9.code(), workersql::gateway_errc::constraint_violation);
  EXPECT_EQ(g9.kind(), dt::condition::constraint);
  EXPECT_TRUE(g9.code() == sdk_code::invalid_query);
  EXPECT_EQ(g9.server().message, "Unique constraint violation");
  const auto g10 = failure_of(500, R"({"success":false,"error":"EdgeSQLError: SQL syntax error"})");
  EXPECT_EQ(g10.code(), workersql::gateway_errc::syntax_error);
  EXPECT_EQ(g10.kind(), dt::condition::syntax);
  const auto g11 = failure_of(500, R"({"success":false,"error":"EdgeSQLError: no such table: nope: SQLITE_ERROR"})");
  EXPECT_EQ(g11.code(), workersql::gateway_errc::no_such_object);
  EXPECT_EQ(g11.kind(), dt::condition::not_found);
  const auto g12 =
      failure_of(500, R"({"success":false,"error":"EdgeSQLError: Wrong number of parameter bindings for SQL query."})");
  EXPECT_EQ(g12.code(), workersql::gateway_errc::wrong_bindings);
}

TEST(WorkersqlAnswers, G2G13G14AndG15AreTexts) {
  const auto g13 = failure_of(401, "Unauthorized");
  EXPECT_EQ(g13.code(), workersql::gateway_errc::unauthorized);
  EXPECT_EQ(g13.kind(), dt::condition::authentication);
  EXPECT_TRUE(g13.code() == sdk_code::auth_error);
  EXPECT_EQ(g13.server().message, "Unauthorized");
  const auto g14 = failure_of(400, "Invalid SQL request");
  EXPECT_EQ(g14.code(), workersql::gateway_errc::invalid_request);
  EXPECT_TRUE(g14.code() == sdk_code::invalid_query);
}

TEST(WorkersqlAnswers, G16AndG17CountTheirResults) {
  const reply_facts g16 = read(R"({"success":true,"data":{"results":[{"rowsAffected":4}],"totalRowsAffected":4}})");
  ASSERT_TRUE(g16.results);
  EXPECT_EQ(g16.results->size(), 1U);
  EXPECT_EQ(g16.rows_affected(), 4);
  const reply_facts g17 = read(R"({"success":true,"data":{"results":[],"totalRowsAffected":0}})");
  ASSERT_TRUE(g17.results);
  EXPECT_TRUE(g17.results->empty());
}

TEST(WorkersqlAnswers, G18ToG22SayWhatTheyCan) {
  EXPECT_EQ(failure_of(400, "Only INSERT/UPDATE/DELETE allowed in batch").code(),
            workersql::gateway_errc::invalid_request);
  EXPECT_EQ(failure_of(500, R"({"success":false,"error":"Batch failed"})").code(),
            workersql::gateway_errc::batch_failed);
  const auto g20 = failure_of(413, "Too many operations in batch");
  EXPECT_EQ(g20.code(), workersql::gateway_errc::too_large);
  EXPECT_FALSE(g20.is_transient());
  EXPECT_TRUE(g20.code() == sdk_code::resource_limit);
  EXPECT_EQ(failure_of(413, "Payload too large").code(), workersql::gateway_errc::too_large);
  const auto g22 = failure_of(500, "TypeError: Cannot read properties of undefined\n    at x (y:1:2)\n");
  EXPECT_EQ(g22.code(), workersql::gateway_errc::internal_error);
  EXPECT_EQ(g22.server().message, "TypeError: Cannot read properties of undefined");
}

TEST(WorkersqlAnswers, G23SendsAnObjectForBytesAndTheErrorSaysWhatToDo) {
  constexpr std::string_view body =
      R"({"success":true,"data":{"rows":[{"id":2,"name":"Bob","active":1,"price":null,"big":9007199254740992,"ts":null,)"
      R"("bin":{}}],"total":4}})";
  struct with_bytes {
    int id;
    std::vector<std::byte> bin;
  };
  const auto refused = rows_of<with_bytes>(body);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), dt::errc::malformed_value);
  EXPECT_NE(refused.error().message().find("hex(column)"), std::string::npos) << refused.error().message();
  struct without {
    int id;
    bool active;
    std::optional<double> price;
  };
  const auto got = rows_of<without>(body);
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE((*got)[0].active);
  EXPECT_FALSE((*got)[0].price);
}

TEST(WorkersqlAnswers, G24G25AndG28) {
  const auto g24 = failure_of(403, R"({"success":false,"error":"Forbidden"})");
  EXPECT_EQ(g24.code(), workersql::gateway_errc::forbidden);
  EXPECT_TRUE(g24.code() == sdk_code::permission_error);
  EXPECT_EQ(failure_of(500, "Internal Server Error").code(), workersql::gateway_errc::internal_error);
  EXPECT_FALSE(read(R"({"success":true,"cached":false,"executionTime":1})").has_data);
}

TEST(WorkersqlAnswers, M1IsStructured) {
  for (const unsigned status : {200U, 400U}) {
    const auto m1 = failure_of(
        status, R"({"success":false,"error":{"code":"INVALID_QUERY","message":"near \"SELEC\": syntax error",)"
                R"("details":{"errors":["a"]},"timestamp":"2025-01-01T00:00:00Z"}})");
    EXPECT_EQ(m1.code(), workersql::gateway_errc::syntax_error);
    const workersql::validation_error shown = workersql::validation_error_of(m1);
    EXPECT_EQ(to_string(shown.code), "INVALID_QUERY");
    EXPECT_EQ(shown.message, "near \"SELEC\": syntax error");
    EXPECT_EQ(shown.details, R"({"errors":["a"]})");
  }
}

TEST(WorkersqlAnswers, M2ToM4AreRead) {
  const auto m2 = failure_of(429, "Rate limit exceeded");
  EXPECT_EQ(m2.code(), workersql::gateway_errc::rate_limited);
  EXPECT_EQ(m2.kind(), dt::condition::busy);
  EXPECT_TRUE(m2.is_transient());
  const reply_facts m3 =
      read(R"({"success":true,"results":[{"success":true,"data":[],"rowCount":1}],"totalExecutionTime":3.5})");
  ASSERT_TRUE(m3.results);
  EXPECT_EQ(m3.results->front().rows_affected(), 1);
  EXPECT_EQ(m3.execution_time, 3.5);
}

TEST(WorkersqlAnswers, EveryCodeOfTheSdksIsKnown) {
  const auto kind = [](const char* code) {
    return failure_of(500, std::string{R"({"success":false,"error":{"code":")"} + code + R"(","message":"m"}})").code();
  };
  EXPECT_TRUE(kind("INVALID_QUERY") == sdk_code::invalid_query);
  EXPECT_TRUE(kind("CONNECTION_ERROR") == sdk_code::connection_error);
  EXPECT_TRUE(kind("TIMEOUT_ERROR") == sdk_code::timeout_error);
  EXPECT_TRUE(kind("AUTH_ERROR") == sdk_code::auth_error);
  EXPECT_TRUE(kind("PERMISSION_ERROR") == sdk_code::permission_error);
  EXPECT_TRUE(kind("RESOURCE_LIMIT") == sdk_code::resource_limit);
  EXPECT_TRUE(kind("INTERNAL_ERROR") == sdk_code::internal_error);
  EXPECT_TRUE(make_error_code(dt::errc::deadline_passed) == sdk_code::timeout_error);
  EXPECT_TRUE(make_error_code(dt::errc::connection_lost) == sdk_code::connection_error);
  EXPECT_FALSE(make_error_code(dt::errc::connection_lost) == sdk_code::internal_error);
}

TEST(WorkersqlAnswers, AnAnswerThatDoesNotSayWhetherItIsASuccessIsNone) {
  const auto judged = [](std::string_view body) {
    reply_facts out;
    bool is_stopped = false;
    return workersql::read_answer({200, body, {}}, {}, out, is_stopped).code();
  };
  for (const char* each : {"{}", R"({"status":"ok"})", R"({"login":"https://portal.example/","success":null})",
                           R"({"success":"true"})", R"({"cached":false,"executionTime":1})", R"({"type":"other"})"}) {
    EXPECT_EQ(judged(each), make_error_code(workersql::gateway_errc::not_a_gateway)) << each;
  }
  // G17, M3, the members of M5, and the answers of the SDKs' WebSocket dialect (section 3).
  for (const char* each : {R"({"success":true})", R"({"data":[]})", R"({"rowsAffected":0})", R"({"lastInsertId":1})",
                           R"({"rowCount":1})", R"({"results":[]})", R"({"id":"1","type":"response"})"}) {
    EXPECT_FALSE(judged(each)) << each;
  }
  EXPECT_TRUE(judged(R"({"id":"1","type":"error"})"));
  EXPECT_TRUE(judged(R"({"success":true,"type":"error"})"));
  EXPECT_TRUE(judged(R"({"type":"error","success":true})"));
}

TEST(WorkersqlAnswers, AGatewayThatDoesNotKnowWhetherItHasCommittedSaysSo) {
  // As our own gateway answers: 500, INTERNAL_ERROR, and the condition's name in details.reason.
  constexpr std::string_view body =
      R"({"success":false,"error":{"code":"INTERNAL_ERROR","message":"the answer to the commit was lost",)"
      R"("details":{"statement":1,"reason":"commit_unknown"},"timestamp":"2026-11-21T20:00:00.000Z"}})";
  const dt::error_info unknown = failure_of(500, body);
  EXPECT_EQ(unknown.code(), dt::errc::outcome_unknown);
  EXPECT_EQ(unknown.kind(), dt::condition::commit_unknown);
  EXPECT_EQ(unknown.server().message, "the answer to the commit was lost");
  EXPECT_EQ(unknown.server().detail, R"({"statement":1,"reason":"commit_unknown"})");
  for (const char* each : {R"({"reason":"server"})", R"("commit_unknown")", R"(["commit_unknown"])", "7", "null",
                           R"({"reason":{"reason":"commit_unknown"}})"}) {
    std::string other{body};
    other.replace(other.find(R"({"statement")"),
                  std::string_view{R"({"statement":1,"reason":"commit_unknown"})"}.size(), each);
    EXPECT_EQ(failure_of(500, other).code(), make_error_code(workersql::gateway_errc::internal_error)) << each;
  }
}

// docs/workersql_gateway.md: `details.reason` is the condition's name.
TEST(WorkersqlAnswers, AStructuredReasonIsBelievedBeforeTheWords) {
  const auto judged = [](const char* code, const char* reason, const char* words) {
    std::string body{R"({"success":false,"error":{"code":")"};
    body.append(code).append(R"(","message":")").append(words).append(R"(","details":{"reason":")");
    return failure_of(400, body.append(reason).append(R"("}}})"));
  };
  using workersql::gateway_errc;
  EXPECT_EQ(judged("INVALID_QUERY", "not_found", "no such table: constraint_timeout").code(),
            gateway_errc::no_such_object);
  EXPECT_EQ(judged("INVALID_QUERY", "constraint", "UNIQUE constraint failed: syntax.id").code(),
            gateway_errc::constraint_violation);
  EXPECT_EQ(judged("INVALID_QUERY", "constraint", "doppelter Wert").code(), gateway_errc::constraint_violation);
  EXPECT_EQ(judged("INVALID_QUERY", "syntax", "near 'constraint': unexpected").code(), gateway_errc::syntax_error);
  EXPECT_EQ(judged("INVALID_QUERY", "data", "value too long for type character varying(3)").kind(),
            dt::condition::data);
  EXPECT_EQ(judged("INVALID_QUERY", "unsupported", "syntax").kind(), dt::condition::unsupported);
  EXPECT_EQ(judged("RESOURCE_LIMIT", "serialization", "could not serialize access").kind(),
            dt::condition::serialization);
  EXPECT_EQ(judged("RESOURCE_LIMIT", "limit", "at capacity").kind(), dt::condition::limit);
  EXPECT_EQ(judged("RESOURCE_LIMIT", "busy", "too large a crowd").kind(), dt::condition::busy);
  EXPECT_EQ(judged("CONNECTION_ERROR", "connection", "timeout").kind(), dt::condition::connection);
  EXPECT_EQ(judged("INTERNAL_ERROR", "server", "out of memory, see constraint.log").kind(), dt::condition::server);
  EXPECT_EQ(judged("INTERNAL_ERROR", "authentication", "the gateway cannot use its database").kind(),
            dt::condition::server)
      << "our key is good";
  EXPECT_EQ(judged("INVALID_QUERY", "whatever it is", "no such table: t").code(), gateway_errc::no_such_object);
}

TEST(WorkersqlAnswers, ACodeOrAStatusIsBelievedBeforeTheWords) {
  const auto coded = [](unsigned status, const char* code, const char* words) {
    std::string body{R"({"success":false,"error":{"code":")"};
    return failure_of(status, body.append(code).append(R"(","message":")").append(words).append(R"("}})")).code();
  };
  using workersql::gateway_errc;
  EXPECT_EQ(coded(400, "INVALID_QUERY", "no column timeout"), gateway_errc::invalid_request);
  EXPECT_EQ(coded(400, "INVALID_QUERY", "a name that is too long"), gateway_errc::invalid_request);
  EXPECT_EQ(coded(400, "INVALID_QUERY", "near x: syntax error"), gateway_errc::syntax_error);
  EXPECT_EQ(coded(503, "RESOURCE_LIMIT", "a constraint on syntax"), gateway_errc::overloaded);
  EXPECT_EQ(coded(500, "INTERNAL_ERROR", "constraint check crashed"), gateway_errc::internal_error);
  EXPECT_EQ(coded(500, "INTERNAL_ERROR", "Batch failed"), gateway_errc::batch_failed);
  EXPECT_EQ(coded(429, "TOO_MANY", "no such luck"), gateway_errc::rate_limited) << "nobody's code: the status tells";
  EXPECT_EQ(coded(500, "SQLITE", "no such table: t"), gateway_errc::no_such_object) << "nothing but words";
  EXPECT_EQ(failure_of(400, "the timeout is no number").code(), gateway_errc::invalid_request);
  EXPECT_EQ(failure_of(500, "no such table: constraints").code(), gateway_errc::no_such_object);
}

// Our gateway's 404 and 405 have the code INVALID_QUERY, and "no such" in their words.
TEST(WorkersqlAnswers, APathThatIsNotThereIsNoMissingTable) {
  constexpr std::string_view path =
      R"({"success":false,"error":{"code":"INVALID_QUERY","message":"there is no such path","details":{}}})";
  for (const unsigned status : {404U, 405U, 410U}) {
    EXPECT_EQ(failure_of(status, path).code(), workersql::gateway_errc::not_found) << status;
  }
  EXPECT_EQ(failure_of(400, path).code(), workersql::gateway_errc::no_such_object);
  constexpr std::string_view table =
      R"({"success":false,"error":{"code":"INVALID_QUERY","message":"x","details":{"reason":"not_found"}}})";
  EXPECT_EQ(failure_of(404, table).code(), workersql::gateway_errc::no_such_object);
}

TEST(WorkersqlAnswers, WhatTheDatabaseSaysIsInTheFailure) {
  const auto got = failure_of(
      400, R"({"success":false,"error":{"code":"INVALID_QUERY","message":"m","details":{"sqlState":"23505",)"
           R"("constraint":"users_name_key","table":"users","column":"name","hint":"h","position":7,"statement":1}}})");
  EXPECT_EQ(got.code(), workersql::gateway_errc::constraint_violation) << "by the SQLSTATE";
  EXPECT_EQ(got.server().sqlstate, "23505");
  EXPECT_EQ(got.server().constraint, "users_name_key");
  EXPECT_EQ(got.server().table, "users");
  EXPECT_EQ(got.server().column, "name");
  EXPECT_EQ(got.server().hint, "h");
  EXPECT_EQ(got.server().position, 0) << "of the text as it was sent, which is not always the user's";
  // The documentation's object has it beside the code, and `details` is a text.
  const auto docs = failure_of(500, R"({"error":{"code":"X","message":"m","sqlState":"42P01","details":"d"}})");
  EXPECT_EQ(docs.code(), workersql::gateway_errc::no_such_object);
  EXPECT_EQ(docs.server().detail, "\"d\"");
  EXPECT_EQ(failure_of(500, R"({"error":{"message":"m","sqlState":"40001"}})").kind(), dt::condition::serialization);
  EXPECT_EQ(failure_of(500, R"({"error":{"message":"m","sqlState":5,"position":"x"}})").kind(), dt::condition::server);
}

TEST(WorkersqlAnswers, AStructuredErrorIsCutAndGivesNoControlCharactersToTerminals) {
  const auto loud =
      failure_of(500, R"({"error":{"code":"X\u001b[2J","message":"a\u0000b\u001b[31m\nc\u007f","hint":"\u0007"}})");
  EXPECT_EQ(loud.server().message, "a\\x00b\\x1B[31m\\nc\\x7F");
  EXPECT_EQ(loud.server().severity, "X\\x1B[2J");
  EXPECT_EQ(loud.server().hint, "\\x07");
  EXPECT_EQ(failure_of(500, "a\x1B[31m").server().message, "a\\x1B[31m");
  const auto huge = failure_of(500, R"({"error":{"code":"X","message":"m)" + std::string(1'000'000, 'x') + "\"}}");
  EXPECT_LE(huge.message().size(), 10'000U);
  std::string umlauts;
  for (int i = 0; i < 2000; ++i) umlauts += "\xC3\xA4";
  const std::string cut = failure_of(500, R"({"error":{"message":"m)" + umlauts + "\"}}").server().message;
  EXPECT_EQ(cut, "m" + umlauts.substr(0, 1998) + "...");
}

TEST(WorkersqlAnswers, ACountThatCannotBeReadIsNotZero) {
  for (const char* each : {"99999999999999999999", R"({"a":1})", "true", "[1]", R"("many")", "1.5"}) {
    for (const char* name : {"rowsAffected", "totalRowsAffected", "rowCount"}) {
      const std::string body = std::string{R"({"success":true,"data":{")"} + name + "\":" + each + "}}";
      reply_facts out;
      bool is_stopped = false;
      EXPECT_EQ(workersql::read_answer({200, body, {}}, {}, out, is_stopped).code(),
                make_error_code(workersql::gateway_errc::not_a_gateway))
          << body;
      EXPECT_EQ(workersql::read_answer({200, body, {}, true}, {}, out, is_stopped).code(), dt::errc::outcome_unknown)
          << body;
    }
  }
  EXPECT_EQ(read(R"({"success":true,"data":{"rowsAffected":null}})").rows_affected(), 0);
  EXPECT_EQ(read(R"({"success":true,"data":{"rowsAffected":"9007199254740993"}})").rows_affected(), 9007199254740993);
}

TEST(WorkersqlAnswers, ProxiesPagesAreNotQuoted) {
  const auto got = failure_of(502, "<html><body>Bad gateway</body></html>");
  EXPECT_EQ(got.code(), workersql::gateway_errc::unavailable);
  EXPECT_EQ(got.kind(), dt::condition::connection);
  EXPECT_TRUE(got.server().message.empty());
  EXPECT_EQ(failure_of(302, "").code(), workersql::gateway_errc::redirected);
}

// What nginx, Go's net/http and Apache say to a request in clear text.
TEST(WorkersqlAnswers, AServerThatWantsTlsIsBelieved) {
  for (const std::string_view said :
       {"<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "<p>Reason: You're speaking plain HTTP to an SSL-enabled server port.</p>"}) {
    EXPECT_NE(failure_of(400, said).server().hint.find("ssl=true"), std::string::npos) << said;
    EXPECT_TRUE(failure_of(500, said).server().hint.empty()) << said;
  }
  EXPECT_TRUE(failure_of(400, "no such thing").server().hint.empty());
}

TEST(WorkersqlAnswers, WhatIsNoJsonIsNamedWithItsPlace) {
  reply_facts out;
  bool is_stopped = false;
  const auto got = workersql::read_envelope(R"({"success":true,"data":[{"id":1})", {}, out, is_stopped);
  EXPECT_EQ(got.code(), workersql::gateway_errc::not_a_gateway);
  EXPECT_NE(got.message().find("line 1, column"), std::string::npos) << got.message();
  EXPECT_EQ(workersql::read_envelope("[]", {}, out, is_stopped).code(), workersql::gateway_errc::not_a_gateway);
  EXPECT_EQ(workersql::read_envelope(R"({} x)", {}, out, is_stopped).code(), workersql::gateway_errc::not_a_gateway);
}

struct pair_row {
  std::int64_t a;
  std::optional<std::string> b;
};

TEST(WorkersqlRows, KeysInAnyOrderAndMissingOnesAreTaken) {
  const auto got = rows_of<pair_row>(
      R"({"data":[{"a":1,"b":"x"},{"b":"y","a":2},{"a":3},{ "a" : 4 , "b" : null },{"c":0,"a":5,"b":"\u00e9\n"}]})");
  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->size(), 5U);
  EXPECT_EQ((*got)[1].a, 2);
  EXPECT_EQ((*got)[1].b, "y");
  EXPECT_EQ((*got)[2].b, std::nullopt);
  EXPECT_EQ((*got)[3].b, std::nullopt);
  EXPECT_EQ((*got)[4].b, "\xC3\xA9\n");
}

TEST(WorkersqlRows, AMisspelledColumnIsReportedAsInEveryBackend) {
  const auto got = rows_of<pair_row>(R"({"data":[{"a":1,"bb":"x"}]})");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), dt::errc::row_mismatch);
  EXPECT_NE(got.error().message().find("pair_row"), std::string::npos) << got.error().message();
  EXPECT_NE(got.error().message().find("bb"), std::string::npos) << got.error().message();
}

TEST(WorkersqlRows, AValueThatDoesNotFitIsNamedByRowFieldAndColumn) {
  const auto got = rows_of<pair_row>(R"({"data":[{"a":1,"b":"x"},{"a":"hush","b":"x"}]})");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), dt::errc::malformed_value);
  EXPECT_NE(got.error().message().find("row 2"), std::string::npos) << got.error().message();
  EXPECT_NE(got.error().message().find("'a'"), std::string::npos);
  EXPECT_EQ(got.error().message().find("hush"), std::string::npos);
}

TEST(WorkersqlRows, NumbersAreExactOrRefused) {
  EXPECT_EQ((*rows_of<std::int64_t>(R"({"data":[{"n":"9007199254740993"}]})"))[0], 9007199254740993);
  EXPECT_EQ((*rows_of<std::int64_t>(R"({"data":[{"n":9223372036854775807}]})"))[0], 9223372036854775807);
  EXPECT_EQ((*rows_of<int>(R"({"data":[{"n":1e3}]})"))[0], 1000);
  EXPECT_EQ(rows_of<std::int8_t>(R"({"data":[{"n":300}]})").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(rows_of<int>(R"({"data":[{"n":1.5}]})").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(rows_of<int>(R"({"data":[{"n":null}]})").error().code(), dt::errc::unexpected_null);
  EXPECT_EQ((*rows_of<double>(R"({"data":[{"n":1}]})"))[0], 1.0);
  EXPECT_EQ(to_string((*rows_of<dt::decimal>(R"({"data":[{"n":1.50},{"n":"2.50"}]})"))[1]), "2.50");
}

TEST(WorkersqlRows, DynamicRowsKeepEveryColumn) {
  const auto got = rows_of<dt::row>(R"({"data":[{"i":1,"r":1.5,"s":"x","b":true,"n":null,"o":{"k":[1]}}]})");
  ASSERT_TRUE(got) << got.error().message();
  const dt::row& row = (*got)[0];
  EXPECT_EQ(row.get<int>("i"), 1);
  EXPECT_EQ(row.get<double>("r"), 1.5);
  EXPECT_EQ(row.get<std::string>("s"), "x");
  EXPECT_TRUE(row.get<bool>("b"));
  EXPECT_TRUE(row.is_null("n"));
  EXPECT_EQ(row[5].text(), R"({"k":[1]})");
}

TEST(WorkersqlRows, AKeyGivenTwiceIsAnError) {
  EXPECT_EQ(rows_of<int>(R"({"data":[{"n":1,"n":2}]})").error().code(), workersql::gateway_errc::not_a_gateway);
  EXPECT_EQ(rows_of<int>(R"({"data":[{"n":1},{"n":1,"n":2}]})").error().code(), workersql::gateway_errc::not_a_gateway);
}

TEST(WorkersqlRows, ManyRowsAreAllRead) {
  std::string body = R"({"success":true,"data":{"rows":[)";
  for (int i = 0; i < 1000; ++i) {
    if (i != 0) body += ',';
    body += R"({"a":)" + std::to_string(i) + R"(,"b":"x"})";
  }
  body += "]}}";
  const auto got = rows_of<pair_row>(body);
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1000U);
  EXPECT_EQ((*got)[999].a, 999);
}

struct many_kinds {
  std::int64_t id;
  std::string name;
  double price;
  std::optional<bool> active;
  std::optional<std::chrono::sys_seconds> at;
  std::vector<int> list;

  friend bool operator==(const many_kinds&, const many_kinds&) = default;
};

TEST(WorkersqlRows, ARowReadsTheSameWhereverItStands) {
  const std::string first = R"({"id":1,"name":"x","price":0.5,"active":true,"at":"2025-01-02 03:04:05","list":[1,2]})";
  for (const std::string_view row : {
           R"({"id":-7,"name":"","price":1e3,"active":null,"at":null,"list":[]})",
           R"({"id":"9007199254740993","name":"a\"\u00e9","price":3,"active":"true","at":0,"list":[ 1 , 2 ]})",
           R"({"id":5.0,"name":"x","price":-0,"active":0,"at":"2025-01-02 03:04:05","list":[3]})",
           R"({ "id" : 1e3 , "name" : "x" , "price" : 2 , "active" : false , "at" : null , "list" : [3] })",
           R"({"list":[1],"at":null,"active":1,"price":2.25,"name":"y","id":true})",
           R"({"id":2,"name":"x","price":1,"list":[4]})",
           R"({"id":2,"name":"x","price":1,"active":null,"at":null,"list":[4],"more":{"a":[]}})",
           R"({"id":2,"name":"x","price":1,"active":null,"at":null,"list":[4],"id2":7})",
       }) {
    const auto alone = rows_of<many_kinds>(R"({"data":[)" + std::string{row} + "]}");
    const auto second = rows_of<many_kinds>(R"({"data":[)" + first + "," + std::string{row} + "," + first + "]}");
    if (row.find("active") != row.npos) {
      ASSERT_TRUE(alone) << alone.error().message();
    }
    ASSERT_TRUE(second) << row << ": " << second.error().message();
    ASSERT_EQ(second->size(), 3U);
    if (alone) {
      EXPECT_EQ((*second)[1], (*alone)[0]) << row;
    }
    EXPECT_EQ((*second)[2], (*second)[0]) << row;
    EXPECT_EQ((*second)[0].list, (std::vector<int>{1, 2}));
  }
}

/// The only row of an answer, as query_one and query_optional read it.
template <class Row, bool MayBeNone = false>
dt::result<typename workersql::detail::one_row<Row, MayBeNone>::value_type> one_of(std::string_view rows) {
  workersql::detail::one_row<Row, MayBeNone> target;
  reply_facts out;
  bool is_stopped = false;
  const std::string body = R"({"success":true,"data":)" + std::string{rows} + "}";
  if (dt::error_info failure = workersql::read_envelope(body, target.sink(), out, is_stopped)) return failure;
  if (is_stopped) return target.take_failure();
  if (dt::error_info failure = target.finish(out)) return failure;
  return target.value();
}

TEST(WorkersqlRows, OneRowIsReadAsItIsAmongOthers) {
  for (const std::string_view row : {
           R"({"id":-7,"name":"","price":1e3,"active":null,"at":null,"list":[]})",
           R"({"id":"9007199254740993","name":"a\"\u00e9","price":3,"active":"true","at":0,"list":[ 1 , 2 ]})",
           R"({ "id" : 1e3 , "name" : "x" , "price" : 2 , "active" : false , "at" : null , "list" : [3] })",
           R"({"\u0069d":3,"name":"x","price":2,"active":1,"at":null,"list":[3]})",
           R"({"list":[1],"at":null,"active":1,"price":2.25,"name":"y","id":true})",
           R"({"id":2,"name":"x","price":1,"active":null,"at":null,"list":[4],"more":{"a":[]}})",
           R"({"id":2,"name":"x","price":1,"active":null,"at":null,"list":[4],"id":7})",
           R"({"id":2,"name":"x","price":1,"active":null,"at":null})",
           R"({"id":null,"name":"x","price":1,"active":null,"at":null,"list":[]})",
           R"({"id":1,"name":"x","price":"1","active":null,"at":null,"list":[]})",
           R"({"id":1,"name":"x","price":1,"active":null,"at":null,"list":["a"]})",
           R"({"id":1,"name":"\q","price":1,"active":null,"at":null,"list":[]})",
           R"({"id":1,"name":"x","price":1,"active":null,"at":null,"list":[]]})",
       }) {
    const std::string rows = "[" + std::string{row} + "]";
    const auto among = rows_of<many_kinds>(R"({"success":true,"data":)" + rows + "}");
    const auto alone = one_of<many_kinds>(rows);
    const auto maybe = one_of<many_kinds, true>(rows);
    ASSERT_EQ(alone.has_value(), among.has_value()) << row;
    ASSERT_EQ(maybe.has_value(), among.has_value()) << row;
    if (among) {
      EXPECT_EQ(*alone, (*among)[0]) << row;
      EXPECT_EQ(*maybe, (*among)[0]) << row;
    } else {
      EXPECT_EQ(alone.error().message(), among.error().message());
    }
  }
  const std::string_view two = R"([{"a":1,"b":"x"},{"a":2,"b":"y"}])";
  EXPECT_EQ(one_of<pair_row>(two).error().code(), dt::errc::too_many_rows);
  EXPECT_EQ(one_of<pair_row>("[]").error().code(), dt::errc::no_row);
  EXPECT_FALSE((*one_of<pair_row, true>("[]")));
}

struct quoted {
  int first;
  int second;
};
struct snake {
  int userId;  // NOLINT
};
struct nested {
  int id;
  pair_row other;
};

}  // namespace

template <>
struct dovetail::describe<quoted> {
  static constexpr auto fields =
      std::tuple{dovetail::field<"a\"b">(&quoted::first), dovetail::field<"\xC3\xA9">(&quoted::second)};
};
template <>
inline constexpr dovetail::name_style dovetail::name_style_of<snake> = dovetail::name_style::snake_case;

namespace {

TEST(WorkersqlRows, KeysAreExpectedOnlyWhereThereIsOneWayToWriteThem) {
  using workersql::detail::has_expected_keys;
  static_assert(has_expected_keys<pair_row> && has_expected_keys<many_kinds>);
  static_assert(!has_expected_keys<quoted> && !has_expected_keys<snake> && !has_expected_keys<nested>);
  static_assert(!has_expected_keys<std::optional<pair_row>> && !has_expected_keys<dt::by_position<pair_row>>);
  static_assert(!has_expected_keys<int> && !has_expected_keys<std::tuple<int, int>> && !has_expected_keys<dt::row>);
  static_assert(workersql::detail::expected_keys<pair_row>[1].written == R"("b":)");
  const auto got = rows_of<quoted>(R"({"data":[{"a\"b":1,"\u00e9":2},{"é":4,"a\u0022b":3}]})");
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ((*got)[0].second, 2);
  EXPECT_EQ((*got)[1].first, 3);
  EXPECT_EQ((*got)[1].second, 4);
  EXPECT_EQ((*rows_of<snake>(R"({"data":[{"user_id":5}]})"))[0].userId, 5);
}

TEST(WorkersqlRows, AMistakeIsTheSameWhereverItsRowStands) {
  const std::string first = R"({"id":1,"name":"x","price":0.5,"active":true,"at":null,"list":[1,2]})";
  for (const std::string_view row : {
           R"({"id":null,"name":"x","price":1,"active":null,"at":null,"list":[]})",
           R"({"id":1.5,"name":"x","price":1,"active":null,"at":null,"list":[]})",
           R"({"id":99999999999999999999,"name":"x","price":1,"active":null,"at":null,"list":[]})",
           R"({"id":1,"name":2,"price":1,"active":null,"at":null,"list":[]})",
           R"({"id":1,"name":"x","price":"1","active":null,"at":null,"list":[]})",
           R"({"id":1,"name":"x","price":1,"active":2,"at":null,"list":[]})",
           R"({"id":1,"name":"x","price":1,"active":null,"at":"soon","list":[]})",
           R"({"id":1,"name":"x","price":1,"active":null,"at":null,"list":["a"]})",
           R"({"id":1,"name":"x","price":1,"active":null,"at":null,"list":null})",
           R"({"id":1,"name":"x","price":{"a":1},"active":null,"at":null,"list":[]})",
       }) {
    const auto alone = rows_of<many_kinds>(R"({"data":[)" + std::string{row} + "]}");
    const auto second = rows_of<many_kinds>(R"({"data":[)" + first + "," + std::string{row} + "]}");
    ASSERT_FALSE(alone) << row;
    ASSERT_FALSE(second) << row;
    EXPECT_EQ(second.error().code(), alone.error().code()) << row;
    std::string expected{alone.error().message()};
    const std::size_t number = expected.find("row 1");
    ASSERT_NE(number, std::string::npos) << expected;
    expected.replace(number, 5, "row 2");
    EXPECT_EQ(std::string{second.error().message()}, expected);
  }
}

TEST(WorkersqlRows, WhatIsNoJsonInALaterRowIsNamedWithItsPlace) {
  for (const std::string_view row :
       {R"({"a":1,"b":"x")", R"({"a":1,"b":"x"]})", R"({"a":1 "b":"x"}])", R"({"a":1,"b":"\q"}])",
        R"({"a":01,"b":"x"}])", R"({"a":1,"b":nul}])", R"({"a":1,"b":"x",}])", R"({"a":1,"b":"x","b":"y"}])",
        R"({"a":"no","b":"\q"}])", R"(7])"}) {
    const std::string body = R"({"data":[{"a":1,"b":"x"},)" + std::string{row} + "}";
    const auto got = rows_of<pair_row>(body);
    ASSERT_FALSE(got) << row;
    EXPECT_EQ(got.error().code(), workersql::gateway_errc::not_a_gateway) << row;
    EXPECT_NE(got.error().message().find("column"), std::string::npos) << got.error().message();
  }
}

TEST(WorkersqlRows, WhatIsNoJsonHasItsPathFromTheOutsideToTheInside) {
  struct torn {
    std::string_view body;
    std::string_view path;
  };
  for (const torn& each : {
           torn{R"({"success":true,"data":[{"a":1,"b":"x"},{"a":2,"b":"\q"}]})", ", $.data[1].b: "},
           torn{R"({"data":[{"a":01,"b":"x"}]})", ", $.data[0].a: "},
           torn{R"({"data":{"rows":[{"a":1,"b":"x"},{"b":"y","a":-}]}})", ", $.data.rows[1].a: "},
           torn{R"({"data":{"data":[{"a":1,"b":"x"},{"a":2,"b":"x","more":[1,]}]}})", ", $.data.data[1].more: "},
           torn{R"({"data":[{"a":1,"b":"x"},{"a":2,"b":"x"},7]})", ", $.data[2]: expected a row"},
           torn{R"({"data":[{"a":1,"b":"x"} {"a":2,"b":"x"}]})", ", $.data: expected ',' or ']'"},
           torn{R"({"data":[{"a":1,"b":"x"}],"success":1})", ", $.success: expected 'success' to be true or false"},
           torn{R"({"data":{"rowsAffected":"x"}})", ", $.data.rowsAffected: "},
           torn{R"({"results":[{"rowsAffected":1},{"rowsAffected":[]}]})", ", $.results[1].rowsAffected: "},
           torn{R"({"error":{"details":{"reason":"\q"}}})", ", $.error.details.reason: "},
       }) {
    const auto got = rows_of<pair_row>(each.body);
    ASSERT_FALSE(got) << each.body;
    EXPECT_EQ(got.error().code(), workersql::gateway_errc::not_a_gateway);
    EXPECT_NE(got.error().message().find(each.path), std::string::npos) << got.error().message();
  }
  // Of rows that are passed over too, and of the only one.
  workersql::detail::all_rows<pair_row> some{1};
  workersql::detail::one_row<pair_row, false> one;
  reply_facts out;
  bool is_stopped = false;
  const auto passed =
      workersql::read_envelope(R"({"data":[{"a":1,"b":"x"},{"a":2},{"a":nul}]})", some.sink(), out, is_stopped);
  EXPECT_NE(passed.message().find(", $.data[2]: "), std::string::npos) << passed.message();
  out = {};
  const auto alone = workersql::read_envelope(R"({"data":[{"a":nul,"b":"x"}]})", one.sink(), out, is_stopped);
  EXPECT_NE(alone.message().find(", $.data[0].a: "), std::string::npos) << alone.message();
}

TEST(WorkersqlRows, KeysMayBeWrittenWithEscapes) {
  const auto got = rows_of<pair_row>(
      R"({"data":[{"\u0061":1,"\u0062":"x"},{"\u0061":2,"\u0062":"y"},{"a":3,"b":"z"},{"b":"w","\u0061":4}]})");
  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ((*got)[i].a, static_cast<std::int64_t>(i + 1));
  EXPECT_EQ((*got)[3].b, "w");
  EXPECT_EQ(rows_of<dt::row>(R"({"data":[{"\u0061b":1,"\u0062":2},{"\u0062":4,"ab":3}]})").value()[1].get<int>("ab"),
            3);
}

TEST(WorkersqlRows, AnAnswerOfSeveralRowsThatBreaksOffIsAnError) {
  const std::string_view body = R"({"success":true,"data":[{"a":1,"b":"x"},{"a":22,"b":null},{"a":-3,"b":"\u00e9"}]})";
  for (std::size_t size = 0; size < body.size(); ++size) {
    const std::string prefix{body.substr(0, size)};
    EXPECT_FALSE(rows_of<pair_row>(prefix)) << prefix;
  }
  EXPECT_TRUE(rows_of<pair_row>(body));
}

TEST(WorkersqlRows, EveryPrefixOfAnAnswerIsAnErrorAndNoCrash) {
  for (std::size_t size = 0; size < g4.size(); ++size) {
    const std::string prefix{g4.substr(0, size)};
    EXPECT_FALSE(rows_of<user>(prefix)) << prefix;
  }
}

struct wrong_member {
  std::string_view body;
  std::string_view words;
};

TEST(WorkersqlAnswers, AMemberOfAnotherTypeIsNamedWithWhatWasFound) {
  constexpr wrong_member all[] = {
      {R"({"success":"yes"})", "expected 'success' to be true or false, found a string"},
      {R"({"success":1,"data":[]})", "expected 'success' to be true or false, found a number"},
      {R"({"success":true,"data":5})", "expected 'data' to be a list of rows or an object, found a number"},
      {R"({"success":true,"data":"rows"})", "expected 'data' to be a list of rows or an object, found a string"},
      {R"({"success":true,"data":true})", "expected 'data' to be a list of rows or an object, found a boolean"},
      {R"({"success":true,"data":{"rows":{}}})", "expected 'rows' to be a list of rows, found an object"},
      {R"({"success":true,"data":{"rows":"none"}})", "expected 'rows' to be a list of rows, found a string"},
      {R"({"success":true,"data":{"metadata":[]}})", "expected 'metadata' to be an object, found an array"},
      {R"({"success":true,"data":{"metadata":{"fromCache":0}}})", "expected 'fromCache' to be true or false, found a"},
      {R"({"success":true,"data":{"metadata":{"executionTimeMs":"2"}}})", "'executionTimeMs' to be a number, found a"},
      {R"({"success":true,"cached":"no"})", "expected 'cached' to be true or false, found a string"},
      {R"({"success":true,"executionTime":"2 ms"})", "expected 'executionTime' to be a number, found a string"},
      {R"({"success":true,"totalExecutionTime":[2]})", "expected 'totalExecutionTime' to be a number, found an array"},
      {R"({"success":true,"rowsAffected":"x"})", "expected 'rowsAffected' to be an integer of 64 bits, found a string"},
      {R"({"success":true,"rowsAffected":true})",
       "expected 'rowsAffected' to be an integer of 64 bits, found a boolean"},
      {R"({"success":true,"rowsAffected":1.5})", "expected 'rowsAffected' to be an integer of 64 bits, found a number"},
      {R"({"success":true,"data":{"totalRowsAffected":[]}})", "expected 'totalRowsAffected' to be an integer of 64"},
      {R"({"success":true,"rowCount":{}})", "expected 'rowCount' to be an integer of 64 bits, found an object"},
      {R"({"success":true,"data":[],"data":[]})", "'data' is given twice"},
      {R"({"success":true,"data":{"rows":[]},"data":{"rowsAffected":1}})", "'data' is given twice"},
      {R"({"success":true,"data":{"rows":[],"rows":[]}})", "'rows' is given twice"},
      {R"({"success":true,"data":{"rows":[],"data":[]}})", "'data' is given twice"},
      {R"({"success":1rue})", "expected ',' or '}', found 'r'"},
      {R"({"success":true,"results":3})", "expected 'results' to be a list, found a number"},
      {R"({"success":true,"results":[3]})", "expected 'results' to be a list of objects, found a number"},
      {R"({"success":true,"results":[{"success":"no"}]})", "expected 'success' to be true or false, found a string"},
      {R"({"success":true,"data":{"transactionId":7}})", "expected 'transactionId' to be text, found a number"},
      {R"({"success":true,"error":5})", "expected 'error' to be text or an object, found a number"},
      {R"({"success":true,"error":false})", "expected 'error' to be text or an object, found a boolean"},
  };
  for (const wrong_member& each : all) {
    reply_facts out;
    bool is_stopped = false;
    const dt::error_info read =
        workersql::read_answer({.status = 200, .body = each.body}, workersql::rows_sink{}, out, is_stopped);
    EXPECT_EQ(read.code(), workersql::gateway_errc::not_a_gateway) << each.body;
    EXPECT_EQ(read.kind(), dt::condition::protocol) << each.body;
    EXPECT_NE(read.message().find(each.words), std::string::npos) << each.body << "\n" << read.message();
    reply_facts of_write;
    const dt::error_info written = workersql::read_answer({.status = 200, .body = each.body, .is_write = true},
                                                          workersql::rows_sink{}, of_write, is_stopped);
    EXPECT_EQ(written.code(), dt::errc::outcome_unknown) << each.body;
    EXPECT_NE(written.message().find(each.words), std::string::npos) << each.body << "\n" << written.message();
  }
}

// The specification gives `lastInsertId` no type; PHP's is text, or false.
TEST(WorkersqlAnswers, AnIdentifierThatIsNoIntegerIsNone) {
  for (const std::string_view id :
       {R"("")", "false", R"("6ba7b810-9dad-11d1-80b4-00c04fd430c8")", "1e+21", "{}", "9007199254740993000000"}) {
    for (const std::string_view name : {"insertId", "lastInsertId"}) {
      std::string body{R"({"success":true,"rowsAffected":1,")"};
      body.append(name).append("\":").append(id).append("}");
      reply_facts out;
      bool is_stopped = false;
      const dt::error_info read = workersql::read_answer({.status = 200, .body = body, .is_write = true},
                                                         workersql::rows_sink{}, out, is_stopped);
      EXPECT_FALSE(read) << body << "\n" << read.message();
      EXPECT_EQ(out.rows_affected(), 1) << body;
      EXPECT_EQ(out.insert_id, std::nullopt) << body;
    }
  }
}

// A message over WebSocket may hold a whole answer, and null is no member.
TEST(WorkersqlAnswers, DataWithinDataAndNullAreNoSecondOnes) {
  EXPECT_TRUE(read(R"({"type":"response","data":{"success":true,"data":[]}})").has_rows);
  EXPECT_TRUE(read(R"({"success":true,"data":null,"data":{"rows":null,"rows":[]}})").has_rows);
  EXPECT_EQ(read(R"({"success":true,"results":[{"data":[]},{"data":[]}],"data":[]})").results->size(), 2U);
}

// null is no member; counts may stand in quotes (specification, sections 1.2 and 10); of a failure all is taken that
// can be read.
TEST(WorkersqlAnswers, WhatMayHaveSeveralTypesIsReadInEach) {
  for (const std::string_view body : {
           R"({"success":true,"data":null,"cached":null,"executionTime":null,"error":null,"results":null})",
           R"({"success":true,"data":{"rows":null,"metadata":null,"rowsAffected":null,"insertId":null}})",
           R"({"success":true,"rowsAffected":"3","lastInsertId":"9007199254740993","transactionId":null})",
           R"({"success":true,"unknown":[{"success":"yes"}],"id":7,"type":null})",
       }) {
    reply_facts out;
    bool is_stopped = false;
    const dt::error_info read = workersql::read_answer({.status = 200, .body = body, .is_write = true},
                                                       workersql::rows_sink{}, out, is_stopped);
    EXPECT_FALSE(read) << body << "\n" << read.message();
  }
  reply_facts out;
  bool is_stopped = false;
  const dt::error_info failed = workersql::read_answer(
      {.status = 500,
       .body = R"({"success":"no","cached":"?","error":{"code":"INVALID_QUERY","message":"no such table: t"}})"},
      workersql::rows_sink{}, out, is_stopped);
  EXPECT_EQ(failed.code(), workersql::gateway_errc::no_such_object);
}

std::string row_of(int keys, bool is_forwards, std::string_view more = {}) {
  std::string text{"{"};
  for (int i = 0; i < keys; ++i) {
    const int each = is_forwards ? i : keys - 1 - i;
    text.append(i == 0 ? "\"k" : ",\"k").append(std::to_string(each)).append("\":").append(std::to_string(each));
  }
  return text.append(more).append("}");
}

TEST(WorkersqlRows, ManyColumnsAreFoundByNameAndEachIsThereOnce) {
  const auto got = rows_of<dt::row>(R"({"data":[)" + row_of(100, true) + "," + row_of(100, false, R"(,"other":1)") +
                                    "," + row_of(7, false) + "]}");
  ASSERT_TRUE(got) << got.error().message();
  ASSERT_EQ(got->size(), 3U);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ((*got)[0][i].integer(), static_cast<std::int64_t>(i));
    EXPECT_EQ((*got)[1][i].integer(), static_cast<std::int64_t>(i));
    EXPECT_EQ((*got)[2][i].is_null(), i >= 7) << i;
  }
  const std::string twice = R"(,"k3":1)";
  for (const std::string& rows : {row_of(100, true, twice), row_of(100, true) + "," + row_of(100, false, twice)}) {
    const auto refused = rows_of<dt::row>(R"({"data":[)" + rows + "]}");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("the key \"k3\" is given twice"), std::string::npos)
        << refused.error().message();
  }
}

TEST(WorkersqlRows, ColumnsByTheThousandsAreNotEachComparedWithEach) {
  const auto began = dt::clock::now();
  const auto widest = rows_of<dt::row>(R"({"data":[)" + row_of(32767, true) + "," + row_of(32767, false) + "]}");
  ASSERT_TRUE(widest) << widest.error().message();
  EXPECT_EQ((*widest)[1][32766].integer(), 32766);
  const auto wider = rows_of<dt::row>(R"({"data":[)" + row_of(300'000, true) + "]}");
  ASSERT_FALSE(wider);
  EXPECT_EQ(wider.error().code(), workersql::gateway_errc::not_a_gateway);
  EXPECT_NE(wider.error().message().find("more keys than a result has columns"), std::string::npos);
  EXPECT_LT(dt::clock::now() - began, 20s);  // minutes, if they were
}

}  // namespace
