// The asynchronous loop: carries out what a dialogue asks for on a stream, without ever blocking.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/outcome.hpp>
#include <dovetail/driver/run_operation.hpp>
#include <dovetail/driver/traffic.hpp>
#include <dovetail/sansio/machine.hpp>
#include <dovetail/transport/async_stream.hpp>

#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// Runs `dialogue` to its end on `stream`, then calls `handler(dt::result<value>)` on the handler's associated
/// executor (the stream's when it has none), never inside this function. The result is the same as `run` gives.
/// Errors: as `run`; errc::busy when another operation runs on the stream. What the dialogue throws (a user's
///   field_codec, say) is told to the handler too: an `error` as it is, else errc::invalid_state. The stream is closed.
/// Cancellation: through the handler's cancellation slot or `stream.cancel()`. The dialogue gets an event that is
///   `cancelled` and decides how to end. `terminal` counts always, other types only before the first byte is sent.
/// Lifetime: what the dialogue points to, and `moved`, must stay until the handler is called. `moved` may be null.
/// Cost: no timer and no allocation an operation once the stream is warm; a system call is tried first and the
///   operation is suspended only when it would block.
template <stream Stream, machine Machine, class Handler>
void async_run(basic_async_stream<Stream>& stream, Machine dialogue, deadline by, traffic* moved, Handler handler) {
  static_assert(std::is_invocable_v<Handler, result<detail::machine_value_t<Machine>>>,
                "the handler must be callable with dt::result of the dialogue's value");
  detail::run_operation<Stream, Machine, Handler>::start(stream.core(), std::move(dialogue), by, moved,
                                                         std::move(handler));
}

}  // namespace dovetail::inline v0
