// The server's side of a LensDB connection as the real server has it: without framing, for tests of clients.
#pragma once

#include <dovetail/codec/lensdb/answer.hpp>
#include <dovetail/codec/lensdb/serve_rules.hpp>
#include <dovetail/sansio/machine.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0::lensdb {

/// Takes what one recv gives as one request, answers it once, and forgets the rest of it; never closes. In particular:
/// * a request that comes in pieces, or is larger than `receive_size`, gets an error for each piece;
/// * of requests that come together only the first is executed;
/// * SETEX is never answered, and neither is anything after it on its connection;
/// * SET into a full store waits, without an answer, until there is room, even when its client has gone;
/// * after the peer's end the pending request is answered, and the connection stays open in silence, for a while.
/// Speaks lens_v1 only. Turns, `is_over()` and the rest: as `serve_exact`.
class serve_per_recv {
 public:
  serve_per_recv(store& keys, const serve_rules& rules, serve_counters& counters)
      : store_(&keys), rules_(&rules), counters_(&counters), input_(rules.receive_size) {}

  action resume(const event& ev) {
    if (ev.cancelled) return end();
    switch (step_) {
      case step::start:
        return read();
      case step::reading:
        if (ev.ec == errc::connection_closed) return fall_silent();
        if (ev.ec) return end(ev.ec);
        received_ = ev.bytes;
        return answer_chunk();
      case step::waiting_for_room:
        if (ev.ec) return end(ev.ec);
        return answer_chunk();
      case step::writing:
        if (ev.ec) return end(ev.ec);
        output_.clear();
        step_ = step::start;
        return action::done();
      case step::deaf:
        if (ev.ec) return end(ev.ec);
        return action::wait(std::chrono::hours{24});
    }
    return end();
  }

  bool is_over() const noexcept { return is_over_; }
  bool is_idle() const noexcept { return step_ != step::writing; }
  bool is_deaf() const noexcept { return step_ == step::deaf || step_ == step::waiting_for_room; }
  bool is_ending() const noexcept { return false; }
  bool has_died() const noexcept { return step_ == step::deaf; }

 private:
  enum class step : std::uint8_t { start, reading, waiting_for_room, writing, deaf };

  action read() {
    step_ = step::reading;
    return action::read(input_);
  }

  action answer_chunk() {
    const byte_view bytes{input_.data(), received_};
    const parsed_request asked = parse_request<lens_v1>(bytes);
    const auto write = [this](const reply& said) { detail::append_reply<lens_v1>(output_, said); };
    if (asked.error != frame_error::none) {
      counters_->refused.fetch_add(1, std::memory_order_relaxed);
      const std::string text = detail::complaint<lens_v1>(asked.error, bytes);
      write({.status = status::invalid_message, .data = {}, .message = text});
    } else if (asked.code == operation::setex) {
      return fall_silent();
    } else {
      answer(*store_, asked, rules_->now(), [&](const reply& said) {
        if (said.status != status::storage_full) write(said);
      });
      if (output_.empty()) {
        step_ = step::waiting_for_room;
        return action::wait(std::chrono::milliseconds{1});
      }
      counters_->requests.fetch_add(1, std::memory_order_relaxed);
    }
    step_ = step::writing;
    return action::write(output_);
  }

  /// The thread of the connection dies: from the next turn on bytes are not even read.
  action fall_silent() {
    step_ = step::deaf;
    return action::done();
  }

  action end(std::error_code ec = {}) {
    is_over_ = true;
    return action::done(ec);
  }

  store* store_;
  const serve_rules* rules_;
  serve_counters* counters_;
  std::vector<std::byte> input_;
  std::vector<std::byte> output_;
  std::size_t received_ = 0;
  step step_ = step::start;
  bool is_over_ = false;
};

static_assert(machine<serve_per_recv>);

}  // namespace dovetail::inline v0::lensdb
