// LensDB: a server in the process, on Asio, for tests, examples and small programs; its clients are in lensdb.hpp.
#pragma once

#include <dovetail/client/lensdb_server.hpp>
