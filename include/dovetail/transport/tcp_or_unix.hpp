// Several places where a server may be, some by TCP, some by Unix sockets, and the stream that leads to one of them.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/transport/socket_stream.hpp>
#include <dovetail/transport/tcp.hpp>
#include <dovetail/transport/unix_socket.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// One place: the path of a Unix socket, or where there is none a TCP host.
struct socket_target {
  std::string path;
  tcp_endpoint tcp;
  std::string server_name;  ///< for TLS: the name that the certificate must be for
};

/// Places that will do; the dialogue says by its connect action which one is tried.
struct tcp_or_unix_endpoint {
  std::vector<socket_target> targets;
};

/// A stream to one of several servers. Threads: one operation at a time.
class tcp_or_unix_stream : public detail::socket_stream {
 public:
  explicit tcp_or_unix_stream(tcp_or_unix_endpoint peers) : peers_(std::move(peers)) {}

  /// Which of the endpoint's targets the next connect is for; only while the stream is closed.
  void select(std::size_t target) noexcept { selected_ = target; }
  std::size_t selected() const noexcept { return selected_; }

  /// Errors: std::errc::invalid_argument when the endpoint has no such target.
  attempt try_connect(deadline by);

  std::error_code wait(const attempt& last, deadline by) {
    if (by_tcp_) return by_tcp_->wait(last, by);
    return by_path_ ? by_path_->wait(last, by) : socket_stream::wait(last, by);
  }
  native_handle handle(readiness what) const noexcept {
    if (by_tcp_) return by_tcp_->handle(what);
    return by_path_ ? by_path_->handle(what) : socket_stream::handle(what);
  }
  void notify(std::shared_ptr<waker> listener);

  void close() noexcept;

  const tcp_or_unix_endpoint& endpoint() const noexcept { return peers_; }

  /// The name that the selected target's certificate must be for.
  std::string server_name() const {
    return selected_ < peers_.targets.size() ? peers_.targets[selected_].server_name : std::string{};
  }

  /// For messages: "host:port", or the path.
  std::string peer() const;

 private:
  tcp_or_unix_endpoint peers_;
  std::size_t selected_ = 0;
  detail::later<tcp_stream> by_tcp_;  // only while it connects, like the next
  detail::later<unix_stream> by_path_;
};

/// The transport policy TCP or Unix socket, whichever the endpoint's target says.
struct tcp_or_unix {
  using endpoint = tcp_or_unix_endpoint;
  using stream = tcp_or_unix_stream;
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

DOVETAIL_DEFINE attempt tcp_or_unix_stream::try_connect(deadline by) {
  if (is_connected_) return attempt::failed(make_error_code(errc::invalid_state));
  if (!by_tcp_ && !by_path_) {
    if (selected_ >= peers_.targets.size()) {
      return attempt::failed(std::make_error_code(std::errc::invalid_argument));
    }
    const socket_target& target = peers_.targets[selected_];
    if (target.path.empty()) {
      by_tcp_.emplace(target.tcp);
    } else {
      by_path_.emplace(unix_endpoint{target.path});
    }
  }
  const attempt tried = by_tcp_ ? by_tcp_->try_connect(by) : by_path_->try_connect(by);
  if (!tried.is_over()) return tried;
  if (!tried.ec) {
    socket_ = by_tcp_ ? by_tcp_->release() : by_path_->release();
    is_connected_ = true;
  }
  by_tcp_.reset();
  by_path_.reset();
  return tried;
}

DOVETAIL_DEFINE void tcp_or_unix_stream::notify(std::shared_ptr<waker> listener) {
  if (by_tcp_) {
    by_tcp_->notify(std::move(listener));
  } else if (!by_path_) {
    listener->wake();
  }
}

DOVETAIL_DEFINE void tcp_or_unix_stream::close() noexcept {
  by_tcp_.reset();
  by_path_.reset();
  close_socket();
}

DOVETAIL_DEFINE std::string tcp_or_unix_stream::peer() const {
  if (selected_ >= peers_.targets.size()) return {};
  const socket_target& target = peers_.targets[selected_];
  return target.path.empty() ? tcp_stream{target.tcp}.peer() : target.path;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
