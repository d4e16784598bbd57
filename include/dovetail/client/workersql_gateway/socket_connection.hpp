// One WebSocket connection of a gateway: messages are answered one after the other.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/client/workersql_gateway/gateway_stream.hpp>
#include <dovetail/client/workersql_gateway/hub.hpp>
#include <dovetail/client/workersql_gateway/lingering.hpp>
#include <dovetail/client/workersql_gateway/memory.hpp>
#include <dovetail/client/workersql_gateway/replies.hpp>
#include <dovetail/codec/workersql_gateway/socket_session.hpp>
#include <dovetail/format/websocket.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// A transaction whose next message does not come in time is rolled back, and so is one whose connection ends. A peer
/// that is silent is pinged, and given up when it does not answer.
class socket_connection final : public gateway_connection, public std::enable_shared_from_this<socket_connection> {
 public:
  /// `first` is the head of the answer to the upgrade; `input` what came behind the request already.
  socket_connection(gateway_hub& hub, gateway_stream connected, principal who, byte_buffer first, byte_view input)
      : hub_(&hub),
        stream_(std::move(connected)),
        timer_(hub.io),
        who_(who.key()),
        unsent_(hub.unsent_of(who_)),
        expires_(end_of(who)),
        session_(*hub.database, std::move(who), hub.rules, hub.counters.transactions, hub.options.max_transactions),
        reader_(websocket::role::server, {.message = hub.options.body_limit}),
        input_((std::max)(hub.options.body_limit + 16 * 1024, input.size()), 4096),
        output_(std::move(first)),
        share_(hub.unsent),
        lingering_(hub.options.body_limit) {
    share_.count_for(unsent_);
    if (!input.empty() && input_.prepare(input.size())) {
      std::copy(input.begin(), input.end(), input_.free().begin());
      input_.commit(input.size());
    }
  }

  void start() { write(); }

  void stop() override {
    is_stopping_ = true;
    if (is_draining_) wait(deadline::after(lingering::turn));
    if (is_idle() && !session_.is_in_transaction()) close_with(websocket::close_code::going_away);
  }
  void kill() override {
    is_killed_ = true;
    if (is_idle()) return next();
    if (task_ == task::none && !has_last_limit_) end();
  }

  /// On a worker: the session is touched by nobody else meanwhile.
  void work() noexcept override {
    try {
      if (task_ == task::message) {
        // Those before it may have filled the room while it waited for a thread.
        const failure_class full{503, codes::resource_limit, 1, false};
        std::optional<std::string> refused;
        if (hub_->is_full(unsent_.get())) refused = session_.refuse(message_, full, overloaded_words);
        if (!refused && !until_->is_requested()) refused = session_.handle(message_, by_, until_.get());
        reply_ = std::move(refused).value_or(std::string{});
        share_.set(reply_.size());
      } else {
        session_.time_out();
      }
    } catch (...) {
      reply_.clear();
      session_.time_out();
      has_failed_ = true;
    }
    asio::post(hub_->io, [self = this->shared_from_this()] { self->worked(); });
  }

 private:
  static deadline end_of(const principal& who) noexcept {
    constexpr std::int64_t years = 10LL * 365 * 24 * 3600;
    const std::int64_t left = who.expires - unix_time();
    return left > years ? deadline::never() : deadline::after(std::chrono::seconds{left});
  }

  enum class task : std::uint8_t { none, message, roll_back };

  bool is_idle() const noexcept { return task_ == task::none && !is_writing_ && !is_closing_; }

  void submit(task what) {
    task_ = what;
    until_ = std::make_shared<interruption>();
    by_ = deadline::after(hub_->options.request_limit);  // the wait for a thread is in it
    // One that has locks does not wait behind those who want them.
    (session_.is_in_transaction() ? hub_->for_transactions : hub_->for_requests)->submit(shared_from_this());
  }

  void worked() {
    const task done = std::exchange(task_, task::none);
    until_.reset();
    shrink(message_);
    if (is_over_) return finish();
    if (has_failed_) return close_with(websocket::close_code::internal_error);
    if (done == task::message) {
      const std::string reply = std::exchange(reply_, {});
      is_answer_ = true;
      return answer(reply);
    }
    next();
  }

