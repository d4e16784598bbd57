// Unix domain sockets: a server on this machine, found by a path.
#pragma once

#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/socket_stream.hpp>

#include <memory>
#include <string>
#include <utility>

namespace dovetail::inline v0 {

/// The path of the server's socket; one that begins with '@' is a name in Linux' abstract namespace.
struct unix_endpoint {
  unix_endpoint() = default;
  explicit unix_endpoint(std::string socket_path) : path(std::move(socket_path)) {}

  std::string path;
};

/// A stream to a Unix socket. Threads: one operation at a time.
class unix_stream : public detail::socket_stream {
 public:
  explicit unix_stream(unix_endpoint peer) : peer_(std::move(peer)) {}

  attempt try_connect(deadline);

  /// Nothing tells; `until` of the attempt ends the wait.
  void notify(const std::shared_ptr<waker>&) noexcept {}

  void close() noexcept {
    close_socket();
    is_connecting_ = false;
  }

  const unix_endpoint& endpoint() const noexcept { return peer_; }

  /// For messages: the path.
  std::string peer() const { return peer_.path; }

 private:
  attempt begin();

  unix_endpoint peer_;
  bool is_connecting_ = false;
};

/// The transport policy for Unix domain sockets.
struct unix_socket {
  using endpoint = unix_endpoint;
  using stream = unix_stream;
};

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/transport_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TRANSPORT_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE attempt unix_stream::try_connect(deadline) {
  if (is_connected_) return attempt::failed(make_error_code(errc::invalid_state));
  std::error_code ec;
  if (is_connecting_) {
    ec = detail::connect_outcome(socket_.get());
  } else {
    const attempt started = begin();
    if (!started.is_over()) return started;
    ec = started.ec;
  }
  // A server that is restarted takes its socket away: that is no other failure than a port that refuses.
  if (ec == std::errc::no_such_file_or_directory) ec = make_error_code(errc::socket_missing);
  is_connecting_ = false;
  is_connected_ = !ec;
  return ec ? close(), attempt::failed(ec) : attempt::done();
}

DOVETAIL_DEFINE attempt unix_stream::begin() {
  detail::socket_address address;
  std::error_code ec = detail::unix_address(peer_.path, address);
  if (!ec) socket_ = detail::open_socket(AF_UNIX, ec);
  if (ec) return attempt::failed(ec);
  attempt started = detail::start_connect(socket_.get(), address);
  if (started.ec == std::errc::resource_unavailable_try_again) {
    // The server's queue is full, and nothing tells when it has room (unix(7)): look again soon.
    socket_.reset();
    started = attempt::wait(readiness::signalled, deadline::after(std::chrono::milliseconds{5}));
  } else if (!started.is_over()) {
    is_connecting_ = true;
  }
  return started;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
