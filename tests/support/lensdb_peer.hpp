// A TCP peer for tests of clients that does what the test says with each connection: answers, lies, stalls, dies.
#pragma once

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace lensdb_test {

/// Serves one connection after the other in a thread of its own; `serve(socket, number)` may block.
class peer {
 public:
  using socket = asio::ip::tcp::socket;

  explicit peer(std::function<void(socket&, int)> serve) : serve_(std::move(serve)) {
    thread_ = std::thread{[this] { run(); }};
  }
  ~peer() {
    is_stopping_ = true;
    std::error_code ignored;
    asio::io_context io;
    socket knock{io};
    knock.connect(acceptor_.local_endpoint(), ignored);  // wakes accept()
    thread_.join();
  }
  peer(const peer&) = delete;

  std::string uri(const std::string& parameters = {}) const {
    return "lensdb://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + parameters;
  }
  int connections() const noexcept { return connections_; }

  /// Reads a request frame of lens_v1, whole; false at the end of the stream.
  static bool read_request(socket& from, std::vector<std::byte>& frame) {
    std::error_code ec;
    frame.resize(18);
    asio::read(from, asio::buffer(frame), ec);
    if (ec) return false;
    const auto field = [&](std::size_t at) {
      std::size_t value = 0;
      for (std::size_t i = 0; i < 4; ++i) value = value * 256 + std::to_integer<std::size_t>(frame[at + i]);
      return value;
    };
    const std::size_t rest = field(6) + field(10);
    frame.resize(18 + rest);
    if (rest != 0) asio::read(from, asio::buffer(frame.data() + 18, rest), ec);
    return !ec;
  }
  static void write(socket& to, const std::vector<std::byte>& bytes) {
    std::error_code ignored;
    asio::write(to, asio::buffer(bytes), ignored);
  }
  /// Waits until the client has given up.
  static void wait_for_end(socket& from) {
    std::error_code ec;
    std::byte byte;
    while (!ec) from.read_some(asio::buffer(&byte, 1), ec);
  }

 private:
  void run() {
    for (;;) {
      std::error_code ec;
      socket accepted = acceptor_.accept(ec);
      if (is_stopping_) return;
      if (ec) continue;
      serve_(accepted, connections_++);
    }
  }

  std::function<void(socket&, int)> serve_;
  std::atomic<bool> is_stopping_{false};
  std::atomic<int> connections_{0};
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::make_address("127.0.0.1"), 0}};
  std::thread thread_;
};

}  // namespace lensdb_test
