// How configurations are read: values into settings, connection strings apart and together.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/real_text.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/client/asyncsql/config_address.hpp>
#include <dovetail/client/asyncsql/config_calls.hpp>
#include <dovetail/client/asyncsql/connection_check.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// Every name that is the session's in a connection string; the others are the client's.
inline constexpr std::string_view session_names[] = {"name",
                                                     "transaction_mode",
                                                     "isolation",
                                                     "close_timeout",
                                                     "share_pool",
                                                     "min_pool_size",
                                                     "max_pool_size",
                                                     "pool_capacity",
                                                     "acquire_timeout",
                                                     "idle_timeout",
                                                     "max_lifetime",
                                                     "health_check_interval",
                                                     "max_retries",
                                                     "attempts",
                                                     "retry_delay",
                                                     "max_delay",
                                                     "exponential_base",
                                                     "jitter",
                                                     "retry_deadline",
                                                     "retry_lock_not_available",
                                                     "retry_timeouts_of_reads",
                                                     "retryable_codes",
                                                     "circuit_failures",
                                                     "circuit_open_time",
                                                     "circuit_successes",
                                                     "slow_query",
                                                     "kept_slow_queries",
                                                     "validate_queries",
                                                     "profile",
                                                     "allow_admin",
                                                     "allow_ddl",
                                                     "allow_calls",
                                                     "allow_settings",
                                                     "allow_notifications",
                                                     "allow_risky_functions"};

/// "parameter_types.meta": the type of one parameter.
inline constexpr std::string_view type_prefix = "parameter_types.";

[[gnu::cold, gnu::noinline]] inline bool is_session_name(std::string_view name) noexcept {
  if (name.starts_with(type_prefix)) return true;
  for (const std::string_view each : session_names) {
    if (each == name) return true;
  }
  return false;
}

/// Whether a session's setting is one of its retries: what may stand in "retry_config".
[[gnu::cold, gnu::noinline]] inline bool is_retry_name(std::string_view name) noexcept {
  constexpr std::string_view others[] = {"max_retries",      "attempts", "max_delay",
                                         "exponential_base", "jitter",   "retryable_codes"};
  for (const std::string_view each : others) {
    if (each == name) return true;
  }
  return name.starts_with("retry_") && is_session_name(name);
}

/// Reads a floating-point number that fills the text.
[[gnu::cold, gnu::noinline]] inline bool read_real(std::string_view text, double& value) noexcept {
  double found = 0;
  const auto [end, ec] = dovetail::detail::real_from_chars(text.data(), text.data() + text.size(), found);
  if (ec != std::errc{} || end != text.data() + text.size() || !std::isfinite(found)) return false;
  value = found;
  return true;
}

/// "1.5" as a number of seconds becomes "1500ms"; everything else stays.
[[gnu::cold, gnu::noinline]] inline void seconds_to_text(uri_parameter& value) {
  double seconds = 0;
  const std::string_view text = value.value.reveal();
  if (text.find_first_of(".eE") == std::string_view::npos || !read_real(text, seconds)) return;
  if (seconds < 0 || seconds > 1e9) return;
  value.value = secret{std::to_string(std::llround(seconds * 1000)) + "ms"};
}

/// The connection string as the client is given it: a bare number of its `timeout` is seconds there, as all times of a
/// configuration are.
[[gnu::cold, gnu::noinline]] inline secret with_seconds(const secret& from) {
  const std::string_view text = from.reveal();
  const std::size_t query = text.find('?');
  if (query == std::string_view::npos) return from;
  std::string made{text.substr(0, query)};
  char before = '?';
  for (std::string_view rest = text.substr(query); !rest.empty(); before = '&') {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(part.size());
    made += before;
    uri_parameter time{"timeout", {}, true};
    double number = 0;
    if (part.starts_with("timeout=") && read_real(part.substr(8), number)) {
      time.value = secret{std::string{part.substr(8)}};
      seconds_to_text(time);
      made.append("timeout=").append(time.value.reveal());
      if (is_ascii_digit(made.back())) made += 's';
    } else {
      made += part;
    }
  }
  return secret{std::move(made)};
}

/// Adds to a failure of the client's parser which of the session's names may have been meant.
[[gnu::cold, gnu::noinline]] inline error_info with_session_names(error_info why) {
  if (why.code() != errc::unknown_option) return why;
  constexpr std::string_view mark = "unknown parameter '";
  std::string text{why.context()};
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    at += mark.size();
    const std::string written = text.substr(at, text.find('\'', at) - at);
    dovetail::detail::nearest_search search{written};
    for (const std::string_view each : session_names) search.offer(each);
    if (search.best.empty()) continue;
    dovetail::detail::append_parts(
        text, {"\n  '", written, "' may be meant for the session: did you mean '", search.best, "'?"});
  }
  why.with_context(std::move(text));
  return why;
}

