// With DOVETAIL_SEPARATE_COMPILATION: what `lensdb::async_client` is made of is compiled once.
#pragma once

#include <dovetail/client/async_client.hpp>
#include <dovetail/client/lensdb/async_bulk.hpp>
#include <dovetail/client/lensdb_verbs.hpp>
#include <dovetail/codec/lensdb/codec.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/format/lensdb/lens_v1.hpp>
#include <dovetail/transport/tcp.hpp>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#if defined(DOVETAIL_LENSDB_ASYNC_SOURCE)
#define DOVETAIL_EXTERN
#else
#define DOVETAIL_EXTERN extern
#endif
namespace dovetail::inline v0 {

namespace lensdb::detail {
using default_async_connection = async_wire_connection<tcp, codec<lens_v1, json>>;
using default_async_core = client_core<default_async_connection, exponential_backoff, bounded_pool, no_observer>;
}  // namespace lensdb::detail

DOVETAIL_EXTERN template class detail::operation_loop<tcp_stream, asio::any_io_executor, std::allocator<void>>;
DOVETAIL_EXTERN template class detail::pool_state<lensdb::detail::default_async_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class pool<lensdb::detail::default_async_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class client_core<lensdb::detail::default_async_connection, exponential_backoff, bounded_pool,
                                           no_observer>;
DOVETAIL_EXTERN template class detail::async_attempt<lensdb::detail::default_async_core>;
DOVETAIL_EXTERN template class basic_async_client<lensdb::detail::default_async_connection>;

}  // namespace dovetail::inline v0
#undef DOVETAIL_EXTERN
#endif
