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

/// Carries out one action. `expects_reply`: the last action was a write, so nothing can be read without a wait.
template <stream Stream>
event perform(Stream& stream, const action& next, deadline by, traffic& moved, bool expects_reply) {
  event happened;
  if constexpr (requires { Stream::waits_for_replies; }) {
    if (next.what() == verb::read && expects_reply) {
      happened.ec = stream.wait(attempt::wait(readiness::readable), by);
      if (happened.ec) return happened;
    }
  }
  switch (next.what()) {
    case verb::done:
      break;
    case verb::read:
      happened.bytes = read_some(stream, next.input(), by, happened.ec);
      moved.received += happened.bytes;
      break;
    case verb::write:
      happened.bytes = write_all(stream, next.output(), by, happened.ec);
      moved.sent += happened.bytes;
      break;
    case verb::connect:
      happened.ec = connect(stream, by);
      break;
    case verb::start_tls:
      happened.ec = start_tls(stream, by);
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
  bool expects_reply = false;
  action next = dialogue.resume(event{});
  for (unsigned actions = 0; next.what() != verb::done && !patience.is_over(); ++actions) {
    event happened;
    if (actions % 64 == 0 && by.has_passed()) {  // a peer that never lets us wait does not stop the clock
      happened.ec = errc::deadline_passed;
    } else {
      happened = detail::perform(stream, next, by, moved, expects_reply);
    }
    expects_reply = next.what() == verb::write;
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
