// What users of psql expect to be looked at: PG* variables, ~/.pgpass, certificates in ~/.postgresql, the local socket.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/codec/postgres/options.hpp>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// A snapshot of the process's surroundings, or what a test says they are.
struct environment {
  uri variables;              ///< the PG* variables under the names of their connection string parameters
  std::string home;           ///< empty: no files of the user's are looked at
  std::string user;           ///< the operating system's name of the user
  std::string password_file;  ///< PGPASSFILE, else ~/.pgpass
  /// PGSERVICEFILE, else ~/.pg_service.conf; then pg_service.conf in PGSYSCONFDIR, else Debian's
  /// /etc/postgresql-common.
  std::vector<std::string> service_files;
  /// Where local servers have their sockets; the first that is there is used when no host is said.
  std::vector<std::string> socket_folders = {"/var/run/postgresql", "/tmp"};

  /// Threads: nobody may change the environment meanwhile, as with getenv().
  static environment of_process();
};

namespace detail {

/// The PG* variables that are looked at, each with its parameter of connection strings.
struct variable_name {
  const char* variable;
  const char* parameter;
};
inline constexpr variable_name variable_names[] = {
    {"PGSERVICE", "service"},
    {"PGHOST", "host"},
    {"PGHOSTADDR", "hostaddr"},
    {"PGPORT", "port"},
    {"PGDATABASE", "dbname"},
    {"PGUSER", "user"},
    {"PGPASSWORD", "password"},
    {"PGPASSFILE", "passfile"},
    {"PGCONNECT_TIMEOUT", "connect_timeout"},
    {"PGOPTIONS", "options"},
    {"PGAPPNAME", "application_name"},
    {"PGCLIENTENCODING", "client_encoding"},
    {"PGSSLMODE", "sslmode"},
    {"PGSSLNEGOTIATION", "sslnegotiation"},
    {"PGSSLROOTCERT", "sslrootcert"},
    {"PGSSLCERT", "sslcert"},
    {"PGSSLKEY", "sslkey"},
    {"PGSSLSNI", "sslsni"},
    {"PGGSSENCMODE", "gssencmode"},
    {"PGCHANNELBINDING", "channel_binding"},
    {"PGREQUIREAUTH", "require_auth"},
    {"PGTARGETSESSIONATTRS", "target_session_attrs"},
    {"PGLOADBALANCEHOSTS", "load_balance_hosts"},
    {"PGMAXPROTOCOLVERSION", "max_protocol_version"},
};

inline bool exists(const std::string& path) noexcept {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0;
}

/// Compares one field of a password file's line, which is taken off the front with its colon; "*" fits everything.
bool field_fits(std::string_view& line, std::string_view wanted);

/// The password of the first line "host:port:database:user:password" that fits.
bool take_password(std::string_view line, const server_address& server, const connect_options& how, secret& password);

/// Takes the file's next line, without its end, over the one before, of which nothing stays: it may be a password.
/// False behind the last one.
bool take_line(std::FILE& file, std::string& line);

struct close_file {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

}  // namespace detail

/// Looks up the servers' passwords in a password file (PostgreSQL documentation, "The Password File"). One that others
/// may read is not used, and `password_note` says so.
void read_password_file(const std::string& path, connect_options& how);

/// Fills what neither connection string nor variables have said: the user, the server, passwords, certificates.
/// Errors: errc::invalid_option for a private key that others may read.
error_info fill_defaults(connect_options& how, const environment& around, const std::string& password_file,
                         bool trusts_system);

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE environment environment::of_process() {
  environment made;
  for (const auto& each : detail::variable_names) {
    const char* const value = std::getenv(each.variable);
    if (value == nullptr || *value == '\0') continue;
    made.variables.parameters.push_back({each.parameter, secret{value}, true});
  }
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr) {
    made.user = entry.pw_name;
    made.home = entry.pw_dir;
  }
  if (const char* const home = std::getenv("HOME"); home != nullptr && *home != '\0') made.home = home;
  if (!made.home.empty()) made.password_file = made.home + "/.pgpass";
  if (const char* const named = std::getenv("PGSERVICEFILE"); named != nullptr && *named != '\0') {
    made.service_files.emplace_back(named);
  } else if (!made.home.empty()) {
    made.service_files.push_back(made.home + "/.pg_service.conf");
  }
  const char* const folder = std::getenv("PGSYSCONFDIR");
  made.service_files.push_back(std::string{folder == nullptr ? "/etc/postgresql-common" : folder} + "/pg_service.conf");
  return made;
}

}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {
namespace detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool take_line(std::FILE& file, std::string& line) {
  volatile char* const before = line.data();
  for (std::size_t i = 0; i < line.size(); ++i) before[i] = '\0';
  line.clear();
  int c = 0;
  while ((c = std::fgetc(&file)) != EOF && c != '\n') line += static_cast<char>(c);
  const bool is_line = c != EOF || !line.empty();
  if (line.ends_with('\r')) line.pop_back();
  return is_line;
}

DOVETAIL_DEFINE bool field_fits(std::string_view& line, std::string_view wanted) {
  std::string field;
  const bool is_wildcard = line.starts_with("*:");
  while (!line.empty() && line.front() != ':') {
    if (line.front() == '\\' && line.size() > 1) line.remove_prefix(1);
    field += line.front();
    line.remove_prefix(1);
  }
  if (line.empty()) return false;  // no colon: no field
  line.remove_prefix(1);
  return is_wildcard || field == wanted;
}

DOVETAIL_DEFINE bool take_password(std::string_view line, const server_address& server, const connect_options& how,
                                   secret& password) {
  if (line.starts_with('#')) return false;
  const bool is_default_socket = server.host == "/var/run/postgresql" || server.host == "/tmp";
  const std::string_view host = server.host.empty() ? std::string_view{server.host_address}
                                : is_default_socket ? std::string_view{"localhost"}
                                                    : std::string_view{server.host};
  std::string_view with_path = line;
  if (!field_fits(line, host)) {
    line = with_path;
    if (!is_default_socket || !field_fits(line, server.host)) return false;
  }
  if (!field_fits(line, std::to_string(server.port)) || !field_fits(line, how.database_name()) ||
      !field_fits(line, how.user)) {
    return false;
  }
  std::string text;
  while (!line.empty() && line.front() != ':') {
    if (line.front() == '\\' && line.size() > 1) line.remove_prefix(1);
    text += line.front();
    line.remove_prefix(1);
  }
  password = secret{std::move(text)};
  return true;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void read_password_file(const std::string& path, connect_options& how) {
  const auto note = [&](std::string_view why) {
    how.password_note.clear();
    dovetail::detail::append_parts(how.password_note, {"the password file ", path, " ", why});
  };
  const std::unique_ptr<std::FILE, detail::close_file> file{std::fopen(path.c_str(), "re")};
  if (file == nullptr) return;
  struct stat found {};
  if (::fstat(::fileno(file.get()), &found) != 0 || !S_ISREG(found.st_mode)) return note("is no plain file");
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return note("is not used, because others may read or write it: chmod 0600");
  }
  note("has no line that fits");
  std::vector<bool> is_known(how.servers.size());
  std::string line;
  while (detail::take_line(*file, line)) {
    for (std::size_t i = 0; i < how.servers.size(); ++i) {
      if (!is_known[i]) is_known[i] = detail::take_password(line, how.servers[i], how, how.servers[i].password);
    }
  }
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info fill_defaults(connect_options& how, const environment& around,
                                                                      const std::string& password_file,
                                                                      bool trusts_system) {
  if (how.user.empty()) how.user = around.user;
  if (how.servers.empty()) how.servers.emplace_back();
  for (server_address& each : how.servers) {
    if (!each.host.empty() || !each.host_address.empty()) continue;
    each.host = "localhost";
    for (const std::string& folder : around.socket_folders) {
      server_address local;
      local.host = folder;
      local.port = each.port;
      if (!detail::exists(local.socket_path())) continue;
      each.host = folder;
      break;
    }
  }
  if (how.password.empty()) {
    const std::string& path = password_file.empty() ? around.password_file : password_file;
    if (!path.empty()) read_password_file(path, how);
    if (!password_file.empty() && !detail::exists(path)) {  // no word of the usual one, which few have
      dovetail::detail::append_parts(how.password_note, {"the password file ", path, " is not there"});
    }
  }
  if (how.tls == ssl_mode::disable) return {};
  if (!around.home.empty()) {
    const std::string folder = around.home + "/.postgresql/";
    if (how.tls >= ssl_mode::require && how.tls_authorities.empty() && !trusts_system &&
        detail::exists(folder + "root.crt")) {
      how.tls_authorities = folder + "root.crt";
    }
    if (how.tls_certificate.empty() && detail::exists(folder + "postgresql.crt")) {
      how.tls_certificate = folder + "postgresql.crt";
    }
    if (!how.tls_certificate.empty() && how.tls_key.empty() && detail::exists(folder + "postgresql.key")) {
      how.tls_key = folder + "postgresql.key";
    }
  }
  struct stat key {};
  if (how.tls_key.empty() || ::stat(how.tls_key.c_str(), &key) != 0) return {};
  const mode_t forbidden = key.st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;  // as libpq
  if (!S_ISREG(key.st_mode) || (key.st_mode & forbidden) == 0) return {};
  std::string text = "the private key ";
  dovetail::detail::append_parts(text, {how.tls_key, " may be read by others: chmod 0600"});
  return {errc::invalid_option, std::move(text)};
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
