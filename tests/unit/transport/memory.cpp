#include <dovetail/transport/memory.hpp>

#include <dovetail/transport/blocking.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

static_assert(dt::transport<dt::memory>);

std::string read_once(dt::memory_stream& from, std::size_t at_most = 64) {
  std::byte chunk[64];
  std::error_code ec;
  const std::size_t got = dt::read_some(from, dt::byte_span{chunk}.first(at_most), dt::deadline::after(60s), ec);
  return ec ? "error: " + ec.message() : std::string{dt::as_text(dt::byte_view{chunk, got})};
}
std::error_code write_all(dt::memory_stream& to, std::string_view text, dt::deadline by = dt::deadline::after(60s)) {
  std::error_code ec;
  dt::write_all(to, dt::as_byte_view(text), by, ec);
  return ec;
}

struct counting_waker final : dt::waker {
  void wake() noexcept override { ++woken; }
  std::atomic<int> woken{0};
};

TEST(Memory, WhatOneEndWritesTheOtherReads) {
  auto [a, b] = dt::memory_stream::pair();
  EXPECT_FALSE(write_all(a, "to b"));
  EXPECT_FALSE(write_all(b, "to a"));
  EXPECT_EQ("to b", read_once(b));
  EXPECT_EQ("to", read_once(a, 2));
  EXPECT_EQ(" a", read_once(a));
  EXPECT_EQ(dt::readiness::signalled, [&] {
    std::byte one{};
    return a.try_read({&one, 1}).wait_for;
  }());
}

TEST(Memory, WritingWaitsWhileThereIsNoRoom) {
  auto [a, b] = dt::memory_stream::pair(4);
  EXPECT_EQ(4U, a.try_write(dt::as_byte_view("123456")).bytes);
  EXPECT_FALSE(a.try_write(dt::as_byte_view("56")).is_over());
  EXPECT_EQ(dt::errc::deadline_passed, write_all(a, "5", dt::deadline::after(5ms)));
  std::thread reader([&peer = b] {
    EXPECT_EQ("1234", read_once(peer));
    EXPECT_EQ("56", read_once(peer));
  });
  EXPECT_FALSE(write_all(a, "56"));
  reader.join();
}

TEST(Memory, AClosedEndGivesWhatWasWrittenAndThenTheEnd) {
  auto [a, b] = dt::memory_stream::pair();
  EXPECT_FALSE(write_all(a, "rest"));
  a.close();
  EXPECT_FALSE(a.is_open());
  EXPECT_EQ("rest", read_once(b));
  std::byte one{};
  EXPECT_EQ(dt::errc::connection_closed, b.try_read({&one, 1}).ec);
  EXPECT_EQ(std::errc::broken_pipe, write_all(b, "x"));
  EXPECT_EQ(std::errc::not_connected, a.try_read({&one, 1}).ec);
  EXPECT_EQ(std::errc::not_connected, a.shutdown_write());
}

TEST(Memory, ABrokenConnectionLosesWhatWasOnTheWay) {
  auto [a, b] = dt::memory_stream::pair();
  EXPECT_FALSE(write_all(a, "lost"));
  a.break_connection();
  std::byte one{};
  EXPECT_EQ(std::errc::connection_reset, b.try_read({&one, 1}).ec);
  EXPECT_EQ(std::errc::connection_reset, a.try_write({&one, 1}).ec);
}

TEST(Memory, FaultsCutReadsAndWritesAndFailThemAfterSoManyBytes) {
  auto [a, b] = dt::memory_stream::pair();
  dt::memory_faults faults;
  faults.read_at_most = 1;
  faults.fail_read_after = 3;
  faults.write_at_most = 2;
  faults.fail_write_after = 5;
  a.set_faults(faults);
  EXPECT_FALSE(write_all(b, "abcdef"));
  EXPECT_EQ("a", read_once(a));
  EXPECT_EQ("b", read_once(a));
  EXPECT_EQ("c", read_once(a));
  std::byte one{};
  EXPECT_EQ(std::errc::connection_reset, a.try_read({&one, 1}).ec);
  EXPECT_EQ(2U, a.try_write(dt::as_byte_view("12345678")).bytes);
  EXPECT_EQ(std::errc::connection_reset, write_all(a, "345678"));
  EXPECT_EQ("12345", read_once(b));
}

