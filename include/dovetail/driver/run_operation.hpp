// One running asynchronous operation: the dialogue, its handler, and the loop between them.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sansio/machine.hpp>
#include <dovetail/transport/async_core.hpp>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// Owns an operation while it is suspended, and is what Asio calls when it goes on. Has the executor and allocator of
/// the operation's handler, and no cancellation slot: cancelling is the core's business.
template <class Operation>
class resume_operation {
 public:
  using executor_type = typename Operation::executor_type;
  using allocator_type = typename Operation::allocator_type;

  explicit resume_operation(Operation* owned) noexcept : owned_(owned), allocator_(owned->allocator()) {}
  resume_operation(resume_operation&& other) noexcept
      : owned_(std::exchange(other.owned_, nullptr)), allocator_(other.allocator_) {}
  resume_operation& operator=(resume_operation&&) = delete;
  ~resume_operation() {
    if (owned_ != nullptr) Operation::abandon(owned_);
  }

  executor_type get_executor() const noexcept { return owned_->executor(); }
  allocator_type get_allocator() const noexcept { return allocator_; }

  void operator()(std::error_code = {}) { Operation::go_on(std::exchange(owned_, nullptr)); }

 private:
  Operation* owned_;
  [[no_unique_address]] allocator_type allocator_;  // kept, for Asio asks for it after it has moved the handler away
};

template <stream Stream, machine Machine, class Handler>
class run_operation {
 public:
  using core_type = async_core_of<Stream>;
  using value_type = machine_value_t<Machine>;
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  using allocator_type = asio::associated_allocator_t<Handler>;

  static void start(std::shared_ptr<core_type> core, Machine&& dialogue, deadline by, traffic* moved,
                    Handler&& handler) {
    const bool is_refused = !core->begin();
    run_operation* made = make(std::move(core), std::move(dialogue), by, moved, std::move(handler), is_refused);
    if (is_refused) return made->core_->yield(resume_operation<run_operation>{made});
    made->listen_for_cancellation();
    made->next_ = made->dialogue_.resume(event{});
    if (made->next_.what() != verb::done && by.has_passed()) made->refuse();
    made->step();
  }

  /// Called by `resume_operation`, on the handler's executor.
  static void go_on(run_operation* self) {
    self->may_complete_ = true;
    if (!self->is_refused_) self->look_around();
    self->step();
  }

  /// The executor is gone before the operation ended: nobody is told.
  static void abandon(run_operation* self) noexcept {
    const std::shared_ptr<core_type> core = self->core_;
    const bool is_refused = self->is_refused_;
    destroy(self);
    if (!is_refused) core->end();
  }

  executor_type executor() const noexcept { return asio::get_associated_executor(handler_, core_->executor()); }
  allocator_type allocator() const noexcept { return asio::get_associated_allocator(handler_); }

 private:
  using rebound = typename std::allocator_traits<allocator_type>::template rebind_alloc<run_operation>;
  // Handlers that want nothing special share the memory that the stream keeps for its operations.
  static constexpr bool uses_core_memory = std::is_same_v<rebound, std::allocator<run_operation>> &&
                                           alignof(Machine) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__ &&
                                           alignof(Handler) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;

  run_operation(std::shared_ptr<core_type> core, Machine&& dialogue, deadline by, traffic* moved, Handler&& handler,
                bool is_refused) noexcept(std::is_nothrow_move_constructible_v<Machine>)
      : core_(std::move(core)),
        dialogue_(std::move(dialogue)),
        handler_(std::move(handler)),
        by_(by),
        limit_(by),
        moved_(moved),
        is_refused_(is_refused) {}

  static run_operation* make(std::shared_ptr<core_type> core, Machine&& dialogue, deadline by, traffic* moved,
                             Handler&& handler, bool is_refused) {
    rebound allocator{asio::get_associated_allocator(handler)};
    run_operation* memory;
    if (uses_core_memory && !is_refused) {
      memory = static_cast<run_operation*>(core->allocate(sizeof(run_operation)));
    } else {
      memory = std::allocator_traits<rebound>::allocate(allocator, 1);
    }
    return ::new (memory)
        run_operation{std::move(core), std::move(dialogue), by, moved, std::move(handler), is_refused};
  }

  static void destroy(run_operation* self) noexcept {
    rebound allocator{self->allocator()};
    const bool is_refused = self->is_refused_;
    const std::shared_ptr<core_type> core = std::move(self->core_);
    self->~run_operation();
    if (uses_core_memory && !is_refused) {
      core->deallocate(self);
    } else {
      std::allocator_traits<rebound>::deallocate(allocator, self, 1);
    }
  }

