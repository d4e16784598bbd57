// SQLite's part of src.hpp: exactly one source file includes this, before any header but its kind.
#pragma once

#define DOVETAIL_SQLITE_SOURCE

#include <dovetail/sqlite.hpp>

#undef DOVETAIL_SQLITE_SOURCE
