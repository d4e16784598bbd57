// When a failed SQL statement is tried again: classes of failures by the database's own code and by the phase, and
// delays.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/policy/retry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0::asyncsql {

/// How far a statement had come when it failed.
enum class sql_phase : std::uint8_t {
  connect,  ///< no connection yet
  begin,    ///< its transaction was to begin
  execute,  ///< it was sent, or was about to be
  commit,   ///< its transaction was to be committed
};

/// What a failure means for another attempt.
enum class retry_class : std::uint8_t {
  never,               ///< it fails again, or nobody knows what happened
  connect_phase,       ///< no connection could be opened: nothing was asked yet
  rolled_back,         ///< the database has undone it because of others: the whole transaction may be repeated
  not_sent,            ///< the connection was dead before anything was sent on it
  lost,                ///< the connection broke while the statement ran
  lost_in_commit,      ///< the connection broke during the commit: the outcome is unknown
  lock_not_available,  ///< somebody else has the lock, and the statement said not to wait
  read_only_server,    ///< the server does not take writes (any more): another one may
  timeout,             ///< the statement was stopped because of its time
  listed,              ///< one of the user's own codes or phrases
};

/// The name of a class: "connect_phase", "rolled_back", …
constexpr std::string_view to_string(retry_class kind) noexcept {
  constexpr std::string_view names[] = {"never",   "connect_phase",  "rolled_back",        "not_sent",
                                        "lost",    "lost_in_commit", "lock_not_available", "read_only_server",
                                        "timeout", "listed"};
  return names[static_cast<std::size_t>(kind)];
}

/// How delays are spread.
enum class jitter_kind : std::uint8_t {
  none,
  quarter,  ///< by up to 25 % either way
  full,     ///< uniform from nothing to the whole delay
};

/// When and how often a session tries again.
struct retry_settings {
  int max_retries = 3;  ///< after the first attempt; 0: one attempt
  clock::duration initial_delay = std::chrono::seconds{1};
  clock::duration max_delay = std::chrono::seconds{60};  ///< jitter included
  double exponential_base = 2.0;
  jitter_kind jitter = jitter_kind::quarter;
  clock::duration deadline = (clock::duration::max)();  ///< no attempt begins later than this after the first one
  bool lock_not_available = false;                      ///< try again where a lock was refused (`nowait`, lock timeout)
  bool timeouts_of_reads = false;                       ///< try again reads that were stopped because of their time
  /// More failures to be tried again as if they had been rolled back: SQLSTATEs ("55006"), or SQLite's result codes as
  /// decimal numbers ("14").
  std::vector<std::string> codes{};
  std::vector<std::string> phrases{};  ///< the same by whole words of the database's message, in any case

  int attempts() const noexcept { return max_retries < 0 ? 1 : max_retries + 1; }
};

/// One failed attempt.
struct sql_attempt {
  sql_phase phase = sql_phase::execute;
  bool is_repeatable = false;  ///< it reads only, or was marked as idempotent
  bool is_in_transaction_of_caller = false;
  std::size_t bytes_sent = 0;
  int attempt = 1;  ///< made so far, this one included
  clock::duration elapsed{};
  clock::duration budget = (clock::duration::max)();
  std::uint32_t random = 0;
};

/// The class of a failure. `bytes_sent` counts in the phase `execute` only.
[[gnu::cold]] retry_class classify(const error_info& why, sql_phase phase, std::size_t bytes_sent,
                                   const retry_settings& how);

/// Whether a failure of this class may be tried again at all. Pure.
inline bool may_repeat(retry_class kind, const sql_attempt& facts, const retry_settings& how) noexcept {
  if (facts.is_in_transaction_of_caller) return kind == retry_class::connect_phase && facts.phase < sql_phase::execute;
  switch (kind) {
    case retry_class::connect_phase:
    case retry_class::rolled_back:
    case retry_class::not_sent:
    case retry_class::read_only_server:
    case retry_class::listed:
      return true;
    case retry_class::lost:
      return facts.is_repeatable;
    case retry_class::lock_not_available:
      return how.lock_not_available;
    case retry_class::timeout:
      return how.timeouts_of_reads && facts.is_repeatable;
    case retry_class::lost_in_commit:
    case retry_class::never:
      return false;
  }
  return false;
}

/// The delay after attempt number `attempt`: initial · base^(attempt-1), spread, and never more than the maximum.
inline clock::duration delay_after(int attempt, std::uint32_t random, const retry_settings& how) noexcept {
  exponential_backoff growth;
  growth.initial_delay = how.initial_delay;
  growth.multiplier = how.exponential_base;
  growth.cap = how.max_delay;
  const clock::duration delay = growth.delay_after(attempt);
  if (how.jitter == jitter_kind::none) return delay;
  const double uniform = static_cast<double>(random) / 4294967296.0;
  const double factor = how.jitter == jitter_kind::full ? uniform : 0.75 + 0.5 * uniform;
  const clock::duration spread{static_cast<clock::rep>(static_cast<double>(delay.count()) * factor)};
  return spread < how.max_delay ? spread : how.max_delay;
}

