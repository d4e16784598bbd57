// All the types that only PostgreSQL has; a part of `dovetail/postgres.hpp`.
#pragma once

#include <dovetail/format/postgres/bits.hpp>
#include <dovetail/format/postgres/composite.hpp>
#include <dovetail/format/postgres/geometry.hpp>
#include <dovetail/format/postgres/interval.hpp>
#include <dovetail/format/postgres/money.hpp>
#include <dovetail/format/postgres/network.hpp>
#include <dovetail/format/postgres/range.hpp>
#include <dovetail/format/postgres/raw.hpp>
#include <dovetail/format/postgres/time_tz.hpp>
#include <dovetail/format/postgres/typed.hpp>
