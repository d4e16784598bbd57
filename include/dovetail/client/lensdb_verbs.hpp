// The verbs of every LensDB client, blocking or asynchronous: get, set, erase, exists, keys, size, clear, ping, stats.
#pragma once

#include <dovetail/client/lensdb/bulk.hpp>
#include <dovetail/client/lensdb/entries.hpp>
#include <dovetail/codec/lensdb/codec.hpp>
#include <dovetail/codec/lensdb/operations.hpp>

#include <cstdint>
#include <iterator>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::lensdb {

/// Base class of clients and their views. What a verb returns is the client's business: T, `dt::result<T>`, or what a
/// completion token makes of it. Keys and values are copied before the verb returns.
/// Errors, of every verb: errc::invalid_key (empty, or longer than the dialect allows) and errc::request_too_large
/// (`requestLimit`), both before a connection is taken; lensdb::status codes; errc::outcome_unknown when a SET, SETEX,
/// DELETE or CLEAR was sent and its reply was lost, or did not come in time; errors of the connection.
template <class Self, class Format>
class verbs {
 public:
  using place = std::source_location;

  /// The value under `key`, or nothing. Without a type: the stored bytes, in a string. (std::optional<T>)
  /// Every T that `set` takes comes back as it was, but for borrowed text and bytes (std::string_view, std::span),
  /// which do not compile here: ask for std::string, std::vector<std::byte> or std::array<std::byte, N> (exactly N
  /// bytes, or errc::malformed_value).
  template <class T = std::string>
  auto get(std::string_view key, place where = place::current()) {
    return self().run(get_operation<T, Format>{.key = std::string{key}}, where);
  }

  /// Stores text and bytes as they are, other types in the client's value format. Takes a time to live away. (void)
  template <class T>
  auto set(std::string_view key, const T& value, place where = place::current()) {
    return self().run(entry<Format>{key, value}.asked(), where);
  }

  /// The same, for a time, in whole seconds rounded up. (void)
  /// Errors: errc::operation_unsupported without `?setex=true`: the real server never answers such a request;
  /// errc::invalid_argument for a time of zero or less, or of more than 2³² - 1 seconds.
  template <class T>
  auto set(std::string_view key, const T& value, time_to_live time, place where = place::current()) {
    set_operation asked = entry<Format>{key, value}.asked();
    time.apply_to(asked);
    return self().run(std::move(asked), where);
  }

  /// Removes a key; was it there? (bool)
  auto erase(std::string_view key, place where = place::current()) {
    return self().run(erase_operation{.key = std::string{key}}, where);
  }

  /// (bool)
  auto exists(std::string_view key, place where = place::current()) {
    return self().run(exists_operation{.key = std::string{key}}, where);
  }

  /// All keys, in no order. A key that holds a line feed comes as two. (std::vector<std::string>)
  auto keys(place where = place::current()) { return self().run(keys_operation{}, where); }

  /// The number of keys. (std::uint64_t)
  auto size(place where = place::current()) { return self().run(size_operation{}, where); }

  /// Removes all keys. (void)
  auto clear(place where = place::current()) { return self().run(clear_operation{}, where); }

  /// Asks the server for a sign of life. (void)
  auto ping(place where = place::current()) { return self().run(ping_operation{}, where); }

  /// The server's statistics, a text for people; the real server has a constant one. (std::string)
  auto stats(place where = place::current()) { return self().run(stats_operation{}, where); }

  /// The values under many keys, in the order of the keys: a vector, or braces. (std::vector<std::optional<T>>)
  /// Cost: the protocol has one request in flight a connection, so the keys are dealt out to as many connections as the
  /// pool may have, a few dozen keys each at least; a blocking client takes a thread for every further connection.
  /// Errors: what any request is refused for, before one is sent; else the first that happens, but an unknown outcome
  /// goes before others. It says which request it was, counted from 1 in the order of `keys` (keys are data, and in no
  /// message).
  template <class T = std::string>
  auto get_many(key_list asked, place where = place::current()) {
    std::vector<std::string> keys = std::move(asked).take();
    std::vector<get_many_operation<T, Format>> shares;
    detail::deal_out(
        keys, detail::share_count(self(), keys.size()), [&](auto first, auto last, const share_of_many& share) {
          shares.push_back({.keys = {std::move_iterator{first}, std::move_iterator{last}}, .share = share});
        });
    return detail::run_shares<std::vector<std::optional<T>>>(self(), std::move(shares), where);
  }

  /// Stores many values; not atomic. (void) Cost and errors: as `get_many`; after an error some are stored, some not.
  /// Key and value come in pairs: `set_many(std::map<std::string, user>{…})`, `set_many(std::vector{std::pair{…}})`.
  template <class Range>
  auto set_many(const Range& entries, place where = place::current()) {
    return set_all(all_of(entries), where);
  }
  /// The same, each for a time.
  template <class Range>
  auto set_many(const Range& entries, time_to_live time, place where = place::current()) {
    return set_all(all_of(entries), time, where);
  }

  /// The same for entries in braces, whose values may be of several types: `set_many({{"a", 1}, {"b", "two"}})`.
  auto set_many(few_entries<Format> entries, place where = place::current()) {
    return set_all(std::move(entries).take(), where);
  }
  auto set_many(few_entries<Format> entries, time_to_live time, place where = place::current()) {
    return set_all(std::move(entries).take(), time, where);
  }
  template <int = 0>  // a template, so that a few entries are not ambiguous
  auto set_many(many_entries<Format> entries, place where = place::current()) {
    return set_all(std::move(entries).take(), where);
  }
  template <int = 0>
  auto set_many(many_entries<Format> entries, time_to_live time, place where = place::current()) {
    return set_all(std::move(entries).take(), time, where);
  }

 private:
  friend Self;
  verbs() = default;

  Self& self() noexcept { return static_cast<Self&>(*this); }

  template <class Range>
  static std::vector<set_operation> all_of(const Range& entries) {
    std::vector<set_operation> all;
    for (const auto& [key, value] : entries) all.push_back(entry<Format>{key, value}.asked());
    return all;
  }

  auto set_all(std::vector<set_operation> all, time_to_live time, place where) {
    for (set_operation& each : all) time.apply_to(each);
    return set_all(std::move(all), where);
  }
  auto set_all(std::vector<set_operation> all, place where) {
    std::vector<set_many_operation> shares;
    detail::deal_out(
        all, detail::share_count(self(), all.size()), [&](auto first, auto last, const share_of_many& share) {
          shares.push_back({.entries = {std::move_iterator{first}, std::move_iterator{last}}, .share = share});
        });
    return detail::run_shares<void>(self(), std::move(shares), where);
  }
};

}  // namespace dovetail::inline v0::lensdb
