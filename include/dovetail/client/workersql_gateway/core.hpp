// The listening half of a WorkerSQL gateway: accepts, stops.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/client/workersql_gateway/http_connection.hpp>
#include <dovetail/client/workersql_gateway/hub.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// Everything of a gateway but its thread. Threads: `run()` in one; `stop()`, `reload_tls()` and `statistics()` from
/// any.
class gateway_core {
 public:
  gateway_core(std::unique_ptr<database> behind, gateway_options how) : hub_(std::move(behind), std::move(how)) {}

  /// Errors: errc::invalid_option (host, nobody may ask, a limit of zero, files of TLS), or the system's: the port is
  /// in use, …
  error_info listen() {
    if (error_info wrong = check()) return wrong;
    if (hub_.options.tls) {
      if (error_info wrong = load_tls(hub_.tls)) return wrong;
    }
    using asio::ip::tcp;
    const gateway_options& how = hub_.options;
    std::error_code ec;
    const asio::ip::address address = asio::ip::make_address(how.host == "localhost" ? "127.0.0.1" : how.host, ec);
    if (ec) return {errc::invalid_option, "the host of a gateway must be an address of this machine"};
    const tcp::endpoint wanted{address, how.port};
    acceptor_.open(wanted.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address{true}, ec);
    if (!ec) acceptor_.bind(wanted, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) port_ = acceptor_.local_endpoint(ec).port();
    if (ec) {  // Asio has a category of its own for the same numbers
      return {{ec.value(), std::system_category()},
              "cannot listen on " + how.host + ", port " + std::to_string(how.port)};
    }
    hub_.for_requests = std::make_unique<workers>(how.worker_threads);
    hub_.for_interruptions = std::make_unique<workers>(1);
    hub_.for_transactions = std::make_unique<workers>(how.max_transactions);
    hub_.on_empty_state = this;
    hub_.on_empty = [](void* self) { static_cast<gateway_core*>(self)->is_empty(); };
    accept();
    return {};
  }

  const gateway_options& options() const noexcept { return hub_.options; }
  std::uint16_t port() const noexcept { return port_; }
  gateway_statistics statistics() const noexcept { return hub_.counters.snapshot(); }

  /// Serves until `stop()` has been called and the last connection has ended.
  void run() {
    hub_.io.run();
    hub_.for_requests->stop();
    hub_.for_transactions->stop();
    hub_.for_interruptions->stop();
  }

  /// Reads the files of TLS again, for connections from here on. Those that there are keep what they have.
  error_info reload_tls() {
    if (!hub_.options.tls) return {errc::invalid_state, "this gateway has no files to read again: it speaks no TLS"};
    const std::lock_guard one_after_the_other{reloading_};
    std::shared_ptr<const dovetail::detail::tls_server_context> fresh;
    if (error_info wrong = load_tls(fresh)) return wrong;
    asio::post(hub_.io, [this, fresh = std::move(fresh)]() mutable { hub_.tls = std::move(fresh); });
    return {};
  }

  void stop() {
    asio::post(hub_.io, [this] {
      if (std::exchange(hub_.is_stopping, true)) return;
      std::error_code ignored;
      acceptor_.close(ignored);
      pause_.cancel();
      for (const auto& each : everybody()) each->stop();
      if (hub_.connections.empty()) return is_empty();
      grace_.expires_after(hub_.options.stop_grace);
      grace_.async_wait([this](const std::error_code& ec) {
        if (ec) return;
        for (const auto& each : everybody()) each->kill();
      });
    });
  }

  std::mutex ending;  ///< held by whoever waits for the thread of `run()`

 private:
  error_info check() const {
    const gateway_options& how = hub_.options;
    const gateway_authentication& who = how.authentication;
    if (!hub_.who.is_usable()) return {errc::invalid_option, "an API key of a gateway must not be empty"};
    if (who.api_keys.empty() && who.jwt_secret.empty() && who.anonymous == permissions::none) {
      return {errc::invalid_option, "a gateway without API keys and token secret must say what anonymous may do"};
    }
    if (how.worker_threads == 0 || how.max_connections == 0 || how.head_limit < 256 || how.body_limit == 0) {
      return {errc::invalid_option, "a gateway needs threads, connections, and room for a head and a body"};
    }
    if (how.idempotency.in_database && !hub_.database->keeps_changes()) {
      return {errc::invalid_option, "the database of this gateway cannot keep idempotency keys"};
    }
    return {};
  }

  error_info load_tls(std::shared_ptr<const dovetail::detail::tls_server_context>& into) const {
    auto made = std::make_shared<dovetail::detail::tls_server_context>("http/1.1");
    if (error_info wrong = made->load(*hub_.options.tls)) return wrong;
    into = std::move(made);
    return {};
  }

  std::vector<std::shared_ptr<gateway_connection>> everybody() const {
    std::vector<std::shared_ptr<gateway_connection>> all;
    all.reserve(hub_.connections.size());
    for (const auto& [key, each] : hub_.connections) all.push_back(each);
    return all;
  }

  void is_empty() {
    grace_.cancel();
    alive_.reset();
  }

  void accept() {
    acceptor_.async_accept([this](const std::error_code& ec, asio::ip::tcp::socket accepted) {
      if (hub_.is_stopping) return;
      if (!ec) welcome(std::move(accepted));
      if (!ec || ec == std::errc::connection_aborted) return accept();
      // Too many open files, as a rule: connections that end make room.
      pause_.expires_after(std::chrono::milliseconds{50});
      pause_.async_wait([this](const std::error_code& stopped) {
        if (!stopped && !hub_.is_stopping) accept();
      });
    });
  }

  void welcome(asio::ip::tcp::socket accepted) {
    hub_.counters.accepted.fetch_add(1, std::memory_order_relaxed);
    if (hub_.connections.size() >= hub_.options.max_connections) {
      hub_.counters.refused.fetch_add(1, std::memory_order_relaxed);
      return;  // closes it
    }
    std::error_code ec;
    accepted.set_option(asio::ip::tcp::no_delay{true}, ec);
    const asio::ip::tcp::endpoint peer = accepted.remote_endpoint(ec);
    if (ec) return;  // gone already
    dovetail::detail::sole<dovetail::detail::tls_session> session;
    if (hub_.tls && !(session = hub_.tls->accept())) return;  // without memory
    auto made = std::make_shared<http_connection>(
        hub_, gateway_stream{std::move(accepted), std::move(session), hub_.tls}, peer.address().to_string());
    hub_.adopt(made);
    made->start();
  }

  std::mutex reloading_;
  gateway_hub hub_;
  std::uint16_t port_ = 0;
  asio::executor_work_guard<asio::io_context::executor_type> alive_{hub_.io.get_executor()};
  asio::ip::tcp::acceptor acceptor_{hub_.io};
  asio::steady_timer pause_{hub_.io};
  asio::steady_timer grace_{hub_.io};
};

}  // namespace dovetail::inline v0::workersql::serving
