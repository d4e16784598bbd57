// One HTTP connection of a gateway: reads a request, has it answered, writes the answer, and begins again.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/client/workersql_gateway/answer_wait.hpp>
#include <dovetail/client/workersql_gateway/execute_request.hpp>
#include <dovetail/client/workersql_gateway/gateway_stream.hpp>
#include <dovetail/client/workersql_gateway/hub.hpp>
#include <dovetail/client/workersql_gateway/lingering.hpp>
#include <dovetail/client/workersql_gateway/memory.hpp>
#include <dovetail/client/workersql_gateway/refuse_early.hpp>
#include <dovetail/client/workersql_gateway/replies.hpp>
#include <dovetail/client/workersql_gateway/request.hpp>
#include <dovetail/client/workersql_gateway/socket_connection.hpp>

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// Requests that are pipelined are answered one after the other. Nothing is read while one is under way, so that a peer
/// that sends more than it reads is held up by its own socket.
class http_connection final : public gateway_connection, public std::enable_shared_from_this<http_connection> {
 public:
  http_connection(gateway_hub& hub, gateway_stream accepted, std::string peer)
      : hub_(&hub),
        stream_(std::move(accepted)),
        timer_(hub.io),
        peer_(std::move(peer)),
        bounds_(bounds_of(hub.options)),
        reader_(bounds_),
        input_(hub.options.head_limit + 2 * hub.options.body_limit + 64 * 1024, 4096),
        share_(hub.unsent),
        lingering_(hub.options.body_limit) {}

  void start() {
    if (!stream_.is_encrypted()) return begin_request();
    step_ = step::greeting;
    wait(hub_->options.read_limit);
    stream_.handshake([self = shared_from_this()](const std::error_code& ec, std::size_t) { self->has_greeted(ec); });
  }

  void stop() override {
    is_stopping_ = true;
    if (step_ == step::lingering) wait(lingering::turn);
    if (step_ == step::idle || step_ == step::greeting) end();
  }
  void kill() override {
    const bool is_owed = step_ == step::working || step_ == step::waiting;
    if (!is_owed && !has_last_limit_) end();
  }

  /// On a worker: nothing else of this object is touched meanwhile.
  void work() noexcept override {
    try {
      answer_ = execute_request(*hub_, request_, content_, by_, extras_of(*hub_, until_.get(), is_first_, key_));
      share_.set(answer_.body.size());
    } catch (...) {
      answer_ = {};
      answer_.status = 500;  // it may have been executed before: it is kept
    }
    asio::post(hub_->io, [self = this->shared_from_this()] { self->worked(); });
  }

  /// The answer to the same request, which another connection has sent before.
  void on_answer(const gateway_answer* answer) {
    if (std::exchange(wait_, {}) == nullptr) return;
    if (answer == nullptr) return dispatch();  // it came to nothing: this one is executed
    if (request_.where != endpoint::health && is_full()) return write_answer(answer_overloaded());
    write_answer(is_withheld(*answer, request_) ? answer_withheld() : *answer);
  }

 private:
  bool is_full() const noexcept { return hub_->is_full(request_.unsent.get()); }

  enum class step : std::uint8_t { greeting, idle, reading, working, waiting, writing, lingering, over };

  // Reading.

  void has_greeted(const std::error_code& ec) {
    if (step_ != step::greeting) return;
    if (!ec) return begin_request();
    hub_->counters.failed_handshakes.fetch_add(1, std::memory_order_relaxed);
    stream_.give_up_encryption();
    if (!dovetail::detail::was_plain_http(ec)) return linger();
    since_ = clock::now();
    refuse(400, codes::invalid_query, "this port speaks TLS: the URL must begin with https");
  }

  void begin_request() {
    if (is_stopping_) return end();
    input_.consume(std::exchange(used_, 0));
    shrink(input_);
    reader_.restart();
    body_.reset();
    skipped_.reset();
    request_ = {};
    key_ = {};
    early_.reset();
    is_first_read_ = true;
    step_ = step::idle;
    if (input_.committed().empty()) {
      wait(hub_->options.idle_limit);
      read_more(1);
    } else {
      read_head();
    }
  }