  void answer(std::string_view reply) {
    websocket::append_frame(output_, websocket::opcode::text, as_byte_view(reply));
    write();
  }

  /// Answers what has come, and reads on.
  void next() {
    while (is_idle()) {
      const bool is_expired = expires_.has_passed();
      if (session_.is_in_transaction()) {  // whatever comes beside its next message does not keep it alive
        if (is_expired || is_killed_ || next_by_.has_passed()) return submit(task::roll_back);
      } else {
        if (is_stopping_) return close_with(websocket::close_code::going_away);
        if (is_expired) return close_with(websocket::close_code::policy_violation);
      }
      const websocket::reading came = reader_.read(input_.filled());
      take(came);
      input_.consume(came.used);
      if (came.what == websocket::received::need_more) {
        if (input_.committed().empty() && !is_reading_) shrink(input_);
        if (!is_reading_) read_more(came.wanted);
        break;
      }
    }
    if (is_idle()) wait_for_peer();
    if (task_ == task::message && !is_reading_) watch_peer();
  }

  /// Sees the peer go while its statement runs; not when it has sent more, for that would have to be read.
  void watch_peer() {
    // What the socket has no more may be in TLS.
    stream_.is_encrypted() ? judge(stream_.look()) : watch();
  }
  void watch() {
    stream_.wait(gateway_stream::wait_type::wait_read,
                 [self = shared_from_this(), until = until_](const std::error_code& ec) {
                   if (!ec && self->until_ == until) self->judge(self->stream_.look());
                 });
  }
  void judge(peer_sight what) {
    if (what == peer_sight::nothing) return watch();
    if (what != peer_sight::more) end();
  }

  void take(const websocket::reading& came) {
    switch (came.what) {
      case websocket::received::text:
        is_pinged_ = false;
        return take_message(as_text(came.payload));
      case websocket::received::binary:
        return close_with(websocket::close_code::unsupported_data);
      case websocket::received::ping:
        is_pinged_ = false;
        websocket::append_frame(output_, websocket::opcode::pong, came.payload);
        return write();
      case websocket::received::pong:
        is_pinged_ = false;
        return;
      case websocket::received::close:
        return close_with(websocket::may_be_sent(came.code) ? came.code : websocket::close_code::normal);
      case websocket::received::failed:
        return close_with(websocket::close_code_for(came.why));
      case websocket::received::need_more:
        return;
    }
  }

  void take_message(std::string_view text) {
    hub_->counters.messages.fetch_add(1, std::memory_order_relaxed);
    failure_class why{429, codes::resource_limit, hub_->limiter.take(who_, clock::now()), false};
    std::string_view words = "Rate limit exceeded";
    const bool is_limited = why.retry_after != 0;
    if (!is_limited && hub_->is_full(unsent_.get())) {
      why.retry_after = 1;
      words = overloaded_words;
    }
    if (why.retry_after != 0) {
      if (const std::optional<std::string> refused = session_.refuse(text, why, words)) {
        if (is_limited) hub_->counters.limited.fetch_add(1, std::memory_order_relaxed);
        return answer(*refused);
      }
    }
    message_ = text;
    timer_.cancel();
    submit(task::message);
  }

  void read_more(std::size_t wanted) {
    if (!input_.prepare((std::min)((std::max)(wanted, std::size_t{1}), std::size_t{64 * 1024}))) {
      return close_with(websocket::close_code::message_too_big);
    }
    is_reading_ = true;
    const byte_span room = input_.free();
    stream_.read_some(
        room, [self = shared_from_this()](const std::error_code& ec, std::size_t bytes) { self->has_read(ec, bytes); });
  }

  void has_read(const std::error_code& ec, std::size_t bytes) {
    is_reading_ = false;
    if (is_over_) return;
    if (ec) return end();
    input_.commit(bytes);
    if (is_closing_) return drain(bytes);
    if (is_idle()) next();
  }

