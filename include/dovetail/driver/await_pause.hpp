// The pause of a coroutine before it tries something again.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/error_info.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <source_location>
#include <system_error>
#include <type_traits>

namespace dovetail::inline v0::detail {

/// A timer in coroutines that are compiled for `For`: its waits are not compiled where these are only declared.
template <class For>
using pause_timer = std::enable_if_t<sizeof(std::type_identity<For>) != 0, asio::steady_timer>;

/// Lets a delay pass; empty when it has. `heeds`: whether a cancellation that came before the pause counts, as it does
/// where `throw_if_cancelled` is on; await this with it off, which else throws at the `co_await` itself.
/// `For` names the client that asks, so that each client's coroutine can be compiled once. Errors: errc::cancelled.
template <class For>
asio::awaitable<error_info> await_pause(asio::any_io_executor on, clock::duration delay, bool heeds,
                                        std::source_location where) {
  std::error_code ec;
  const auto state = co_await asio::this_coro::cancellation_state;
  if (heeds && state.cancelled() != asio::cancellation_type::none) {
    ec = make_error_code(errc::cancelled);
  } else {
    pause_timer<For> timer{on, delay};
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  }
  error_info ended;
  if (ec) {
    ended = {make_error_code(errc::cancelled), "while it waited before the next attempt"};
    ended.with_location(where);
  }
  co_return ended;
}

}  // namespace dovetail::inline v0::detail
