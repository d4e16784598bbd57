// The part of an asynchronous operation that does not know what is asked: getting a connection, and trying again.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/later.hpp>
#include <dovetail/client/core.hpp>
#include <dovetail/driver/async_run.hpp>
#include <dovetail/driver/kept_dialogue.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>

// Qt names this: without the two lines `signal.emit(…)` would lose its name.
#pragma push_macro("emit")
#undef emit

namespace dovetail::inline v0::detail {

/// The dialogue that opens a connection; one that asks somebody else first is told when it must be over.
template <class Session>
auto opening_of(Session& session, deadline by) {
  if constexpr (requires { session.open(by); }) {
    return session.open(by);
  } else {
    return session.open();
  }
}

/// Gets a connection from the pool, checks or opens it, and calls `perform()`; after a failure asks the retry policy.
/// One per call. Every step runs on `executor_`, one after the other, except that the pool, the timer and a
/// cancellation may meet while the operation is in the queue: `waiting_` decides between them under a lock.
template <class Core>
class async_attempt : private Core::pool_type::waiter, public std::enable_shared_from_this<async_attempt<Core>> {
  using waiter = typename Core::pool_type::waiter;

 public:
  async_attempt(const async_attempt&) = delete;
  async_attempt& operator=(const async_attempt&) = delete;

 protected:
  using lease = typename Core::lease;
  using stream_type = std::remove_cvref_t<decltype(std::declval<typename Core::connection_type&>().stream())>;
  using dialogue_ref = typename dialogue_ref_on<stream_type>::type;

  async_attempt(std::shared_ptr<Core> core, asio::any_io_executor executor, call how);
  virtual ~async_attempt();

  /// Asks the connection that `lease_` holds; ends in `performed` or `failed`.
  virtual void perform() = 0;
  /// The dialogue that `converse` began has ended.
  virtual void performed(result<void>) {}
  /// Delivers the final failure.
  virtual void give_up(error_info why) = 0;
  virtual std::string_view name() const noexcept = 0;
  virtual bool is_idempotent() const noexcept = 0;
  /// When a wait for a connection that begins now ends.
  virtual deadline acquire_limit() { return core_->connections().acquire_deadline(how_.by); }

  /// First step; nothing completes in here.
  void start();

  /// An attempt failed: again after a pause, or for good.
  virtual void failed(error_info why, std::size_t sent);

  void cancel(asio::cancellation_type type);

  /// Cancels when the slot says so, as long as the operation lives.
  void listen(asio::cancellation_slot from);

  /// Runs a dialogue that is kept until `performed`; for `perform()`.
  void converse(dialogue_ref dialogue);

  /// A step of a dialogue calls back here, on the operation's executor, and can be cancelled.
  template <class Self, class Next>
  struct step {
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::cancellation_slot;

    std::shared_ptr<Self> self;
    Next next;

    executor_type get_executor() const noexcept { return self->executor_; }
    cancellation_slot_type get_cancellation_slot() const noexcept { return self->inner_.slot(); }
    template <class Outcome>
    void operator()(Outcome outcome) {
      next(*self, std::move(outcome));
    }
  };

  std::shared_ptr<Core> core_;
  asio::any_io_executor executor_;
  call how_;
  lease lease_;
  int attempt_ = 1;
  bool is_in_dialogue_ = false;
  bool is_cancelled_ = false;
  bool was_lost_ = false;  // an attempt whose outcome nobody knows
  asio::cancellation_signal inner_;

 private:
  template <class Next>
  auto then(Next next) {
    return step<async_attempt, Next>{this->shared_from_this(), next};
  }

  void prepare();

  void checked(bool is_alive);

  void opened(error_info why);

  /// No connection is free: from here on the pool, the timer and a cancellation compete.
  void wait_in_queue();

  /// Called by the pool, on any thread.
  static void notified(waiter& node) noexcept;

  void expired();