inline constexpr std::string_view time_names[] = {
    "close_timeout", "timeout",   "acquire_timeout", "idle_timeout", "max_lifetime",     "health_check_interval",
    "retry_delay",   "max_delay", "retry_deadline",  "slow_query",   "circuit_open_time"};

/// Says "setting", and where it stands, instead of the words for connection strings.
[[gnu::cold, gnu::noinline]] inline error_info told_for(std::string_view origin, error_info why) {
  std::string text{origin};
  if (!origin.empty()) text += ": ";
  std::string_view rest = why.context();
  constexpr std::string_view place = " in the connection string";
  for (;;) {
    const std::size_t at = origin.empty() ? std::string_view::npos : rest.find(place);
    text += rest.substr(0, at);
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at + place.size());
  }
  why.with_context(std::move(text));
  return why;
}

[[gnu::cold, gnu::noinline]] inline void read_retry(option_reader& reader, retry_settings& retry) {
  int attempts = 0;
  reader.integer("max_retries", retry.max_retries, 0, 1000)
      .integer("attempts", attempts, 0, 1001)
      .seconds("retry_delay", retry.initial_delay)
      .seconds("max_delay", retry.max_delay)
      .seconds("retry_deadline", retry.deadline)
      .boolean("retry_lock_not_available", retry.lock_not_available)
      .boolean("retry_timeouts_of_reads", retry.timeouts_of_reads)
      .choice("jitter", retry.jitter,
              {{"true", jitter_kind::quarter},
               {"quarter", jitter_kind::quarter},
               {"false", jitter_kind::none},
               {"none", jitter_kind::none},
               {"full", jitter_kind::full}});
  if (reader.has("attempts")) {
    attempts = attempts < 1 ? 1 : attempts;
    if (reader.has("max_retries") && retry.max_retries != attempts - 1) {
      reader.problem(errc::invalid_option,
                     "'max_retries' counts retries after the first attempt, 'attempts' counts all: they contradict "
                     "each other");
    }
    retry.max_retries = attempts - 1;
  }
  std::string base;
  reader.text("exponential_base", base);
  if (!base.empty() && (!read_real(base, retry.exponential_base) || retry.exponential_base < 1)) {
    reader.problem(errc::invalid_option, "'exponential_base' must be a number of at least 1");
  }
  if (retry.initial_delay > retry.max_delay) {
    reader.problem(errc::invalid_option, "'retry_delay' is longer than 'max_delay'");
  }
  std::string codes;
  reader.text("retryable_codes", codes);
  for (std::string_view rest = codes; !rest.empty();) {
    const std::size_t comma = rest.find(',');
    std::string_view code = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    while (code.starts_with(' ')) code.remove_prefix(1);
    while (code.ends_with(' ')) code.remove_suffix(1);
    if (!code.empty()) retry.codes.emplace_back(code);
  }
}

[[gnu::cold, gnu::noinline]] inline void read_pool(option_reader& reader, pool_settings& pool) {
  reader.boolean("share_pool", pool.share)
      .integer("min_pool_size", pool.min_connections, 0, 10000)
      .integer("max_pool_size", pool.max_connections, 1, 10000)
      .integer("pool_capacity", pool.capacity, 1, 10000)
      .seconds("acquire_timeout", pool.acquire_wait)
      .seconds("idle_timeout", pool.idle_limit)
      .seconds("max_lifetime", pool.age_limit)
      .seconds("health_check_interval", pool.check_interval);
  if (!reader.has("min_pool_size") && pool.min_connections > pool.max_connections) {
    pool.min_connections = pool.max_connections;
  }
  if (pool.min_connections > pool.max_connections) {
    reader.problem(errc::invalid_option, "'min_pool_size' is larger than 'max_pool_size'");
  }
  if (reader.has("pool_capacity") && pool.capacity < pool.max_connections) {
    reader.problem(errc::invalid_option, "'pool_capacity' is smaller than 'max_pool_size'");
  }
}

[[gnu::cold, gnu::noinline]] inline void read_types(option_reader& reader, const std::vector<uri_parameter>& values,
                                                    parameter_types& types) {
  for (const uri_parameter& each : values) {
    const std::string_view name = each.name;
    if (!name.starts_with(type_prefix)) continue;
    parameter_types one;
    std::string type;
    reader.text(name, type);
    one.set({name.substr(type_prefix.size()), type});
    types.set(one.all().front());
    if (const error_info wrong = one.problem()) reader.problem(errc::invalid_option, wrong.context());
  }
}

