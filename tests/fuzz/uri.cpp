// Connection strings out of random bytes: no crash, no secret in a message, and what is read can be written and read
// again.
#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/uri.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Writes everything but letters and digits as an escape.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (dt::is_ascii_letter(c) || dt::is_ascii_digit(c)) {
      out += c;
    } else {
      const std::string_view byte{&c, 1};
      out.append("%").append(dt::to_hex(dt::as_byte_view(byte)));
    }
  }
  return out;
}

std::string written(const dt::uri& parsed) {
  std::string text = parsed.scheme + (parsed.has_authority ? "://" : ":");
  if (!parsed.user.empty() || parsed.has_password) {
    text += escaped(parsed.user);
    if (parsed.has_password) text += ':' + escaped(parsed.password.reveal());
    text += '@';
  }
  for (std::size_t i = 0; i < parsed.hosts.size(); ++i) {
    const dt::uri_host& host = parsed.hosts[i];
    if (i > 0) text += ',';
    if (host.is_ipv6) {
      const std::size_t zone = host.name.find('%');
      text += '[' + host.name.substr(0, zone);
      if (zone != host.name.npos) text += "%25" + escaped(std::string_view{host.name}.substr(zone + 1));
      text += ']';
    } else {
      text += escaped(host.name);
    }
    if (host.port != 0) text += ':' + std::to_string(host.port);
  }
  std::string_view path = parsed.path;
  if (parsed.has_authority && !path.empty()) {
    require(path.front() == '/');
    text += '/';
    path.remove_prefix(1);
  }
  text += escaped(path);
  char before = '?';
  for (const dt::uri_parameter& each : parsed.parameters) {
    text += before + escaped(each.name);
    if (each.has_value) text += '=' + escaped(each.value.reveal());
    before = '&';
  }
  return text;
}

void check_same(const dt::uri& a, const dt::uri& b) {
  require(a.scheme == b.scheme && a.user == b.user && a.password == b.password && a.hosts == b.hosts);
  require(a.path == b.path && a.has_authority == b.has_authority && a.has_password == b.has_password);
  require(a.parameters.size() == b.parameters.size());
  for (std::size_t i = 0; i < a.parameters.size(); ++i) {
    require(a.parameters[i].name == b.parameters[i].name && a.parameters[i].value == b.parameters[i].value);
    require(a.parameters[i].has_value == b.parameters[i].has_value);
  }
}

std::string option_failures(const dt::uri& parsed) {
  bool flag = false;
  std::int16_t number = 5;
  std::chrono::milliseconds milliseconds{7};
  std::chrono::seconds seconds{7};
  std::string name;
  dt::secret key;
  int mode = 0;
  const dt::result<void> done = dt::option_reader(parsed)
                                    .scheme({"sqlite", "lensdb", "postgresql", "workersql"})
                                    .boolean("ssl", flag)
                                    .integer("maxConnections", number, 1, 1000)
                                    .milliseconds("timeout", milliseconds)
                                    .seconds("idle", seconds)
                                    .text("name", name)
                                    .secret_text("apiKey", key)
                                    .choice("mode", mode, {{"wal", 1}, {"memory", 2}})
                                    .finish();
  require(number >= 1 && number <= 1000 && milliseconds.count() >= 0 && seconds.count() >= 0);
  return done.error().message();
}

/// Texts for people are the same whatever the secrets are.
void check_secrets_are_not_shown(const dt::uri& parsed) {
  dt::uri other = parsed;
  other.password = dt::secret{"another password"};
  for (dt::uri_parameter& each : other.parameters) {
    if (each.name == "apiKey") each.value = dt::secret{"another key"};
  }
  require(other.public_text() == parsed.public_text());
  require(option_failures(other) == option_failures(parsed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const dt::result<dt::uri> parsed = dt::parse_uri(text);
  if (!parsed) {
    require(parsed.error().code() == dt::errc::malformed_connection_string && !parsed.error().context().empty());
    return 0;
  }
  const std::string again = written(*parsed);
  const dt::result<dt::uri> second = dt::parse_uri(again);
  require(second.has_value());
  check_same(*parsed, *second);
  check_secrets_are_not_shown(*parsed);
  return 0;
}
