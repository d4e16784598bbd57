// An HTTP server in the process that speaks the WorkerSQL API in front of any blocking SQL client.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/workersql_gateway/core.hpp>
#include <dovetail/client/workersql_gateway/database_of.hpp>
#include <dovetail/client/workersql_gateway/options.hpp>
#include <dovetail/transport/tcp.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Listens and serves from construction to `stop()` or destruction: one thread of its own for the connections, and some
/// that wait for the database. Every statement is judged by its class (sql/classify.hpp) against the permission of
/// whoever asks; several statements in one text, and transactions as statements, are refused. A batch is one
/// transaction. A request with an Idempotency-Key is executed once. Paths, bodies and answers:
/// docs/workersql_gateway.md. Threads: any, but not from within the gateway's own.
/// One that was moved from has no port (0) and no statistics, has stopped, and throws errc::invalid_state where it is
/// asked for an address.
///
///     dt::sqlite::client db{"sqlite:cities.db"};
///     dt::workersql::gateway_options how;
///     how.authentication.api_keys.push_back({.key = dt::secret{"…"}, .name = "app"});
///     dt::workersql::gateway served{db, how};
class gateway {
 public:
  /// In front of a client that outlives it, or that it owns when it is given away (`std::move(db)`).
  /// Errors: throws `dt::error`: an option is wrong, nobody may ask, or the system cannot listen there.
  template <class Client>
    requires asyncsql::blocking_database<std::remove_reference_t<Client>>
  explicit gateway(Client&& database, gateway_options options = {})
      : gateway(std::unique_ptr<serving::database>{new serving::database_of<Client>(std::forward<Client>(database))},
                std::move(options)) {}

  /// In front of anything else.
  gateway(std::unique_ptr<serving::database> behind, gateway_options options)
      : core_(std::make_unique<serving::gateway_core>(std::move(behind), std::move(options))) {
    if (error_info wrong = core_->listen()) dovetail::detail::throw_error(std::move(wrong));
    thread_ = std::thread{[core = core_.get()] { core->run(); }};
  }
  gateway(gateway&&) noexcept = default;
  gateway& operator=(gateway&& other) noexcept {
    if (this != &other) {
      stop();
      core_ = std::move(other.core_);
      thread_ = std::move(other.thread_);
    }
    return *this;
  }
  ~gateway() { stop(); }

  std::uint16_t port() const noexcept { return core_ ? core_->port() : std::uint16_t{0}; }

  /// Where a client of this machine finds it.
  tcp_endpoint endpoint() const {
    if (!core_) dovetail::detail::throw_error({errc::invalid_state, "the gateway has been moved from"});
    const std::string& host = core_->options().host;
    if (host == "0.0.0.0" || host == "localhost") return {"127.0.0.1", port()};
    return {host == "::" ? "::1" : host, port()};
  }

  /// The connection string for a client of this machine, without a key; `parameters` are added: apiKey=….
  std::string dsn(std::string_view parameters = {}) const {
    const tcp_endpoint where = endpoint();
    const bool is_v6 = where.host.find(':') != std::string::npos;
    std::string text = "workersql://";
    text.append(is_v6 ? "[" : "").append(where.host).append(is_v6 ? "]" : "");
    text.append(":").append(std::to_string(where.port)).append("/main?ssl=");
    text.append(core_->options().tls ? "true" : "false");
    if (!parameters.empty()) text.append("&").append(parameters);
    return text;
  }

  gateway_statistics statistics() const noexcept { return core_ ? core_->statistics() : gateway_statistics{}; }

  /// Reads the files of `gateway_options::tls` again, which may be others by now: a renewed certificate and its key, or
  /// other authorities of clients. Connections from here on are shown them; those that there are go on as they are.
  /// Nothing changes when it fails. Errors: errc::invalid_option, as the constructor has it, with the setting's name;
  /// errc::invalid_state without TLS.
  result<void> reload_tls() {
    if (!core_) return errc::invalid_state;  // moved away
    if (error_info wrong = core_->reload_tls()) return wrong;
    return {};
  }

  /// Listens no more, closes what is idle, answers what is under way, and waits for its threads. What the database has
  /// begun within its `request_limit` is always answered, and the answer may be read for `stop_grace`; requests that
  /// are coming, and transactions, may go on for `stop_grace` and are given up and rolled back then. Calling it again
  /// does nothing; a second thread that calls it waits for the first.
  void stop() noexcept {
    if (!core_) return;  // moved away
    const std::lock_guard lock{core_->ending};
    if (!thread_.joinable()) return;
    core_->stop();
    thread_.join();
  }

 private:
  std::unique_ptr<serving::gateway_core> core_;
  std::thread thread_;
};

}  // namespace dovetail::inline v0::workersql
