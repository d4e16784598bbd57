// libpq by hand, the base of the ratios of the PostgreSQL tasks: binary results, values decoded in place.
#pragma once

#include <dovetail/base/uuid.hpp>

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <libpq-fe.h>

namespace bench {

struct reading {
  std::int64_t id;
  std::int32_t sensor;
  double value;
  bool valid;
  std::string name;
  std::chrono::sys_time<std::chrono::microseconds> taken_at;
  dovetail::uuid device;
  std::optional<std::string> note;
};

[[noreturn]] inline void stop(const char* what) {
  std::fprintf(stderr, "libpq: %s\n", what);
  std::exit(1);
}

template <class T>
T load_big(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (sizeof value == 8) return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  if constexpr (sizeof value == 4) return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  if constexpr (sizeof value == 2) return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
}

template <class T>
void store_big(char* at, T value) {
  const T swapped = load_big<T>(reinterpret_cast<const char*>(&value));
  std::memcpy(at, &swapped, sizeof swapped);
}

/// One connection of libpq. Stops the program at any mistake: a benchmark that goes on measures nothing.
class libpq {
 public:
  explicit libpq(const std::string& connection_string) : connection_(PQconnectdb(connection_string.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) stop(PQerrorMessage(connection_));
  }
  libpq(const libpq&) = delete;
  libpq& operator=(const libpq&) = delete;
  ~libpq() { PQfinish(connection_); }

  PGconn* get() const { return connection_; }
  void prepare(const char* name, const char* text) {
    PGresult* const made = PQprepare(connection_, name, text, 0, nullptr);
    if (PQresultStatus(made) != PGRES_COMMAND_OK) stop(PQerrorMessage(connection_));
    PQclear(made);
  }
  PGresult* rows(PGresult* result) const {
    if (PQresultStatus(result) != PGRES_TUPLES_OK) stop(PQerrorMessage(connection_));
    return result;
  }

 private:
  PGconn* connection_;
};

/// Every length is checked, as ours does.
inline void read_reading(const PGresult* from, int row, reading& out) {
  const auto at = [&](int column, int size) {
    if (PQgetlength(from, row, column) != size) stop("a value of the wrong size");
    return PQgetvalue(from, row, column);
  };
  out.id = load_big<std::int64_t>(at(0, 8));
  out.sensor = load_big<std::int32_t>(at(1, 4));
  out.value = std::bit_cast<double>(load_big<std::int64_t>(at(2, 8)));
  out.valid = *at(3, 1) != 0;
  out.name.assign(PQgetvalue(from, row, 4), static_cast<std::size_t>(PQgetlength(from, row, 4)));
  out.taken_at = std::chrono::sys_time<std::chrono::microseconds>{
      std::chrono::microseconds{load_big<std::int64_t>(at(5, 8)) + 946'684'800'000'000}};
  std::memcpy(out.device.bytes.data(), at(6, 16), 16);
  if (PQgetisnull(from, row, 7)) {
    out.note.reset();
  } else {
    out.note.emplace(PQgetvalue(from, row, 7), static_cast<std::size_t>(PQgetlength(from, row, 7)));
  }
}

}  // namespace bench
