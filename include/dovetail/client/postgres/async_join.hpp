// An operation of an asynchronous client that shares its connection with others.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/async_attempt.hpp>
#include <dovetail/client/handler_executor.hpp>
#include <dovetail/client/postgres/joint_call.hpp>
#include <dovetail/client/postgres/joint_queue.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres::detail {

/// Gets the connection from the pool, like any other operation in its turn, sends the batch, gives the connection back,
/// and begins again while callers wait. All steps run on a strand of the client's executor.
template <class Core>
class joint_run final : public v0::detail::async_attempt<Core>, public joint_sender {
  using base = v0::detail::async_attempt<Core>;

 public:
  static void begin(const std::shared_ptr<Core>& core, const asio::any_io_executor& executor,
                    std::source_location asked_at) {
    auto self = std::make_shared<joint_run>(core, asio::make_strand(executor), asked_at);
    core->joint().begin(std::weak_ptr<joint_sender>{self});
    // Later: whoever goes on in the meantime joins the first batch.
    asio::post(self->executor_, [self] { self->first(); });
  }

  joint_run(std::shared_ptr<Core> core, asio::any_io_executor executor, std::source_location asked_at)
      : base(std::move(core), std::move(executor), call{deadline::never(), clock::now(), asked_at}),
        timer_(this->executor_) {}
  ~joint_run() override {
    if (is_over_) return;
    const std::vector<joint_queue::member> lost = this->core_->joint().abandon();
    static_cast<void>(lost);  // they go with the executor
  }

  void look_at_deadlines() override {
    asio::post(this->executor_, [self = shared()] { self->look(); });
  }
  void stop_unwanted() override {
    asio::post(this->executor_, [self = shared()] { self->stop_if_unwanted(); });
  }

 private:
  std::shared_ptr<joint_run> shared() { return std::static_pointer_cast<joint_run>(this->shared_from_this()); }
  joint_queue& queue() noexcept { return this->core_->joint(); }

  void first() {
    look();
    this->start();
  }

  void perform() override {
    const std::size_t count = queue().take_batch(this->core_->connections().policy().batch_limit);
    this->core_->connections().note_waiting(0, count);
    if (count == 0) return ended();
    auto& connection = *this->lease_;
    connection.moved() = {};
    const auto next = [](joint_run& self, const result<void>&) { self.ended(); };
    joint_call dialogue{connection.session().wire(), queue(), connection.moved(),
                        connection.session().options().include_statement_text};
    async_run(connection.stream(), std::move(dialogue), deadline::never(), &connection.moved(),
              typename base::template step<joint_run, decltype(next)>{shared(), next});
  }

  void ended() {
    this->is_in_dialogue_ = false;
    this->lease_.release();
    // Those of whom the dialogue said nothing, because something was thrown.
    error_info unknown{errc::outcome_unknown, "the statement was sent with others', and may have been executed"};
    for (const joint_queue::member& each : queue().end_batch()) each->lost(unknown, true);
    next();
  }

  /// There is no connection for those who wait; each of them asks his retry policy.
  void failed(error_info why, std::size_t) override {
    this->is_in_dialogue_ = false;
    this->lease_.release();
    if (!this->is_cancelled_) {
      const std::vector<joint_queue::member> all = queue().take_waiting();
      this->core_->connections().note_waiting(0, all.size());
      for (const joint_queue::member& each : all) each->lost(why, false);
    }
    next();
  }

  void next() {
    this->is_cancelled_ = false;
    is_over_ = !queue().goes_on();
    if (is_over_) {
      timer_.cancel();
      return;
    }
    asio::post(this->executor_, [self = shared()] { self->start(); });
  }

  void look() {
    if (is_over_) return;
    clock::time_point again;
    std::size_t waited = 0;
    const std::vector<joint_queue::overdue> late = queue().expire(clock::now(), again);
    for (const joint_queue::overdue& each : late) waited += each.was == joint_place::waiting;
    this->core_->connections().note_waiting(0, waited);
    for (const joint_queue::overdue& each : late) each.who->expired(each.was);
    stop_if_unwanted();
    if (again == (clock::time_point::max)()) return;
    timer_.expires_at(again);
    timer_.async_wait([weak = std::weak_ptr<joint_run>{shared()}](std::error_code ec) {
      if (ec) return;
      if (const auto self = weak.lock()) self->look();
    });
  }

  void stop_if_unwanted() {
    if (!is_over_ && queue().is_unwanted_now()) this->cancel(asio::cancellation_type::terminal);
  }

  void give_up(error_info) override {}  // never: `failed` decides
  std::string_view name() const noexcept override { return "joint"; }
  bool is_idempotent() const noexcept override { return true; }
  deadline acquire_limit() override { return deadline::never(); }  // each caller has a limit of his own

  friend typename base::template step<joint_run, void>;

  asio::steady_timer timer_;
  bool is_over_ = false;
};

/// One statement of one caller: in the queue, in a batch, between two attempts.
template <class Core, operation Op, class Handler>
class async_join final : public joint_caller, public std::enable_shared_from_this<async_join<Core, Op, Handler>> {
  using value_type = typename Op::value_type;

 public:
  async_join(std::shared_ptr<Core> core, asio::any_io_executor client_executor, asio::any_io_executor executor,
             const call& how, Op op, Handler handler)
      : core_(std::move(core)),
        client_executor_(std::move(client_executor)),
        executor_(std::move(executor)),
        how_(how),
        op_(std::move(op)),
        handler_(std::move(handler)) {
    if (op_.request.sql.view().is_literal) return;
    text_ = op_.request.sql.view().text;  // whoever gives up may go while the batch still looks at it
    op_.request.sql.use_copy(text_);
  }

