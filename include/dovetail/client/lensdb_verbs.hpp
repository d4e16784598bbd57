// The verbs of every LensDB client, blocking or asynchronous: get, set, erase, exists, keys, size, clear, ping, stats.
#pragma once

#include <dovetail/client/lensdb/bulk.hpp>
#include <dovetail/codec/lensdb/codec.hpp>
#include <dovetail/codec/lensdb/operations.hpp>

#include <chrono>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::lensdb {

namespace detail {

/// The time to live that SETEX can say: whole seconds, rounded up, from 1 to 2³² - 1.
template <class Rep, class Period>
error_info read_time_to_live(std::chrono::duration<Rep, Period> wanted, std::optional<std::uint32_t>& seconds) {
  // The floating-point value only says whether an integer can hold it: it does not know a nanosecond more from none.
  const double about = std::chrono::duration<double>(wanted).count();
  if (about > 0 && about < 4294967296.0) {
    auto whole = std::chrono::duration_cast<std::chrono::duration<std::int64_t>>(wanted);
    if (whole < wanted) ++whole;
    if (whole.count() <= std::int64_t{4294967295}) {
      seconds = static_cast<std::uint32_t>(whole.count());
      return {};
    }
  }
  return {errc::value_out_of_range, "a time to live must be more than 0 and at most 4294967295 seconds"};
}

template <class Format, class T>
set_operation make_set(std::string_view key, const T& value) {
  set_operation asked;
  asked.key = key;
  asked.refused = encode_value<Format>(value, asked.value);
  return asked;
}

template <class Format, class T, class Rep, class Period>
set_operation make_set(std::string_view key, const T& value, std::chrono::duration<Rep, Period> time_to_live) {
  set_operation asked = make_set<Format>(key, value);
  if (!asked.refused) asked.refused = read_time_to_live(time_to_live, asked.seconds);
  return asked;
}

}  // namespace detail

/// Base class of clients and their views. What a verb returns is the client's business: T, `dt::result<T>`, or what a
/// completion token makes of it. Keys and values are copied before the verb returns.
/// Errors, of every verb: errc::invalid_key (empty, or longer than the dialect allows) and errc::request_too_large
/// (`requestLimit`), both before a byte is sent; lensdb::status codes; errc::outcome_unknown when a SET, SETEX, DELETE
/// or CLEAR was sent and its reply was lost, or did not come in time; errors of the connection.
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
    return self().run(detail::make_set<Format>(key, value), where);
  }

  /// The same, for a time, in whole seconds rounded up. (void)
  /// Errors: errc::operation_unsupported without `?setex=true`: the real server never answers such a request.
  template <class T, class Rep, class Period>
  auto set(std::string_view key, const T& value, std::chrono::duration<Rep, Period> time_to_live,
           place where = place::current()) {
    return self().run(detail::make_set<Format>(key, value, time_to_live), where);
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

  /// The values under many keys, in the order of the keys. (std::vector<std::optional<T>>)
  /// Cost: the protocol has one request in flight a connection, so the keys are dealt out to as many connections as the
  /// pool may have, a few dozen keys each at least; a blocking client takes a thread for every further connection.
  /// Errors: what any request is refused for, before one is sent; else the first that happens, but an unknown outcome
  /// goes before others. It says which request it was, counted from 1 in the order of `keys` (keys are data, and in no
  /// message).
  template <class T = std::string>
  auto get_many(std::vector<std::string> keys, place where = place::current()) {
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
    std::vector<set_operation> all;
    for (const auto& [key, value] : entries) all.push_back(detail::make_set<Format>(key, value));
    return set_all(std::move(all), where);
  }

  /// The same, each for a time.
  template <class Range, class Rep, class Period>
  auto set_many(const Range& entries, std::chrono::duration<Rep, Period> time_to_live, place where = place::current()) {
    std::vector<set_operation> all;
    for (const auto& [key, value] : entries) all.push_back(detail::make_set<Format>(key, value, time_to_live));
    return set_all(std::move(all), where);
  }

 private:
  friend Self;
  verbs() = default;

  Self& self() noexcept { return static_cast<Self&>(*this); }

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
