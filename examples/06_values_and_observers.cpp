// Value formats and observers: the same struct as JSON, MessagePack and bincode; metrics and log lines of a client.
#include <dovetail/format/bincode.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/format/message_pack.hpp>
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_server.hpp>
#include <dovetail/policy/log_observer.hpp>
#include <dovetail/policy/metrics_observer.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

struct profile {
  int id;
  std::string name;
  std::optional<std::string> email;
  std::vector<int> scores;
};

int main() {
  //[formats
  std::string json, packed, binary;
  const profile ada{1, "Ada", std::nullopt, {3, 5}};
  dt::json::encode(ada, json).value();
  dt::message_pack::encode(ada, packed).value();
  dt::bincode::encode(ada, binary).value();
  dt::result<profile> back = dt::json::decode<profile>(R"({"name": "Ada", "id": 1, "scores": [], "unknown": true})");
  dt::result<profile> wrong = dt::json::decode<profile>(R"({"id": "one"})");
  //]
  std::printf("%s (%zu, %zu and %zu bytes)\n%s\n", json.c_str(), json.size(), packed.size(), binary.size(),
              wrong.error().message().c_str());

  dt::lensdb::server server;
  //[observer
  using metered = dt::client<dt::tcp, dt::lensdb::codec<dt::lensdb::lens_v1, dt::message_pack>, dt::exponential_backoff,
                             dt::bounded_pool, dt::metrics_observer>;
  metered kv{server.uri()};
  kv.set("profile:1", ada);
  std::string metrics = kv.watcher().prometheus("cache", {});
  //]
  std::printf("%.200s…\n", metrics.c_str());

  //[observers
  dt::metrics_observer counted;  // copies share their counters: give it to any number of clients
  dt::log_observer log{[](std::string_view line) { std::printf("%.*s\n", static_cast<int>(line.size()), line.data()); },
                       {.level = dt::log_level::warning}};
  dt::observers both{counted, log};
  using watched = dt::client<dt::tcp, dt::lensdb::codec<dt::lensdb::lens_v1, dt::message_pack>, dt::exponential_backoff,
                             dt::bounded_pool, decltype(both)>;
  watched seen{server.uri(), {.observer = both}};
  seen.ping();
  static_cast<void>(seen.with(dt::as_result).get(""));  // a line with "error":"invalid key"
  dt::pool_statistics pool = seen.statistics();         // total, active, idle, waiting, opened, closed, …
  //]
  return back && back->name == "Ada" && !wrong && kv.get<profile>("profile:1")->scores.size() == 2 && pool.total == 1 &&
                 !counted.snapshot().operations.empty()
             ? 0
             : 1;
}
