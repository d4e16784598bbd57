// What streams over a connected socket have in common: reading, writing, waiting, closing.
#pragma once

#include <dovetail/transport/socket.hpp>

#include <memory>
#include <utility>

namespace dovetail::inline v0::detail {

/// Base of the TCP and Unix streams, which add how to connect.
class socket_stream {
 public:
  /// A socket that waits for its reply is worth waiting for at once: the reply is never there before the wait.
  static constexpr bool waits_for_replies = true;

  attempt try_read(byte_span into) noexcept { return receive(socket_.get(), into); }
  attempt try_write(byte_view from) noexcept { return send(socket_.get(), from); }
  std::error_code shutdown_write() noexcept { return shutdown_send(socket_.get()); }
  std::error_code wait(const attempt& last, deadline by) noexcept { return wait_handle(socket_.get(), last, by); }
  native_handle handle(readiness what) const noexcept {
    return what == readiness::signalled ? no_handle : socket_.get();
  }
  bool is_open() const noexcept { return is_connected_; }

 protected:
  socket_stream() noexcept = default;
  explicit socket_stream(owned_handle connected) noexcept
      : socket_(std::move(connected)), is_connected_(static_cast<bool>(socket_)) {}
  socket_stream(socket_stream&& other) noexcept
      : socket_(std::move(other.socket_)), is_connected_(std::exchange(other.is_connected_, false)) {}
  socket_stream& operator=(socket_stream&& other) noexcept {
    socket_ = std::move(other.socket_);
    is_connected_ = std::exchange(other.is_connected_, false);
    return *this;
  }
  ~socket_stream() = default;

  void close_socket() noexcept {
    socket_.reset();
    is_connected_ = false;
  }

  owned_handle socket_;
  bool is_connected_ = false;
};

}  // namespace dovetail::inline v0::detail
