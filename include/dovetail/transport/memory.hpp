// Streams inside one process: a pair of ends, or a hub that clients connect to; with faults on purpose for tests.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/memory_channel.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// How one end of a memory stream misbehaves on purpose. `no_limit` everywhere: not at all.
struct memory_faults {
  static constexpr std::size_t no_limit = static_cast<std::size_t>(-1);

  memory_faults() noexcept = default;

  std::size_t read_at_most = no_limit;      ///< bytes a read gives
  std::size_t write_at_most = no_limit;     ///< bytes a write takes
  std::size_t fail_read_after = no_limit;   ///< this many bytes come, then reading fails with `ec`
  std::size_t fail_write_after = no_limit;  ///< this many bytes leave, then writing fails with `ec`
  std::error_code connect_ec{};             ///< connecting fails with this
  bool connect_stalls = false;              ///< connecting never ends
  std::error_code ec = std::make_error_code(std::errc::connection_reset);
};

class memory_stream;

/// Where memory streams connect to: the listening side. Holds connections until `accept` takes them.
/// Threads: any, at once. Lifetime: streams that are connected live on without it.
class memory_hub {
 public:
  /// `capacity` is how many bytes may be on the way in one direction; writing waits while there is no room.
  explicit memory_hub(std::size_t capacity = 64 * 1024) : capacity_(capacity) {}
  memory_hub(const memory_hub&) = delete;
  memory_hub& operator=(const memory_hub&) = delete;

  /// The next connection's server end. Errors: errc::deadline_passed, errc::connection_closed after `close()`.
  std::error_code accept(memory_stream& accepted, deadline by);

  /// Takes no more connections: connecting is refused, `accept` ends, and connections not yet accepted break.
  void close() {
    std::vector<std::shared_ptr<detail::memory_channel>> never_accepted;
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
      never_accepted = std::move(waiting_);
      waiting_.clear();
      changed_.notify_all();
    }
    for (const auto& each : never_accepted) each->close(detail::memory_channel::server);
  }

  /// Takes connections again after `close()`.
  void reopen() {
    const std::lock_guard lock(mutex_);
    is_closed_ = false;
  }

  /// Connections made from now on have clients that misbehave like this.
  void set_faults(const memory_faults& faults) {
    const std::lock_guard lock(mutex_);
    faults_ = faults;
  }

  /// How many clients have connected so far.
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }

 private:
  friend class memory_stream;

  std::error_code connect(std::shared_ptr<detail::memory_channel>& made, memory_faults& faults) {
    const std::lock_guard lock(mutex_);
    faults = faults_;
    if (is_closed_) return std::make_error_code(std::errc::connection_refused);
    if (faults.connect_ec || faults.connect_stalls) return faults.connect_ec;
    made = std::make_shared<detail::memory_channel>(capacity_);
    waiting_.push_back(made);
    ++connections_;
    changed_.notify_one();
    return {};
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<detail::memory_channel>> waiting_;
  std::size_t capacity_;
  std::size_t connections_ = 0;
  memory_faults faults_;
  bool is_closed_ = false;
};

/// The hub that a memory stream connects to.
struct memory_endpoint {
  memory_endpoint() noexcept = default;
  explicit memory_endpoint(std::shared_ptr<memory_hub> listener) noexcept : hub(std::move(listener)) {}

  std::shared_ptr<memory_hub> hub;
};

/// One end of a connection inside the process. Threads: one operation at a time; the two ends are independent.
class memory_stream {
 public:
  explicit memory_stream(memory_endpoint peer = {}) noexcept : peer_(std::move(peer)) {}
  memory_stream(memory_stream&&) noexcept = default;
  memory_stream& operator=(memory_stream&& other) noexcept {
    close();
    peer_ = std::move(other.peer_);
    channel_ = std::move(other.channel_);
    side_ = other.side_;
    faults_ = other.faults_;
    return *this;
  }
  ~memory_stream() { close(); }

