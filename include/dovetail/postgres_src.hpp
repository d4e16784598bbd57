// PostgreSQL's part of src.hpp: exactly one source file includes this, before any header but its kind.
#pragma once

#define DOVETAIL_POSTGRES_SOURCE

#include <dovetail/client/postgres/describe.hpp>
#include <dovetail/postgres.hpp>

#undef DOVETAIL_POSTGRES_SOURCE
