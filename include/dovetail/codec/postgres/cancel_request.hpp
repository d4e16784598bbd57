// The dialogues that end something: a CancelRequest on a connection of its own, and the farewell of a session.
#pragma once

#include <dovetail/codec/postgres/connection_facts.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/codec/postgres/startup_message.hpp>
#include <dovetail/sansio/action.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace dovetail::inline v0::postgres {

/// Asks the server to cancel what another connection is doing, on a fresh stream to the same endpoint; over TLS when
/// that connection has it. The server does not say whether it did; it closes the stream, which is waited for: only
/// then does a late cancellation not hit the next statement.
/// Errors: the transport's own; errc::operation_unsupported without a key, or when TLS is refused.
/// Lifetime: copies what it needs of `facts`; borrows `how`.
class cancel_request {
 public:
  using value_type = void;

  cancel_request(const connection_facts& facts, const connect_options& how)
      : how_(&how), key_(facts.key), server_(facts.server), is_encrypted_(facts.is_encrypted) {}

  action resume(const event& ev);

  void value() && noexcept {}

 private:
  enum class step : std::uint8_t {
    start,
    connecting,
    asking_for_tls,
    awaiting_tls,
    starting_tls,
    writing,
    awaiting_end,
    closing
  };

  action start_tls() {
    step_ = step::starting_tls;
    return action::start_tls();
  }

  action ask();

  action close(std::error_code ec);

  const connect_options* how_;
  backend_key key_;
  std::size_t server_;
  bool is_encrypted_;
  step step_ = step::start;
  std::error_code outcome_;
  byte_buffer output_;
  std::array<std::byte, 16> answer_{};
};

/// Says goodbye (Terminate) and closes; a farewell that cannot be sent is no failure.
class terminate {
 public:
  using value_type = void;

  explicit terminate(connection_facts& facts) noexcept : facts_(&facts) {}

  action resume(const event& ev);

  void value() && noexcept {}

 private:
  enum class step : std::uint8_t { start, writing, closing };

  action close();

  connection_facts* facts_;
  step step_ = step::start;
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

DOVETAIL_DEFINE action cancel_request::resume(const event& ev) {
  if (step_ == step::closing) return action::done(outcome_);
  if (ev.cancelled) return close(make_error_code(errc::cancelled));
  switch (step_) {
    case step::start:
      if (key_.size == 0) return action::done(errc::operation_unsupported);
      step_ = step::connecting;
      return action::connect(server_, how_->connect_timeout);
    case step::connecting:
      if (ev.ec) return close(ev.ec);
      if (!is_encrypted_) return ask();
      if (how_->tls_negotiation == ssl_negotiation::direct) return start_tls();
      detail::write_ssl_request(output_);
      step_ = step::asking_for_tls;
      return action::write(output_.view());
    case step::asking_for_tls:
      if (ev.ec) return close(ev.ec);
      step_ = step::awaiting_tls;
      return action::read(answer_);
    case step::awaiting_tls:
      if (ev.ec) return close(ev.ec);
      if (ev.bytes == 0) return action::read(answer_);
      // Bytes behind the answer came without protection.
      if (ev.bytes != 1) return close(make_error_code(errc::unexpected_message));
      if (answer_[0] != std::byte{'S'}) return close(make_error_code(errc::operation_unsupported));
      return start_tls();
    case step::starting_tls:
      return ev.ec ? close(ev.ec) : ask();
    case step::writing:
      if (ev.ec) return close(ev.ec);
      step_ = step::awaiting_end;
      return action::read(answer_);
    case step::awaiting_end:
      // The end of the stream is the answer; some servers and proxies reset it instead.
      if (ev.ec == errc::deadline_passed) return close(ev.ec);
      return ev.ec ? close({}) : action::read(answer_);
    case step::closing:
      break;
  }
  return action::done(outcome_);
}

DOVETAIL_DEFINE action cancel_request::ask() {
  output_.clear();
  // Documentation, CancelRequest; the key is as long as the server made it.
  detail::message_writer{output_}.begin_untyped().u32(80877102).u32(key_.process).bytes(key_.secret_bytes()).end();
  step_ = step::writing;
  return action::write(output_.view());
}

DOVETAIL_DEFINE action cancel_request::close(std::error_code ec) {
  outcome_ = ec;
  step_ = step::closing;
  return action::close();
}

DOVETAIL_DEFINE action terminate::resume(const event& ev) {
  switch (step_) {
    case step::start:
      if (facts_->health != session_health::idle && facts_->health != session_health::in_transaction) return close();
      facts_->output.clear();
      detail::message_writer{facts_->output}.begin(detail::from_client::terminate).end();
      if (ev.cancelled) return close();
      step_ = step::writing;
      return action::write(facts_->output.view());
    case step::writing:
      return close();
    case step::closing:
      break;
  }
  return action::done();
}

DOVETAIL_DEFINE action terminate::close() {
  facts_->health = session_health::closed;
  facts_->output.clear();
  step_ = step::closing;
  return action::close();
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
