// The steps of a stream, repeated until they are over: connect, read, write with a deadline.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/socket.hpp>

#include <system_error>

namespace dovetail::inline v0 {
namespace detail {

template <class Stream, class Step>
attempt repeat_until_over(Stream& stream, deadline by, Step step) {
  for (;;) {
    const attempt tried = step();
    if (tried.is_over()) return tried;
    if (const std::error_code ec = stream.wait(tried, by)) return attempt::failed(ec);
  }
}

/// Blocks until a read or a write that has to wait may be tried again.
template <class Stream>
std::error_code wait_for_either(Stream& stream, const attempt& reading, const attempt& writing, deadline by) {
  const native_handle first = stream.handle(reading.wait_for);
  const native_handle second = stream.handle(writing.wait_for);
  if (reading.wait_for == writing.wait_for || first == no_handle || second == no_handle) {
    return stream.wait(writing, by);
  }
  return wait_handles(first, reading, second, writing, by);
}

/// Lets `delay` pass, or what is left until `by`.
inline std::error_code let_pass(clock::duration delay, deadline by) {
  const deadline end = deadline::after(delay);
  if (by.is_never() || end.when() <= by.when()) return sleep_until(end), std::error_code{};
  return sleep_until(by), make_error_code(errc::deadline_passed);
}

}  // namespace detail

/// Connects a stream; one that is open is closed first. After the deadline no connection is begun.
/// Errors: the last address's error when all addresses failed, errc::host_not_found, errc::deadline_passed.
template <stream Stream>
std::error_code connect(Stream& stream, deadline by) {
  stream.close();
  if (by.has_passed()) return errc::deadline_passed;
  const attempt tried = detail::repeat_until_over(stream, by, [&] { return stream.try_connect(by); });
  if (tried.ec) stream.close();
  return tried.ec;
}

/// Reads at least one byte, and what else is there already.
/// Errors: errc::connection_closed at the end of the stream, errc::deadline_passed, the system's own.
template <stream Stream>
std::size_t read_some(Stream& stream, byte_span into, deadline by, std::error_code& ec) {
  const attempt tried = detail::repeat_until_over(stream, by, [&] { return stream.try_read(into); });
  ec = tried.ec;
  return tried.bytes;
}

/// Writes all of `from`; returns how many bytes left before an error. Never raises SIGPIPE.
/// Errors: errc::deadline_passed, the system's own.
template <stream Stream>
std::size_t write_all(Stream& stream, byte_view from, deadline by, std::error_code& ec) {
  std::size_t written = 0;
  ec = {};
  while (written < from.size() && !ec) {
    const byte_view rest = from.subspan(written);
    const attempt tried = detail::repeat_until_over(stream, by, [&] { return stream.try_write(rest); });
    written += tried.bytes;
    ec = tried.ec;
    if (!ec && written < from.size() && by.has_passed()) ec = errc::deadline_passed;
  }
  return written;
}

/// What came of `write_or_read`: how many bytes left, and how many came.
struct exchanged {
  std::size_t written = 0;
  std::size_t received = 0;
  std::error_code ec{};
};

namespace detail {

/// `write_or_read`, whose first attempt to write was `writing`.
template <stream Stream>
[[gnu::noinline]] exchanged write_or_read_from(attempt writing, Stream& stream, byte_view from, byte_span into,
                                               deadline by) {
  exchanged done;
  for (;; writing = stream.try_write(from.subspan(done.written))) {
    if (writing.is_over()) {
      done.written += writing.bytes;
      done.ec = writing.ec;
      if (done.ec) {
        const attempt last_words = stream.try_read(into);
        if (last_words.is_over() && !last_words.ec) done.received = last_words.bytes;
      } else if (done.written < from.size() && by.has_passed()) {
        done.ec = errc::deadline_passed;
      }
      if (done.ec || done.written == from.size()) return done;
      continue;
    }
    const attempt reading = stream.try_read(into);
    if (reading.is_over()) {
      done.received = reading.bytes;
      done.ec = reading.ec;
      return done;
    }
    done.ec = wait_for_either(stream, reading, writing, by);
    if (done.ec) return done;
  }
}

}  // namespace detail

/// Writes `from`, and reads into `into` while that has to wait: over when all is written, or when something has come.
/// Where `into` is empty it is a write. After a failed write what the peer said last is read, as far as it is there.
/// Errors: as `write_all`, and as `read_some` while writing has to wait.
template <stream Stream>
exchanged write_or_read(Stream& stream, byte_view from, byte_span into, deadline by) {
  if (from.empty()) return {};
  if (!into.empty()) return detail::write_or_read_from(stream.try_write(from), stream, from, into, by);
  exchanged done;
  done.written = write_all(stream, from, by, done.ec);
  return done;
}

/// Upgrades a stream to TLS. Errors: errc::operation_unsupported when the stream's type knows no TLS.
template <stream Stream>
std::error_code start_tls(Stream& stream, deadline by) {
  if constexpr (requires {
                  { stream.try_start_tls() } -> std::same_as<attempt>;
                }) {
    return detail::repeat_until_over(stream, by, [&] { return stream.try_start_tls(); }).ec;
  } else {
    return make_error_code(errc::operation_unsupported);
  }
}

}  // namespace dovetail::inline v0
