#include <dovetail/base/one_time_gate.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace dt = dovetail;

namespace {

TEST(OneTimeGate, IsClosedAtFirst) {
  dt::detail::one_time_gate gate;
  EXPECT_FALSE(gate.wait(dt::deadline::after(std::chrono::milliseconds{1})));
  EXPECT_FALSE(gate.wait(dt::deadline{dt::clock::time_point{}}));  // a deadline that has passed
}

TEST(OneTimeGate, StaysOpen) {
  dt::detail::one_time_gate gate;
  gate.open();
  gate.open();
  EXPECT_TRUE(gate.wait());
  EXPECT_TRUE(gate.wait(dt::deadline{dt::clock::time_point{}}));  // a deadline that has passed
}

TEST(OneTimeGate, LetsAllPassThatWait) {
  dt::detail::one_time_gate gate;
  std::vector<std::thread> waiting;
  for (int i = 0; i < 4; ++i) waiting.emplace_back([&gate] { EXPECT_TRUE(gate.wait()); });
  gate.open();
  for (std::thread& each : waiting) each.join();
}

TEST(OneTimeGate, MayGoAsSoonAsAWaitHasReturned) {
  for (int i = 0; i < 200; ++i) {
    auto gate = std::make_unique<dt::detail::one_time_gate>();
    std::thread opens{[at = gate.get()] { at->open(); }};
    EXPECT_TRUE(gate->wait());
    gate.reset();
    opens.join();
  }
}

}  // namespace