TEST(Memory, AnEmptyReadBufferIsAnErrorAndAnEmptyWriteIsNone) {
  auto [a, b] = dt::memory_stream::pair();
  EXPECT_EQ(std::errc::no_buffer_space, a.try_read({}).ec);
  EXPECT_TRUE(a.try_write({}).is_over());
}

TEST(Memory, AWakerIsToldOfNewsOnceAndAtOnceWhenTheNewsIsOlder) {
  auto [a, b] = dt::memory_stream::pair();
  std::byte one{};
  const auto waker = std::make_shared<counting_waker>();
  ASSERT_FALSE(a.try_read({&one, 1}).is_over());
  a.notify(waker);
  EXPECT_EQ(0, waker->woken);
  EXPECT_FALSE(write_all(b, "x"));
  EXPECT_EQ(1, waker->woken);
  EXPECT_FALSE(write_all(b, "y"));
  EXPECT_EQ(1, waker->woken);
  EXPECT_EQ("xy", read_once(a));
  ASSERT_FALSE(a.try_read({&one, 1}).is_over());
  EXPECT_FALSE(write_all(b, "z"));  // between the step and the question
  a.notify(waker);
  EXPECT_EQ(2, waker->woken);
}

TEST(Memory, AClientConnectsThroughAHub) {
  const auto hub = std::make_shared<dt::memory_hub>();
  dt::memory::stream client{dt::memory::endpoint{hub}};
  EXPECT_FALSE(dt::connect(client, {}));
  dt::memory_stream server;
  EXPECT_FALSE(hub->accept(server, {}));
  EXPECT_FALSE(write_all(client, "hello"));
  EXPECT_EQ("hello", read_once(server));
  EXPECT_EQ(1U, hub->connections());
  EXPECT_EQ(dt::errc::deadline_passed, hub->accept(server, dt::deadline::after(1ms)));
}

TEST(Memory, AClosedHubRefusesAndBreaksWhatWaits) {
  const auto hub = std::make_shared<dt::memory_hub>();
  dt::memory::stream waiting{dt::memory::endpoint{hub}};
  EXPECT_FALSE(dt::connect(waiting, {}));
  hub->close();
  EXPECT_EQ(dt::errc::connection_closed, [&] {
    std::byte one{};
    return waiting.try_read({&one, 1}).ec;
  }());
  dt::memory::stream refused{dt::memory::endpoint{hub}};
  EXPECT_EQ(std::errc::connection_refused, dt::connect(refused, {}));
  dt::memory_stream server;
  EXPECT_EQ(dt::errc::connection_closed, hub->accept(server, {}));
  hub->reopen();
  EXPECT_FALSE(dt::connect(refused, {}));
  dt::memory::stream nowhere;
  EXPECT_EQ(std::errc::connection_refused, dt::connect(nowhere, {}));
}

TEST(Memory, AHubCanFailOrStallConnecting) {
  const auto hub = std::make_shared<dt::memory_hub>();
  dt::memory_faults faults;
  faults.connect_ec = std::make_error_code(std::errc::network_unreachable);
  hub->set_faults(faults);
  dt::memory::stream client{dt::memory::endpoint{hub}};
  EXPECT_EQ(std::errc::network_unreachable, dt::connect(client, {}));
  faults.connect_ec = {};
  faults.connect_stalls = true;
  hub->set_faults(faults);
  EXPECT_EQ(dt::errc::deadline_passed, dt::connect(client, dt::deadline::after(5ms)));
  hub->set_faults({});
  EXPECT_FALSE(dt::connect(client, {}));
}

}  // namespace
