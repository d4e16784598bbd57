#include <dovetail/client/basic_async_client.hpp>

#include <dovetail/client/async_client.hpp>
#include <dovetail/client/client.hpp>
#include <dovetail/transport/memory.hpp>

#include <support/dialogues.hpp>
#include <support/line_server.hpp>
#include <support/styles.hpp>

#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

// Serves every connection in a thread of its own. "hold" is answered when the test says so, "die" breaks the
// connection.
class crowd_server {
 public:
  crowd_server() : hub_(std::make_shared<dt::memory_hub>()), acceptor_([this] { accept(); }) {}
  ~crowd_server() {
    release();
    hub_->close();
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
  }
  dt::memory_endpoint endpoint() const { return dt::memory_endpoint{hub_}; }
  dt::memory_hub& hub() { return *hub_; }
  void release() {
    const std::lock_guard lock{mutex_};
    is_released_ = true;
    changed_.notify_all();
  }
  void wait_for_holders(int count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 60s, [&] { return holding_ >= count; });
    EXPECT_GE(holding_, count);
  }
  std::atomic<int> lines = 0;

 private:
  void accept() {
    for (;;) {
      dt::memory_stream peer;
      if (hub_->accept(peer, dt::deadline::never())) return;
      threads_.emplace_back([this, stream = std::move(peer)]() mutable { serve(stream); });
    }
  }
  void serve(dt::memory_stream& peer) {
    for (std::string line = dt::test::read_line(peer); !line.empty(); line = dt::test::read_line(peer)) {
      ++lines;
      if (line == "die") return;
      if (line == "hold") {
        std::unique_lock lock{mutex_};
        ++holding_;
        changed_.notify_all();
        changed_.wait_for(lock, 120s, [&] { return is_released_; });
        --holding_;
      }
      if (!dt::test::write_text(peer, line + "\n")) return;
    }
  }

  std::shared_ptr<dt::memory_hub> hub_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_released_ = false;
  int holding_ = 0;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

struct exchange {
  using value_type = std::string;
  static constexpr std::string_view name = "exchange";
  std::string line;
  bool idempotent = true;
  bool is_idempotent() const noexcept { return idempotent; }
};

struct line_codec {
  struct options {};
  struct session : dt::test::line_session {
    explicit session(const options&) {}
    dt::test::open_line open() { return dt::test::open_line{*this}; }
    dt::test::exchange_lines ping() { return {*this, "ping"}; }
    dt::test::exchange_lines start(const exchange& op) {
      state = dt::session_health::desynchronised;
      return {*this, op.line};
    }
  };
  template <class Self>
  struct verbs {
    auto say(std::string line, bool idempotent = true, std::source_location where = std::source_location::current()) {
      return static_cast<Self&>(*this).run(exchange{std::move(line), idempotent}, where);
    }
  };
};

using blocking_client = dt::client<dt::memory, line_codec>;
using line_client = dt::async_client<dt::memory, line_codec>;

line_client::settings with_pool(std::size_t max) {
  return {.retry = {.attempts = 1}, .pool = {.max_connections = max, .check_interval = dt::clock::duration::max()}};
}

dt::memory_faults refusing() {
  dt::memory_faults faults;
  faults.connect_ec = std::make_error_code(std::errc::connection_refused);
  return faults;
}

// A connection whose constructor throws while it is told to.
struct fragile_connection : dt::async_wire_connection<dt::memory, line_codec> {
  using base = dt::async_wire_connection<dt::memory, line_codec>;
  static inline std::atomic<bool> is_broken = false;

  explicit fragile_connection(const options& with) : base(checked(with)) {}

 private:
  static const options& checked(const options& with) {
    if (is_broken) throw std::length_error{"no room for a connection"};
    return with;
  }
};

/// Counts the bytes that are not given back.
template <class T>
struct counting_allocator {
  using value_type = T;
  explicit counting_allocator(std::size_t& of) noexcept : bytes(&of) {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) noexcept : bytes(other.bytes) {}
  T* allocate(std::size_t count) {
    *bytes += count * sizeof(T);
    return std::allocator<T>{}.allocate(count);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    *bytes -= count * sizeof(T);
    std::allocator<T>{}.deallocate(memory, count);
  }
  template <class U>
  bool operator==(const counting_allocator<U>& other) const noexcept {
    return bytes == other.bytes;
  }
  std::size_t* bytes;
};

template <class T>
T wait_for(std::future<T>& promised, asio::io_context& io) {
  dt::test::run_until(io, [&] { return promised.wait_for(0s) == std::future_status::ready; });
  return promised.get();
}

}  // namespace

