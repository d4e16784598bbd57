// PostgreSQL: verify_queries.
#pragma once

#include <dovetail/client/postgres/describe.hpp>
#include <dovetail/client/verify_queries.hpp>
#include <dovetail/postgres.hpp>
