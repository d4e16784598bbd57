// How much does COPY of structs into a table cost the client, compared with a binary COPY that is encoded by hand for
// libpq? 100 000 rows of 8 mixed columns into an unlogged table of a real server, emptied between rounds.
#include <dovetail/postgres.hpp>

#include "support/bench.hpp"
#include "support/libpq.hpp"

#include <support/postgres_server.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace dt = dovetail;
using bench::reading;

namespace {

constexpr std::int64_t count = 100'000;

constexpr const char* make = R"(
  create unlogged table reading(id bigint not null, sensor integer not null, value double precision not null,
                                valid boolean not null, name text not null, taken_at timestamptz not null,
                                device uuid not null, note text))";

std::vector<reading> make_rows() {
  std::vector<reading> all;
  const auto start = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1};
  for (std::int64_t i = 1; i <= count; ++i) {
    reading row{i,
                static_cast<std::int32_t>(i % 1000),
                static_cast<double>(i) * 0.37,
                i % 3 != 0,
                "sensor row " + std::to_string(1'000'000'000 + i),
                start + std::chrono::seconds{i},
                {},
                {}};
    std::memcpy(row.device.bytes.data(), &i, sizeof i);
    if (i % 2 == 0) row.note = "note " + std::to_string(i);
    all.push_back(std::move(row));
  }
  return all;
}

/// Rows gathered to messages of 64 KiB, as one writes it who cares.
class writer {
 public:
  explicit writer(PGconn* to) : to_(to) { buffer_.reserve(2 * limit); }

  void raw(const void* bytes, std::size_t size) { buffer_.append(static_cast<const char*>(bytes), size); }
  template <class T>
  void number(T value) {
    char bytes[sizeof value];
    bench::store_big(bytes, value);
    buffer_.append(bytes, sizeof bytes);
  }
  template <class T>
  void field(T value) {
    number(static_cast<std::int32_t>(sizeof value));
    number(value);
  }
  void text(const std::string& value) {
    number(static_cast<std::int32_t>(value.size()));
    buffer_ += value;
  }
  void send_full() {
    if (buffer_.size() >= limit) send();
  }
  void send() {
    if (PQputCopyData(to_, buffer_.data(), static_cast<int>(buffer_.size())) != 1) bench::stop(PQerrorMessage(to_));
    buffer_.clear();
  }

 private:
  static constexpr std::size_t limit = 64 * 1024;
  PGconn* to_;
  std::string buffer_;
};

std::uint64_t by_hand(bench::libpq& in, const std::vector<reading>& rows) {
  PGresult* const begun = PQexec(
      in.get(), "copy reading(id, sensor, value, valid, name, taken_at, device, note) from stdin (format binary)");
  if (PQresultStatus(begun) != PGRES_COPY_IN) bench::stop(PQerrorMessage(in.get()));
  PQclear(begun);
  writer out{in.get()};
  out.raw("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
  for (const reading& row : rows) {
    out.number(std::int16_t{8});
    out.field(row.id);
    out.field(row.sensor);
    out.field(std::bit_cast<std::int64_t>(row.value));
    out.number(std::int32_t{1});
    const char valid = row.valid ? 1 : 0;
    out.raw(&valid, 1);
    out.text(row.name);
    out.field(std::int64_t{row.taken_at.time_since_epoch().count() - 946'684'800'000'000});
    out.number(std::int32_t{16});
    out.raw(row.device.bytes.data(), 16);
    if (row.note) {
      out.text(*row.note);
    } else {
      out.number(std::int32_t{-1});
    }
    out.send_full();
  }
  out.number(std::int16_t{-1});
  out.send();
  if (PQputCopyEnd(in.get(), nullptr) != 1) bench::stop(PQerrorMessage(in.get()));
  PGresult* const done = PQgetResult(in.get());
  if (PQresultStatus(done) != PGRES_COMMAND_OK) bench::stop(PQerrorMessage(in.get()));
  const std::uint64_t copied = std::strtoull(PQcmdTuples(done), nullptr, 10);
  PQclear(done);
  PQclear(PQgetResult(in.get()));
  PQclear(PQexec(in.get(), "truncate reading"));
  return copied;
}

}  // namespace

int main() {
  dt::test::postgres_server& server = dt::test::postgres_server::shared();
  dt::postgres::client db{server.socket_string()};
  db.script(make);
  bench::libpq hand{server.socket_string()};
  const std::vector<reading> rows = make_rows();

  bench::task task{"postgres_copy_in"};
  task.add("libpq binary, encoded by hand", count, [&] { return by_hand(hand, rows); });
  task.add("dovetail", count, [&] {
    const auto copied = static_cast<std::uint64_t>(db.copy_in("reading", rows).rows_affected);
    db.script("truncate reading");
    return copied;
  });
  return task.run();
}
