// WorkerSQL: the blocking client of a SQL gateway over HTTP. Needs OpenSSL (CMake: dovetail::tls), and no Asio.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/basic_client.hpp>
#include <dovetail/client/workersql/connection.hpp>
#include <dovetail/client/workersql/health_keeper.hpp>
#include <dovetail/client/workersql/policies.hpp>
#include <dovetail/codec/workersql/errc.hpp>
#include <dovetail/codec/workersql/failure.hpp>
#include <dovetail/codec/workersql/sanitize.hpp>
#include <dovetail/row/row.hpp>
#include <dovetail/sql/statement.hpp>

namespace dovetail::inline v0 {
namespace workersql {

/// A database behind a WorkerSQL gateway: `dt::workersql::client db{"workersql://api.workersql.com/mydb?apiKey=…"}`.
/// Verbs: `sql_verbs` and `extra_verbs`. Connection strings: `workersql::parse`. Other policies, an observer that
/// counts: `kept_client<dt::basic_client<dt::workersql::connection, RetryPolicy, PoolPolicy, Observer>>`.
using client = kept_client<basic_client<connection, sdk_backoff, keep_alive_pool>>;

}  // namespace workersql
}  // namespace dovetail::inline v0
