// How much do rows mapped to a struct cost, compared with libpq's binary results decoded by hand? 100 000 rows of 8
// mixed columns from a real server. Argument: postgres_fetch (a vector of structs) or postgres_stream (one row reused).
#include <dovetail/postgres.hpp>

#include "support/bench.hpp"
#include "support/libpq.hpp"

#include <support/postgres_server.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;
using bench::reading;

namespace {

constexpr std::int64_t count = 100'000;

constexpr const char* fill = R"(
  create table reading(id bigint primary key, sensor integer not null, value double precision not null,
                       valid boolean not null, name text not null, taken_at timestamptz not null, device uuid not null,
                       note text);
  insert into reading
  select i, i % 1000, i * 0.37, i % 3 <> 0, 'sensor row ' || lpad(i::text, 9, '0'),
         timestamptz '2024-01-01 00:00:00Z' + i * interval '1 second',
         (lpad(to_hex(i % 65536), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid,
         case when i % 2 = 0 then 'note ' || i end
  from generate_series(1, 100000) as n(i);
  analyze reading;)";

constexpr const char* select_all = "select id, sensor, value, valid, name, taken_at, device, note from reading";

std::uint64_t add(std::uint64_t sum, const reading& row) {
  return sum * 31 + static_cast<std::uint64_t>(row.id) + static_cast<std::uint64_t>(row.sensor) + row.valid +
         static_cast<std::uint64_t>(row.value * 100) + row.name.size() + static_cast<unsigned char>(row.name.back()) +
         static_cast<std::uint64_t>(row.taken_at.time_since_epoch().count()) +
         static_cast<std::uint64_t>(row.device.bytes[3]) + (row.note ? row.note->size() : 7);
}

std::uint64_t checksum(const auto& rows) {
  std::uint64_t sum = rows.size();
  for (const reading& row : rows) sum = add(sum, row);
  return sum;
}

std::vector<reading> fetch(bench::libpq& from) {
  PGresult* const got = from.rows(PQexecPrepared(from.get(), "fetch", 0, nullptr, nullptr, nullptr, 1));
  const int rows = PQntuples(got);
  std::vector<reading> all(static_cast<std::size_t>(rows));
  for (int i = 0; i < rows; ++i) bench::read_reading(got, i, all[static_cast<std::size_t>(i)]);
  PQclear(got);
  return all;
}

std::uint64_t walk(bench::libpq& from) {
  PGresult* const got = from.rows(PQexecPrepared(from.get(), "fetch", 0, nullptr, nullptr, nullptr, 1));
  const int rows = PQntuples(got);
  std::uint64_t sum = 0;
  reading row;
  for (int i = 0; i < rows; ++i) {
    bench::read_reading(got, i, row);
    sum = add(sum, row);
  }
  PQclear(got);
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "postgres_fetch";
  dt::test::postgres_server& server = dt::test::postgres_server::shared();
  dt::postgres::client db{server.socket_string()};
  db.script(fill);
  bench::libpq hand{server.socket_string()};
  hand.prepare("fetch", select_all);

  bench::task task{std::string{name}};
  constexpr auto& text = "select id, sensor, value, valid, name, taken_at, device, note from reading";
  if (name == "postgres_fetch") {
    task.add("libpq binary, decoded by hand", count, [&] { return checksum(fetch(hand)); });
    task.add("dovetail", count, [&] { return checksum(db.query<reading>(text)); });
  } else {
    task.add("libpq binary, decoded by hand", count, [&] { return walk(hand); });
    task.add("dovetail", count, [&] {
      std::uint64_t sum = 0;
      for (const reading& row : db.stream<reading>(text)) sum = add(sum, row);
      return sum;
    });
  }
  return task.run();
}
