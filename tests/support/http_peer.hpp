// A scripted HTTP/1.1 server for tests of clients: it checks nothing, notes every request, and answers what it is told.
#pragma once

#include <support/socket_server.hpp>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::test {

struct http_call {
  std::string line;
  std::vector<std::string> fields;
  std::string body;

  /// The value of a field; empty when there is none.
  std::string field(std::string_view name) const {
    for (const std::string& each : fields) {
      if (each.size() > name.size() + 1 && each.compare(0, name.size(), name) == 0 && each[name.size()] == ':') {
        return each.substr(name.size() + 2);
      }
    }
    return {};
  }
};

/// Reads one request; false when the stream has ended.
inline bool read_call(accepted_stream& peer, std::string& unread, http_call& out) {
  const auto more = [&] {
    std::byte chunk[65536];
    std::error_code ec;
    const std::size_t bytes = read_some(peer, chunk, deadline::after(std::chrono::seconds{60}), ec);
    if (ec) return false;
    unread += as_text(byte_view{chunk, bytes});
    return true;
  };
  std::size_t end = 0;
  while ((end = unread.find("\r\n\r\n")) == unread.npos) {
    if (!more()) return false;
  }
  out = {};
  std::string_view head = std::string_view{unread}.substr(0, end);
  for (bool is_first = true; !head.empty(); is_first = false) {
    const std::size_t next = head.find("\r\n");
    const std::string line{head.substr(0, next)};
    head.remove_prefix(next == head.npos ? head.size() : next + 2);
    is_first ? void(out.line = line) : out.fields.push_back(line);
  }
  const std::string length = out.field("Content-Length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (unread.size() < end + 4 + size) {
    if (!more()) return false;
  }
  out.body = unread.substr(end + 4, size);
  unread.erase(0, end + 4 + size);
  return true;
}

/// Answers every request by `answer(call, number)`, numbered from 0 over all connections; the connection is closed
/// after an empty answer, and after one that has "Connection: close".
class http_peer {
 public:
  using answer_function = std::function<std::string(const http_call&, int)>;

  explicit http_peer(answer_function answer)
      : answer_(std::move(answer)), server_([this](accepted_stream& peer) { serve(peer); }) {}

  std::uint16_t port() const { return server_.port(); }
  int accepted() const { return server_.accepted(); }
  std::vector<http_call> calls() {
    const std::lock_guard lock{mutex_};
    return calls_;
  }
  std::string dsn(std::string_view parameters = "") const {
    return "workersql://127.0.0.1:" + std::to_string(port()) + "/test?ssl=false&apiKey=J&" + std::string{parameters};
  }

 private:
  void serve(accepted_stream& peer) {
    std::string unread;
    for (http_call call; read_call(peer, unread, call);) {
      int number = 0;
      {
        const std::lock_guard lock{mutex_};
        number = static_cast<int>(calls_.size());
        calls_.push_back(call);
      }
      const std::string said = answer_(call, number);
      if (said.empty() || !peer.write(said) || said.find("Connection: close") != said.npos) return peer.close();
    }
  }

  answer_function answer_;
  std::mutex mutex_;
  std::vector<http_call> calls_;
  socket_server server_;
};

}  // namespace dovetail::test
