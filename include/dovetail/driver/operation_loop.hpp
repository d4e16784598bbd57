// The loop of one running asynchronous operation; it knows the stream, and neither the dialogue nor the handler.
#pragma once

#include <dovetail/base/coarse_clock.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/error.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sansio/machine.hpp>
#include <dovetail/transport/async_core.hpp>

#include <cstddef>
#include <memory>
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

/// What every operation on this kind of stream shares whose handler has this type of executor and allocator: made once
/// for all of them, and not again for each dialogue and each handler.
template <stream Stream, class Executor, class Allocator>
class operation_loop {
 public:
  using core_type = async_core_of<Stream>;
  using executor_type = Executor;
  using allocator_type = Allocator;

  operation_loop(const operation_loop&) = delete;
  operation_loop& operator=(const operation_loop&) = delete;

  /// Called by `resume_operation`, on the handler's executor.
  static void go_on(operation_loop* self);
  /// The executor is gone before the operation ended: nobody is told.
  static void abandon(operation_loop* self) noexcept;

  virtual executor_type executor() const noexcept = 0;
  virtual allocator_type allocator() const noexcept = 0;

 protected:
  operation_loop(std::shared_ptr<core_type> core, deadline by, traffic* moved, bool is_refused) noexcept
      : core_(std::move(core)), by_(by), limit_(by), moved_(moved), is_refused_(is_refused) {}
  ~operation_loop() = default;

  void begin();

  const std::shared_ptr<core_type>& core() const noexcept { return core_; }
  std::shared_ptr<core_type> take_core() noexcept { return std::move(core_); }
  bool is_refused() const noexcept { return is_refused_; }
  std::error_code ended_with() const noexcept { return next_.error(); }
  /// What the dialogue threw, as a failure; empty when it came to its end.
  error_info& thrown() noexcept { return thrown_; }

 private:
  /// The dialogue's next action.
  virtual action resume(const event& happened) = 0;
  /// The dialogue is over, or the stream was busy: destroys the operation, and calls the handler.
  virtual void finish() = 0;
  /// Ends its life and gives its memory back. Gives the core that it held.
  virtual std::shared_ptr<core_type> destroy() noexcept = 0;

  /// After a suspension: was it cancelled, or has it had its last look?
  void look_around();
  bool is_too_late() noexcept;

  /// The loop. Returns when the operation is suspended or over. What a dialogue throws is how the operation ends, and
  /// leaves the stream closed: nobody knows how far it came. Where its handler is waited for, nobody else can be told.
  void step(bool was_suspended);

  /// Called where an exception is handled: the operation ends with it.
  void give_up() noexcept {
    thrown_ = current_failure();
    next_ = action::done(thrown_.code());
    core_->close();
  }

  /// Is a reply never here yet when all is written?
  bool waits_for_reply() const noexcept;
  bool is_reply_awaited() noexcept;

  /// Writes a request whose answer is awaited, as it usually goes: all at once. False: go on as with any action.
  bool ask_at_once();

  attempt try_once() {
    if (is_answering_) [[likely]]
      return core_->stream.try_read(next_.input());
    return try_other();
  }
  [[gnu::noinline]] attempt try_other();

  /// Writes, and reads when that has to wait. An answer that it awaits is read when all is written.
  attempt try_exchange();

  /// Takes what a step gave; tells the dialogue when the action is over.
  void take(const attempt& tried) {
    if (!is_answering_) [[unlikely]]
      return take_other(tried);
    if (moved_ != nullptr) moved_->received += tried.bytes;
    event happened{tried.ec, written_, false};
    if (!tried.ec) happened.received = tried.bytes;
    tell(happened);
  }
  [[gnu::noinline]] void take_other(const attempt& tried);

  void tell(const event& happened) {
    written_ = received_ = 0;
    has_begun_ = is_answering_ = false;
    patience_.note(happened.ec);
    next_ = resume(happened);
  }

  void refuse() { tell({make_error_code(errc::deadline_passed), written_, false}); }

  void suspend(const attempt& tried) {
    const native_handle watched = core_->stream.handle(tried.wait_for);
    if (!is_answering_ || tried.wait_for != readiness::readable || watched == no_handle) [[unlikely]]
      return suspend_otherwise(tried);
    core_->suspend(watched, readiness::readable, earlier(limit_, tried.until), resume_operation<operation_loop>{this});
  }
  [[gnu::noinline]] void suspend_otherwise(const attempt& tried);