  /// Begins; the handler is never called in here.
  static void begin(std::shared_ptr<Core> core, asio::any_io_executor fallback, const call& how, Op op,
                    Handler handler) {
    asio::any_io_executor executor = v0::detail::executor_for(handler, fallback);
    auto slot = asio::get_associated_cancellation_slot(handler);
    // Not with the handler's allocator: the batch may hold it longer than the caller is there.
    auto self = std::make_shared<async_join>(std::move(core), std::move(fallback), std::move(executor), how,
                                             std::move(op), std::move(handler));
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<async_join>{self}](asio::cancellation_type type) {
        if (const auto alive = weak.lock()) alive->cancel(type);
      });
    }
    self->enter();
  }

  void prepare(session& on, pipeline_item& into, bool shows_text) override {
    part_.emplace(op_, core_->joint(), *this);
    part_->prepare(on, into, shows_text);
  }
  void joined() noexcept override { watch_ = {}; }

  void answered(pipeline_item& with, bool shows_text, traffic moved) override {
    result<value_type> answer = part_->finish(with, shows_text);
    report(answer ? std::error_code{} : answer.error().code(), moved);
    if (!answer) return fail_later(std::move(answer).error(), 1);
    asio::post(executor_, [self = this->shared_from_this(), answer = std::move(answer)]() mutable {
      self->complete(std::move(answer));
    });
  }
  void lost(error_info why, bool sent) override {
    if (sent) report(why.code(), {});
    fail_later(std::move(why), sent ? 1 : 0);
  }
  void expired(joint_place in) override {
    if (in == joint_place::waiting) {
      fail_later(core_->connections().refuse(errc::pool_wait_timeout, entered_, how_.where), 0);
    } else {
      give_up_sent(errc::deadline_passed);
    }
  }

 private:
  void enter() {
    entered_ = clock::now();
    by_ = how_.by;
    sent_by_ = core_->connections().acquire_deadline(how_.by);
    work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
    core_->connections().note_waiting(1, 0);
    switch (core_->joint().enter(this->shared_from_this(), core_->connections().policy().limits().queue)) {
      case joint_queue::entry::joins:
        return;
      case joint_queue::entry::begins:
        return joint_run<Core>::begin(core_, client_executor_, how_.where);
      case joint_queue::entry::refused:
        core_->connections().note_waiting(0, 1);
        return fail_later(core_->connections().refuse(errc::pool_queue_full, entered_, how_.where), 0);
    }
  }

  void cancel(asio::cancellation_type type) {
    const bool is_terminal = (type & asio::cancellation_type::terminal) != asio::cancellation_type::none;
    if (type == asio::cancellation_type::none) return;
    is_cancelled_ = true;
    switch (core_->joint().leave(*this, !is_terminal)) {
      case joint_place::waiting:
        core_->connections().note_waiting(0, 1);
        return fail_later(errc::cancelled, 0);
      case joint_place::sent:
        return give_up_sent(errc::cancelled);
      case joint_place::elsewhere:
        if (timer_) timer_->cancel();
    }
  }

  /// The answer will be read and dropped.
  void give_up_sent(errc code) {
    report(code, {});
    fail_later({code, "the statement was sent before, and may have been executed"}, 1);
  }

  void fail_later(error_info why, std::size_t sent) {
    asio::post(executor_, [self = this->shared_from_this(), why = std::move(why), sent]() mutable {
      self->failed(std::move(why), sent);
    });
  }

  void failed(error_info why, std::size_t sent) {
    work_ = {};
    const dovetail::verdict next = core_->judge(why, Op::name, attempt_, op_.is_idempotent(), sent, how_);
    if (!next.repeat || is_cancelled_) {
      if (was_lost_) v0::detail::recall_lost_attempt(why);
      return complete(std::move(why));
    }
    was_lost_ |= why.kind() == condition::commit_unknown;
    ++attempt_;
    timer_.emplace(executor_, next.delay);
    timer_->async_wait([self = this->shared_from_this()](std::error_code) {
      self->timer_.reset();
      if (self->is_cancelled_) return self->complete(error_info{errc::cancelled}.with_location(self->how_.where));
      self->enter();
    });
  }

  void complete(result<value_type> answer) {
    work_ = {};
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected()) slot.clear();
    v0::detail::call_handler(std::move(handler_), std::move(answer), executor_);
  }

  void report(std::error_code ec, traffic moved) { core_->saw_request(Op::name, ec, watch_, moved, attempt_, how_); }

  std::shared_ptr<Core> core_;
  asio::any_io_executor client_executor_;
  asio::any_io_executor executor_;
  asio::any_io_executor work_;
  call how_;
  Op op_;
  Handler handler_;
  std::string text_;
  std::optional<joint_part<Op>> part_;
  v0::detail::later<asio::steady_timer> timer_;
  clock::time_point entered_{};
  using stopwatch_type = v0::detail::stopwatch<std::remove_reference_t<decltype(std::declval<Core&>().watcher())>>;
  [[no_unique_address]] stopwatch_type watch_;
  int attempt_ = 1;
  bool is_cancelled_ = false;
  bool was_lost_ = false;
};

}  // namespace dovetail::inline v0::postgres::detail