  void read_more(std::size_t wanted) {
    // What the peer announces is not trusted with memory at once.
    if (!input_.prepare((std::min)(wanted, std::size_t{64 * 1024}))) {
      return refuse(413, codes::resource_limit, "the request is too large");
    }
    read_some();
  }
  void read_some() {
    const byte_span room = input_.free();
    stream_.read_some(
        room, [self = shared_from_this()](const std::error_code& ec, std::size_t bytes) { self->has_read(ec, bytes); });
  }

  void has_read(const std::error_code& ec, std::size_t bytes) {
    if (step_ == step::over) return;
    if (step_ == step::lingering) return linger_on(ec, bytes);
    if (is_late_) return refuse(408, codes::timeout, "the request did not come in time");
    if (ec) return end();
    input_.commit(bytes);
    if (skipped_ || body_) return take_body();
    read_head();
  }

  void read_head() {
    if (std::exchange(is_first_read_, false)) {
      step_ = step::reading;
      since_ = clock::now();
      wait(hub_->options.read_limit);
    }
    http1::request_head head;
    const http1::head_progress came = reader_.read(as_text(input_.committed()), head);
    if (came.state == http1::progress::need_more) return read_more(1);
    if (came.state == http1::progress::failed) return refuse(came.why);
    request_ = read_request(head, hub_->who, unix_time(), hub_->options.cors_origins);
    input_.consume(came.size);
    if (request_.who) share_.count_for(request_.unsent = hub_->unsent_of(request_.who->key()));
    early_ = refuse_early(*hub_, request_, peer_);
    if (early_ || !has_statements(request_.where)) {
      skipped_.emplace(head.body, bounds_);
    } else {
      body_.emplace(head.body, bounds_);
    }
    if (request_.expects_continue && head.body.kind != http1::framing::none) {
      if (!early_) return send_continue();
      is_ending_ = true;
      return write_answer(*std::exchange(early_, {}));
    }
    take_body();
  }

  void take_body() {
    if (skipped_) return skip_body();
    read_body();
  }

  void send_continue() {
    stream_.write(as_byte_view("HTTP/1.1 100 Continue\r\n\r\n"),
                  [self = shared_from_this()](const std::error_code& ec, std::size_t) {
                    if (self->step_ != step::reading) return;
                    if (ec) return self->end();
                    self->take_body();
                  });
  }

  void read_body() {
    const http1::body_progress came = body_->collect(input_.filled());
    if (came.state == http1::progress::need_more) {
      input_.truncate(body_->compact(input_.filled()));
      return read_more(came.wanted);
    }
    if (came.state == http1::progress::failed) return refuse(came.why);
    content_ = as_text(came.content);
    used_ = came.used;
    dispatch();
  }

  /// A body that is of no use is not kept.
  void skip_body() {
    while (true) {
      const http1::body_piece piece = skipped_->next(as_text(input_.committed()));
      input_.consume(piece.used);
      if (piece.state == http1::progress::failed) return refuse(piece.why);
      if (piece.state == http1::progress::complete)
        return early_ ? write_answer(*std::exchange(early_, {})) : dispatch();
      if (piece.used == 0) return read_more(1);
    }
  }

  // Deciding.

  void dispatch() {
    timer_.cancel();
    switch (request_.where) {
      case endpoint::metrics:
        return write_answer(answer_metrics(*hub_, request_.wants_json_metrics));
      case endpoint::who:
        return write_answer(answer_who(request_.who));
      case endpoint::socket:
        return upgrade();
      case endpoint::health:
        return ask_health();
      default:
        if (is_full()) return write_answer(answer_overloaded());
        if (!request_.idempotency_key.empty()) return dispatch_once();
        return submit();
    }
  }

  void ask_health() {
    if (const gateway_answer* const known = hub_->health.find(clock::now())) return write_answer(*known);
    auto told = std::make_shared<answer_wait<http_connection>>(weak_from_this());
    if (hub_->health.begin(told)) return submit();
    wait_for(std::move(told));
  }