  /// Two ends of a new connection.
  static std::pair<memory_stream, memory_stream> pair(std::size_t capacity = 64 * 1024) {
    std::pair<memory_stream, memory_stream> ends;
    ends.first.channel_ = ends.second.channel_ = std::make_shared<detail::memory_channel>(capacity);
    ends.second.side_ = detail::memory_channel::server;
    return ends;
  }

  void set_faults(const memory_faults& faults) noexcept { faults_ = faults; }

  attempt try_connect(deadline) {
    if (channel_) return attempt::failed(make_error_code(errc::invalid_state));
    if (!peer_.hub) return attempt::failed(std::make_error_code(std::errc::connection_refused));
    const std::error_code ec = peer_.hub->connect(channel_, faults_);
    if (ec) return attempt::failed(ec);
    side_ = detail::memory_channel::client;
    received_ = sent_ = 0;
    return channel_ ? attempt::done() : attempt::wait(readiness::signalled);
  }

  attempt try_read(byte_span into) {
    if (!channel_) return attempt::failed(std::make_error_code(std::errc::not_connected));
    if (into.empty()) return attempt::failed(std::make_error_code(std::errc::no_buffer_space));
    if (received_ >= faults_.fail_read_after) return attempt::failed(faults_.ec);
    const std::size_t most = (std::min)({into.size(), faults_.read_at_most, faults_.fail_read_after - received_});
    const attempt tried = channel_->read(side_, into.first(most));
    received_ += tried.bytes;
    return tried;
  }

  attempt try_write(byte_view from) {
    if (!channel_) return attempt::failed(std::make_error_code(std::errc::not_connected));
    if (from.empty()) return attempt::done();
    if (sent_ >= faults_.fail_write_after) return attempt::failed(faults_.ec);
    const std::size_t most = (std::min)({from.size(), faults_.write_at_most, faults_.fail_write_after - sent_});
    const attempt tried = channel_->write(side_, from.first(most));
    sent_ += tried.bytes;
    return tried;
  }

  std::error_code shutdown_write() {
    if (!channel_) return std::make_error_code(std::errc::not_connected);
    channel_->end(side_);
    return {};
  }

  std::error_code wait(const attempt& last, deadline by) {
    if (channel_) return channel_->wait(side_, by);
    return detail::wait_handle(no_handle, last, by);
  }
  void notify(std::shared_ptr<waker> listener) {
    if (channel_) channel_->notify(side_, std::move(listener));
  }
  native_handle handle(readiness) const noexcept { return no_handle; }

  /// Both ends break, as by a reset: what is on the way is lost, and both fail with connection_reset.
  void break_connection() {
    if (channel_) channel_->break_both();
  }
  void close() noexcept {
    if (channel_) std::exchange(channel_, nullptr)->close(side_);
  }
  bool is_open() const noexcept { return channel_ != nullptr; }
  std::string peer() const { return "memory"; }

 private:
  friend class memory_hub;

  memory_endpoint peer_;
  std::shared_ptr<detail::memory_channel> channel_;
  int side_ = detail::memory_channel::client;
  memory_faults faults_;
  std::size_t received_ = 0;
  std::size_t sent_ = 0;
};

inline std::error_code memory_hub::accept(memory_stream& accepted, deadline by) {
  std::unique_lock lock(mutex_);
  const auto has_news = [this] { return is_closed_ || !waiting_.empty(); };
  if (by.is_never()) {
    changed_.wait(lock, has_news);
  } else if (!changed_.wait_until(lock, by.when(), has_news)) {
    return errc::deadline_passed;
  }
  if (is_closed_) return errc::connection_closed;
  memory_stream made;
  made.channel_ = std::move(waiting_.front());
  made.side_ = detail::memory_channel::server;
  waiting_.erase(waiting_.begin());
  accepted = std::move(made);
  return {};
}

/// The transport policy inside one process.
struct memory {
  using endpoint = memory_endpoint;
  using stream = memory_stream;
};

}  // namespace dovetail::inline v0
