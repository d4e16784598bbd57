// The opening of a stream that fails at each of its steps, before any row came: repeated as a query is, blocking and
// awaited, and a write only where nothing was executed.
#include <dovetail/policy/metrics_observer.hpp>
#include <dovetail/workersql_async.hpp>

#include <support/http_peer.hpp>
#include <support/workersql_session.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

using namespace workersql_test;
using dt::condition;
using dt::test::http_call;
using dt::test::http_peer;
using namespace std::chrono_literals;

struct reading {
  std::int64_t id;
};

const std::string good = ok(R"({"success":true,"data":[{"id":1},{"id":2}]})");

/// What is repeated: nothing; a read; whatever was asked, for it was not executed.
enum class repeats { none, reads, all };

struct fault {
  const char* name;
  std::string said;  // and then the connection ends, if it is not whole
  repeats what;
  condition told;                         // when it is not repeated, or ever again
  condition write = condition{};          // of a write, where that is another one
  std::chrono::milliseconds pause = 0ms;  // that is asked for
};
void PrintTo(const fault& of, std::ostream* out) { *out << of.name; }

std::string failed(std::string_view status, std::string_view code, std::string_view fields = {}) {
  std::string body{R"({"success":false,"error":{"code":")"};
  return answer(status, body.append(code).append(R"(","message":"no"}})"), fields);
}
std::string cut(std::string_view rest) { return std::string{"HTTP/1.1 200 OK\r\nConnection: close\r\n"}.append(rest); }

constexpr condition lost = condition::connection;
constexpr condition unknown = condition::commit_unknown;

const fault faults[] = {
    {"NoAnswer", "", repeats::reads, lost, unknown},
    {"HalfAHead", cut("Content-Len"), repeats::reads, lost, unknown},
    {"NothingOfTheBody", cut("Content-Length: 43\r\n\r\n"), repeats::reads, lost, unknown},
    {"NothingOfTheRows", cut("Content-Length: 43\r\n\r\n{\"success\":true,\"data\":["), repeats::reads, lost, unknown},
    {"HalfOfTheFirstRow", cut("Content-Length: 43\r\n\r\n{\"success\":true,\"data\":[{\"id\""), repeats::reads, lost,
     unknown},
    {"NoFirstChunk", cut("Transfer-Encoding: chunked\r\n\r\n"), repeats::reads, lost, unknown},
    {"HalfAChunk", cut("Transfer-Encoding: chunked\r\n\r\n2b\r\n{\"success\":true,\"data\":["), repeats::reads, lost,
     unknown},
    {"NoLastChunk", cut("Transfer-Encoding: chunked\r\n\r\n19\r\n{\"success\":true,\"data\":[ \r\n"), repeats::reads,
     lost, unknown},
    {"TimedOut", failed("504 Gateway Timeout", "TIMEOUT_ERROR"), repeats::reads, condition::timeout},
    {"TimedOutInAnAnswerOfSuccess", failed("200 OK", "TIMEOUT_ERROR"), repeats::reads, condition::timeout},
    {"Unavailable", failed("503 Service Unavailable", "CONNECTION_ERROR"), repeats::reads, lost},
    {"Overloaded", failed("503 Service Unavailable", "RESOURCE_LIMIT"), repeats::all, condition::busy},
    {"Limited", failed("429 Too Many Requests", "RESOURCE_LIMIT", "Retry-After: 1\r\n"), repeats::all, condition::busy,
     condition{}, 1s},
    {"Refused", failed("400 Bad Request", "INVALID_QUERY"), repeats::none, condition::misuse},
    {"Forbidden", failed("403 Forbidden", "PERMISSION_ERROR"), repeats::none, condition::permission},
    {"NoGateway", ok("[]"), repeats::none, condition::protocol, unknown},
    {"RowsThatDoNotFit", ok(R"({"success":true,"data":[{"name":"Ann"}]})"), repeats::none, condition::mapping},
};

class WorkersqlStreamOpening : public testing::TestWithParam<std::tuple<fault, bool, bool>> {
 protected:
  const fault& what() const { return std::get<0>(GetParam()); }
  bool is_awaited() const { return std::get<1>(GetParam()); }
  bool is_write() const { return std::get<2>(GetParam()); }
  bool is_repeated() const { return what().what == repeats::all || (what().what == repeats::reads && !is_write()); }

