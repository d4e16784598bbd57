// The dialogue of callers who share a connection: their statements as one pipeline, each with a Sync of its own.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/joint_queue.hpp>
#include <dovetail/client/postgres/pipeline_call.hpp>
#include <dovetail/codec/postgres/pipeline.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/row/borrows.hpp>
#include <dovetail/sansio/action.hpp>

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres::detail {

/// Statements of which one may be sent with others': not COPY, after which there is no way back, nor what says how
/// others are executed (SET, DDL).
inline bool is_joined_kind(statement_kind kind) noexcept {
  return kind == statement_kind::select || kind == statement_kind::insert || kind == statement_kind::update ||
         kind == statement_kind::remove;
}

/// Arguments that view what is the caller's: he has to stay until the statement is executed.
template <class T>
inline constexpr bool is_borrowed_argument = dovetail::detail::has_views<typename dovetail::detail::node<T>::value>();
template <class T>
  requires requires { T::is_dynamic; }
inline constexpr bool is_borrowed_argument<T> = true;
template <fixed_string Name, class T>
inline constexpr bool is_borrowed_argument<named_argument<Name, T>> = is_borrowed_argument<T>;

template <class Arguments>
inline constexpr bool owns_arguments = false;
template <class... Args>
inline constexpr bool owns_arguments<std::tuple<Args...>> = !(false || ... || is_borrowed_argument<Args>);

template <class Op>
inline constexpr bool can_join = false;
template <pipelined_statement Op>
inline constexpr bool can_join<Op> = owns_arguments<typename decltype(Op::request)::arguments_type>;

/// A statement as the batch sees it: what the caller's types throw is his own failure, and the rows of who has gone are
/// dropped.
template <class Op>
class joint_part {
 public:
  using value_type = typename Op::value_type;

  joint_part(const Op& of, const joint_queue& queue, const joint_caller& caller)
      : part_(of), queue_(&queue), caller_(&caller) {}
  joint_part(const joint_part&) = delete;
  joint_part& operator=(const joint_part&) = delete;

  void prepare(session& on, pipeline_item& into, bool shows_text) {
    try {
      part_.prepare(on, into, shows_text);
    } catch (...) {
      into.failure = v0::detail::current_failure();
    }
    sink_ = into.rows;
    arguments_ = into.asked.arguments;
    if (sink_.describe != nullptr) into.rows.describe = &describe;
    if (sink_.take != nullptr) into.rows.take = &take;
    into.rows.failure = &failure;
    into.rows.state = this;
    into.asked.arguments = {this, &write};
  }
  result<value_type> finish(pipeline_item& with, bool shows_text) {
    try {
      part_.finish(with, shows_text);
      if (with.failure) return std::move(with.failure);
      return part_.value();
    } catch (...) {
      return v0::detail::current_failure();
    }
  }

 private:
  static error_info describe(void* state, statement_description& of) {
    auto& self = *static_cast<joint_part*>(state);
    try {
      return self.sink_.describe(self.sink_.state, of);
    } catch (...) {
      return v0::detail::current_failure();
    }
  }
  static std::size_t take(void* state, byte_view unread, bool& failed) {
    auto& self = *static_cast<joint_part*>(state);
    if (!self.queue_->is_wanted(*self.caller_)) return skip_rows(unread);
    try {
      return self.sink_.take(self.sink_.state, unread, failed);
    } catch (...) {
      self.thrown_ = v0::detail::current_failure();
      failed = true;
      return skip_rows(unread);
    }
  }
  static error_info failure(void* state) {
    auto& self = *static_cast<joint_part*>(state);
    if (self.thrown_) return std::move(self.thrown_);
    return self.sink_.failure == nullptr ? error_info{errc::malformed_value} : self.sink_.failure(self.sink_.state);
  }
  static error_info write(const void* state, parameter_list& to) {
    const auto& self = *static_cast<const joint_part*>(state);
    try {
      return self.arguments_.write(self.arguments_.state, to);
    } catch (...) {
      return v0::detail::current_failure();
    }
  }

  pipeline_part<Op> part_;
  row_sink sink_{};
  argument_writer arguments_{};
  error_info thrown_;
  const joint_queue* queue_;
  const joint_caller* caller_;
};

/// Executes the queue's batch, and gives each caller his answer as soon as it is there. A statement that the server has
/// lost, or has no more as it was, is prepared and executed again behind the others. Callers who were not answered when
/// it ends stay in the batch, unless it is known what became of their statement.
/// Lifetime: borrows the session, the queue and its batch, and `moved`.
class joint_call {
 public:
  using value_type = void;

  joint_call(session& on, joint_queue& of, const traffic& moved, bool shows_text)
      : on_(&on), queue_(&of), moved_(&moved), shows_text_(shows_text) {}

  action resume(const event& ev);
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  void value() && noexcept {}

 private:
  action begin(const event& ev);
  void answer(std::size_t of);
  void deliver(std::size_t end);
  bool repeat();
  /// The connection is lost, or was given up: who has no answer gets what is known of his own statement.
  void settle();

  session* on_;
  joint_queue* queue_;
  const traffic* moved_;
  std::vector<joint_caller*> callers_;
  std::vector<pipeline_item> items_;
  std::vector<std::size_t> stale_;
  std::vector<statement_use> lost_;  // an item's text may be a view of the statement's
  v0::detail::later<pipeline_dialogue> running_;
  error_info failure_;
  traffic told_;
  std::size_t delivered_ = 0;
  bool was_repeated_ = false;
  bool shows_text_;
};

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_async_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_ASYNC_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE action joint_call::resume(const event& ev) {
  action next = running_ ? running_->resume(ev) : begin(ev);
  for (;;) {
    const bool is_over = next.what() == verb::done;
    if (is_over && next.error()) {
      failure_ = running_->failure(next.error());
      settle();
      return action::done(failure_.code());
    }
    deliver(is_over ? items_.size() : running_->answered());
    if (!is_over) return next;
    if (!repeat()) return action::done();
    next = running_->resume({});
  }
}

DOVETAIL_DEFINE action joint_call::begin(const event& ev) {
  const std::vector<joint_queue::member>& batch = queue_->batch();
  items_.resize(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    callers_.push_back(batch[i].get());
    callers_[i]->prepare(*on_, items_[i], shows_text_);
    if (!queue_->is_wanted(*callers_[i])) items_[i].failure = errc::cancelled;  // he has gone: it is not sent
  }
  running_.emplace(*on_, items_, pipeline_sync::apart);
  return running_->resume(ev);
}

DOVETAIL_DEFINE void joint_call::answer(std::size_t of) {
  if (!queue_->claim(*callers_[of])) return;
  // The bytes of the batch are counted once, as it comes: those that were sent with the first answer.
  const traffic moved{moved_->sent - told_.sent, moved_->received - told_.received};
  told_ = *moved_;
  callers_[of]->answered(items_[of], shows_text_, moved);
}

DOVETAIL_DEFINE void joint_call::deliver(std::size_t end) {
  for (; delivered_ < end; ++delivered_) {
    if (items_[delivered_].is_stale && !was_repeated_) {
      stale_.push_back(delivered_);
    } else {
      answer(delivered_);
    }
  }
}

DOVETAIL_DEFINE bool joint_call::repeat() {
  if (was_repeated_ || stale_.empty()) return false;
  was_repeated_ = true;
  for (statement_use& each : running_->lost()) lost_.push_back(std::move(each));
  running_.reset();
  std::vector<joint_caller*> callers;
  std::vector<pipeline_item> items;
  for (const std::size_t each : stale_) {
    if (!queue_->is_wanted(*callers_[each])) continue;
    const statement_request& asked = items_[each].asked;
    if (statement_use known = on_->statements.find(asked.text, asked.literal, asked.types)) {
      on_->statements.forget(*known);
      lost_.push_back(std::move(known));
    }
    items_[each].failure = {};
    items_[each].is_stale = false;
    items.push_back(std::move(items_[each]));
    callers.push_back(callers_[each]);
  }
  callers_ = std::move(callers);
  items_ = std::move(items);
  delivered_ = 0;
  stale_.clear();
  if (items_.empty()) return false;
  running_.emplace(*on_, items_, pipeline_sync::apart);
  return true;
}

DOVETAIL_DEFINE void joint_call::settle() {
  const std::size_t at = running_->answered();
  const std::size_t sent = running_->sent();
  deliver(at);
  const bool has_said_why = at < items_.size() && items_[at].failure;  // the server: it has executed no other
  for (const std::size_t each : stale_) {
    if (queue_->claim(*callers_[each])) callers_[each]->lost(failure_, false);
  }
  for (std::size_t i = at; i < items_.size(); ++i) {
    if (items_[i].failure && i < sent) {
      answer(i);
    } else if (items_[i].failure) {
      if (queue_->claim(*callers_[i])) callers_[i]->lost(std::move(items_[i].failure), false);
    } else if (queue_->claim(*callers_[i])) {
      const bool may_have_run = i < sent && !has_said_why;
      if (may_have_run && !items_[i].asked.is_read_only) {
        callers_[i]->lost({errc::outcome_unknown, "the statement was sent with others', and may have been executed (" +
                                                      failure_.code().message() + ")"},
                          true);
      } else {
        callers_[i]->lost(failure_, may_have_run);
      }
    }
  }
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
