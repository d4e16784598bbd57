// WorkerSQL: the gateway, an HTTP server in front of a SQL client. Include the client's header beside it: sqlite.hpp,
// postgres.hpp, … Needs Asio and OpenSSL (CMake: dovetail::tls).
#pragma once

#include <dovetail/client/workersql_gateway.hpp>
