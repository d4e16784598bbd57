// Everything that needs no more than the standard library, Asio and Boost.PFR; sqlite.hpp and tls.hpp come on top.
#pragma once

#include <dovetail/client/async_client.hpp>
#include <dovetail/client/client.hpp>
#include <dovetail/format/bincode.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/format/message_pack.hpp>
#include <dovetail/format/raw.hpp>
#include <dovetail/fwd.hpp>
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_async.hpp>
#include <dovetail/lensdb_server.hpp>
#include <dovetail/policy/log_observer.hpp>
#include <dovetail/policy/metrics_observer.hpp>
#include <dovetail/row/value.hpp>
#include <dovetail/row/visit.hpp>
#include <dovetail/sql/script_place.hpp>
#include <dovetail/transport/memory.hpp>
#include <dovetail/transport/pipe.hpp>
#include <dovetail/transport/tcp.hpp>
#include <dovetail/transport/unix_socket.hpp>
#include <dovetail/version.hpp>
