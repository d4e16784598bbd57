// What client and pool need of a connection, whether it is a stream with a codec or a library in the process.
#pragma once

#include <dovetail/base/health.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/driver/traffic.hpp>

#include <concepts>

namespace dovetail::inline v0 {

/// A connection that blocks. Used by one thread at a time; constructed closed.
template <class C>
concept connection = requires(C& c, const C& cc, deadline by) {
  // If the compiler points here: a connection names the options that it is constructed from.
  typename C::options;
  requires std::constructible_from<C, const typename C::options&>;
  // If the compiler points here: open(deadline) must connect, and log in where the database wants that.
  { c.open(by) } -> std::same_as<result<void>>;
  // If the compiler points here: ping(deadline) must ask the peer for a sign of life.
  { c.ping(by) } -> std::same_as<result<void>>;
  // If the compiler points here: health() must say what may be done with the connection now.
  { cc.health() }
  noexcept->std::same_as<session_health>;
  // If the compiler points here: last_traffic() must say how many bytes the last operation moved.
  { cc.last_traffic() }
  noexcept->std::same_as<traffic>;
  // If the compiler points here: close() must give up everything, and may be called at any time.
  { c.close() }
  noexcept->std::same_as<void>;
};

/// A connection that can perform `Op`.
template <class C, class Op>
concept performs = connection<C> && operation<Op> && requires(C& c, Op& op, deadline by) {
  // If the compiler points here: this connection cannot perform this operation.
  { c.perform(op, by) } -> std::same_as<result<typename Op::value_type>>;
};

}  // namespace dovetail::inline v0
