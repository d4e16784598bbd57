// Texts of the simple protocol: scripts of several statements, and the statements that begin and end transactions.
#pragma once

#include <dovetail/codec/postgres/command_tag.hpp>
#include <dovetail/codec/postgres/dialogue.hpp>
#include <dovetail/codec/postgres/row_sink.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

/// Base of the dialogues that send one Query. What is deferred goes first, and has to succeed.
class query_dialogue : public dialogue {
 protected:
  query_dialogue(session& on, std::string_view text, bool is_read_only = false) noexcept
      : dialogue(on, is_read_only), text_(text) {}
  query_dialogue(query_dialogue&&) = default;
  ~query_dialogue() = default;

  /// Messages behind the Query.
  virtual verdict on_answer(const message& came) = 0;
  virtual verdict on_end() { return verdict::finish; }

  bool is_asked() const noexcept { return is_asked_; }

 private:
  DOVETAIL_DECLARE verdict begin() final;
  verdict ask();
  verdict on_message(const message& came) final { return is_asked_ ? on_answer(came) : verdict::unexpected; }
  verdict on_ready() final {
    if (!is_asked_) return noted() ? verdict::finish : ask();
    return on_end();
  }

  std::string_view text_;
  bool is_asked_ = false;
};

}  // namespace detail

/// What a text is for: what its answer, or the loss of it, means.
enum class script_purpose : std::uint8_t {
  any,
  begin,    ///< a lost answer leaves nothing behind
  commit,   ///< a lost answer is errc::commit_unknown, the answer ROLLBACK errc::transaction_aborted
  abandon,  ///< a ROLLBACK: over when it has left, its answer is in front of the next dialogue's
};

/// Runs the statements of a text one after the other, up to the first that fails. The empty text is a sign of life.
/// Rows come as text, and are handed to `rows`, whose `describe` is called for each result.
/// Errors: those of `dialogue` and of the sink. COPY is refused.
/// Lifetime: borrows the session, the text and the sink's state.
class script_dialogue final : public detail::query_dialogue {
 public:
  using value_type = command_tag;

  script_dialogue(session& on, std::string_view text, script_purpose purpose = script_purpose::any,
                  const row_sink& rows = {})
      : query_dialogue(on, text, text.empty() || purpose == script_purpose::begin), rows_(rows), purpose_(purpose) {
    if (purpose == script_purpose::commit) lost_code_ = errc::commit_unknown;
  }

  /// Of the last statement.
  command_tag value() && noexcept { return tag_; }
  /// How many statements have been executed.
  std::uint32_t executed() const noexcept { return executed_; }

 private:
  using verdict = detail::verdict;

  DOVETAIL_DECLARE verdict on_answer(const detail::message& came) override;

  DOVETAIL_DECLARE std::size_t on_rows(byte_view unread) override;

  DOVETAIL_DECLARE verdict on_end() override;

  DOVETAIL_DECLARE verdict on_sent() override;

  row_sink rows_;
  statement_description columns_;
  command_tag tag_;
  std::uint32_t executed_ = 0;
  script_purpose purpose_;
  bool has_columns_ = false;
  bool is_answered_ = false;
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
namespace detail {

DOVETAIL_DEFINE verdict query_dialogue::begin() {
  if (!may_be_text(text_)) return fail({errc::malformed_statement, "the text has a zero byte"});
  if (!on().has_deferred()) return ask();
  on().begin_batch();
  write_prefix();
  on().write_sync();
  return verdict::send;
}

DOVETAIL_DEFINE verdict query_dialogue::ask() {
  is_asked_ = true;
  on().begin_batch();
  if (!on().write_query(text_)) {
    on().take_batch_back();
    return fail({errc::request_too_large, "the text is larger than 1 GiB"});
  }
  expect_execution();
  return verdict::send;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE script_dialogue::verdict script_dialogue::on_answer(const detail::message& came) {
  namespace from_server = detail::from_server;
  namespace from_client = detail::from_client;
  switch (came.type) {
    case from_server::row_description:
      if (!columns_.read_columns(came.body, false)) return verdict::malformed;
      columns_.bindings.clear();
      has_columns_ = true;
      if (rows_.describe != nullptr && !noted()) note(rows_.describe(rows_.state, columns_));
      return verdict::go_on;
    case from_server::command_complete:
      has_columns_ = false;
      is_answered_ = true;
      if (!noted()) ++executed_;
      return detail::read_tag(came.body, tag_) ? verdict::go_on : verdict::malformed;
    case from_server::empty_query_response:
      is_answered_ = true;
      return verdict::go_on;
    case from_server::copy_in_response:
      note({errc::operation_unsupported, "COPY … FROM STDIN is run by copy_in"});
      on().begin_batch();
      static_cast<void>(on().writer().begin(from_client::copy_fail).u8(0).end());
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

DOVETAIL_DEFINE std::size_t script_dialogue::on_rows(byte_view unread) {
  if (!is_asked() || !has_columns_) return 0;
  if (rows_.take == nullptr || noted()) return detail::skip_rows(unread);
  bool failed = false;
  const std::size_t taken = rows_.take(rows_.state, unread, failed);
  if (failed) note(rows_.failure == nullptr ? error_info{errc::malformed_value} : rows_.failure(rows_.state));
  return taken;
}

DOVETAIL_DEFINE script_dialogue::verdict script_dialogue::on_end() {
  if (!is_answered_ && !noted()) return verdict::unexpected;
  if (purpose_ == script_purpose::commit && !noted() && tag_.name() != "COMMIT") {
    note({errc::transaction_aborted, "the server has rolled the transaction back"});
  }
  return verdict::finish;
}

DOVETAIL_DEFINE script_dialogue::verdict script_dialogue::on_sent() {
  const bool is_over = purpose_ == script_purpose::abandon && is_asked() && on().owe_rollback();
  return is_over ? verdict::finish : verdict::go_on;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
