// A statement executed for many rows of arguments: prepared once, written in few pieces, all or none.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/array_elements.hpp>
#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/client/sql_batch.hpp>
#include <dovetail/codec/postgres/execute_many.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Lifetime: borrows the session and the operation.
template <class Op>
class execute_many_call {
  using request_type = typename Op::request_type;

 public:
  using value_type = summary;

  execute_many_call(session& on, const Op& op, bool shows_text) noexcept
      : on_(&on), op_(&op), at_(op.rows.begin()), shows_text_(shows_text) {}

  action resume(const event& ev) {
    if (!running_) {
      op_->state->begin();
      if (at_ == op_->rows.end()) return action::done();
      const statement_traits& traits = op_->request.sql.view().traits;
      if (traits.kind == statement_kind::transaction) return end(refuse_transaction_statement());
      if (traits.expands) return end(dovetail::detail::no_expanding_batch());
      first_.emplace(op_->request_of(*at_));
      asked_.emplace(*first_);
      if (error_info failure = asked_->prepare(*on_, shows_text_)) return end(std::move(failure));
      argument_rows rows{.state = this, .next = &next, .done = &row_done};
      rows.names_rows = op_->state->ends.empty();
      rows.may_be_stopped = op_->state->report_every != 0;
      if (op_->state->is_numbered) rows.returned = &returned;
      running_.emplace(*on_, asked_->request(), rows, op_->state->done_before);
    }
    const action next = running_->resume(ev);
    if (next.what() != verb::done) return next;
    if (!next.error()) {
      affected_ = std::move(*running_).value().rows_affected;
      return next;
    }
    op_->state->failed_row = running_->failed_row();
    return end(explain(running_->failure(next.error()), op_->request.sql.view(), shows_text_));
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  summary value() && noexcept { return {affected_, std::nullopt}; }

 private:
  action end(error_info why) {
    failure_ = std::move(why);
    return action::done(failure_.code());
  }

  static bool next(void* state, parameter_list& to, error_info& failure) {
    auto& self = *static_cast<execute_many_call*>(state);
    if (self.at_ == self.op_->rows.end()) return false;
    const request_type request = self.op_->request_of(*self.at_);
    ++self.at_;
    failure = write_arguments<request_type>(&request, to);
    return !failure;
  }
  static void row_done(void* state, std::int64_t affected) {
    static_cast<execute_many_call*>(state)->op_->state->row_done(affected);
  }
  /// A row with one number of eight bytes: its count of columns, its length, itself.
  static void returned(void* state, byte_view body) {
    constexpr std::size_t number_at = 2 + 4;
    if (body.size() != number_at + 8) return;  // then the counts do not agree: see `batch_state`
    static_cast<execute_many_call*>(state)->op_->state->row_changed(load_big<std::uint64_t>(body.data() + number_at));
  }

  session* on_;
  const Op* op_;
  decltype(std::declval<const Op&>().rows.begin()) at_;
  std::optional<request_type> first_;
  std::optional<prepared_request<request_type>> asked_;
  v0::detail::later<execute_many_dialogue> running_;
  std::int64_t affected_ = 0;
  error_info failure_;
  bool shows_text_;
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
