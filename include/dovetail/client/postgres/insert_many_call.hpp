// Inserting a range of structs: one prepared statement, all rows in few writes, all or none.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/arguments.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/postgres/execute_many.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Lifetime: borrows the session and the operation.
template <class Range>
class insert_many_call {
  using range_type = std::remove_cvref_t<Range>;
  using iterator = decltype(std::declval<const range_type&>().begin());
  using row_type = std::remove_cvref_t<decltype(*std::declval<iterator&>())>;

 public:
  using value_type = summary;

  insert_many_call(session& on, const sql_insert<Range>& op) noexcept : on_(&on), op_(&op) {}

  action resume(const event& ev) {
    if (!running_) {
      if (op_->rows.begin() == op_->rows.end()) return action::done();
      result<std::string> text = insert_text(dialect::postgres, op_->table, op_->tail);
      if (!text) {
        failure_ = std::move(text).error();
        return action::done(failure_.code());
      }
      text_ = *std::move(text);
      types_.set(column_slot_types<row_type>);
      running_.emplace(*on_, statement_request{.text = text_, .types = types_.get()}, argument_rows{this, &next});
    }
    const action next = running_->resume(ev);
    if (next.what() != verb::done) return next;
    if (next.error()) {
      failure_ = running_->failure(next.error());
    } else {
      affected_ = std::move(*running_).value().rows_affected;
    }
    return action::done(failure_.code());
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  summary value() && noexcept { return {affected_, std::nullopt}; }

 private:
  static bool next(void* state, parameter_list& to, error_info& failure) {
    auto& self = *static_cast<insert_many_call*>(state);
    if (self.at_) {
      ++*self.at_;
    } else {
      self.at_.emplace(self.op_->rows.begin());
    }
    if (*self.at_ == self.op_->rows.end()) return false;
    failure = write_fields<row_type>(**self.at_, to);
    return !failure;
  }

  session* on_;
  const sql_insert<Range>* op_;
  std::string text_;
  declared_types types_;
  std::optional<iterator> at_;
  v0::detail::later<execute_many_dialogue> running_;
  std::int64_t affected_ = 0;
  error_info failure_;
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
