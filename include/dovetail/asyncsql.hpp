// AsyncSQL: sessions with transaction modes, retries, shared pools and metrics over any SQL client. Include the
// client's header beside it: sqlite.hpp, postgres.hpp, …
#pragma once

#include <dovetail/base/mask.hpp>
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/client/asyncsql/config.hpp>
#include <dovetail/client/asyncsql/guard.hpp>
#include <dovetail/client/asyncsql/masking_guard.hpp>
#include <dovetail/client/asyncsql/open.hpp>
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/client/asyncsql/pool_registry.hpp>
#include <dovetail/client/asyncsql/query_some.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/client/asyncsql/statement_guard.hpp>
#include <dovetail/format/json_row.hpp>
