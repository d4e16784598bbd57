// With DOVETAIL_SEPARATE_COMPILATION: what `lensdb::client` is made of is compiled once.
#pragma once

#include <dovetail/client/client.hpp>
#include <dovetail/client/lensdb_verbs.hpp>
#include <dovetail/codec/lensdb/codec.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/format/lensdb/lens_v1.hpp>
#include <dovetail/transport/tcp.hpp>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#if defined(DOVETAIL_LENSDB_SOURCE)
#define DOVETAIL_EXTERN
#else
#define DOVETAIL_EXTERN extern
#endif
namespace dovetail::inline v0 {

namespace lensdb::detail {
using default_connection = wire_connection<tcp, codec<lens_v1, json>>;
}  // namespace lensdb::detail

DOVETAIL_EXTERN template error_info lensdb::detail::refusal<lensdb::lens_v1>(const lensdb::session_limits&,
                                                                             const lensdb::any_request&);
DOVETAIL_EXTERN template class lensdb::exchange<lensdb::lens_v1>;
DOVETAIL_EXTERN template std::error_code detail::drive<tcp_stream>(tcp_stream&, detail::any_machine, deadline,
                                                                   traffic&);
DOVETAIL_EXTERN template class detail::pool_state<lensdb::detail::default_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class pool<lensdb::detail::default_connection, bounded_pool, no_observer>;
DOVETAIL_EXTERN template class client_core<lensdb::detail::default_connection, exponential_backoff, bounded_pool,
                                           no_observer>;
DOVETAIL_EXTERN template class basic_client<lensdb::detail::default_connection>;

}  // namespace dovetail::inline v0
#undef DOVETAIL_EXTERN
#endif
