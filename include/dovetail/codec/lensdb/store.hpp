// The keys and values of a LensDB server, with times to live; time is an argument, never a clock.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/format/lensdb/status.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace dovetail::inline v0::lensdb {

/// What a store holds at most.
struct store_limits {
  std::uint64_t memory = 1024ULL * 1024 * 1024;  ///< bytes of all keys and values together
  std::uint64_t keys = 0;                        ///< 0: no limit but memory
};

/// A map from keys to values. Every call says what time it is, and first removes what is over by then: an expired key
/// is seen by no operation, and `next_expiry()` lets an idle owner free its memory too. A time to live is counted from
/// the SETEX; 0 is over at once; a plain SET takes it away; nothing prolongs it. Threads: none of its own; one caller
/// at a time.
class store {
 public:
  explicit store(const store_limits& limits) : limits_(limits) {}
  store(const store&) = delete;
  store& operator=(const store&) = delete;

  /// Lifetime: until the next call that changes the store; nullptr when there is no such key.
  const std::string* find(std::string_view key, clock::time_point now) {
    expire(now);
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second.value;
  }

  /// Stores a value until `expiry`, or for good. The store is unchanged when the result is status::storage_full.
  status set(std::string_view key, std::string_view value, std::optional<clock::time_point> expiry,
             clock::time_point now) {
    expire(now);
    const auto found = entries_.find(key);
    const bool is_new = found == entries_.end();
    const std::uint64_t freed = is_new ? 0 : found->second.value.size();
    const std::uint64_t added = value.size() + (is_new ? key.size() : 0);
    if (added > limits_.memory || memory_ - freed > limits_.memory - added) return status::storage_full;
    if (is_new && limits_.keys != 0 && entries_.size() >= limits_.keys) return status::storage_full;
    const auto at = is_new ? entries_.try_emplace(std::string{key}).first : found;
    forget_expiry(at->second);
    at->second.value.assign(value);
    memory_ = memory_ - freed + added;
    if (expiry) at->second.expiry = expiries_.emplace(*expiry, &at->first);
    expire(now);  // a time to live of 0
    return status::success;
  }

  /// Removes a key; was it there?
  bool erase(std::string_view key, clock::time_point now) {
    expire(now);
    const auto found = entries_.find(key);
    if (found == entries_.end()) return false;
    remove(found);
    return true;
  }

  void clear() noexcept {
    expiries_.clear();
    entries_.clear();
    memory_ = 0;
  }

  std::size_t size(clock::time_point now) {
    expire(now);
    return entries_.size();
  }

  /// Calls `take(std::string_view)` for each key, in no order.
  template <class Take>
  void for_each_key(clock::time_point now, Take&& take) {
    expire(now);
    for (const auto& [key, unused] : entries_) take(std::string_view{key});
  }

  /// Bytes of all keys and values.
  std::uint64_t memory() const noexcept { return memory_; }

  /// When the next key is over, if one has an end.
  std::optional<clock::time_point> next_expiry() const noexcept {
    if (expiries_.empty()) return std::nullopt;
    return expiries_.begin()->first;
  }

  /// Removes what is over. Cost: only what is removed.
  void expire(clock::time_point now) {
    while (!expiries_.empty() && expiries_.begin()->first <= now) {
      remove(entries_.find(*expiries_.begin()->second));
    }
  }

 private:
  using expiries = std::multimap<clock::time_point, const std::string*>;  // keys of entries_ do not move
  struct entry {
    std::string value;
    std::optional<expiries::iterator> expiry;
  };
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept { return a == b; }
  };
  using entries = std::unordered_map<std::string, entry, hash, equal>;

  void forget_expiry(entry& of) {
    if (of.expiry) expiries_.erase(*std::exchange(of.expiry, std::nullopt));
  }

  void remove(entries::iterator at) {
    memory_ -= at->first.size() + at->second.value.size();
    forget_expiry(at->second);
    entries_.erase(at);
  }

  store_limits limits_;
  entries entries_;
  expiries expiries_;
  std::uint64_t memory_ = 0;
};

}  // namespace dovetail::inline v0::lensdb
