// The listening half of an in-process LensDB server: accepts, keeps count, lets time pass, stops.
#pragma once

#include <dovetail/client/lensdb/server_connection.hpp>
#include <dovetail/client/lensdb/server_options.hpp>
#include <dovetail/codec/lensdb/serve.hpp>
#include <dovetail/codec/lensdb/serve_per_recv.hpp>
#include <dovetail/transport/socket.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace dovetail::inline v0::lensdb::detail {

/// Everything of a server but its thread. Threads: `run()` in one; `stop()` and `statistics()` from any.
/// A template, so that a program that only has clients does not compile it: `Options` is server_options.
template <class Options>
class server_core {
 public:
  explicit server_core(Options options)
      : options_(within_reason(std::move(options))),
        rules_{.framing = options_.framing,
               .accepts_lens = options_.accepts_lens,
               .accepts_ldbd = options_.accepts_ldbd,
               .key_limit = options_.key_limit,
               .value_limit = options_.value_limit,
               .receive_size = options_.receive_size,
               .output_limit = options_.output_limit,
               .now = options_.now},
        store_(options_.storage) {}

  /// Errors: errc::invalid_option (host), or the system's: the port is in use, …
  error_info listen() {
    using asio::ip::tcp;
    std::error_code ec;
    const asio::ip::address address =
        asio::ip::make_address(options_.host == "localhost" ? "127.0.0.1" : options_.host, ec);
    if (ec) return {errc::invalid_option, "the host of a LensDB server must be an address of this machine"};
    const tcp::endpoint wanted{address, options_.port};
    acceptor_.open(wanted.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address{true}, ec);
    if (!ec) acceptor_.bind(wanted, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    if (!ec) port_ = acceptor_.local_endpoint(ec).port();
    // Asio has a category of its own for the same numbers.
    if (ec)
      return {{ec.value(), std::system_category()},
              "cannot listen on " + options_.host + ", port " + std::to_string(options_.port)};
    accept();
    return {};
  }

  const Options& options() const noexcept { return options_; }
  std::uint16_t port() const noexcept { return port_; }

  /// Serves until `stop()` has been called and the last connection has ended.
  void run() { io_.run(); }

  void stop() {
    asio::post(io_, [this] {
      if (std::exchange(is_stopping_, true)) return;
      welcome_all();
      std::error_code ignored;
      acceptor_.close(ignored);
      accept_pause_.cancel();
      expiry_.cancel();
      asio::post(io_, [this] { end_connections(); });  // behind the handler of a connection accepted just now
    });
  }

  /// One caller of `basic_server::stop()` at a time.
  std::mutex& stop_mutex() noexcept { return stop_mutex_; }

  server_statistics statistics() const noexcept {
    return {.connections = open_.load(std::memory_order_relaxed),
            .accepted = accepted_.load(std::memory_order_relaxed),
            .refused_connections = refused_.load(std::memory_order_relaxed),
            .requests = counters_.requests.load(std::memory_order_relaxed),
            .refused_requests = counters_.refused.load(std::memory_order_relaxed)};
  }

  /// For connections: keys may have got an end.
  void turn_is_over() {
    const auto next = store_.next_expiry();
    if (!next || is_stopping_ || (expires_at_ && *expires_at_ <= *next)) return;
    expires_at_ = next;
    // Not at once, and not often: every operation removes what is over; this only gives the memory of an idle store
    // back.
    expiry_.expires_after((std::max<clock::duration>)(*next - rules_.now(), std::chrono::milliseconds{100}));
    expiry_.async_wait([this](const std::error_code& ec) {
      if (ec) return;
      expires_at_.reset();
      store_.expire(rules_.now());
      turn_is_over();
    });
  }

  /// For connections: this one will never answer again. As at the real server its place is free at once, and it is
  /// closed some time later, as by a garbage collector: clients that are gone must not use all files up.
  void has_died(server_connection& silent) {
    ++dead_count_;
    dead_.push_back(&silent);
    if (dead_.size() <= most_dead) return;
    server_connection& oldest = *dead_.front();
    dead_.pop_front();
    oldest.kill();
  }

  /// For connections: this one has ended.
  void forget(server_connection& ended, bool had_died) {
    if (had_died) {
      --dead_count_;
      std::erase(dead_, &ended);
    }
    connections_.erase(&ended);
    open_.store(connections_.size(), std::memory_order_relaxed);
    if (is_stopping_ && connections_.empty()) grace_.cancel();
  }

 private:
  /// No limit above what both dialects allow (sums of them must not overflow), and none below what makes progress.
  static Options within_reason(Options options) {
    options.key_limit = (std::min)(options.key_limit, ldbd_v1::key_size_limit);
    options.value_limit = (std::min)(options.value_limit, lens_v1::value_size_limit);
    options.output_limit = (std::max<std::size_t>)(options.output_limit, 1);
    options.receive_size = (std::max<std::size_t>)(options.receive_size, 1);
    return options;
  }

  void end_connections() {
    for (const auto& [key, each] : connections_) each->stop();
    if (connections_.empty()) return;
    grace_.expires_after(options_.stop_grace);
    grace_.async_wait([this](const std::error_code& ec) {
      if (ec) return;
      for (const auto& [key, each] : connections_) each->kill();
    });
  }

  /// Takes the connections that the system has accepted already: their requests may be here.
  void welcome_all() {
    std::error_code ec;
    acceptor_.non_blocking(true, ec);
    for (std::size_t i = 0; i < most_waiting && !ec; ++i) {
      asio::ip::tcp::socket waiting{io_};
      acceptor_.accept(waiting, ec);
      if (!ec) welcome(std::move(waiting));
    }
  }

  void accept() {
    acceptor_.async_accept([this](const std::error_code& ec, asio::ip::tcp::socket accepted) {
      if (!ec) welcome(std::move(accepted));
      if (is_stopping_) return;
      if (!ec || ec == std::errc::connection_aborted) return accept();
      // Too many open files, as a rule: connections that end make room.
      accept_pause_.expires_after(std::chrono::milliseconds{50});
      accept_pause_.async_wait([this](const std::error_code& stopped) {
        if (!stopped && !is_stopping_) accept();
      });
    });
  }

  void welcome(asio::ip::tcp::socket accepted) {
    accepted_.fetch_add(1, std::memory_order_relaxed);
    if (connections_.size() - dead_count_ >= options_.max_connections) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return;  // closes it
    }
    std::error_code ec;
    dovetail::detail::owned_handle handle{accepted.release(ec)};
    if (!ec) ec = dovetail::detail::prepare_socket(handle.get());
    if (!ec) ec = dovetail::detail::set_no_delay(handle.get());
    if (ec) return;
    if (options_.framing == framing::exact) {
      begin(std::move(handle), serve_exact{store_, rules_, counters_});
    } else {
      begin(std::move(handle), serve_per_recv{store_, rules_, counters_});
    }
  }

