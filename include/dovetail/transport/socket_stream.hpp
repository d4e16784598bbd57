// What streams over a connected socket have in common: reading, writing, waiting, closing.
#pragma once

#include <dovetail/transport/reply_wait.hpp>
#include <dovetail/transport/socket.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace dovetail::inline v0::detail {

/// Base of the TCP and Unix streams, which add how to connect.
class socket_stream {
 public:
  /// After a request the reply is never there yet: trying to read it first would be a wasted system call.
  static constexpr bool waits_for_replies = true;

  attempt try_read(byte_span into) noexcept { return receive(socket_.get(), into); }
  attempt try_write(byte_view from) noexcept { return send(socket_.get(), from); }
  std::error_code shutdown_write() noexcept { return shutdown_send(socket_.get()); }
  std::error_code wait(const attempt& last, deadline by) noexcept { return wait_handle(socket_.get(), last, by); }

  /// Waits and reads in one system call, where `wait()` and `try_read()` are two; for the blocking driver. On a Unix
  /// socket they stay two: a receive() that waits there is also woken when the peer has read what was sent, and sleeps
  /// again, which costs more than poll() does.
  attempt read_waiting(byte_span into, deadline by) noexcept;
  /// Writes a request and waits for its answer and reads that, as far as all goes as it usually does; for the blocking
  /// driver. Gives the bytes of the answer. Else `last` is the step that was another one: of writing (then negative),
  /// or of reading when all is written (then 0). `request` and `into` are not empty.
  std::ptrdiff_t ask_at_once(byte_view request, byte_span into, deadline by, attempt& last) noexcept;
  native_handle handle(readiness what) const noexcept {
    return what == readiness::signalled ? no_handle : socket_.get();
  }
  bool is_open() const noexcept { return is_connected_; }

  /// Has nothing come that was not read, and has the peer not ended the stream? Looks without reading; one system call.
  bool is_silent() const noexcept { return is_connected_ && has_nothing_to_read(socket_.get()); }

  /// Gives the connected socket away; the stream is closed then.
  owned_handle release() noexcept {
    owned_handle given = std::move(socket_);
    close_socket();
    return given;
  }

 protected:
  socket_stream() noexcept = default;
  explicit socket_stream(owned_handle connected) noexcept
      : socket_(std::move(connected)), is_connected_(static_cast<bool>(socket_)) {}
  socket_stream(socket_stream&& other) noexcept
      : socket_(std::move(other.socket_)),
        is_connected_(std::exchange(other.is_connected_, false)),
        receive_(std::exchange(other.receive_, receiving::unknown)),
        replies_(std::move(other.replies_)) {}
  socket_stream& operator=(socket_stream&& other) noexcept {
    socket_ = std::move(other.socket_);
    is_connected_ = std::exchange(other.is_connected_, false);
    receive_ = std::exchange(other.receive_, receiving::unknown);
    replies_ = std::move(other.replies_);
    return *this;
  }
  ~socket_stream() = default;

  void close_socket() noexcept {
    replies_.close();
    socket_.reset();
    is_connected_ = false;
    receive_ = receiving::unknown;
  }

  owned_handle socket_;
  bool is_connected_ = false;

 private:
  enum class receiving : std::uint8_t { unknown, waits, never_waits };

  /// Is there time for a receive() that waits? It gives up after a fixed time, set once a socket; the last part of a
  /// deadline, which is shorter, is left to poll().
  bool is_waiting_in_receive(deadline by) noexcept;

  /// The first waits for replies.
  [[gnu::cold]] bool may_read_soon(deadline by) noexcept;

  receiving receive_ = receiving::unknown;
  reply_wait replies_;  // where a receive() does not wait
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

DOVETAIL_DEFINE bool socket_stream::is_waiting_in_receive(deadline by) noexcept {
  constexpr std::chrono::milliseconds slice{200};
  if (receive_ == receiving::never_waits || by.remaining() < slice) return false;
  if (receive_ == receiving::unknown) {
    const bool waits = !is_unix_socket(socket_.get()) && !set_receive_timeout(socket_.get(), slice);
    receive_ = waits ? receiving::waits : receiving::never_waits;
  }
  return receive_ == receiving::waits;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool socket_stream::may_read_soon(deadline by) noexcept {
  pollfd watched{socket_.get(), POLLIN, 0};
  return ::poll(&watched, 1, poll_timeout(by)) > 0;
}

DOVETAIL_DEFINE std::ptrdiff_t socket_stream::ask_at_once(byte_view request, byte_span into, deadline by,
                                                          attempt& last) noexcept {
  const native_handle handle = socket_.get();
  const ssize_t left = ::send(handle, request.data(), request.size(), send_flags);
  if (left != static_cast<ssize_t>(request.size())) [[unlikely]]
    return last = sent_as(left, handle, request), -1;
  int flags = MSG_DONTWAIT;
  bool may_read = true;
  if (receive_ == receiving::never_waits) {
    may_read = replies_.begin(handle) ? replies_.wait(by) : may_read_soon(by);
  } else {
    may_read = is_waiting_in_receive(by);
    flags = 0;
  }
  const ssize_t got = may_read ? ::recv(handle, into.data(), into.size(), flags) : 0;
  replies_.note_rest(got == static_cast<ssize_t>(into.size()));
  if (got > 0) [[likely]]
    return got;
  return last = may_read ? received_as(got) : attempt::wait(readiness::readable), 0;
}

DOVETAIL_DEFINE attempt socket_stream::read_waiting(byte_span into, deadline by) noexcept {
  while (is_waiting_in_receive(by)) {
    const attempt tried = receive(socket_.get(), into, 0);
    if (tried.is_over()) return tried;
  }
  for (;;) {
    if (const std::error_code ec = wait(attempt::wait(readiness::readable), by)) return attempt::failed(ec);
    const attempt tried = try_read(into);
    if (tried.is_over()) return tried;
  }
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
