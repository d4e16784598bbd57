// What tests of the WorkerSQL gateway over TLS share: an authority, the gateway's files, and where it is found.
#pragma once

#include <support/tls_authority.hpp>
#include <support/workersql_gateway.hpp>

#include <dovetail/tls.hpp>

#include <gtest/gtest.h>

namespace gateway_test {

using secure_endpoint = dt::tls<dt::tcp>::endpoint;
using secure_wire = lensdb_test::wire_over<dt::tls<dt::tcp>::stream>;

struct secure_gateway : testing::Test {
  tests::tls_authority authority;
  tests::tls_authority::server_files files = authority.server();
  file_database file;
  ws::gateway_options how = with_key();

  secure_gateway() {
    //[tls
    how.tls = {.certificate = files.certificate, .private_key = files.key};
    //]
  }

  /// Where a client that trusts the authority finds it.
  secure_endpoint place(const ws::gateway& of) const {
    secure_endpoint made{"127.0.0.1", of.port()};
    made.settings.authorities = authority.file();
    return made;
  }
};

}  // namespace gateway_test