  std::shared_ptr<core_type> core_;
  deadline by_;
  deadline limit_;  // the same, or earlier while the dialogue tries one of several peers
  deadline wait_until_;
  traffic* moved_;
  action next_ = action::done();
  std::size_t written_ = 0;   // of the write that is going on
  std::size_t received_ = 0;  // of the exchange that is going on
  attempt reading_;           // what its read waits for
  patience patience_;
  error_info thrown_;
  bool is_refused_;  // the stream was busy: complete with that
  bool may_complete_ = false;
  bool has_woken_ = false;        // once or more
  bool has_looked_late_ = false;  // for what came before the limit
  bool has_begun_ = false;        // the connect or wait that is going on
  bool expects_reply_ = false;
  bool is_answering_ = false;  // the exchange that is going on is written, and awaits its answer
};

template <stream Stream, class Executor, class Allocator>
void operation_loop<Stream, Executor, Allocator>::go_on(operation_loop* self) {
  self->may_complete_ = true;
  self->step(!self->is_refused_);
}

template <stream Stream, class Executor, class Allocator>
void operation_loop<Stream, Executor, Allocator>::abandon(operation_loop* self) noexcept {
  const bool is_refused = self->is_refused_;
  const std::shared_ptr<core_type> core = self->destroy();
  if (!is_refused && core->end()) core->close();
}

template <stream Stream, class Executor, class Allocator>
void operation_loop<Stream, Executor, Allocator>::begin() {
  if (is_refused_) return core_->yield(resume_operation<operation_loop>{this});
  bool has_asked = false;
  try {
    next_ = resume(event{});
    if (next_.what() != verb::done && is_over(by_)) [[unlikely]] {
      refuse();
    } else {
      has_asked = ask_at_once();
    }
  } catch (...) {
    give_up();
  }
  has_asked ? suspend(attempt::wait(readiness::readable)) : step(false);
}

template <stream Stream, class Executor, class Allocator>
bool operation_loop<Stream, Executor, Allocator>::ask_at_once() {
  const byte_view request = next_.output();
  if (!next_.awaits_answer() || request.empty() || !waits_for_reply()) return false;
  const attempt tried = core_->stream.try_write(request);
  if (!tried.is_over()) return false;
  if (tried.ec || tried.bytes != request.size()) [[unlikely]]
    return take(tried), false;
  core_->note_sent();
  if (moved_ != nullptr) moved_->sent += tried.bytes;
  written_ = tried.bytes;
  is_answering_ = true;
  return true;
}

template <stream Stream, class Executor, class Allocator>
void operation_loop<Stream, Executor, Allocator>::look_around() {
  const wake_up found = core_->resumed();
  if (found.cancelled) {
    tell({make_error_code(errc::cancelled), written_, true});
  } else if (found.fault) {
    tell({found.fault, written_, false});
  } else if (next_.what() != verb::done && is_too_late()) [[unlikely]] {
    refuse();
  }
}

/// What came in time is not lost because this thread was late: there is a last look. One, for some peers never stop.
/// The first time that an operation wakes up is usually its last, and the clock is read only when nothing has come.
template <stream Stream, class Executor, class Allocator>
bool operation_loop<Stream, Executor, Allocator>::is_too_late() noexcept {
  if (!std::exchange(has_woken_, true) || !is_over(limit_)) return false;
  const bool begins_anew = next_.what() == verb::connect || next_.what() == verb::close;
  return !begins_anew && std::exchange(has_looked_late_, true);
}

template <stream Stream, class Executor, class Allocator>
void operation_loop<Stream, Executor, Allocator>::step(bool was_suspended) {
  attempt tried;
  bool yields = false;
  try {
    if (was_suspended && !thrown_) look_around();
    for (int rounds = 0; next_.what() != verb::done; ++rounds) {
      yields = rounds == 64;  // others have their turn, and cancellation a chance
      if (yields) break;
      if (patience_.is_over()) {
        next_ = action::done(patience_.last());
        break;
      }
      tried = is_reply_awaited() ? attempt::wait(readiness::readable) : try_once();
      if (tried.is_over()) {
        take(tried);
      } else if (was_suspended && rounds == 0 && is_over(limit_)) {
        refuse();
      } else {
        break;
      }
    }
  } catch (...) {
    give_up();
    yields = false;
  }
  const bool is_done = next_.what() == verb::done;
  if (yields || (is_done && !may_complete_)) return core_->yield(resume_operation<operation_loop>{this});
  is_done ? finish() : suspend(tried);
}

