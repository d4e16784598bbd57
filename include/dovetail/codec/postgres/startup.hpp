// The dialogue that opens a connection: server by server, TLS, log-in, parameters, until one is ready for queries.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/later.hpp>
#include <dovetail/codec/postgres/authentication.hpp>
#include <dovetail/codec/postgres/connect_report.hpp>
#include <dovetail/codec/postgres/connection_facts.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/codec/postgres/server_message.hpp>
#include <dovetail/codec/postgres/server_role.hpp>
#include <dovetail/codec/postgres/session_start.hpp>
#include <dovetail/codec/postgres/startup_message.hpp>
#include <dovetail/sansio/action.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::postgres {

/// Opens a connection to the first of the options' servers that lets us in and is in the wanted role. Connect actions
/// name the server by its number in `connect_options::servers`.
/// A server that cannot be reached, breaks off, speaks something else, is starting up or full, or is in another role
/// leads to the next one; a refused log-in ends the dialogue.
/// Errors: of the last server, its code, and in words what went wrong with each; the server's own fields where it sent
/// any. errc::login_refused, errc::no_suitable_server, errc::operation_unsupported (no TLS where it is required).
/// Cancellation: the connection is closed, as after every failure.
/// Lifetime: borrows all three until the dialogue is over. `facts` holds, after success, what the server has said.
class startup {
 public:
  using value_type = void;

  startup(connection_facts& facts, const connect_options& how, const crypto_functions& crypto) noexcept
      : facts_(&facts), how_(&how), crypto_(&crypto) {}

  action resume(const event& ev);

  void value() && noexcept {}
  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  enum class step : std::uint8_t {
    start,
    connecting,
    asking_for_tls,
    awaiting_tls,
    starting_tls,
    writing,
    reading,
    leaving,
    closing
  };
  enum class phase : std::uint8_t { logging_in, settling, asking_role };

  // Which server.

  action begin();

  const server_address& server() const noexcept { return how_->servers[order_.number()]; }

  bool wants_tls_first() const noexcept {
    return !server().is_unix_socket() && how_->tls != ssl_mode::disable && how_->tls != ssl_mode::allow;
  }

  action try_server();

  action connect();

  /// The same server, with TLS instead of without or the other way; once.
  action change_tls();

  action next_server();

  /// This server is of no use; the next one may be.
  action give_up_server(error_info why) {
    note(std::move(why));
    return next_server();
  }

  // What went wrong.

  void note(error_info why) { report_.add(server(), *how_, std::move(why)); }

  [[gnu::cold, gnu::noinline]] action fail_with_all() {
    failure_ = report_.take();
    return close();
  }

  /// Nobody else is asked.
  action fail(error_info why);

  action close();

  // TLS.

  action connected();

  action start_tls() {
    step_ = step::starting_tls;
    return action::start_tls();
  }

  action take_tls_answer();

  action tls_failed(std::error_code why);

  action encrypted(byte_view binding);

  // The log-in.

  action say_hello();

  action write() {
    step_ = step::writing;
    return action::write(facts_->output.view());
  }

  action read() {
    if (!facts_->input.prepare(1)) return give_up_server(errc::frame_too_large);
    return action::read(facts_->input.free());
  }

  /// A password in plain text does not stay in memory.
  void forget_output() noexcept;

  /// Takes the messages that are there, until something has to be written or read.
  action go_on();

  std::optional<action> take(const detail::message& found);

  std::optional<action> take_while_logging_in(const detail::message& found);

  std::optional<action> take_while_settling(const detail::message& found);

  // The server's role.

  std::optional<action> check_role();

  std::optional<action> take_role(const detail::message& found);

  action judge(bool is_wanted);

  action done();

  // Refusals.

  /// An ErrorResponse: is it about this server, about TLS, or about us?
  action refused(error_info why);

  action unexpected(char type) { return give_up_server(detail::unexpected_message(type)); }

  /// Nothing that is sent in a start-up is larger.
  static constexpr std::size_t message_limit = 64 * 1024;

