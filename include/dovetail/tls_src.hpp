// The part of src.hpp for TLS: exactly one source file includes this, before any header but its kind.
#pragma once

#define DOVETAIL_TLS_SOURCE

#include <dovetail/transport/tls.hpp>
#include <dovetail/transport/tls_digest.hpp>
#include <dovetail/transport/tls_server.hpp>

#undef DOVETAIL_TLS_SOURCE
