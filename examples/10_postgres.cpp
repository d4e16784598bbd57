// PostgreSQL: the same verbs as every SQL client, binary on the wire, bulk loading by COPY, transactions that are
// repeated after a conflict. Usage: 10_postgres CONNECTION_STRING, such as postgresql://app@localhost/app
#include <dovetail/postgres.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

//[struct
struct measurement {
  std::int64_t id;
  std::string station;
  std::chrono::sys_time<std::chrono::microseconds> taken_at;
  std::optional<double> celsius;
};
//]

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: 10_postgres CONNECTION_STRING, such as postgresql://app@localhost/app\n");
    return 2;
  }
  try {
    //[client
    dt::postgres::client db{argv[1]};  // "postgresql://app@localhost/app", or "host=localhost dbname=app user=app"
    db.script(R"(drop table if exists measurement;
                 create table measurement(id bigint primary key, station text not null, taken_at timestamptz not null,
                                          celsius double precision))");
    //]
    //[copy
    std::vector<measurement> many;
    const auto start = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29};
    for (int i = 0; i < 1000; ++i) {
      many.push_back({i, i % 2 == 0 ? "Bern" : "Chur", start + std::chrono::minutes{10 * i},
                      i % 7 == 0 ? std::nullopt : std::optional{i % 30 - 5.0}});
    }
    std::printf("%lld rows copied\n", static_cast<long long>(db.copy_in("measurement", many).rows_affected));
    //]
    //[query
    for (const auto& [station, count, warmest] : db.query<std::tuple<std::string, std::int64_t, double>>(
             "select station, count(*), max(celsius) from measurement where celsius > ? group by station order by 1",
             0.0)) {
      std::printf("%s: %lld above zero, at most %.1f\n", station.c_str(), static_cast<long long>(count), warmest);
    }
    const std::vector<std::int64_t> wanted{1, 2, 3};
    for (const measurement& m : db.query<measurement>("select * from measurement where id = any(?)", wanted)) {
      std::printf("%lld %s %s\n", static_cast<long long>(m.id), m.station.c_str(), m.celsius ? "measured" : "missing");
    }
    //]
    //[errors
    try {
      db.insert("measurement", many.front());
    } catch (const dt::error& e) {
      if (e.code() != dt::postgres::sqlstate::unique_violation) throw;  // e.kind() is dt::condition::constraint
      std::printf("there already, says %s\n", e.info().server().constraint.c_str());
    }
    const auto same = db.with(dt::as_result).insert("measurement", many.front());  // the same without exceptions
    if (!same) std::printf("%s\n", same.error().server().sqlstate.c_str());
    //]
    //[stream
    std::int64_t missing = 0;
    for (const measurement& m : db.stream<measurement>("select * from measurement")) missing += !m.celsius;
    //]
    //[transaction
    db.transaction(dt::begin_mode::serializable, [](auto& tx) {  // called again after a serialization failure
      tx.execute("delete from measurement where celsius is null");
      tx.execute("update measurement set station = ? where station = ?", "Basel", "Chur");
    });
    //]
    const auto left = db.query_value<std::int64_t>("select count(*) from measurement");
    std::printf("%lld were missing, %lld are left\n", static_cast<long long>(missing), static_cast<long long>(left));
    db.script("drop table measurement");
    return missing + left == 1000 ? 0 : 1;
  } catch (const dt::error& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
