// The concept of a dialogue that does no input or output of its own.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/sansio/action.hpp>

#include <concepts>
#include <utility>

namespace dovetail::inline v0 {

/// A dialogue: takes what happened, says what to do next. Never blocks, never sees a handler, a socket or a clock.
template <class M>
concept machine = std::move_constructible<M> && requires(M& dialogue, const event& what_happened) {
  // If the compiler points here: resume() must take a `const dt::event&` and return the next `dt::action`.
  { dialogue.resume(what_happened) } -> std::same_as<action>;
};

namespace detail {

/// The value, or a reference to where it can be taken from.
template <class Given, class T>
concept gives = std::same_as<Given, T> || std::same_as<Given, T&&>;

}  // namespace detail

/// A dialogue with a result.
template <class M>
concept value_machine = machine<M> && requires(M& dialogue) {
  // If the compiler points here: the machine must name the type of its result.
  typename M::value_type;
  // If the compiler points here: value() must yield the result once resume() returned action::done() without an error.
  { std::move(dialogue).value() } -> detail::gives<typename M::value_type>;
};

/// What is known of a dialogue's failure: the machine's own `failure(ec)` when it has one, else the bare code.
template <machine M>
error_info failure_of(M& dialogue, std::error_code ec) {
  if constexpr (requires {
                  { dialogue.failure(ec) } -> std::convertible_to<error_info>;
                }) {
    return dialogue.failure(ec);
  } else {
    return error_info{ec};
  }
}

}  // namespace dovetail::inline v0
