// What tests of the WorkerSQL gateway over real sockets share: databases, and clients that write bytes.
#pragma once

#include <dovetail/sqlite.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <support/lensdb_wire.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace gateway_test {

using namespace std::chrono_literals;
namespace dt = dovetail;
namespace ws = dt::workersql;
using lensdb_test::wire;

/// A database in a file that goes with the test.
struct file_database {
  std::string path = (std::filesystem::temp_directory_path() /
                      ("dovetail_gateway_" + std::to_string(::getpid()) + "_" + std::to_string(++count)))
                         .string();
  dt::sqlite::client db{"sqlite:" + path + "?maxConnections=8"};

  file_database() {
    db.script(
        "pragma journal_mode=wal;"
        "create table users(id integer primary key, name text unique, active int, price real, big integer, ts text, "
        "bin "
        "blob)");
  }
  ~file_database() {
    db.close();
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  }
  static inline std::atomic<int> count{0};
};

inline ws::gateway_options with_key() {
  ws::gateway_options how;
  how.authentication.api_keys.push_back(
      {.key = dt::secret{"J"}, .name = "app", .tenant = "t1", .may = ws::permissions::admin});
  return how;
}

inline std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// One response as it came.
struct response {
  std::string head;
  std::string body;
  bool has(std::string_view part) const {
    return head.find(part) != std::string::npos || body.find(part) != std::string::npos;
  }
  std::string status() const { return head.size() > 12 ? head.substr(9, 3) : std::string{}; }
};

template <class Wire>
response receive(Wire& from, bool has_body = true) {
  response got;
  while (!got.head.ends_with("\r\n\r\n")) {
    const std::string one = text_of(from.read(1));
    if (one.empty()) return got;
    got.head += one;
  }
  const std::size_t at = got.head.find("Content-Length: ");
  if (has_body && at != std::string::npos) got.body = text_of(from.read(std::stoul(got.head.substr(at + 16))));
  return got;
}

inline std::string post(std::string_view path, std::string_view body,
                        std::string_view fields = "Authorization: Bearer J\r\n") {
  std::string text{"POST "};
  text.append(path).append(" HTTP/1.1\r\nHost: h\r\n").append(fields);
  return text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}
inline std::string query(std::string_view body, std::string_view fields = "Authorization: Bearer J\r\n") {
  return post("/v1/query", body, fields);
}
inline std::string get(std::string_view path, std::string_view fields = {}) {
  std::string text{"GET "};
  return text.append(path).append(" HTTP/1.1\r\nHost: h\r\n").append(fields).append("\r\n");
}

template <class Wire>
response ask(Wire to, std::string_view bytes) {
  to.send(bytes);
  return receive(to);
}
inline response ask(const ws::gateway& of, std::string_view bytes) { return ask(wire{of.endpoint()}, bytes); }

/// Waits until something is so, at most a minute.
template <class Fn>
bool soon(Fn is_so) {
  for (int i = 0; i < 12000; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

/// Executes nothing until it is let.
class gated_database final : public ws::serving::database {
 public:
  dt::dialect speaks() const noexcept override { return dt::dialect::sqlite; }
  dt::result<ws::serving::statement_result> run(const ws::serving::statement& what, const ws::serving::result_limits&,
                                                dt::deadline by) override {
    std::unique_lock lock{state->mutex};
    ++state->executed;
    state->was_late = by.has_passed();
    state->changed.notify_all();
    state->changed.wait(lock, [this] { return state->is_open; });
    if (what.sql.find("busy") != std::string::npos && state->executed == 1) {
      return dt::error_info{std::make_error_code(std::errc::device_or_resource_busy)};
    }
    ws::serving::statement_result done;
    done.rows_affected = state->executed;
    return done;
  }
  dt::result<std::vector<ws::serving::statement_result>> run_all(const std::vector<ws::serving::statement>&,
                                                                 const ws::serving::result_limits&, dt::deadline,
                                                                 std::size_t&) override {
    return dt::error_info{dt::errc::operation_unsupported};
  }
  dt::result<std::unique_ptr<ws::serving::transaction>> begin(bool, dt::deadline) override {
    return dt::error_info{dt::errc::operation_unsupported};
  }
  dt::result<void> ping(dt::deadline) override {
    std::unique_lock lock{state->mutex};
    ++state->pings;
    state->changed.notify_all();
    state->changed.wait(lock, [this] { return state->is_open || !state->holds_pings; });
    return dt::error_info{dt::errc::connection_lost};
  }
  ws::serving::database_load load() const noexcept override { return {}; }

  struct shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    bool holds_pings = false;
    bool was_late = false;  ///< the last statement began behind its deadline
    int executed = 0;
    int pings = 0;
    void open() {
      const std::lock_guard lock{mutex};
      is_open = true;
      changed.notify_all();
    }
    void wait_for_executions(int count) {
      std::unique_lock lock{mutex};
      changed.wait_for(lock, 60s, [&] { return executed >= count; });
    }
    int executions() {
      const std::lock_guard lock{mutex};
      return executed;
    }
  };
  std::shared_ptr<shared> state = std::make_shared<shared>();
};

/// A WebSocket client of a few lines.
template <class Wire>
struct socket_client_over {
  explicit socket_client_over(Wire connected, std::string_view target = "/v1/ws",
                              std::string_view fields = "Authorization: Bearer J\r\n")
      : to(std::move(connected)) {
    to.send(get(target, std::string{fields} +
                            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    answer = receive(to);
  }
  void send_frame(unsigned char first, std::string_view payload) {
    std::string bytes;
    bytes += static_cast<char>(first);
    if (payload.size() < 126) {
      bytes += static_cast<char>(0x80 | payload.size());
    } else {
      const int digits = payload.size() < 65536 ? 2 : 8;
      bytes += static_cast<char>(0x80 | (digits == 2 ? 126 : 127));
      for (int i = digits - 1; i >= 0; --i) bytes += static_cast<char>(std::uint64_t{payload.size()} >> (8 * i) & 0xFF);
    }
    const unsigned char key[] = {0x37, 0xFA, 0x21, 0x3D};
    for (const unsigned char each : key) bytes += static_cast<char>(each);
    for (std::size_t i = 0; i < payload.size(); ++i)
      bytes += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ key[i % 4]);
    to.send(bytes);
  }
  std::string read_frame() {
    code = 0;
    const std::string head = text_of(to.read(2));
    if (head.size() < 2) return {};
    code = static_cast<unsigned char>(head[0]);
    std::size_t size = static_cast<unsigned char>(head[1]);
    if (size == 126) {
      const std::string more = text_of(to.read(2));
      size = static_cast<std::size_t>(static_cast<unsigned char>(more[0])) << 8 | static_cast<unsigned char>(more[1]);
    }
    return text_of(to.read(size));
  }
  std::string say(std::string_view message) {
    send_frame(0x81, message);
    return read_frame();
  }

  Wire to;
  response answer;
  unsigned code = 0;
};
struct socket_client : socket_client_over<wire> {
  explicit socket_client(const ws::gateway& of, std::string_view target = "/v1/ws",
                         std::string_view fields = "Authorization: Bearer J\r\n")
      : socket_client_over{wire{of.endpoint()}, target, fields} {}
};

}  // namespace gateway_test
