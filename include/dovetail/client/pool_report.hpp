// What a pool tells about itself: counters, holders, and the words of an error when a wait ran out.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/function_text.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/plain_list.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>

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

/// Appends "12.345 s" or "12.345 ms".
[[gnu::cold, gnu::noinline]] inline void append_duration(std::string& text, clock::duration value) {
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  const bool is_long = microseconds >= 1'000'000;
  const auto thousandths = static_cast<std::uint64_t>(is_long ? microseconds / 1000 : microseconds);
  const std::uint64_t fraction = thousandths % 1000;
  append_parts(text, {number_text{thousandths / 1000},
                      fraction < 10    ? ".00"
                      : fraction < 100 ? ".0"
                                       : ".",
                      number_text{fraction}, is_long ? " s" : " ms"});
}

[[gnu::cold, gnu::noinline]] inline void append_location(std::string& text, std::source_location where) {
  if (where.line() == 0) return append_parts(text, {"an unknown place"});
  append_parts(text, {where.file_name(), ":", number_text{where.line()}, " ", function_text(where.function_name())});
}

struct exhaustion {
  errc code = errc::pool_wait_timeout;
  clock::duration waited{};
  pool_statistics counts{};
  plain_list<pool_holder> holders{};
  error_info last_connect_error{};
  clock::duration last_connect_error_age{};
  std::source_location where{};
};

/// The failure of a caller who got no connection: who has them, since when, and why there are no others.
[[gnu::cold]] error_info exhaustion_error(const exhaustion& facts);

}  // namespace detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::noinline]] DOVETAIL_DEFINE error_info exhaustion_error(const exhaustion& facts) {
  constexpr std::size_t most_holders = 16;
  std::string text;
  if (facts.code == errc::pool_wait_timeout) {
    append_parts(text, {"waited "});
    append_duration(text, facts.waited);
    append_parts(text, {" for a connection: "});
  }
  append_parts(text, {number_text{facts.counts.active}, " of ", number_text{facts.counts.max}, " in use, ",
                      number_text{facts.counts.waiting}, " waiting"});
  for (std::size_t i = 0; i < facts.holders.size() && i < most_holders; ++i) {
    const pool_holder& holder = facts.holders[i];
    append_parts(text, {holder.opening ? "; being opened for " : "; held for "});
    append_duration(text, holder.age);
    append_parts(text, {" by "});
    append_location(text, holder.where);
  }
  if (facts.holders.size() > most_holders) {
    append_parts(text, {"; and ", number_text{facts.holders.size() - most_holders}, " more"});
  }
  if (facts.last_connect_error) {
    append_parts(text, {"; last connect error, "});
    append_duration(text, facts.last_connect_error_age);
    const std::string_view context = facts.last_connect_error.context();
    const std::string_view server = facts.last_connect_error.server().message;
    append_parts(text, {" ago: ", context, context.empty() ? "" : ": ", server, server.empty() ? "" : ": ",
                        facts.last_connect_error.code().message()});
  }
  error_info info{make_error_code(facts.code), std::move(text)};
  info.with_location(facts.where);
  return info;
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
