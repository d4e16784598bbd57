#include <dovetail/transport/tcp.hpp>

#include <dovetail/transport/blocking.hpp>

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

struct latch_waker final : dt::waker {
  void wake() noexcept override {
    const std::lock_guard lock(mutex);
    is_woken = true;
    changed.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 60s, [this] { return is_woken; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  bool is_woken = false;
};

TEST(Resolution, ANumericAddressIsAnsweredAtOnce) {
  for (const char* host : {"127.0.0.1", "::1"}) {
    const auto asked = dt::detail::resolution::start(host, "80");
    ASSERT_TRUE(asked->is_over()) << host;
    std::vector<dt::detail::socket_address> found;
    EXPECT_FALSE(asked->take(found));
    EXPECT_EQ(1U, found.size());
  }
}

TEST(Resolution, ANameIsAnsweredByAHelperThatMayOutliveTheQuestion) {
  auto asked = dt::detail::resolution::start("localhost", "80");
  const auto waker = std::make_shared<latch_waker>();
  asked->notify(waker);
  EXPECT_TRUE(waker->wait());
  asked->wait(dt::deadline::after(60s));
  EXPECT_TRUE(asked->is_over());
  std::vector<dt::detail::socket_address> found;
  EXPECT_FALSE(asked->take(found));
  EXPECT_GE(found.size(), 1U);
  dt::detail::resolution::start("unasked.invalid", "80");  // nobody waits for this one
}

TEST(Tcp, AnEmptyHostOrAnUnusedStreamGivesErrors) {
  dt::tcp::stream s{dt::tcp::endpoint{}};
  std::byte one{};
  EXPECT_FALSE(s.is_open());
  EXPECT_EQ(dt::condition::connection, dt::condition_of(s.try_read({&one, 1}).ec));
  EXPECT_EQ(dt::condition::connection, dt::condition_of(s.try_write({&one, 1}).ec));
  EXPECT_TRUE(s.shutdown_write());
  s.close();
  s.close();
}

TEST(Tcp, AStreamThatWasMovedFromIsClosed) {
  dt::tcp::stream s{dt::tcp::endpoint{"127.0.0.1", 1}};
  dt::tcp::stream other = std::move(s);
  EXPECT_EQ("127.0.0.1:1", other.peer());
  EXPECT_TRUE(dt::connect(other, dt::deadline::after(60s)));
  EXPECT_FALSE(other.is_open());
}

}  // namespace
