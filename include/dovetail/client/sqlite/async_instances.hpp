// With DOVETAIL_SEPARATE_COMPILATION: what `sqlite::async_client` is made of is compiled once.
#pragma once

#include <dovetail/client/basic_async_client.hpp>
#include <dovetail/client/sqlite/async_connection.hpp>
#include <dovetail/driver/await_pause.hpp>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#if defined(DOVETAIL_SQLITE_ASYNC_SOURCE)
#define DOVETAIL_EXTERN
#else
#define DOVETAIL_EXTERN extern
#endif
namespace dovetail::inline v0 {

DOVETAIL_EXTERN template class detail::pool_state<sqlite::async_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class pool<sqlite::async_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class client_core<sqlite::async_connection, exponential_backoff, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class detail::async_attempt<
    client_core<sqlite::async_connection, exponential_backoff, bounded_pool, no_observer>>;
DOVETAIL_EXTERN template asio::awaitable<error_info>
detail::await_pause<client_core<sqlite::async_connection, exponential_backoff, bounded_pool, no_observer>>(
    asio::any_io_executor, clock::duration, bool, std::source_location);
DOVETAIL_EXTERN template class basic_async_client<sqlite::async_connection>;

}  // namespace dovetail::inline v0
#undef DOVETAIL_EXTERN
#endif
