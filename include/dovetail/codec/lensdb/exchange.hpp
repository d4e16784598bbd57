// One request and its reply: the dialogue that every LensDB operation is made of.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/lensdb/session_state.hpp>
#include <dovetail/format/lensdb/frame.hpp>
#include <dovetail/format/lensdb/parse.hpp>
#include <dovetail/sansio/machine.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::lensdb {

namespace detail {

/// Why this request must not be sent over this session; no failure when it may.
/// The real server has no framing: what is larger than its receive buffer is executed in pieces or not at all, and
/// SETEX ends its thread. So the rules are kept here, before a byte is sent.
template <dialect D>
error_info refusal(const session_limits& limits, const any_request& asked) {
  const auto refuse = [&asked](errc code, std::string why) {
    return error_info{code, std::string{name_of(asked.code)} + ": " + std::move(why)};
  };
  if (!D::type_of(asked.code)) {
    return refuse(errc::operation_unsupported, "the dialect " + std::string{D::name} + " does not have it");
  }
  if (asked.code == operation::setex && !limits.has_setex) {
    return refuse(
        errc::operation_unsupported,
        "the LensDB server never answers it; add ?setex=true to the connection string for a server that does");
  }
  if (uses_key(asked.code)) {
    if (asked.key.empty() && asked.code != operation::exists) return refuse(errc::invalid_key, "the key is empty");
    if (asked.key.size() > D::key_size_limit) {
      return refuse(errc::invalid_key, "the key has " + std::to_string(asked.key.size()) + " bytes, and at most " +
                                           std::to_string(D::key_size_limit) + " are allowed");
    }
  }
  const std::size_t bytes = frame_size<D>(asked);
  if (asked.value.size() > D::value_size_limit || bytes > limits.request) {
    return refuse(errc::request_too_large, "the request has " + std::to_string(bytes) + " bytes, and requestLimit is " +
                                               std::to_string(limits.request) + " (a value may have " +
                                               std::to_string(D::value_size_limit) + ")");
  }
  return {};
}

/// The text of a reply whose frame is wrong.
inline std::string text_of(frame_error error) {
  return "the peer's reply is no LensDB reply: " + std::string{name_of(error)};
}

}  // namespace detail

/// Sends one request in one write and reads its reply exactly. Replies carry no number, so one too many would answer
/// the next request: before a request is sent it looks whether something has come already, and the reply is read with
/// room for more than it. What comes between the look and the request's own reply cannot be told from that reply.
/// Errors: what the request was refused for; `errc::outcome_unknown` when a request that changes the store was sent and
/// no good reply came; errc::malformed_frame, errc::frame_too_large, errc::unexpected_message (bytes behind the reply,
/// or before the request, which is not sent then), or the transport's own otherwise. A status is no error here: the
/// operation judges it.
/// Cancellation: the session is desynchronised afterwards (a late reply would answer the next request).
template <dialect D>
class exchange {
 public:
  using value_type = parsed_reply;  // borrows from the session until its next dialogue

  exchange(session_state& session, const any_request& asked);

  action resume(const event& ev) {
    switch (step_) {
      case step::start:
        return begin(ev);
      case step::looking:
        if (ev.cancelled || ev.ec) return stop(ev);
        if (ev.bytes != 0)
          return lose(errc::unexpected_message, "it was not sent, as bytes came that nobody asked for");
        return write();
      case step::writing:
        sent_whole_ = !ev.ec || ev.bytes >= session_->output().size();
        if (ev.cancelled || ev.ec) return stop(ev);
        if constexpr (D::reply_ends_with_stream) {
          step_ = step::ending_request;
          return action::shutdown_write();
        } else {
          return read(D::reply_header_size);
        }
      case step::ending_request:
        if (ev.cancelled || ev.ec) return stop(ev);
        return read(D::reply_header_size);
      case step::reading:
        return take(ev);
      case step::over:
        break;
    }
    return action::done(errc::invalid_state);
  }

  parsed_reply value() && noexcept { return reply_; }
  const parsed_reply& reply() const noexcept { return reply_; }

  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  enum class step : std::uint8_t { start, looking, writing, ending_request, reading, over };

  action begin(const event& ev);

  action write() {
    step_ = step::writing;
    return action::write(session_->output());
  }

  action read(std::size_t bytes);

  action take(const event& ev);

  action complete(session_health health) {
    session_->set_health(health);
    step_ = step::over;
    return action::done();
  }

  action finish(error_info failure);

  /// The transport failed, time was over, or the caller does not want the reply any more.
  action stop(const event& ev);

  action lose(std::error_code ec, const std::string& why);

