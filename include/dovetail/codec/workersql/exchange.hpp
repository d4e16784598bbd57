// One request and its answer over a kept-alive HTTP/1.1 connection: the dialogue that every operation is made of.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/workersql/asked_pause.hpp>
#include <dovetail/codec/workersql/errc.hpp>
#include <dovetail/codec/workersql/final_head.hpp>
#include <dovetail/codec/workersql/idle_check.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/format/http1/body_collector.hpp>
#include <dovetail/format/http1/response_reader.hpp>
#include <dovetail/sansio/machine.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql {

/// What came back. Lifetime: borrows from the session until its next dialogue.
struct http_answer {
  unsigned status = 0;
  std::string_view body{};
  std::string_view request_id{};  ///< X-Request-ID, for the gateway's people
  bool is_write = false;          ///< of a statement that may have been executed, whatever the answer
  bool had_key = true;            ///< the request said who asks
};

/// What an exchange sends besides the session's body.
struct http_request {
  endpoint_kind what = endpoint_kind::query;
  bool is_write = false;   ///< when its answer is lost, nobody knows what happened
  std::string_view key{};  ///< Idempotency-Key; empty: none. Lifetime: until the request is written.
  /// The dialogue ends when something of a body has come, and goes on with `more()`; the body may have any size.
  bool is_streamed = false;
};

/// Sends the session's body as one request, in one write, and reads the whole answer. Before that it looks whether the
/// connection is still good, and opens it again when it is not (`idle_check`). Answers of 1xx are passed over;
/// redirects are not followed; a connection that the gateway wants to close is closed in health when the answer is
/// here. Errors: `errc::outcome_unknown` when a write was sent and no answer came; gateway_errc::not_a_gateway for what
/// is no HTTP (RFC 9112); errc::frame_too_large beyond `responseLimit`; the transport's own otherwise. A status is no
/// error here. Cancellation: the session is desynchronised afterwards, unless nothing was sent.
/// A streamed answer of success is read as its bytes are wanted: until `has_all()` the session is desynchronised. One
/// of failure is read whole.
/// An answer that comes while a large body is sent ends the sending (RFC 9112 section 9.3), and one that came before
/// the peer refused the rest is read: a gateway that does not want so much says so, and closes. The connection is of no
/// use afterwards.
class exchange {
 public:
  using value_type = http_answer;

  exchange(session& on, const http_request& asked)
      : on_(&on), asked_(asked), idle_(on), head_(http1::request_kind::ordinary, bounds()) {}

  action resume(const event& ev) {
    switch (step_) {
      case step::checking:
        return check(ev);
      case step::writing:
        return wrote(ev);
      case step::reading:
        return take(ev);
      case step::pausing:
      case step::over:
        break;
    }
    return action::done(dovetail::errc::invalid_state);
  }

  http_answer value() && noexcept { return answer_; }
  const http_answer& answer() const noexcept { return answer_; }

  /// For a streamed answer, once the dialogue has ended well: the body comes in pieces.
  bool is_streamed() const noexcept { return asked_.is_streamed; }
  /// The last byte of the body is here.
  bool has_all() const noexcept { return step_ == step::over; }
  /// What is here of the body, less what was forgotten. Lifetime: until `forget()` or `more()`.
  std::string_view content() const noexcept { return as_text(on_->input().committed().first(body_->size())); }
  /// The first `bytes` of it are done with.
  void forget(std::size_t bytes) noexcept {
    body_->forget(bytes);
    on_->input().consume(bytes);
  }
  /// Reads on, until there is more of the body or `has_all()`: `resume()` tells. Not when it has all.
  action more() {
    had_ = body_->size();
    return take_body(false);
  }
  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  enum class step : std::uint8_t { checking, writing, reading, pausing, over };

  action check(const event& ev) {
    const action next = idle_.resume(ev);
    if (next.what() != verb::done) return next;
    return next.error() ? finish(idle_.failure(next.error())) : begin();
  }
  http1::limits bounds() const noexcept {
    http1::limits most = on_->limits();
    if (asked_.is_streamed) {
      most.body = (std::numeric_limits<std::uint64_t>::max)();
      most.chunk_overhead = (std::numeric_limits<std::size_t>::max)();  // of so many chunks as come
    }
    return most;
  }
  action begin();
  action write();
  action wrote(const event& ev);
  action read(std::size_t bytes);
  action take(const event& ev);
  action take_head();
  action take_body(bool has_ended);
  void note_fields(const http1::response_head& head);

