// The dialogue of a pipeline: from typed statements to items of the wire, and back to typed results.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/postgres/pipeline_rows.hpp>
#include <dovetail/client/postgres/pipeline_statement.hpp>
#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/codec/postgres/pipeline.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres::detail {

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

/// Adds to a failure which of the statements it was.
error_info number_failure(error_info failure, std::size_t index, bool were_executed);

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
    into.failure = asked.view().traits.kind == statement_kind::transaction ? refuse_transaction_statement()
                                                                           : asked.prepare(on, shows_text);
    if (!into.failure) into.asked = asked.request();
  }
  void finish(pipeline_item& of, bool shows_text) {
    if (!of.failure) of.failure = target_.finish(of.done);
    if (of.failure) of.failure = explain(std::move(of.failure), of_->sql.view(), shows_text, of.asked.text);
  }
  value_type value() { return target_.value(); }
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

 private:
  using request_type = decltype(Op::request);

  const request_type* of_;
  std::optional<prepared_request<request_type>> asked_;  // not of one that is asked as the one before
  typename pipeline_target<Op>::type target_;
};

/// The statements of a pipeline and the items that the dialogue knows, of a tuple or of a vector.
template <class Ops>
struct pipeline_parts;

template <class... Ops>
struct pipeline_parts<std::tuple<Ops...>> {
  std::tuple<pipeline_part<std::remove_cvref_t<Ops>>...> parts;
  std::array<pipeline_item, sizeof...(Ops)> items{};

  explicit pipeline_parts(const std::tuple<Ops...>& of) : parts(of) {}

  void prepare(session& on, bool shows_text) {
    each([&](auto& part, pipeline_item& item) { part.prepare(on, item, shows_text); });
  }
  /// False when one of them has failed.
  bool finish(bool shows_text) {
    bool is_well = true;
    each([&](auto& part, pipeline_item& item) {
      part.finish(item, shows_text);
      is_well = is_well && !item.failure;
    });
    return is_well;
  }
  template <class Values, bool IsEach>
  Values values() {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return Values{std::get<I>(parts).template take<IsEach>(items[I])...};
    }
    (std::index_sequence_for<Ops...>{});
  }

 private:
  template <class Fn>
  void each(Fn&& fn) {
    std::size_t index = 0;
    std::apply([&](auto&... part) { (fn(part, items[index++]), ...); }, parts);
  }
};

template <class Op>
struct pipeline_parts<std::vector<Op>> {
  std::vector<pipeline_part<Op>> parts;
  std::vector<pipeline_item> items;

  explicit pipeline_parts(const std::vector<Op>& of) : parts(of.begin(), of.end()), items(of.size()) {}

  void prepare(session& on, bool shows_text) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].prepare(on, items[i], shows_text, i == 0 ? nullptr : &items[i - 1]);
    }
  }
  bool finish(bool shows_text) {
    bool is_well = true;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].finish(items[i], shows_text);
      is_well = is_well && !items[i].failure;
    }
    return is_well;
  }
  template <class Values, bool IsEach>
  Values values() {
    Values all;
    all.reserve(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) all.push_back(parts[i].template take<IsEach>(items[i]));
    return all;
  }
};

template <class Row, class Request>
struct pipeline_parts<std::vector<sql_query_one<Row, Request>>>
    : pipelined_rows<sql_query_one<Row, Request>, Row, false> {
  using pipelined_rows<sql_query_one<Row, Request>, Row, false>::pipelined_rows;
};
template <class Row, class Request>
struct pipeline_parts<std::vector<sql_query_optional<Row, Request>>>
    : pipelined_rows<sql_query_optional<Row, Request>, Row, true> {
  using pipelined_rows<sql_query_optional<Row, Request>, Row, true>::pipelined_rows;
};

/// What the whole pipeline failed of: the cause, not those that were undone because of it.
error_info failure_of_pipeline(std::span<const pipeline_item> items, std::size_t cause);

/// Executes the statements of a pipeline. Lifetime: borrows the session and the operation.
template <class Ops, bool IsEach>
class pipeline_call {
 public:
  using value_type = typename pipelined<Ops, IsEach>::value_type;

  pipeline_call(session& on, const pipelined<Ops, IsEach>& op, bool shows_text)
      : on_(&on), all_(op.ops), shows_text_(shows_text) {}

  action resume(const event& ev) {
    if (!running_) {
      if (!prepare()) return action::done(failure_.code());
      running_.emplace(*on_, all_.items, IsEach ? pipeline_sync::each : pipeline_sync::once);
    }
    const action next = running_->resume(ev);
    if (next.what() != verb::done) return next;
    if (next.error()) {
      failure_ = running_->failure(next.error());
    } else {
      finish();
    }
    return action::done(failure_.code());
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }

  value_type value() && { return all_.template values<value_type, IsEach>(); }

 private:
  /// What is wrong before anything is sent fails all, or its own statement.
  bool prepare() {
    all_.prepare(*on_, shows_text_);
    std::size_t wrong = 0;
    while (wrong != all_.items.size() && !all_.items[wrong].failure) ++wrong;
    if (IsEach || wrong == all_.items.size()) return true;
    failure_ = number_failure(all_.items[wrong].failure, wrong, false);
    return false;
  }
  void finish() {
    const bool is_well = all_.finish(shows_text_);
    if (!IsEach && !is_well) failure_ = failure_of_pipeline(all_.items, running_->failed_statement());
  }

  session* on_;
  pipeline_parts<std::remove_cvref_t<Ops>> all_;
  v0::detail::later<pipeline_dialogue> running_;
  error_info failure_;
  bool shows_text_;
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info number_failure(error_info failure, std::size_t index,
                                                                       bool were_executed) {
  std::string text = "statement ";
  v0::detail::append_parts(text, {v0::detail::number_text{index + 1}, " of the pipeline"});
  if (were_executed) text += " (all of them have been executed)";
  if (!failure.context().empty()) v0::detail::append_parts(text, {": ", failure.context()});
  failure.with_context(std::move(text));
  return failure;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info failure_of_pipeline(std::span<const pipeline_item> items,
                                                                            std::size_t cause) {
  const bool were_executed = cause >= items.size();
  if (were_executed) {
    cause = 0;
    while (!items[cause].failure) ++cause;
  }
  return number_failure(items[cause].failure, cause, were_executed);
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
