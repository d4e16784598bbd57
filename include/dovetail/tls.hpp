// TLS for any client: `dt::client<dt::tls<dt::tcp>, …>`. Needs OpenSSL (CMake: dovetail::tls).
#pragma once

#include <dovetail/transport/tcp.hpp>
#include <dovetail/transport/tls.hpp>
