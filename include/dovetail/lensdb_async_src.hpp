// The part of src.hpp for asynchronous LensDB: exactly one source file includes this, before any header but its kind.
#pragma once

#define DOVETAIL_LENSDB_ASYNC_SOURCE

#include <dovetail/lensdb_async.hpp>

#undef DOVETAIL_LENSDB_ASYNC_SOURCE