TEST(AsyncClient, EveryCompletionStyleGivesTheSame) {
  crowd_server server;
  asio::io_context io;
  blocking_client db{blocking_client::options{server.endpoint(), {}}};
  line_client async_db{io.get_executor(), line_client::options{server.endpoint(), {}}};
  dt::test::for_each_style(db, async_db, io, [](auto& style) {
    const auto said = style.template run<std::string>([](auto&& client) { return client.say("hello"); });
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_EQ(*said, "hello\n");
  });
}

TEST(AsyncClient, EveryCompletionStyleFailsTheSame) {
  crowd_server server;
  asio::io_context io;
  blocking_client db{blocking_client::options{server.endpoint(), {}}, {.retry = {.attempts = 1}}};
  line_client async_db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(2)};
  dt::test::for_each_style(db, async_db, io, [](auto& style) {
    const auto said = style.template run<std::string>([](auto&& client) { return client.say("die"); });
    ASSERT_FALSE(said);
    EXPECT_EQ(said.error().kind(), dt::condition::connection);
    EXPECT_NE(said.error().where().line(), 0U);
    const auto again = style.template run<std::string>([](auto&& client) { return client.say("alive"); });
    EXPECT_TRUE(again);
  });
  EXPECT_EQ(async_db.statistics().active, 0U);
}

TEST(AsyncClient, AnOperationIsInItsHandlersMemoryAndGivesItBack) {
  crowd_server server;
  asio::io_context io;
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}};
  std::size_t in_use = 0;
  bool is_over = false;
  db.with(asio::bind_allocator(counting_allocator<void>{in_use},
                               [&](const dt::result<std::string>& said) {
                                 EXPECT_TRUE(said);
                                 is_over = true;
                               }))
      .say("hello");
  EXPECT_GE(in_use, sizeof(exchange));
  dt::test::run_until(io, [&] { return is_over; });
  EXPECT_EQ(in_use, 0U);
}

TEST(AsyncClient, ARefusedConnectionIsTriedAgainAsThePolicySays) {
  crowd_server server;
  server.hub().set_faults(refusing());
  asio::io_context io;
  line_client db{
      io.get_executor(), line_client::options{server.endpoint(), {}}, {.retry = {.attempts = 3, .initial_delay = 1ms}}};
  auto said = db.with(asio::use_future).say("hello");
  EXPECT_THROW(wait_for(said, io), dt::error);
  EXPECT_EQ(db.statistics().failed, 3U);
  server.hub().set_faults({});
  auto again = db.with(asio::use_future).say("hello");
  EXPECT_EQ(wait_for(again, io), "hello\n");
}

TEST(AsyncClient, CallersQueueForTheOnlyConnectionAndAreServedInOrder) {
  crowd_server server;
  asio::io_context io;
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
  std::vector<int> order;
  for (int i = 0; i < 50; ++i) {
    db.with([&order, i](dt::result<std::string> said) {
        EXPECT_TRUE(said);
        order.push_back(i);
      }).say("line " + std::to_string(i));
  }
  EXPECT_TRUE(order.empty()) << "completed inside the call";
  dt::test::run_until(io, [&] { return order.size() == 50; });
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(db.statistics().opened, 1U);
}

TEST(AsyncClient, AWaitForAConnectionEndsAtTheDeadlineAndNamesTheHolder) {
  crowd_server server;
  asio::io_context io;
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
  bool is_held_over = false;
  db.with([&](dt::result<std::string> said) { is_held_over = said.has_value(); }).say("hold");
  auto late = db.within(30ms).with(dt::as_result(asio::use_future)).say("late");
  const dt::result<std::string> outcome = wait_for(late, io);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), dt::errc::pool_wait_timeout);
  EXPECT_NE(outcome.error().message().find("basic_async_client.cpp"), std::string::npos) << outcome.error().message();
  server.release();
  dt::test::run_until(io, [&] { return is_held_over; });
  EXPECT_EQ(db.statistics().timeouts, 1U);
  EXPECT_EQ(db.statistics().waiting, 0U);
}

