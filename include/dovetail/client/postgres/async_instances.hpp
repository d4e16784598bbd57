// With DOVETAIL_SEPARATE_COMPILATION: what `postgres::async_client` is made of is compiled once.
#pragma once

#include <dovetail/client/basic_async_client.hpp>
#include <dovetail/client/postgres/async_connection.hpp>
#include <dovetail/driver/await_pause.hpp>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#if defined(DOVETAIL_POSTGRES_ASYNC_SOURCE)
#define DOVETAIL_EXTERN
#else
#define DOVETAIL_EXTERN extern
#endif
namespace dovetail::inline v0 {

DOVETAIL_EXTERN template struct detail::async_core_of<postgres::transport::stream>;
DOVETAIL_EXTERN template class detail::operation_loop<postgres::transport::stream, asio::any_io_executor,
                                                      std::allocator<void>>;
DOVETAIL_EXTERN template class detail::pool_state<postgres::async_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class pool_lease<detail::pool_state<postgres::async_connection, bounded_pool, no_observer>>;
DOVETAIL_EXTERN template class pool<postgres::async_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class client_core<postgres::async_connection, exponential_backoff, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class detail::async_attempt<
    client_core<postgres::async_connection, exponential_backoff, bounded_pool, no_observer>>;
DOVETAIL_EXTERN template asio::awaitable<error_info>
detail::await_pause<client_core<postgres::async_connection, exponential_backoff, bounded_pool, no_observer>>(
    asio::any_io_executor, clock::duration, bool, std::source_location);
DOVETAIL_EXTERN template class basic_async_client<postgres::async_connection>;

}  // namespace dovetail::inline v0
#undef DOVETAIL_EXTERN
#endif
