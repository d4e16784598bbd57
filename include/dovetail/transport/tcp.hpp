// TCP: where a server is, and the stream that leads there.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/resolver.hpp>
#include <dovetail/transport/socket_stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// A host, by name or number (IPv6 without brackets), its port, and how its sockets are to be.
struct tcp_endpoint {
  tcp_endpoint() = default;
  tcp_endpoint(std::string host_name, std::uint16_t port_number) : host(std::move(host_name)), port(port_number) {}

  std::string host;
  std::uint16_t port = 0;
  bool keep_alive = true;                    ///< have the system probe a silent peer
  std::chrono::seconds keep_alive_idle{60};  ///< after this time of silence
};

/// A stream to a TCP server. TCP_NODELAY is always on: a request is one write, and nobody waits to fill a segment.
/// Connecting tries the host's addresses in the resolver's order; each gets an equal part of the time that is left,
/// so that one that does not answer leaves some for the next.
/// Threads: one operation at a time.
class tcp_stream : public detail::socket_stream {
 public:
  explicit tcp_stream(tcp_endpoint peer) : peer_(std::move(peer)) {}

  attempt try_connect(deadline by);

  std::error_code wait(const attempt& last, deadline by);

  void notify(std::shared_ptr<waker> listener);

  void close() noexcept;

  const tcp_endpoint& endpoint() const noexcept { return peer_; }

  /// For messages: "host:port".
  std::string peer() const;

 private:
  /// Begins with one address; sets its part of the time.
  std::error_code begin(const detail::socket_address& address, deadline by);

  /// After a wait: connected, failed, or out of this address's time.
  std::error_code progress() noexcept;

  tcp_endpoint peer_;
  std::shared_ptr<detail::resolution> resolution_;
  std::vector<detail::socket_address> addresses_;
  std::size_t next_ = 0;
  deadline share_;
};

/// The transport policy TCP.
struct tcp {
  using endpoint = tcp_endpoint;
  using stream = tcp_stream;
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

DOVETAIL_DEFINE attempt tcp_stream::try_connect(deadline by) {
  if (is_connected_) return attempt::failed(make_error_code(errc::invalid_state));
  if (!resolution_ && addresses_.empty()) {
    resolution_ = detail::resolution::start(peer_.host, std::to_string(peer_.port));
  }
  if (resolution_) {
    if (!resolution_->is_over()) return attempt::wait(readiness::signalled);
    const std::error_code ec = std::exchange(resolution_, nullptr)->take(addresses_);
    next_ = 0;
    if (ec) return addresses_.clear(), attempt::failed(ec);
  }
  std::error_code ec = socket_ ? progress() : std::error_code{};
  for (;;) {
    if (socket_ && !ec) {
      if (is_connected_) return addresses_.clear(), attempt::done();
      return attempt::wait(readiness::writable, share_);
    }
    socket_.reset();
    if (next_ == addresses_.size()) return addresses_.clear(), attempt::failed(ec);
    ec = begin(addresses_[next_++], by);
  }
}

DOVETAIL_DEFINE std::error_code tcp_stream::wait(const attempt& last, deadline by) {
  if (last.wait_for != readiness::signalled) return socket_stream::wait(last, by);
  const std::shared_ptr<detail::resolution> asked = resolution_;
  if (asked) asked->wait(by);
  return !asked || asked->is_over() || !by.has_passed() ? std::error_code{} : make_error_code(errc::deadline_passed);
}

DOVETAIL_DEFINE void tcp_stream::notify(std::shared_ptr<waker> listener) {
  if (resolution_) {
    resolution_->notify(std::move(listener));
  } else {
    listener->wake();
  }
}

DOVETAIL_DEFINE void tcp_stream::close() noexcept {
  close_socket();
  resolution_.reset();
  addresses_.clear();
}

DOVETAIL_DEFINE std::string tcp_stream::peer() const {
  const bool is_v6 = peer_.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + peer_.host + "]" : peer_.host) + ":" + std::to_string(peer_.port);
}

DOVETAIL_DEFINE std::error_code tcp_stream::begin(const detail::socket_address& address, deadline by) {
  std::error_code ec;
  socket_ = detail::open_socket(address.family(), ec);
  if (ec) return ec;
  if ((ec = detail::set_no_delay(socket_.get()))) return ec;
  if (peer_.keep_alive && (ec = detail::set_keep_alive(socket_.get(), peer_.keep_alive_idle))) return ec;
  const std::size_t others = addresses_.size() - next_;
  share_ = by.is_never() || others == 0 ? deadline::never()
                                        : deadline::after(by.remaining() / static_cast<clock::rep>(others + 1));
  const attempt started = detail::start_connect(socket_.get(), address);
  is_connected_ = started.is_over() && !started.ec;
  return started.ec;
}

DOVETAIL_DEFINE std::error_code tcp_stream::progress() noexcept {
  std::error_code ec;
  if (detail::poll_handle(socket_.get(), readiness::writable, deadline{clock::time_point{}}, ec)) {
    ec = detail::connect_outcome(socket_.get());
    is_connected_ = !ec;
    return ec;
  }
  if (!ec && share_.has_passed()) ec = std::make_error_code(std::errc::timed_out);
  return ec;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