TEST(AsyncClient, CancellingInTheQueueLeavesThePoolClean) {
  crowd_server server;
  asio::io_context io;
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
  std::optional<dt::result<std::string>> held;
  std::optional<dt::result<std::string>> queued;
  asio::cancellation_signal stop;
  db.with([&](dt::result<std::string> said) { held = std::move(said); }).say("hold");
  db.with(asio::bind_cancellation_slot(stop.slot(), [&](dt::result<std::string> said) { queued = std::move(said); }))
      .say("queued");
  asio::post(io, [&] { stop.emit(asio::cancellation_type::terminal); });
  dt::test::run_until(io, [&] { return queued.has_value(); });
  EXPECT_EQ(queued->error().kind(), dt::condition::cancelled);
  EXPECT_EQ(db.statistics().waiting, 0U);
  server.release();
  dt::test::run_until(io, [&] { return held.has_value(); });
  EXPECT_TRUE(*held);
}

TEST(AsyncClient, CancellingInTheMiddleOfADialogueDiscardsTheConnection) {
  crowd_server server;
  asio::io_context io;
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
  std::optional<dt::result<std::string>> held;
  asio::cancellation_signal stop;
  db.with(asio::bind_cancellation_slot(stop.slot(), [&](dt::result<std::string> said) { held = std::move(said); }))
      .say("hold");
  std::thread helper{[&] {
    server.wait_for_holders(1);
    asio::post(io, [&] { stop.emit(asio::cancellation_type::terminal); });
  }};
  dt::test::run_until(io, [&] { return held.has_value(); });
  helper.join();
  EXPECT_EQ(held->error().kind(), dt::condition::cancelled);
  EXPECT_EQ(db.statistics().closed, 1U);
  server.release();
  auto said = db.with(asio::use_future).say("fresh");
  EXPECT_EQ(wait_for(said, io), "fresh\n");
}

TEST(AsyncClient, CancellingThePauseBeforeARetryEndsIt) {
  crowd_server server;
  server.hub().set_faults(refusing());
  asio::io_context io;
  line_client db{io.get_executor(),
                 line_client::options{server.endpoint(), {}},
                 {.retry = {.attempts = 3, .initial_delay = 20s, .cap = 20s, .full_jitter = false}}};
  std::optional<dt::result<std::string>> outcome;
  asio::cancellation_signal stop;
  db.with(asio::bind_cancellation_slot(stop.slot(), [&](dt::result<std::string> said) { outcome = std::move(said); }))
      .say("hello");
  while (db.statistics().failed == 0) io.run_one_for(100ms);
  asio::post(io, [&] { stop.emit(asio::cancellation_type::terminal); });
  dt::test::run_until(io, [&] { return outcome.has_value(); });
  EXPECT_EQ(outcome->error().kind(), dt::condition::cancelled);
}

TEST(AsyncClient, ADeadlinePassesInTheMiddleOfADialogue) {
  crowd_server server;
  asio::io_context io;
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
  auto late = db.within(30ms).with(dt::as_result(asio::use_future)).say("hold");
  EXPECT_EQ(wait_for(late, io).error().kind(), dt::condition::timeout);
  EXPECT_EQ(db.statistics().idle, 0U);
}

TEST(AsyncClient, AConnectionWhoseConstructorThrowsFailsTheOperation) {
  crowd_server server;
  asio::io_context io;
  dt::basic_async_client<fragile_connection> db{io.get_executor(), line_client::options{server.endpoint(), {}},
                                                with_pool(1)};
  fragile_connection::is_broken = true;
  auto refused = db.with(dt::as_result(asio::use_future)).say("hello");
  const dt::result<std::string> outcome = wait_for(refused, io);
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message().find("no room for a connection"), std::string::npos);
  fragile_connection::is_broken = false;
  auto said = db.with(asio::use_future).say("fresh");
  EXPECT_EQ(wait_for(said, io), "fresh\n");
  EXPECT_EQ(db.statistics().active, 0U);
}

TEST(AsyncClient, AConstructorThatThrowsForACallerInTheQueueFailsThatCaller) {
  crowd_server server;
  asio::io_context io;
  dt::basic_async_client<fragile_connection> db{io.get_executor(), line_client::options{server.endpoint(), {}},
                                                with_pool(1)};
  auto first = db.with(dt::as_result(asio::use_future)).say("die");
  auto queued = db.with(dt::as_result(asio::use_future)).say("hello");
  EXPECT_EQ(db.statistics().waiting, 1U);
  fragile_connection::is_broken = true;  // the first one has its connection
  EXPECT_FALSE(wait_for(first, io));
  const dt::result<std::string> outcome = wait_for(queued, io);
  fragile_connection::is_broken = false;
  ASSERT_FALSE(outcome);
  EXPECT_NE(outcome.error().message().find("no room for a connection"), std::string::npos);
  EXPECT_EQ(db.statistics().waiting, 0U);
}

