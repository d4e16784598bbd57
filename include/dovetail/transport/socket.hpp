// The operating system's sockets: the only file that calls them, so that another system needs only another such file.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/coarse_clock.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

inline std::error_code last_system_error() noexcept { return {errno, std::system_category()}; }

/// A descriptor that is closed when its owner goes.
class owned_handle {
 public:
  owned_handle() noexcept = default;
  explicit owned_handle(native_handle handle) noexcept : handle_(handle) {}
  owned_handle(owned_handle&& other) noexcept : handle_(std::exchange(other.handle_, no_handle)) {}
  owned_handle& operator=(owned_handle&& other) noexcept;
  ~owned_handle() { reset(); }

  native_handle get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != no_handle; }
  native_handle release() noexcept { return std::exchange(handle_, no_handle); }
  void reset() noexcept {
    if (handle_ != no_handle) ::close(std::exchange(handle_, no_handle));
  }

 private:
  native_handle handle_ = no_handle;
};

/// An address as the system wants it.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  int family() const noexcept { return storage.ss_family; }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

#if defined(MSG_NOSIGNAL)
inline constexpr int send_flags = MSG_NOSIGNAL | MSG_DONTWAIT;
#else
inline constexpr int send_flags = 0;  // such systems have SO_NOSIGPIPE instead, set in open_socket()
#endif

std::error_code set_nonblocking(native_handle handle) noexcept;

std::error_code set_close_on_exec(native_handle handle) noexcept;

template <class T>
std::error_code set_option(native_handle handle, int level, int name, const T& value) noexcept {
  if (::setsockopt(handle, level, name, &value, sizeof value) != 0) return last_system_error();
  return {};
}

/// Makes a socket ready for use: does not block, is not inherited, raises no signal.
std::error_code prepare_socket(native_handle handle) noexcept;

owned_handle open_socket(int family, std::error_code& ec) noexcept;

inline std::error_code set_no_delay(native_handle handle) noexcept {
  return set_option(handle, IPPROTO_TCP, TCP_NODELAY, 1);
}

/// Asks the system to probe a silent peer: after `idle`, then as often as the system thinks right.
std::error_code set_keep_alive(native_handle handle, std::chrono::seconds idle) noexcept;

/// Starts to connect; waits for `writable` when that is not done at once.
attempt start_connect(native_handle handle, const socket_address& to) noexcept;

/// What came of a connect that was in progress and whose socket became writable.
std::error_code connect_outcome(native_handle handle) noexcept;

inline bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK; }

/// Makes receive() with no flags wait, `limit` at most; sending and connecting never wait all the same.
std::error_code set_receive_timeout(native_handle handle, std::chrono::milliseconds limit) noexcept;

bool is_unix_socket(native_handle handle) noexcept;

attempt receive(native_handle handle, byte_span into, int flags = MSG_DONTWAIT) noexcept;

