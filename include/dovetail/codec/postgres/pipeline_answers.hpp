// How a pipeline takes its answers, and what it does about failures.
#pragma once

#include <dovetail/codec/postgres/pipeline_dialogue.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
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

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::on_message(const detail::message& came) {
  namespace from_server = detail::from_server;
  if (step_ == step::preparing) return preparing_[at_].with.take(came);
  if (step_ != step::running || is_undoing_ || at_ == chunk_end_) return verdict::unexpected;
  switch (came.type) {
    case from_server::bind_complete:  // a series has taken it and begun a value, unless it has a body
      if (expects_ != expects::bind || series_ != nullptr) return verdict::unexpected;
      expects_ = expects::result;
      return verdict::go_on;
    case from_server::command_complete: {
      if (expects_ != expects::result) return verdict::unexpected;
      command_tag tag;
      return detail::read_tag(came.body, tag) ? end_result(tag) : verdict::malformed;
    }
    case from_server::portal_suspended:
      if (series_ != nullptr || expects_ != expects::result || items_[at_].asked.row_limit == 0) {
        return verdict::unexpected;
      }
      items_[at_].done.is_suspended = true;
      return end_item();
    case from_server::empty_query_response:
      return expects_ == expects::result ? end_result({}) : verdict::unexpected;
    default:
      return verdict::unexpected;  // a COPY too: behind other statements there is no way back
  }
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::end_result(const command_tag& tag) {
  if (series_ == nullptr) {
    items_[at_].done.tag = tag;
  } else if (error_info failure = series_->finish(tag)) {
    come_apart();
    items_[at_].failure = std::move(failure);
  }
  return end_item();
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
  if (at_ != chunk_end_ || (is_once_ && written_ == size_)) return verdict::go_on;
  return written_ == size_ ? verdict::finish : write_chunk();
}

DOVETAIL_DEFINE std::size_t pipeline_dialogue::on_rows(byte_view unread) {
  if (step_ != step::running || is_undoing_ || at_ == chunk_end_ || expects_ != expects::result) return 0;
  return series_ != nullptr ? take_series(unread) : detail::take_rows_of(items_[at_], unread);
}

DOVETAIL_DEFINE std::size_t pipeline_dialogue::on_answers(byte_view unread) {
  if (series_ == nullptr || step_ != step::running || at_ == chunk_end_ || expects_ != expects::bind) return 0;
  return take_series(unread);
}

/// What is not as expected is left to be judged alone, and so is what ends a chunk.
DOVETAIL_DEFINE std::size_t pipeline_dialogue::take_series(byte_view unread) {
  series_place place{at_, chunk_end_, expects_ == expects::result};
  error_info failure;
  const std::size_t taken = series_->take(unread, place, !is_once_, !is_once_ || chunk_end_ != size_, failure);
  for (; at_ != place.at; ++at_) {
    if (is_once_) continue;
    static_cast<void>(on().take_ready(as_byte_view("I")));
    has_executed_ = true;
  }
  expects_ = place.is_bound ? expects::result : expects::bind;
  if (failure) [[unlikely]] {
    come_apart();
    items_[at_].has_rows = true;
    items_[at_].failure = std::move(failure);
  }
  return taken;
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
  if (series_ != nullptr) come_apart();
  if (at_ == size_) {  // deferred constraints, at the Sync: all is undone
    set_failure(size_ - 1, std::move(failure));
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
    if (first_failure_ == none_) return at_ == size_ ? verdict::finish : verdict::unexpected;
    return can_repeat() ? repeat() : abandon();
  }
  if (at_ == chunk_end_ || expects_ != expects::nothing) return verdict::unexpected;
  has_executed_ = has_executed_ || series_ != nullptr || !items_[at_].failure;
  return at_ + 1 == size_ && can_repeat() ? repeat() : next_item();
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
  for (std::size_t i = first_; i < size_; ++i) {
    items_[i].failure = {};
    items_[i].is_stale = false;
  }
  forget_statements();
  return prepare();
}

DOVETAIL_DEFINE void pipeline_dialogue::mark_undone() {
  std::string why = "undone or not executed, because statement ";
  v0::detail::append_parts(why, {v0::detail::number_text{first_failure_ + 1}, " of the pipeline failed"});
  for (std::size_t i = 0; i < size_; ++i) {
    if (!items_[i].failure) items_[i].failure = {errc::transaction_aborted, why};
  }
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
