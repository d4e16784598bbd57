#include <dovetail/codec/postgres/sqlstate.hpp>
#include <dovetail/codec/workersql/errc.hpp>
#include <dovetail/format/lensdb/status.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/transport/tls_session.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

// The specification's D20: programs look for the words "connection" and "timeout" in an error's text.

namespace {

namespace dt = dovetail;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Every way in which a failure gets its text.
std::vector<std::string> texts_of(const std::error_code& code) {
  std::vector<dt::error_info> all{dt::error_info{code}, dt::error_info{code, "while doing something"},
                                  dt::error_info{code, "a report:\n  of several lines"}};
  dt::server_fields fields;
  fields.message = "das System wird gestartet";
  fields.sqlstate = "57P03";
  fields.detail = "connection timeout";  // no text of the error: shown with statements only
  all.push_back(dt::error_info{code}.with_server(fields));
  all.push_back(dt::error_info{code}.with_server(fields).with_statement("select connection, timeout"));
  all.push_back(dt::error_info{code}.with_location(std::source_location::current()));
  std::vector<std::string> texts;
  for (const dt::error_info& each : all) {
    texts.push_back(each.message());
    texts.emplace_back(dt::error{each}.what());
    texts.push_back(each.describe("select connection, timeout"));
  }
  return texts;
}

// Checks a code's texts; gives the kind that it is.
dt::condition check(const std::error_code& code) {
  const dt::condition kind = dt::condition_of(code);
  if (kind != dt::condition::connection && kind != dt::condition::timeout) return kind;
  const std::string_view word = kind == dt::condition::timeout ? "timeout" : "connection";
  for (const std::string& text : texts_of(code)) {
    const std::string line = first_line(text);
    const std::size_t at = line.find(word);
    EXPECT_NE(at, std::string::npos) << code.category().name() << ' ' << code.value() << ": " << text;
    if (line.ends_with(')')) {
      EXPECT_EQ(line.find(word, at + 1), std::string::npos) << "twice: " << text;
    }
  }
  return kind;
}

template <class Kinds>
void expect_both(const Kinds& kinds) {
  EXPECT_TRUE(kinds.contains(dt::condition::connection));
  EXPECT_TRUE(kinds.contains(dt::condition::timeout));
}

TEST(ErrorWords, EveryConnectionAndTimeoutCodeOfTheLibraryNamesItsKind) {
  std::set<dt::condition> kinds;
  for (int value = 1; dt::error_category().message(value) != "unknown error"; ++value) {
    kinds.insert(check(static_cast<dt::errc>(value)));
  }
  expect_both(kinds);
}

TEST(ErrorWords, EveryCodeOfTheSystemNamesItsKind) {
  std::set<dt::condition> kinds;
  for (int value = 1; value < 140; ++value) {
    kinds.insert(check({value, std::generic_category()}));
    kinds.insert(check({value, std::system_category()}));
  }
  expect_both(kinds);
}

TEST(ErrorWords, EveryCodeOfAGatewayNamesItsKind) {
  std::set<dt::condition> kinds;
  for (int value = 1; value < 100; ++value) kinds.insert(check({value, dt::workersql::category()}));
  expect_both(kinds);
}

TEST(ErrorWords, EveryCodeOfAServerOfAFileAndOfTlsNamesItsKind) {
  std::set<dt::condition> kinds;
  for (const auto& each : dt::postgres::detail::sqlstate_classes) {
    std::string five{each.prefix};
    five.resize(5, '0');
    kinds.insert(check(dt::postgres::make_error_code(five)));
  }
  EXPECT_TRUE(kinds.contains(dt::condition::connection));
  kinds.clear();
  for (int value = 1; value < 0x10000; ++value) {
    if ((value & 0xFF) < 30) kinds.insert(check(dt::sqlite::make_error_code(value)));
  }
  EXPECT_TRUE(kinds.contains(dt::condition::connection));
  check({0x0A000086, dt::tls_category()});  // SSL routines: certificate verify failed
  for (int value = 1; value < 8; ++value) check({value, dt::lensdb::status_category()});
}

TEST(ErrorWords, TheWordStandsBehindWhatIsSaidAndBeforeTheServersCode) {
  EXPECT_EQ(dt::error_info{dt::errc::host_not_found}.message(), "the host name could not be resolved (connection)");
  EXPECT_EQ((dt::error_info{dt::errc::deadline_passed, "of query"}.message()),
            "of query: the deadline passed (timeout)");
  EXPECT_EQ((dt::error_info{dt::errc::no_suitable_server, "tried:\n  h1: read-only"}.message()),
            "tried: (connection)\n  h1: read-only");
  EXPECT_EQ(dt::error_info{dt::errc::connection_lost}.message(), "the connection was lost");
  dt::server_fields fields;
  fields.message = "too late";
  fields.sqlstate = "57P05";
  EXPECT_EQ(dt::error_info{dt::postgres::make_error_code("57P05")}.with_server(fields).message(),
            "too late (connection) [SQLSTATE 57P05]");
}

TEST(ErrorWords, OtherKindsAreAsTheyWere) {
  EXPECT_EQ(dt::error_info{dt::errc::cancelled}.message(), "the operation was cancelled");
  EXPECT_EQ(dt::error_info{}.message(), "Success");
}

}  // namespace
