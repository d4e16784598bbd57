// Streams of rows from a gateway that is still sending them: memory, the time limit, cancellation, the connection.
#include <dovetail/workersql_async.hpp>

#include <support/counted_memory.hpp>
#include <support/http_peer.hpp>
#include <support/workersql_session.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace workersql_test;
using dt::test::accepted_stream;
using dt::test::http_call;
using dt::test::socket_server;
using namespace std::chrono_literals;

struct reading {
  std::int64_t id;
  std::string text;
};

constexpr std::string_view front = R"({"success":true,"data":[)";
constexpr std::string_view first = R"({"id":1,"text":"x"})";
constexpr std::string_view second = R"(,{"id":2,"text":"y"})";
constexpr std::string_view behind = R"(],"cached":false})";

std::string head(std::size_t size) { return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n"; }

/// Answers each request of a connection, one connection after the other, by `answer(peer, number of the request)`;
/// false closes the connection.
class sender {
 public:
  template <class Answer>
  explicit sender(Answer answer)
      : server_([this, answer = std::move(answer)](accepted_stream& peer) {
          std::string unread;
          for (http_call call; dt::test::read_call(peer, unread, call);) {
            if (!answer(peer, requests_++)) break;
          }
          peer.close();
        }) {}
  std::string dsn(std::string_view parameters = "") const {
    return "workersql://127.0.0.1:" + std::to_string(server_.port()) + "/test?ssl=false&apiKey=J&" +
           std::string{parameters};
  }
  int accepted() const { return server_.accepted(); }

 private:
  std::atomic<int> requests_{0};
  socket_server server_;
};

void rethrow(std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

// 200 MB of rows, in blocks that are sent again and again.
constexpr std::size_t rows_in_block = 100;
constexpr std::size_t blocks = 2000;
constexpr std::size_t all_rows = rows_in_block * blocks;

std::string block_of_rows() {
  std::string text;
  for (std::size_t i = 0; i < rows_in_block; ++i) {
    text.append(R"({"id":7,"text":")").append(1000, 'x').append("\"},");
  }
  return text;
}

bool send_many(accepted_stream& peer, bool is_chunked) {
  static const std::string block = block_of_rows();
  const std::string last = std::string{first} + std::string{behind};
  if (!is_chunked) {
    if (!peer.write(head(front.size() + blocks * block.size() + last.size()) + std::string{front})) return false;
    for (std::size_t i = 0; i < blocks; ++i) {
      if (!peer.write(block)) return false;
    }
    return peer.write(last);
  }
  const auto chunk = [&peer](std::string_view text) {
    char size[24];
    std::snprintf(size, sizeof size, "%zx;part=1\r\n", text.size());
    return peer.write(size) && peer.write(text) && peer.write("\r\n");
  };
  if (!peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") || !chunk(front)) return false;
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::size_t cut = i * 37 % block.size();
    if (cut != 0 && !chunk(std::string_view{block}.substr(0, cut))) return false;
    if (!chunk(std::string_view{block}.substr(cut))) return false;
  }
  return chunk(last) && peer.write("0\r\n\r\n");
}

struct WorkersqlLongStream : testing::TestWithParam<bool> {
  void SetUp() override { dt::test::most = dt::test::live.load(); }
  /// Of allocated memory, that of the gateway included.
  static void expect_little(std::size_t before) {
#if !defined(TEST_COUNTS_NOTHING)
    EXPECT_LT(dt::test::most - before, 1'500'000U);
#else
    static_cast<void>(before);
#endif
  }
};

TEST_P(WorkersqlLongStream, IsReadInBoundedMemory) {
  sender gateway{[](accepted_stream& peer, int) { return send_many(peer, GetParam()); }};
  workersql::client db{gateway.dsn("responseLimit=2000&timeout=60s")};
  const std::size_t before = dt::test::live;
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const reading& each : db.stream<reading>("select * from reading")) {
    ++count;
    bytes += each.text.size();
  }
  EXPECT_EQ(count, all_rows + 1);
  EXPECT_EQ(bytes, all_rows * 1000 + 1);
  expect_little(before);
  EXPECT_EQ(db.get_pool_stats().idle, 1U) << "it was read to its end";
}

TEST_P(WorkersqlLongStream, IsAwaitedInBoundedMemory) {
  sender gateway{[](accepted_stream& peer, int) { return send_many(peer, GetParam()); }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn("responseLimit=2000&timeout=60s")};
  const std::size_t before = dt::test::live;
  std::size_t count = 0;
  std::size_t bytes = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        auto rows = co_await db.stream<reading>("select * from reading");
        while (const reading* each = co_await rows.next()) {
          ++count;
          bytes += each->text.size();
        }
      },
      rethrow);
  io.run();
  EXPECT_EQ(count, all_rows + 1);
  EXPECT_EQ(bytes, all_rows * 1000 + 1);
  expect_little(before);
  EXPECT_EQ(db.get_pool_stats().idle, 1U);
}

