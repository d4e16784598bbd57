// With DOVETAIL_SEPARATE_COMPILATION: what `sqlite::client` is made of is compiled once.
#pragma once

#include <dovetail/client/basic_client.hpp>
#include <dovetail/client/sqlite/connection.hpp>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#if defined(DOVETAIL_SQLITE_SOURCE)
#define DOVETAIL_EXTERN
#else
#define DOVETAIL_EXTERN extern
#endif
namespace dovetail::inline v0 {

DOVETAIL_EXTERN template class detail::pool_state<sqlite::connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class pool<sqlite::connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class client_core<sqlite::connection, exponential_backoff, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class basic_client<sqlite::connection>;

}  // namespace dovetail::inline v0
#undef DOVETAIL_EXTERN
#endif
