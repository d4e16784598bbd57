// LensDB: the asynchronous client, on Asio.
#pragma once

#include <dovetail/client/async_client.hpp>
#include <dovetail/client/lensdb/async_bulk.hpp>
#include <dovetail/client/lensdb/async_instances.hpp>
#include <dovetail/lensdb.hpp>
#include <dovetail/transport/tcp.hpp>

namespace dovetail::inline v0::lensdb {

/// `dt::lensdb::async_client kv{io.get_executor(), "lensdb://127.0.0.1:8080"}`: the verbs of `client`, which return
/// `asio::awaitable`, or what `with(token)` says; see `basic_async_client`. Other policies:
/// `dt::async_client<Transport, dt::lensdb::codec<…>, RetryPolicy, PoolPolicy>`.
using async_client = dovetail::async_client<tcp, codec<>>;

}  // namespace dovetail::inline v0::lensdb
