// Answers of a gateway that are kept for a while: bounded, forgotten when their tables are written, for any threads.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/client/workersql/cached_statement.hpp>
#include <dovetail/codec/workersql/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// What a write through the client makes old.
enum class cache_invalidation : std::uint8_t {
  tables,  ///< the answers that name a table that it writes; everything where the text does not tell which. Only where
           ///< no view is read and no view, trigger or cascading key makes a write reach what it does not name
  all,     ///< everything
};

struct cache_settings {
  clock::duration ttl = std::chrono::seconds{30};  ///< from when the query was sent
  std::size_t entries = 1000;
  std::size_t bytes = 16 * 1024 * 1024;  ///< of requests and answers, with what it takes to keep them
  cache_invalidation invalidation = cache_invalidation::all;
};

/// Counters since the cache was made, and what it holds now.
struct cache_statistics {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;         ///< queries that might have been hits, and went to the gateway
  std::uint64_t evictions = 0;      ///< dropped for want of room, the least recently used first
  std::uint64_t invalidations = 0;  ///< dropped because of a write
  std::uint64_t expirations = 0;    ///< dropped because of their age, when they were asked for
  std::size_t entries = 0;
  std::size_t bytes = 0;
};

/// When a query was sent, for the cache.
struct cache_ticket {
  std::uint64_t writes = 0;
  clock::time_point since{};
};

/// Keeps the bodies of answers as they came, keyed by the body of the request (statement, parameters, hint, options)
/// and by whom it was sent to and for (endpoint, database, key). Bodies and not rows, because one answer then serves
/// every row type and verb, its size is known, a hit owes nothing to what the first caller did with its rows, and
/// reading JSON again costs a small part of a round trip.
/// A read takes a ticket before it is sent; an answer is only kept when none of its tables was written since. A write
/// counts when its answer is here, or will never be: what was kept before goes, what was sent before is not kept. So a
/// call that begins after a write was done never sees what was there before it. There is no waiting for another's
/// query of the same text: dialogues know nothing of each other, and the pool bounds how many run.
/// What others write is seen when an entry's time is over. Several clients may share a cache.
/// Threads: any. Cost: one lock, a hash of the request; a hit moves no bytes of the answer.
class result_cache {
 public:
  using kept_body = std::shared_ptr<const std::string>;

  explicit result_cache(const cache_settings& how = {}) : how_(how) {}
  result_cache(const result_cache&) = delete;
  result_cache& operator=(const result_cache&) = delete;

  const cache_settings& settings() const noexcept { return how_; }

  /// The answer to a request, when one is kept that is younger than `most_age`; else null.
  kept_body find(const options& whose, std::string_view request, clock::duration most_age, clock::time_point now);

  /// A query that may be kept is about to be sent. `is_miss`: it was looked for.
  cache_ticket begin(clock::time_point now, bool is_miss) noexcept;

  /// Its answer came. Not kept: what was overtaken by a write or by the answer to a later query, is too old already, or
  /// larger than the whole cache.
  void store(const options& whose, std::string_view request, std::string_view answer, const table_set& tables,
             const cache_ticket& begun, clock::time_point now);

  /// These tables were written.
  void invalidate(const table_set& written) noexcept;
  /// Forgets everything, and what is on its way.
  void clear() noexcept;

  cache_statistics statistics() const noexcept;

 private:
  struct entry;
  struct table_state {
    std::uint64_t last_write = 0;
    std::list<entry*> users{};
  };
  struct use {
    table_state* of;
    std::list<entry*>::iterator at;
  };
  struct entry {
    std::uint32_t scope;
    std::string request;
    kept_body answer;
    clock::time_point since;
    std::size_t cost;
    std::vector<use> tables{};
  };
  struct key {
    std::uint32_t scope;
    std::string_view request;  // of the entry itself
    friend bool operator==(const key&, const key&) = default;
  };
  struct key_hash {
    std::size_t operator()(const key& of) const noexcept {
      return std::hash<std::string_view>{}(of.request) + of.scope * std::size_t{0x9E3779B9};
    }
  };
  struct known_scope {
    api_endpoint endpoint;
    std::string database;
    secret api_key;
    bool is_of(const options& whose) const noexcept {
      return endpoint == whose.endpoint && database == whose.database && api_key == whose.api_key;
    }
  };
  using entry_iterator = std::list<entry>::iterator;
  static constexpr std::size_t most_scopes = 256;
  static constexpr std::size_t overhead = 256;  // list, index, places in tables: about

  std::size_t scope_of(const options& whose) const noexcept {
    std::size_t at = 0;
    while (at < scopes_.size() && !scopes_[at].is_of(whose)) ++at;
    return at;
  }
  void remove(entry_iterator at) noexcept {
    for (const use& each : at->tables) each.of->users.erase(each.at);
    bytes_ -= at->cost;
    index_.erase(key{at->scope, at->request});
    entries_.erase(at);
  }
  void remove_all() noexcept {
    index_.clear();
    entries_.clear();
    tables_.clear();
    bytes_ = 0;
    all_written_ = writes_;
  }
  void forget_all() noexcept {
    counts_.invalidations += entries_.size();
    remove_all();
  }
  void insert(std::uint32_t scope, std::string_view request, kept_body answer, const table_set& tables,
              clock::time_point since, std::size_t cost);

