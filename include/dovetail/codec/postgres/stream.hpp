// The further batches of a portal, and its end: results of any size in bounded memory.
#pragma once

#include <dovetail/codec/postgres/execute.hpp>

#include <cstddef>
#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0::postgres {

/// What is wanted of an open portal.
enum class portal_step : std::uint8_t { fetch, close };

/// Reads the next rows of a portal that `execute_dialogue` left open, or closes it.
/// Reads a batch. Of a portal that runs ahead it asks for the batches that are missing, and is over for now at the
/// first row that the sink leaves where it is: whoever has used rows there takes them out of the input before the next
/// dialogue, which goes on behind them. Closing drops what was asked for ahead, and what the server says against it.
/// Errors: those of `dialogue` and of the sink; the portal is closed after each of them. What stands in front of an
///   error is given first.
/// Lifetime: borrows the session, the portal and the sink's state.
class stream_dialogue final : public detail::dialogue {
 public:
  using value_type = execution;

  stream_dialogue(session& on, portal& of, const row_sink& rows)
      : dialogue(on), portal_(&of), rows_(rows), wanted_(portal_step::fetch) {
    go_on_with_portal();
  }
  stream_dialogue(session& on, portal& of) : dialogue(on), portal_(&of), wanted_(portal_step::close) {
    go_on_with_portal();
  }

  execution value() && noexcept { return done_; }

 private:
  using verdict = detail::verdict;

  void go_on_with_portal() noexcept {
    continues_ = portal_->holds_session();
    answers_are_due_ = portal_->asked() != 0 && on().is_portal_open();
  }

  DOVETAIL_DECLARE verdict begin() override;
  verdict begin_closing();
  /// Asks for as many batches as the server is to have before it.
  verdict ask_ahead();

  DOVETAIL_DECLARE verdict on_message(const detail::message& came) override;

  DOVETAIL_DECLARE std::size_t on_rows(byte_view unread) override;

  DOVETAIL_DECLARE verdict on_error(error_info failure) override;

  /// No more rows are wanted, or there are none.
  verdict end();

  verdict on_ready() override { return is_ending_ ? verdict::finish : verdict::unexpected; }

  portal* portal_;
  row_sink rows_;
  execution done_;
  portal_step wanted_;
  bool is_ending_ = false;
};

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DECLARE

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE stream_dialogue::verdict stream_dialogue::begin() {
  was_in_transaction_ = true;  // what is lost with the connection has not been committed
  // The session found its place again after a dialogue that was broken off: that has ended the portal.
  if (portal_->holds_session() && !on().is_portal_open()) portal_->close();
  if (!portal_->is_open()) {
    portal_->forget_asked();
    if (wanted_ == portal_step::close) return verdict::finish;
    return fail({errc::invalid_state, "the portal is not open"});
  }
  if (wanted_ == portal_step::close) return begin_closing();
  if (portal_->runs_ahead()) return ask_ahead();
  on().begin_batch();
  detail::write_execute(on(), portal_->row_limit(), portal_->name());
  if (portal_->holds_session()) {
    on().write_flush();
    on().note_unsynced();
  } else {
    on().write_sync();
  }
  return verdict::send;
}

DOVETAIL_DEFINE stream_dialogue::verdict stream_dialogue::ask_ahead() {
  if (portal_->asked() == portal::batches_ahead) return verdict::go_on;
  on().begin_batch();
  for (; portal_->asked() < portal::batches_ahead; portal_->note_asked()) {
    detail::write_execute(on(), portal_->row_limit(), portal_->name());
  }
  on().write_flush();
  on().note_unsynced();
  return verdict::send;
}

DOVETAIL_DEFINE stream_dialogue::verdict stream_dialogue::begin_closing() {
  on().begin_batch();
  if (!portal_->holds_session()) {
    static_cast<void>(on().writer().begin(detail::from_client::close).u8('P').text(portal_->name()).end());
  } else {
    is_ending_ = true;  // the Sync closes it
  }
  portal_->close();
  on().write_sync();
  return verdict::send;
}

DOVETAIL_DEFINE stream_dialogue::verdict stream_dialogue::on_message(const detail::message& came) {
  namespace from_server = detail::from_server;
  if (is_ending_) {  // batches that were asked for behind the end, or that nobody wants
    const bool is_end = came.type == from_server::command_complete || came.type == from_server::portal_suspended;
    return is_end && portal_->note_answered() ? verdict::go_on : verdict::unexpected;
  }
  if (wanted_ == portal_step::close) {
    is_ending_ = true;
    return came.type == from_server::close_complete ? verdict::go_on : verdict::unexpected;
  }
  switch (came.type) {
    case from_server::portal_suspended:
      if (portal_->runs_ahead() && !portal_->note_answered()) return verdict::unexpected;
      if (noted()) return end();
      if (portal_->runs_ahead()) return ask_ahead();
      done_.is_suspended = true;
      is_ending_ = true;
      return portal_->holds_session() ? verdict::finish : verdict::go_on;
    case from_server::command_complete:
      if (portal_->runs_ahead() && !portal_->note_answered()) return verdict::unexpected;
      return detail::read_tag(came.body, done_.tag) ? end() : verdict::malformed;
    default:
      return verdict::unexpected;
  }
}

DOVETAIL_DEFINE std::size_t stream_dialogue::on_rows(byte_view unread) {
  const bool is_unwanted = wanted_ == portal_step::close || noted();
  if (is_ending_) return is_unwanted && portal_->asked() != 0 ? detail::skip_rows(unread) : 0;
  if (wanted_ == portal_step::close) return 0;
  if (rows_.take == nullptr || noted()) return detail::skip_rows(unread);
  bool failed = false;
  const std::size_t taken = rows_.take(rows_.state, unread, failed);
  if (failed) note(rows_.failure == nullptr ? error_info{errc::malformed_value} : rows_.failure(rows_.state));
  leaves_rows_ = done_.is_suspended = taken == 0 && portal_->runs_ahead();
  return taken;
}

DOVETAIL_DEFINE stream_dialogue::verdict stream_dialogue::on_error(error_info failure) {
  const bool is_unwanted = wanted_ == portal_step::close && portal_->asked() != 0;
  portal_->forget_asked();  // the server skips to the Sync
  if (!is_unwanted || detail::is_fatal(failure.server())) note(std::move(failure));
  return end();
}

DOVETAIL_DEFINE stream_dialogue::verdict stream_dialogue::end() {
  is_ending_ = true;
  portal_->close();
  if (!on().needs_sync()) return verdict::go_on;
  on().begin_batch();
  on().write_sync();
  return verdict::send;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
