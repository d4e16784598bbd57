// The blocking client put together from policies: Transport, Codec, RetryPolicy, PoolPolicy, Observer.
#pragma once

#include <dovetail/client/basic_client.hpp>
#include <dovetail/client/wire_connection.hpp>

namespace dovetail::inline v0 {

/// `dt::client<dt::tcp, dt::lensdb::codec<…>, dt::exponential_backoff, dt::bounded_pool>`: see `basic_client`.
template <transport Transport, codec Codec, retry_policy Retry = exponential_backoff, pool_policy Pool = bounded_pool,
          observer Observer = no_observer>
using client = basic_client<wire_connection<Transport, Codec>, Retry, Pool, Observer>;

}  // namespace dovetail::inline v0
