// The dialogue of a pipeline: from typed statements to items of the wire, and back to typed results.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/postgres/pipeline_part.hpp>
#include <dovetail/client/postgres/pipeline_run.hpp>
#include <dovetail/client/postgres/pipeline_statement.hpp>
#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/codec/postgres/pipeline.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Adds to a failure which of the statements it was.
error_info number_failure(error_info failure, std::size_t index, bool were_executed);

template <class... Ops>
class pipeline_parts<std::tuple<Ops...>> {
 public:
  std::tuple<pipeline_part<std::remove_cvref_t<Ops>>...> parts;
  std::array<pipeline_item, sizeof...(Ops)> each_item{};

  explicit pipeline_parts(const std::tuple<Ops...>& of) : parts(of) {}
  std::span<pipeline_item> items() noexcept { return each_item; }

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
      return Values{std::get<I>(parts).template take<IsEach>(each_item[I])...};
    }
    (std::index_sequence_for<Ops...>{});
  }

 private:
  template <class Fn>
  void each(Fn&& fn) {
    std::size_t index = 0;
    std::apply([&](auto&... part) { (fn(part, each_item[index++]), ...); }, parts);
  }
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
      begin(IsEach ? pipeline_sync::each : pipeline_sync::once);
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
    const std::span<const pipeline_item> items = all_.items();
    std::size_t wrong = 0;
    while (wrong != items.size() && !items[wrong].failure) ++wrong;
    if (IsEach || wrong == items.size()) return true;
    failure_ = number_failure(items[wrong].failure, wrong, false);
    return false;
  }
  void begin(pipeline_sync sync) {
    if constexpr (std::is_base_of_v<pipeline_series, decltype(all_)>) {
      if (all_.is_series()) {
        running_.emplace(*on_, all_, sync);
        return;
      }
    }
    running_.emplace(*on_, all_.items(), sync);
  }
  void finish() {
    const bool is_well = all_.finish(shows_text_);
    if (!IsEach && !is_well) failure_ = failure_of_pipeline(all_.items(), running_->failed_statement());
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