  void listen_for_cancellation() {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected()) return;
    slot.assign([core = std::weak_ptr<core_type>{core_}, number = core_->operation()](asio::cancellation_type type) {
      if (const std::shared_ptr<core_type> alive = core.lock()) alive->cancel(number, type);
    });
  }

  /// After a suspension: was it cancelled, is time up?
  void look_around() {
    const wake_up found = core_->resumed();
    if (found.cancelled) {
      tell({make_error_code(errc::cancelled), written_, true});
    } else if (found.fault) {
      tell({found.fault, written_, false});
    } else if (limit_.has_passed() && next_.what() != verb::done) {
      // A last look: what came in time is not lost because this thread was late.
      if (const attempt tried = try_once(); tried.is_over()) {
        take(tried);
      } else {
        refuse();
      }
    }
  }

  /// The loop. Returns when the operation is suspended or over.
  void step() {
    for (int rounds = 0; next_.what() != verb::done; ++rounds) {
      if (rounds == 64) {  // others have their turn, and cancellation a chance
        return core_->yield(resume_operation<run_operation>{this});
      }
      if (patience_.is_over()) {
        next_ = action::done(patience_.last());
        break;
      }
      const attempt tried = is_reply_awaited() ? attempt::wait(readiness::readable) : try_once();
      if (!tried.is_over()) return suspend(tried);
      take(tried);
    }
    if (!may_complete_) return core_->yield(resume_operation<run_operation>{this});
    finish();
  }

  bool is_reply_awaited() noexcept {
    if constexpr (requires { Stream::waits_for_replies; }) {
      return next_.what() == verb::read && std::exchange(expects_reply_, false);
    } else if constexpr (requires { core_->stream.waits_for_reply(); }) {
      return next_.what() == verb::read && std::exchange(expects_reply_, false) && core_->stream.waits_for_reply();
    } else {
      return false;
    }
  }

  attempt try_once() {
    Stream& stream = core_->stream;
    switch (next_.what()) {
      case verb::read:
        return stream.try_read(next_.input());
      case verb::write:
        return written_ == next_.output().size() ? attempt::done() : stream.try_write(next_.output().subspan(written_));
      case verb::connect:
        core_->detach();  // going on may close one socket and open the next
        if (!std::exchange(has_begun_, true)) {
          stream.close();
          select_peer(stream, next_.target());
          limit_ = limit_of(next_, by_);
        }
        return stream.try_connect(limit_);
      case verb::start_tls:
        if constexpr (requires { stream.try_start_tls(); }) {
          return stream.try_start_tls();
        } else {
          return attempt::failed(make_error_code(errc::operation_unsupported));
        }
      case verb::shutdown_write:
        return attempt::failed(stream.shutdown_write());
      case verb::wait:
        if (!std::exchange(has_begun_, true)) wait_until_ = deadline::after(next_.delay());
        return wait_until_.has_passed() ? attempt::done() : attempt::wait(readiness::signalled, wait_until_);
      case verb::close:
        core_->close();
        break;
      case verb::done:
        break;
    }
    return attempt::done();
  }

  /// Takes what a step gave; tells the dialogue when the action is over.
  void take(const attempt& tried) {
    event happened{tried.ec, tried.bytes, false};
    if (next_.what() == verb::read) {
      if (moved_ != nullptr) moved_->received += tried.bytes;
    } else if (next_.what() == verb::write) {
      if (tried.bytes != 0) core_->note_sent();
      if (moved_ != nullptr) moved_->sent += tried.bytes;
      written_ += tried.bytes;
      if (!tried.ec && written_ != next_.output().size()) return;
      happened.bytes = written_;
      expects_reply_ = true;
    } else if (next_.what() == verb::connect && tried.ec) {
      core_->close();
    } else if (next_.what() == verb::start_tls && !tried.ec) {
      happened.channel_binding = channel_binding_of(core_->stream);
    }
    tell(happened);
  }

  void tell(const event& happened) {
    written_ = 0;
    has_begun_ = false;
    patience_.note(happened.ec);
    next_ = dialogue_.resume(happened);
  }

  void refuse() { tell({make_error_code(errc::deadline_passed), written_, false}); }

  void suspend(const attempt& tried) {
    const native_handle watched = core_->stream.handle(tried.wait_for);
    readiness what = tried.wait_for;
    if (what == readiness::signalled || watched == no_handle) {
      what = readiness::signalled;
      core_->expect_signal();
      if (next_.what() != verb::wait) core_->stream.notify(core_->relay());
    }
    core_->suspend(watched, what, earlier(limit_, tried.until), resume_operation<run_operation>{this});
  }

  void finish() {
    auto slot = asio::get_associated_cancellation_slot(handler_);
    if (slot.is_connected() && !is_refused_) slot.clear();
    const std::shared_ptr<core_type> core = core_;
    result<value_type> outcome =
        is_refused_ ? result<value_type>{errc::busy} : outcome_of(dialogue_, next_.error(), core->stream);
    Handler handler = std::move(handler_);
    const bool is_refused = is_refused_;
    destroy(this);
    if (is_refused) return std::move(handler)(std::move(outcome));
    if (core->end()) core->close();
    std::move(handler)(std::move(outcome));
    core->settle();
  }

  std::shared_ptr<core_type> core_;
  Machine dialogue_;
  Handler handler_;
  deadline by_;
  deadline limit_;  // the same, or earlier while the dialogue tries one of several peers
  deadline wait_until_;
  traffic* moved_;
  action next_ = action::done();
  std::size_t written_ = 0;  // of the write that is going on
  patience patience_;
  bool is_refused_;  // the stream was busy: complete with that
  bool may_complete_ = false;
  bool has_begun_ = false;  // the connect or wait that is going on
  bool expects_reply_ = false;
};

}  // namespace dovetail::inline v0::detail
