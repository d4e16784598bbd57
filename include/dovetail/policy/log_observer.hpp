// An observer that writes one line of JSON for each observation, to a sink of the user's.
#pragma once

#include <dovetail/policy/log_line.hpp>
#include <dovetail/policy/observer.hpp>

#include <chrono>
#include <concepts>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// Gives lines of JSON without line feed to `sink(std::string_view)`. What the sink throws is dropped, with the line.
/// Threads: the sink is called by any thread, by several at a time, and should be quick; it must not call the client.
template <class Sink = void (*)(std::string_view)>
class log_observer {
  static_assert(std::invocable<Sink&, std::string_view>, "a log sink takes a std::string_view");

 public:
  explicit log_observer(Sink sink, log_settings settings = {}) : sink_(std::move(sink)), settings_(settings) {}

  void on(const observation& seen) noexcept {
    const log_level level = level_of(seen, settings_.slow);
    if (level < settings_.level) return;
    try {
      const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
      sink_(std::string_view{detail::log_line(seen, level, now)});
    } catch (...) {
      return;  // a log that fails must not break the work
    }
  }

 private:
  [[no_unique_address]] Sink sink_;
  log_settings settings_;
};

}  // namespace dovetail::inline v0
