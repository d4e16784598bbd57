// The parts of a pipeline whose statements give one row each: rows are read where the caller gets them, and what
// statements of one text share is kept once.
#pragma once

#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/codec/postgres/pipeline_item.hpp>
#include <dovetail/row/plan.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres::detail {

/// Fits where `std::vector<bool>` has no place for a value.
struct boxed_bool {
  bool value = false;
};

/// Where the row of one statement goes.
template <class Run, class Value>
struct row_place {
  Run* run = nullptr;
  Value* value = nullptr;
  bool has_row = false;
};

/// Statements of a vector that stand behind each other and have one text: its preparation, and how their rows are read.
template <class Row, bool MayBeNone, class Request>
class row_run final : public row_target {
 public:
  using value_type = std::conditional_t<MayBeNone, std::optional<row_value_t<Row>>, row_value_t<Row>>;
  using stored_type = std::conditional_t<std::is_same_v<value_type, bool>, boxed_bool, value_type>;
  using place = row_place<row_run, stored_type>;

  explicit row_run(row_run* last) noexcept
      : row_target(&row_tag<Row>, row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()),
        before(last) {}

  row_run* before;

  /// For the first of them.
  void prepare(const Request& first, session& on, pipeline_item& into, bool shows_text) {
    prepared_request<Request>& asked = asked_.emplace(first);
    into.failure = asked.view().traits.kind == statement_kind::transaction ? refuse_transaction_statement()
                                                                           : asked.prepare(on, shows_text);
    if (!into.failure) into.asked = asked.request();
  }
  static row_sink sink_to(place& to) noexcept {
    return {&to, [](void* state, statement_description& of) { return run_of(state).describe(of); }, &take,
            [](void* state) { return run_of(state).take_failure(); }};
  }

 private:
  static row_run& run_of(void* state) noexcept { return *static_cast<place*>(state)->run; }
  static std::size_t take(void* state, byte_view unread, bool& failed) {
    place& to = *static_cast<place*>(state);
    return take_rows(unread, failed, [&to](byte_view body) { return to.run->read_to(to, body); });
  }
  [[gnu::always_inline]] bool read_to(place& to, byte_view body) {
    if (to.has_row) [[unlikely]]
      return this->fail(errc::too_many_rows);
    to.has_row = true;
    this->count_anew();
    if constexpr (MayBeNone) {
      return this->template read<Row>(body, to.value->emplace());
    } else if constexpr (std::is_same_v<value_type, bool>) {
      return this->template read<Row>(body, to.value->value);
    } else {
      return this->template read<Row>(body, *to.value);
    }
  }

  std::optional<prepared_request<Request>> asked_;
};

/// Runs that stay where they are; by hand, as a vector of pointers is some hundreds of functions.
template <class Run>
class run_list {
 public:
  run_list() noexcept = default;
  run_list(run_list&& other) noexcept : last_(std::exchange(other.last_, nullptr)) {}
  run_list& operator=(run_list&&) = delete;
  ~run_list() {
    while (last_ != nullptr) delete std::exchange(last_, last_->before);
  }
  Run& add() { return *(last_ = new Run{last_}); }
  Run* last() const noexcept { return last_; }

 private:
  Run* last_ = nullptr;
};

/// The statements of a pipeline that give one row each, of one type. Stays where it is once it is prepared.
template <class Op, class Row, bool MayBeNone>
class pipelined_rows {
 public:
  std::vector<pipeline_item> items;

  /// Lifetime: borrows the statements.
  explicit pipelined_rows(const std::vector<Op>& of)
      : items(of.size()), of_(&of), places_(of.size()), rows_(of.size()) {}

  void prepare(session& on, bool shows_text) {
    const Op* op = of_->data();
    place* to = places_.data();
    auto* row = rows_.data();
    std::string_view text;  // of the last run, when its address stands for it
    for (pipeline_item& item : items) {
      const auto& request = (op++)->request;
      const std::string_view key = request.sql.key();
      item.is_as_before = !key.empty() && key.data() == text.data() && key.size() == text.size();
      if (item.is_as_before) {
        const pipeline_item& before = *(&item - 1);
        item.asked = before.asked;
        item.asked.arguments.state = &request;
        if (before.failure) [[unlikely]]
          item.failure = before.failure;
      } else {
        runs_.add().prepare(request, on, item, shows_text);
        text = key;
      }
      *to = {runs_.last(), row++};
      item.rows = run::sink_to(*to++);
    }
  }
  /// False when one of them has failed.
  bool finish(bool shows_text) {
    bool is_well = true;
    for (std::size_t i = 0; i < items.size(); ++i) {
      pipeline_item& item = items[i];
      if (!MayBeNone && !places_[i].has_row && !item.failure) item.failure = errc::no_row;
      if (!item.failure) continue;
      is_well = false;
      item.failure = explain(std::move(item.failure), (*of_)[i].request.sql.view(), shows_text, item.asked.text);
    }
    return is_well;
  }
  template <class Values, bool IsEach>
  Values values() {
    if constexpr (std::is_same_v<Values, std::vector<typename run::stored_type>>) {
      return std::move(rows_);
    } else {
      Values all;
      all.reserve(items.size());
      for (std::size_t i = 0; i < items.size(); ++i) {
        if constexpr (IsEach) {
          if (items[i].failure) {
            all.push_back(std::move(items[i].failure));
            continue;
          }
        }
        if constexpr (std::is_same_v<typename run::stored_type, boxed_bool>) {
          all.push_back(rows_[i].value);
        } else {
          all.push_back(std::move(rows_[i]));
        }
      }
      return all;
    }
  }

 private:
  using run = row_run<Row, MayBeNone, decltype(Op::request)>;
  using place = typename run::place;

  const std::vector<Op>* of_;
  run_list<run> runs_;
  std::vector<place> places_;
  std::vector<typename run::stored_type> rows_;
};

}  // namespace dovetail::inline v0::postgres::detail
