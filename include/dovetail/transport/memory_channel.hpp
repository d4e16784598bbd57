// Two byte queues with limits between two ends in one process.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/socket.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::detail {

/// What the two ends of a memory stream share. Threads: any.
/// Each end remembers the version that its last step saw, or the first of several that had to wait; a wait ends when
/// the version has changed since.
class memory_channel {
 public:
  static constexpr int client = 0;
  static constexpr int server = 1;

  /// Each end has room for `capacity` bytes that the other wrote and it has not read.
  explicit memory_channel(std::size_t capacity)
      : ends_{end_point{(std::max<std::size_t>)(capacity, 1)}, end_point{(std::max<std::size_t>)(capacity, 1)}} {}

  attempt read(int side, byte_span into) {
    std::unique_lock lock(mutex_);
    end_point& mine = ends_[side];
    mine.look_at(version_);
    if (is_broken_) return attempt::failed(std::make_error_code(std::errc::connection_reset));
    const byte_view waiting = mine.inbox.committed();
    if (waiting.empty()) {
      if (mine.inbox_ended) return attempt::failed(make_error_code(errc::connection_closed));
      mine.has_to_wait = true;
      return attempt::wait(readiness::signalled);
    }
    const std::size_t taken = (std::min)(into.size(), waiting.size());
    std::memcpy(into.data(), waiting.data(), taken);
    mine.inbox.consume(taken);
    changed(side, lock);
    return attempt::done(taken);
  }

  attempt write(int side, byte_view from) {
    std::unique_lock lock(mutex_);
    ends_[side].look_at(version_);
    end_point& other = ends_[1 - side];
    if (is_broken_) return attempt::failed(std::make_error_code(std::errc::connection_reset));
    if (other.is_closed || other.inbox_ended) return attempt::failed(std::make_error_code(std::errc::broken_pipe));
    read_buffer& inbox = other.inbox;
    const std::size_t taken = (std::min)(from.size(), inbox.maximum() - inbox.committed().size());
    if (!inbox.prepare(taken)) {
      ends_[side].has_to_wait = true;
      return attempt::wait(readiness::signalled);
    }
    std::memcpy(inbox.free().data(), from.data(), taken);
    inbox.commit(taken);
    changed(side, lock);
    return attempt::done(taken);
  }

  /// `side` writes no more.
  void end(int side) {
    std::unique_lock lock(mutex_);
    ends_[1 - side].inbox_ended = true;
    changed(side, lock);
  }

  void close(int side) noexcept {
    std::unique_lock lock(mutex_);
    ends_[side].is_closed = true;
    ends_[side].inbox.clear();
    ends_[side].listener.reset();
    ends_[1 - side].inbox_ended = true;
    changed(side, lock);
  }

  void break_both() {
    std::unique_lock lock(mutex_);
    is_broken_ = true;
    std::shared_ptr<waker> mine = std::move(ends_[client].listener);
    changed(client, lock);
    if (mine) mine->wake();
  }

  std::error_code wait(int side, deadline by) {
    std::unique_lock lock(mutex_);
    const auto is_news = [this, side] { return version_ != ends_[side].seen; };
    ends_[side].has_to_wait = false;
    if (by.is_never()) {
      changed_.wait(lock, is_news);
    } else if (!changed_.wait_until(lock, by.when(), is_news)) {
      return errc::deadline_passed;
    }
    return {};
  }

  void notify(int side, std::shared_ptr<waker> listener) {
    {
      const std::lock_guard lock(mutex_);
      ends_[side].has_to_wait = false;
      if (version_ == ends_[side].seen) {
        ends_[side].listener = std::move(listener);
        return;
      }
    }
    listener->wake();
  }

 private:
  struct end_point {
    explicit end_point(std::size_t capacity) noexcept : inbox(capacity) {}

    /// A step after one that has to wait does not hide what has happened between them.
    void look_at(std::uint64_t version) noexcept {
      if (!has_to_wait) seen = version;
    }

    read_buffer inbox;
    std::shared_ptr<waker> listener;
    std::uint64_t seen = 0;
    bool has_to_wait = false;  // a step has to, and nobody has waited since
    bool inbox_ended = false;  // the other end writes no more
    bool is_closed = false;
  };

  /// After `side` has changed something: tells the other end, outside the lock.
  void changed(int side, std::unique_lock<std::mutex>& lock) noexcept {
    ++version_;
    const std::shared_ptr<waker> listener = std::move(ends_[1 - side].listener);
    lock.unlock();
    changed_.notify_all();
    if (listener) listener->wake();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  end_point ends_[2];
  std::uint64_t version_ = 1;
  bool is_broken_ = false;
};

}  // namespace dovetail::inline v0::detail
