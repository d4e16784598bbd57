// With DOVETAIL_SEPARATE_COMPILATION: what `postgres::client` is made of is compiled once.
#pragma once

#include <dovetail/client/basic_client.hpp>
#include <dovetail/client/postgres/connection.hpp>
#include <dovetail/client/postgres/transport_instances.hpp>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#if defined(DOVETAIL_POSTGRES_SOURCE)
#define DOVETAIL_EXTERN
#else
#define DOVETAIL_EXTERN extern
#endif
namespace dovetail::inline v0 {

DOVETAIL_EXTERN template std::error_code detail::drive<postgres::transport::stream>(postgres::transport::stream&,
                                                                                    detail::any_machine, deadline,
                                                                                    traffic&);
DOVETAIL_EXTERN template class detail::pool_state<postgres::connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class pool_lease<detail::pool_state<postgres::connection, bounded_pool, no_observer>>;
DOVETAIL_EXTERN template class pool<postgres::connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class client_core<postgres::connection, exponential_backoff, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class basic_client<postgres::connection>;

}  // namespace dovetail::inline v0
#undef DOVETAIL_EXTERN
#endif
