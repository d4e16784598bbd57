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
