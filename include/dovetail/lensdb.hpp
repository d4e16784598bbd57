// LensDB: the blocking client and compile-time frames. Needs no Asio.
#pragma once

#include <dovetail/client/client.hpp>
#include <dovetail/client/lensdb/instances.hpp>
#include <dovetail/client/lensdb_verbs.hpp>
#include <dovetail/codec/lensdb/codec.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/format/lensdb/frame.hpp>
#include <dovetail/format/lensdb/ldbd_v1.hpp>
#include <dovetail/format/lensdb/lens_v1.hpp>
#include <dovetail/format/raw.hpp>
#include <dovetail/transport/tcp.hpp>

namespace dovetail::inline v0::lensdb {

/// `codec<>`: the real server's dialect, values as JSON.
template <dialect Dialect = lens_v1, value_format Format = json>
struct codec;

/// A LensDB client that blocks, over TCP: `dt::lensdb::client kv{"lensdb://127.0.0.1:8080"};`. Its verbs:
/// client/lensdb_verbs.hpp. Other policies: `dt::client<Transport, dt::lensdb::codec<…>, RetryPolicy, PoolPolicy>`.
using client = dovetail::client<tcp, codec<>>;

}  // namespace dovetail::inline v0::lensdb
