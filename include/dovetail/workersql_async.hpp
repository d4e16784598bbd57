// WorkerSQL: the asynchronous client, on Asio.
#pragma once

#include <dovetail/client/basic_async_client.hpp>
#include <dovetail/client/workersql/async_connection.hpp>
#include <dovetail/client/workersql/async_health_keeper.hpp>
#include <dovetail/workersql.hpp>

namespace dovetail::inline v0 {
namespace workersql {

/// `dt::workersql::async_client db{io.get_executor(), "workersql://…"}`: the verbs of `client`, awaited; see
/// `basic_async_client`. Cancellation: a connection in the middle of an exchange is closed.
using async_client = kept_async_client<basic_async_client<async_connection, sdk_backoff, keep_alive_pool>>;

}  // namespace workersql
}  // namespace dovetail::inline v0