  session_state* session_;
  operation code_;
  step step_ = step::start;
  bool sent_whole_ = false;
  parsed_reply reply_{};
  error_info failure_;
};

template <dialect D>
exchange<D>::exchange(session_state& session, const any_request& asked) : session_(&session), code_(asked.code) {
  failure_ = detail::refusal<D>(session.limits(), asked);
  if (failure_) return;
  session.output().resize(frame_size<D>(asked));
  frame<D>(asked, session.output());
}

template <dialect D>
action exchange<D>::begin(const event& ev) {
  if (failure_) return finish(failure_);
  if (ev.cancelled) return finish(errc::cancelled);
  if (session_->health() != session_health::idle) {
    return finish({errc::invalid_state, "the LensDB session is not open, or its last dialogue broke"});
  }
  session_->forget_reply();
  session_->set_health(session_health::desynchronised);  // until the whole reply is here
  if constexpr (D::reply_ends_with_stream) {
    return write();  // the first request of its connection, and the last
  } else {
    if (!session_->input().prepare(1)) return lose(errc::frame_too_large, "there is no room for a reply");
    step_ = step::looking;
    return action::look(session_->input().free());
  }
}

template <dialect D>
action exchange<D>::read(std::size_t bytes) {
  step_ = step::reading;
  // With room for one byte more: what comes behind the reply is seen, however the buffer has grown.
  if (!session_->input().prepare(bytes + 1)) return lose(errc::frame_too_large, "the reply is larger than the limit");
  return action::read(session_->input().free());
}

template <dialect D>
action exchange<D>::take(const event& ev) {
  session_->input().commit(ev.bytes);
  if (ev.cancelled) return stop(ev);
  const bool has_ended = ev.ec == errc::connection_closed;
  if (ev.ec && !(D::reply_ends_with_stream && has_ended)) return stop(ev);
  const byte_view bytes = session_->input().committed();
  reply_ = parse_reply<D>(bytes);
  if (reply_.error != frame_error::none && reply_.error != frame_error::incomplete) {
    return lose(errc::malformed_frame, detail::text_of(reply_.error));
  }
  if (reply_.has_header) {
    const session_limits& limits = session_->limits();
    // Without a length in the header the data is what has come behind the message so far.
    const std::size_t data = D::reply_ends_with_stream ? reply_.data.size() : std::size_t{reply_.header.data_size};
    if (data > limits.reply_data || reply_.header.message_size > limits.reply_message) {
      return lose(errc::frame_too_large,
                  std::string{D::reply_ends_with_stream ? "the reply has at least " : "the reply announces "} +
                      std::to_string(data) + " + " + std::to_string(reply_.header.message_size) + " bytes");
    }
  }
  if constexpr (D::reply_ends_with_stream) {
    if (!has_ended) return read(1);
    if (reply_.error == frame_error::incomplete) return stop(ev);
    return complete(session_health::closed);  // the stream is over in both directions
  } else {
    if (!reply_.has_header) return read(D::reply_header_size - bytes.size());
    if (reply_.error == frame_error::incomplete) return read(static_cast<std::size_t>(reply_.size) - bytes.size());
    if (bytes.size() > reply_.size) {
      return lose(errc::unexpected_message, "more bytes came than one reply, so it may answer another request");
    }
    // How many replies a malformed request gets is unknown (V41): nothing that is read later can be trusted.
    return complete(reply_.status == status::invalid_message ? session_health::desynchronised : session_health::idle);
  }
}

template <dialect D>
action exchange<D>::finish(error_info failure) {
  failure_ = std::move(failure);
  step_ = step::over;
  return action::done(failure_.code());
}

template <dialect D>
action exchange<D>::stop(const event& ev) {
  if (ev.cancelled) {
    if (sent_whole_ && changes_the_store(code_)) {
      return finish({errc::cancelled, std::string{name_of(code_)} + " was sent before, and may have been executed"});
    }
    return finish(errc::cancelled);
  }
  if (ev.ec != errc::deadline_passed) session_->set_health(session_health::closed);
  return lose(ev.ec, ev.ec.message());
}

template <dialect D>
action exchange<D>::lose(std::error_code ec, const std::string& why) {
  const std::string name{name_of(code_)};
  if (sent_whole_ && changes_the_store(code_)) {
    return finish({errc::outcome_unknown, name + " was sent and may have been executed (" + why + ")"});
  }
  if (ec == errc::malformed_frame || ec == errc::frame_too_large || ec == errc::unexpected_message) {
    return finish({ec, name + ": " + why});
  }
  return finish(ec);  // the driver adds who the peer is
}

}  // namespace dovetail::inline v0::lensdb
