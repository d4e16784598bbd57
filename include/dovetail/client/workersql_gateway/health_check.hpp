// Asks the database for its health once, for all who want to know it at about the same time.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/codec/workersql_gateway/answer.hpp>
#include <dovetail/codec/workersql_gateway/idempotency.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// Everybody may ask for the health, so that it must not cost a thread and a connection each time. Threads: one at a
/// time.
class health_check {
 public:
  explicit health_check(clock::duration keep) noexcept : keep_(keep) {}

  /// The last answer, when it is not too old; else null.
  const gateway_answer* find(clock::time_point now) const noexcept {
    return kept_ && now - at_ < keep_ ? &*kept_ : nullptr;
  }

  /// True: the caller has to ask the database, and to tell `finish`. False: it is under way, and the listener is told.
  bool begin(std::weak_ptr<answer_listener> listener) {
    if (!std::exchange(is_under_way_, true)) return true;
    listeners_.push_back(std::move(listener));
    return false;
  }

  void finish(const gateway_answer& answer, clock::time_point now) {
    is_under_way_ = false;
    kept_ = answer;
    at_ = now;
    for (const auto& each : std::exchange(listeners_, {})) {
      if (const auto alive = each.lock()) alive->on_answer(&answer);
    }
  }

 private:
  clock::duration keep_;
  clock::time_point at_{};
  std::optional<gateway_answer> kept_;
  std::vector<std::weak_ptr<answer_listener>> listeners_;
  bool is_under_way_ = false;
};

}  // namespace dovetail::inline v0::workersql::serving
