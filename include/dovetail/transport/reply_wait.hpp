// Waiting for answers on one socket, again and again, without a new timer each time.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/transport/socket.hpp>

#if defined(__linux__)
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#endif

#include <cstddef>
#include <cstdint>
#include <utility>

namespace dovetail::inline v0::detail {

/// poll() sets a timer up for each deadline and takes it down, although hardly any ever fires. This one has a timer of
/// its own, set for a deadline and left there: those that follow are later, as a client's are, and cost nothing. What
/// it is woken for too early is waited for by poll(), and the next wait sets it again.
/// It costs two descriptors, so it begins when a socket is used for long, and not when descriptors are getting scarce.
/// Where there is no such thing (only Linux has it) poll() does all waiting.
/// Lifetime: the socket's. Threads: one at a time.
class reply_wait {
 public:
  reply_wait() noexcept = default;
  reply_wait(reply_wait&&) noexcept = default;
  reply_wait& operator=(reply_wait&&) noexcept = default;

  /// Is it worth it by now, and possible? Ask once before each wait; where not, wait by poll().
  bool begin(native_handle socket) noexcept {
    if (watch_) [[likely]]
      return !may_have_rest_;
    return waits_ != given_up && ++waits_ == enough && open(socket);
  }

  /// Blocks until something comes. False: woken by something else, such as time, or a signal.
  bool wait(deadline by) noexcept;

  /// After each wait, of either kind: may the read have left something? What is there already wakes nobody.
  void note_rest(bool may_be) noexcept { may_have_rest_ = may_be; }

  /// Before the socket is closed.
  void close() noexcept {
    give_up();
    waits_ = 0;
    may_have_rest_ = false;
  }

 private:
  static constexpr std::uint8_t enough = 16;
  static constexpr std::uint8_t given_up = 255;

  void give_up() noexcept {
    watch_.reset();
    alarm_.reset();
    armed_for_ = (clock::time_point::max)();
    waits_ = given_up;
  }
  bool open(native_handle socket) noexcept;
  bool arm(deadline by) noexcept;
  bool judge(unsigned of, unsigned events) noexcept;

  owned_handle watch_;
  owned_handle alarm_;
  clock::time_point armed_for_ = (clock::time_point::max)();  // for ever: not at all
  std::uint8_t waits_ = 0;
  bool may_have_rest_ = false;
};

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/transport_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TRANSPORT_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

#if defined(__linux__)

inline constexpr std::uint32_t of_socket = 0;
inline constexpr std::uint32_t of_alarm = 1;

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool reply_wait::open(native_handle socket) noexcept {
  waits_ = given_up;
  owned_handle alarm{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)};
  owned_handle watch{::epoll_create1(EPOLL_CLOEXEC)};
  rlimit most{};
  if (!alarm || !watch || ::getrlimit(RLIMIT_NOFILE, &most) != 0) return false;
  // Numbers are given from below: the upper half is for the program.
  if (static_cast<rlim_t>(alarm.get()) >= most.rlim_cur / 2 || static_cast<rlim_t>(watch.get()) >= most.rlim_cur / 2) {
    return false;
  }
  // Told once of each change: asking both again before each sleep would cost what this saves.
  epoll_event wanted{};
  wanted.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  wanted.data.u32 = of_socket;
  if (::epoll_ctl(watch.get(), EPOLL_CTL_ADD, socket, &wanted) != 0) return false;
  wanted.events = EPOLLIN | EPOLLET;
  wanted.data.u32 = of_alarm;
  if (::epoll_ctl(watch.get(), EPOLL_CTL_ADD, alarm.get(), &wanted) != 0) return false;
  alarm_ = std::move(alarm);
  watch_ = std::move(watch);
  return true;
}

DOVETAIL_DEFINE bool reply_wait::wait(deadline by) noexcept {
  if (by.when() < armed_for_ && !arm(by)) [[unlikely]]
    return false;
  epoll_event happened;
  if (::epoll_wait(watch_.get(), &happened, 1, -1) != 1) [[unlikely]]
    return false;
  if (happened.data.u32 == of_socket && happened.events == EPOLLIN) [[likely]]
    return true;
  return judge(happened.data.u32, happened.events);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool reply_wait::arm(deadline by) noexcept {
  const auto since_boot = by.when().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec at{};
  at.it_value.tv_sec = static_cast<time_t>(seconds.count());
  at.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds{since_boot - seconds}.count());
  if (since_boot <= clock::duration::zero()) at = {{}, {0, 1}};  // zero would stop it
  if (::timerfd_settime(alarm_.get(), TFD_TIMER_ABSTIME, &at, nullptr) != 0) return give_up(), false;
  armed_for_ = by.when();
  return true;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool reply_wait::judge(unsigned of, unsigned events) noexcept {
  if (of == of_alarm) {
    armed_for_ = (clock::time_point::max)();
    return false;
  }
  // The end of the stream, behind bytes perhaps: that is told once.
  give_up();
  return (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP | EPOLLERR)) != 0;
}

#else

DOVETAIL_DEFINE bool reply_wait::open(native_handle) noexcept { return waits_ = given_up, false; }
DOVETAIL_DEFINE bool reply_wait::wait(deadline) noexcept { return false; }
DOVETAIL_DEFINE bool reply_wait::arm(deadline) noexcept { return false; }
DOVETAIL_DEFINE bool reply_wait::judge(unsigned, unsigned) noexcept { return false; }

#endif

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
