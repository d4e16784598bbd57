#include <dovetail/driver/async_run.hpp>

#include <support/dialogues.hpp>
#include <support/line_server.hpp>
#include <support/styles.hpp>

#include <dovetail/transport/memory.hpp>

#include <asio/bind_allocator.hpp>
#include <asio/io_context.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

// An exception on the way into an operation, or out of its dialogue: the stream must not stay taken.
namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

using async_end = dt::basic_async_stream<dt::memory_stream>;

struct ends {
  ends() {
    auto made = dt::memory_stream::pair(1024);
    ours.emplace(io.get_executor(), std::move(made.first));
    theirs = std::move(made.second);
  }
  dt::result<std::string> exchange() {
    write_text(theirs, "pong\n");
    std::optional<dt::result<std::string>> got;
    dt::async_run(*ours, exchange_lines{session, "ping"}, dt::deadline::after(60s), nullptr,
                  [&got](dt::result<std::string> outcome) { got.emplace(std::move(outcome)); });
    run_until(io, [&got] { return got.has_value(); });
    return *std::move(got);
  }
  asio::io_context io;
  std::optional<async_end> ours;
  dt::memory_stream theirs;
  line_session session;
};

struct told {
  int* calls;
  void operator()(const dt::result<void>&) const { ++*calls; }
};

/// Throws when it is moved the given number of times.
struct unmovable {
  explicit unmovable(int moves) : left(moves) {}
  unmovable(unmovable&& other) : left(other.left - 1) {
    if (left < 0) throw std::runtime_error{"it does not move"};
  }
  dt::action resume(const dt::event&) { return dt::action::done(); }
  int left;
};

/// Writes something, and throws at the given step: 0 is the first.
struct throwing {
  dt::action resume(const dt::event&) {
    if (step++ == at) throw std::runtime_error{"the dialogue gives up"};
    return dt::action::write(dt::as_byte_view(text));
  }
  int at;
  int step = 0;
  std::string text = "x\n";
};

/// Throws where its value is asked for.
struct throwing_value {
  using value_type = std::string;
  dt::action resume(const dt::event&) { return dt::action::done(); }
  dt::error_info failure(std::error_code ec) const { return ec; }
  std::string value() && { throw dt::error{dt::errc::row_mismatch}; }
};

template <class T>
struct poor_allocator {
  using value_type = T;
  poor_allocator() = default;
  template <class Other>
  poor_allocator(const poor_allocator<Other>&) noexcept {}
  T* allocate(std::size_t) { throw std::bad_alloc{}; }
  void deallocate(T*, std::size_t) noexcept {}
  friend bool operator==(const poor_allocator&, const poor_allocator&) { return true; }
};

TEST(AsyncRunExceptions, ADialogueThatCannotBeMovedLeavesTheStreamFree) {
  for (int moves = 0; moves < 4; ++moves) {
    ends e;
    EXPECT_TRUE(e.exchange());  // the stream keeps memory from here on
    int calls = 0;
    bool is_thrown = false;
    try {
      dt::async_run(*e.ours, unmovable{moves}, dt::deadline::never(), nullptr, told{&calls});
    } catch (const std::runtime_error&) {
      is_thrown = true;
    }
    if (moves == 0) {
      EXPECT_TRUE(is_thrown);
    }
    run_until(e.io, [&] { return is_thrown || calls == 1; });
    const auto after = e.exchange();
    EXPECT_TRUE(after) << moves << ": " << after.error().message();
  }
}

TEST(AsyncRunExceptions, MemoryThatIsNotThereLeavesTheStreamFree) {
  ends e;
  int calls = 0;
  EXPECT_THROW(dt::async_run(*e.ours, take_a_break{1ms}, dt::deadline::never(), nullptr,
                             asio::bind_allocator(poor_allocator<char>{}, told{&calls})),
               std::bad_alloc);
  EXPECT_EQ(calls, 0);
  const auto after = e.exchange();
  EXPECT_TRUE(after) << after.error().message();
}

TEST(AsyncRunExceptions, WhatADialogueThrowsIsToldToItsHandlerAndLeavesTheStreamClosed) {
  // With the first step, with the next, after it has yielded, and when it had to wait for room.
  for (const int at : {0, 1, 2, 70, 100, 600}) {
    ends e;
    std::optional<dt::result<void>> got;
    dt::async_run(*e.ours, throwing{at}, dt::deadline::never(), nullptr,
                  [&got](dt::result<void> outcome) { got.emplace(std::move(outcome)); });
    EXPECT_FALSE(got) << at;  // never before `async_run` has returned
    for (int i = 0; i < 60'000 && !got; ++i) {
      e.io.restart();
      e.io.run_for(1ms);
      if (at == 600) read_line(e.theirs);
    }
    ASSERT_TRUE(got) << at;
    ASSERT_FALSE(*got) << at;
    EXPECT_EQ(got->error().code(), dt::errc::invalid_state) << at;
    EXPECT_NE(got->error().message().find("the dialogue gives up"), std::string::npos) << got->error().message();
    EXPECT_FALSE(e.ours->is_open()) << at;
    std::optional<dt::result<void>> next;
    dt::async_run(*e.ours, take_a_break{1ms}, dt::deadline::never(), nullptr,
                  [&next](dt::result<void> outcome) { next.emplace(std::move(outcome)); });
    run_until(e.io, [&next] { return next.has_value(); });
    EXPECT_TRUE(*next) << at << ": " << next->error().message();
  }
}

TEST(AsyncRunExceptions, AFailureThatADialogueThrowsIsToldAsItIs) {
  ends e;
  std::optional<dt::result<std::string>> got;
  dt::async_run(*e.ours, throwing_value{}, dt::deadline::never(), nullptr,
                [&got](dt::result<std::string> outcome) { got.emplace(std::move(outcome)); });
  run_until(e.io, [&got] { return got.has_value(); });
  ASSERT_FALSE(*got);
  EXPECT_EQ(got->error().code(), dt::errc::row_mismatch);
  EXPECT_FALSE(e.ours->is_open());
}

TEST(AsyncRunExceptions, ACancellationDoesNotWakeADialogueThatHasThrown) {
  ends e;
  std::optional<dt::result<void>> got;
  dt::async_run(*e.ours, throwing{1}, dt::deadline::never(), nullptr,
                [&got](dt::result<void> outcome) { got.emplace(std::move(outcome)); });
  e.ours->cancel();
  run_until(e.io, [&got] { return got.has_value(); });
  ASSERT_FALSE(*got);
  EXPECT_EQ(got->error().code(), dt::errc::invalid_state);
}

}  // namespace