  template <class Dialogue>
  void begin(dovetail::detail::owned_handle handle, Dialogue dialogue) {
    auto made = std::make_shared<server_connection_of<Dialogue, server_core>>(
        *this, io_.get_executor(), std::move(handle), options_, std::move(dialogue));
    connections_.emplace(made.get(), made);
    open_.store(connections_.size(), std::memory_order_relaxed);
    made->next();
  }

  static constexpr std::size_t most_dead = 64;       // the real one has been seen with 48
  static constexpr std::size_t most_waiting = 4096;  // as many as a system keeps for us, as a rule

  Options options_;
  serve_rules rules_;
  store store_;
  serve_counters counters_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::uint16_t port_ = 0;
  std::optional<clock::time_point> expires_at_;
  bool is_stopping_ = false;
  std::mutex stop_mutex_;
  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_{io_};
  asio::steady_timer accept_pause_{io_};
  asio::steady_timer expiry_{io_};
  asio::steady_timer grace_{io_};
  std::unordered_map<server_connection*, std::shared_ptr<server_connection>> connections_;
  std::deque<server_connection*> dead_;  // of connections_, the oldest first
  std::size_t dead_count_ = 0;           // with those that are closed already but not yet forgotten
};

}  // namespace dovetail::inline v0::lensdb::detail
