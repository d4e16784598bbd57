// Sessions of a WorkerSQL gateway for scripts of dialogues: fresh ones, open, and the bytes that they write.
#pragma once

#include <dovetail/codec/workersql/exchange.hpp>
#include <dovetail/codec/workersql/startup.hpp>
#include <dovetail/transport/tls_digest.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace workersql_test {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;

/// Not random: the key of every write is 32 times "a".
inline bool same_bytes(dt::byte_span out) noexcept {
  for (std::byte& each : out) each = std::byte{0xAA};
  return true;
}
inline constexpr std::string_view same_key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

inline workersql::options plain_options() {
  workersql::options how;
  how.endpoint = {"gw", 8787, false, "/v1"};
  how.api_key = dt::secret{"J"};
  return how;
}

class session_maker {
 public:
  explicit session_maker(workersql::options how = plain_options()) : how_(std::move(how)) {}

  workersql::session& fresh(dt::session_health health = dt::session_health::idle) {
    how_.facts = std::make_shared<workersql::gateway_facts>();
    made_ = std::make_unique<workersql::session>(how_, workersql::crypto_functions{&same_bytes, &dt::detail::sha1});
    made_->set_health(health);
    return *made_;
  }
  workersql::session& now() { return *made_; }
  dt::session_health health() const { return made_->health(); }

 private:
  workersql::options how_;
  std::unique_ptr<workersql::session> made_;
};

/// The bytes of a request to gw:8787 with the key J.
inline std::string post(std::string_view target, std::string_view body, std::string_view key = {}) {
  std::string text{"POST "};
  text.append(target).append(
      " HTTP/1.1\r\nHost: gw:8787\r\nAuthorization: Bearer J\r\nUser-Agent: dovetail\r\nAccept: application/json\r\n"
      "Content-Type: application/json\r\n");
  if (!key.empty()) text.append("Idempotency-Key: ").append(key).append("\r\n");
  return text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}

inline std::string get(std::string_view target) {
  std::string text{"GET "};
  return text.append(target).append(
      " HTTP/1.1\r\nHost: gw:8787\r\nAuthorization: Bearer J\r\nUser-Agent: dovetail\r\nAccept: "
      "application/json\r\n\r\n");
}

inline std::string answer(std::string_view status, std::string_view body, std::string_view fields = {}) {
  std::string text{"HTTP/1.1 "};
  text.append(status).append("\r\n").append(fields).append("Content-Length: ");
  return text.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
}
inline std::string ok(std::string_view body, std::string_view fields = "Content-Type: application/json\r\n") {
  return answer("200 OK", body, fields);
}

}  // namespace workersql_test
