// Bringing a connection back after its dialogue was broken off: what is owed is read and dropped.
#pragma once

#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/server_message.hpp>
#include <dovetail/codec/postgres/session.hpp>
#include <dovetail/sansio/machine.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace dovetail::inline v0::postgres {

/// What became of the dialogue that was broken off.
struct drained {
  error_info failure;  ///< the server's, or none: then what was asked for has been executed to its end
};

/// Sends the rest of a half-sent batch, ends a COPY, and reads until the server is ready. Send a CancelRequest before
/// (and wait for the end of its connection), else it may take as long as the statement does.
/// A session that is not broken off is left as it is.
/// Errors: the transport's, or a message that the protocol does not have; the session is closed then.
/// Cancellation, deadline: the session is as it was, and may be drained again.
class drain_dialogue {
 public:
  using value_type = drained;

  /// `only_rollback`: is over when the ROLLBACK that the session owed is answered, and what was sent behind it runs.
  explicit drain_dialogue(session& on, bool only_rollback = false) noexcept : on_(&on), only_rollback_(only_rollback) {}

  action resume(const event& ev);

  drained value() && noexcept { return {std::move(failure_)}; }

 private:
  enum class step : std::uint8_t { start, writing, reading, over };

  /// What was begun is sent to its end: the server has read half of a message.
  action finish_batch();
  void write_copy_fail();
  action write_rest();
  action go_on_writing(const event& ev);

  action read_on();

  /// Messages whose contents nobody wants are not read whole.
  static bool can_skip(char type) noexcept;

  bool take(const detail::message& came);

  /// The server waits for data. With the extended protocol it has skipped the Sync behind Execute, too.
  action refuse_copy();

  action read();

  action stop(const event& ev);
  action lose(errc code) {
    on_->close();
    return done(code);
  }
  action done(std::error_code ec) {
    step_ = step::over;
    return action::done(ec);
  }