std::string framing_name(const testing::TestParamInfo<bool>& of) { return of.param ? "Chunked" : "WithLength"; }
INSTANTIATE_TEST_SUITE_P(Framings, WorkersqlLongStream, testing::Bool(), framing_name);

/// Sends an answer of two rows in two parts: the second one once it is told to.
struct hesitant {
  std::promise<void> may_go_on;
  bool is_told = false;
  std::shared_future<void> told{may_go_on.get_future()};
  sender gateway{[told = told](accepted_stream& peer, int number) {
    const std::string body = std::string{front} + std::string{first} + std::string{second} + std::string{behind};
    if (number != 0) return peer.write(head(body.size()) + body);
    const std::size_t part = front.size() + first.size();
    if (!peer.write(head(body.size()) + body.substr(0, part))) return false;
    told.wait();
    return peer.write(body.substr(part));
  }};

  void go_on() {
    if (!std::exchange(is_told, true)) may_go_on.set_value();
  }
  ~hesitant() { go_on(); }
};

/// The same with a client whose streams are awaited.
struct awaited_hesitant : hesitant {
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn("timeout=60s")};
  bool is_done = false;

  /// Runs `use()`, a coroutine, which sets `is_done` at its end.
  template <class Use>
  void await(Use use) {
    asio::co_spawn(io, std::move(use), rethrow);
    io.run();
    EXPECT_TRUE(is_done);
  }
};

TEST(WorkersqlStreaming, TheFirstRowIsThereBeforeTheLastByteWasSent) {
  hesitant peer;
  workersql::client db{peer.gateway.dsn("timeout=60s")};
  auto rows = db.stream<reading>("select * from reading");
  auto at = rows.begin();
  EXPECT_EQ(at->id, 1);
  peer.go_on();
  ++at;
  EXPECT_EQ(at->id, 2);
  ++at;
  EXPECT_EQ(at, rows.end());
  EXPECT_EQ(db.query<reading>("select * from reading").size(), 2U);
  EXPECT_EQ(peer.gateway.accepted(), 1);
}

TEST(WorkersqlStreaming, AwaitedTheFirstRowIsThereBeforeTheLastByteWasSentToo) {
  awaited_hesitant peer;
  peer.await([&]() -> asio::awaitable<void> {
    auto rows = co_await peer.db.stream<reading>("select * from reading");
    const reading* each = co_await rows.next();
    EXPECT_EQ(each->id, 1);
    peer.go_on();
    each = co_await rows.next();
    EXPECT_EQ(each->id, 2);
    each = co_await rows.next();
    EXPECT_EQ(each, nullptr);
    const auto again = co_await peer.db.query<reading>("select * from reading");
    EXPECT_EQ(again.size(), 2U);
    peer.is_done = true;
  });
  EXPECT_EQ(peer.gateway.accepted(), 1);
}

TEST(WorkersqlStreaming, TheTimeLimitHoldsForEachRead) {
  hesitant peer;
  workersql::client db{peer.gateway.dsn("timeout=1500")};
  auto rows = db.stream<reading>("select * from reading");
  auto got = rows.next();
  ASSERT_TRUE(got);
  EXPECT_EQ((*got)->id, 1);
  got = rows.next();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), dt::condition::timeout) << got.error().message();
  got = rows.next();
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, nullptr) << "it is over";
  peer.go_on();
  EXPECT_EQ(db.within(60s).query<reading>("select * from reading").size(), 2U);
  EXPECT_EQ(peer.gateway.accepted(), 2) << "what is in the middle of an answer is closed";
}

TEST(WorkersqlStreaming, OneThatIsLeftInTheMiddleClosesItsConnection) {
  hesitant peer;
  workersql::client db{peer.gateway.dsn("timeout=60s")};
  for (const reading& each : db.stream<reading>("select * from reading")) {
    EXPECT_EQ(each.id, 1);
    break;
  }
  EXPECT_EQ(db.get_pool_stats().total, 0U);
  peer.go_on();
  EXPECT_EQ(db.query<reading>("select * from reading").size(), 2U);
  EXPECT_EQ(peer.gateway.accepted(), 2);
}

