// Stands between clients and a PostgreSQL server: counts round trips, changes texts, and cuts connections.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace dovetail::test {

class postgres_relay {
 public:
  explicit postgres_relay(std::uint16_t server) : server_(server) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = here(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("the relay cannot listen");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  postgres_relay(const postgres_relay&) = delete;
  postgres_relay& operator=(const postgres_relay&) = delete;
  ~postgres_relay() {
    is_over_ = true;
    thread_.join();
    for (const link& each : links_) end(each);
    ::close(listener_);
  }

  std::string url(const std::string& more = {}) const {
    return "postgresql://app@127.0.0.1:" + std::to_string(port_) + "/app?sslmode=disable" + more;
  }
  /// How often clients have said something that the server had to answer before they said more.
  int rounds() const noexcept { return rounds_; }
  int connections() const noexcept { return connections_; }

  /// What clients say is changed so from now on; both are equally long.
  void replace(std::string from, std::string to) {
    const std::lock_guard held{mutex_};
    from_ = std::move(from);
    to_ = std::move(to);
  }
  /// The next time that a client says something, its connection ends; the server hears it, or not.
  void cut_next(bool server_hears) noexcept { cut_ = server_hears ? 2 : 1; }
  /// New connections end at once, as long as this holds.
  void refuse(bool all) noexcept { refuses_ = all; }

 private:
  struct link {
    int client;
    int server;
    bool answered = true;
  };

  static sockaddr_in here(std::uint16_t port) noexcept {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }
  static void end(const link& of) noexcept {
    ::close(of.client);
    ::close(of.server);
  }

  void run() {
    while (!is_over_) {
      std::vector<pollfd> all{{listener_, POLLIN, 0}};
      for (const link& each : links_) {
        all.push_back({each.client, POLLIN, 0});
        all.push_back({each.server, POLLIN, 0});
      }
      if (::poll(all.data(), all.size(), 20) <= 0) continue;
      for (std::size_t i = links_.size(); i-- > 0;) {
        const bool lives = (all[1 + 2 * i].revents == 0 || from_client(links_[i])) &&
                           (all[2 + 2 * i].revents == 0 || from_server(links_[i]));
        if (lives) continue;
        end(links_[i]);
        links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (all[0].revents != 0) accept_one();
    }
  }
  void accept_one() {
    link next{::accept(listener_, nullptr, nullptr), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int yes = 1;
    ::setsockopt(next.client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    ::setsockopt(next.server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    const sockaddr_in address = here(server_);
    if (refuses_ || ::connect(next.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return end(next);
    ++connections_;
    links_.push_back(next);
  }
  bool from_client(link& on) {
    char bytes[65536];
    const ssize_t got = ::recv(on.client, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    if (std::exchange(on.answered, false)) ++rounds_;
    std::string said(bytes, static_cast<std::size_t>(got));
    const int cut = cut_.exchange(0);
    if (cut == 1) return false;
    {
      const std::lock_guard held{mutex_};
      const std::size_t at = from_.empty() ? std::string::npos : said.find(from_);
      if (at != std::string::npos) said.replace(at, to_.size(), to_);
    }
    if (!pass(on.server, said)) return false;
    if (cut == 0) return true;
    static_cast<void>(::recv(on.server, bytes, sizeof bytes, 0));  // it has done it
    return false;
  }
  bool from_server(link& on) {
    char bytes[65536];
    const ssize_t got = ::recv(on.server, bytes, sizeof bytes, 0);
    on.answered = true;
    return got > 0 && pass(on.client, {bytes, static_cast<std::size_t>(got)});
  }
  static bool pass(int to, const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t sent = ::send(to, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }

  std::uint16_t server_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::vector<link> links_;  // of the thread
  std::mutex mutex_;
  std::string from_;
  std::string to_;
  std::atomic<int> cut_{0};
  std::atomic<bool> refuses_{false};
  std::atomic<int> rounds_{0};
  std::atomic<int> connections_{0};
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace dovetail::test
