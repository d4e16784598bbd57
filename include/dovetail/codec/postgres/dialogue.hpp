// The part that all dialogues of an open session share: writing, finding messages, what the server says unasked,
// errors, and what is left of the session when it is broken off.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/server_message.hpp>
#include <dovetail/codec/postgres/session.hpp>
#include <dovetail/sansio/machine.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// What a dialogue makes of a message.
enum class verdict : std::uint8_t {
  go_on,       ///< the next message
  send,        ///< what `begin_batch` and the writers put into the output, then go on
  ask,         ///< the same, and what comes next is an answer: `on_sent` and `before_reading` have nothing to do
  look,        ///< take what has come already, then go on
  finish,      ///< over: well, or with the recorded failure
  malformed,   ///< the message's body is wrong
  unexpected,  ///< it has no place here
  lost,        ///< the connection is not what it was taken for: as if it had been cut
};

/// Base of the dialogues. Not a template: compiled once, whatever the statement and the rows are.
/// Errors: the server's, after which the session is usable again; errc::malformed_frame, errc::unexpected_message and
///   errc::frame_too_large, after which it is closed; the transport's, or errc::outcome_unknown when what was asked for
///   may have been executed and is not known to be read-only.
/// Cancellation: the session is desynchronised and `can_drain()`, unless nothing was sent.
class dialogue {
 public:
  dialogue(const dialogue&) = delete;
  dialogue& operator=(const dialogue&) = delete;

  action resume(const event& ev);

  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 protected:
  explicit dialogue(session& on, bool is_read_only = false) noexcept : on_(&on), is_read_only_(is_read_only) {}
  dialogue(dialogue&&) = default;
  ~dialogue() = default;

  /// The first batch.
  virtual verdict begin() = 0;
  /// Any message but ErrorResponse, ReadyForQuery, DataRow and what the server may say at any time.
  virtual verdict on_message(const message& came) = 0;
  /// Whole DataRow messages at the front of `unread`: how many bytes of them are taken; 0 when none has a place here.
  virtual std::size_t on_rows(byte_view) { return 0; }
  /// Whole messages at the front of `unread`, the first a BindComplete: how many bytes of what was expected are taken
  /// at once; 0 when `on_message` is to judge it.
  virtual std::size_t on_answers(byte_view) { return 0; }
  /// Each ReadyForQuery.
  virtual verdict on_ready() = 0;
  /// The server has said something that it may say at any time.
  virtual verdict on_unasked() { return verdict::go_on; }
  /// The batch has left.
  virtual verdict on_sent() { return verdict::go_on; }
  /// All that has come is judged, and there is more to be read: is there something to do before?
  virtual verdict before_reading() { return verdict::go_on; }
  /// An ErrorResponse; a server skips the messages behind it up to the Sync.
  virtual verdict on_error(error_info failure) {
    note(std::move(failure));
    return verdict::go_on;
  }

  session& on() const noexcept { return *on_; }
  const error_info& noted() const noexcept { return failure_; }
  /// Records a failure, unless there was one before.
  void note(error_info failure) {
    if (!failure_) failure_ = std::move(failure);
  }
  void forget_failure() noexcept { failure_ = {}; }
  verdict fail(error_info failure) {
    note(std::move(failure));
    return verdict::finish;
  }

  /// Writes what has to go first: closing statements that the cache dropped, and the deferred statements.
  void write_prefix() {
    if (on_->has_prefix()) [[unlikely]]
      write_whole_prefix();
  }
  /// Something deferred has failed, and nothing behind it was executed.
  bool has_prefix_failed() const noexcept { return has_prefix_failed_; }
  /// What was asked for runs on the server as soon as all of the batch is sent.
  void expect_execution() noexcept { executes_ = true; }

 private:
  void write_whole_prefix();

  enum class stage : std::uint8_t { start, writing, reading, over };

  action start(const event& ev);
  /// Nothing can be asked for on this session.
  action refuse_start(const event& ev);

  /// Messages that came since the last dialogue: only such as the server may send at any time.
  error_info take_unasked();

  /// Some of the batch has left, or something came before all of it could. What answers the batch waits for its end.
  action go_on_writing(const event& ev);
  action send_rest(bool has_received);
  /// Why the server ends the connection, if it has said so.
  void take_last_words();

  action go_on();
  /// No whole message is there.
  action go_on_reading(frame_status status, const message& came);

  verdict judge(const message& came);
  verdict judge_unasked(const message& came);
  verdict judge_error(const message& came);

  bool is_in_prefix() const noexcept { return closes_left_ + deferred_left_ != 0; }

  verdict judge_prefix(const message& came);
  /// What answers the last transaction's ROLLBACK: nothing behind it has been answered.
  verdict judge_rollback(const message& came);

