// What one connection to PostgreSQL remembers between its dialogues, and how far the current one has come on the wire.
#pragma once

#include <dovetail/base/health.hpp>
#include <dovetail/codec/postgres/connection_facts.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/notification.hpp>
#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/codec/postgres/server_message.hpp>
#include <dovetail/codec/postgres/statement_cache.hpp>
#include <dovetail/sansio/action.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// Buffers, prepared statements, transaction status and health of one connection. Its dialogues borrow it one after the
/// other, so it stays where it is. Threads: one at a time.
class session {
 public:
  session() : session(256, false, std::size_t{1} << 30) {}
  explicit session(const connect_options& how)
      : session(how.statement_cache, how.unnamed_statements, how.message_limit) {}
  session(std::size_t kept_statements, bool is_unnamed, std::size_t message_limit)
      : facts(message_limit), statements(is_unnamed ? 0 : kept_statements) {}
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  connection_facts facts;  ///< filled by `startup`
  statement_cache statements;
  notification_queue notifications;

  session_health health() const noexcept { return facts.health; }

  /// True in a transaction block, a failed one too, and when `defer` holds the statement that begins one.
  bool is_in_transaction() const noexcept { return facts.transaction_status != 'I' || is_begin_deferred(); }
  bool is_transaction_failed() const noexcept { return facts.transaction_status == 'E'; }

  /// Lets one statement without parameters and rows ("begin") go out in front of the next batch: it costs no round
  /// trip, and when it fails, the batch is not executed.
  void defer(std::string statement) { deferred_.push_back(std::move(statement)); }
  bool has_deferred() const noexcept { return !deferred_.empty(); }
  /// True when the last deferred statement has not been sent and begins a transaction.
  bool is_begin_deferred() const noexcept { return !deferred_.empty() && deferred_.back().starts_with("begin"); }
  /// Takes the deferred statements back: nothing of them has been sent.
  void drop_deferred() noexcept { deferred_.clear(); }

  /// Begins a transaction with the next statement: defers `text`, which begins one. From here on the session counts as
  /// in a transaction. Precondition: it is idle.
  void begin_later(std::string text) {
    defer(std::move(text));
    is_begin_unanswered_ = false;
    facts.health = session_health::in_transaction;
  }
  /// The transaction of `begin_later` ends before the server has heard of it.
  void drop_begin() noexcept;
  /// The statement of `begin_later` has not succeeded, as far as anybody knows, and it will not: the server has refused
  /// it, or the connection was lost before its answer. What went out behind it was not executed, or is undone.
  bool has_begin_failed() const noexcept {
    if (facts.health == session_health::closed) return is_begin_unanswered_ || is_begin_deferred();
    return is_begin_unanswered_ && facts.transaction_status == 'I';
  }

  /// A ROLLBACK was sent whose answer the next dialogue reads in front of its own.
  bool owes_rollback() const noexcept { return rollback_owed_ != 0; }

  /// Call it for a fresh connection, before `startup`.
  void forget() noexcept;

  /// True when a dialogue was broken off (a deadline, a cancellation) and `drain` can bring the connection back.
  bool can_drain() const noexcept { return facts.health == session_health::desynchronised; }
  /// Whether what the last dialogue asked for may have been executed, although the dialogue failed.
  bool may_have_executed() const noexcept { return may_have_executed_; }

  // For the dialogues.

  detail::message_writer writer() noexcept { return detail::message_writer{facts.output}; }
  const std::vector<std::string>& deferred() const noexcept { return deferred_; }

  /// Begins a batch: what is written to `facts.output` from here on is sent together.
  void begin_batch() noexcept;
  void write_sync() {
    static_cast<void>(writer().begin(detail::from_client::sync).end());
    note_sync();
  }
  /// A Sync is written.
  void note_sync() noexcept { note_answered(false); }
  void write_flush() { static_cast<void>(writer().begin(detail::from_client::flush).end()); }
  /// Asks for statements by the simple protocol. False when the text is larger than a message.
  bool write_query(std::string_view text) {
    note_answered(true);
    return writer().begin(detail::from_client::query).text(text).end();
  }
  /// Makes the server fail up to the next Sync, so that what it has done since the last one is undone.
  void write_failure();
  /// Something is written that has no ReadyForQuery of its own.
  void note_unsynced() noexcept { needs_sync_ = true; }
  /// What has been sent without a Sync must not be committed when the dialogue is broken off.
  void set_must_fail(bool must) noexcept { must_fail_ = must; }
  bool must_fail() const noexcept { return must_fail_; }
  /// A portal was left open without a Sync: only its next batch, or its end, may follow.
  bool is_portal_open() const noexcept { return is_portal_open_; }
  void set_portal_open(bool is) noexcept { is_portal_open_ = is; }
  std::size_t next_portal() noexcept { return ++portals_; }
  /// There is something that has to go in front of the next batch.
  bool has_prefix() const noexcept { return !deferred_.empty() || !statements.to_close().empty(); }
  void note_prefix() noexcept { carries_prefix_ = true; }
  /// What was deferred has succeeded.
  void note_prefix_answered() noexcept { is_begin_unanswered_ = false; }

