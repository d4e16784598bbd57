// How long a gateway asks to wait before another request: Retry-After, and details.retryAfter over a WebSocket.
#pragma once

#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/format/http1/date.hpp>
#include <dovetail/format/http1/response_reader.hpp>

#include <algorithm>
#include <chrono>

namespace dovetail::inline v0::workersql {

/// Longer ones are cut: a deadline ends the waiting anyway.
inline constexpr std::chrono::seconds longest_asked_pause = std::chrono::hours{24};

/// Notes the pause of an answer with 429 or 503. A machine has no clock: a date is compared with the answer's own, and
/// without one only seconds are understood.
inline void note_asked_pause(session& on, const http1::response_head& head) {
  if (head.status != 429 && head.status != 503) return;
  const auto later = head.fields.find("Retry-After");
  if (!later) return;
  std::chrono::sys_seconds now{};
  const auto said = head.fields.find("Date");
  const bool has_now = said && http1::parse_http_date(*said, std::chrono::sys_seconds{}, now);
  std::chrono::seconds pause{};
  const bool is_date = later->find(':') != later->npos;
  if ((!is_date || has_now) && http1::parse_retry_after(*later, now, pause)) {
    on.set_asked_pause((std::min)(pause, longest_asked_pause));
  }
}

}  // namespace dovetail::inline v0::workersql
