// The blocking loop: carries out what a dialogue asks for on a stream, in the calling thread.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sansio/machine.hpp>
#include <dovetail/transport/blocking.hpp>

#include <type_traits>

namespace dovetail::inline v0 {
namespace detail {

template <stream Stream>
event perform(Stream& stream, const action& next, deadline by, traffic& moved) {
  event happened;
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
template <stream Stream, class Machine>
  requires machine<std::remove_reference_t<Machine>> result<detail::machine_value_t<Machine>> run(Stream& stream,
                                                                                                  Machine&& dialogue,
                                                                                                  deadline by,
                                                                                                  traffic& moved) {
    event happened;
    action next = dialogue.resume(happened);
    if (next.what() != verb::done && by.has_passed()) {
      happened.ec = errc::deadline_passed;
      next = dialogue.resume(happened);
    }
    // A dialogue that goes on asking after its time is over gets a few more refusals, so that it can close, not more.
    int refusals = 0;
    while (next.what() != verb::done && refusals < 16) {
      happened = detail::perform(stream, next, by, moved);
      if (happened.ec == errc::deadline_passed) ++refusals;
      next = dialogue.resume(happened);
    }
    const std::error_code ec = next.what() == verb::done ? next.error() : make_error_code(errc::deadline_passed);
    return detail::outcome_of(dialogue, ec, stream);
  }

template <stream Stream, class Machine>
  requires machine<std::remove_reference_t<Machine>> result<detail::machine_value_t<Machine>> run(Stream& stream,
                                                                                                  Machine&& dialogue,
                                                                                                  deadline by = {}) {
    traffic moved;
    return run(stream, dialogue, by, moved);
  }

}  // namespace dovetail::inline v0
