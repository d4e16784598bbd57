// Many statements in few writes: each executed without waiting for the answer to the one before.
#pragma once

#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/pipeline_item.hpp>
#include <dovetail/codec/postgres/pipeline_series.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
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

/// Prepares what is not prepared (one write), then executes all, in writes of about 32 KiB so that neither side waits
/// for the other to read. In a transaction the statements share its fate whatever `sync` is.
/// The dialogue ends well when every statement was answered: look at each item's failure. Items that were not executed
/// because of another one have errc::transaction_aborted.
/// Errors: those of `dialogue`; then items may or may not have been executed.
///   errc::operation_unsupported without a statement cache (unnamed statements).
/// Lifetime: borrows the session, the items and all that they borrow.
class pipeline_dialogue final : public detail::dialogue {
 public:
  using value_type = void;

  // Defined with the rest of it, in pipeline_writing.hpp, or a file that has this header alone would need all of that.
  DOVETAIL_DECLARE pipeline_dialogue(session& on, std::span<pipeline_item> items, pipeline_sync sync);
  /// The same of a series, not `apart`. The items are the series' when it has come apart; otherwise all went well.
  DOVETAIL_DECLARE pipeline_dialogue(session& on, pipeline_series& series, pipeline_sync sync);

  void value() && noexcept {}

  /// Statements that were given up, whose texts the items may have views of: for who outlives the dialogue with them.
  std::vector<statement_use>& lost() noexcept { return lost_; }

  /// After the end: the statement whose failure undid the others, or a number behind the last one.
  std::size_t failed_statement() const noexcept { return is_once_ ? first_failure_ : none_; }

  /// With a Sync each, at any time: the statements before this one are over, and not touched any more.
  std::size_t answered() const noexcept { return step_ == step::running ? at_ : first_; }
  /// Those from `answered()` up to this one have left, or some of them: the server may execute them.
  std::size_t sent() const noexcept { return step_ == step::running && on().has_sent_any() ? chunk_end_ : answered(); }

 private:
  using verdict = detail::verdict;
  enum class step : std::uint8_t { deferred, preparing, running };
  enum class expects : std::uint8_t { bind, result, nothing };
  struct unprepared {
    std::size_t item;
    detail::preparation with;
  };
  static constexpr std::size_t chunk_size_ = 32 * 1024;

  static bool are_read_only(std::span<const pipeline_item> items) noexcept;

  DOVETAIL_DECLARE verdict begin() override;

  /// Statements that are not prepared, each with a Sync of its own: one that is wrong says nothing of the others.
  verdict prepare();
  bool is_being_prepared(std::size_t of) const noexcept;
  /// The same, not only equal: nothing is compared.
  bool is_same_text(std::size_t one, std::size_t other) const noexcept {
    const statement_request& a = items_[one].asked;
    const statement_request& b = items_[other].asked;
    return a.text.data() == b.text.data() && a.text.size() == b.text.size() && a.types.data() == b.types.data() &&
           a.types.size() == b.types.size();
  }
  verdict on_prepared();
  error_info failure_of_same_text(std::size_t of) const;

  verdict execute();
  /// The series is written and answered as such, when its statement is prepared and gives what is wanted.
  bool can_execute_series();
  /// From here on there are items.
  void come_apart();

  /// Columns may have changed since they were described, unless this dialogue has just prepared the statement.
  bool is_described_now(std::size_t of) const noexcept;
  verdict describe_again();

  /// Writes the next statements. Chunks of an all-or-nothing pipeline end with a Flush, the last with a Sync.
  verdict write_chunk();
  bool write_series();

  /// Arguments could not be written: nothing of an all-or-nothing pipeline may stay.
  verdict give_up(std::size_t first_of_chunk);
  verdict abandon() {
    mark_undone();
    return verdict::finish;
  }

  DOVETAIL_DECLARE verdict on_message(const detail::message& came) override;
  /// A statement is over; with a Sync of its own, ReadyForQuery is still to come.
  verdict end_item();
  verdict end_result(const command_tag& tag);
  verdict next_item();
  void skip_failed() noexcept {
    expects_ = expects::bind;
    if (series_ != nullptr) return;
    while (at_ != chunk_end_ && items_[at_].failure) ++at_;
  }

  DOVETAIL_DECLARE std::size_t on_rows(byte_view unread) override;
  DOVETAIL_DECLARE std::size_t on_answers(byte_view unread) override;

  std::size_t take_series(byte_view unread);

  DOVETAIL_DECLARE verdict on_error(error_info failure) override;

  DOVETAIL_DECLARE verdict on_ready() override;

  /// Statements that the server lost are prepared again, when nothing behind them has been executed.
  bool can_repeat() const noexcept;
  verdict repeat();

  prepared_statement* hold(statement_use found) {
    if (!found) return nullptr;
    held_.push_back(std::move(found));
    return &*held_.back();
  }
  /// Those that are still to be executed are given up.
  void forget_statements();
  void set_failure(std::size_t of, error_info failure) {
    items_[of].failure = std::move(failure);
    if (first_failure_ == none_ || of < first_failure_) first_failure_ = of;
  }
  /// Says of all others why they were not executed, or are undone.
  void mark_undone();

  static constexpr std::size_t none_ = static_cast<std::size_t>(-1);

  pipeline_series* series_ = nullptr;  // there are no items yet
  std::span<pipeline_item> items_;
  std::size_t size_;
  std::vector<prepared_statement*> statements_;  // of `held_`; null: not prepared
  std::vector<statement_use> held_;
  std::vector<statement_use> lost_;
  std::vector<unprepared> preparing_;
  std::size_t first_ = 0;    // those before have been executed
  std::size_t at_ = 0;       // whose answer comes next: of `preparing_`, then of the items
  std::size_t written_ = 0;  // items that are sent, or passed over
  std::size_t chunk_end_ = 0;
  std::size_t first_failure_ = none_;
  step step_ = step::preparing;
  expects expects_ = expects::bind;
  bool is_once_;
  bool is_apart_;
  bool is_undoing_ = false;
  bool changes_formats_ = false;
  bool was_repeated_ = false;
};

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DECLARE
