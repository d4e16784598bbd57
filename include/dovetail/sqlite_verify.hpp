// SQLite: verify_queries. Needs a SQLite library with column metadata (SQLITE_ENABLE_COLUMN_METADATA).
#pragma once

#include <dovetail/client/sqlite/describe.hpp>
#include <dovetail/client/verify_queries.hpp>
#include <dovetail/sqlite.hpp>
