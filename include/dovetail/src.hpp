// For programs with DOVETAIL_SEPARATE_COMPILATION: exactly one source file includes this, before any other header.
#pragma once

#define DOVETAIL_SOURCE

#include <dovetail/base/decimal.hpp>
#include <dovetail/base/mask.hpp>
#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/real_text.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/client/core.hpp>
#include <dovetail/client/read_settings.hpp>
#include <dovetail/client/sql_batch.hpp>
#include <dovetail/policy/pause.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/row/time_loss.hpp>
#include <dovetail/sql/identifier.hpp>
#include <dovetail/sql/insert_text.hpp>
#include <dovetail/sql/script_place.hpp>
#include <dovetail/sql/statement.hpp>

#undef DOVETAIL_SOURCE
