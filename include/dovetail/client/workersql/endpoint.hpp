// Where a gateway is, and how TLS is made with it.
#pragma once

#include <dovetail/codec/workersql/options.hpp>
#include <dovetail/transport/tcp.hpp>
#include <dovetail/transport/tls.hpp>

#include <memory>
#include <mutex>

namespace dovetail::inline v0::workersql {

/// One type for http and https: plain until `startup` starts TLS.
using transport = tls<tcp>;

/// The gateway's address, or its proxy's; the certificate must be the gateway's in both cases.
inline transport::endpoint endpoint_of(const options& how) {
  transport::endpoint made;
  const bool has_proxy = !how.proxy_host.empty();
  made.peer =
      tcp_endpoint{has_proxy ? how.proxy_host : how.endpoint.host, has_proxy ? how.proxy_port : how.endpoint.port};
  tls_settings& settings = made.settings;
  settings.start = tls_start::on_request;
  settings.server_name = how.endpoint.host;
  settings.verify = how.verify_certificate ? tls_verify::full : tls_verify::none;
  settings.authorities = how.certificate_authorities;
  settings.application_protocol = "http/1.1";
  if (how.facts != nullptr && how.endpoint.is_tls) {
    const std::lock_guard lock{how.facts->tls_lock};
    if (!how.facts->tls) how.facts->tls = std::make_shared<tls_sessions>();
    settings.sessions = how.facts->tls;
  }
  return made;
}

}  // namespace dovetail::inline v0::workersql
