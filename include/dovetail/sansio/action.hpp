// The vocabulary between a dialogue and the loop that drives it: what to do next, and what came of it.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/deadline.hpp>

#include <cstddef>
#include <cstdint>
#include <system_error>

namespace dovetail::inline v0 {

/// What a driver can be asked to do.
enum class verb : std::uint8_t {
  done,            ///< the dialogue is over, with or without an error
  read,            ///< read at least one byte into `input()`
  write,           ///< write all of `output()`
  connect,         ///< connect the transport to its peer
  start_tls,       ///< upgrade the transport to TLS; no byte read before may be used after
  shutdown_write,  ///< end our half of the stream; reading goes on
  wait,            ///< let `delay()` pass
  close,           ///< close the transport
  look,            ///< take what has come already into `input()`, without waiting; nothing is no error: 0 bytes
  exchange,  ///< write all of `output()`; what comes while that has to wait goes into `input()`, and ends the action
};

/// What the driver must do next. Lifetime: spans point into the session and stay valid until the next `resume`.
class action {
 public:
  static action done() noexcept { return action{verb::done}; }
  static action done(const std::error_code& ec) noexcept {
    action next{verb::done};
    next.code_ = ec.value();
    next.category_ = &ec.category();
    return next;
  }
  static action read(byte_span into) noexcept {
    action next{verb::read};
    next.data_ = into.data();
    next.size_ = into.size();
    return next;
  }
  static action look(byte_span into) noexcept {
    action next = read(into);
    next.what_ = verb::look;
    return next;
  }
  static action write(byte_view from) noexcept {
    action next{verb::write};
    next.data_ = const_cast<std::byte*>(from.data());  // only handed out again as const
    next.size_ = from.size();
    return next;
  }
  /// A write to a peer that may stop reading until it is read from: neither side waits for the other for ever. Whoever
  /// gets bytes before all is written asks again for the rest. Without room in `into` it is a write.
  static action exchange(byte_view from, byte_span into) noexcept {
    action next = write(from);
    next.what_ = verb::exchange;
    next.into_ = into;
    return next;
  }
  /// An exchange behind which an answer must come: whoever has written all of it may go on as `read` does, into the
  /// same `input()`, and tell both at once. One who does not is asked to read by the next action.
  static action ask(byte_view from, byte_span into) noexcept {
    action next = exchange(from, into);
    next.awaits_answer_ = !into.empty();
    return next;
  }
  /// Transports that lead to one of several peers take the number of the one that is meant. A `limit` bounds this and
  /// every later action until the next connect, besides the operation's own deadline.
  static action connect(std::size_t target = 0, clock::duration limit = {}) noexcept {
    action next{verb::connect};
    next.size_ = target;
    next.delay_ = limit;
    return next;
  }
  static action start_tls() noexcept { return action{verb::start_tls}; }
  static action shutdown_write() noexcept { return action{verb::shutdown_write}; }
  static action close() noexcept { return action{verb::close}; }
  static action wait(clock::duration delay) noexcept {
    action next{verb::wait};
    next.delay_ = delay;
    return next;
  }

  verb what() const noexcept { return what_; }
  /// Of `done`: is there an `error()`?
  bool failed() const noexcept { return code_ != 0; }
  std::error_code error() const noexcept {
    return category_ == nullptr ? std::error_code{} : std::error_code{code_, *category_};
  }
  byte_span input() const noexcept { return what_ == verb::exchange ? into_ : byte_span{data_, size_}; }
  byte_view output() const noexcept { return {data_, size_}; }
  /// Of `exchange`: it was made by `ask`.
  bool awaits_answer() const noexcept { return awaits_answer_; }
  /// Of `wait`; of `connect` the limit, zero when there is none.
  clock::duration delay() const noexcept { return delay_; }
  /// Of `connect`: which of the transport's peers.
  std::size_t target() const noexcept { return size_; }

 private:
  explicit action(verb what) noexcept : what_(what) {}

  verb what_;
  bool awaits_answer_ = false;
  int code_ = 0;  // with the category an error code: one that says nothing is not made for every action
  const std::error_category* category_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  byte_span into_{};
  clock::duration delay_{};
};

/// What came of the last action; the first `resume` gets an empty event.
struct event {
  std::error_code ec{};    ///< why the action failed; end of stream is errc::connection_closed
  std::size_t bytes = 0;   ///< read, look: how many bytes came; write, exchange: how many bytes left before `ec`
  bool cancelled = false;  ///< the caller wants the operation to end
  /// start_tls: what ties a log-in to this TLS connection (RFC 5929 tls-server-end-point, the hash of the server's
  /// certificate); empty when there is none. Lifetime: until the dialogue returns its next action.
  byte_view channel_binding{};
  /// exchange: how many bytes came, with an error too. Of one that awaits an answer, when all has left: that answer, or
  /// why none came is in `ec`.
  std::size_t received = 0;
};

}  // namespace dovetail::inline v0