  action act(verdict said, char type = 0);

  /// Reads on. The buffer grows only when it is full of one message, to twice its size: what a length announces is
  /// believed when the bytes are there.
  action read(const message& wanted);

  error_info protocol_failure(errc code, char type, std::string_view what);

  /// The transport failed, time was over, or the caller does not want the answer any more.
  action stop(const event& ev);

  action end(error_info failure);
  /// As the recorded failure says.
  action end_as_noted();

  session* on_;
  error_info failure_;
  std::size_t closes_left_ = 0;
  std::size_t deferred_left_ = 0;  // messages: three for each statement
  stage stage_ = stage::start;
  bool is_read_only_;
  bool executes_ = false;
  bool has_prefix_failed_ = false;
  bool is_fatal_ = false;

 protected:
  /// A connection that is lost in a transaction takes the transaction with it.
  bool was_in_transaction_ = false;
  /// What a lost answer is called.
  errc lost_code_ = errc::outcome_unknown;
  /// The dialogue goes on with a portal that the last one left open.
  bool continues_ = false;
  /// What was read and not used is an answer that the last dialogue left.
  bool answers_are_due_ = false;
  /// Rows that `on_rows` does not take have a place here: the next dialogue is to have them.
  bool leaves_rows_ = false;
  /// What has left of the batch may be executed although the rest has not.
  bool executes_in_parts_ = false;
  /// Who asked for the parts hears of all of them at once: how the server ended the connection says nothing of those
  /// before.
  bool parts_share_failure_ = false;
  /// What was asked for has been executed in part, whatever becomes of the batch.
  bool has_executed_ = false;
};

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE action dialogue::resume(const event& ev) {
  switch (stage_) {
    case stage::start:
      return start(ev);
    case stage::writing:
      return go_on_writing(ev);
    case stage::reading:
      on_->facts.input.commit(ev.bytes);
      if (ev.cancelled || (ev.ec && ev.bytes == 0)) [[unlikely]]
        return stop(ev);
      return go_on();
    case stage::over:
      break;
  }
  return action::done(errc::invalid_state);
}

[[gnu::noinline]] DOVETAIL_DEFINE void dialogue::write_whole_prefix() {
  message_writer to = on_->writer();
  closes_left_ = on_->statements.to_close().size() + (on_->owes_rollback() ? 1U : 0U);
  for (const std::string& name : on_->statements.to_close()) {
    static_cast<void>(to.begin(from_client::close).u8('S').text(name).end());
  }
  deferred_left_ = 3 * on_->deferred().size();
  for (const std::string& text : on_->deferred()) {
    static_cast<void>(to.begin(from_client::parse).u8(0).text(text).u16(0).end());
    static_cast<void>(to.begin(from_client::bind).u8(0).u8(0).u16(0).u16(0).u16(0).end());
    static_cast<void>(to.begin(from_client::execute).u8(0).u32(0).end());
  }
  on_->note_prefix();
  if (closes_left_ + deferred_left_ != 0) on_->note_unsynced();
}

