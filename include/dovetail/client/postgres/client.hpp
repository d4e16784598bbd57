// The blocking PostgreSQL client, without the list of what is compiled once: asynchronous programs need not read that.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/basic_client.hpp>
#include <dovetail/client/postgres/connection.hpp>
#include <dovetail/client/postgres/transport_instances.hpp>
#include <dovetail/codec/postgres/sqlstate.hpp>
#include <dovetail/format/postgres/native_types.hpp>
#include <dovetail/row/row.hpp>
#include <dovetail/sql/statement.hpp>

namespace dovetail::inline v0 {
namespace postgres {

/// A PostgreSQL database: `dt::postgres::client db{"postgresql://app@localhost/app"}`, or libpq's "host=… dbname=…".
/// Verbs: see `sql_verbs` and `sql_blocking_verbs`. Connection strings: see `postgres::parse`.
using client = basic_client<connection>;

}  // namespace postgres
}  // namespace dovetail::inline v0
