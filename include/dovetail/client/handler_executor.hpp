// Where the steps of an asynchronous operation run, and how its handler is called in the end.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <concepts>
#include <utility>

namespace dovetail::inline v0::detail {

template <class Handler>
inline constexpr bool runs_on_any_io =
    std::convertible_to<asio::associated_executor_t<Handler, asio::any_io_executor>, asio::any_io_executor>;

/// The handler's executor; one that cannot be kept as `any_io_executor` (that of futures) only gets the completion.
template <class Handler>
asio::any_io_executor executor_for(const Handler& handler, const asio::any_io_executor& fallback) {
  if constexpr (runs_on_any_io<Handler>) {
    return asio::get_associated_executor(handler, fallback);
  } else {
    return fallback;
  }
}

/// Calls the handler from its executor's own thread.
template <class Handler, class Answer>
void call_handler(Handler handler, Answer answer, const asio::any_io_executor& fallback) {
  if constexpr (runs_on_any_io<Handler>) {
    std::move(handler)(std::move(answer));
  } else {
    const auto executor = asio::get_associated_executor(handler, fallback);  // before the handler is moved
    asio::post(executor, [handler = std::move(handler), answer = std::move(answer)]() mutable {
      std::move(handler)(std::move(answer));
    });
  }
}

}  // namespace dovetail::inline v0::detail
