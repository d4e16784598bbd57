// Pipes: a child process' standard input and output, or our own.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/process.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// A program to start, or nothing: then our own standard input and output.
struct pipe_endpoint {
  pipe_endpoint() = default;
  explicit pipe_endpoint(std::vector<std::string> command_line) : command(std::move(command_line)) {}

  std::vector<std::string> command;      ///< the program, looked up in PATH, and its arguments
  std::chrono::milliseconds grace{200};  ///< after closing, the time a child has before it is killed
};

/// A stream to a child process, or to whoever started us. Never raises SIGPIPE.
/// Connecting starts the child; closing ends its input and waits for it, `grace` at most.
/// Our own pipes are never set non-blocking by the blocking driver, because other processes may share them.
/// Threads: one operation at a time.
class pipe_stream {
 public:
  explicit pipe_stream(pipe_endpoint peer) : peer_(std::move(peer)) {}
  pipe_stream(pipe_stream&& other) noexcept
      : peer_(std::move(other.peer_)),
        child_(std::move(other.child_)),
        own_input_(std::exchange(other.own_input_, no_handle)),
        own_output_(std::exchange(other.own_output_, no_handle)) {}
  pipe_stream& operator=(pipe_stream&& other) noexcept {
    close();
    peer_ = std::move(other.peer_);
    child_ = std::move(other.child_);
    own_input_ = std::exchange(other.own_input_, no_handle);
    own_output_ = std::exchange(other.own_output_, no_handle);
    return *this;
  }
  ~pipe_stream() { close(); }

  attempt try_connect(deadline) {
    if (is_open()) return attempt::failed(make_error_code(errc::invalid_state));
    if (peer_.command.empty()) {
      own_input_ = STDIN_FILENO;
      own_output_ = STDOUT_FILENO;
      return attempt::done();
    }
    return attempt::failed(child_.start(peer_.command));
  }

  attempt try_read(byte_span into) noexcept { return detail::read_pipe(input(), into); }
  attempt try_write(byte_view from) noexcept { return detail::write_pipe(output(), from); }

  /// Ends the child's input. Our own output is not closed: it is not only ours.
  std::error_code shutdown_write() noexcept {
    child_.input.reset();
    return {};
  }
  std::error_code wait(const attempt& last, deadline by) noexcept {
    return detail::wait_handle(handle(last.wait_for), last, by);
  }
  native_handle handle(readiness what) const noexcept {
    return what == readiness::readable ? input() : what == readiness::writable ? output() : no_handle;
  }
  void notify(const std::shared_ptr<waker>&) noexcept {}

  void close() noexcept {
    own_input_ = own_output_ = no_handle;
    child_.finish(deadline::after(peer_.grace));
  }
  bool is_open() const noexcept { return input() != no_handle; }

  const pipe_endpoint& endpoint() const noexcept { return peer_; }

  /// For messages: the program's name; no arguments, they may hold what is not to be shown.
  std::string peer() const { return peer_.command.empty() ? std::string{"standard input"} : peer_.command.front(); }

 private:
  native_handle input() const noexcept { return child_.output ? child_.output.get() : own_input_; }
  native_handle output() const noexcept { return child_.input ? child_.input.get() : own_output_; }

  pipe_endpoint peer_;
  detail::child_process child_;
  native_handle own_input_ = no_handle;
  native_handle own_output_ = no_handle;
};

/// The transport policy over standard input and output.
struct stdio_pipe {
  using endpoint = pipe_endpoint;
  using stream = pipe_stream;
};

}  // namespace dovetail::inline v0
