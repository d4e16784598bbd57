// PostgreSQL: the asynchronous client, on Asio.
#pragma once

#include <dovetail/client/basic_async_client.hpp>
#include <dovetail/client/postgres/async_connection.hpp>
#include <dovetail/client/postgres/async_instances.hpp>
#include <dovetail/client/postgres/client.hpp>

namespace dovetail::inline v0 {
namespace postgres {

/// `dt::postgres::async_client db{io.get_executor(), "postgresql://app@localhost/app"}`: the verbs of `client`,
/// awaited; see `basic_async_client`. Cancellation: the server is told to stop, and the connection lives on.
using async_client = basic_async_client<async_connection>;

/// The same on one connection that all callers share: statements that wait are sent together, in one write.
/// Cancellation, deadlines: who was not sent leaves the queue; of what was sent the answer is read and dropped, and the
/// server is told to stop when nobody waits for any of the batch.
using async_shared_client = basic_async_client<async_connection, exponential_backoff, shared_connection>;

}  // namespace postgres
}  // namespace dovetail::inline v0