  void dispatch_once() {
    digest request{};
    if (const auto refused = identify(request_, content_, request)) return write_answer(*refused);
    key_ = key_of(*hub_, request_, request);
    const gateway_answer* kept = nullptr;
    std::uint32_t retry_after = 1;
    auto told = std::make_shared<answer_wait<http_connection>>(weak_from_this());
    const idempotent_start started =
        hub_->answers.start(request_.who->key(), key_.name, request, told, clock::now(), kept, retry_after);
    switch (started) {
      case idempotent_start::execute:
        is_first_ = true;
        return submit();
      case idempotent_start::replay:
        return write_answer(is_withheld(*kept, request_) ? answer_withheld() : *kept);
      case idempotent_start::wait:
        return wait_for(std::move(told));
      default:
        return write_answer(refuse_start(started, retry_after));
    }
  }

  void wait_for(std::shared_ptr<answer_listener> told) {
    wait_ = std::move(told);
    step_ = step::waiting;
    wait(hub_->options.request_limit);
  }

  // Executing.

  void submit() {
    step_ = step::working;
    by_ = deadline::after(hub_->options.request_limit);
    until_ = request_.where == endpoint::health ? nullptr : std::make_shared<interruption>();
    hub_->for_requests->submit(shared_from_this());
    if (until_) watch_peer();
  }

  /// Sees the peer go while its statements run; not when it has sent more, for that would have to be read.
  void watch_peer() {
    // What the socket has no more may be in TLS.
    stream_.is_encrypted() ? judge(stream_.look()) : watch(gateway_stream::wait_type::wait_read);
  }
  void watch(gateway_stream::wait_type what) {
    stream_.wait(what, [self = shared_from_this(), until = until_, what](const std::error_code& ec) {
      if (ec || self->until_ != until) return;
      self->judge(what == gateway_stream::wait_type::wait_read ? self->stream_.look() : peer_sight::lost);
    });
  }
  void judge(peer_sight what) {
    if (what == peer_sight::more) return;
    if (what == peer_sight::nothing) return watch(gateway_stream::wait_type::wait_read);
    if (what == peer_sight::ended && hub_->options.answers_half_closed) {
      // The end of its sending will be there for ever: from here on only a reset is looked for.
      return watch(gateway_stream::wait_type::wait_error);
    }
    has_gone_ = true;
    hub_->interrupt(until_);
  }

  void worked() {
    if (until_) {
      until_.reset();
      stream_.cancel();
    }
    if (answer_.status == 500 && answer_.body.empty()) {
      answer_ = refusal(failure_class{500, codes::internal}, "the gateway failed");
    }
    if (request_.where == endpoint::health) hub_->health.finish(answer_, clock::now());
    if (std::exchange(is_first_, false)) hub_->answers.finish(key_.name, answer_, clock::now());
    if (has_gone_) return end();
    write_answer(std::exchange(answer_, {}));
  }

  // Writing.

  void refuse(http1::problem why) {
    const unsigned status = http1::status_for(why);
    refuse(status, code_of_status(status), http1::text_of(why));
  }
  /// Where the request ends is not known: the connection cannot go on.
  void refuse(unsigned status, std::string_view code, std::string_view words) {
    if (request_.id.empty()) request_.id = new_request_id();
    is_ending_ = true;
    write_answer(refusal(status, code, words));
  }

  void write_answer(const gateway_answer& answer) {
    step_ = step::writing;
    is_ending_ = is_ending_ || !request_.keep_alive || is_stopping_;
    hub_->counters.saw_answer(request_.where, answer.status, clock::now() - since_, answer.is_replayed);
    output_.clear();
    if (!write_head(output_, request_, answer, is_ending_)) return end();
    if (answer.status != 204 && !request_.is_head) output_.append(answer.body);
    share_.set(output_.size());
    has_last_limit_ = is_stopping_;  // from here on it is bounded by itself
    wait(is_stopping_ ? (std::min)(hub_->options.write_limit, hub_->options.stop_grace) : hub_->options.write_limit);
    stream_.write(output_.view(),
                  [self = shared_from_this()](const std::error_code& ec, std::size_t) { self->has_written(ec); });
  }

