// What the dialogues of all verbs share: a request that is sent, and what becomes of its answer.
#pragma once

#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/workersql/cache_hooks.hpp>
#include <dovetail/client/workersql/operations.hpp>
#include <dovetail/codec/workersql/exchange.hpp>
#include <dovetail/codec/workersql/read_answer.hpp>
#include <dovetail/codec/workersql/request_body.hpp>
#include <dovetail/codec/workersql/row_target.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/codec/workersql/socket_exchange.hpp>
#include <dovetail/sansio/action.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::detail {

/// Adds the statement and the caller's place to a failure; the text only when the user asked for it, and without its
/// literals when rows do not fit, because then the text is what has to be changed.
[[gnu::cold, gnu::noinline]] inline error_info explain(error_info failure, const statement_view& sql, bool shows_text) {
  failure.with_location(sql.where);
  if (shows_text) {
    failure.with_statement(std::string{sql.text});
  } else if (failure.code() == dovetail::errc::row_mismatch) {
    failure.with_statement(sql.mask == nullptr ? std::string{sql.text} : sql.mask(dialect::sqlite, sql.text));
  }
  return failure;
}

/// Gives a write its key, once, and decides whether the gateway executes it once however often it comes.
[[gnu::noinline]] inline void prepare_key(repeat_key& key, const session& on, bool is_batch) noexcept {
  const idempotency how = on.options().idempotency;
  if (how == idempotency::none) return;
  if (!key.is_set) key.is_set = on.make_key(key.bits);
  const bool is_trusted = how == idempotency::all || is_batch || (how == idempotency::automatic && on.honours_keys());
  key.is_honoured = key.is_set && is_trusted;
}

/// The part of a call that knows neither statement nor rows: one exchange, and what is made of its answer.
class call_base {
 public:
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }

 protected:
  explicit call_base(session& on) noexcept : on_(&on) {}
  call_base(call_base&&) = default;  // before it has begun
  ~call_base() = default;

  action refuse(error_info why) {
    failure_ = std::move(why);
    return action::done(failure_.code());
  }
  /// The session's body is written: sends it. Inside of a transaction over its WebSocket, where keys have no meaning.
  [[gnu::noinline]] action send(endpoint_kind what, bool is_write, const repeat_key* key, bool is_streamed = false) {
    if (is_write) written_.begin(*on_);
    if (on_->socket()) {
      if (what == endpoint_kind::health) return refuse(nothing_but_statements());
      on_->body() = socket_message(*on_, "query", on_->body());
      return send_message();
    }
    http_request asked{what, is_write, {}, is_streamed};
    if (key != nullptr && key->is_set) {
      format_hex(key_text_, key->bits);
      asked.key = {key_text_, sizeof key_text_};
    }
    return start(running_.emplace(*on_, asked));
  }
  action send_message() { return start(message_.emplace(*on_)); }
  bool is_running() const noexcept { return running_ || message_; }
  bool is_in_transaction() const noexcept { return on_->socket().has_value(); }
  action go_on(const event& ev) { return message_ ? message_->resume(ev) : running_->resume(ev); }

  /// Judges the answer; rows go to the sink.
  [[gnu::noinline]] error_info read(std::error_code ec, const rows_sink& rows, bool& is_stopped) {
    written_.finish();
    if (ec) return message_ ? message_->failure(ec) : running_->failure(ec);
    if (!message_) return read_answer(running_->answer(), rows, said_, is_stopped);
    error_info why = read_answer({200, message_->text(), {}}, rows, said_, is_stopped);
    const std::int64_t pause = (std::min)(said_.error.retry_after, std::int64_t{longest_asked_pause.count()});
    on_->set_asked_pause(std::chrono::seconds{pause});
    const dovetail::detail::number_text asked{on_->socket()->last_id};
    if (!said_.id.empty() && said_.id != std::string_view{asked}) {
      on_->set_health(session_health::desynchronised);
      return {dovetail::errc::unexpected_message, "the answer to another message"};
    }
    return why;
  }

  [[gnu::cold, gnu::noinline]] static error_info nothing_but_statements() {
    return {dovetail::errc::operation_unsupported, "inside of a transaction there is nothing but statements"};
  }

  /// What is refused before a byte is sent tells why.
  template <class Machine>
  action start(Machine& machine) {
    const action first = machine.resume({});
    if (first.what() == verb::done && first.error()) failure_ = machine.failure(first.error());
    return first;
  }

  session* on_;
  char key_text_[32];
  std::optional<exchange> running_;
  std::optional<socket_exchange> message_;
  reply_facts said_;
  error_info failure_;
  cached_write written_;
};

/// What a write did.
class summary_target {
 public:
  using value_type = summary;
  rows_sink sink() const noexcept { return {}; }
  error_info take_failure() const { return {}; }
  error_info finish(const reply_facts& said) noexcept {
    done_ = {said.rows_affected(), said.insert_id};
    return {};
  }
  summary value() const noexcept { return done_; }

 private:
  summary done_;
};

/// Rows with everything that is said about them.
template <class Row>
class response_target {
 public:
  using value_type = query_response<row_value_t<Row>>;
  rows_sink sink() noexcept { return rows_.sink(); }
  error_info take_failure() { return rows_.take_failure(); }
  error_info finish(const reply_facts& said) {
    facts_.row_count = said.row_count;
    facts_.execution_time = said.execution_time;
    facts_.cached = said.is_cached;
    return rows_.finish(said);
  }
  value_type value() {
    facts_.data = rows_.value();
    if (!facts_.row_count) facts_.row_count = static_cast<std::int64_t>(facts_.data.size());
    return std::move(facts_);
  }

 private:
  all_rows<Row> rows_;
  value_type facts_;
};

/// The first rows of a result.
template <class Row>
class some_rows_target {
 public:
  using value_type = limited_rows<row_value_t<Row>>;
  explicit some_rows_target(const row_limits& most) noexcept : rows_(most.rows, most.bytes) {}
  rows_sink sink() noexcept { return rows_.sink(); }
  error_info take_failure() { return rows_.take_failure(); }
  error_info finish(const reply_facts& said) const { return rows_.finish(said); }
  value_type value() { return {rows_.value(), rows_.has_more()}; }

 private:
  all_rows<Row> rows_;
};

}  // namespace dovetail::inline v0::workersql::detail
