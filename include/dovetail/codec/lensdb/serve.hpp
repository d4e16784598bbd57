// The server's side of a LensDB connection with exact framing, in either dialect, as a dialogue.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/codec/lensdb/answer.hpp>
#include <dovetail/codec/lensdb/serve_rules.hpp>
#include <dovetail/format/lensdb/ldbd_v1.hpp>
#include <dovetail/sansio/machine.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0::lensdb {

/// Answers requests. The magic number of the first one decides the dialect of the connection. One turn is: read until
/// there is something to answer, answer all that is there, write; then `resume` says done, and starts the next turn
/// when it is called again, until `is_over()`. What is malformed is answered in the real server's words. The connection
/// goes on where the frame's lengths can still be trusted (unknown type, key or value over the limit: the rest of the
/// frame is skipped). It ends where they cannot (wrong magic or version), when a frame announces more than
/// `discard_limit`, and when the stream ends inside a frame. An ended connection first writes its replies, ends its
/// half, and reads on until the peer ends too, because a socket that is closed with unread bytes would destroy the
/// replies that are under way. Back pressure: no request is looked at while `output_limit` bytes of replies wait to be
/// written. Cancellation: the connection is over; a reply may have been written in part.
class serve_exact {
 public:
  serve_exact(store& keys, const serve_rules& rules, serve_counters& counters)
      : store_(&keys),
        rules_(&rules),
        counters_(&counters),
        input_(lens_v1::request_header_size + rules.key_limit + rules.value_limit, 4096) {}

  action resume(const event& ev) {
    if (ev.cancelled) return end();
    switch (std::exchange(step_, step::start)) {
      case step::start:
        if (is_ending_) return end_gracefully();
        break;
      case step::reading:
        input_.commit(ev.bytes);
        has_ended_ = ev.ec == errc::connection_closed;
        if (ev.ec && !has_ended_) return end(ev.ec);
        break;
      case step::writing:
        if (ev.ec) return end(ev.ec);
        forget_output();
        forget_input();
        return has_ended_ && is_ending_ ? end() : action::done();
      case step::ending:
        if (ev.ec || has_ended_) return end();
        return discard();
      case step::discarding:
        discarded_ += ev.bytes;
        if (ev.ec || discarded_ > rules_->discard_limit) return end();
        return discard();
    }
    return work();
  }

  bool is_over() const noexcept { return is_over_; }

  /// Nothing of a request has come and nothing is left to write: closing now loses nothing.
  bool is_idle() const noexcept { return output_.empty() && input_.committed().empty() && to_skip_ == 0; }

  /// Are bytes that come not even read?
  static constexpr bool is_deaf() noexcept { return false; }

  /// Will nothing ever be answered any more, though the connection stays open?
  static constexpr bool has_died() noexcept { return false; }

  /// Only the end is left: do not wait for it as long as for a request.
  bool is_ending() const noexcept { return is_ending_; }

 private:
  enum class step : std::uint8_t { start, reading, writing, ending, discarding };
  enum class language : std::uint8_t { unknown, lens, ldbd };

  action work() {
    while (output_.size() < rules_->output_limit && !is_ending_ && take_one()) {
    }
    if (!output_.empty()) {
      step_ = step::writing;
      return action::write(output_);
    }
    if (is_ending_ || has_ended_) return end();
    step_ = step::reading;
    // A frame that is over the limit is skipped, never collected; so there is always room for one that is not.
    if (!input_.prepare(1)) return end(errc::frame_too_large);
    return action::read(input_.free());
  }

  /// Takes one request, or a part of what must be skipped, from the input; false when more bytes are needed.
  bool take_one() {
    const byte_view bytes = input_.committed();
    if (to_skip_ != 0) {
      const std::size_t skipped = static_cast<std::size_t>((std::min<std::uint64_t>)(to_skip_, bytes.size()));
      input_.consume(skipped);
      to_skip_ -= skipped;
      return skipped != 0;
    }
    if (bytes.empty()) return false;
    if (language_ == language::unknown && bytes.size() >= 4) {
      const std::uint32_t magic = load_big<std::uint32_t>(bytes.data());
      const bool is_ldbd = rules_->accepts_ldbd && (magic == ldbd_v1::magic || !rules_->accepts_lens);
      language_ = is_ldbd ? language::ldbd : language::lens;  // the one that is left says that the magic is wrong
    }
    return language_ == language::ldbd ? take_one<ldbd_v1>(bytes) : take_one<lens_v1>(bytes);
  }

  template <dialect D>
  bool take_one(byte_view bytes) {
    parsed_request asked = parse_request<D>(bytes);
    const bool is_over_limit = asked.has_header && (asked.header.key_size > rules_->key_limit ||
                                                    asked.header.value_size > rules_->value_limit);
    const bool is_readable = asked.error == frame_error::none || asked.error == frame_error::incomplete ||
                             asked.error == frame_error::over_limit;
    if (is_readable && is_over_limit) asked.error = frame_error::over_limit;
    switch (asked.error) {
      case frame_error::none:
        counters_->requests.fetch_add(1, std::memory_order_relaxed);
        answer(*store_, asked, rules_->now(), [this](const reply& said) { detail::append_reply<D>(output_, said); });
        input_.consume(static_cast<std::size_t>(asked.size));
        is_ending_ = D::reply_ends_with_stream;
        return true;
      case frame_error::incomplete:
        if (!has_ended_) return false;
        break;
      case frame_error::bad_number:
      case frame_error::over_limit:
        if (!asked.has_header && !has_ended_) return false;
        complain<D>(asked.error, bytes);
        to_skip_ = asked.size;
        is_ending_ = !asked.has_header || D::reply_ends_with_stream || asked.size > rules_->discard_limit;
        return true;
      case frame_error::bad_magic:
      case frame_error::bad_version:
        break;
    }
    complain<D>(asked.error, bytes);
    is_ending_ = true;
    return true;
  }

  template <dialect D>
  void complain(frame_error error, byte_view bytes) {
    counters_->refused.fetch_add(1, std::memory_order_relaxed);
    const std::string text = detail::complaint<D>(error, bytes);
    detail::append_reply<D>(output_, reply{.status = status::invalid_message, .data = {}, .message = text});
  }

  action end_gracefully() {
    step_ = step::ending;
    return action::shutdown_write();
  }

  action discard() {
    input_.clear();
    if (!input_.prepare(1)) return end();
    step_ = step::discarding;
    return action::read(input_.free());
  }

  action end(std::error_code ec = {}) {
    is_over_ = true;
    return action::done(ec);
  }

  /// Gives the memory of an unusually large reply back.
  void forget_output() {
    if (output_.capacity() > 4 * rules_->output_limit) {
      std::vector<std::byte>{}.swap(output_);
    } else {
      output_.clear();
    }
  }

  /// The same for an unusually large request: a connection may be idle for long.
  void forget_input() {
    if (input_.committed().empty() && input_.capacity() > 4 * rules_->output_limit) {
      input_ = read_buffer(input_.maximum());
    }
  }

  store* store_;
  const serve_rules* rules_;
  serve_counters* counters_;
  read_buffer input_;
  std::vector<std::byte> output_;
  std::uint64_t to_skip_ = 0;
  std::size_t discarded_ = 0;
  step step_ = step::start;
  language language_ = language::unknown;
  bool has_ended_ = false;
  bool is_ending_ = false;
  bool is_over_ = false;
};

static_assert(machine<serve_exact>);

}  // namespace dovetail::inline v0::lensdb
