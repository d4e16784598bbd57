// One WebSocket connection of a gateway: messages are answered one after the other.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/client/workersql_gateway/hub.hpp>
#include <dovetail/codec/workersql_gateway/socket_session.hpp>
#include <dovetail/format/websocket.hpp>

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// A transaction whose next message does not come in time is rolled back, and so is one whose connection ends. A peer
/// that is silent is pinged, and given up when it does not answer.
class socket_connection final : public gateway_connection, public std::enable_shared_from_this<socket_connection> {
 public:
  /// `first` is the head of the answer to the upgrade; `input` what came behind the request already.
  socket_connection(gateway_hub& hub, asio::ip::tcp::socket connected, principal who, byte_buffer first,
                    byte_view input)
      : hub_(&hub),
        socket_(std::move(connected)),
        timer_(hub.io),
        session_(*hub.database, std::move(who), hub.rules, hub.counters.transactions, hub.options.max_transactions),
        reader_(websocket::role::server, {.message = hub.options.body_limit}),
        input_((std::max)(hub.options.body_limit + 16 * 1024, input.size()), 4096),
        output_(std::move(first)) {
    if (!input.empty() && input_.prepare(input.size())) {
      std::copy(input.begin(), input.end(), input_.free().begin());
      input_.commit(input.size());
    }
  }

  void start() { write(); }

  void stop() override {
    is_stopping_ = true;
    if (is_idle() && !session_.is_in_transaction()) close_with(websocket::close_code::going_away);
  }
  void kill() override { end(); }

  /// On a worker: the session is touched by nobody else meanwhile.
  void work() noexcept override {
    try {
      if (task_ == task::message) {
        reply_ = session_.handle(message_, deadline::after(hub_->options.request_limit));
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
  enum class task : std::uint8_t { none, message, roll_back };

  bool is_idle() const noexcept { return task_ == task::none && !is_writing_ && !is_closing_; }

  void submit(task what) {
    task_ = what;
    // One that has locks does not wait behind those who want them.
    (session_.is_in_transaction() ? hub_->for_transactions : hub_->for_requests)->submit(shared_from_this());
  }

  void worked() {
    const task done = std::exchange(task_, task::none);
    if (is_over_) return finish();
    if (has_failed_) return close_with(websocket::close_code::internal_error);
    if (done == task::message) {
      websocket::append_frame(output_, websocket::opcode::text, as_byte_view(reply_));
      reply_.clear();
      return write();
    }
    next();
  }

  /// Answers what has come, and reads on.
  void next() {
    while (is_idle()) {
      if (is_stopping_ && !session_.is_in_transaction()) return close_with(websocket::close_code::going_away);
      const websocket::reading came = reader_.read(input_.filled());
      take(came);
      input_.consume(came.used);
      if (came.what == websocket::received::need_more) {
        if (!is_reading_) read_more(came.wanted);
        break;
      }
    }
    if (is_idle()) wait_for_peer();
  }

  void take(const websocket::reading& came) {
    switch (came.what) {
      case websocket::received::text:
        is_pinged_ = false;
        message_.assign(reinterpret_cast<const char*>(came.payload.data()), came.payload.size());
        hub_->counters.messages.fetch_add(1, std::memory_order_relaxed);
        timer_.cancel();
        return submit(task::message);
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

  void read_more(std::size_t wanted) {
    if (!input_.prepare((std::min)((std::max)(wanted, std::size_t{1}), std::size_t{64 * 1024}))) {
      return close_with(websocket::close_code::message_too_big);
    }
    is_reading_ = true;
    const byte_span room = input_.free();
    socket_.async_read_some(
        asio::buffer(room.data(), room.size()),
        [self = shared_from_this()](const std::error_code& ec, std::size_t bytes) { self->has_read(ec, bytes); });
  }

  void has_read(const std::error_code& ec, std::size_t bytes) {
    is_reading_ = false;
    if (is_over_) return;
    if (ec) return end();
    input_.commit(bytes);
    if (is_closing_) return drain();
    if (is_idle()) next();
  }

  void write() {
    is_writing_ = true;
    wait(hub_->options.write_limit);
    asio::async_write(socket_, asio::buffer(output_.data(), output_.size()),
                      [self = shared_from_this()](const std::error_code& ec, std::size_t) { self->has_written(ec); });
  }

  void has_written(const std::error_code& ec) {
    is_writing_ = false;
    if (is_over_) return;
    if (ec) return end();
    output_.clear();
    if (output_.capacity() > 256 * 1024) output_.release();
    if (!is_closing_) return next();
    std::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    if (ignored) return end();
    wait(std::chrono::seconds{2});
    drain();
  }

  /// Until the peer ends too.
  void drain() {
    input_.clear();
    if (!is_reading_ && !is_writing_) read_more(1);
  }

  void close_with(websocket::close_code code) {
    if (std::exchange(is_closing_, true)) return;
    websocket::append_close(output_, code);
    write();
  }

  void wait_for_peer() {
    wait(session_.is_in_transaction() ? hub_->options.transaction_limit : hub_->options.idle_limit);
  }
  void wait(clock::duration limit) {
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this(), turn = ++turn_](const std::error_code& ec) {
      if (!ec && turn == self->turn_) self->time_is_over();
    });
  }

  void time_is_over() {
    if (is_over_ || task_ != task::none) return;
    if (!is_idle()) return end();
    if (session_.is_in_transaction()) return submit(task::roll_back);
    if (std::exchange(is_pinged_, true)) return end();
    websocket::append_frame(output_, websocket::opcode::ping, {});
    write();
  }

  void end() {
    if (std::exchange(is_over_, true)) return;
    timer_.cancel();
    std::error_code ignored;
    socket_.close(ignored);
    if (task_ != task::none) return;  // `worked` goes on
    finish();
  }
  /// A rollback may wait for the database: not here.
  void finish() {
    if (session_.is_in_transaction()) return submit(task::roll_back);
    hub_->forget(*this);
  }

  gateway_hub* hub_;
  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  socket_session session_;
  websocket::message_reader reader_;
  read_buffer input_;
  byte_buffer output_;
  std::string message_;
  std::string reply_;
  std::uint64_t turn_ = 0;
  task task_ = task::none;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_closing_ = false;
  bool is_stopping_ = false;
  bool is_pinged_ = false;
  bool is_over_ = false;
  bool has_failed_ = false;
};

}  // namespace dovetail::inline v0::workersql::serving
