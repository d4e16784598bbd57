// An operation as a dialogue: its requests one after the other, each answered before the next is sent.
#pragma once

#include <dovetail/codec/lensdb/exchange.hpp>
#include <dovetail/codec/lensdb/operations.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::lensdb {

namespace detail {

/// Says which of many requests failed, counted as the caller gave them; those before it in its share were executed,
/// those behind it were not sent.
template <class Operation>
error_info placed(const Operation& asked, error_info why, std::size_t position) {
  std::size_t total = asked.request_count();
  if constexpr (requires { asked.share; }) {
    position += asked.share.before;
    if (asked.share.total != 0) total = asked.share.total;
  }
  if (total == 1) return why;
  std::string context = "request " + std::to_string(position + 1) + " of " + std::to_string(total);
  if (!why.context().empty()) context.append(": ").append(why.context());
  return why.with_context(std::move(context));
}

/// Why an operation must not begin: everything that can be refused is refused before the first byte of its first
/// request, and by a client before it takes a connection.
template <dialect D, class Operation>
error_info refusal_of_all(const session_limits& limits, const Operation& asked) {
  if constexpr (requires { asked.refused; }) {
    if (asked.refused) return asked.refused;
  }
  for (std::size_t i = 0; i < asked.request_count(); ++i) {
    if constexpr (requires { asked.entries; }) {
      if (asked.entries[i].refused) return placed(asked, asked.entries[i].refused, i);
    }
    if (error_info why = refusal<D>(limits, asked.request(i))) return placed(asked, std::move(why), i);
  }
  return {};
}

}  // namespace detail

/// Drives one operation. Lifetime: session and operation are borrowed until the dialogue is over.
/// Errors: those of `exchange`, the server's status, or a value that is not of its type (the connection stays usable).
/// Cancellation: the session is desynchronised afterwards, unless nothing was sent.
template <dialect D, class Operation>
class perform {
 public:
  using value_type = typename Operation::value_type;

  perform(session_state& session, const Operation& asked) : session_(&session), asked_(&asked) {}

  action resume(const event& ev) {
    switch (step_) {
      case step::start:
        if (ev.cancelled) return fail(errc::cancelled);
        if (error_info why = detail::refusal_of_all<D>(session_->limits(), *asked_)) return fail(std::move(why));
        if (asked_->request_count() == 0) return action::done();
        return begin();
      case step::exchanging:
        return after(exchange_->resume(ev));
      case step::closing:
        if (ev.cancelled) return fail(place(errc::cancelled));
        step_ = step::connecting;  // whatever the close said: the peer has ended the stream before
        return action::connect();
      case step::connecting:
        if (ev.cancelled) return fail(place(errc::cancelled));
        if (ev.ec) return fail(place(ev.ec));
        session_->set_health(session_health::idle);
        return begin();
    }
    return action::done(errc::invalid_state);
  }

  value_type value() && {
    if constexpr (!std::is_void_v<value_type>) return std::move(value_);
  }

  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  using stored = std::conditional_t<std::is_void_v<value_type>, char, value_type>;

  enum class step : std::uint8_t { start, exchanging, closing, connecting };

  action begin() {
    step_ = step::exchanging;
    exchange_.emplace(*session_, asked_->request(position_));
    return after(exchange_->resume({}));
  }

  action after(const action& next) {
    if (next.what() != verb::done) return next;
    if (next.error()) return fail(place(exchange_->failure(next.error())));
    if (error_info wrong = accept(exchange_->reply())) return fail(place(std::move(wrong)));
    if (++position_ == asked_->request_count()) return next;
    if constexpr (D::reply_ends_with_stream) {
      step_ = step::closing;  // one request a connection
      return action::close();
    } else {
      return begin();
    }
  }

  error_info accept(const parsed_reply& reply) {
    if constexpr (std::is_void_v<value_type>) {
      return asked_->accept(position_, reply);
    } else {
      return asked_->accept(position_, reply, value_);
    }
  }

  action fail(error_info why) {
    failure_ = std::move(why);
    return action::done(failure_.code());
  }

  error_info place(error_info why) const { return detail::placed(*asked_, std::move(why), position_); }

  session_state* session_;
  const Operation* asked_;
  std::optional<exchange<D>> exchange_;
  step step_ = step::start;
  std::size_t position_ = 0;
  stored value_{};
  error_info failure_;
};

}  // namespace dovetail::inline v0::lensdb
