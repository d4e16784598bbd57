// One statement executed for many rows of arguments, all or nothing: how ranges are inserted.
#pragma once

#include <dovetail/codec/postgres/command_tag.hpp>
#include <dovetail/codec/postgres/statement_dialogue.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0::postgres {

/// Gives the arguments of one execution after the other. Lifetime: the state must outlive the dialogue.
struct argument_rows {
  void* state = nullptr;
  /// Writes the next row's arguments; false when there is none, or when it sets `failure`. Each row is asked for once;
  /// the end may be found again.
  bool (*next)(void* state, parameter_list& to, error_info& failure) = nullptr;
  /// Told how many rows each execution affected, in their order; may be null.
  void (*done)(void* state, std::int64_t affected) = nullptr;
  /// Told the body of each row that an execution returns, before its `done`; null drops them.
  void (*returned)(void* state, byte_view body) = nullptr;
  /// Whether an error names the row. Not where one execution has the arguments of many.
  bool names_rows = true;
  /// Whether `done` may throw, and all of it is to be undone then with the connection: the Sync waits for every answer,
  /// one round trip more.
  bool may_be_stopped = false;
};

/// What came of all executions together.
struct executions {
  std::size_t count = 0;
  std::int64_t rows_affected = 0;
};

/// Executes `asked` (whose own arguments are not used) for each row: written in pieces of about 64 KiB, whose answers
/// are read before the next, with one Sync at the end. A failure undoes all, and its context names the row, counted
/// from 1. Rows that the statement returns go to `returned`.
/// Errors: those of `dialogue` and of the rows. A statement that the server has lost is prepared again, outside of a
/// transaction.
/// Lifetime: borrows the session, the parts of the request and the rows' state.
class execute_many_dialogue final : public detail::dialogue {
 public:
  using value_type = executions;

  /// `rows_before` are those of earlier dialogues: errors count them too.
  execute_many_dialogue(session& on, const statement_request& asked, const argument_rows& rows,
                        std::size_t rows_before = 0)
      : dialogue(on), asked_(asked), rows_(rows), rows_before_(rows_before) {}

  executions value() && noexcept { return done_; }
  /// Which row failed, counted from 0; `no_row` when the failure was none of a row.
  static constexpr std::size_t no_row = static_cast<std::size_t>(-1);
  std::size_t failed_row() const noexcept { return failed_row_; }

 private:
  enum class step : std::uint8_t { preparing, running, ending };
  using verdict = detail::verdict;
  static constexpr std::size_t chunk_size_ = 64 * 1024;

  DOVETAIL_DECLARE verdict begin() override;
  bool is_named() const noexcept { return asked_.is_kept && on().statements.capacity() != 0; }

  verdict prepare();
  verdict after_preparation();

  void begin_chunk();

  verdict write_chunk();

  bool write_row(error_info& failure);

  verdict send_chunk();

  /// A row's arguments could not be written: what the rows before it did must not stay.
  verdict give_up(error_info failure);

  error_info name_row(error_info failure, std::size_t row) const;

  DOVETAIL_DECLARE verdict on_message(const detail::message& came) override;

  std::size_t on_rows(byte_view unread) override {
    if (step_ != step::running || !is_bound_) return 0;
    if (rows_.returned == nullptr) return detail::skip_rows(unread);
    bool failed = false;
    return take_rows(unread, failed, [this](byte_view body) {
      rows_.returned(rows_.state, body);
      return true;
    });
  }

  DOVETAIL_DECLARE verdict on_error(error_info failure) override;
  /// The statement is prepared again; the rows are not asked for again, so what was written for them is kept.
  void keep_chunk(const error_info& failure);

  DOVETAIL_DECLARE verdict on_ready() override;

