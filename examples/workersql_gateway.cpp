// A SQLite file or a PostgreSQL server behind HTTP; --help says how. Without arguments it shows a request and ends.
// Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 it could not serve, 2 the command line is wrong.
#include <dovetail/postgres.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/transport/blocking.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace dt = dovetail;
namespace ws = dovetail::workersql;

namespace {

constexpr std::string_view help =
    "workersql_gateway: a SQLite file or a PostgreSQL server behind HTTP, until Ctrl-C\n"
    "  --database URL     sqlite:app.db (must exist; sqlite:app.db?mode=rwc makes it), postgresql://...;\n"
    "                     workersql.db, made when it is not there\n"
    "  --host ADDRESS     where to listen; 127.0.0.1\n"
    "  --port N           8787; 0 is any free one\n"
    "  --key KEY          an API key that may do everything; may be repeated, as all with KEY and URL\n"
    "  --read-key KEY     one that may only read\n"
    "  --jwt-secret TEXT  takes HS256 tokens signed with it\n"
    "  --certificate FILE its certificate and those behind it, PEM: it listens with TLS, and reads them\n"
    "                     again at SIGHUP\n"
    "  --private-key FILE the certificate's key, PEM; it may be in the certificate's file\n"
    "  --client-authorities FILE  only who has a certificate of these may connect\n"
    "  --envelope KIND    docs or sdk: the form of results\n"
    "  --rate N           requests a minute that each may make\n"
    "  --threads N        that wait for the database; 4\n"
    "  --keep-keys KIND   memory or database: where idempotency keys are kept\n"
    "  --origin URL       pages that may ask from a browser\n"
    "  --help             this\n"
    "exit codes: 0 stopped, 1 it could not serve, 2 the command line is wrong\n";

template <class Number>
Number number(std::string_view option, std::string_view text) {
  Number value{};
  if (dt::parse_integer(text, value)) return value;
  throw std::invalid_argument(std::string{option} + " needs a number, not '" + std::string{text} + "'");
}

bool is_known(std::string_view name) {
  static constexpr std::string_view names[] = {
      "--database", "--host",    "--port",      "--key",    "--read-key",    "--jwt-secret",  "--envelope",
      "--rate",     "--threads", "--keep-keys", "--origin", "--certificate", "--private-key", "--client-authorities"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// "--name value" and "--name=value".
void read_arguments(int count, char** arguments, std::string& database, ws::gateway_options& how) {
  const auto add_key = [&how](std::string_view key, std::string name, ws::permissions may) {
    how.authentication.api_keys.push_back(
        {.key = dt::secret{std::string{key}}, .name = std::move(name), .tenant = "main", .may = may});
  };
  const auto tls = [&how]() -> dt::tls_server_settings& { return how.tls ? *how.tls : how.tls.emplace(); };
  for (int i = 1; i < count; ++i) {
    const std::string_view written = arguments[i];
    const std::string_view name = written.substr(0, written.find('='));
    if (!is_known(name)) throw std::invalid_argument("unknown option: " + std::string{name});
    if (name.size() == written.size() && ++i == count) {
      throw std::invalid_argument("missing value: " + std::string{name});
    }
    const std::string_view value = name.size() == written.size() ? arguments[i] : written.substr(name.size() + 1);
    if (name == "--database") {
      database = value;
    } else if (name == "--host") {
      how.host = value;
    } else if (name == "--port") {
      how.port = number<std::uint16_t>(name, value);
    } else if (name == "--key") {
      add_key(value, "owner", ws::permissions::admin);
    } else if (name == "--read-key") {
      add_key(value, "reader", ws::permissions::read);
    } else if (name == "--jwt-secret") {
      how.authentication.jwt_secret = dt::secret{std::string{value}};
    } else if (name == "--certificate") {
      tls().certificate = value;
    } else if (name == "--private-key") {
      tls().private_key = value;
    } else if (name == "--client-authorities") {
      tls().client_authorities = value;
    } else if (name == "--envelope" && (value == "docs" || value == "sdk")) {
      how.envelope = value == "sdk" ? ws::envelope::sdk : ws::envelope::docs;
    } else if (name == "--rate") {
      how.rate = {.requests = number<std::uint32_t>(name, value), .window = std::chrono::seconds{60}};
    } else if (name == "--threads") {
      how.worker_threads = number<std::size_t>(name, value);
    } else if (name == "--keep-keys" && (value == "memory" || value == "database")) {
      how.idempotency.in_database = value == "database";
    } else if (name == "--origin") {
      how.cors_origins.emplace_back(value);
    } else {
      throw std::invalid_argument(std::string{name} + " does not know '" + std::string{value} + "'");
    }
  }
  // Before the database's file is made.
  if (how.authentication.api_keys.empty() && how.authentication.jwt_secret.empty()) {
    throw std::invalid_argument("needs --key, --read-key or --jwt-secret");
  }
  if (how.tls && how.tls->certificate.empty()) {
    throw std::invalid_argument("TLS needs the name of a file behind --certificate");
  }
}

bool asks_for_help(int count, char** arguments) {
  const auto is_help = [](std::string_view each) { return each == "--help" || each == "-h"; };
  return std::string_view{arguments[1]} == "help" || std::any_of(arguments + 1, arguments + count, is_help);
}

/// Serves when the database answers: clients connect when they are asked first, which is too late for a wrong name.
template <class Client>
ws::gateway serve_from(Client db, ws::gateway_options how) {
  db.template query_value<int>("select 1");
  return ws::gateway{std::move(db), std::move(how)};
}

/// Whoever asks chooses the values: none may be much larger than an answer, unless the URL says otherwise.
void bound_values(std::string& database, std::string_view name, const ws::gateway_options& how) {
  if (database.find(std::string{name} + '=') != std::string::npos) return;
  database += database.find('?') == std::string::npos ? '?' : '&';
  database.append(name).append("=").append(std::to_string(2 * how.results.bytes));
}

ws::gateway serve(std::string database, ws::gateway_options how) {
  if (database.starts_with("postgres")) {
    bound_values(database, "messageLimit", how);
    return serve_from(dt::postgres::client{database}, std::move(how));
  }
  const bool says_mode = database.find("mode=") != std::string::npos || database.find(":memory:") != std::string::npos;
  if (!says_mode) database += database.find('?') == std::string::npos ? "?mode=rw" : "&mode=rw";
  bound_values(database, "lengthLimit", how);
  return serve_from(dt::sqlite::client{database}, std::move(how));
}

/// At SIGHUP, for connections from then on: the certificate was renewed.
void renew_when_told(asio::signal_set& told, ws::gateway& served) {
  told.async_wait([&](const std::error_code& ec, int) {
    if (ec) return;
    const dt::result<void> done = served.reload_tls();
    if (done) std::fprintf(stderr, "workersql_gateway: the certificate was read again\n");
    if (!done) std::fprintf(stderr, "workersql_gateway: the certificate stays: %s\n", done.error().message().c_str());
    renew_when_told(told, served);
  });
}

void show_a_request() {
  //[embed
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table city(id integer primary key, name text); insert into city(name) values ('Bern'), ('Chur')");
  ws::gateway_options how;  // any free port of 127.0.0.1
  how.authentication.api_keys.push_back({.key = dt::secret{"k1"}, .name = "app", .may = ws::permissions::read});
  ws::gateway served{db, how};  // serves from here to stop(), or to its end
  //]
  constexpr std::string_view body = R"({"sql":"select * from city where id > ?","params":[1]})";
  std::string request = "POST /v1/query HTTP/1.1\r\nHost: localhost\r\nX-API-Key: k1\r\nConnection: close\r\n";
  request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  dt::tcp_stream stream{served.endpoint()};
  const dt::deadline by = dt::deadline::after(std::chrono::seconds{10});
  std::error_code ec = dt::connect(stream, by);
  dt::write_all(stream, dt::as_byte_view(request), by, ec);
  char answer[4096];
  while (const std::size_t size =
             dt::read_some(stream, dt::byte_span{reinterpret_cast<std::byte*>(answer), sizeof answer}, by, ec)) {
    std::printf("%.*s", static_cast<int>(size), answer);
  }
  std::printf("\n");
}

}  // namespace

int main(int count, char** arguments) try {
  if (count == 1) return show_a_request(), 0;
  if (asks_for_help(count, arguments)) return std::printf("%.*s", static_cast<int>(help.size()), help.data()), 0;
  std::string database = "sqlite:workersql.db?mode=rwc";
  ws::gateway_options how;
  how.port = 8787;
  read_arguments(count, arguments, database, how);
  asio::io_context signals;  // before the server, so that no signal is lost
  asio::signal_set stop{signals, SIGINT, SIGTERM};
  asio::signal_set renew{signals};
  if (how.tls) renew.add(SIGHUP);
  ws::gateway served = serve(database, std::move(how));
  std::printf("gateway on %s, port %d\n", served.endpoint().host.c_str(), served.port());
  std::fflush(stdout);
  stop.async_wait([&signals](const std::error_code&, int) { signals.stop(); });
  renew_when_told(renew, served);
  signals.run();
  served.stop();
  std::printf("stopped after %llu requests\n", static_cast<unsigned long long>(served.statistics().requests));
} catch (const std::invalid_argument& mistake) {
  std::fprintf(stderr, "workersql_gateway: %s; --help says how\n", mistake.what());
  return 2;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "workersql_gateway: %s\n", failure.what());
  const auto* const known = dynamic_cast<const dt::error*>(&failure);  // a wrong URL, or an option's wrong value
  return known != nullptr && known->kind() == dt::condition::configuration ? 2 : 1;
}
