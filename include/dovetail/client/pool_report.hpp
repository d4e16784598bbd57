// What a pool tells about itself: counters, holders, and the words of an error when a wait ran out.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

namespace dovetail::inline v0 {

/// A snapshot of a pool's counters.
struct pool_statistics {
  std::size_t total = 0;    ///< connections, those that are being opened included
  std::size_t active = 0;   ///< in use, or being opened
  std::size_t idle = 0;     ///< open and free
  std::size_t waiting = 0;  ///< callers that wait for a connection
  std::size_t min = 0;
  std::size_t max = 0;
  std::uint64_t opened = 0;    ///< connections ever opened
  std::uint64_t closed = 0;    ///< connections ever closed
  std::uint64_t failed = 0;    ///< attempts to open one that failed
  std::uint64_t timeouts = 0;  ///< waits for a connection that ran out

  friend bool operator==(const pool_statistics&, const pool_statistics&) noexcept = default;
};

/// Somebody who has a connection of the pool at this moment.
struct pool_holder {
  std::source_location where{};  ///< of the call that acquired it
  clock::duration age{};         ///< since then
  bool opening = false;          ///< still busy opening it
};

namespace detail {

/// "12.345 s" or "12.345 ms".
inline std::string duration_text(clock::duration value) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  const bool is_long = microseconds >= 1'000'000;
  const auto thousandths = static_cast<std::uint64_t>(is_long ? microseconds / 1000 : microseconds);
  const std::string fraction = std::to_string(thousandths % 1000);
  std::string text = std::to_string(thousandths / 1000);
  text += '.';
  text.append(3 - fraction.size(), '0');
  text += fraction;
  text += is_long ? " s" : " ms";
  return text;
}

inline std::string location_text(std::source_location where) {
  if (where.line() == 0) return "an unknown place";
  std::string text = where.file_name();
  text += ':';
  text += std::to_string(where.line());
  text += ' ';
  text += where.function_name();
  return text;
}

struct exhaustion {
  errc code = errc::pool_wait_timeout;
  clock::duration waited{};
  pool_statistics counts{};
  std::vector<pool_holder> holders{};
  error_info last_connect_error{};
  clock::duration last_connect_error_age{};
  std::source_location where{};
};

/// The failure of a caller who got no connection: who has them, since when, and why there are no others.
inline error_info exhaustion_error(const exhaustion& facts) {
  constexpr std::size_t most_holders = 16;
  const auto number = [](std::size_t n) { return std::to_string(n); };
  std::string text;
  if (facts.code == errc::pool_wait_timeout) text = "waited " + duration_text(facts.waited) + " for a connection: ";
  text += number(facts.counts.active) + " of " + number(facts.counts.max) + " in use, ";
  text += number(facts.counts.waiting) + " waiting";
  for (std::size_t i = 0; i < facts.holders.size() && i < most_holders; ++i) {
    const pool_holder& holder = facts.holders[i];
    text += "; ";
    text += holder.opening ? "being opened for " : "held for ";
    text += duration_text(holder.age);
    text += " by ";
    text += location_text(holder.where);
  }
  if (facts.holders.size() > most_holders) text += "; and " + number(facts.holders.size() - most_holders) + " more";
  if (facts.last_connect_error) {
    text += "; last connect error, " + duration_text(facts.last_connect_error_age) + " ago: ";
    const std::string_view context = facts.last_connect_error.context();
    const std::string_view server = facts.last_connect_error.server().message;
    text += context;
    if (!context.empty()) text += ": ";
    text += server;
    if (!server.empty()) text += ": ";
    text += facts.last_connect_error.code().message();
  }
  error_info info{make_error_code(facts.code), std::move(text)};
  info.with_location(facts.where);
  return info;
}

}  // namespace detail
}  // namespace dovetail::inline v0
