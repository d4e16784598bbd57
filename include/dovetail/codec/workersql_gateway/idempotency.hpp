// Keeps the answers of requests with an Idempotency-Key, so that a repeated request is never executed again.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/codec/workersql_gateway/answer.hpp>
#include <dovetail/codec/workersql_gateway/token.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// How answers are kept for requests with an Idempotency-Key.
struct idempotency_limits {
  std::chrono::seconds keep{300};  ///< from the answer on
  std::size_t entries = 200'000;   ///< with requests under way; when there are so many, further keys are refused
  std::size_t bytes = 64 * 1024 * 1024;
  std::size_t waiting = 64;  ///< duplicates of one request that wait for its answer; further ones get 409
};

namespace serving {

/// Somebody who waits for the answer to the same request.
class answer_listener {
 public:
  virtual ~answer_listener() = default;
  /// Null: there will be no answer, and the request may be executed again.
  virtual void on_answer(const gateway_answer* answer) = 0;
};

enum class idempotent_start : std::uint8_t {
  execute,   ///< the first one: execute it, and tell `finish` what came of it
  replay,    ///< answered before
  wait,      ///< under way: the listener will be called
  conflict,  ///< under way, and it cannot be waited for
  mismatch,  ///< the key was used for another request
  full,      ///< no room for another key
};

/// Threads: one at a time.
class idempotency_store {
 public:
  explicit idempotency_store(const idempotency_limits& limits) noexcept : limits_(limits) {}

  /// `key` with its principal; `request` is a digest of all that was asked.
  idempotent_start start(const std::string& key, const digest& request, const std::weak_ptr<answer_listener>& listener,
                         clock::time_point now, const gateway_answer*& kept) {
    expire(now);
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
      if (entries_.size() >= limits_.entries || bytes_ >= limits_.bytes) return idempotent_start::full;
      entries_.emplace(key, entry{.request = request});
      bytes_ += cost(key);
      return idempotent_start::execute;
    }
    entry& known = found->second;
    if (!are_equal(known.request, request)) return idempotent_start::mismatch;
    if (known.is_done) {
      kept = &known.answer;
      return idempotent_start::replay;
    }
    if (listener.expired() || known.listeners.size() >= limits_.waiting) return idempotent_start::conflict;
    known.listeners.push_back(listener);
    return idempotent_start::wait;
  }

  /// Keeps a final answer, forgets the key after another, and tells those who wait.
  void finish(const std::string& key, const gateway_answer& answer, clock::time_point now) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    const std::vector<std::weak_ptr<answer_listener>> listeners = std::move(found->second.listeners);
    found->second.listeners.clear();
    if (answer.is_final) {
      found->second.is_done = true;
      found->second.answer = answer;
      found->second.answer.is_replayed = true;
      bytes_ += answer.body.size();
      order_.push_back({now + limits_.keep, key});
    } else {
      bytes_ -= cost(key);
      entries_.erase(found);
    }
    const bool is_kept = answer.is_final;
    for (const auto& each : listeners) {
      if (const auto alive = each.lock()) {
        gateway_answer copy = answer;
        copy.is_replayed = true;
        alive->on_answer(is_kept ? &copy : nullptr);
      }
    }
  }

  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct entry {
    digest request{};
    bool is_done = false;
    gateway_answer answer{};
    std::vector<std::weak_ptr<answer_listener>> listeners{};
  };
  struct expiry {
    clock::time_point at;
    std::string key;
  };

  static std::size_t cost(const std::string& key) noexcept { return sizeof(entry) + 2 * key.size() + 64; }

  void expire(clock::time_point now) {
    while (!order_.empty() && order_.front().at <= now) {
      const auto found = entries_.find(order_.front().key);
      bytes_ -= cost(found->first) + found->second.answer.body.size();
      entries_.erase(found);
      order_.pop_front();
    }
  }

  idempotency_limits limits_;
  std::unordered_map<std::string, entry> entries_;
  std::deque<expiry> order_;
  std::size_t bytes_ = 0;
};

}  // namespace serving
}  // namespace dovetail::inline v0::workersql