  action finish(error_info failure) {
    failure_ = std::move(failure);
    step_ = step::over;
    return action::done(failure_.code());
  }
  [[gnu::cold]] action stop(const event& ev);
  [[gnu::cold]] action lose(std::error_code ec, std::string_view why);

  /// The peer's bytes are refused.
  action lose_to(http1::problem why, std::string_view text) {
    const bool is_size = why == http1::problem::body_too_large;
    return lose(
        is_size ? make_error_code(dovetail::errc::frame_too_large) : make_error_code(gateway_errc::not_a_gateway),
        text);
  }

  session* on_;
  http_request asked_;
  idle_check idle_;
  step step_ = step::checking;
  bool was_sent_ = false;  // all of it
  bool keeps_alive_ = false;
  std::size_t written_ = 0;
  std::error_code broken_by_;  // what ended the sending, until the answer has begun
  final_head head_;
  std::optional<http1::body_collector> body_;
  std::size_t had_ = 0;  // of a streamed body, when more was asked for
  http_answer answer_;
  error_info failure_;
};

inline action exchange::begin() {
  byte_buffer& out = on_->output();
  out.clear();
  on_->input().clear();
  out.append(on_->head_of(asked_.what));
  const bool has_body = asked_.what != endpoint_kind::health;
  if (!asked_.key.empty()) {
    for (const std::string_view part : {std::string_view{"Idempotency-Key: "}, asked_.key, std::string_view{"\r\n"}}) {
      out.append(part);
    }
  }
  asked_.key = {};
  if (has_body) {
    const dovetail::detail::number_text size{on_->body().size()};
    for (const std::string_view part :
         {std::string_view{"Content-Length: "}, std::string_view{size}, std::string_view{"\r\n\r\n"}}) {
      out.append(part);
    }
    out.append(std::string_view{on_->body()});
  } else {
    out.append(std::string_view{"\r\n"});
  }
  on_->set_asked_pause({});
  on_->request_id().clear();
  on_->set_health(session_health::desynchronised);  // until the whole answer is here
  return write();
}

/// What fits into the buffers on its way is gone at once.
inline action exchange::write() {
  constexpr std::size_t large = 64 * 1024;
  step_ = step::writing;
  const byte_view rest = on_->output().view().subspan(written_);
  if (on_->output().size() < large) return action::write(rest);
  if (!on_->input().prepare(1)) return lose(dovetail::errc::frame_too_large, "the answer is larger than responseLimit");
  return action::exchange(rest, on_->input().free());
}

inline action exchange::wrote(const event& ev) {
  on_->input().commit(ev.received);
  written_ += (std::min)(ev.bytes, on_->output().size() - written_);
  if (!ev.ec && ev.received == 0 && !ev.cancelled) written_ = on_->output().size();
  was_sent_ = written_ == on_->output().size();
  if (ev.cancelled || ev.ec == dovetail::errc::deadline_passed) return stop(ev);
  broken_by_ = ev.ec;
  return ev.received == 0 ? read(1) : take_head();
}

inline action exchange::read(std::size_t bytes) {
  constexpr std::size_t most_at_once = 1024 * 1024;  // a length is the peer's word: memory follows what has come
  constexpr std::size_t streamed_at_once = 64 * 1024;
  step_ = step::reading;
  if (!on_->input().prepare(asked_.is_streamed ? streamed_at_once : (std::min)(bytes, most_at_once))) {
    return lose(dovetail::errc::frame_too_large, "the answer is larger than responseLimit");
  }
  return action::read(on_->input().free());
}

inline action exchange::take(const event& ev) {
  on_->input().commit(ev.bytes);
  if (ev.cancelled) return stop(ev);
  const bool has_ended = ev.ec == dovetail::errc::connection_closed;
  if (ev.ec && !(has_ended && body_)) {
    const bool is_silent = broken_by_ && ev.ec != dovetail::errc::deadline_passed;
    return stop(is_silent ? event{.ec = broken_by_} : ev);
  }
  return body_ ? take_body(has_ended) : take_head();
}