  const cache_settings how_;
  mutable std::mutex mutex_;
  std::list<entry> entries_;  // the most recently used first
  std::unordered_map<key, entry_iterator, key_hash> index_;
  std::unordered_map<std::string, table_state> tables_;
  std::vector<known_scope> scopes_;
  std::size_t bytes_ = 0;
  std::uint64_t writes_ = 0;       // so far
  std::uint64_t all_written_ = 0;  // the last one that touched every table
  cache_statistics counts_;
};

inline auto result_cache::find(const options& whose, std::string_view request, clock::duration most_age,
                               clock::time_point now) -> kept_body {
  const std::lock_guard lock{mutex_};
  const auto found = index_.find(key{static_cast<std::uint32_t>(scope_of(whose)), request});
  if (found == index_.end()) return nullptr;
  const entry_iterator at = found->second;
  const clock::duration age = now - at->since;
  if (age >= how_.ttl) {
    ++counts_.expirations;
    remove(at);
    return nullptr;
  }
  if (age >= most_age) return nullptr;
  ++counts_.hits;
  entries_.splice(entries_.begin(), entries_, at);
  return at->answer;
}

inline cache_ticket result_cache::begin(clock::time_point now, bool is_miss) noexcept {
  const std::lock_guard lock{mutex_};
  if (is_miss) ++counts_.misses;
  return {writes_, now};
}

inline void result_cache::store(const options& whose, std::string_view request, std::string_view answer,
                                const table_set& tables, const cache_ticket& begun, clock::time_point now) {
  const std::size_t cost = request.size() + answer.size() + overhead + tables.names.size() * sizeof(use) * 2;
  if (cost > how_.bytes || how_.entries == 0 || now - begun.since >= how_.ttl || tables.is_all) return;
  auto body = std::make_shared<const std::string>(answer);
  const std::lock_guard lock{mutex_};
  if (all_written_ > begun.writes) return;
  for (const std::string& each : tables.names) {
    const auto known = tables_.find(each);
    if (known != tables_.end() && known->second.last_write > begun.writes) return;
  }
  std::size_t scope = scope_of(whose);
  if (scope == scopes_.size()) {
    if (scope == most_scopes) {  // somebody makes a client for each of very many users
      counts_.evictions += entries_.size();
      remove_all();
      scopes_.clear();
      scope = 0;
    }
    scopes_.push_back({whose.endpoint, whose.database, whose.api_key});
  }
  insert(static_cast<std::uint32_t>(scope), request, std::move(body), tables, begun.since, cost);
}

inline void result_cache::insert(std::uint32_t scope, std::string_view request, kept_body answer,
                                 const table_set& tables, clock::time_point since, std::size_t cost) {
  if (const auto old = index_.find(key{scope, request}); old != index_.end()) {
    if (old->second->since > since) return;  // what was asked for later came earlier
    remove(old->second);
  }
  std::list<entry> made;  // into the list when all of it is there
  made.push_back({scope, std::string{request}, std::move(answer), since, cost});
  entry& added = made.front();
  added.tables.reserve(tables.names.size());
  try {
    for (const std::string& each : tables.names) {
      table_state& of = tables_[each];
      of.users.push_front(&added);
      added.tables.push_back({&of, of.users.begin()});
    }
    index_.emplace(key{scope, added.request}, made.begin());
  } catch (...) {
    for (const use& each : added.tables) each.of->users.erase(each.at);
    throw;
  }
  entries_.splice(entries_.begin(), made);
  bytes_ += cost;
  while (entries_.size() > how_.entries || bytes_ > how_.bytes) {
    ++counts_.evictions;
    remove(std::prev(entries_.end()));
  }
}

inline void result_cache::invalidate(const table_set& written) noexcept {
  const std::lock_guard lock{mutex_};
  ++writes_;
  if (written.is_all || how_.invalidation == cache_invalidation::all) return forget_all();
  try {
    for (const std::string& each : written.names) {
      table_state& of = tables_[each];
      of.last_write = writes_;
      while (!of.users.empty()) {
        ++counts_.invalidations;
        remove(index_.find(key{of.users.front()->scope, of.users.front()->request})->second);
      }
    }
  } catch (...) {  // no memory for another table's name
    return forget_all();
  }
  if (tables_.size() <= 4096 + how_.entries) return;
  // Names that are no longer asked for; what is on its way counts as overtaken.
  std::erase_if(tables_, [](const auto& each) { return each.second.users.empty(); });
  all_written_ = writes_;
}

inline void result_cache::clear() noexcept {
  const std::lock_guard lock{mutex_};
  ++writes_;
  forget_all();
}

inline cache_statistics result_cache::statistics() const noexcept {
  const std::lock_guard lock{mutex_};
  cache_statistics now = counts_;
  now.entries = entries_.size();
  now.bytes = bytes_;
  return now;
}

}  // namespace dovetail::inline v0::workersql
