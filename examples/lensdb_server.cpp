// A LensDB server as a program: lensdb_server [--host 127.0.0.1] [--port 8080] [--dialect any|lens_v1]
// [--framing exact|per-recv] [--max-connections 1000] [--max-memory bytes] [--max-keys n]; Ctrl-C stops it gracefully.
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_server.hpp>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dt = dovetail;

namespace {

template <class Number>
Number number(std::string_view option, std::string_view text) {
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument(std::string{option} + " needs a number, not '" + std::string{text} + "'");
  }
  return value;
}

/// Answers whether the program is only to try itself out.
bool read_arguments(int count, char** arguments, dt::lensdb::server_options& options) {
  bool is_self_test = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--self-test") {
      is_self_test = true;
      continue;
    }
    if (i + 1 == count) throw std::invalid_argument("unknown option or missing value: " + std::string{name});
    const std::string_view value = arguments[++i];
    if (name == "--host") {
      options.host = value;
    } else if (name == "--port") {
      options.port = number<std::uint16_t>(name, value);
    } else if (name == "--dialect" && (value == "any" || value == "lens_v1" || value == "ldbd_v1")) {
      options.accepts_lens = value != "ldbd_v1";
      options.accepts_ldbd = value != "lens_v1";
    } else if (name == "--framing" && (value == "exact" || value == "per-recv")) {
      options.framing = value == "exact" ? dt::lensdb::framing::exact : dt::lensdb::framing::one_per_recv;
    } else if (name == "--max-connections") {
      options.max_connections = number<std::size_t>(name, value);
    } else if (name == "--max-memory") {
      options.storage.memory = number<std::uint64_t>(name, value);
    } else if (name == "--max-keys") {
      options.storage.keys = number<std::uint64_t>(name, value);
    } else {
      throw std::invalid_argument("unknown option or value: " + std::string{name} + " " + std::string{value});
    }
  }
  return is_self_test;
}

}  // namespace

int main(int count, char** arguments) try {
  dt::lensdb::server_options options;
  options.port = 8080;
  const bool is_self_test = read_arguments(count, arguments, options);
  if (is_self_test) options.port = 0;

  asio::io_context signals;  // before the server, so that no signal is lost
  asio::signal_set stop{signals, SIGINT, SIGTERM};
  dt::lensdb::server server{options};
  std::printf("LensDB server on %s, port %d\n", server.endpoint().host.c_str(), server.port());
  std::fflush(stdout);

  if (is_self_test) {
    dt::lensdb::client kv{server.uri()};
    kv.set("greeting", "hello");
    std::printf("%s\n", kv.get("greeting").value_or("nothing").c_str());
    std::raise(SIGINT);
  }
  stop.async_wait([](const std::error_code&, int) {});
  signals.run();
  server.stop();
  std::printf("stopped after %llu requests\n", static_cast<unsigned long long>(server.statistics().requests));
} catch (const std::exception& failure) {
  std::fprintf(stderr, "lensdb_server: %s\n", failure.what());
  return 1;
}
