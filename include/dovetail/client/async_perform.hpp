// One asynchronous operation: the request, its handler, and what completes it.
#pragma once

#include <dovetail/client/async_attempt.hpp>
#include <dovetail/client/handler_executor.hpp>
#include <dovetail/client/operation_memory.hpp>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

template <class Core, operation Op, class Handler>
class async_perform final : public async_attempt<Core> {
  using base = async_attempt<Core>;
  using value_type = typename Op::value_type;

 public:
  template <class Asked, class Completion>
  async_perform(std::shared_ptr<Core>&& core, const asio::any_io_executor& fallback, const call& how, Asked&& op,
                Completion&& handler)
      : base(std::move(core), executor_for(handler, fallback), how),
        op_(std::forward<Asked>(op)),
        handler_(std::forward<Completion>(handler)) {}

  /// Begins; the handler is never called in here. Lifetime: `core` keeps `fallback`.
  template <class Asked, class Completion>
  static void begin(std::shared_ptr<Core> core, const asio::any_io_executor& fallback, const call& how, Asked&& op,
                    Completion&& handler) {
    asio::cancellation_slot slot = asio::get_associated_cancellation_slot(handler);
    auto self = std::allocate_shared<async_perform>(
        asio::get_associated_allocator(handler, operation_allocator<void>{}), std::move(core), fallback, how,
        std::forward<Asked>(op), std::forward<Completion>(handler));
    self->listen(slot);
    if (error_info why = self->core_->refusal(self->op_, how)) return self->complete_later(std::move(why));
    if constexpr (Core::template keeps_answers<Op>) {
      if (auto kept = self->core_->kept_answer(self->op_, how)) return self->complete_later(*std::move(kept));
    }
    self->start();
  }

 private:
  std::shared_ptr<async_perform> shared() { return std::static_pointer_cast<async_perform>(this->shared_from_this()); }

  void perform() override {
    auto& connection = *this->lease_;
    connection.moved() = {};
    watch_ = {};
    this->converse(kept_.begin([&] { return connection.session().start(op_); }));
  }

  void performed(result<void> told) override {
    result<value_type> answer = end_dialogue(std::move(told));
    const traffic moved = (*this->lease_).moved();
    this->core_->saw_request(Op::name, answer ? std::error_code{} : answer.error().code(), watch_, moved,
                             this->attempt_, this->how_);
    if (!answer && !ends_at<Op>(answer.error().kind())) return this->failed(std::move(answer).error(), moved.sent);
    this->is_in_dialogue_ = false;
    this->lease_.release();
    complete(std::move(answer));
  }

  result<value_type> end_dialogue(result<void> told) noexcept {
    try {
      return kept_.end(std::move(told));
    } catch (...) {  // of the value's move, or memory that is not there
      this->lease_->close();
      return current_failure();
    }
  }

  /// The answer was here before anything was asked.
  void complete_later(result<value_type> answer) {
    asio::post(this->executor_,
               [self = shared(), answer = std::move(answer)]() mutable { self->complete(std::move(answer)); });
  }

  void give_up(error_info why) override { complete(std::move(why)); }
  std::string_view name() const noexcept override { return Op::name; }
  bool is_idempotent() const noexcept override { return op_.is_idempotent(); }

  void complete(result<value_type>&& answer) {
    auto cancellation = asio::get_associated_cancellation_slot(handler_);
    if (cancellation.is_connected()) cancellation.clear();
    if constexpr (runs_on_any_io<Handler>) {
      std::move(handler_)(std::move(answer));
    } else {
      call_handler(std::move(handler_), std::move(answer), this->executor_);
    }
  }

  using connection_type = typename Core::connection_type;
  using dialogue_type = decltype(std::declval<connection_type&>().session().start(std::declval<Op&>()));

  Op op_;
  Handler handler_;
  typename kept_on<typename base::stream_type, dialogue_type>::type kept_;
  using stopwatch_type = stopwatch<std::remove_reference_t<decltype(std::declval<Core&>().watcher())>>;
  [[no_unique_address]] stopwatch_type watch_;
};

}  // namespace dovetail::inline v0::detail
