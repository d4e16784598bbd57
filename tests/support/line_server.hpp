// The other side of the line dialogues, in a thread, over memory streams: echoes, or misbehaves as told.
#pragma once

#include <dovetail/driver/run.hpp>
#include <dovetail/transport/memory.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace dovetail::test {

/// Reads one line; empty when the stream ends before.
template <class Stream>
std::string read_line(Stream& peer, deadline by = deadline::after(std::chrono::seconds{60})) {
  std::string line;
  std::error_code ec;
  std::byte one{};
  while (read_some(peer, {&one, 1}, by, ec) == 1) {
    if (one == std::byte{'\n'}) return line;
    line += static_cast<char>(one);
  }
  return {};
}

template <class Stream>
bool write_text(Stream& peer, std::string_view text, deadline by = deadline::after(std::chrono::seconds{60})) {
  std::error_code ec;
  write_all(peer, as_byte_view(text), by, ec);
  return !ec;
}

/// Gives back what comes until the stream ends, and reads no more before it has written that.
template <class Stream>
void give_back(Stream& peer, deadline by = deadline::after(std::chrono::seconds{60})) {
  std::byte some[64];
  for (std::error_code ec; !ec;) {
    const std::size_t size = read_some(peer, some, by, ec);
    if (!ec) write_all(peer, byte_view{some, size}, by, ec);
  }
}

/// Serves the connections of a hub one after the other, each with `serve(stream)`.
class hub_server {
 public:
  using serve_function = std::function<void(memory_stream&)>;

  explicit hub_server(serve_function serve = echo, std::size_t capacity = 64 * 1024)
      : hub_(std::make_shared<memory_hub>(capacity)), serve_(std::move(serve)), thread_([this] { run(); }) {}
  ~hub_server() {
    hub_->close();
    thread_.join();
  }

  memory_endpoint endpoint() const { return memory_endpoint{hub_}; }
  memory_hub& hub() const { return *hub_; }

  /// Gives every line back until the stream ends.
  static void echo(memory_stream& peer) {
    for (std::string line = read_line(peer); !line.empty(); line = read_line(peer)) {
      if (!write_text(peer, line + "\n")) return;
    }
  }

 private:
  void run() {
    for (;;) {
      memory_stream peer;
      if (hub_->accept(peer, deadline::never())) return;
      serve_(peer);
    }
  }

  std::shared_ptr<memory_hub> hub_;
  serve_function serve_;
  std::thread thread_;
};

}  // namespace dovetail::test
