// For programs with DOVETAIL_SEPARATE_COMPILATION: exactly one source file includes this, before any other header.
#pragma once

#define DOVETAIL_SOURCE

#include <dovetail/client/core.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/sql/statement.hpp>

#undef DOVETAIL_SOURCE
