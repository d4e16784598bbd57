// SQLite: the blocking client. Needs the SQLite library (CMake: dovetail::sqlite), and no Asio.
#pragma once

#include <dovetail/client/sqlite/client.hpp>
#include <dovetail/client/sqlite/instances.hpp>