  void has_written(const std::error_code& ec) {
    if (step_ != step::writing) return;
    if (ec) return end();
    if (output_.capacity() > kept_memory) output_.release();
    share_.set(0);
    if (is_ending_ || is_stopping_) return linger();
    begin_request();
  }

  /// Says goodbye, and lets the answer arrive.
  void linger() {
    step_ = step::lingering;
    has_last_limit_ = true;
    wait(lingering::turn);
    stream_.end_sending([self = shared_from_this()](const std::error_code& ec, std::size_t) {
      if (self->step_ == step::lingering) self->linger_on(ec, 0);
    });
  }
  void linger_on(const std::error_code& ec, std::size_t bytes) {
    input_.clear();
    if (ec || !lingering_.take(bytes) || !input_.prepare(lingering::at_once)) return end();
    read_some();
  }

  void upgrade() {
    output_.clear();
    if (!write_upgrade(output_, request_)) return end();
    step_ = step::over;
    hub_->counters.saw_answer(request_.where, 101, clock::now() - since_, false);
    input_.consume(std::exchange(used_, 0));
    auto made = std::make_shared<socket_connection>(*hub_, std::move(stream_), *std::move(request_.who),
                                                    std::move(output_), input_.committed());
    hub_->adopt(made);
    hub_->forget(*this);
    made->start();
    if (is_stopping_) made->stop();  // when its answer is written
  }

  // Time and the end.

  void wait(clock::duration limit) {
    timer_.expires_after(limit);
    timer_.async_wait([self = shared_from_this(), turn = ++turn_](const std::error_code& ec) {
      if (!ec && turn == self->turn_) self->time_is_over();
    });
  }

  void time_is_over() {
    switch (step_) {
      case step::reading:  // no two reads at once: the one under way ends first, and sees it
        is_late_ = true;
        return stream_.cancel();
      case step::waiting:
        wait_.reset();
        return write_answer(request_.where == endpoint::health ? answer_overloaded()
                                                               : refuse_start(idempotent_start::conflict, 1));
      case step::working:
        return;
      case step::greeting:
        hub_->counters.failed_handshakes.fetch_add(1, std::memory_order_relaxed);
        return end();
      case step::lingering:
        return lingering_.goes_on() && !is_stopping_ ? wait(lingering::turn) : end();
      default:
        return end();
    }
  }

  void end() {
    if (std::exchange(step_, step::over) == step::over) return;
    timer_.cancel();
    wait_.reset();
    stream_.close();
    hub_->forget(*this);
  }

  gateway_hub* hub_;
  gateway_stream stream_;
  asio::steady_timer timer_;
  std::string peer_;
  http1::limits bounds_;
  http1::request_reader reader_;
  std::optional<http1::body_collector> body_;
  std::optional<http1::body_reader> skipped_;  // instead of body_: of a request that is refused, or needs none
  read_buffer input_;
  byte_buffer output_;
  memory_share share_;
  lingering lingering_;
  gateway_request request_;
  std::optional<gateway_answer> early_;
  gateway_answer answer_;
  std::shared_ptr<answer_listener> wait_;  // while it waits for an answer, and for this one only
  std::shared_ptr<interruption> until_;    // while its statements run
  request_key key_;
  std::string_view content_;
  deadline by_;
  clock::time_point since_{};
  std::size_t used_ = 0;
  std::uint64_t turn_ = 0;
  step step_ = step::idle;
  bool is_first_read_ = true;
  bool is_late_ = false;
  bool is_first_ = false;
  bool is_stopping_ = false;
  bool is_ending_ = false;
  bool has_last_limit_ = false;
  bool has_gone_ = false;
};

}  // namespace dovetail::inline v0::workersql::serving