  connection_facts* facts_;
  const connect_options* how_;
  const crypto_functions* crypto_;
  detail::server_order order_;
  v0::detail::later<detail::authentication> login_;
  std::array<std::byte, 64> channel_{};
  std::size_t channel_size_ = 0;
  detail::role_answer role_;
  detail::connect_report report_;
  error_info failure_;
  step step_ = step::start;
  phase phase_ = phase::logging_in;
  bool uses_tls_ = false;
  bool may_change_tls_ = false;
  bool is_first_message_ = true;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE action startup::resume(const event& ev) {
  if (ev.cancelled && step_ != step::closing) return fail(errc::cancelled);
  switch (step_) {
    case step::start:
      return begin();
    case step::connecting:
      return ev.ec ? give_up_server(ev.ec) : connected();
    case step::asking_for_tls:
      if (ev.ec) return give_up_server(ev.ec);
      step_ = step::awaiting_tls;
      return read();
    case step::awaiting_tls:
      return ev.ec ? give_up_server(ev.ec) : (facts_->input.commit(ev.bytes), take_tls_answer());
    case step::starting_tls:
      return ev.ec ? tls_failed(ev.ec) : encrypted(ev.channel_binding);
    case step::writing:
      forget_output();
      if (ev.ec) return give_up_server(ev.ec);
      step_ = step::reading;
      return go_on();
    case step::reading:
      if (ev.ec) return give_up_server(ev.ec);
      facts_->input.commit(ev.bytes);
      return go_on();
    case step::leaving:
      return next_server();  // whatever came of the farewell
    case step::closing:
      return action::done(failure_.code());
  }
  return action::done(errc::invalid_state);
}

DOVETAIL_DEFINE action startup::begin() {
  if (how_->servers.empty()) return fail({errc::invalid_option, "no server is given to connect to"});
  if (!order_.begin(*how_, *crypto_)) {
    return fail({errc::login_refused, "there are no random numbers to choose a server with"});
  }
  return try_server();
}

DOVETAIL_DEFINE action startup::try_server() {
  uses_tls_ = wants_tls_first();
  may_change_tls_ = !server().is_unix_socket() && (how_->tls == ssl_mode::allow || how_->tls == ssl_mode::prefer);
  return connect();
}

DOVETAIL_DEFINE action startup::connect() {
  facts_->forget();
  facts_->server = order_.number();
  login_.reset();
  is_first_message_ = true;
  phase_ = phase::logging_in;
  channel_size_ = 0;
  step_ = step::connecting;
  return action::connect(order_.number(), how_->connect_timeout);
}

DOVETAIL_DEFINE action startup::change_tls() {
  may_change_tls_ = false;
  uses_tls_ = !uses_tls_;
  return connect();
}

DOVETAIL_DEFINE action startup::next_server() {
  const bool took_any = order_.takes_any();
  if (!order_.next()) return fail_with_all();
  if (order_.takes_any() != took_any) report_ = {};  // what comes says it again
  return try_server();
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE action startup::fail(error_info why) {
  if (step_ == step::start || why.code() == errc::cancelled) {
    failure_ = std::move(why);
    if (step_ != step::start) return close();
    step_ = step::closing;
    return action::done(failure_.code());
  }
  note(std::move(why));
  return fail_with_all();
}

DOVETAIL_DEFINE action startup::close() {
  facts_->forget();
  step_ = step::closing;
  return action::close();
}

DOVETAIL_DEFINE action startup::connected() {
  if (!uses_tls_) return say_hello();
  if (how_->tls_negotiation == ssl_negotiation::direct) return start_tls();
  detail::write_ssl_request(facts_->output);
  step_ = step::asking_for_tls;
  return action::write(facts_->output.view());
}

DOVETAIL_DEFINE action startup::take_tls_answer() {
  const byte_view answer = facts_->input.committed();
  if (answer.empty()) return read();
  const char said = static_cast<char>(answer[0]);
  if (said == 'E' && may_change_tls_) return change_tls();  // it may be too old to know the question
  if (said != 'S' && said != 'N') {
    return give_up_server(said == 'E' ? error_info{errc::unexpected_message,
                                                   "the server answers the question for TLS with an error, whose "
                                                   "text is not to be trusted"}
                                      : detail::not_postgres());
  }
  // What came with the answer came without protection, and must not be taken for something that came with it.
  if (answer.size() != 1) {
    return give_up_server({errc::unexpected_message, "the server, or somebody in between, sent bytes in front of TLS"});
  }
  facts_->input.clear();
  facts_->output.clear();
  if (said == 'S') return start_tls();
  if (how_->tls == ssl_mode::prefer || how_->tls == ssl_mode::allow) {
    uses_tls_ = may_change_tls_ = false;
    return say_hello();
  }
  return give_up_server({errc::operation_unsupported, "the server has no TLS, which sslmode requires"});
}

DOVETAIL_DEFINE action startup::tls_failed(std::error_code why) {
  if (may_change_tls_ && uses_tls_ && how_->tls == ssl_mode::prefer) {
    note(detail::tls_failure(why, *how_));
    return change_tls();
  }
  return give_up_server(detail::tls_failure(why, *how_));
}

DOVETAIL_DEFINE action startup::encrypted(byte_view binding) {
  facts_->is_encrypted = true;
  channel_size_ = (std::min)(binding.size(), channel_.size());
  std::copy_n(binding.begin(), channel_size_, channel_.begin());
  return say_hello();
}

DOVETAIL_DEFINE action startup::say_hello() {
  facts_->output.clear();
  if (error_info wrong = detail::write_startup_message(facts_->output, *how_)) return fail(std::move(wrong));
  const secret& password = server().password.empty() ? how_->password : server().password;
  login_.emplace(
      detail::login{how_, crypto_, &password, byte_view{channel_}.first(channel_size_), facts_->is_encrypted});
  return write();
}

DOVETAIL_DEFINE void startup::forget_output() noexcept {
  volatile std::byte* at = facts_->output.data();
  for (std::size_t i = 0; i < facts_->output.size(); ++i) at[i] = std::byte{};
  facts_->output.clear();
}

DOVETAIL_DEFINE action startup::go_on() {
  for (;;) {
    detail::message found;
    const detail::frame_status status = detail::next_message(facts_->input.committed(), found);
    const bool has_header = facts_->input.committed().size() >= detail::header_size;
    if (status == detail::frame_status::malformed || (has_header && found.size > message_limit)) {
      return give_up_server(detail::not_postgres());
    }
    if (status == detail::frame_status::incomplete) return read();
    facts_->input.consume(found.size);  // the body stays where it is until the next read
    if (const std::optional<action> next = take(found)) return *next;
  }
}

DOVETAIL_DEFINE std::optional<action> startup::take(const detail::message& found) {
  namespace from_server = detail::from_server;
  switch (found.type) {
    case from_server::error_response:
      return refused(detail::server_error(found.body));
    case from_server::notice_response:
      facts_->notices(detail::notice_fields(found.body));
      return std::nullopt;
    default:
      break;
  }
  switch (phase_) {
    case phase::logging_in:
      return take_while_logging_in(found);
    case phase::settling:
      return take_while_settling(found);
    case phase::asking_role:
      return take_role(found);
  }
  return unexpected(found.type);
}

DOVETAIL_DEFINE std::optional<action> startup::take_while_logging_in(const detail::message& found) {
  if (found.type == detail::from_server::negotiate_protocol_version) {
    return detail::is_older_version(found.body, *how_) ? std::nullopt : std::optional{unexpected(found.type)};
  }
  if (found.type != detail::from_server::authentication) {
    return is_first_message_ ? give_up_server(detail::not_postgres()) : unexpected(found.type);
  }
  is_first_message_ = false;
  if (error_info refusal = login_->take(found.body, facts_->output)) return fail(std::move(refusal));
  if (login_->is_over()) phase_ = phase::settling;
  if (facts_->output.empty()) return std::nullopt;
  return write();
}

DOVETAIL_DEFINE std::optional<action> startup::take_while_settling(const detail::message& found) {
  switch (detail::take_session_fact(*facts_, found)) {
    case detail::session_fact::taken:
      return std::nullopt;
    case detail::session_fact::ready:
      if (!facts_->parameters.are_texts_as_judged()) {  // somebody in between has kept what we asked for to themselves
        return give_up_server(detail::misread_texts(errc::operation_unsupported));
      }
      return check_role();
    case detail::session_fact::unexpected:
      break;
  }
  return unexpected(found.type);
}

DOVETAIL_DEFINE std::optional<action> startup::check_role() {
  const target_session wanted = order_.takes_any() ? target_session::any : how_->target;
  const detail::role_verdict known = detail::judge_role(wanted, facts_->parameters);
  if (known != detail::role_verdict::unknown) return judge(known == detail::role_verdict::fits);
  phase_ = phase::asking_role;
  role_ = {};
  facts_->output.clear();
  detail::message_writer{facts_->output}.begin(detail::from_client::query).text(detail::role_question(wanted)).end();
  return write();
}

DOVETAIL_DEFINE std::optional<action> startup::take_role(const detail::message& found) {
  switch (role_.take(found)) {
    case detail::role_answer::state::more:
      return std::nullopt;
    case detail::role_answer::state::over:
      return judge(detail::fits(how_->target, role_.is_on()));
    case detail::role_answer::state::malformed:
      break;
  }
  return unexpected(found.type);
}

DOVETAIL_DEFINE action startup::judge(bool is_wanted) {
  if (is_wanted) return done();
  std::string text{"the server is not what target_session_attrs="};
  note({errc::no_suitable_server, text.append(detail::name_of(how_->target)).append(" asks for")});
  facts_->output.clear();
  detail::message_writer{facts_->output}.begin(detail::from_client::terminate).end();
  step_ = step::leaving;
  return action::write(facts_->output.view());
}

DOVETAIL_DEFINE action startup::done() {
  facts_->output.clear();
  facts_->health = session_health::idle;
  step_ = step::closing;
  return action::done();
}

DOVETAIL_DEFINE action startup::refused(error_info why) {
  const bool is_about_us = why.kind() == condition::authentication;
  if (is_about_us && phase_ == phase::logging_in && may_change_tls_ && why.code() == sqlstate::invalid_authorization) {
    note(std::move(why));  // pg_hba.conf may have a line for the other way
    return change_tls();
  }
  const bool is_about_server = why.kind() == condition::connection || why.kind() == condition::busy;
  return is_about_server ? give_up_server(std::move(why)) : fail(std::move(why));
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
