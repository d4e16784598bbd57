#include <dovetail/client/basic_client.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

// A database in the process that fails as it is told.
struct backend {
  struct answer {
    dt::error_info failure;
    std::size_t sent = 0;
    bool desynchronises = false;
  };
  std::mutex mutex;
  std::deque<dt::error_info> opening;  // what the next attempts to open come to
  std::deque<answer> performing;       // what the next operations come to
  int opened = 0;
  int performed = 0;
};

struct echo {
  using value_type = int;
  static constexpr std::string_view name = "echo";
  int value = 0;
  bool idempotent = true;
  bool is_idempotent() const noexcept { return idempotent; }
};

class fake_connection {
 public:
  using options = std::shared_ptr<backend>;

  template <class Self>
  class verbs {
   public:
    decltype(auto) echo_back(int value, bool idempotent = true,
                             std::source_location where = std::source_location::current()) {
      return static_cast<Self&>(*this).run(echo{value, idempotent}, where);
    }
  };

  static dt::result<dt::parsed_string<options>> parse(std::string_view text) {
    if (text != "fake:") return dt::error_info{dt::errc::malformed_connection_string, "not fake"};
    return dt::parsed_string<options>{std::make_shared<backend>(), {.max_connections = 2, .timeout = 250ms}};
  }

  explicit fake_connection(options to) : backend_(std::move(to)) {}
  dt::result<void> open(dt::deadline) {
    const std::lock_guard lock{backend_->mutex};
    if (!backend_->opening.empty()) {
      dt::error_info why = backend_->opening.front();
      backend_->opening.pop_front();
      if (why) return why;
    }
    ++backend_->opened;
    health_ = dt::session_health::idle;
    return {};
  }
  dt::result<void> ping(dt::deadline) { return {}; }
  template <class Op>
  dt::result<int> perform(Op& op, dt::deadline) {
    const std::lock_guard lock{backend_->mutex};
    ++backend_->performed;
    moved_ = {};
    if (backend_->performing.empty()) return op.value;
    const backend::answer next = backend_->performing.front();
    backend_->performing.pop_front();
    moved_.sent = next.sent;
    if (next.desynchronises) health_ = dt::session_health::desynchronised;
    if (next.failure) return next.failure;
    return op.value;
  }
  dt::session_health health() const noexcept { return health_; }
  dt::traffic last_traffic() const noexcept { return moved_; }
  void close() noexcept { health_ = dt::session_health::closed; }

 private:
  std::shared_ptr<backend> backend_;
  dt::session_health health_ = dt::session_health::closed;
  dt::traffic moved_;
};

using client = dt::basic_client<fake_connection>;
using quick = dt::exponential_backoff;

const dt::error_info refused{std::make_error_code(std::errc::connection_refused)};
const dt::error_info lost{dt::errc::connection_lost};

struct recorder {
  std::vector<dt::observation>* seen = nullptr;
  void on(const dt::observation& what) noexcept { seen->push_back(what); }
};

}  // namespace

TEST(BasicClient, AVerbReturnsTheValue) {
  client db{std::make_shared<backend>()};
  EXPECT_EQ(db.echo_back(7), 7);
}

TEST(BasicClient, AMalformedConnectionStringIsRefusedAtConstruction) {
  try {
    client db{"real:"};
    FAIL() << "constructed";
  } catch (const dt::error& e) {
    EXPECT_EQ(e.kind(), dt::condition::configuration);
  }
}

TEST(BasicClient, TheConnectionStringWinsOverTheSettings) {
  client db{"fake:", {.pool = {.max_connections = 9}}};
  EXPECT_EQ(db.statistics().max, 2U);
}

TEST(BasicClient, ConnectingIsTriedAgain) {
  auto to = std::make_shared<backend>();
  to->opening = {refused, refused};
  client db{to, {.retry = {.attempts = 3, .initial_delay = 0ms}}};
  EXPECT_EQ(db.echo_back(1), 1);
  EXPECT_EQ(db.statistics().failed, 2U);
}

TEST(BasicClient, AttemptsAreLimitedAndTheLastErrorIsThrownWithTheCallersPlace) {
  auto to = std::make_shared<backend>();
  to->opening = {refused, refused, refused};
  client db{to, {.retry = {.attempts = 3, .initial_delay = 0ms}}};
  try {
    db.echo_back(1);
    FAIL() << "returned";
  } catch (const dt::error& e) {
    EXPECT_EQ(e.kind(), dt::condition::connection);
    EXPECT_NE(std::string{e.info().where().file_name()}.find("basic_client.cpp"), std::string::npos);
  }
  EXPECT_EQ(to->performed, 0);
}

TEST(BasicClient, WhatMayHaveBeenExecutedIsNotRepeatedUnlessItIsIdempotent) {
  auto to = std::make_shared<backend>();
  client db{to, {.retry = {.attempts = 3, .initial_delay = 0ms}}};
  to->performing = {{lost, 10, true}};
  EXPECT_THROW(db.echo_back(1, false), dt::error);
  EXPECT_EQ(to->performed, 1);
  to->performing = {{lost, 10, true}};
  EXPECT_EQ(db.echo_back(1, true), 1);
  EXPECT_EQ(to->performed, 3);
}

TEST(BasicClient, WhatWasNotSentIsRepeatedEvenIfItIsNotIdempotent) {
  auto to = std::make_shared<backend>();
  client db{to, {.retry = {.attempts = 2, .initial_delay = 0ms}}};
  to->performing = {{lost, 0, true}};
  EXPECT_EQ(db.echo_back(1, false), 1);
}