template <stream Stream, class Executor, class Allocator>
bool operation_loop<Stream, Executor, Allocator>::waits_for_reply() const noexcept {
  if constexpr (requires { Stream::waits_for_replies; }) {
    return true;
  } else if constexpr (requires { core_->stream.waits_for_reply(); }) {
    return core_->stream.waits_for_reply();
  } else {
    return false;
  }
}

template <stream Stream, class Executor, class Allocator>
bool operation_loop<Stream, Executor, Allocator>::is_reply_awaited() noexcept {
  const bool reads = next_.what() == verb::read || is_answering_;
  return reads && std::exchange(expects_reply_, false) && waits_for_reply();
}

template <stream Stream, class Executor, class Allocator>
attempt operation_loop<Stream, Executor, Allocator>::try_other() {
  Stream& stream = core_->stream;
  switch (next_.what()) {
    case verb::read:
      return stream.try_read(next_.input());
    case verb::look: {
      const attempt tried = stream.try_read(next_.input());
      return tried.is_over() ? tried : attempt::done();
    }
    case verb::write:
      return written_ == next_.output().size() ? attempt::done() : stream.try_write(next_.output().subspan(written_));
    case verb::exchange:
      return try_exchange();
    case verb::connect:
      core_->detach();  // going on may close one socket and open the next
      if (!std::exchange(has_begun_, true)) {
        stream.close();
        select_peer(stream, next_.target());
        limit_ = limit_of(next_, by_);
        has_looked_late_ = false;
        if (limit_.has_passed()) return attempt::failed(make_error_code(errc::deadline_passed));
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

template <stream Stream, class Executor, class Allocator>
attempt operation_loop<Stream, Executor, Allocator>::try_exchange() {
  reading_ = {};
  if (written_ == next_.output().size()) return attempt::done();
  const attempt writing = core_->stream.try_write(next_.output().subspan(written_));
  if (next_.input().empty() || (writing.is_over() && !writing.ec)) return writing;
  const attempt reading = core_->stream.try_read(next_.input());
  if (reading.is_over() && !reading.ec) received_ = reading.bytes;
  if (writing.is_over()) return writing;  // it has failed: these were the peer's last words
  if (reading.is_over()) return attempt::failed(reading.ec);
  reading_ = reading;
  return writing;
}

template <stream Stream, class Executor, class Allocator>
void operation_loop<Stream, Executor, Allocator>::take_other(const attempt& tried) {
  event happened{tried.ec, tried.bytes, false};
  if (next_.what() == verb::read || next_.what() == verb::look) {
    if (moved_ != nullptr) moved_->received += tried.bytes;
  } else if (next_.what() == verb::write || next_.what() == verb::exchange) {
    if (tried.bytes != 0) core_->note_sent();
    if (moved_ != nullptr) moved_->sent += tried.bytes, moved_->received += received_;
    written_ += tried.bytes;
    if (!tried.ec && received_ == 0 && written_ != next_.output().size()) return;
    happened.bytes = written_;
    happened.received = received_;
    expects_reply_ = received_ == 0;
    is_answering_ = next_.awaits_answer() && expects_reply_ && !tried.ec;
    if (is_answering_) return;
  } else if (next_.what() == verb::connect && tried.ec) {
    core_->close();
  } else if (next_.what() == verb::start_tls && !tried.ec) {
    happened.channel_binding = channel_binding_of(core_->stream);
  }
  tell(happened);
}

template <stream Stream, class Executor, class Allocator>
void operation_loop<Stream, Executor, Allocator>::suspend_otherwise(const attempt& tried) {
  resume_operation<operation_loop> owned{this};
  const deadline limit = earlier(limit_, tried.until);
  if (next_.what() == verb::exchange && !reading_.is_over() && reading_.wait_for != tried.wait_for) {
    const native_handle first = core_->stream.handle(reading_.wait_for);
    const native_handle second = core_->stream.handle(tried.wait_for);
    if (first != no_handle && second != no_handle) {
      const bool is_read = reading_.wait_for == readiness::readable;
      return core_->suspend_both(is_read ? first : second, is_read ? second : first, earlier(limit, reading_.until),
                                 std::move(owned));
    }
  }
  const native_handle watched = core_->stream.handle(tried.wait_for);
  readiness what = tried.wait_for;
  if (what == readiness::signalled || watched == no_handle) {
    what = readiness::signalled;
    core_->expect_signal();
    if (next_.what() != verb::wait) core_->stream.notify(core_->relay());
  }
  core_->suspend(watched, what, limit, std::move(owned));
}

}  // namespace dovetail::inline v0::detail
