// A session's whole configuration, from code, from a connection string, or from a JSON file with the environment's
// variables.
#pragma once

#include <dovetail/client/asyncsql/config_calls.hpp>
#include <dovetail/client/asyncsql/config_file.hpp>
#include <dovetail/client/asyncsql/config_reading.hpp>
