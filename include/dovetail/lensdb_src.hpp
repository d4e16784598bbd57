// LensDB's part of src.hpp: exactly one source file includes this, before any header but its kind.
#pragma once

#define DOVETAIL_LENSDB_SOURCE

#include <dovetail/lensdb.hpp>

#undef DOVETAIL_LENSDB_SOURCE
