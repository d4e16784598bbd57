// The dialogues of batches: given ones, a statement for each row of a range, the insert of a range.
#pragma once

#include <dovetail/client/workersql/call_base.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::detail {

/// Sends a batch. An empty one is done without a request.
class batch_call_base : public call_base {
 public:
  action resume(const event& ev) {
    if (!is_running()) {
      if (ev.cancelled) return refuse(dovetail::errc::cancelled);
      return begin();
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), {}, is_stopped);
    if (is_in_transaction() && !is_single_) return after_item();
    if (!failure_ && !is_single_) failure_ = judge();
    const std::int64_t failed = said_.error.statement;
    if (said_.error.is_set && failed >= 0 && failed < static_cast<std::int64_t>(count_) && failure_) {
      name_statement(failure_, static_cast<std::size_t>(failed) + 1);
    }
    return action::done(failure_.code());
  }

 protected:
  batch_call_base(session& on, repeat_key& key) noexcept : call_base(on), key_(&key) {}
  batch_call_base(batch_call_base&&) = default;
  ~batch_call_base() = default;

  /// Lifetime: borrows the work.
  void set_work(const batch& work) noexcept { work_ = &work; }

  [[gnu::noinline]] action begin() {
    count_ = work_->size();
    if (work_->refused()) return refuse(work_->refused());
    if (count_ == 0) return action::done();
    if (is_in_transaction()) return send_item();
    const batch_dialect how = on_->options().batches;
    if (how == batch_dialect::gateway && work_->has_others()) {
      return refuse({dovetail::errc::operation_unsupported,
                     "a batch may hold insert, update and delete only: the gateway refuses the others"});
    }
    if (count_ > on_->options().most_in_batch()) return refuse(too_many());
    std::string& body = on_->body();
    body.assign(batch_begin(how)).append(work_->items()).append(batch_end(how));
    prepare_key(*key_, *on_, true);
    return send(endpoint_kind::batch, true, key_);
  }

  /// The gateway would say it with 413, when it has read all of them.
  [[gnu::cold, gnu::noinline]] error_info too_many() const {
    using dovetail::detail::number_text;
    const workersql::options& how = on_->options();
    std::string words;
    dovetail::detail::append_parts(
        words,
        {"a batch of ", number_text{count_}, " statements, and the gateway takes ", number_text{how.most_in_batch()},
         " in one (batch=", how.batches == batch_dialect::sdk ? "sdk" : "gateway",
         "): send several, or say with 'batchLimit' in the connection string that it takes more"});
    return {make_error_code(gateway_errc::too_large), std::move(words)};
  }

  /// Inside of a transaction there are no batches, and the statements go one by one: it is all or none anyway.
  action send_item() {
    said_ = {};
    on_->body() = work_->item(done_.size());
    return send(endpoint_kind::query, true, nullptr);
  }
  [[gnu::noinline]] action after_item() {
    if (failure_) {
      name_statement(failure_, done_.size() + 1);
      return action::done(failure_.code());
    }
    done_.push_back({said_.rows_affected(), said_.insert_id});
    return done_.size() == count_ ? action::done() : send_item();
  }
  [[gnu::cold, gnu::noinline]] static void name_statement(error_info& failure, std::size_t number) {
    std::string context{"statement "};
    context.append(dovetail::detail::number_text{number}).append(" of the batch");
    if (!failure.context().empty()) context.append(": ").append(failure.context());
    failure.with_context(std::move(context));
  }

  /// A gateway that reads the other dialect's key answers with success, and has executed nothing.
  [[gnu::noinline]] error_info judge() const {
    if (!said_.results || said_.results->empty()) {
      return {make_error_code(gateway_errc::batch_failed),
              "the gateway answered without a result, so it executed nothing: it reads another key than the one that "
              "'batch=' in the connection string says"};
    }
    std::size_t number = 0;
    for (const reply_facts& each : *said_.results) {
      ++number;
      if (each.is_success && !each.error.is_set) continue;
      error_info failure = answer_failure(200, each.error, {});
      name_statement(failure, number);
      return failure;
    }
    return {};
  }

  std::int64_t rows_affected() const noexcept {
    if (!done_.empty()) {
      std::int64_t sum = 0;
      for (const summary& each : done_) sum += each.rows_affected;
      return sum;
    }
    if (said_.affected || !said_.results) return said_.rows_affected();
    std::int64_t sum = 0;
    for (const reply_facts& each : *said_.results) sum += each.rows_affected();
    return sum;
  }

  const batch* work_ = nullptr;
  repeat_key* key_;
  std::size_t count_ = 0;
  std::vector<summary> done_;  // of statements that went one by one
  bool is_single_ = false;
};

class batch_call : public batch_call_base {
 public:
  using value_type = batch_summary;
  batch_call(session& on, execute_batch& op) noexcept : batch_call_base(on, op.key) { set_work(op.work); }
  batch_summary value() && {
    batch_summary done{rows_affected(), std::move(done_), said_.execution_time};
    if (!done.results.empty()) done.execution_time.reset();
    if (said_.results && done.results.empty()) {
      for (const reply_facts& each : *said_.results) done.results.push_back({each.rows_affected(), each.insert_id});
    }
    return done;
  }
};

class execute_rows_call : public batch_call_base {
 public:
  using value_type = summary;
  execute_rows_call(session& on, execute_rows& op) noexcept : batch_call_base(on, op.key) { set_work(op.work); }
  summary value() && noexcept { return {rows_affected(), std::nullopt}; }
};

/// Inserts a range of structs: one of them as a statement, more as a batch.
template <class Range>
class insert_rows_call : public batch_call_base {
 public:
  using value_type = summary;

  insert_rows_call(session& on, sql_insert<Range>& op) : batch_call_base(on, op.key), op_(&op) {}

  action resume(const event& ev) {
    if (is_running() || ev.cancelled) return batch_call_base::resume(ev);
    const result<std::string> text = insert_text(dialect::sqlite, op_->table, op_->tail);
    if (!text) return refuse(text.error());
    auto at = op_->rows.begin();
    const auto end = op_->rows.end();
    if (at != end && std::next(at) == end) {
      is_single_ = true;
      on_->body().clear();
      if (error_info why = append_insert(on_->body(), *text, *at)) return refuse(std::move(why));
      prepare_key(*key_, *on_, false);
      return send(endpoint_kind::query, true, key_);
    }
    for (; at != end; ++at) rows_.append_row(*text, *at);
    set_work(rows_);
    return begin();
  }
  summary value() && noexcept {
    return {rows_affected(), is_single_ ? said_.insert_id : std::optional<std::int64_t>{}};
  }

 private:
  sql_insert<Range>* op_;
  batch rows_;
};

}  // namespace dovetail::inline v0::workersql::detail
