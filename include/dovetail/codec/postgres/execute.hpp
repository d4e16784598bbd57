// Executing one statement: prepared at its first use, then one write and one read.
#pragma once

#include <dovetail/codec/postgres/command_tag.hpp>
#include <dovetail/codec/postgres/portal.hpp>
#include <dovetail/codec/postgres/statement_dialogue.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0::postgres {

/// What came of an executed statement.
struct execution {
  command_tag tag;
  bool is_suspended = false;  ///< the row limit was reached, and there may be more rows
};

/// Executes a statement and hands its rows to `rows`.
/// Errors: those of `dialogue`, of the arguments, of the sink. After an error of the sink, of the arguments or of the
///   server the session stays usable.
/// A statement that the server has lost, or that was prepared for other types of columns or parameters than there are
/// now, is prepared again, outside a transaction; one whose columns were kept and do not fit the sink is described anew
/// before it is refused.
/// Lifetime: borrows the session, the parts of the request and the sink's state.
class execute_dialogue final : public detail::dialogue {
 public:
  using value_type = execution;

  execute_dialogue(session& on, const statement_request& asked, const row_sink& rows = {})
      : dialogue(on, asked.is_read_only), asked_(asked), rows_(rows) {}

  /// Executes it through a portal, which gives `request.row_limit` rows at a time: these are the first of them.
  /// `is_suspended` then says that the portal is open; see stream.hpp.
  execute_dialogue(session& on, const statement_request& asked, const row_sink& rows, portal& through)
      : dialogue(on, asked.is_read_only), asked_(asked), rows_(rows), portal_(&through) {}

  execute_dialogue(execute_dialogue&& other) noexcept;
  DOVETAIL_DECLARE ~execute_dialogue();

  execution value() && noexcept { return done_; }

 private:
  enum class step : std::uint8_t { preparing, binding, running, ending };
  using verdict = detail::verdict;

  DOVETAIL_DECLARE detail::verdict begin() override;

  statement_use find() {
    if (!is_named()) return {};
    return on().statements.find(asked_.text, asked_.literal, asked_.types);
  }
  /// It is prepared again: the cache has it no more.
  verdict prepare_again();
  bool is_named() const noexcept { return asked_.is_kept && on().statements.capacity() != 0; }

  /// A named statement is described with a Sync. An unnamed one without: a pooler must not give the server to another
  /// client before it is executed.
  verdict prepare();

  /// Statement and columns are known.
  verdict execute();

  /// The same through the portal.
  verdict open_portal();

  /// The columns do not fit the rows that are asked for.
  verdict refuse_rows(error_info failure);

  /// Nothing of this execution has been sent, and nothing will be.
  verdict refuse(error_info failure);
  verdict give_up(error_info failure) {
    on().take_batch_back();
    return fail(std::move(failure));
  }

  DOVETAIL_DECLARE verdict on_message(const detail::message& came) override;

  verdict on_result(const detail::message& came);
  void note_row_failure();

  /// Through a portal that holds the session no Sync has been sent yet.
  verdict end_result();

  DOVETAIL_DECLARE std::size_t on_rows(byte_view unread) override;
  DOVETAIL_DECLARE std::size_t on_answers(byte_view unread) override;

  DOVETAIL_DECLARE verdict on_error(error_info failure) override;

  DOVETAIL_DECLARE verdict on_ready() override;