inline action exchange::take_head() {
  http1::response_head head;
  const final_head_reading got = head_.read(on_->input(), head);
  if (got.state == http1::progress::failed) return lose_to(got.why, got.text);
  if (got.state == http1::progress::need_more) return was_sent_ || broken_by_ ? read(1) : write();
  broken_by_ = {};
  if (head.body.kind == http1::framing::tunnel) {
    return lose(make_error_code(gateway_errc::not_a_gateway), "the peer switches to a protocol that nobody asked for");
  }
  note_fields(head);
  if (asked_.is_streamed && head.status / 100 != 2) {
    asked_.is_streamed = false;
    const bool is_too_large = head.body.kind == http1::framing::length && head.body.length > on_->limits().body;
    if (is_too_large) return lose(dovetail::errc::frame_too_large, http1::text_of(http1::problem::body_too_large));
  }
  body_.emplace(head.body, bounds());
  on_->input().consume(got.size);
  return take_body(false);
}

inline void exchange::note_fields(const http1::response_head& head) {
  answer_.status = head.status;
  answer_.is_write = asked_.is_write;
  answer_.had_key = !on_->options().api_key.empty();
  keeps_alive_ = head.keep_alive && was_sent_;
  if (const auto id = head.fields.find("X-Request-ID")) on_->request_id() = id->substr(0, 128);
  if (head.fields.find("Idempotency-Key")) on_->note_key_echo();
  note_asked_pause(*on_, head);
}

inline action exchange::take_body(bool has_ended) {
  if (has_ended) {
    if (const http1::problem why = body_->end_of_stream(); why != http1::problem::none) {
      on_->set_health(session_health::closed);
      return lose(dovetail::errc::connection_closed, http1::text_of(why));
    }
  }
  const http1::body_progress got = body_->collect(on_->input().filled());
  if (asked_.is_streamed && got.state != http1::progress::complete && got.content.size() > had_) {
    step_ = step::pausing;  // what came in front of a failure is given first
    return action::done();
  }
  if (got.state == http1::progress::failed) return lose_to(got.why, http1::text_of(got.why));
  if (got.state == http1::progress::need_more) {
    on_->input().truncate(body_->compact(on_->input().filled()));  // what stands between chunks is no part of the limit
    return read(got.wanted);
  }
  answer_.body = as_text(got.content);
  answer_.request_id = on_->request_id();
  // Bytes behind the answer were not asked for: what is read later could answer anything.
  const bool is_clean = on_->input().committed().size() == got.used;
  on_->set_health(!is_clean                    ? session_health::desynchronised
                  : keeps_alive_ && !has_ended ? session_health::idle
                                               : session_health::closed);
  step_ = step::over;
  if (asked_.is_write && (answer_.status == 502 || answer_.status == 504) && !answer_.body.starts_with('{')) {
    return lose(make_error_code(gateway_errc::unavailable), "a proxy lost the gateway's answer");
  }
  return action::done();
}

inline action exchange::stop(const event& ev) {
  if (ev.cancelled) {
    if (was_sent_ && asked_.is_write) {
      return finish({dovetail::errc::cancelled, "the statement was sent before, and may have been executed"});
    }
    return finish(dovetail::errc::cancelled);
  }
  if (ev.ec != dovetail::errc::deadline_passed) on_->set_health(session_health::closed);
  return lose(ev.ec, ev.ec.message());
}

inline action exchange::lose(std::error_code ec, std::string_view why) {
  if (was_sent_ && asked_.is_write) {
    std::string words{"the statement was sent and may have been executed ("};
    words.append(why).append(")");
    return finish({dovetail::errc::outcome_unknown, std::move(words)});
  }
  const bool is_ours = ec == dovetail::errc::frame_too_large || ec.category() == category();
  return is_ours ? finish({ec, std::string{why}}) : finish(ec);  // the driver adds who the peer is
}

static_assert(value_machine<exchange>);

}  // namespace dovetail::inline v0::workersql