TEST(AsyncClient, ClosingRefusesThoseWhoWaitAndThoseWhoCome) {
  crowd_server server;
  asio::io_context io;
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
  std::optional<dt::result<std::string>> held;
  db.with([&](dt::result<std::string> said) { held = std::move(said); }).say("hold");
  auto queued = db.with(dt::as_result(asio::use_future)).say("queued");
  db.close();
  EXPECT_EQ(wait_for(queued, io).error().code(), dt::errc::pool_closed);
  auto next = db.with(dt::as_result(asio::use_future)).say("next");
  EXPECT_EQ(wait_for(next, io).error().code(), dt::errc::pool_closed);
  server.release();
  dt::test::run_until(io, [&] { return held.has_value(); });
  EXPECT_TRUE(*held) << "an operation that runs is not disturbed";
}

TEST(AsyncClient, OperationsMayOutliveTheClient) {
  crowd_server server;
  asio::io_context io;
  std::future<std::string> said;
  {
    line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
    said = db.with(asio::use_future).say("late");
  }
  EXPECT_EQ(wait_for(said, io), "late\n");
}

TEST(AsyncClient, TheContextMayGoBeforeItsOperationsEnd) {
  crowd_server server;
  auto io = std::make_unique<asio::io_context>();
  auto db =
      std::make_unique<line_client>(io->get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1));
  db->with([](dt::result<std::string>) { FAIL() << "completed without a context"; }).say("hold");
  db->with([](dt::result<std::string>) { FAIL() << "completed without a context"; }).say("queued");
  for (int i = 0; i < 20; ++i) io->poll();
  db.reset();
  io.reset();
}

TEST(AsyncClient, CompletesOnTheExecutorOfTheHandler) {
  crowd_server server;
  asio::io_context io;
  asio::thread_pool other{1};
  line_client db{io.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(1)};
  std::promise<bool> on_other;
  db.with(asio::bind_executor(other.get_executor(),
                              [&](dt::result<std::string> said) {
                                on_other.set_value(said.has_value() && other.get_executor().running_in_this_thread());
                              }))
      .say("hello");
  auto answer = on_other.get_future();
  dt::test::run_until(io, [&] { return answer.wait_for(0s) == std::future_status::ready; });
  EXPECT_TRUE(answer.get());
  other.join();
}

TEST(AsyncClient, ManyCoroutinesOnManyThreadsShareAFewConnections) {
  crowd_server server;
  asio::thread_pool threads{4};
  line_client db{threads.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(3)};
  std::atomic<int> right = 0;
  std::vector<std::future<void>> all;
  for (int c = 0; c < 16; ++c) {
    all.push_back(asio::co_spawn(
        threads,
        [&db, &right, c]() -> asio::awaitable<void> {
          for (int i = 0; i < 40; ++i) {
            const std::string line = std::to_string(c * 1000 + i);
            const std::string said = co_await db.say(line);
            right += said == line + "\n";
          }
        },
        asio::use_future));
  }
  for (auto& each : all) each.get();
  EXPECT_EQ(right, 16 * 40);
  EXPECT_LE(db.statistics().opened, 3U);
  threads.join();
}

TEST(AsyncClient, CancellationsAndDeadlinesInACrowdLoseNobody) {
  crowd_server server;
  asio::thread_pool threads{4};
  line_client db{threads.get_executor(), line_client::options{server.endpoint(), {}}, with_pool(2)};
  std::atomic<int> ended = 0;
  constexpr int count = 300;
  std::vector<std::unique_ptr<asio::cancellation_signal>> signals;
  for (int i = 0; i < count; ++i) {
    signals.push_back(std::make_unique<asio::cancellation_signal>());
    auto strand = asio::make_strand(threads.get_executor());
    asio::cancellation_signal* stop = signals.back().get();
    asio::post(strand, [&db, &ended, stop, strand, i] {
      db.within(i % 3 == 0 ? 2ms : 60s)
          .with(asio::bind_executor(
              strand, asio::bind_cancellation_slot(stop->slot(), [&ended](dt::result<std::string>) { ++ended; })))
          .say("x");
      if (i % 5 == 0) asio::post(strand, [stop] { stop->emit(asio::cancellation_type::terminal); });
    });
  }
  const auto end = std::chrono::steady_clock::now() + 120s;
  while (ended != count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(ended, count);
  threads.join();
  EXPECT_EQ(db.statistics().active, 0U);
  EXPECT_EQ(db.statistics().waiting, 0U);
}
