// A LensDB server in the process, for examples, tests and small programs: both dialects, times to live, exact framing.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/lensdb/server_core.hpp>
#include <dovetail/client/lensdb/server_options.hpp>
#include <dovetail/transport/tcp.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace dovetail::inline v0::lensdb {

/// Listens and serves from construction to `stop()` or destruction, on one thread of its own; keys live as long as it.
/// A connection speaks the dialect of its first magic number. SETEX counts whole seconds from its arrival; an expired
/// key is gone for every operation at once, and its memory soon. STATS answers with the real server's constant text.
/// `framing::one_per_recv` makes it behave like the real server, losses included: see `serve_per_recv`.
/// Threads: any, but not from within the server's own.
/// One that was moved from has no port (0) and no statistics, has stopped, and throws errc::invalid_state where it is
/// asked for an address.
///
///     dt::lensdb::server server{{.port = 0}};
///     dt::lensdb::client kv{server.uri()};
///
/// A template only so that programs without a server do not compile one.
template <class Options>
class basic_server {
 public:
  /// Errors: throws `dt::error`: the host is no address, or the system cannot listen there.
  explicit basic_server(Options options = {})
      : core_(std::make_unique<detail::server_core<Options>>(std::move(options))) {
    if (error_info wrong = core_->listen()) dovetail::detail::throw_error(std::move(wrong));
    thread_ = std::thread{[core = core_.get()] { core->run(); }};
  }
  basic_server(basic_server&&) noexcept = default;
  basic_server& operator=(basic_server&& other) noexcept {
    if (this != &other) {
      stop();
      core_ = std::move(other.core_);
      thread_ = std::move(other.thread_);
    }
    return *this;
  }
  ~basic_server() { stop(); }

  std::uint16_t port() const noexcept { return core_ ? core_->port() : std::uint16_t{0}; }

  /// Where a client of this machine finds it.
  tcp_endpoint endpoint() const {
    if (!core_) dovetail::detail::throw_error({errc::invalid_state, "the LensDB server has been moved from"});
    const std::string& host = core_->options().host;
    if (host == "0.0.0.0" || host == "localhost") return {"127.0.0.1", port()};
    return {host == "::" ? "::1" : host, port()};
  }

  /// The connection string for a client of this machine. Says what this server can do and the real one cannot (SETEX,
  /// large requests); `parameters` are added: `uri("maxConnections=4")`.
  std::string uri(std::string_view parameters = {}) const {
    const tcp_endpoint where = endpoint();
    const bool is_v6 = where.host.find(':') != std::string::npos;
    std::string text = "lensdb://" + (is_v6 ? "[" + where.host + "]" : where.host) + ":" + std::to_string(where.port);
    const Options& options = core_->options();
    char separator = '?';
    if (options.framing == framing::exact) {
      const std::size_t limit = lens_v1::request_header_size + options.key_limit + options.value_limit;
      text += "?setex=true&requestLimit=" + std::to_string(limit);
      separator = '&';
    }
    if (!parameters.empty()) (text += separator) += parameters;
    return text;
  }

  server_statistics statistics() const noexcept { return core_ ? core_->statistics() : server_statistics{}; }

  /// Listens no more, answers the requests that this machine has received, whole or in part, whether or not they were
  /// looked at yet (at most for `stop_grace`), closes, and waits for its thread. Calling it again does nothing; a
  /// second caller at the same time waits for the first.
  void stop() noexcept {
    if (!core_) return;  // was moved from
    const std::lock_guard one_at_a_time{core_->stop_mutex()};
    if (!thread_.joinable()) return;
    core_->stop();
    thread_.join();
  }

 private:
  std::unique_ptr<detail::server_core<Options>> core_;
  std::thread thread_;
};

using server = basic_server<server_options>;

}  // namespace dovetail::inline v0::lensdb
