// PostgreSQL: the blocking client. Needs OpenSSL (CMake: dovetail::tls), and no Asio.
#pragma once

#include <dovetail/client/postgres/client.hpp>
#include <dovetail/client/postgres/instances.hpp>
