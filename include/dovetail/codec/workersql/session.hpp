// What one connection to a WorkerSQL gateway remembers between its requests.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/health.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/workersql/options.hpp>
#include <dovetail/format/http1/head_writer.hpp>
#include <dovetail/format/http1/limits.hpp>
#include <dovetail/format/websocket/handshake.hpp>
#include <dovetail/format/websocket/message_reader.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// Fills its argument with unpredictable bytes; injected, because the codec has no source of them.
using random_function = bool (*)(byte_span out) noexcept;

/// What a session takes from the program's TLS library.
struct crypto_functions {
  random_function random = nullptr;
  websocket::sha1_function sha1 = nullptr;
};

/// What is asked of a gateway.
enum class endpoint_kind : unsigned char { query, batch, health };

/// What a connection speaks once it was upgraded (RFC 6455): one transaction, and then it is over.
struct socket_state {
  explicit socket_state(std::size_t most) noexcept : reader(websocket::role::client, {most}) {}

  websocket::message_reader reader;
  std::size_t used = 0;  ///< bytes of the input: the last answer, which may be looked at until the next message
  std::uint64_t last_id = 0;
  std::string transaction_id{};
  std::vector<std::string> written{};  ///< tables, each once, for who keeps answers
  bool has_written_all = false;        ///< it is not known which
};

/// Buffers, health and the constant fields of one connection. Its dialogues borrow it, one after the other.
class session {
 public:
  session(const workersql::options& how, const crypto_functions& crypto)
      : options_(how), crypto_(crypto), input_(how.response_limit + overhead, 16 * 1024) {
    limits_.body = how.response_limit;
    make_heads();
  }
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  const workersql::options& options() const noexcept { return options_; }
  const http1::limits& limits() const noexcept { return limits_; }
  read_buffer& input() noexcept { return input_; }
  byte_buffer& output() noexcept { return output_; }
  /// Where the next request's body is written.
  std::string& body() noexcept { return body_; }

  /// X-Request-ID of the last answer.
  std::string& request_id() noexcept { return request_id_; }

  session_health health() const noexcept { return health_; }
  void set_health(session_health health) noexcept { health_ = health; }

  /// Why no request can be written: the key or the endpoint has characters that HTTP does not have.
  const error_info& refusal() const noexcept { return refusal_; }

  /// Everything of a request but its last fields and the empty line.
  byte_view head_of(endpoint_kind what) const noexcept { return heads_[static_cast<std::size_t>(what)].view(); }

  bool randomize(byte_span out) const noexcept { return crypto_.random != nullptr && crypto_.random(out); }
  websocket::sha1_function sha1() const noexcept { return crypto_.sha1; }

  /// Set while the connection is a WebSocket, which it never ceases to be.
  std::optional<socket_state>& socket() noexcept { return socket_; }
  const std::optional<socket_state>& socket() const noexcept { return socket_; }

  /// The connection has become one. Messages have the limit that answers have.
  void open_socket() { socket_.emplace(options_.response_limit); }

  /// 128 random bits; false when there is no randomness.
  bool make_key(std::array<std::byte, 16>& bits) const noexcept { return randomize(bits); }

  /// How long the last answer asked to wait before another request (429, 503 with Retry-After).
  clock::duration asked_pause() const noexcept { return asked_pause_; }
  void set_asked_pause(clock::duration pause) noexcept { asked_pause_ = pause; }

  bool honours_keys() const noexcept { return options_.facts != nullptr && options_.facts->honours_keys.load(); }
  void note_key_echo() noexcept {
    if (options_.facts != nullptr) options_.facts->honours_keys.store(true);
  }

  /// Forgets the last answer, and gives the memory of an unusually large one back.
  void forget_answer() {
    if (input_.capacity() > kept) {
      input_ = read_buffer(input_.maximum(), 16 * 1024);
    } else {
      input_.clear();
    }
    if (body_.capacity() > kept) body_ = {};
    if (output_.capacity() > kept) output_.release();
    output_.clear();
  }

 private:
  static constexpr std::size_t overhead = 256 * 1024;  // head, chunk sizes, trailers
  static constexpr std::size_t kept = 1024 * 1024;

  [[gnu::cold, gnu::noinline]] void make_heads() {
    if (!options_.proxy_host.empty()) {
      const auto why = detail::basic_problem(options_.proxy_user, options_.proxy_password.reveal());
      if (!why.empty()) refusal_ = {dovetail::errc::invalid_option, std::string{"the proxy "}.append(why)};
    }
    std::string host;
    detail::append_host(host, options_.endpoint);
    static constexpr std::string_view targets[] = {"/query", "/batch", "/health"};
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      const bool is_get = i == static_cast<std::size_t>(endpoint_kind::health);
      http1::head_writer head{heads_[i]};
      head.request(is_get ? "GET" : "POST", detail::target_of(options_.endpoint, targets[i])).field("Host", host);
      if (!options_.api_key.empty()) {
        std::string token{"Bearer "};
        token += options_.api_key.reveal();
        head.field("Authorization", token);
        secret{std::move(token)};  // wiped
      }
      head.field("User-Agent", "dovetail").field("Accept", "application/json");
      if (!is_get) head.field("Content-Type", "application/json");
      if (head.end() == http1::problem::none) {
        heads_[i].truncate(heads_[i].size() - 2);  // the request's own fields come behind
      } else {
        refusal_ = {dovetail::errc::invalid_option, "the apiKey or the apiEndpoint has characters that HTTP forbids"};
      }
    }
  }

  workersql::options options_;
  crypto_functions crypto_;
  http1::limits limits_;
  read_buffer input_;
  byte_buffer output_;
  std::string body_;
  std::string request_id_;
  std::array<byte_buffer, 3> heads_;
  error_info refusal_;
  std::optional<socket_state> socket_;
  session_health health_ = session_health::closed;
  clock::duration asked_pause_{};
};

}  // namespace dovetail::inline v0::workersql
