// One observation as one line of JSON.
#pragma once

#include <dovetail/base/calendar.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/function_text.hpp>
#include <dovetail/base/sqlstate_text.hpp>
#include <dovetail/base/utf8.hpp>
#include <dovetail/policy/observer.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

/// How urgent an observation is.
enum class log_level : std::uint8_t { debug, info, warning, error };

/// The name of a level: "debug", "info", ...
constexpr std::string_view to_string(log_level level) noexcept {
  switch (level) {
    case log_level::debug:
      return "debug";
    case log_level::info:
      return "info";
    case log_level::warning:
      return "warning";
    case log_level::error:
      return "error";
  }
  return "unknown";
}

/// What a log observer writes.
struct log_settings {
  log_level level = log_level::info;                ///< what is less urgent is not written
  clock::duration slow = (clock::duration::max)();  ///< requests and waits that take longer are warnings
};

/// How urgent an observation is: what failed for good is an error; retries, failed attempts, slow requests and leaks
/// are warnings; connections are information; all other requests and waits are for debugging.
inline log_level level_of(const observation& seen, clock::duration slow) noexcept {
  switch (seen.what) {
    case observed::error:
      return log_level::error;
    case observed::retry:
    case observed::leak_warning:
      return log_level::warning;
    case observed::circuit:
    case observed::audit:
      return seen.ec ? log_level::warning : log_level::info;
    case observed::connect:
      return seen.ec ? log_level::error : log_level::info;
    case observed::disconnect:
      return log_level::info;
    case observed::request:
    case observed::pool_wait:
      return seen.ec || seen.duration >= slow ? log_level::warning : log_level::debug;
    case observed::notice:
      return seen.notice != nullptr && seen.notice->severity == "WARNING" ? log_level::warning : log_level::info;
  }
  return log_level::info;
}

namespace detail {

/// Appends text as a JSON string, quotes included (RFC 8259); malformed UTF-8 becomes U+FFFD, byte by byte.
inline void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    for (const char c : text.substr(0, valid)) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        out += '\\';
        out += c;
      } else if (byte < 0x20) {
        out += "\\u00";
        out += hex[byte >> 4];
        out += hex[byte & 15];
      } else {
        out += c;
      }
    }
    text.remove_prefix(valid);
    if (text.empty()) break;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(1);
  }
  out += '"';
}

/// Nanoseconds as milliseconds with three digits behind the point.
inline std::string milliseconds_text(clock::duration duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  const auto positive = static_cast<std::uint64_t>(us < 0 ? 0 : us);
  const std::string fraction = std::to_string(positive % 1000);
  return std::to_string(positive / 1000) + '.' + std::string(3 - fraction.size(), '0') + fraction;
}

/// The line, without a line feed. Fields that say nothing are left out.
inline std::string log_line(const observation& seen, log_level level,
                            std::chrono::sys_time<std::chrono::microseconds> now) {
  char time[timestamp_text_size];
  std::string line = "{\"time\":\"";
  line.append(time, format_timestamp(time, now));
  line += "\",\"level\":\"";
  line += to_string(level);
  line += "\",\"event\":\"";
  line += to_string(seen.what);
  line += '"';
  if (!seen.operation.empty()) {
    line += ",\"operation\":";
    append_json_text(line, seen.operation);
  }
  if (seen.notice != nullptr) {  // not its message, which may quote data
    line += ",\"severity\":";
    append_json_text(line, seen.notice->severity);
    line += ",\"sqlstate\":";
    append_json_text(line, seen.notice->sqlstate);
  }
  if (!seen.subject.empty()) {
    line += ",\"subject\":";
    append_json_text(line, seen.subject);
  }
  line += seen.what == observed::retry ? ",\"delay_ms\":" : ",\"duration_ms\":";
  line += milliseconds_text(seen.duration);
  if (seen.what == observed::request) {
    line += ",\"bytes_sent\":" + std::to_string(seen.bytes_sent);
    line += ",\"bytes_received\":" + std::to_string(seen.bytes_received);
  }
  if (seen.what == observed::request || seen.what == observed::retry) {
    line += ",\"attempt\":" + std::to_string(seen.attempt);
  }
  if (seen.ec) {
    line += ",\"condition\":\"";
    line += name_of(condition_of(seen.ec));
    line += "\",\"error\":";
    append_json_text(line, seen.ec.message());
    line += ",\"code\":";
    append_json_text(line, std::string{seen.ec.category().name()} + ':' + std::to_string(seen.ec.value()));
    if (seen.ec.category().name() == std::string_view{"dovetail.postgres"}) {
      char five[5] = {};
      format_sqlstate(five, seen.ec.value());
      line += ",\"sqlstate\":";
      append_json_text(line, {five, sizeof five});
    }
  }
  if (seen.where.line() != 0) {
    line += ",\"where\":";
    append_json_text(line, std::string{seen.where.file_name()} + ':' + std::to_string(seen.where.line()));
    line += ",\"function\":";
    append_json_text(line, detail::function_text(seen.where.function_name()));
  }
  line += '}';
  return line;
}

}  // namespace detail
}  // namespace dovetail::inline v0