  statement_request asked_;
  argument_rows rows_;
  std::size_t rows_before_;
  statement_use statement_;
  detail::preparation preparation_;
  executions done_;
  byte_buffer kept_;
  std::vector<std::uint32_t> kept_types_;
  error_info stale_;
  std::size_t prefix_size_ = 0;
  std::size_t written_ = 0;
  std::size_t answered_ = 0;
  std::size_t failed_row_ = no_row;
  step step_ = step::preparing;
  bool is_last_ = false;
  bool is_bound_ = false;
  bool is_from_cache_ = false;
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

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::begin() {
  was_in_transaction_ = on().is_in_transaction();
  if (is_named()) statement_ = on().statements.find(asked_.text, asked_.literal, asked_.types);
  if (!statement_) return prepare();
  is_from_cache_ = true;
  return write_chunk();
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::prepare() {
  step_ = step::preparing;
  on().begin_batch();
  write_prefix();
  if (!preparation_.write(on(), asked_, is_named())) {
    on().take_batch_back();
    return fail(detail::unsendable_text());
  }
  is_named() ? on().write_sync() : on().write_flush();
  return verdict::send;
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::after_preparation() {
  statement_ = preparation_.finish(on(), asked_);
  if (kept_.empty()) return write_chunk();
  if (statement_->description.parameters() != kept_types_) return fail(std::move(stale_));
  begin_chunk();  // the same bytes again: the statement has the same name, and parameters of the same types
  on().facts.output.append(kept_.view());
  kept_.release();
  return send_chunk();
}

DOVETAIL_DEFINE void execute_many_dialogue::begin_chunk() {
  step_ = step::running;
  on().begin_batch();
  if (!on().needs_sync()) write_prefix();
  prefix_size_ = on().facts.output.size();
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::write_chunk() {
  begin_chunk();
  byte_buffer& out = on().facts.output;
  while (!is_last_ && out.size() < chunk_size_) {
    const std::size_t before = out.size();
    error_info failure;
    if (write_row(failure)) {
      ++written_;
    } else {
      out.truncate(before);
      if (!failure && rows_.may_be_stopped && answered_ != written_) break;  // the Sync comes behind the answers
      is_last_ = true;
      if (failure) return give_up(std::move(failure));
    }
  }
  if (written_ == 0 && !on().needs_sync()) {  // no rows at all
    on().take_batch_back();
    return verdict::finish;
  }
  return send_chunk();
}

DOVETAIL_DEFINE bool execute_many_dialogue::write_row(error_info& failure) {
  byte_buffer& out = on().facts.output;
  const std::size_t before = out.size();
  const auto& types = statement_->description.parameters();
  const std::size_t formats_at = detail::begin_bind(on(), *statement_);
  parameter_list list{out, types.data(), types.size(), formats_at};
  if (rows_.next == nullptr || !rows_.next(rows_.state, list, failure) || failure) return false;
  failure = list.finish();
  if (failure) return false;
  failure = detail::end_bind(on(), *statement_, before);
  if (failure) return false;
  detail::write_execute(on().facts.output, 0);
  return true;
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::send_chunk() {
  if (is_last_) {
    on().set_must_fail(false);
    on().write_sync();
    expect_execution();
  } else {
    on().note_unsynced();
    on().set_must_fail(true);
    on().write_flush();
  }
  return verdict::send;
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::give_up(error_info failure) {
  failed_row_ = written_;
  note(name_row(std::move(failure), written_));
  on().take_batch_back();
  if (!on().needs_sync()) return verdict::finish;
  on().begin_batch();
  if (answered_ != 0) on().write_failure();
  on().write_sync();
  step_ = step::ending;
  return verdict::send;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info execute_many_dialogue::name_row(error_info failure,
                                                                                        std::size_t row) const {
  if (!rows_.names_rows) return failure;
  std::string context = "row ";
  v0::detail::append_parts(context, {v0::detail::number_text{rows_before_ + row + 1}});
  if (!failure.context().empty()) v0::detail::append_parts(context, {": ", failure.context()});
  failure.with_context(std::move(context));
  return failure;
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::on_message(const detail::message& came) {
  namespace from_server = detail::from_server;
  if (step_ == step::preparing) {
    const verdict said = preparation_.take(came);
    return said == verdict::go_on && preparation_.is_complete() && !is_named() ? after_preparation() : said;
  }
  if (step_ == step::ending || answered_ == written_) return verdict::unexpected;
  if (!is_bound_) {
    if (came.type != from_server::bind_complete) return verdict::unexpected;
    is_bound_ = true;
    return verdict::go_on;
  }
  if (came.type == from_server::command_complete) {
    command_tag tag;
    if (!detail::read_tag(came.body, tag)) return verdict::malformed;
    done_.rows_affected += tag.rows_affected();
    if (rows_.done != nullptr) rows_.done(rows_.state, tag.rows_affected());
  } else if (came.type != from_server::empty_query_response) {
    return verdict::unexpected;
  }
  is_bound_ = false;
  done_.count = ++answered_;
  return answered_ == written_ && !is_last_ ? write_chunk() : verdict::go_on;
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::on_error(error_info failure) {
  if (noted()) return verdict::go_on;  // as was asked for
  if (step_ == step::running) {
    if (!has_prefix_failed() && answered_ == 0 && !is_bound_ && is_from_cache_) {
      if (detail::is_stale(failure.code())) keep_chunk(failure);
      if (detail::may_be_stale(failure.code())) on().statements.forget(*statement_);  // who asks next has it anew
    }
    if (!has_prefix_failed() && answered_ != written_) {
      failed_row_ = answered_;
      failure = name_row(std::move(failure), answered_);
    }
  }
  note(std::move(failure));
  step_ = step::ending;
  if (!on().needs_sync()) return verdict::go_on;
  on().begin_batch();
  on().write_sync();
  return verdict::send;
}

DOVETAIL_DEFINE void execute_many_dialogue::keep_chunk(const error_info& failure) {
  if (!was_in_transaction_) {
    stale_ = failure;
    kept_types_ = statement_->description.parameters();
    const byte_view written = on().facts.output.view().subspan(prefix_size_);
    kept_.append(written.first(written.size() - detail::header_size));  // without the Sync or Flush
  }
  on().statements.forget(*statement_);
}

DOVETAIL_DEFINE execute_many_dialogue::verdict execute_many_dialogue::on_ready() {
  if (step_ == step::preparing) return preparation_.is_complete() ? after_preparation() : verdict::unexpected;
  if (step_ == step::running) {
    return is_last_ && answered_ == written_ ? verdict::finish : verdict::unexpected;
  }
  if (kept_.empty() || !is_from_cache_) return verdict::finish;
  is_from_cache_ = false;
  forget_failure();
  return prepare();
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
