// The transports' part of src.hpp, for LensDB and PostgreSQL: exactly one source file includes this, before any header
// but its kind.
#pragma once

#define DOVETAIL_TRANSPORT_SOURCE

#include <dovetail/transport/async_stream.hpp>
#include <dovetail/transport/tcp.hpp>
#include <dovetail/transport/tcp_or_unix.hpp>

#undef DOVETAIL_TRANSPORT_SOURCE