TEST(BasicClient, ADesynchronisedConnectionIsNotUsedAgain) {
  auto to = std::make_shared<backend>();
  client db{to, {.retry = {.attempts = 1}}};
  to->performing = {{lost, 10, true}};
  EXPECT_THROW(db.echo_back(1), dt::error);
  EXPECT_EQ(db.echo_back(2), 2);
  EXPECT_EQ(to->opened, 2);
  EXPECT_EQ(db.statistics().closed, 1U);
}

TEST(BasicClient, ThePauseBeforeARetryNeverPassesTheDeadline) {
  auto to = std::make_shared<backend>();
  client db{to, {.retry = {.attempts = 9, .initial_delay = 300s, .cap = 300s, .full_jitter = false}, .timeout = 10s}};
  to->performing = {{lost, 0, false}};
  const auto began = dt::clock::now();
  EXPECT_THROW(db.echo_back(1), dt::error);
  EXPECT_LT(dt::clock::now() - began, 200s);
  EXPECT_EQ(to->performed, 1);
}

TEST(BasicClient, WithAsResultReturnsTheFailureAsAValue) {
  auto to = std::make_shared<backend>();
  client db{to, {.retry = {.attempts = 1}}};
  to->performing = {{lost, 10, true}};
  const dt::result<int> failed = db.with(dt::as_result).echo_back(1);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::connection_lost);
  const dt::result<int> fine = db.within(60s).with(dt::as_result).echo_back(2);
  ASSERT_TRUE(fine);
  EXPECT_EQ(*fine, 2);
}

TEST(BasicClient, ADeadlineThatHasPassedWhileAllConnectionsAreTakenNamesTheHolder) {
  client db{std::make_shared<backend>(), {.pool = {.max_connections = 1}}};
  auto held = db.core().acquire(db.start_call(std::source_location::current()));
  ASSERT_TRUE(held);
  const dt::result<int> late = db.within(5ms).with(dt::as_result).echo_back(1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), dt::condition::timeout);
  EXPECT_NE(late.error().message().find("basic_client.cpp"), std::string::npos) << late.error().message();
}

TEST(BasicClient, APoolThatStayedFullForAWholeWaitIsNotAskedAgain) {
  client db{std::make_shared<backend>(),
            {.retry = {.attempts = 9, .initial_delay = 0ms}, .pool = {.max_connections = 1, .acquire_wait = 5ms}}};
  auto held = db.core().acquire(db.start_call(std::source_location::current()));
  ASSERT_TRUE(held);
  EXPECT_EQ(db.with(dt::as_result).echo_back(1).error().code(), dt::errc::pool_wait_timeout);
  EXPECT_EQ(db.statistics().timeouts, 1U);
}

TEST(BasicClient, AClosedClientRefuses) {
  client db{std::make_shared<backend>()};
  db.close();
  const dt::result<int> refusal = db.with(dt::as_result).echo_back(1);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code(), dt::errc::pool_closed);
}

TEST(BasicClient, AMovedClientGoesOn) {
  client first{std::make_shared<backend>()};
  client second{std::move(first)};
  EXPECT_EQ(second.echo_back(3), 3);
}

TEST(BasicClient, TheObserverSeesConnectsRequestsRetriesAndErrors) {
  auto to = std::make_shared<backend>();
  std::vector<dt::observation> seen;
  dt::basic_client<fake_connection, quick, dt::bounded_pool, recorder> db{
      to, {.retry = {.attempts = 2, .initial_delay = 0ms}, .observer = {&seen}}};
  to->performing = {{lost, 5, true}, {lost, 6, true}};
  EXPECT_THROW(db.echo_back(1), dt::error);
  std::string story;
  for (const auto& each : seen) story.append(to_string(each.what)).append(" ");
  EXPECT_EQ(story, "connect request disconnect retry connect request disconnect error ");
  const auto request = std::find_if(seen.begin(), seen.end(), [](auto& o) { return o.what == dt::observed::request; });
  EXPECT_EQ(request->operation, "echo");
  EXPECT_EQ(request->bytes_sent, 5U);
  EXPECT_EQ(request->attempt, 1);
}

/// Around attempts of which so many may be made.
struct few_attempts {
  int* left;
  template <class Attempt>
  auto around(fake_connection&, Attempt attempt) {
    --*left;
    return attempt();
  }
  bool is_over() const noexcept { return *left == 0; }
};

TEST(BasicClient, AnAttemptThatIsTheLastForWhatIsAroundItIsReportedAsAnyOther) {
  auto to = std::make_shared<backend>();
  std::vector<dt::observation> seen;
  dt::basic_client<fake_connection, dt::exponential_backoff, dt::bounded_pool, recorder> db{
      to, {.retry = {.attempts = 9, .initial_delay = 0ms}, .observer = {&seen}}};
  to->performing = {{lost, 10, true}};
  echo op{1, true};
  int left = 1;
  const auto here = std::source_location::current();
  const auto failed = db.core().perform(op, db.start_call(here), few_attempts{&left});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::connection_lost);
  EXPECT_EQ(failed.error().where().line(), here.line());
  EXPECT_EQ(to->performed, 1);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back().what, dt::observed::error);
  // What an earlier attempt has left unknown stays so.
  to->performing = {{dt::error_info{dt::errc::outcome_unknown}, 10, true}, {lost, 10, true}};
  left = 2;
  const auto unknown = db.core().perform(op, db.start_call(here), few_attempts{&left});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), dt::errc::outcome_unknown);
  EXPECT_EQ(to->performed, 3);
}

TEST(BasicClient, ManyThreadsMayCallAtOnce) {
  auto to = std::make_shared<backend>();
  client db{to, {.pool = {.max_connections = 3}}};
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) right += db.echo_back(t * 1000 + i) == t * 1000 + i;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 1600);
  EXPECT_LE(to->opened, 3);
}