[[gnu::noinline]] inline result<config> config_of(std::vector<uri_parameter> values, secret target,
                                                  std::string_view origin, std::string_view problems,
                                                  bool knows_database) {
  uri source;
  source.parameters = std::move(values);
  for (uri_parameter& each : source.parameters) {
    for (const std::string_view name : time_names) {
      if (each.name == name) seconds_to_text(each);
    }
  }
  option_reader reader{source};
  if (!problems.empty()) reader.problem(errc::invalid_option, problems);
  config how;
  session_settings& session = how.session;
  reader.text("name", session.name)
      .choice("transaction_mode", session.transaction.mode,
              {{"auto", transaction_mode::automatic},
               {"automatic", transaction_mode::automatic},
               {"manual", transaction_mode::manual},
               {"none", transaction_mode::none}})
      .choice("isolation", session.transaction.isolation,
              {{"default", begin_mode::automatic},
               {"read_committed", begin_mode::read_committed},
               {"repeatable_read", begin_mode::repeatable_read},
               {"serializable", begin_mode::serializable},
               {"read_only", begin_mode::read_only},
               {"repeatable_read_only", begin_mode::repeatable_read_only},
               {"serializable_read_only", begin_mode::serializable_read_only}})
      .seconds("close_timeout", session.transaction.close_limit)
      .integer("circuit_failures", session.circuit.failures, 0, 1000000)
      .seconds("circuit_open_time", session.circuit.open_time)
      .integer("circuit_successes", session.circuit.successes, 1, 1000000)
      .seconds("slow_query", session.monitor.slow_query)
      .integer("kept_slow_queries", session.monitor.kept_slow_queries, 0, 100000);
  security_settings& security = how.security;
  reader.boolean("validate_queries", security.validate_queries)
      .choice("profile", security.profile,
              {{"off", validation_profile::off},
               {"standard", validation_profile::standard},
               {"strict", validation_profile::strict}})
      .boolean("allow_admin", security.allow_admin)
      .boolean("allow_ddl", security.allow_ddl)
      .boolean("allow_calls", security.allow_calls)
      .boolean("allow_settings", security.allow_settings)
      .boolean("allow_notifications", security.allow_notifications)
      .boolean("allow_risky_functions", security.allow_risky_functions);
  read_types(reader, source.parameters, session.parameter_types);
  read_retry(reader, session.retry);
  read_pool(reader, how.pool);
  if (!origin.empty()) {  // in a connection string these are the client's own
    reader.seconds("timeout", session.timeout, std::chrono::milliseconds{1});
    for (const std::string_view name : {"parameter_types", "retry_config"}) {  // objects are values of their own names
      if (!reader.has(name)) continue;
      std::string words;
      dovetail::detail::append_parts(words, {"'", name, "' must be an object"});
      reader.problem(errc::invalid_option, words);
    }
    target = read_address(reader, std::move(target), knows_database);
  }
  const std::string_view suspicion =
      security.validate_queries ? suspicion_of_connection(target.reveal()) : std::string_view{};
  if (!suspicion.empty()) {
    std::string words;
    dovetail::detail::append_parts(
        words, {"the connection string failed security validation: a suspicious pattern, ", suspicion,
                ". Percent-encode what belongs to a password; 'validate_queries' = false lets everything through"});
    reader.problem(errc::invalid_option, words);
  }
  if (result<void> done = reader.finish(); !done) return told_for(origin, std::move(done).error());
  how.connection_string = std::move(target);
  return how;
}

}  // namespace detail

[[gnu::noinline]] inline std::optional<dialect> detect_database(std::string_view text) noexcept {
  if (text.starts_with("postgres") || text.starts_with("postgresql")) return dialect::postgres;
  if (text.starts_with("mysql") || text.starts_with("mariadb")) return dialect::mysql;
  if (text.starts_with("sqlite") || text.starts_with("file:") || text == ":memory:") return dialect::sqlite;
  for (const std::string_view end : {".db", ".sqlite", ".sqlite3"}) {
    if (text.ends_with(end)) return dialect::sqlite;
  }
  if (text.find("://") == std::string_view::npos && text.find('/') != std::string_view::npos &&
      text.find('=') == std::string_view::npos) {
    return dialect::sqlite;
  }
  return std::nullopt;
}

[[gnu::noinline]] inline result<config> read_config(std::string_view text) {
  std::vector<uri_parameter> values;
  std::string target{text.substr(0, text.find('?'))};
  char before = '?';
  for (std::string_view rest = text.substr(target.size()); !rest.empty();) {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(part.size());
    const std::size_t equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    if (detail::is_session_name(name)) {
      const bool has_value = equals != std::string_view::npos;
      const std::string_view value = has_value ? part.substr(equals + 1) : std::string_view{};
      values.push_back({std::string{name}, secret{dovetail::detail::decoded(value)}, has_value});
    } else {
      target += before;
      target += part;
      before = '&';
    }
  }
  return detail::config_of(std::move(values), secret{std::move(target)}, {});
}

}  // namespace dovetail::inline v0::asyncsql
