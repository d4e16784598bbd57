// The blocking loop: carries out what a dialogue asks for on a stream, in the calling thread.
#pragma once

#include <dovetail/base/coarse_clock.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sansio/machine.hpp>
#include <dovetail/transport/blocking.hpp>

#include <cstddef>
#include <system_error>

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

inline void note_exchange(event& happened, const exchanged& done) noexcept {
  happened.bytes = done.written;
  happened.received = done.received;
  happened.ec = done.ec;
}

/// Goes on with an exchange that awaits an answer and has come as far as `last`, a step of writing unless all is
/// written.
template <stream Stream>
[[gnu::noinline]] void finish_asking(Stream& stream, const action& next, deadline by, bool is_written,
                                     const attempt& last, event& happened) {
  happened.bytes = next.output().size();
  if (!is_written) {
    note_exchange(happened, write_or_read_from(last, stream, next.output(), next.input(), by));
    if (happened.ec || happened.bytes != next.output().size()) return;
  } else if (last.is_over()) {
    happened.ec = last.ec;
    return;
  }
  const attempt tried = read_once(stream, next.input(), by, true);
  happened.ec = tried.ec;
  if (!tried.ec) happened.received = tried.bytes;
}

/// Carries out an exchange that awaits an answer, and has something to write. `happened` is empty.
template <stream Stream>
void perform_asking(Stream& stream, const action& next, deadline by, event& happened) {
  attempt last;
  if constexpr (requires { stream.ask_at_once(next.output(), next.input(), by, last); }) {
    const std::ptrdiff_t got = stream.ask_at_once(next.output(), next.input(), by, last);
    if (got > 0) [[likely]] {
      happened.bytes = next.output().size();
      happened.received = static_cast<std::size_t>(got);
    } else {
      finish_asking(stream, next, by, got == 0, last, happened);
    }
  } else {
    last = stream.try_write(next.output());
    finish_asking(stream, next, by, false, last, happened);
  }
}

/// The actions that are rare.
template <stream Stream>
[[gnu::cold, gnu::noinline]] void perform_rare(Stream& stream, const action& next, deadline by, event& happened) {
  switch (next.what()) {
    case verb::look: {
      const attempt tried = stream.try_read(next.input());
      happened.ec = tried.ec;
      if (!tried.ec) happened.bytes = tried.bytes;
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
    default:
      break;
  }
}

/// Carries out one action; `after_write` says that the last one was a write. `happened` is empty.
template <stream Stream>
[[gnu::noinline]] void perform(Stream& stream, const action& next, deadline by, traffic& moved, bool after_write,
                               event& happened) {
  if (next.what() == verb::exchange) {
    note_exchange(happened, write_or_read(stream, next.output(), next.input(), by));
    moved.sent += happened.bytes;
    moved.received += happened.received;
  } else if (next.what() == verb::read) {
    const attempt tried = read_once(stream, next.input(), by, after_write);
    happened.ec = tried.ec;
    if (!tried.ec) happened.bytes = tried.bytes;
    moved.received += happened.bytes;
  } else if (next.what() == verb::write) {
    happened.bytes = write_all(stream, next.output(), by, happened.ec);
    moved.sent += happened.bytes;
  } else {
    perform_rare(stream, next, by, happened);
    if (next.what() == verb::look) moved.received += happened.bytes;
  }
}

/// A dialogue of any type.
struct any_machine {
  void* dialogue;
  action (*next)(void* dialogue, const event& happened);

  template <class Machine>
  static any_machine of(Machine& dialogue) noexcept {
    return {&dialogue,
            [](void* state, const event& happened) { return static_cast<Machine*>(state)->resume(happened); }};
  }
  action resume(const event& happened) const { return next(dialogue, happened); }
};

/// The loop: made once for each type of stream. Gives what the dialogue ended with.
template <stream Stream>
[[gnu::noinline]] std::error_code drive(Stream& stream, any_machine dialogue, deadline by, traffic& moved) {
  patience patience;
  bool after_write = false;
  deadline limit = by;
  event happened;
  for (unsigned actions = 0;; ++actions) {
    const action next = dialogue.resume(happened);
    if (next.what() == verb::done) return next.error();
    if (patience.is_over()) [[unlikely]]
      return patience.last();
    if (next.what() == verb::connect) [[unlikely]]
      limit = limit_of(next, by);
    happened.ec.clear();
    happened.bytes = happened.received = 0;
    happened.channel_binding = {};
    if (actions % 64 == 0 && is_over(limit)) [[unlikely]] {  // a peer that never lets us wait stops no clock
      happened.ec = errc::deadline_passed;
    } else if (next.awaits_answer() && !next.output().empty()) {
      perform_asking(stream, next, limit, happened);
      moved.sent += happened.bytes;
      moved.received += happened.received;
    } else {
      perform(stream, next, limit, moved, after_write, happened);
    }
    after_write = next.what() == verb::write || (next.what() == verb::exchange && happened.received == 0);
    patience.note(happened.ec);
  }
}

}  // namespace detail

/// Runs `dialogue` to its end on `stream` and gives its value, or its failure with the peer's name added.
/// Errors: what the dialogue makes of the transport's errors; errc::deadline_passed when `by` passes. A deadline that
///   has passed already fails the first action, before a byte is sent.
/// Cost: one clock reading, and one system call an action when nothing has to be waited for.
template <stream Stream, detail::runnable Machine>
result<detail::machine_value_t<Machine>> run(Stream& stream, Machine&& dialogue, deadline by, traffic& moved) {
  const std::error_code ec = detail::drive(stream, detail::any_machine::of(dialogue), by, moved);
  return detail::outcome_of(dialogue, ec, stream);
}

template <stream Stream, detail::runnable Machine>
result<detail::machine_value_t<Machine>> run(Stream& stream, Machine&& dialogue, deadline by = {}) {
  traffic moved;
  return run(stream, dialogue, by, moved);
}

}  // namespace dovetail::inline v0