/// Would a read have to wait? False for bytes, for the end of the stream and for a failure.
inline bool has_nothing_to_read(native_handle handle) noexcept {
  char one;
  for (;;) {
    if (::recv(handle, &one, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) return false;
    if (errno != EINTR) return would_block();
  }
}

/// Has the peer ended the connection, whatever it said before? One system call.
bool has_hung_up(native_handle handle) noexcept;

attempt send(native_handle handle, byte_view from) noexcept;

/// What recv() and send() have just given, as an attempt; a send that a signal has interrupted is made again.
attempt received_as(ssize_t got) noexcept;
attempt sent_as(ssize_t left, native_handle handle, byte_view from) noexcept;

/// Is there something to receive? It stays there.
inline attempt peek(native_handle handle) noexcept {
  std::byte one{};
  return receive(handle, {&one, 1}, MSG_PEEK | MSG_DONTWAIT);
}

inline std::error_code shutdown_send(native_handle handle) noexcept {
  if (::shutdown(handle, SHUT_WR) != 0) return last_system_error();
  return {};
}

/// Milliseconds until `end` for poll(), rounded up so that it is never woken too early again and again.
int poll_timeout(deadline end) noexcept;

/// What poll() is to watch for.
inline short poll_events(readiness what) noexcept {
  return static_cast<short>(what == readiness::writable ? POLLOUT : POLLIN);
}

/// Blocks until one of `count` descriptors is ready (or broken), or `end` passes: then false.
bool poll_until(pollfd* watched, nfds_t count, deadline end, std::error_code& ec) noexcept;

/// Blocks until `handle` is ready (or broken) for `what`, or `end` passes: then false.
bool poll_handle(native_handle handle, readiness what, deadline end, std::error_code& ec) noexcept;

/// The blocking wait of every stream that has a descriptor.
std::error_code wait_handle(native_handle handle, const attempt& last, deadline by) noexcept;

/// The same for a read and a write at once: ends when one of them may be tried again.
std::error_code wait_handles(native_handle first, const attempt& one, native_handle second, const attempt& other,
                             deadline by) noexcept;

/// Blocks until `end`; for ever when that never passes.
inline void sleep_until(deadline end) noexcept {
  while (!end.has_passed()) ::poll(nullptr, 0, poll_timeout(end));
}

/// The addresses of a host, in the order in which they should be tried. Blocks unless `numeric_only`.
std::error_code resolve(const std::string& host, const std::string& port, bool numeric_only,
                        std::vector<socket_address>& found);

/// The address of a Unix socket; a path that begins with '@' is a name in Linux' abstract namespace.
std::error_code unix_address(std::string_view path, socket_address& made) noexcept;

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/transport_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TRANSPORT_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

DOVETAIL_DEFINE owned_handle& owned_handle::operator=(owned_handle&& other) noexcept {
  if (this != &other) {
    reset();
    handle_ = std::exchange(other.handle_, no_handle);
  }
  return *this;
}

DOVETAIL_DEFINE std::error_code set_nonblocking(native_handle handle) noexcept {
  const int flags = ::fcntl(handle, F_GETFL, 0);
  if (flags < 0 || ::fcntl(handle, F_SETFL, flags | O_NONBLOCK) < 0) return last_system_error();
  return {};
}

DOVETAIL_DEFINE std::error_code set_close_on_exec(native_handle handle) noexcept {
  const int flags = ::fcntl(handle, F_GETFD, 0);
  if (flags < 0 || ::fcntl(handle, F_SETFD, flags | FD_CLOEXEC) < 0) return last_system_error();
  return {};
}

DOVETAIL_DEFINE std::error_code prepare_socket(native_handle handle) noexcept {
#if !defined(MSG_NOSIGNAL) && defined(SO_NOSIGPIPE)
  if (const std::error_code ec = set_option(handle, SOL_SOCKET, SO_NOSIGPIPE, 1)) return ec;
#endif
  if (const std::error_code ec = set_close_on_exec(handle)) return ec;
  return set_nonblocking(handle);
}

DOVETAIL_DEFINE owned_handle open_socket(int family, std::error_code& ec) noexcept {
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
  owned_handle made{::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  ec = made ? std::error_code{} : last_system_error();
#else
  owned_handle made{::socket(family, SOCK_STREAM, 0)};
  ec = made ? prepare_socket(made.get()) : last_system_error();
  if (ec) made.reset();
#endif
  return made;
}

DOVETAIL_DEFINE std::error_code set_keep_alive(native_handle handle, std::chrono::seconds idle) noexcept {
  if (const std::error_code ec = set_option(handle, SOL_SOCKET, SO_KEEPALIVE, 1)) return ec;
#if defined(TCP_KEEPIDLE)
  return set_option(handle, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(idle.count()));
#else
  return static_cast<void>(idle), std::error_code{};
#endif
}

DOVETAIL_DEFINE attempt start_connect(native_handle handle, const socket_address& to) noexcept {
  if (::connect(handle, to.get(), to.size) == 0) return attempt::done();
  // An interrupted connect goes on in the background, like one that is in progress (POSIX, connect()).
  if (errno == EINPROGRESS || errno == EINTR) return attempt::wait(readiness::writable);
  return attempt::failed(last_system_error());
}

DOVETAIL_DEFINE std::error_code connect_outcome(native_handle handle) noexcept {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(handle, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return last_system_error();
  return {code, std::system_category()};
}

DOVETAIL_DEFINE std::error_code set_receive_timeout(native_handle handle, std::chrono::milliseconds limit) noexcept {
#if defined(MSG_NOSIGNAL)
  const int flags = ::fcntl(handle, F_GETFL, 0);
  if (flags < 0 || ::fcntl(handle, F_SETFL, flags & ~O_NONBLOCK) < 0) return last_system_error();
  timeval time{};
  time.tv_sec = static_cast<time_t>(limit.count() / 1000);
  time.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
  return set_option(handle, SOL_SOCKET, SO_RCVTIMEO, time);
#else
  return static_cast<void>(handle), static_cast<void>(limit), std::make_error_code(std::errc::not_supported);
#endif
}

DOVETAIL_DEFINE bool is_unix_socket(native_handle handle) noexcept {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  return ::getsockname(handle, reinterpret_cast<sockaddr*>(&own), &size) == 0 && own.ss_family == AF_UNIX;
}

[[gnu::cold]] DOVETAIL_DEFINE bool has_hung_up(native_handle handle) noexcept {
  short ends = POLLHUP | POLLERR;
#if defined(POLLRDHUP)
  ends = static_cast<short>(ends | POLLRDHUP);
#endif
  pollfd watched{handle, ends, 0};
  while (::poll(&watched, 1, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return (watched.revents & ends) != 0;
}

DOVETAIL_DEFINE attempt receive(native_handle handle, byte_span into, int flags) noexcept {
  if (into.empty()) return attempt::failed(std::make_error_code(std::errc::no_buffer_space));
  return received_as(::recv(handle, into.data(), into.size(), flags));
}

DOVETAIL_DEFINE attempt received_as(ssize_t got) noexcept {
  if (got > 0) return attempt::done(static_cast<std::size_t>(got));
  if (got == 0) return attempt::failed(make_error_code(errc::connection_closed));
  // A wait in here that a signal has ended began its time anew: whoever waits looks at his deadline first.
  if (would_block() || errno == EINTR) return attempt::wait(readiness::readable);
  return attempt::failed(last_system_error());
}

DOVETAIL_DEFINE attempt send(native_handle handle, byte_view from) noexcept {
  if (from.empty()) return attempt::done();
  return sent_as(::send(handle, from.data(), from.size(), send_flags), handle, from);
}

DOVETAIL_DEFINE attempt sent_as(ssize_t left, native_handle handle, byte_view from) noexcept {
  for (;; left = ::send(handle, from.data(), from.size(), send_flags)) {
    if (left >= 0) return attempt::done(static_cast<std::size_t>(left));
    if (would_block()) return attempt::wait(readiness::writable);
    if (errno != EINTR) return attempt::failed(last_system_error());
  }
}

DOVETAIL_DEFINE int poll_timeout(deadline end) noexcept {
  if (end.is_never()) return -1;
  const clock::time_point time = coarse_now();
  const clock::duration left = is_far(end, time) ? end.when() - time : end.remaining();
  constexpr std::chrono::milliseconds longest{1'000'000};
  return static_cast<int>((left > longest ? longest : std::chrono::ceil<std::chrono::milliseconds>(left)).count());
}

DOVETAIL_DEFINE bool poll_handle(native_handle handle, readiness what, deadline end, std::error_code& ec) noexcept {
  pollfd watched{handle, poll_events(what), 0};
  return poll_until(&watched, 1, end, ec);
}

DOVETAIL_DEFINE bool poll_until(pollfd* watched, nfds_t count, deadline end, std::error_code& ec) noexcept {
  ec = {};
  for (;;) {
    const int ready = ::poll(watched, count, poll_timeout(end));
    if (ready > 0) return true;
    if (ready == 0 && end.has_passed()) return false;
    if (ready < 0 && errno != EINTR) return ec = last_system_error(), false;
  }
}

DOVETAIL_DEFINE std::error_code wait_handle(native_handle handle, const attempt& last, deadline by) noexcept {
  std::error_code ec;
  const deadline end = earlier(by, last.until);
  if (poll_handle(handle, last.wait_for, end, ec) || ec) return ec;
  return by.has_passed() ? make_error_code(errc::deadline_passed) : std::error_code{};
}

DOVETAIL_DEFINE std::error_code wait_handles(native_handle first, const attempt& one, native_handle second,
                                             const attempt& other, deadline by) noexcept {
  pollfd watched[] = {{first, poll_events(one.wait_for), 0}, {second, poll_events(other.wait_for), 0}};
  std::error_code ec;
  const deadline end = earlier(by, earlier(one.until, other.until));
  if (poll_until(watched, 2, end, ec) || ec) return ec;
  return by.has_passed() ? make_error_code(errc::deadline_passed) : std::error_code{};
}

DOVETAIL_DEFINE std::error_code resolve(const std::string& host, const std::string& port, bool numeric_only,
                                        std::vector<socket_address>& found) {
  if (host.find('\0') != host.npos) return errc::host_not_found;  // the system would see the name in front of it
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (numeric_only ? AI_NUMERICHOST : AI_ADDRCONFIG);
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) return errc::host_not_found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    if (each->ai_addrlen > sizeof(sockaddr_storage)) continue;
    socket_address& address = found.emplace_back();
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
  }
  ::freeaddrinfo(list);
  return found.empty() ? make_error_code(errc::host_not_found) : std::error_code{};
}

DOVETAIL_DEFINE std::error_code unix_address(std::string_view path, socket_address& made) noexcept {
  sockaddr_un address{};
  if (path.empty()) return std::make_error_code(std::errc::invalid_argument);
  if (path.size() >= sizeof address.sun_path) return std::make_error_code(std::errc::filename_too_long);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const bool is_abstract = path.front() == '@';
  if (is_abstract) address.sun_path[0] = '\0';
  std::memcpy(&made.storage, &address, sizeof address);
  made.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
  return {};
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
