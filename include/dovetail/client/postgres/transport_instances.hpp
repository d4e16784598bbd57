// With DOVETAIL_SEPARATE_COMPILATION: the transport of both PostgreSQL clients is compiled once.
#pragma once

#include <dovetail/client/postgres/connection.hpp>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#if defined(DOVETAIL_POSTGRES_SOURCE)
#define DOVETAIL_EXTERN
#else
#define DOVETAIL_EXTERN extern
#endif
namespace dovetail::inline v0 {

DOVETAIL_EXTERN template class tls_stream<tcp_or_unix_stream, tcp_or_unix_endpoint>;

}  // namespace dovetail::inline v0
#undef DOVETAIL_EXTERN
#endif
