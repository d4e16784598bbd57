// Many statements in few writes: each executed without waiting for the answer to the one before.
#pragma once

#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/pipeline_item.hpp>

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

  pipeline_dialogue(session& on, std::span<pipeline_item> items, pipeline_sync sync)
      : dialogue(on, are_read_only(items)),
        items_(items),
        is_once_(sync == pipeline_sync::once),
        is_apart_(sync == pipeline_sync::apart) {
    statements_.resize(items.size());
  }

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
  // Whole messages, as they come nearly always.
  static constexpr std::string_view bind_complete_{"2\0\0\0\4", 5};
  static constexpr std::string_view one_selected_{"C\0\0\0\15SELECT 1", 14};  // with the zero behind it

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

  /// Columns may have changed since they were described, unless this dialogue has just prepared the statement.
  bool is_described_now(std::size_t of) const noexcept;
  verdict describe_again();

  /// Writes the next statements. Chunks of an all-or-nothing pipeline end with a Flush, the last with a Sync.
  verdict write_chunk();

  /// Arguments could not be written: nothing of an all-or-nothing pipeline may stay.
  verdict give_up(std::size_t first_of_chunk);
  verdict abandon() {
    mark_undone();
    return verdict::finish;
  }

  DOVETAIL_DECLARE verdict on_message(const detail::message& came) override;
  /// A statement is over; with a Sync of its own, ReadyForQuery is still to come.
  verdict end_item();
  verdict next_item();
  void skip_failed() noexcept {
    expects_ = expects::bind;
    while (at_ != chunk_end_ && items_[at_].failure) ++at_;
  }

  DOVETAIL_DECLARE std::size_t on_rows(byte_view unread) override;
  DOVETAIL_DECLARE std::size_t on_answers(byte_view unread) override;

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

  std::span<pipeline_item> items_;
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

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres {

namespace detail {

[[gnu::always_inline]] inline std::size_t take_rows_of(pipeline_item& item, byte_view unread) {
  if (item.rows.take == nullptr || item.failure) return detail::skip_rows(unread);
  bool failed = false;
  const std::size_t taken = item.rows.take(item.rows.state, unread, failed);
  item.has_rows = true;
  // The statement has been executed: what fails is the reading of its rows, which concerns no other statement.
  if (failed) [[unlikely]]
    item.failure =
        item.rows.failure == nullptr ? error_info{errc::malformed_value} : item.rows.failure(item.rows.state);
  return taken;
}

}  // namespace detail

DOVETAIL_DEFINE bool pipeline_dialogue::are_read_only(std::span<const pipeline_item> items) noexcept {
  for (const pipeline_item& each : items) {
    if (!each.asked.is_read_only) return false;
  }
  return true;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::begin() {
  if (on().statements.capacity() == 0) {
    return fail({errc::operation_unsupported, "a pipeline needs the cache of prepared statements"});
  }
  was_in_transaction_ = on().is_in_transaction();
  is_once_ = is_once_ || was_in_transaction_;
  if (on().has_deferred() && !is_once_) {
    step_ = step::deferred;
    on().begin_batch();
    write_prefix();
    on().write_sync();
    return verdict::send;
  }
  return prepare();
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::prepare() {
  step_ = step::preparing;
  on().begin_batch();
  preparing_.clear();
  at_ = 0;
  write_prefix();
  // Those before `first_` are over: what they used may be what the server has lost since.
  for (std::size_t i = first_; i < items_.size(); ++i) {
    pipeline_item& item = items_[i];
    const bool may_be_as_before = i != first_ && !items_[i - 1].failure;  // nobody has looked for what has failed
    item.is_as_before = item.is_as_before && may_be_as_before;
    if (item.failure || statements_[i] != nullptr) continue;
    const statement_request& asked = item.asked;
    const bool is_known = item.is_as_before || (may_be_as_before && is_same_text(i - 1, i));
    statements_[i] = is_known ? statements_[i - 1] : hold(on().statements.find(asked.text, asked.literal, asked.types));
    if (statements_[i] != nullptr || item.is_as_before || is_being_prepared(i)) continue;
    unprepared& next = preparing_.emplace_back();
    next.item = i;
    const std::size_t before = on().facts.output.size();
    if (next.with.write(on(), asked, true)) {
      on().write_sync();
    } else {
      on().facts.output.truncate(before);
      preparing_.pop_back();
      set_failure(i, detail::unsendable_text());
    }
  }
  if (preparing_.empty()) {
    on().take_batch_back();
    return execute();
  }
  return verdict::send;
}

DOVETAIL_DEFINE bool pipeline_dialogue::is_being_prepared(std::size_t of) const noexcept {
  for (const unprepared& each : preparing_) {
    const statement_request& known = items_[each.item].asked;
    const statement_request& asked = items_[of].asked;
    if (known.text == asked.text && std::ranges::equal(known.types, asked.types)) return true;
  }
  return false;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::on_prepared() {
  unprepared& now = preparing_[at_];
  if (!items_[now.item].failure) {
    if (!now.with.is_complete()) return verdict::unexpected;
    statements_[now.item] = hold(now.with.finish(on(), items_[now.item].asked));
  }
  if (++at_ != preparing_.size()) return verdict::go_on;
  if (noted()) return verdict::finish;                    // what was deferred has failed
  for (std::size_t i = first_; i < items_.size(); ++i) {  // those that waited for one with the same text
    const pipeline_item& item = items_[i];
    if (item.failure || statements_[i] != nullptr) continue;
    if (item.is_as_before) {
      statements_[i] = statements_[i - 1];
      if (statements_[i] == nullptr) set_failure(i, items_[i - 1].failure);
      continue;
    }
    statements_[i] = hold(on().statements.find(item.asked.text, item.asked.literal, item.asked.types));
    if (statements_[i] == nullptr) set_failure(i, failure_of_same_text(i));
  }
  return execute();
}

DOVETAIL_DEFINE error_info pipeline_dialogue::failure_of_same_text(std::size_t of) const {
  for (const unprepared& each : preparing_) {
    const pipeline_item& known = items_[each.item];
    if (known.failure && known.asked.text == items_[of].asked.text) return known.failure;
  }
  return errc::invalid_state;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::execute() {
  step_ = step::running;
  for (std::size_t i = first_; i < items_.size(); ++i) {
    pipeline_item& item = items_[i];
    if (item.failure) continue;
    if (item.is_as_before) {
      if (items_[i - 1].failure) set_failure(i, items_[i - 1].failure);
      continue;
    }
    if (item.rows.describe == nullptr) continue;
    statement_description& of = statements_[i]->description;
    const char* const formats_before = of.formats_of;
    if (error_info failure = item.rows.describe(item.rows.state, of)) {
      if (failure.code() == errc::row_mismatch && !is_described_now(i)) return describe_again();
      set_failure(i, std::move(failure));
    }
    changes_formats_ = changes_formats_ || (formats_before != nullptr && of.formats_of != formats_before);
  }
  if (is_once_ && first_failure_ != none_) return abandon();
  at_ = written_ = first_;
  return write_chunk();
}

DOVETAIL_DEFINE bool pipeline_dialogue::is_described_now(std::size_t of) const noexcept {
  for (const unprepared& each : preparing_) {
    if (statements_[each.item] == statements_[of]) return true;
  }
  return false;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::describe_again() {
  forget_statements();
  return prepare();
}

DOVETAIL_DEFINE void pipeline_dialogue::forget_statements() {
  prepared_statement* last = nullptr;
  for (std::size_t i = first_; i < items_.size(); ++i) {
    prepared_statement* const gone = std::exchange(statements_[i], nullptr);
    if (gone != nullptr && gone != last) on().statements.forget(*gone);
    last = gone;
  }
  for (statement_use& each : held_) lost_.push_back(std::move(each));  // an item's text may be a view of one's
  held_.clear();
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::write_chunk() {
  on().begin_batch();
  executes_in_parts_ = !is_once_;
  parts_share_failure_ = executes_in_parts_ && !is_apart_;
  const std::size_t first = written_;
  std::size_t sent = 0;
  byte_buffer& out = on().facts.output;
  if (!on().needs_sync()) write_prefix();
  while (written_ != items_.size() && out.size() < chunk_size_) {
    pipeline_item& item = items_[written_];
    const std::size_t number = written_++;
    if (item.failure) continue;
    // Once more: another item has asked a statement for other formats, which may be this one.
    if (changes_formats_ && item.rows.describe != nullptr) {
      static_cast<void>(item.rows.describe(item.rows.state, statements_[number]->description));
    }
    if (error_info failure = detail::write_bind_to(out, *statements_[number], item.asked.arguments)) [[unlikely]] {
      set_failure(number, std::move(failure));
      if (is_once_) return give_up(first);
      continue;
    }
    detail::write_execute(out, item.asked.row_limit);
    ++sent;
    if (is_once_) {
      on().note_unsynced();
    } else {
      on().write_sync();
    }
  }
  chunk_end_ = written_;
  if (is_once_ && written_ == items_.size()) {
    on().set_must_fail(false);
    on().write_sync();
  } else if (is_once_) {
    on().set_must_fail(true);
    on().write_flush();
  } else if (sent == 0) {
    on().take_batch_back();
    return verdict::finish;
  }
  skip_failed();
  expect_execution();
  return verdict::send;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::give_up(std::size_t first_of_chunk) {
  on().take_batch_back();
  if (first_of_chunk == first_) return abandon();
  on().begin_batch();
  on().write_failure();
  on().write_sync();
  is_undoing_ = true;
  return verdict::send;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::on_message(const detail::message& came) {
  namespace from_server = detail::from_server;
  if (step_ == step::preparing) return preparing_[at_].with.take(came);
  if (step_ != step::running || is_undoing_ || at_ == chunk_end_) return verdict::unexpected;
  pipeline_item& item = items_[at_];
  switch (came.type) {
    case from_server::bind_complete:
      if (expects_ != expects::bind) return verdict::unexpected;
      expects_ = expects::result;
      return verdict::go_on;
    case from_server::command_complete:
      if (expects_ != expects::result) return verdict::unexpected;
      return detail::read_tag(came.body, item.done.tag) ? end_item() : verdict::malformed;
    case from_server::portal_suspended:
      if (expects_ != expects::result || item.asked.row_limit == 0) return verdict::unexpected;
      item.done.is_suspended = true;
      return end_item();
    case from_server::empty_query_response:
      return expects_ == expects::result ? end_item() : verdict::unexpected;
    default:
      return verdict::unexpected;  // a COPY too: behind other statements there is no way back
  }
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::end_item() {
  if (!is_once_) {
    expects_ = expects::nothing;
    return verdict::go_on;
  }
  return next_item();
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::next_item() {
  ++at_;
  skip_failed();
  if (at_ != chunk_end_ || (is_once_ && written_ == items_.size())) return verdict::go_on;
  return written_ == items_.size() ? verdict::finish : write_chunk();
}

DOVETAIL_DEFINE std::size_t pipeline_dialogue::on_rows(byte_view unread) {
  if (step_ != step::running || is_undoing_ || at_ == chunk_end_ || expects_ != expects::result) return 0;
  return detail::take_rows_of(items_[at_], unread);
}

/// The answers of statements that went well, one behind the other. What is not as expected is left to be judged alone,
/// and so is all that ends a chunk.
DOVETAIL_DEFINE std::size_t pipeline_dialogue::on_answers(byte_view unread) {
  namespace from_server = detail::from_server;
  if (step_ != step::running || is_undoing_ || !is_once_) return 0;
  if (at_ == chunk_end_ || expects_ != expects::bind) return 0;
  const std::byte* at = unread.data();
  const std::byte* const end = at + unread.size();
  const auto left = [&] { return static_cast<std::size_t>(end - at); };
  pipeline_item* item = items_.data() + at_;
  pipeline_item* const last = items_.data() + chunk_end_ - 1;
  bool is_bound = false;
  while (detail::starts_with(at, left(), bind_complete_)) {
    at += bind_complete_.size();
    is_bound = true;
    if (at != end && static_cast<char>(*at) == from_server::data_row) at += detail::take_rows_of(*item, {at, end});
    if (item == last) break;
    if (detail::starts_with(at, left(), one_selected_)) {
      at += one_selected_.size();
      item->done.tag.assign("SELECT 1");
    } else {
      detail::message came;
      if (detail::next_message({at, end}, came) != detail::frame_status::whole ||
          came.type != from_server::command_complete || !detail::read_tag(came.body, item->done.tag)) {
        break;
      }
      at += came.size;
    }
    is_bound = false;
    ++item;
    if (item->failure) [[unlikely]]
      break;
  }
  at_ = static_cast<std::size_t>(item - items_.data());
  expects_ = is_bound ? expects::result : expects::bind;
  if (!is_bound) skip_failed();
  return static_cast<std::size_t>(at - unread.data());
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::on_error(error_info failure) {
  if (is_undoing_) return verdict::go_on;                              // as was asked for
  if (!is_once_ && detail::is_fatal(failure.server())) note(failure);  // its last words: those behind were not executed
  switch (step_) {
    case step::deferred:
      note(std::move(failure));
      return verdict::go_on;
    case step::preparing:
      if (has_prefix_failed()) note(failure);
      set_failure(preparing_[at_].item, std::move(failure));
      return verdict::go_on;
    case step::running:
      break;
  }
  if (at_ == items_.size()) {  // deferred constraints, at the Sync: all is undone
    set_failure(items_.size() - 1, std::move(failure));
    return verdict::go_on;
  }
  // It may be committed: its Sync was still to be answered.
  has_executed_ = has_executed_ || (!is_once_ && expects_ == expects::nothing && !items_[at_].failure);
  items_[at_].is_stale = expects_ == expects::bind && detail::is_stale(failure.code());
  // Even when nothing is repeated: whoever asks next has it prepared.
  const bool is_doubtful = expects_ == expects::bind && detail::may_be_stale(failure.code());
  if ((items_[at_].is_stale && !is_apart_) || is_doubtful) on().statements.forget(*statements_[at_]);
  set_failure(at_, std::move(failure));
  expects_ = expects::nothing;
  if (!is_once_) expect_execution();  // of those behind
  if (!is_once_ || !on().needs_sync()) return verdict::go_on;
  on().begin_batch();
  on().write_sync();
  return verdict::send;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::on_ready() {
  switch (step_) {
    case step::deferred:
      return noted() ? verdict::finish : prepare();
    case step::preparing:
      return on_prepared();
    case step::running:
      break;
  }
  if (is_once_) {
    if (first_failure_ == none_) return at_ == items_.size() ? verdict::finish : verdict::unexpected;
    return can_repeat() ? repeat() : abandon();
  }
  if (at_ == chunk_end_ || expects_ != expects::nothing) return verdict::unexpected;
  has_executed_ = has_executed_ || !items_[at_].failure;
  return at_ + 1 == items_.size() && can_repeat() ? repeat() : next_item();
}

DOVETAIL_DEFINE bool pipeline_dialogue::can_repeat() const noexcept {
  if (is_apart_ || was_repeated_ || was_in_transaction_ || first_failure_ == none_) return false;
  if (is_once_) {
    for (const pipeline_item& each : items_) {
      if (each.has_rows) return false;  // it would get them twice
    }
    return items_[first_failure_].is_stale;
  }
  for (const pipeline_item& each : items_.subspan(first_failure_)) {
    if (!each.failure || !each.is_stale) return false;
  }
  return true;
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::repeat() {
  was_repeated_ = true;
  first_ = is_once_ ? 0 : first_failure_;
  first_failure_ = none_;
  for (std::size_t i = first_; i < items_.size(); ++i) {
    items_[i].failure = {};
    items_[i].is_stale = false;
  }
  forget_statements();
  return prepare();
}

DOVETAIL_DEFINE void pipeline_dialogue::mark_undone() {
  std::string why = "undone or not executed, because statement ";
  v0::detail::append_parts(why, {v0::detail::number_text{first_failure_ + 1}, " of the pipeline failed"});
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].failure) items_[i].failure = {errc::transaction_aborted, why};
  }
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
