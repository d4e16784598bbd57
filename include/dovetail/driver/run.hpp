// The blocking loop: carries out what a dialogue asks for on a stream, in the calling thread.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sansio/machine.hpp>
#include <dovetail/transport/blocking.hpp>

namespace dovetail::inline v0 {
namespace detail {

/// Reads; a reply to what was just written is waited for first, where the stream knows how.
template <stream Stream>
attempt read_once(Stream& stream, byte_span into, deadline by, bool is_reply) {
  if constexpr (requires { stream.read_waiting(into, by); }) {
    if (is_reply) return stream.read_waiting(into, by);
  }
  return repeat_until_over(stream, by, [&] { return stream.try_read(into); });
}

/// Carries out one action; `after_write` says that the last one was a write.
template <stream Stream>
event perform(Stream& stream, const action& next, deadline by, traffic& moved, bool after_write) {
  event happened;
  switch (next.what()) {
    case verb::done:
      break;
    case verb::read:
    case verb::look: {
      const bool waits = next.what() == verb::read;
      const attempt tried = waits ? read_once(stream, next.input(), by, after_write) : stream.try_read(next.input());
      happened.ec = tried.ec;
      if (tried.ec) break;
      happened.bytes = tried.bytes;
      moved.received += tried.bytes;
      break;
    }
    case verb::write:
      happened.bytes = write_all(stream, next.output(), by, happened.ec);
      moved.sent += happened.bytes;
      break;
    case verb::exchange: {
      const exchanged done = write_or_read(stream, next.output(), next.input(), by);
      happened.ec = done.ec;
      happened.bytes = done.written;
      happened.received = done.received;
      moved.sent += done.written;
      moved.received += done.received;
      break;
    }
    case verb::connect:
      select_peer(stream, next.target());
      happened.ec = connect(stream, by);
      break;
    case verb::start_tls:
      happened.ec = start_tls(stream, by);
      if (!happened.ec) happened.channel_binding = channel_binding_of(stream);
      break;
    case verb::shutdown_write:
      happened.ec = stream.shutdown_write();
      break;
    case verb::wait:
      happened.ec = let_pass(next.delay(), by);
      break;
    case verb::close:
      stream.close();
      break;
  }
  return happened;
}

}  // namespace detail

/// Runs `dialogue` to its end on `stream` and gives its value, or its failure with the peer's name added.
/// Errors: what the dialogue makes of the transport's errors; errc::deadline_passed when `by` passes. A deadline that
///   has passed already fails the first action, before a byte is sent.
/// Cost: one clock reading, and one system call an action when nothing has to be waited for.
template <stream Stream, detail::runnable Machine>
result<detail::machine_value_t<Machine>> run(Stream& stream, Machine&& dialogue, deadline by, traffic& moved) {
  detail::patience patience;
  bool after_write = false;
  deadline limit = by;
  action next = dialogue.resume(event{});
  for (unsigned actions = 0; next.what() != verb::done && !patience.is_over(); ++actions) {
    event happened;
    if (next.what() == verb::connect) limit = detail::limit_of(next, by);
    if (actions % 64 == 0 && limit.has_passed()) {  // a peer that never lets us wait does not stop the clock
      happened.ec = errc::deadline_passed;
    } else {
      happened = detail::perform(stream, next, limit, moved, after_write);
    }
    after_write = next.what() == verb::write || (next.what() == verb::exchange && happened.received == 0);
    patience.note(happened.ec);
    next = dialogue.resume(happened);
  }
  return detail::outcome_of(dialogue, next.what() == verb::done ? next.error() : patience.last(), stream);
}

template <stream Stream, detail::runnable Machine>
result<detail::machine_value_t<Machine>> run(Stream& stream, Machine&& dialogue, deadline by = {}) {
  traffic moved;
  return run(stream, dialogue, by, moved);
}

}  // namespace dovetail::inline v0
