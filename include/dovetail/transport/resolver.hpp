// Names to addresses without blocking the caller: on a thread of its own that may outlive the question.
#pragma once

#include <dovetail/base/one_time_gate.hpp>
#include <dovetail/transport/socket.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

/// One question to the system's resolver, which has no time limit of its own. Who asked may stop waiting at any time:
/// the helper thread shares the state and leaves its answer there, read or not.
class resolution {
 public:
  /// Asks. Numeric addresses are answered at once and without a thread.
  static std::shared_ptr<resolution> start(std::string host, std::string port);

  bool is_over() const {
    const std::lock_guard lock(mutex_);
    return over_;
  }

  /// Only when `is_over()`.
  std::error_code take(std::vector<socket_address>& addresses);

  /// Blocks until the answer is there, or `by` passes.
  void wait(deadline by) {
    if (!is_over()) answered_.wait(by);
  }

  /// Wakes `listener` when the answer is there; at once when it is already.
  void notify(std::shared_ptr<waker> listener);

 private:
  void answer(const std::string& host, const std::string& port) noexcept;

  mutable std::mutex mutex_;
  one_time_gate answered_;
  bool over_ = false;
  std::error_code ec_;
  std::vector<socket_address> found_;
  std::shared_ptr<waker> listener_;
};

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/transport_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TRANSPORT_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <thread>

namespace dovetail::inline v0::detail {

DOVETAIL_DEFINE std::shared_ptr<resolution> resolution::start(std::string host, std::string port) {
  auto asked = std::make_shared<resolution>();
  if (!resolve(host, port, true, asked->found_)) {
    asked->over_ = true;
    return asked;
  }
  try {
    std::thread([asked, host = std::move(host), port = std::move(port)] { asked->answer(host, port); }).detach();
  } catch (const std::system_error& failure) {
    asked->ec_ = failure.code();
    asked->over_ = true;
  }
  return asked;
}

DOVETAIL_DEFINE std::error_code resolution::take(std::vector<socket_address>& addresses) {
  const std::lock_guard lock(mutex_);
  addresses = std::move(found_);
  return ec_;
}

DOVETAIL_DEFINE void resolution::notify(std::shared_ptr<waker> listener) {
  {
    const std::lock_guard lock(mutex_);
    if (!over_) return listener_ = std::move(listener), void();
  }
  listener->wake();
}

DOVETAIL_DEFINE void resolution::answer(const std::string& host, const std::string& port) noexcept {
  std::vector<socket_address> found;
  std::error_code ec;
  try {
    ec = resolve(host, port, false, found);
  } catch (...) {
    ec = std::make_error_code(std::errc::not_enough_memory);
  }
  std::shared_ptr<waker> listener;
  {
    const std::lock_guard lock(mutex_);
    found_ = std::move(found);
    ec_ = ec;
    over_ = true;
    listener = std::move(listener_);
  }
  answered_.open();
  if (listener) listener->wake();
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
