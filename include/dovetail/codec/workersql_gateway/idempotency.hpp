// Keeps the answers of requests with an Idempotency-Key, so that a repeated request is never executed again.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/codec/workersql_gateway/answer.hpp>
#include <dovetail/codec/workersql_gateway/token.hpp>

#include <algorithm>
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

/// How answers are kept for requests with an Idempotency-Key. What only reads is not kept.
struct idempotency_limits {
  std::chrono::seconds keep{300};         ///< from the answer on
  std::size_t entries = 400'000;          ///< with requests under way; when there are so many, further keys are refused
  std::size_t bytes = 128 * 1024 * 1024;  ///< an answer beyond them is kept as the fact that there was one
  unsigned principal_percent = 50;        ///< of entries and bytes that one principal may have; 100: all
  bool in_database = false;               ///< changes are kept in the database too, and known after a restart
  std::size_t waiting = 64;               ///< duplicates of one request that wait for its answer; further ones get 409
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

  /// `key` with its principal, whose name is `who`; `request` is a digest of all that was asked. When there is no room,
  /// `retry_after` is set to the seconds until something of the principal's is forgotten, as far as that is known.
  idempotent_start start(const std::string& who, const std::string& key, const digest& request,
                         const std::weak_ptr<answer_listener>& listener, clock::time_point now,
                         const gateway_answer*& kept, std::uint32_t& retry_after) {
    expire(now);
    const auto found = entries_.find(key);
    if (found == entries_.end()) {
      if (!has_room(who, now, retry_after)) return idempotent_start::full;
      const auto owner = shares_.try_emplace(who).first;
      entries_.emplace(key, entry{.request = request, .owner = &*owner});
      add(owner->second, cost(key));
      ++owner->second.entries;
      return idempotent_start::execute;
    }
    entry& known = found->second;
    if (!are_equal(known.request, request)) return idempotent_start::mismatch;
    if (known.is_done) {
      kept = &known.answer;
      return idempotent_start::replay;
    }
    std::erase_if(known.listeners, [](const auto& each) { return each.expired(); });
    if (listener.expired() || known.listeners.size() >= limits_.waiting) return idempotent_start::conflict;
    known.listeners.push_back(listener);
    return idempotent_start::wait;
  }

  /// Tells a final answer to those who wait, and keeps it when something was changed; else forgets the key.
  void finish(const std::string& key, const gateway_answer& answer, clock::time_point now) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return;
    const std::vector<std::weak_ptr<answer_listener>> listeners = std::exchange(found->second.listeners, {});
    if (answer.is_final && !answer.changed_nothing) {
      share& of = found->second.owner->second;
      found->second.is_done = true;
      found->second.answer = fits(of, answer.body.size()) ? answer : shorten(answer);
      found->second.answer.is_replayed = true;
      add(of, found->second.answer.body.size());
      of.expiries.push_back(now + limits_.keep);
      order_.push_back({now + limits_.keep, key});
    } else {
      forget(found);
    }
    for (const auto& each : listeners) {
      if (const auto alive = each.lock()) {
        gateway_answer copy = answer;
        copy.is_replayed = true;
        alive->on_answer(answer.is_final ? &copy : nullptr);
      }
    }
  }

  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  /// What a principal has of the store.
  struct share {
    std::size_t entries = 0;
    std::size_t bytes = 0;
    std::deque<clock::time_point> expiries{};
  };
  using shares_type = std::unordered_map<std::string, share>;
  struct entry {
    digest request{};
    typename shares_type::value_type* owner = nullptr;
    bool is_done = false;
    gateway_answer answer{};
    std::vector<std::weak_ptr<answer_listener>> listeners{};
  };
  using entries_type = std::unordered_map<std::string, entry>;
  struct expiry {
    clock::time_point at;
    std::string key;
  };

  static std::size_t cost(const std::string& key) noexcept {
    return sizeof(entry) + sizeof(clock::time_point) + 2 * key.size() + 64;
  }

  void add(share& to, std::size_t bytes) noexcept {
    to.bytes += bytes;
    bytes_ += bytes;
  }

  std::size_t part(std::size_t of) const noexcept {
    return of / 100 * limits_.principal_percent + of % 100 * limits_.principal_percent / 100;
  }

  bool fits(const share& to, std::size_t bytes) const noexcept {
    return to.bytes + bytes <= part(limits_.bytes) && bytes_ + bytes <= limits_.bytes;
  }
  /// What is kept of an answer for which there is no room: that it was one, so that it is not executed again.
  static gateway_answer shorten(const gateway_answer& whole) {
    const bool is_failure = whole.status >= 400;
    gateway_answer less = refusal(is_failure ? whole.status : 500, codes::internal,
                                  is_failure ? "failed before; the answer was too large to be kept"
                                             : "executed; the answer was too large to be kept");
    less.needs_admin = whole.needs_admin;
    return less.body.size() < whole.body.size() ? less : whole;
  }

  bool has_room(const std::string& who, clock::time_point now, std::uint32_t& retry_after) const {
    const auto own = shares_.find(who);
    const bool is_greedy = own != shares_.end() &&
                           (own->second.entries >= part(limits_.entries) || own->second.bytes >= part(limits_.bytes));
    if (!is_greedy && entries_.size() < limits_.entries && bytes_ < limits_.bytes) return true;
    retry_after = 1;  // until something that is under way has come to its end
    const clock::time_point* next = nullptr;
    if (is_greedy) {
      if (!own->second.expiries.empty()) next = &own->second.expiries.front();
    } else if (!order_.empty()) {
      next = &order_.front().at;
    }
    if (next != nullptr) {
      const auto left = std::chrono::ceil<std::chrono::seconds>(*next - now).count();
      retry_after = static_cast<std::uint32_t>((std::max)(left, decltype(left){1}));
    }
    return false;
  }

  void forget(typename entries_type::iterator at) {
    const auto owner = at->second.owner;
    share& of = owner->second;
    const std::size_t bytes = cost(at->first) + at->second.answer.body.size();
    of.bytes -= bytes;
    bytes_ -= bytes;
    if (at->second.is_done) of.expiries.pop_front();
    const bool is_last = --of.entries == 0;
    entries_.erase(at);
    if (is_last) shares_.erase(shares_.find(owner->first));
  }

  void expire(clock::time_point now) {
    while (!order_.empty() && order_.front().at <= now) {
      forget(entries_.find(order_.front().key));
      order_.pop_front();
    }
  }

  idempotency_limits limits_;
  shares_type shares_;
  entries_type entries_;
  std::deque<expiry> order_;
  std::size_t bytes_ = 0;
};

}  // namespace serving
}  // namespace dovetail::inline v0::workersql
