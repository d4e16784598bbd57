// The stream that leads to a PostgreSQL server: TCP or Unix socket, with TLS when the dialogue asks for it.
#pragma once

#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/transport/tcp_or_unix.hpp>
#include <dovetail/transport/tls.hpp>

#include <string>
#include <utility>

namespace dovetail::inline v0::postgres {

/// One type for every `ssl_mode`: plain until `startup` or `cancel_request` starts TLS.
using transport = tls<tcp_or_unix>;

namespace detail {

tls_verify verification(const connect_options& how) noexcept;

}  // namespace detail

/// The servers of `how`, in its order, and how TLS is made with them.
transport::endpoint endpoint_of(const connect_options& how);

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

DOVETAIL_DEFINE tls_verify verification(const connect_options& how) noexcept {
  switch (how.tls) {
    case ssl_mode::verify_full:
      return tls_verify::full;
    case ssl_mode::verify_ca:
      return tls_verify::certificate;
    case ssl_mode::require:  // as libpq: who names authorities wants them to be asked
      return how.tls_authorities.empty() ? tls_verify::none : tls_verify::certificate;
    default:
      return tls_verify::none;
  }
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE transport::endpoint endpoint_of(const connect_options& how) {
  transport::endpoint made;
  for (const server_address& each : how.servers) {
    socket_target& target = made.peer.targets.emplace_back();
    if (each.is_unix_socket()) {
      target.path = each.socket_path();
      continue;
    }
    target.tcp = {each.host_address.empty() ? each.host : each.host_address, each.port};
    target.tcp.keep_alive = how.keep_alive;
    target.tcp.keep_alive_idle = how.keep_alive_idle;
    target.server_name = each.host.empty() ? each.host_address : each.host;
  }
  tls_settings& settings = made.settings;
  settings.start = tls_start::on_request;
  settings.verify = detail::verification(how);
  settings.authorities = how.tls_authorities;
  settings.certificate = how.tls_certificate;
  settings.private_key = how.tls_key;
  settings.private_key_password = how.tls_key_password;
  settings.application_protocol = "postgresql";  // documentation, "SSL Session Encryption"
  settings.sends_name = how.tls_sends_name;
  return made;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