DOVETAIL_DEFINE action dialogue::start(const event& ev) {
  const bool is_ready = on_->health() == session_health::idle || on_->health() == session_health::in_transaction;
  if (ev.cancelled || ev.ec || (!is_ready && !(continues_ && on_->is_portal_open()))) [[unlikely]]
    return refuse_start(ev);
  on_->set_may_have_executed(false);
  if (on_->owes_rollback()) [[unlikely]] {
    closes_left_ = 1;
  } else if (!on_->facts.input.committed().empty() && !answers_are_due_) [[unlikely]] {
    if (error_info failure = take_unasked()) return end(std::move(failure));
  }
  if (!on_->facts.parameters.are_texts_as_judged()) [[unlikely]] {  // reported since, by a reload of the server's files
    on_->close();
    return refuse_start(ev);
  }
  stage_ = stage::reading;
  const verdict said = begin();
  if (said != verdict::ask) [[unlikely]]
    return act(said);
  stage_ = stage::writing;
  return on_->ask();
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE action dialogue::refuse_start(const event& ev) {
  if (ev.cancelled || ev.ec) return end(ev.cancelled ? make_error_code(errc::cancelled) : ev.ec);
  on_->set_may_have_executed(false);
  if (!on_->facts.parameters.are_texts_as_judged()) return end(misread_texts(errc::invalid_state));
  return end({errc::invalid_state, "the PostgreSQL session is not open, or its last dialogue broke"});
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info dialogue::take_unasked() {
  for (;;) {
    message came;
    const byte_view unread = on_->facts.input.committed();
    if (unread.empty()) return {};
    const frame_status status = next_message(unread, came);
    const bool is_error = came.type == from_server::error_response;
    if (status == frame_status::malformed || (!is_error && !is_unasked(came.type))) {
      return protocol_failure(errc::unexpected_message, came.type, "came although nothing was asked");
    }
    if (status == frame_status::incomplete) return {};
    if (is_error) {
      on_->close();
      return server_error(came.body);
    }
    if (!on_->take_unasked_one(came)) return protocol_failure(errc::malformed_frame, came.type, "is malformed");
    on_->facts.input.consume(came.size);
  }
}

DOVETAIL_DEFINE action dialogue::go_on_writing(const event& ev) {
  on_->note_sent(ev.bytes);
  on_->facts.input.commit(ev.received);
  if (ev.cancelled || ev.ec) [[unlikely]]
    return stop(ev);
  if (!on_->is_sent_whole()) [[unlikely]]
    return send_rest(ev.received != 0);
  stage_ = stage::reading;
  const verdict next = on_sent();
  return next == verdict::go_on ? go_on() : act(next);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE action dialogue::send_rest(bool has_received) {
  message next;
  if (has_received && on_->take_unasked(next) == frame_status::malformed) {
    return end(protocol_failure(errc::malformed_frame, next.type, "is malformed"));
  }
  return on_->send();
}

DOVETAIL_DEFINE void dialogue::take_last_words() {
  message came;
  while (next_message(on_->facts.input.committed(), came) == frame_status::whole) {
    if (came.type == from_server::error_response) {
      error_info failure = server_error(came.body);
      if (is_fatal(failure.server())) {
        is_fatal_ = true;
        failure_ = std::move(failure);
      }
    }
    on_->facts.input.consume(came.size);
  }
}

/// A message that is taken is not taken again, although code of the program that is called for it throws (arguments
/// that are written when a statement is ready).
struct consumed_after {
  read_buffer& input;
  std::size_t size;
  ~consumed_after() { input.consume(size); }
};

DOVETAIL_DEFINE action dialogue::go_on() {
  read_buffer& input = on_->facts.input;
  for (;;) {
    message came;
    if (const frame_status status = next_message(input.committed(), came); status != frame_status::whole) [[unlikely]]
      return go_on_reading(status, came);
    verdict said = verdict::go_on;
    if (came.type == from_server::data_row) {
      const std::size_t taken = is_in_prefix() ? 0 : on_rows(input.committed());
      if (taken == 0) said = leaves_rows_ ? verdict::finish : verdict::unexpected;
      input.consume(taken);
    } else if (const std::size_t answers =
                   came.type == from_server::bind_complete && !is_in_prefix() ? on_answers(input.committed()) : 0) {
      input.consume(answers);
    } else {
      const consumed_after taken{input, came.size};
      said = judge(came);
    }
    if (said == verdict::finish) return end_as_noted();
    if (said != verdict::go_on) return act(said, came.type);
  }
}

[[gnu::noinline]] DOVETAIL_DEFINE action dialogue::go_on_reading(frame_status status, const message& came) {
  if (status == frame_status::malformed) {
    return end(protocol_failure(errc::malformed_frame, came.type, "has an impossible length"));
  }
  const verdict first = before_reading();
  return first == verdict::go_on ? read(came) : act(first);
}

[[gnu::noinline]] DOVETAIL_DEFINE verdict dialogue::judge(const message& came) {
  if (came.type == from_server::ready_for_query) {
    if (is_in_prefix()) [[unlikely]]
      return judge_prefix(came);
    if (!on_->take_ready(came.body)) [[unlikely]]
      return verdict::unexpected;
    return on_ready();
  }
  if (came.type == from_server::error_response) return judge_error(came);
  if (is_unasked(came.type)) return judge_unasked(came);
  return is_in_prefix() ? judge_prefix(came) : on_message(came);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE verdict dialogue::judge_unasked(const message& came) {
  return on_->take_unasked_one(came) ? on_unasked() : verdict::malformed;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE verdict dialogue::judge_error(const message& came) {
  if (is_in_prefix() && on_->owes_rollback()) return judge_rollback(came);
  error_info failure = server_error(came.body);
  if (failure.code() == errc::malformed_frame) return verdict::malformed;
  has_prefix_failed_ = has_prefix_failed_ || is_in_prefix();
  closes_left_ = deferred_left_ = 0;
  if (is_fatal(failure.server())) {
    is_fatal_ = true;
    if (executes_ && lost_code_ == errc::commit_unknown) doubt_commit(failure);
  }
  executes_ = false;  // what failed was undone
  return on_error(std::move(failure));
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE verdict dialogue::judge_prefix(const message& came) {
  if (on_->owes_rollback()) return judge_rollback(came);
  if (closes_left_ != 0) {
    if (came.type != from_server::close_complete) return verdict::unexpected;
    --closes_left_;
    return verdict::go_on;
  }
  constexpr char expected[] = {from_server::command_complete, from_server::bind_complete, from_server::parse_complete};
  if (came.type != expected[(deferred_left_ - 1) % 3]) return verdict::unexpected;
  if (--deferred_left_ == 0) on_->note_prefix_answered();
  return verdict::go_on;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE verdict dialogue::judge_rollback(const message& came) {
  if (came.type == from_server::error_response) {
    error_info failure = server_error(came.body);
    if (!is_fatal(failure.server())) return verdict::lost;
    on_->close();  // the server has not read on
    return fail(std::move(failure));
  }
  if (!on_->take_rollback(came)) return verdict::lost;
  if (!on_->owes_rollback()) --closes_left_;
  return verdict::go_on;
}

[[gnu::noinline]] DOVETAIL_DEFINE action dialogue::act(verdict said, char type) {
  switch (said) {
    case verdict::go_on:
      return go_on();
    case verdict::finish:
      return end_as_noted();
    case verdict::ask:
      stage_ = stage::writing;
      return on_->ask();
    case verdict::send:
      stage_ = stage::writing;
      return on_->send();
    case verdict::look:
      if (!on_->facts.input.prepare(1)) return go_on();
      return action::look(on_->facts.input.free());
    case verdict::malformed:
      return end(protocol_failure(errc::malformed_frame, type, "is malformed"));
    case verdict::lost:
      return stop({make_error_code(errc::connection_closed)});
    case verdict::unexpected:
      break;
  }
  return end(protocol_failure(errc::unexpected_message, type, "has no place here"));
}

DOVETAIL_DEFINE action dialogue::read(const message& wanted) {
  read_buffer& input = on_->facts.input;
  if (wanted.size > input.maximum()) {
    return end(protocol_failure(errc::frame_too_large, wanted.type, "is larger than the limit"));
  }
  const std::size_t used = input.committed().size();
  const std::size_t room = input.capacity() > used ? input.capacity() - used : 0;
  const std::size_t useful = (std::min)(room, (std::max)(wanted.size - used, input.capacity() / 2));
  if (!input.prepare((std::max<std::size_t>)(useful, 1))) {
    return end(protocol_failure(errc::frame_too_large, wanted.type, "is larger than the limit"));
  }
  stage_ = stage::reading;
  return action::read(input.free());
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info dialogue::protocol_failure(errc code, char type,
                                                                                   std::string_view what) {
  on_->close();
  const bool is_printable = type > ' ' && type < 0x7F;
  std::string text = "the server's message ";
  const char shown[] = {'\'', is_printable ? type : '?', '\''};
  v0::detail::append_parts(text, {{shown, 3}, " ", what});
  return {code, std::move(text)};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE action dialogue::stop(const event& ev) {
  const bool has_left = executes_in_parts_ ? on_->has_sent_any() : on_->is_sent_whole();
  const bool may_have_executed = has_executed_ || (executes_ && has_left && !on_->is_copy_open());
  on_->set_may_have_executed(may_have_executed);
  if (ev.cancelled || ev.ec == errc::deadline_passed) {
    if (stage_ == stage::writing && !on_->has_sent_any()) on_->take_batch_back();
    const errc code = ev.cancelled ? errc::cancelled : errc::deadline_passed;
    stage_ = stage::over;
    failure_ = may_have_executed ? error_info{code, "the statement was sent before, and may have been executed"}
                                 : error_info{code};
    return action::done(failure_.code());
  }
  on_->close();
  const bool was_writing = stage_ == stage::writing;
  if (was_writing) take_last_words();
  if (is_fatal_) {  // it has said why it ends the connection
    const bool has_part_executed = has_executed_ || (was_writing && may_have_executed);
    if (parts_share_failure_ && has_part_executed && !is_read_only_) doubt_parts(failure_);
    return end(std::move(failure_));
  }
  if (may_have_executed && !is_read_only_ && !was_in_transaction_) {
    std::string why = "the statement was sent and may have been executed (";
    v0::detail::append_parts(why, {ev.ec.message(), ")"});
    return end({lost_code_, std::move(why)});
  }
  return end(ev.ec);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE action dialogue::end(error_info failure) {
  failure_ = std::move(failure);
  return end_as_noted();
}

DOVETAIL_DEFINE action dialogue::end_as_noted() {
  stage_ = stage::over;
  if (failure_) [[unlikely]]
    return action::done(failure_.code());
  return action::done();
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