  void write() {
    is_writing_ = true;
    share_.set(output_.size());
    has_last_limit_ = is_stopping_;  // from here on it is bounded by itself
    const clock::duration limit = hub_->options.write_limit;
    wait(deadline::after(is_stopping_ ? (std::min)(limit, hub_->options.stop_grace) : limit));
    stream_.write(output_.view(),
                  [self = shared_from_this()](const std::error_code& ec, std::size_t) { self->has_written(ec); });
  }

  void has_written(const std::error_code& ec) {
    is_writing_ = false;
    if (is_over_) return;
    if (ec) return end();
    output_.clear();
    if (output_.capacity() > kept_memory) output_.release();
    share_.set(0);
    if (std::exchange(is_answer_, false)) next_by_ = deadline::after(hub_->options.transaction_limit);
    if (!is_closing_) return next();
    has_last_limit_ = is_draining_ = true;
    wait(deadline::after(lingering::turn));
    stream_.end_sending([self = shared_from_this()](const std::error_code& failed, std::size_t) {
      if (self->is_over_) return;
      failed ? self->end() : self->drain(0);
    });
  }

  /// Until the peer ends too.
  void drain(std::size_t bytes) {
    input_.clear();
    if (!lingering_.take(bytes)) return end();
    if (!is_reading_ && !is_writing_) read_more((std::min)(lingering::at_once, input_.maximum()));
  }

  void close_with(websocket::close_code code) {
    if (std::exchange(is_closing_, true)) return;
    websocket::append_close(output_, code);
    write();
  }

  void wait_for_peer() {
    const deadline by = session_.is_in_transaction() ? next_by_ : deadline::after(hub_->options.idle_limit);
    wait(earlier(by, expires_));
  }
  void wait(deadline by) {
    timer_.expires_at(by.when());
    timer_.async_wait([self = shared_from_this(), turn = ++turn_](const std::error_code& ec) {
      if (!ec && turn == self->turn_) self->time_is_over();
    });
  }

  void time_is_over() {
    if (is_over_ || task_ != task::none) return;
    if (is_draining_ && lingering_.goes_on() && !is_stopping_) return wait(deadline::after(lingering::turn));
    if (!is_idle()) return end();
    if (session_.is_in_transaction()) return submit(task::roll_back);
    if (expires_.has_passed()) return close_with(websocket::close_code::policy_violation);
    if (std::exchange(is_pinged_, true)) return end();
    websocket::append_frame(output_, websocket::opcode::ping, {});
    write();
  }

  void end() {
    if (std::exchange(is_over_, true)) return;
    timer_.cancel();
    stream_.close();
    if (task_ == task::message) hub_->interrupt(until_);
    if (task_ != task::none) return;  // `worked` goes on
    finish();
  }
  /// A rollback may wait for the database: not here.
  void finish() {
    if (session_.is_in_transaction()) return submit(task::roll_back);
    hub_->forget(*this);
  }

  gateway_hub* hub_;
  gateway_stream stream_;
  asio::steady_timer timer_;
  std::string who_;                                   // for the rate limit
  std::shared_ptr<std::atomic<std::size_t>> unsent_;  // of the principal
  deadline expires_;                                  // of the token
  deadline by_;                                       // for the message that is being handled
  deadline next_by_;                                  // in a transaction: when its next message must be there
  socket_session session_;
  websocket::message_reader reader_;
  read_buffer input_;
  byte_buffer output_;
  memory_share share_;
  lingering lingering_;
  std::shared_ptr<interruption> until_;  // while a message is being handled
  std::string message_;
  std::string reply_;
  std::uint64_t turn_ = 0;
  task task_ = task::none;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_answer_ = false;  // what is being written is one to a message that was handled
  bool is_closing_ = false;
  bool is_draining_ = false;  // and has said so
  bool is_stopping_ = false;
  bool is_killed_ = false;
  bool has_last_limit_ = false;
  bool is_pinged_ = false;
  bool is_over_ = false;
  bool has_failed_ = false;
};

}  // namespace dovetail::inline v0::workersql::serving
