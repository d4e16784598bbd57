// One statement of a pipeline, from its type to an item of the wire and back.
#pragma once

#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/codec/postgres/pipeline_item.hpp>

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

template <class Op>
struct pipeline_target;
template <class Request>
struct pipeline_target<sql_execute<Request>> {
  using type = summary_target;
};
template <class Row, class Request>
struct pipeline_target<sql_query<Row, Request>> {
  using type = all_rows<Row>;
};
template <class Row, class Request>
struct pipeline_target<sql_query_one<Row, Request>> {
  using type = one_row<Row, false>;
};
template <class Row, class Request>
struct pipeline_target<sql_query_optional<Row, Request>> {
  using type = one_row<Row, true>;
};

/// One statement of a pipeline on its way. Stays where it is once it is prepared.
template <class Op>
class pipeline_part {
 public:
  using value_type = typename Op::value_type;

  explicit pipeline_part(const Op& of) noexcept : of_(&of.request) {}

  /// `before`: a statement of the same type; when it has the same text too, it is prepared already.
  void prepare(session& on, pipeline_item& into, bool shows_text, const pipeline_item* before = nullptr) {
    into.rows = target_.sink();
    if (const std::string_view key = of_->sql.view().key(); before != nullptr && !before->failure && !key.empty() &&
                                                            key.data() == before->asked.literal.data() &&
                                                            key.size() == before->asked.literal.size()) {
      into.asked = before->asked;
      into.asked.arguments.state = of_;
      return;
    }
    prepared_request<request_type>& asked = asked_.emplace(*of_);
    into.failure = prepare_statement(asked, on, shows_text);
    if (!into.failure) into.asked = asked.request();
  }
  void finish(pipeline_item& of, bool shows_text) {
    if (!of.failure && !answered_) of.failure = target_.finish(of.done);
    if (of.failure) of.failure = explain(std::move(of.failure), of_->sql.view(), shows_text, of.asked.text);
  }
  /// It was answered before it was a part.
  void set_answer(value_type answer) { answered_.emplace(std::move(answer)); }
  value_type value() { return answered_ ? *std::move(answered_) : value_type{target_.value()}; }
  /// Its value, or with `IsEach` a result.
  template <bool IsEach>
  auto take(pipeline_item& of) {
    if constexpr (IsEach) {
      if (of.failure) return result<value_type>{std::move(of.failure)};
      return result<value_type>{value()};
    } else {
      return value_type{value()};
    }
  }

  /// What a pipeline asks of a statement before it is sent.
  template <class Prepared>
  static error_info prepare_statement(Prepared& asked, session& on, bool shows_text) {
    if (asked.view().traits.kind == statement_kind::transaction) return refuse_transaction_statement();
    return asked.prepare(on, shows_text);
  }

 private:
  using request_type = decltype(Op::request);

  const request_type* of_;
  std::optional<prepared_request<request_type>> asked_;  // not of one that is asked as the one before
  std::optional<value_type> answered_;
  typename pipeline_target<Op>::type target_;
};

/// The statements of a pipeline and the items that the dialogue knows, of a tuple or of a vector.
template <class Ops>
class pipeline_parts;

}  // namespace dovetail::inline v0::postgres::detail
