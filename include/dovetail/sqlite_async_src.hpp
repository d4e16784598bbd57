// The part of src.hpp for asynchronous SQLite: exactly one source file includes this, before any header but its kind.
#pragma once

#define DOVETAIL_SQLITE_ASYNC_SOURCE

#include <dovetail/sqlite_async.hpp>

#undef DOVETAIL_SQLITE_ASYNC_SOURCE