TEST(WorkersqlStreaming, AwaitedOneThatIsLeftClosedOrCancelledClosesItsConnection) {
  enum class way { left, closed, cancelled };
  for (const way how : {way::left, way::closed, way::cancelled}) {
    awaited_hesitant peer;
    asio::cancellation_signal stop;
    peer.await([&]() -> asio::awaitable<void> {
      {
        auto rows = co_await peer.db.with(dt::as_result).stream<reading>("select * from reading");
        auto got = co_await rows->next();
        EXPECT_TRUE(got);
        if (how == way::closed) {
          const auto closed = co_await rows->close();
          EXPECT_TRUE(closed);
        }
        if (how == way::cancelled) {
          std::optional<dt::result<reading*>> ended;
          rows->next(asio::bind_cancellation_slot(
              stop.slot(), [&ended](dt::result<reading*> row) { ended.emplace(std::move(row)); }));
          stop.emit(asio::cancellation_type::terminal);
          while (!ended) co_await asio::post(peer.io, asio::use_awaitable);
          EXPECT_FALSE(*ended);
          if (*ended) co_return;
          EXPECT_EQ(ended->error().kind(), dt::condition::cancelled);
          got = co_await rows->next();
          EXPECT_TRUE(got && *got == nullptr) << "it is over";
        }
      }
      EXPECT_EQ(peer.db.get_pool_stats().total, 0U);
      peer.go_on();
      const auto again = co_await peer.db.query<reading>("select * from reading");
      EXPECT_EQ(again.size(), 2U);
      peer.is_done = true;
    });
    EXPECT_EQ(peer.gateway.accepted(), 2);
  }
}

// The read under way ends by itself, and what it would have given goes with the stream.
TEST(WorkersqlStreaming, AwaitedOneWhoseOwnerGoesDuringAReadTellsSoAndGivesItsConnectionBack) {
  for (const bool is_replaced : {false, true}) {
    awaited_hesitant peer;
    workersql::async_client& db = peer.db;
    const auto run = [&peer] {
      peer.io.restart();
      peer.io.run();
    };
    auto opened = db.with(asio::use_future).stream<reading>("select * from reading");
    run();
    std::optional rows{opened.get()};
    std::optional<dt::result<reading*>> got;
    const auto take = [&got](dt::result<reading*> row) { got.emplace(std::move(row)); };
    rows->next(take);
    run();
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((**got)->id, 1);
    got.reset();
    rows->next(take);
    auto kept = std::move(*rows);  // its new owner has it whole
    EXPECT_FALSE(got);
    if (is_replaced) {
      kept = {};
    } else {
      const auto gone = std::move(kept);
    }
    rows.reset();
    peer.go_on();
    run();
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().kind(), dt::condition::cancelled) << got->error().message();
    EXPECT_EQ(db.get_pool_stats().active, 0U);
    EXPECT_EQ(db.get_pool_stats().idle, 1U) << "all of the answer had come";
    auto again = db.with(asio::use_future).query<reading>("select * from reading");
    run();
    EXPECT_EQ(again.get().size(), 2U);
  }
}

TEST(WorkersqlStreaming, AwaitedOneThatIsGivenAwayDuringAReadGoesOn) {
  awaited_hesitant peer;
  peer.await([&]() -> asio::awaitable<void> {
    auto rows = co_await peer.db.stream<reading>("select * from reading");
    const reading* each = co_await rows.next();
    EXPECT_EQ(each->id, 1);
    std::optional<dt::result<reading*>> got;
    rows.next([&got](dt::result<reading*> row) { got.emplace(std::move(row)); });
    auto others = std::move(rows);
    each = co_await rows.next();  // NOLINT: of one that was moved from
    EXPECT_EQ(each, nullptr);
    peer.go_on();
    while (!got) co_await asio::post(peer.io, asio::use_awaitable);
    EXPECT_TRUE(*got);
    if (!*got) co_return;
    EXPECT_EQ((**got)->id, 2);
    each = co_await others.next();
    EXPECT_EQ(each, nullptr);
    EXPECT_EQ(peer.db.get_pool_stats().idle, 1U);
    peer.is_done = true;
  });
}

// On threads of their own, at any moment; also the context goes first at times.
TEST(WorkersqlStreaming, AwaitedOnesMayGoWhileTheirRowsAreRead) {
  dt::test::http_peer gateway{[](const http_call&, int) {
    std::string body{front};
    body.append(first);
    for (int i = 0; i < 2000; ++i) body.append(second);
    return ok(body.append(behind));
  }};
  for (int round = 0; round < 60; ++round) {
    asio::thread_pool threads{2};
    std::atomic<int> told{0};
    {
      workersql::async_client db{threads.get_executor(), gateway.dsn("timeout=60s&maxConnections=2&minConnections=0")};
      auto rows = db.with(asio::use_future).stream<reading>("select * from reading").get();
      for (int taken = 0; taken < round; ++taken) {
        std::promise<bool> is_there;
        auto there = is_there.get_future();
        rows.next([&is_there](dt::result<reading*> row) { is_there.set_value(row && *row != nullptr); });
        ASSERT_TRUE(there.get());
      }
      rows.next([&told](const dt::result<reading*>&) { ++told; });
      if (round % 3 == 1) auto gone = std::move(rows);
      if (round % 3 == 2) threads.stop();
    }
    threads.join();
    EXPECT_TRUE(told == 1 || round % 3 == 2);
  }
}

}  // namespace
