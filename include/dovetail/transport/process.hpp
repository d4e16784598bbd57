// The operating system's pipes and child processes: the only file that calls them.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/socket.hpp>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

extern char** environ;  // NOLINT: POSIX has it, and no header need declare it

namespace dovetail::inline v0::detail {

/// Is the pipe ready now? Then one read, or a write of up to PIPE_BUF bytes, does not block, whatever its flags say.
inline bool is_ready_now(native_handle handle, readiness what, std::error_code& ec) noexcept {
  return poll_handle(handle, what, deadline{clock::time_point{}}, ec);
}

inline attempt read_pipe(native_handle handle, byte_span into) noexcept {
  if (into.empty()) return attempt::failed(std::make_error_code(std::errc::no_buffer_space));
  std::error_code ec;
  if (!is_ready_now(handle, readiness::readable, ec)) {
    return ec ? attempt::failed(ec) : attempt::wait(readiness::readable);
  }
  for (;;) {
    const ssize_t got = ::read(handle, into.data(), into.size());
    if (got > 0) return attempt::done(static_cast<std::size_t>(got));
    if (got == 0) return attempt::failed(make_error_code(errc::connection_closed));
    if (would_block()) return attempt::wait(readiness::readable);
    if (errno != EINTR) return attempt::failed(last_system_error());
  }
}

/// Keeps SIGPIPE from this thread while it lives, and takes away the one that its write raised.
class no_broken_pipe_signal {
 public:
  no_broken_pipe_signal() noexcept {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    if (!was_pending_) ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  no_broken_pipe_signal(const no_broken_pipe_signal&) = delete;
  no_broken_pipe_signal& operator=(const no_broken_pipe_signal&) = delete;
  ~no_broken_pipe_signal() {
    if (was_pending_) return;
    if (was_raised_) {
      const timespec at_once{0, 0};
      while (::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void raised() noexcept { was_raised_ = true; }

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_ = false;
  bool was_raised_ = false;
};

inline attempt write_pipe(native_handle handle, byte_view from) noexcept {
  if (from.empty()) return attempt::done();
  std::error_code ec;
  if (!is_ready_now(handle, readiness::writable, ec)) {
    return ec ? attempt::failed(ec) : attempt::wait(readiness::writable);
  }
  no_broken_pipe_signal guard;
  for (;;) {
    const ssize_t left = ::write(handle, from.data(), (std::min<std::size_t>)(from.size(), PIPE_BUF));
    if (left >= 0) return attempt::done(static_cast<std::size_t>(left));
    if (would_block()) return attempt::wait(readiness::writable);
    if (errno == EPIPE) guard.raised();
    if (errno != EINTR) return attempt::failed({errno, std::system_category()});
  }
}

/// A program that we started, and our ends of its standard input and output.
class child_process {
 public:
  child_process() noexcept = default;
  child_process(child_process&& other) noexcept
      : input(std::move(other.input)), output(std::move(other.output)), id_(std::exchange(other.id_, 0)) {}
  child_process& operator=(child_process&& other) noexcept {
    finish(deadline{clock::time_point{}});
    input = std::move(other.input);
    output = std::move(other.output);
    id_ = std::exchange(other.id_, 0);
    return *this;
  }
  ~child_process() { finish(deadline{clock::time_point{}}); }

  /// Starts `command`, whose first word is looked up in PATH. Its standard error is ours.
  std::error_code start(const std::vector<std::string>& command) {
    owned_handle theirs_in, theirs_out, ours_in, ours_out;
    if (const std::error_code ec = make_pipe(theirs_in, ours_in)) return ec;
    if (const std::error_code ec = make_pipe(ours_out, theirs_out)) return ec;

    std::vector<char*> words;
    for (const std::string& each : command) words.push_back(const_cast<char*>(each.c_str()));
    words.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (const int code = ::posix_spawn_file_actions_init(&actions)) return {code, std::system_category()};
    if (const int code = ::posix_spawnattr_init(&attributes)) {
      ::posix_spawn_file_actions_destroy(&actions);
      return {code, std::system_category()};
    }
    ::posix_spawn_file_actions_adddup2(&actions, theirs_in.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, theirs_out.get(), STDOUT_FILENO);
    // The child gets the usual signals, even where this thread has blocked or ignored some.
    sigset_t none, usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    ::sigaddset(&usual, SIGPIPE);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &usual);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int code = ::posix_spawnp(&id_, words.front(), &actions, &attributes, words.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (code != 0) return id_ = 0, std::error_code{code, std::system_category()};
    input = std::move(ours_in);
    output = std::move(ours_out);
    return {};
  }

  /// Ends the child's input, waits for its end until `by`, then kills it.
  void finish(deadline by) noexcept {
    input.reset();
    output.reset();
    if (id_ == 0) return;
    const pid_t id = std::exchange(id_, 0);
    for (;;) {
      const pid_t ended = ::waitpid(id, nullptr, WNOHANG);
      if (ended == id || (ended < 0 && errno != EINTR)) return;
      if (by.has_passed()) break;
      ::poll(nullptr, 0, 1);
    }
    ::kill(id, SIGKILL);
    while (::waitpid(id, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  owned_handle input;   ///< we write
  owned_handle output;  ///< we read

 private:
  /// Neither end is inherited, except where a child gets it as its own input or output.
  static std::error_code make_pipe(owned_handle& reader, owned_handle& writer) noexcept {
    int ends[2];
#if defined(__linux__)
    if (::pipe2(ends, O_CLOEXEC) != 0) return last_system_error();
#else
    if (::pipe(ends) != 0) return last_system_error();
    set_close_on_exec(ends[0]);
    set_close_on_exec(ends[1]);
#endif
    reader = owned_handle{ends[0]};
    writer = owned_handle{ends[1]};
    return {};
  }

  pid_t id_ = 0;
};

}  // namespace dovetail::inline v0::detail