/// Whether to try again, and when. Pure.
inline verdict decide(retry_class kind, const sql_attempt& facts, const retry_settings& how) noexcept {
  if (facts.attempt >= how.attempts() || !may_repeat(kind, facts, how)) return verdict::give_up();
  // A dead connection is replaced at once: waiting would not make it come alive.
  const bool is_replaced = kind == retry_class::not_sent && facts.attempt == 1;
  const clock::duration delay = is_replaced ? clock::duration{} : delay_after(facts.attempt, facts.random, how);
  if (delay >= facts.budget) return verdict::give_up();
  if (facts.elapsed >= how.deadline || delay > how.deadline - facts.elapsed) return verdict::give_up();
  return verdict::repeat_after(delay);
}

}  // namespace dovetail::inline v0::asyncsql

namespace dovetail::inline v0::asyncsql {
namespace detail {

constexpr char lower_letter(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_word_letter(char c) noexcept {
  const char low = lower_letter(c);
  return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/// True when `phrase` stands in `text` with no letter, digit or underscore right before or after it; in any case.
constexpr bool has_phrase(std::string_view text, std::string_view phrase) noexcept {
  if (phrase.empty() || phrase.size() > text.size()) return false;
  for (std::size_t at = 0; at + phrase.size() <= text.size(); ++at) {
    std::size_t same = 0;
    while (same < phrase.size() && lower_letter(text[at + same]) == lower_letter(phrase[same])) ++same;
    if (same != phrase.size()) continue;
    const std::size_t end = at + phrase.size();
    const bool is_begun = at == 0 || !is_word_letter(text[at - 1]) || !is_word_letter(phrase.front());
    const bool is_ended = end == text.size() || !is_word_letter(text[end]) || !is_word_letter(phrase.back());
    if (is_begun && is_ended) return true;
  }
  return false;
}

/// SQLite's primary result code, 0 when the failure is not SQLite's.
inline int sqlite_code(const std::error_code& code) noexcept {
  return std::string_view{code.category().name()} == "dovetail.sqlite" ? code.value() & 0xFF : 0;
}

[[gnu::cold, gnu::noinline]] inline bool is_listed(const error_info& why, const retry_settings& how) {
  const int primary = sqlite_code(why.code());
  for (const std::string& each : how.codes) {
    if (each == why.server().sqlstate) return true;
    if (primary != 0 && (each == std::to_string(primary) || each == std::to_string(why.code().value()))) return true;
  }
  for (const std::string& each : how.phrases) {
    if (has_phrase(why.server().message, each) || has_phrase(why.code().message(), each)) return true;
  }
  return false;
}

}  // namespace detail

[[gnu::noinline]] inline retry_class classify(const error_info& why, sql_phase phase, std::size_t bytes_sent,
                                              const retry_settings& how) {
  constexpr int sqlite_cantopen = 14;  // https://sqlite.org/rescode.html
  constexpr int sqlite_ioerr = 10;
  const condition kind = why.kind();
  const std::string_view state = why.server().sqlstate;
  const int primary = detail::sqlite_code(why.code());
  if (phase == sql_phase::commit) {
    const bool is_undone = kind == condition::serialization || kind == condition::busy;
    if (is_undone) return retry_class::rolled_back;
    const bool is_lost = kind == condition::commit_unknown || kind == condition::connection || primary == sqlite_ioerr;
    return is_lost ? retry_class::lost_in_commit : retry_class::never;
  }
  // Whatever is listed: the caller wants no more of it, or nothing is to be asked of the server for a while.
  if (why.code() == errc::cancelled || why.code() == errc::circuit_open) return retry_class::never;
  if (why.code() != errc::commit_unknown && detail::is_listed(why, how)) return retry_class::listed;
  // A pool that stayed full for a whole wait is not asked again: more waiting is what its settings ruled out.
  if (why.code() == errc::pool_wait_timeout || why.code() == errc::pool_queue_full) return retry_class::never;
  const bool is_before = phase < sql_phase::execute;
  if (state == "55P03") return retry_class::lock_not_available;
  if (state == "25006") return retry_class::read_only_server;
  if (state == "57014") return retry_class::timeout;
  if (primary == sqlite_cantopen) return retry_class::never;
  if (primary == sqlite_ioerr) return is_before ? retry_class::not_sent : retry_class::lost;
  switch (kind) {
    case condition::serialization:
      return retry_class::rolled_back;
    case condition::busy:
      return phase == sql_phase::connect ? retry_class::connect_phase : retry_class::rolled_back;
    case condition::connection:
      if (phase == sql_phase::connect) return retry_class::connect_phase;
      return is_before || bytes_sent == 0 ? retry_class::not_sent : retry_class::lost;
    case condition::commit_unknown:  // sent, and the answer was lost
      return is_before ? retry_class::not_sent : retry_class::lost;
    case condition::timeout:
      if (why.code() == errc::deadline_passed) return retry_class::timeout;
      return phase == sql_phase::connect ? retry_class::connect_phase : retry_class::timeout;
    case condition::cancelled:
      return why.code() == errc::cancelled ? retry_class::never : retry_class::timeout;
    default:
      return retry_class::never;
  }
}

}  // namespace dovetail::inline v0::asyncsql