  /// The end of the batch ends the data of a copy, in this many bytes: as long as none of them has left, `drain` can
  /// still have the copy fail.
  void note_copy_end(std::size_t bytes) noexcept { copy_end_ = bytes; }
  std::size_t copy_end() const noexcept { return copy_end_; }
  /// The server takes the data of a copy, whose end is not written yet.
  bool is_copy_open() const noexcept { return is_copying_in_ && copy_end_ == 0; }

  byte_view unsent() const noexcept { return facts.output.view().subspan(sent_); }
  /// Says that `bytes` of `unsent()` left.
  void note_sent(std::size_t bytes) noexcept;
  /// Writes what is unsent. What comes while the server does not read is read: it may be that which keeps it from
  /// reading.
  action send() {
    read_buffer& input = facts.input;
    return action::exchange(unsent(), input.prepare(1) ? input.free() : byte_span{});
  }
  /// The same, and what comes is the answer. Where something has come already, there may be too little room to read it.
  action ask() {
    read_buffer& input = facts.input;
    const byte_span room = input.free();
    if (!input.committed().empty() || room.empty()) [[unlikely]]
      return send();
    return action::ask(unsent(), room);
  }
  /// Takes what the server may say at any time, as far as it stands in front of what was read, and gives what is next.
  detail::frame_status take_unasked(detail::message& next);
  /// One message of `is_unasked`; false when it is malformed.
  bool take_unasked_one(const detail::message& came);
  bool is_sent_whole() const noexcept { return sent_ == facts.output.size(); }
  bool has_sent_any() const noexcept { return sent_ != 0; }
  /// Nothing of the batch left: it never was.
  void take_batch_back() noexcept;

  /// How many ReadyForQuery are still to come.
  std::size_t owed() const noexcept { return owed_; }
  bool needs_sync() const noexcept { return needs_sync_; }
  /// The last request was one of the simple protocol.
  bool is_simple() const noexcept { return is_simple_; }
  bool is_copying_in() const noexcept { return is_copying_in_; }
  void set_copying_in(bool is) noexcept { is_copying_in_ = is; }
  void set_may_have_executed(bool may) noexcept { may_have_executed_ = may; }

  /// Takes a ReadyForQuery; false when none is owed, or it is malformed.
  bool take_ready(byte_view body) noexcept;
  /// The health that the transaction status says; closed when the server reads texts otherwise than we judge them.
  void become_ready() noexcept {
    facts.health = facts.transaction_status == 'I' ? session_health::idle : session_health::in_transaction;
    if (!facts.parameters.are_texts_as_judged()) [[unlikely]]
      facts.health = session_health::closed;
    if (facts.input.capacity() > kept_capacity_ || facts.output.capacity() > kept_capacity_) [[unlikely]]
      give_memory_back();
  }
  /// The ROLLBACK that was sent is as good as answered: the session is idle. False when it owes more than that.
  bool owe_rollback() noexcept;
  /// Takes the next message of that answer; false when it is another one, and nothing is known of the transaction.
  bool take_rollback(const detail::message& came) noexcept;
  void close() noexcept { facts.health = session_health::closed; }

  /// Bytes of a message that need not be read whole, and have not come yet.
  std::size_t& skip() noexcept { return skip_; }

 private:
  static constexpr std::size_t kept_capacity_ = 1 << 20;

  /// Something is written that ReadyForQuery will answer.
  void note_answered(bool is_simple) noexcept;

  void note_prefix_sent() noexcept;

  /// After an unusually large message.
  void give_memory_back() noexcept;

