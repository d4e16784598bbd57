// PostgreSQL: rows and files through COPY, and what other sessions send by NOTIFY, what the server remarks.
// Usage: 14_postgres_copy_notify CONNECTION_STRING
#include <dovetail/postgres.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

struct city {
  std::int64_t id;
  std::string name;
};

//[notices
struct print_notices {
  void on(const dt::observation& seen) noexcept {
    if (seen.notice != nullptr) std::printf("%s: %s\n", seen.notice->severity.c_str(), seen.notice->message.c_str());
  }
};
using watched_client =
    dt::basic_client<dt::postgres::connection, dt::exponential_backoff, dt::bounded_pool, print_notices>;
//]

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::fprintf(stderr, "usage: 14_postgres_copy_notify CONNECTION_STRING\n");
    return 2;
  }
  dt::postgres::client db{argv[1]};
  db.script("drop table if exists city; create table city(id bigint primary key, name text not null)");

  //[copy
  db.copy_in_text("copy city from stdin (format csv)",
                  std::vector<std::string>{"1,Bern", "2,Chur", "3,\"La Neuveville\""});

  for (const city& each : db.copy_out<city>("city")) std::printf("%s\n", each.name.c_str());
  std::int64_t sum = 0;
  for (const std::int64_t id : db.copy_out_query<std::int64_t>("select id from city where name like '%e%'")) sum += id;
  std::printf("%lld\n", static_cast<long long>(sum));

  db.copy_out_text("copy (select * from city order by id) to stdout (format csv, header)",
                   [](std::string_view data) { std::fwrite(data.data(), 1, data.size(), stdout); });
  //]

  //[listen
  auto notifications = db.listen("news", "weather");  // on a connection of their own
  db.execute("select pg_notify('weather', ?)", "rain");
  while (const auto came = notifications.next(1s)) {
    if (came->after_reconnect) continue;  // the connection was lost meanwhile: look at everything again
    std::printf("%s: %s\n", came->channel.c_str(), came->payload.c_str());
    break;
  }
  //]
  watched_client{argv[1]}.script("do $$ begin raise warning 'it rains'; end $$");
  return 0;
} catch (const dt::error& failed) {
  std::fprintf(stderr, "%s\n", failed.what());
  return 1;
}
