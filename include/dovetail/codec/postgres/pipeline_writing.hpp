// How a pipeline prepares and writes its statements.
#pragma once

#include <dovetail/codec/postgres/pipeline_answers.hpp>
#include <dovetail/codec/postgres/pipeline_dialogue.hpp>

#include <cstddef>
#include <span>
#include <utility>

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE bool pipeline_dialogue::are_read_only(std::span<const pipeline_item> items) noexcept {
  for (const pipeline_item& each : items) {
    if (!each.asked.is_read_only) return false;
  }
  return true;
}

DOVETAIL_DEFINE pipeline_dialogue::pipeline_dialogue(session& on, std::span<pipeline_item> items, pipeline_sync sync)
    : dialogue(on, are_read_only(items)),
      items_(items),
      size_(items.size()),
      is_once_(sync == pipeline_sync::once),
      is_apart_(sync == pipeline_sync::apart) {
  statements_.resize(items.size());
}
DOVETAIL_DEFINE pipeline_dialogue::pipeline_dialogue(session& on, pipeline_series& series, pipeline_sync sync)
    : dialogue(on, series.asked().is_read_only),
      series_(&series),
      size_(series.size()),
      is_once_(sync == pipeline_sync::once),
      is_apart_(false) {}

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

DOVETAIL_DEFINE bool pipeline_dialogue::can_execute_series() {
  const statement_request& asked = series_->asked();
  prepared_statement* const known = hold(on().statements.find(asked.text, asked.literal, asked.types));
  return known != nullptr && !series_->describe(known->description);
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void pipeline_dialogue::come_apart() {
  items_ = std::exchange(series_, nullptr)->come_apart(at_);
  prepared_statement* const known = held_.empty() ? nullptr : &*held_.front();
  statements_.assign(size_, known);
  if (step_ != step::running) return;
  for (const pipeline_item& each : items_) {  // they are told what the series has found good
    if (each.rows.describe != nullptr) static_cast<void>(each.rows.describe(each.rows.state, known->description));
  }
}

DOVETAIL_DEFINE pipeline_dialogue::verdict pipeline_dialogue::prepare() {
  if (series_ != nullptr) {
    if (can_execute_series()) {
      step_ = step::running;
      at_ = written_ = first_;
      return write_chunk();
    }
    come_apart();
  }
  step_ = step::preparing;
  on().begin_batch();
  preparing_.clear();
  at_ = 0;
  write_prefix();
  // Those before `first_` are over: what they used may be what the server has lost since.
  for (std::size_t i = first_; i < size_; ++i) {
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
  if (noted()) return verdict::finish;            // what was deferred has failed
  for (std::size_t i = first_; i < size_; ++i) {  // those that waited for one with the same text
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
  for (std::size_t i = first_; i < size_; ++i) {
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
  for (std::size_t i = first_; i < size_; ++i) {
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
  byte_buffer& out = on().facts.output;
  if (!on().needs_sync()) write_prefix();
  const std::size_t before = out.size();
  if (series_ != nullptr && !write_series()) return give_up(first);
  while (written_ != size_ && out.size() < chunk_size_) {
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
    if (is_once_) {
      on().note_unsynced();
    } else {
      on().write_sync();
    }
  }
  chunk_end_ = written_;
  if (is_once_ && written_ == size_) {
    on().set_must_fail(false);
    on().write_sync();
  } else if (is_once_) {
    on().set_must_fail(true);
    on().write_flush();
  } else if (out.size() == before) {
    on().take_batch_back();
    return verdict::finish;
  }
  skip_failed();
  expect_execution();
  return verdict::send;
}

/// False when the arguments of one of them cannot be written, and all are given up; alone, the others go on as items.
DOVETAIL_DEFINE bool pipeline_dialogue::write_series() {
  const std::size_t first = written_;
  error_info failure;
  written_ = series_->write(on().facts.output, *held_.front(), first, chunk_size_, !is_once_, failure);
  if (is_once_) {
    on().note_unsynced();
  } else {
    for (std::size_t i = first; i != written_; ++i) on().note_sync();
  }
  if (!failure) [[likely]]
    return true;
  come_apart();
  set_failure(written_++, std::move(failure));
  return !is_once_;
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

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