  session* on_;
  error_info failure_;
  int copies_ = 0;
  step step_ = step::start;
  bool is_fatal_ = false;
  bool only_rollback_;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE action drain_dialogue::resume(const event& ev) {
  switch (step_) {
    case step::start:
      if (ev.cancelled || ev.ec) return done(ev.cancelled ? make_error_code(errc::cancelled) : ev.ec);
      if (on_->health() == session_health::closed) return done(errc::connection_closed);
      if (!on_->can_drain()) return done({});
      return finish_batch();
    case step::writing:
      return go_on_writing(ev);
    case step::reading:
      on_->facts.input.commit(ev.bytes);
      if (ev.cancelled || (ev.ec && ev.bytes == 0)) return stop(ev);
      return read_on();
    case step::over:
      break;
  }
  return action::done(errc::invalid_state);
}

DOVETAIL_DEFINE action drain_dialogue::finish_batch() {
  if (!on_->is_copying_in() && !on_->needs_sync()) return write_rest();
  byte_view unsent = on_->unsent();
  const std::size_t end = on_->copy_end();
  const bool has_ended = end > unsent.size();  // the server has read the beginning of what ends the copy
  byte_buffer rest;
  rest.append(has_ended ? unsent : unsent.first(unsent.size() - end));
  on_->begin_batch();
  on_->facts.output.append(rest.view());
  if (has_ended) {
    on_->set_copying_in(false);
  } else if (on_->is_copying_in()) {
    write_copy_fail();
  }
  if (on_->must_fail()) on_->write_failure();
  if (on_->needs_sync()) on_->write_sync();
  return write_rest();
}

DOVETAIL_DEFINE void drain_dialogue::write_copy_fail() {
  static_cast<void>(
      on_->writer().begin(detail::from_client::copy_fail).text("the client has cancelled the copy").end());
  on_->set_copying_in(false);
}

DOVETAIL_DEFINE action drain_dialogue::write_rest() {
  if (on_->unsent().empty()) return read_on();
  step_ = step::writing;
  return on_->send();
}

DOVETAIL_DEFINE action drain_dialogue::go_on_writing(const event& ev) {
  on_->note_sent(ev.bytes);
  on_->facts.input.commit(ev.received);
  if (ev.cancelled || ev.ec) return stop(ev);
  detail::message next;
  // The rest of a message that was read in half is in front.
  if (ev.received != 0 && on_->skip() == 0 && on_->take_unasked(next) == detail::frame_status::malformed) {
    return lose(errc::malformed_frame);
  }
  return on_->is_sent_whole() ? read_on() : on_->send();
}

DOVETAIL_DEFINE action drain_dialogue::read_on() {
  namespace from_server = detail::from_server;
  read_buffer& input = on_->facts.input;
  while (on_->owed() != 0) {
    if (only_rollback_ && !on_->owes_rollback()) return done({});
    if (on_->skip() != 0) {
      const std::size_t skipped = (std::min)(on_->skip(), input.committed().size());
      input.consume(skipped);
      on_->skip() -= skipped;
      if (on_->skip() != 0) return read();
    }
    detail::message came;
    const detail::frame_status status = detail::next_message(input.committed(), came);
    if (status == detail::frame_status::malformed) return lose(errc::malformed_frame);
    const std::size_t unread = input.committed().size();
    if (unread < detail::header_size) return read();
    if (can_skip(came.type) && !on_->owes_rollback()) {
      on_->skip() = came.size;
      continue;
    }
    if (status == detail::frame_status::incomplete) {
      if (came.size > input.maximum()) return lose(errc::frame_too_large);
      return read();
    }
    if (!take(came)) return lose(errc::unexpected_message);
    const bool is_copy = came.type == from_server::copy_in_response;
    input.consume(came.size);
    if (is_copy) return refuse_copy();
  }
  if (on_->can_drain()) return lose(errc::unexpected_message);  // nothing is owed, and yet it is not ready
  return done({});
}

DOVETAIL_DEFINE bool drain_dialogue::can_skip(char type) noexcept {
  namespace from_server = detail::from_server;
  switch (type) {
    case from_server::data_row:
    case from_server::copy_data:
    case from_server::copy_done:
    case from_server::copy_out_response:
    case from_server::command_complete:
    case from_server::empty_query_response:
    case from_server::row_description:
    case from_server::parameter_description:
    case from_server::no_data:
    case from_server::parse_complete:
    case from_server::bind_complete:
    case from_server::close_complete:
    case from_server::portal_suspended:
      return true;
    default:
      return false;
  }
}

DOVETAIL_DEFINE bool drain_dialogue::take(const detail::message& came) {
  namespace from_server = detail::from_server;
  if (on_->owes_rollback() && !detail::is_unasked(came.type)) return on_->take_rollback(came);
  switch (came.type) {
    case from_server::ready_for_query:
      return on_->take_ready(came.body);
    case from_server::error_response:
      failure_ = detail::server_error(came.body);
      is_fatal_ = is_fatal_ || detail::is_fatal(failure_.server());
      return failure_.code() != errc::malformed_frame;
    case from_server::notice_response:
    case from_server::notification_response:
    case from_server::parameter_status:
      return on_->take_unasked_one(came);
    case from_server::copy_in_response:
      return ++copies_ < 16;  // of one batch
    default:
      return false;
  }
}

DOVETAIL_DEFINE action drain_dialogue::refuse_copy() {
  const bool is_simple = on_->is_simple();
  on_->begin_batch();
  write_copy_fail();
  if (!is_simple) static_cast<void>(on_->writer().begin(detail::from_client::sync).end());
  return write_rest();
}

DOVETAIL_DEFINE action drain_dialogue::read() {
  step_ = step::reading;
  read_buffer& input = on_->facts.input;
  if (!input.prepare(1)) return lose(errc::frame_too_large);
  return action::read(input.free());
}

DOVETAIL_DEFINE action drain_dialogue::stop(const event& ev) {
  if (ev.cancelled) return done(errc::cancelled);
  if (ev.ec == errc::deadline_passed) return done(ev.ec);
  on_->close();
  if (is_fatal_) return done(failure_.code());
  return done(ev.ec);
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
