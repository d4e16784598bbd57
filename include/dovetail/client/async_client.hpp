// The asynchronous client put together from policies: Transport, Codec, RetryPolicy, PoolPolicy, Observer.
#pragma once

#include <dovetail/client/async_wire_connection.hpp>
#include <dovetail/client/basic_async_client.hpp>

namespace dovetail::inline v0 {

/// `dt::async_client<dt::tcp, dt::lensdb::codec<…>>`: see `basic_async_client`.
template <transport Transport, codec Codec, retry_policy Retry = exponential_backoff, pool_policy Pool = bounded_pool,
          observer Observer = no_observer>
using async_client = basic_async_client<async_wire_connection<Transport, Codec>, Retry, Pool, Observer>;

}  // namespace dovetail::inline v0