  void leave_queue();

  /// What the queue gave; the connection may have to be made, and its constructor may throw.
  result<lease> take_granted();

  void receive_later(result<lease> got);

  void received(result<lease> got);

  void pause(clock::duration delay);

  std::mutex mutex_;
  std::shared_ptr<async_attempt> waiting_;  // keeps the node of the queue alive; null when it is not in the queue
  later<asio::steady_timer> timer_;
  asio::any_io_executor work_;
  clock::time_point asked_{};  // for a connection; of a call that is watched
};

template <class Core>
async_attempt<Core>::async_attempt(std::shared_ptr<Core> core, asio::any_io_executor executor, call how)
    : waiter(&notified), core_(std::move(core)), executor_(std::move(executor)), how_(how) {}

template <class Core>
async_attempt<Core>::~async_attempt() {
  // Destroyed in the middle of a dialogue, with the executor's context: the connection cannot be trusted any more.
  if (is_in_dialogue_) lease_.discard();
}

template <class Core>
void async_attempt<Core>::start() {
  if (how_.watch != nullptr) asked_ = clock::now();
  try {
    lease_ = core_->connections().try_acquire(how_.where);
  } catch (...) {
    return receive_later(detail::current_failure());
  }
  if (!lease_) return wait_in_queue();
  if (how_.watch != nullptr) how_.watch->acquired(clock::now() - asked_, false);
  prepare();
}

template <class Core>
void async_attempt<Core>::failed(error_info why, std::size_t sent) {
  is_in_dialogue_ = false;
  clock::duration at_least{};
  if constexpr (requires { lease_->asked_pause(); }) {
    if (sent != 0 && lease_) at_least = lease_->asked_pause();  // it has answered
  }
  lease_.release();
  const verdict next = core_->judge(why, name(), attempt_, is_idempotent(), sent, how_, at_least);
  if (!next.repeat || is_cancelled_) {
    if (was_lost_) detail::recall_lost_attempt(why);
    return give_up(std::move(why));
  }
  was_lost_ |= why.kind() == condition::commit_unknown;
  ++attempt_;
  pause(next.delay);
}

template <class Core>
void async_attempt<Core>::cancel(asio::cancellation_type type) {
  is_cancelled_ = true;
  inner_.emit(type);
}

template <class Core>
void async_attempt<Core>::listen(asio::cancellation_slot from) {
  if (!from.is_connected()) return;
  from.assign([weak = std::weak_ptr<async_attempt>{this->shared_from_this()}](asio::cancellation_type type) {
    if (const auto alive = weak.lock()) alive->cancel(type);
  });
}

template <class Core>
void async_attempt<Core>::converse(dialogue_ref dialogue) {
  auto& connection = *lease_;
  async_run(connection.stream(), dialogue, how_.by, &connection.moved(),
            then([](async_attempt& self, result<void> told) { self.performed(std::move(told)); }));
}

template <class Core>
void async_attempt<Core>::prepare() {
  auto& connection = *lease_;
  switch (lease_.state()) {
    case lease_state::ready:
      is_in_dialogue_ = true;
      return perform();
    case lease_state::check:
      is_in_dialogue_ = true;
      return async_run(connection.stream(), connection.session().ping(), core_->connections().check_deadline(how_.by),
                       nullptr,
                       then([](async_attempt& self, auto answer) { self.checked(static_cast<bool>(answer)); }));
    case lease_state::open:
      is_in_dialogue_ = true;
      return async_run(connection.stream(), opening_of(connection.session(), how_.by), how_.by, nullptr,
                       then([](async_attempt& self, auto answer) {
                         self.opened(answer ? error_info{} : std::move(answer).error());
                       }));
  }
}

template <class Core>
void async_attempt<Core>::checked(bool is_alive) {
  is_in_dialogue_ = false;
  if (is_cancelled_) return failed(errc::cancelled, 0);
  try {
    is_alive ? lease_.checked() : lease_.reopen();
  } catch (...) {
    return failed(detail::current_failure(), 0);
  }
  prepare();
}

template <class Core>
void async_attempt<Core>::opened(error_info why) {
  is_in_dialogue_ = false;
  if (why) {
    lease_.open_failed(why);
    return failed(std::move(why), 0);
  }
  lease_.opened();
  if (is_cancelled_) return failed(errc::cancelled, 0);
  prepare();
}

template <class Core>
void async_attempt<Core>::wait_in_queue() {
  const std::lock_guard lock{mutex_};
  try {
    result<lease> got = core_->connections().start_acquire(*this, how_.where);
    if (!got || *got) return receive_later(std::move(got));
  } catch (...) {
    return receive_later(detail::current_failure());
  }
  waiting_ = this->shared_from_this();
  work_ = asio::prefer(executor_, asio::execution::outstanding_work.tracked);
  if (const deadline end = acquire_limit(); !end.is_never()) {
    timer_.emplace(executor_, end.when());
    timer_->async_wait([self = this->shared_from_this()](std::error_code ec) {
      if (!ec) self->expired();
    });
  }
  inner_.slot().assign([this](asio::cancellation_type) { leave_queue(); });
}

template <class Core>
void async_attempt<Core>::notified(waiter& node) noexcept {
  auto& self = static_cast<async_attempt&>(node);
  std::shared_ptr<async_attempt> keep;
  {
    const std::lock_guard lock{self.mutex_};
    keep = std::move(self.waiting_);
  }
  asio::post(self.executor_, [keep = std::move(keep)] { keep->received(keep->take_granted()); });
}

template <class Core>
void async_attempt<Core>::expired() {
  error_info why;
  {
    const std::lock_guard lock{mutex_};
    if (!waiting_) return;
    why = this->expire();
    if (!why) return;  // too late: a connection is on its way
    waiting_.reset();
  }
  received(std::move(why));
}

template <class Core>
void async_attempt<Core>::leave_queue() {
  std::shared_ptr<async_attempt> keep;
  {
    const std::lock_guard lock{mutex_};
    if (!waiting_ || !waiter::cancel()) return;
    keep = std::move(waiting_);
  }
  keep->receive_later(errc::cancelled);
}

template <class Core>
auto async_attempt<Core>::take_granted() -> result<lease> {
  try {
    return this->take();
  } catch (...) {
    return detail::current_failure();
  }
}

template <class Core>
void async_attempt<Core>::receive_later(result<lease> got) {
  asio::post(executor_,
             [self = this->shared_from_this(), got = std::move(got)]() mutable { self->received(std::move(got)); });
}

template <class Core>
void async_attempt<Core>::received(result<lease> got) {
  inner_.slot().clear();
  if (timer_) timer_->cancel();
  work_ = {};
  if (how_.watch != nullptr) {
    how_.watch->acquired(clock::now() - asked_, !got && got.error().code() == errc::pool_wait_timeout);
  }
  if (!got) return failed(std::move(got).error(), 0);
  lease_ = *std::move(got);
  if (is_cancelled_) return failed(errc::cancelled, 0);
  prepare();
}

template <class Core>
void async_attempt<Core>::pause(clock::duration delay) {
  timer_.emplace(executor_, delay);
  inner_.slot().assign([this](asio::cancellation_type) { timer_->cancel(); });
  timer_->async_wait([self = this->shared_from_this()](std::error_code) {
    self->inner_.slot().clear();
    if (self->is_cancelled_) return self->give_up(error_info{errc::cancelled}.with_location(self->how_.where));
    if (self->how_.watch != nullptr) {
      if (error_info refused = self->how_.watch->again(self->how_)) return self->give_up(std::move(refused));
    }
    self->start();
  });
}

}  // namespace dovetail::inline v0::detail

#pragma pop_macro("emit")