  statement_request asked_;
  row_sink rows_;
  portal* portal_ = nullptr;
  statement_use statement_;
  statement_use lost_;  // the request's text may be a view of the statement's that was found first
  detail::preparation preparation_;
  execution done_;
  step step_ = step::preparing;
  error_info doubted_;  // a value's failure, which stands when nothing has changed since it was prepared
  bool is_from_cache_ = false;
  bool is_stale_ = false;
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

DOVETAIL_DEFINE execute_dialogue::execute_dialogue(execute_dialogue&& other) noexcept = default;
DOVETAIL_DEFINE execute_dialogue::~execute_dialogue() = default;

DOVETAIL_DEFINE detail::verdict execute_dialogue::begin() {
  was_in_transaction_ = on().is_in_transaction();
  statement_ = find();
  if (!statement_) return prepare();
  is_from_cache_ = true;
  return execute();
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::prepare() {
  step_ = step::preparing;
  on().begin_batch();
  write_prefix();
  if (!preparation_.write(on(), asked_, is_named())) return give_up(detail::unsendable_text());
  if (is_named()) {
    on().write_sync();
  } else {
    on().write_flush();
  }
  return verdict::ask;
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::execute() {
  on().begin_batch();
  if (doubted_ && statement_->description.parameters() == lost_->description.parameters()) {
    return refuse(std::move(doubted_));
  }
  if (rows_.describe != nullptr) {
    if (error_info failure = rows_.describe(rows_.state, statement_->description)) [[unlikely]]
      return refuse_rows(std::move(failure));
  }
  const bool is_first = !on().needs_sync();
  if (is_first) write_prefix();
  if (portal_ != nullptr) [[unlikely]]
    return open_portal();
  if (error_info failure = detail::write_bind(on(), *statement_, asked_.arguments)) [[unlikely]]
    return refuse(std::move(failure));
  detail::write_execute_and_sync(on(), asked_.row_limit);
  step_ = step::binding;
  expect_execution();
  return verdict::ask;
}

[[gnu::noinline]] DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::open_portal() {
  portal_->open(on(), was_in_transaction_, asked_.row_limit);
  const std::string_view name = portal_->name();
  if (error_info failure = detail::write_bind(on(), *statement_, asked_.arguments, name)) {
    return refuse(std::move(failure));
  }
  portal_->keep(statement_.again());
  detail::write_execute(on(), asked_.row_limit, name);
  step_ = step::binding;
  if (portal_->holds_session()) {
    on().write_flush();  // a Sync would close the portal
    on().note_unsynced();
  } else {
    on().write_sync();
    expect_execution();
  }
  return verdict::ask;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::refuse_rows(
    error_info failure) {
  if (!is_from_cache_ || failure.code() != errc::row_mismatch) return refuse(std::move(failure));
  on().statements.forget(*statement_);  // what it returns may have changed since it was prepared
  return prepare_again();
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::refuse(error_info failure) {
  note(std::move(failure));
  on().take_batch_back();
  if (!on().needs_sync()) return verdict::finish;
  on().write_sync();
  step_ = step::ending;
  return verdict::send;
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::on_message(const detail::message& came) {
  namespace from_server = detail::from_server;
  switch (step_) {
    case step::preparing: {
      const verdict said = preparation_.take(came);
      if (said != verdict::go_on || !preparation_.is_complete() || is_named()) return said;
      statement_ = preparation_.finish(on(), asked_);
      return execute();
    }
    case step::binding:
      if (came.type != from_server::bind_complete) return verdict::unexpected;
      step_ = step::running;
      return verdict::go_on;
    case step::running:
      return on_result(came);
    case step::ending:
      break;
  }
  return verdict::unexpected;
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::on_result(const detail::message& came) {
  namespace from_server = detail::from_server;
  namespace from_client = detail::from_client;
  switch (came.type) {
    case from_server::command_complete:
      return detail::read_tag(came.body, done_.tag) ? end_result() : verdict::malformed;
    case from_server::portal_suspended:
      if (asked_.row_limit == 0) return verdict::unexpected;
      done_.is_suspended = true;
      if (portal_ == nullptr || noted()) return end_result();
      portal_->suspend();
      step_ = step::ending;
      if (!portal_->holds_session()) return verdict::go_on;
      on().set_portal_open(true);
      return verdict::finish;
    case from_server::empty_query_response:
      return end_result();
    case from_server::copy_in_response:
      note({errc::operation_unsupported, "COPY … FROM STDIN is run by copy_in"});
      on().begin_batch();
      static_cast<void>(on().writer().begin(from_client::copy_fail).u8(0).end());
      // The server has skipped the Sync behind Execute, and skips to this one after the failure.
      static_cast<void>(on().writer().begin(from_client::sync).end());
      return verdict::send;
    case from_server::copy_out_response:
      note({errc::operation_unsupported, "COPY … TO STDOUT is run by copy_out"});
      return verdict::go_on;
    case from_server::copy_data:
    case from_server::copy_done:
      return noted() ? verdict::go_on : verdict::unexpected;
    default:
      return verdict::unexpected;
  }
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::end_result() {
  step_ = step::ending;
  if (!on().needs_sync()) return verdict::go_on;
  on().begin_batch();
  on().write_sync();
  expect_execution();
  return verdict::send;
}

DOVETAIL_DEFINE std::size_t execute_dialogue::on_rows(byte_view unread) {
  if (step_ != step::running) return 0;
  if (rows_.take == nullptr || noted()) return detail::skip_rows(unread);
  bool failed = false;
  const std::size_t taken = rows_.take(rows_.state, unread, failed);
  if (failed) [[unlikely]]
    note_row_failure();
  return taken;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void execute_dialogue::note_row_failure() {
  note(rows_.failure == nullptr ? error_info{errc::malformed_value} : rows_.failure(rows_.state));
}

/// All that a statement that went well answers, when it is there. What is not as expected is left to be judged alone.
DOVETAIL_DEFINE std::size_t execute_dialogue::on_answers(byte_view unread) {
  namespace from_server = detail::from_server;
  if (step_ != step::binding) return 0;
  byte_view rest = unread;
  detail::message came;
  static_cast<void>(detail::next_message(rest, came));  // the BindComplete, which is whole
  rest = rest.subspan(came.size);
  step_ = step::running;
  if (!rest.empty() && static_cast<char>(rest[0]) == from_server::data_row) rest = rest.subspan(on_rows(rest));
  if (detail::next_message(rest, came) == detail::frame_status::whole && came.type == from_server::command_complete &&
      !on().needs_sync() && detail::read_tag(came.body, done_.tag)) {
    step_ = step::ending;
    rest = rest.subspan(came.size);
  }
  return unread.size() - rest.size();
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::on_error(error_info failure) {
  // Only a failure of Bind says that the statement is stale: nothing has been executed then.
  if (step_ == step::binding && is_from_cache_ && !noted()) {
    const bool is_doubtful = detail::may_be_stale(failure.code());
    is_stale_ = is_doubtful || detail::is_stale(failure.code());
    if (is_doubtful) doubted_ = failure;
    if (is_stale_) on().statements.forget(*statement_);
  }
  note(std::move(failure));
  step_ = step::ending;
  if (!on().needs_sync()) return verdict::go_on;
  on().begin_batch();
  on().write_sync();
  return verdict::send;
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::on_ready() {
  if (step_ == step::ending && !is_stale_) [[likely]]
    return verdict::finish;
  if (step_ == step::preparing && preparation_.is_complete()) {
    statement_ = preparation_.finish(on(), asked_);
    return execute();
  }
  if (step_ != step::ending) return verdict::unexpected;
  if (!is_stale_ || was_in_transaction_) return verdict::finish;
  forget_failure();
  is_stale_ = false;
  return prepare_again();
}

DOVETAIL_DEFINE execute_dialogue::verdict execute_dialogue::prepare_again() {
  is_from_cache_ = false;
  lost_ = std::move(statement_);
  return prepare();
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
