// A small server on a loopback TCP port or a Unix path, for tests: one thread, one connection at a time, told what to
// do.
#pragma once

#include <dovetail/transport/blocking.hpp>
#include <dovetail/transport/socket_stream.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace dovetail::test {

/// The server's end of a connection.
class accepted_stream : public detail::socket_stream {
 public:
  explicit accepted_stream(detail::owned_handle connected) noexcept : socket_stream(std::move(connected)) {}
  attempt try_connect(deadline) noexcept { return attempt::failed(make_error_code(errc::invalid_state)); }
  void notify(const std::shared_ptr<waker>&) noexcept {}
  void close() noexcept { close_socket(); }

  /// Closes so that the peer gets a reset.
  void reset() noexcept {
    const linger at_once{1, 0};
    detail::set_option(socket_.get(), SOL_SOCKET, SO_LINGER, at_once);
    close_socket();
  }

  /// Keeps the system from taking more and more that nobody has read: some hold tens of megabytes.
  void bound_receive_buffer() noexcept { detail::set_option(socket_.get(), SOL_SOCKET, SO_RCVBUF, int{64 * 1024}); }

  /// One line without its end; empty when the stream ends before.
  std::string read_line() {
    for (;;) {
      if (const std::size_t end = got_.find('\n'); end != std::string::npos) {
        std::string line = got_.substr(0, end);
        got_.erase(0, end + 1);
        return line;
      }
      std::byte chunk[65536];
      std::error_code ec;
      const std::size_t bytes = read_some(*this, chunk, deadline::after(std::chrono::seconds{60}), ec);
      if (ec) return {};
      got_ += as_text(byte_view{chunk, bytes});
    }
  }
  bool write(std::string_view text) {
    std::error_code ec;
    write_all(*this, as_byte_view(text), deadline::after(std::chrono::seconds{60}), ec);
    return !ec;
  }

 private:
  std::string got_;
};

class socket_server {
 public:
  using serve_function = std::function<void(accepted_stream&)>;

  static void echo(accepted_stream& peer) {
    for (std::string line = peer.read_line(); !line.empty(); line = peer.read_line()) {
      if (!peer.write(line + "\n")) return;
    }
  }

  /// Whether nobody is let in before `listen()`: who connects is refused.
  enum class lateness : bool { none, listens_when_told };

  /// On a free port of 127.0.0.1.
  explicit socket_server(serve_function serve = echo, lateness is_late = lateness::none) : serve_(std::move(serve)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind_to(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (is_late == lateness::none) listen();
  }
  /// On a Unix path.
  socket_server(const std::string& path, serve_function serve) : serve_(std::move(serve)), path_(path) {
    detail::socket_address address;
    EXPECT_FALSE(detail::unix_address(path, address));
    bind_to(address.get(), address.size);
    listen();
  }
  ~socket_server() {
    is_over_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    if (!path_.empty() && path_.front() != '@') ::unlink(path_.c_str());
  }

  void listen() {
    EXPECT_EQ(0, ::listen(listener_.get(), 16));
    start();
  }

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  void bind_to(const sockaddr* address, socklen_t size) {
    listener_ = detail::owned_handle{::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_EQ(0, ::bind(listener_.get(), address, size)) << detail::last_system_error().message();
  }
  void start() {
    thread_ = std::thread([this] {
      while (!is_over_) {
        detail::owned_handle connected{::accept(listener_.get(), nullptr, nullptr)};
        if (!connected) continue;
        detail::prepare_socket(connected.get());
        ++accepted_;
        accepted_stream peer{std::move(connected)};
        serve_(peer);
      }
    });
  }

  serve_function serve_;
  std::string path_;
  detail::owned_handle listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_over_{false};
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

}  // namespace dovetail::test
