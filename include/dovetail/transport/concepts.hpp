// What a byte stream must offer: steps that never block, and a way to wait until a step may be tried again.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/deadline.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

namespace dovetail::inline v0 {

/// What has to happen before a step can be tried again.
enum class readiness : std::uint8_t {
  none,       ///< nothing: the step is over
  readable,   ///< the stream's descriptor becomes readable
  writable,   ///< the stream's descriptor becomes writable
  signalled,  ///< the stream itself says so, through `notify`
};

/// What came of a step that does not block: `bytes` and `ec` count when `wait_for` is `none`.
struct attempt {
  std::size_t bytes = 0;                 ///< read or written; reading none without an error does not happen
  std::error_code ec{};                  ///< end of stream is errc::connection_closed
  readiness wait_for = readiness::none;  ///< anything else: nothing was done, try again after this
  deadline until{};                      ///< try again at this time even when nothing has happened

  static attempt done(std::size_t bytes = 0) noexcept { return {bytes, {}, readiness::none, {}}; }
  static attempt failed(std::error_code ec, std::size_t bytes = 0) noexcept { return {bytes, ec, readiness::none, {}}; }
  static attempt wait(readiness what, deadline until = {}) noexcept { return {0, {}, what, until}; }
  bool is_over() const noexcept { return wait_for == readiness::none; }
};

/// Something that is told, once, that a stream's step may be tried again. Telling it for no reason is harmless.
class waker {
 public:
  /// Threads: called from any thread, never while the stream holds a lock.
  virtual void wake() noexcept = 0;

 protected:
  ~waker() = default;
};

/// The number by which the operating system knows a socket or pipe.
using native_handle = int;
inline constexpr native_handle no_handle = -1;

/// A byte stream. One reader and one writer, that is one operation, at a time; constructed from its endpoint, closed.
/// Both drivers use the same steps; the blocking one then calls `wait()`, the asynchronous one watches `handle()` or,
/// where that is `no_handle`, asks to be told through `notify()`. When a write and then a read had to wait, `wait()`
/// and `notify()` of such a stream are about both: whichever may be tried again first.
template <class S>
concept stream = std::move_constructible<S> && requires(S& s, const S& cs, byte_span in, byte_view out, deadline by,
                                                        const attempt& last, std::shared_ptr<waker> w) {
  // If the compiler points here: try_connect(deadline) must begin to connect, or go on with it.
  { s.try_connect(by) } -> std::same_as<attempt>;
  // If the compiler points here: try_read(byte_span) must read what is there, without blocking.
  { s.try_read(in) } -> std::same_as<attempt>;
  // If the compiler points here: try_write(byte_view) must write what fits, without blocking.
  { s.try_write(out) } -> std::same_as<attempt>;
  // If the compiler points here: shutdown_write() must end our half, and say why it could not.
  { s.shutdown_write() } -> std::same_as<std::error_code>;
  // If the compiler points here: wait() must block until `last.wait_for`, `last.until` or the deadline;
  // only the deadline is an error (errc::deadline_passed).
  { s.wait(last, by) } -> std::same_as<std::error_code>;
  // If the compiler points here: handle(readiness) must give the descriptor to watch, or no_handle.
  { cs.handle(readiness::readable) }
  noexcept->std::same_as<native_handle>;
  // If the compiler points here: notify() must wake the waker when the last step may be tried again.
  {s.notify(std::move(w))};
  // If the compiler points here: close() must give up everything, and may be called at any time.
  { s.close() }
  noexcept->std::same_as<void>;
  { cs.is_open() }
  noexcept->std::same_as<bool>;
};

/// A transport policy: an endpoint that says where the peer is, and the stream that leads there.
template <class T>
concept transport = requires {
  // If the compiler points here: a transport names its endpoint type and its stream type.
  typename T::endpoint;
  typename T::stream;
}
&&stream<typename T::stream>&& std::constructible_from<typename T::stream, const typename T::endpoint&>;

}  // namespace dovetail::inline v0
