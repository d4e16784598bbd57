// What other sessions say through NOTIFY, kept until somebody asks.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/codec/postgres/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

struct notification {
  std::string channel;
  std::string payload;
  std::uint32_t process = 0;  ///< of the server, that the sender talked to
  /// No notification: the connection was lost, and is there again. What was sent in between has not been seen.
  bool after_reconnect = false;
};

/// Notifications in the order in which they came; beyond the limit the oldest is dropped, and counted.
class notification_queue {
 public:
  explicit notification_queue(std::size_t limit = 10'000) noexcept : limit_(limit) {}

  bool empty() const noexcept { return first_ == waiting_.size(); }
  std::size_t size() const noexcept { return waiting_.size() - first_; }
  std::size_t dropped() const noexcept { return dropped_; }

  /// The oldest one; there must be one.
  notification pop();

  /// Takes the body of a NotificationResponse; false when it is malformed.
  bool take(byte_view body);

  void clear() noexcept;

 private:
  void drop_first() noexcept;

  std::vector<notification> waiting_;  // those before `first_` are gone: fewer than wait behind them
  std::size_t first_ = 0;
  std::size_t limit_;
  std::size_t dropped_ = 0;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE notification notification_queue::pop() {
  notification oldest = std::move(waiting_[first_]);
  drop_first();
  return oldest;
}

DOVETAIL_DEFINE void notification_queue::drop_first() noexcept {
  waiting_[first_++] = {};
  if (first_ < size()) return;
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
}

DOVETAIL_DEFINE bool notification_queue::take(byte_view body) {
  detail::message_reader reader{body};
  std::uint32_t process = 0;
  std::string_view channel;
  std::string_view payload;
  if (!reader.u32(process) || !reader.text(channel) || !reader.text(payload) || !reader.at_end()) return false;
  if (size() >= limit_) {
    ++dropped_;
    if (empty()) return true;
    drop_first();
  }
  waiting_.push_back({std::string{channel}, std::string{payload}, process, false});
  return true;
}

}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE void notification_queue::clear() noexcept {
  waiting_.clear();
  first_ = 0;
  dropped_ = 0;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
