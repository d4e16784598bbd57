// The observer concept: what a client tells about its work, in names, sizes and times, never in contents.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/deadline.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace dovetail::inline v0 {

struct server_fields;  // base/error_info.hpp

/// What an observation tells of.
enum class observed : std::uint8_t {
  connect,       ///< a connection was opened, or could not be (`ec`); `duration` it took
  disconnect,    ///< a connection was closed; `duration` it lived
  request,       ///< one attempt of an operation ended; `ec`, `duration`, bytes
  retry,         ///< attempt `attempt` failed with `ec`; the next one follows after `duration`
  error,         ///< an operation ended with `ec`, for good: what the caller gets; `duration` with all attempts
  pool_wait,     ///< a caller waited `duration` for a connection; `ec` when it got none
  leak_warning,  ///< the caller at `where` has held a connection for `duration`, longer than the pool's threshold
  notice,        ///< a server said something unasked: `notice`
  circuit,       ///< a circuit breaker is in the state `operation` now; open: because of `ec`, for `duration`
  audit,         ///< `subject` ran a statement of the class `operation`, or was refused it (`ec`); `duration` it took
};

/// The name of a kind of observation: "connect", "request", ...
constexpr std::string_view to_string(observed what) noexcept {
  switch (what) {
    case observed::connect:
      return "connect";
    case observed::disconnect:
      return "disconnect";
    case observed::request:
      return "request";
    case observed::retry:
      return "retry";
    case observed::error:
      return "error";
    case observed::pool_wait:
      return "pool_wait";
    case observed::leak_warning:
      return "leak_warning";
    case observed::notice:
      return "notice";
    case observed::circuit:
      return "circuit";
    case observed::audit:
      return "audit";
  }
  return "unknown";
}

/// One observation. Lifetime: borrows `operation` and `subject` for the call only.
struct observation {
  observed what = observed::request;
  std::string_view operation{};  ///< the verb's name ("get", "query"); empty when it is no operation's
  std::error_code ec{};          ///< empty on success
  clock::duration duration{};
  std::size_t bytes_sent = 0;
  std::size_t bytes_received = 0;
  int attempt = 1;
  std::source_location where{};  ///< the caller's place; line() is 0 when that is not known
  /// What the server says: severity, SQLSTATE, message, … in the words of whoever programmed the database; they may
  /// quote data. Null when it is none. Lifetime: for the call only.
  const server_fields* notice = nullptr;
  std::string_view subject{};  ///< of an audit: who asked for it
};

/// Sees what a client does. Threads: `on` is called by any thread, by several at a time; it must not call the client.
template <class O>
concept observer = std::copy_constructible<O> && requires(O& watcher, const observation& what) {
  // If the compiler points here: the observer needs `void on(const dt::observation&) noexcept`.
  { watcher.on(what) }
  noexcept;
};

/// Sees nothing and costs nothing: callers do not even read the clock for it.
struct no_observer {
  constexpr void on(const observation&) const noexcept {}
};

/// False when callers need not make observations for `O` at all.
template <class O>
inline constexpr bool is_observing = true;
template <>
inline constexpr bool is_observing<no_observer> = false;

/// Several observers as one; each sees everything, in order.
template <observer... Os>
class observers {
 public:
  observers() requires(std::default_initializable<Os>&&...) = default;
  explicit observers(Os... each) requires(sizeof...(Os) > 0) : each_(std::move(each)...) {}

  void on([[maybe_unused]] const observation& what) noexcept {
    std::apply([&](Os&... each) { (each.on(what), ...); }, each_);
  }

  template <class O>
  O& get() noexcept {
    return std::get<O>(each_);
  }
  template <class O>
  const O& get() const noexcept {
    return std::get<O>(each_);
  }

 private:
  std::tuple<Os...> each_;
};

template <class... Os>
inline constexpr bool is_observing<observers<Os...>> = (is_observing<Os> || ...);

namespace detail {

/// Measures a duration for an observer of type `O`: reads no clock when nobody observes.
template <class O>
class stopwatch {
 public:
  stopwatch() noexcept {
    if constexpr (is_observing<O>) start_ = clock::now();
  }
  clock::duration elapsed() const noexcept {
    if constexpr (is_observing<O>) return clock::now() - start_;
    return {};
  }

 private:
  struct nothing {};
  [[no_unique_address]] std::conditional_t<is_observing<O>, clock::time_point, nothing> start_{};
};

/// Reports what `make()` returns; does not call it when nobody observes.
template <observer O, class Make>
constexpr void observe(O& watcher, Make&& make) noexcept {
  if constexpr (is_observing<O>) watcher.on(std::forward<Make>(make)());
}

}  // namespace detail
}  // namespace dovetail::inline v0
