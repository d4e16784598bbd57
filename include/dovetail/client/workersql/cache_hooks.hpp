// Where the dialogues of a client and its cache of results meet: reads look, take a ticket and keep; writes tell.
#pragma once

#include <dovetail/client/workersql/result_cache.hpp>
#include <dovetail/codec/workersql/envelope.hpp>
#include <dovetail/codec/workersql/request_body.hpp>
#include <dovetail/codec/workersql/session.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

/// Writes the body of one statement: text with its hint, parameters, options.
template <class Request>
error_info write_statement_body(std::string& body, const options& client, const Request& asked,
                                const query_options* how) {
  body.clear();
  std::string hint;
  if (asked.is_read_only() && (client.consistency != consistency::unspecified || how != nullptr)) {
    append_hint(hint, how != nullptr ? *how : query_options{}, client.consistency);
  }
  error_info failure = append_statement(body, asked, hint, client.include_statement_text);
  if (!failure && how != nullptr) failure = append_query_options(body, *how);
  body += '}';
  return failure;
}

/// Whether a query may be answered from the cache (`looks`), and whether its answer may be kept for others (`keeps`).
struct cache_wish {
  bool looks = false;
  bool keeps = false;
  clock::duration most_age{};
};

/// The lesser of both, for what is wanted may be longer than the clock can count.
template <class Duration>
constexpr clock::duration lesser_age(clock::duration most, Duration wanted) noexcept {
  if (wanted <= Duration::zero()) return {};
  return wanted > std::chrono::duration_cast<Duration>(most) ? most : clock::duration{wanted};
}

[[gnu::noinline]] inline cache_wish cache_wish_of(const options& client, const query_options* how) noexcept {
  if (client.cache == nullptr) return {};
  const bool says_consistency = how != nullptr && how->consistency != consistency::unspecified;
  const consistency wanted = says_consistency ? how->consistency : client.consistency;
  if (wanted == consistency::strong) return {};
  cache_wish wish{true, true, client.cache->settings().ttl};
  if (how == nullptr) return wish;
  if (how->caching == cache_use::bypass || !how->cache.enabled.value_or(true)) return {};
  wish.looks = how->caching != cache_use::refresh;
  if (how->cache.ttl) wish.most_age = lesser_age(wish.most_age, *how->cache.ttl);
  if (wanted == consistency::bounded && how->staleness.count() > 0) {
    wish.most_age = lesser_age(wish.most_age, how->staleness);
  }
  return wish;
}

/// A parameter 'now' is the clock where PostgreSQL takes it for a time, as in `where at > ?`.
inline bool has_clock_parameter(std::string_view body) noexcept {
  const std::size_t parameters = body.find("\"params\":");  // in texts before it the quotes are escaped
  return parameters != body.npos && has_clock_word(body.substr(parameters));
}

/// A query under way whose answer may be kept.
class cached_read {
 public:
  /// Once the session's body is written.
  void begin(session& on, std::string_view sql, const query_options* how) {
    const cache_wish wish = cache_wish_of(on.options(), how);
    if (!wish.keeps || on.socket() || has_clock_parameter(on.body())) return;
    tables_ = cached_tables(sql);
    if (tables_) ticket_ = on.options().cache->begin(clock::now(), wish.looks);
  }
  /// The answer was read without a failure. What the gateway has from a cache of its own is not kept: its age is
  /// unknown, and it may be from before a write.
  void keep(session& on, std::string_view answer, const reply_facts& said) {
    if (!tables_ || !said.has_rows || said.is_cached) return;
    on.options().cache->store(on.options(), on.body(), answer, *tables_, ticket_, clock::now());
  }

 private:
  std::optional<table_set> tables_;
  cache_ticket ticket_;
};

/// A write under way: the cache hears of it when it is over, however it ends, or when it is given up.
class cached_write {
 public:
  cached_write() noexcept = default;
  cached_write(cached_write&& other) noexcept = default;
  cached_write& operator=(cached_write&&) = delete;
  ~cached_write() { finish(); }

  /// `on.body()` is the request. In a transaction others see it only after the commit, so the tables are noted too.
  void begin(session& on) {
    if (on.options().cache == nullptr) return;
    finish();
    tables_ = {};
    if (on.options().cache->settings().invalidation == cache_invalidation::all) {
      tables_.is_all = true;  // whatever it writes: the text is not searched for it
    } else {
      tables_ = tables_written_by(on.body());
    }
    if (on.socket()) {
      socket_state& noted = *on.socket();
      noted.has_written_all = noted.has_written_all || tables_.is_all;
      for (const std::string& each : tables_.names) {
        if (std::find(noted.written.begin(), noted.written.end(), each) == noted.written.end()) {
          noted.written.push_back(each);
        }
      }
    }
    cache_ = on.options().cache;
  }
  /// A transaction is about to be committed.
  void begin_commit(session& on) {
    if (on.options().cache == nullptr || !on.socket()) return;
    tables_ = {};
    tables_.is_all = on.socket()->has_written_all;
    for (std::string& each : on.socket()->written) tables_.add(std::move(each));
    cache_ = on.options().cache;
  }
  void finish() noexcept {
    if (const auto told = std::move(cache_)) told->invalidate(tables_);
  }

 private:
  std::shared_ptr<result_cache> cache_;
  table_set tables_;
};

}  // namespace dovetail::inline v0::workersql::detail