  std::vector<std::string> deferred_;
  std::size_t owed_ = 0;
  std::size_t batch_owed_ = 0;
  std::size_t sent_ = 0;
  std::size_t copy_end_ = 0;
  std::size_t skip_ = 0;
  std::size_t portals_ = 0;
  std::uint8_t rollback_owed_ = 0;  // messages
  bool carries_prefix_ = false;
  bool is_begin_unanswered_ = false;
  bool needs_sync_ = false;
  bool needed_sync_ = false;  // before the batch
  bool is_simple_ = false;
  bool is_copying_in_ = false;
  bool is_portal_open_ = false;
  bool must_fail_ = false;
  bool had_to_fail_ = false;  // before the batch
  bool may_have_executed_ = false;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE void session::forget() noexcept {
  facts.forget();
  statements.clear();
  notifications.clear();
  deferred_.clear();
  owed_ = batch_owed_ = sent_ = skip_ = copy_end_ = 0;
  rollback_owed_ = 0;
  needs_sync_ = is_copying_in_ = may_have_executed_ = must_fail_ = is_portal_open_ = is_begin_unanswered_ = false;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void session::drop_begin() noexcept {
  drop_deferred();
  if (facts.health == session_health::in_transaction && facts.transaction_status == 'I') {
    facts.health = session_health::idle;
  }
}

DOVETAIL_DEFINE void session::begin_batch() noexcept {
  facts.output.clear();
  sent_ = copy_end_ = 0;
  batch_owed_ = 0;
  needed_sync_ = needs_sync_;
  had_to_fail_ = must_fail_;
  carries_prefix_ = false;
}

DOVETAIL_DEFINE void session::write_failure() {
  static_cast<void>(writer().begin(detail::from_client::execute).text("dovetail_cancelled").u32(0).end());
  note_unsynced();
  must_fail_ = false;
}

DOVETAIL_DEFINE detail::frame_status session::take_unasked(detail::message& next) {
  for (;;) {
    const detail::frame_status status = detail::next_message(facts.input.committed(), next);
    if (status != detail::frame_status::whole || !detail::is_unasked(next.type)) return status;
    if (!take_unasked_one(next)) return detail::frame_status::malformed;
    facts.input.consume(next.size);
  }
}

DOVETAIL_DEFINE bool session::take_unasked_one(const detail::message& came) {
  namespace from_server = detail::from_server;
  if (came.type == from_server::notice_response) {
    facts.notices(detail::notice_fields(came.body));
    return true;
  }
  if (came.type == from_server::notification_response) return notifications.take(came.body);
  detail::message_reader reader{came.body};
  std::string_view name;
  std::string_view value;
  return reader.text(name) && reader.text(value) && reader.at_end() && facts.parameters.set(name, value);
}

DOVETAIL_DEFINE void session::note_sent(std::size_t bytes) noexcept {
  const std::size_t left = facts.output.size() - sent_;
  sent_ += bytes < left ? bytes : left;
  if (bytes == 0) return;
  batch_owed_ = 0;  // there is no way back any more
  needed_sync_ = needs_sync_;
  had_to_fail_ = must_fail_;
  facts.health = session_health::desynchronised;  // until the answers are here
  if (carries_prefix_) [[unlikely]]
    note_prefix_sent();
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void session::note_prefix_sent() noexcept {
  carries_prefix_ = false;
  is_begin_unanswered_ = is_begin_deferred();
  deferred_.clear();
  statements.to_close().clear();
}

DOVETAIL_DEFINE void session::take_batch_back() noexcept {
  owed_ -= batch_owed_;
  needs_sync_ = needed_sync_;
  must_fail_ = had_to_fail_;
  begin_batch();
}

DOVETAIL_DEFINE bool session::take_ready(byte_view body) noexcept {
  if (owed_ == 0 || body.size() != 1) [[unlikely]]
    return false;
  const char status = static_cast<char>(body[0]);
  if (status != 'I' && status != 'T' && status != 'E') [[unlikely]]
    return false;
  facts.transaction_status = status;
  is_copying_in_ = is_portal_open_ = must_fail_ = false;
  if (--owed_ == 0 && !needs_sync_) become_ready();
  return true;
}

DOVETAIL_DEFINE bool session::owe_rollback() noexcept {
  if (owed_ != 1 || needs_sync_ || is_copying_in_ || is_portal_open_ || must_fail_) return false;
  rollback_owed_ = 2;
  facts.transaction_status = 'I';
  become_ready();
  return true;
}

// The next dialogue's state is left alone, which is why this is not `take_ready`.
DOVETAIL_DEFINE bool session::take_rollback(const detail::message& came) noexcept {
  namespace from_server = detail::from_server;
  if (rollback_owed_ == 2) {
    rollback_owed_ = 1;
    return came.type == from_server::command_complete && as_text(came.body) == std::string_view{"ROLLBACK", 9};
  }
  if (came.type != from_server::ready_for_query || as_text(came.body) != "I" || owed_ == 0) return false;
  rollback_owed_ = 0;
  --owed_;
  return true;
}

DOVETAIL_DEFINE void session::note_answered(bool is_simple) noexcept {
  ++owed_;
  ++batch_owed_;
  needs_sync_ = false;
  is_simple_ = is_simple;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void session::give_memory_back() noexcept {
  if (facts.input.capacity() > kept_capacity_ && facts.input.committed().empty()) {
    facts.input = read_buffer(facts.input.maximum(), 64 * 1024);
  }
  if (facts.output.capacity() > kept_capacity_) facts.output.release(), sent_ = 0;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
