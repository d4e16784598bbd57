// The part of src.hpp for asynchronous PostgreSQL: exactly one source file includes this, before any header but its
// kind.
#pragma once

#define DOVETAIL_POSTGRES_ASYNC_SOURCE

#include <dovetail/postgres_async.hpp>

#undef DOVETAIL_POSTGRES_ASYNC_SOURCE