  std::string dsn() const { return gateway.dsn("retryDelay=1&timeout=60s&healthCheckInterval=3600s"); }

  /// The rows' numbers put together; or the failure.
  dt::result<std::int64_t> sum() {
    const auto text = [this] {
      return dt::runtime(is_write() ? "insert into t(id) values (1) returning id" : "select id from t");
    };
    if (!is_awaited()) {
      workersql::client db{dsn()};
      auto rows = db.with(dt::as_result).stream<reading>(text());
      if (!rows) return rows.error();
      std::int64_t all = 0;
      for (const reading& each : *rows) all = all * 10 + each.id;
      return all;
    }
    asio::io_context io;
    workersql::async_client db{io.get_executor(), dsn()};
    const auto work = [&]() -> asio::awaitable<std::optional<dt::result<std::int64_t>>> {
      auto rows = co_await db.with(dt::as_result).stream<reading>(text());
      if (!rows) co_return rows.error();
      std::int64_t all = 0;
      for (;;) {
        const auto each = co_await rows->next();
        if (!each) co_return each.error();
        if (*each == nullptr) break;
        all = all * 10 + (*each)->id;
      }
      co_return all;
    };
    auto done = asio::co_spawn(io, work(), asio::use_future);
    io.run();
    return *done.get();
  }
  void check_failure(const dt::result<std::int64_t>& got, std::size_t requests) {
    ASSERT_FALSE(got);
    const bool is_other = is_write() && what().write != condition{};
    EXPECT_EQ(got.error().kind(), is_other ? what().write : what().told) << got.error().message();
    EXPECT_EQ(gateway.calls().size(), requests);
  }

  std::atomic<int> failures{1};
  http_peer gateway{[this](const http_call&, int number) { return number < failures ? what().said : good; }};
};

TEST_P(WorkersqlStreamOpening, IsRepeatedAsAQueryIs) {
  const auto since = dt::clock::now();
  const dt::result<std::int64_t> got = sum();
  if (!is_repeated()) return check_failure(got, 1);
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(*got, 12);
  EXPECT_EQ(gateway.calls().size(), 2U);
  EXPECT_GE(dt::clock::now() - since, what().pause);
  EXPECT_EQ(gateway.calls()[0].body, gateway.calls()[1].body);
}

TEST_P(WorkersqlStreamOpening, IsGivenUpAfterAsManyAttemptsAsAQuery) {
  failures = 100;
  check_failure(sum(), is_repeated() ? 3 : 1);
}

std::string name_of(const testing::TestParamInfo<WorkersqlStreamOpening::ParamType>& of) {
  return std::string{std::get<0>(of.param).name} + (std::get<1>(of.param) ? "Awaited" : "Blocking") +
         (std::get<2>(of.param) ? "Write" : "Read");
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, WorkersqlStreamOpening,
                         testing::Combine(testing::ValuesIn(faults), testing::Bool(), testing::Bool()), name_of);

// What came with a row is no opening any more: who has seen it must not see it twice.
TEST(WorkersqlStreamOpened, IsNotRepeated) {
  http_peer gateway{
      [](const http_call&, int) { return cut("Content-Length: 43\r\n\r\n{\"success\":true,\"data\":[{\"id\":1},"); }};
  workersql::client db{gateway.dsn("retryDelay=1")};
  auto rows = db.stream<reading>("select id from t");
  auto first = rows.next();
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->id, 1);
  const auto next = rows.next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().kind(), condition::connection);
  EXPECT_EQ(gateway.calls().size(), 1U);
}

// An observer is told of each attempt's failure, as with every operation.
TEST(WorkersqlStreamOpened, ItsRepetitionsAreCounted) {
  using counted = workersql::kept_client<dt::basic_client<workersql::connection, workersql::sdk_backoff,
                                                          workersql::keep_alive_pool, dt::metrics_observer>>;
  http_peer gateway{[](const http_call&, int number) { return number < 2 ? std::string{} : good; }};
  counted db{gateway.dsn("retryDelay=1")};
  EXPECT_TRUE(db.stream<reading>("select id from t").next());
  EXPECT_NE(db.watcher().prometheus("t").find("t_retries_total{operation=\"stream\"} 2"), std::string::npos)
      << db.watcher().prometheus("t");
}

}  // namespace
