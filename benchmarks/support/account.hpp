// The table of accounts that the benchmarks of selects by key read, and a row of it as libpq gives it.
#pragma once

#include "libpq.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace bench {

struct account {
  std::int64_t id;
  std::string name;
  double balance;
  std::optional<std::string> note;
};

constexpr std::int64_t accounts = 10'000;

inline constexpr const char* fill = R"(
  create table account(id bigint primary key, name text not null, balance double precision not null, note text);
  insert into account select i, 'account ' || i, i * 1.5, case when i % 2 = 0 then 'a note' end
  from generate_series(1, 10000) as n(i);
  analyze account;)";

inline constexpr auto& by_id = "select id, name, balance, note from account where id = $1";

inline std::int64_t next(std::int64_t id) { return id * 7919 % 10'007 % accounts + 1; }

inline std::uint64_t add(std::uint64_t sum, const account& found) {
  return sum * 31 + static_cast<std::uint64_t>(found.id) + found.name.size() + (found.note ? found.note->size() : 3);
}

inline account read_account(const PGresult* from) {
  if (PQntuples(from) != 1 || PQgetlength(from, 0, 0) != 8 || PQgetlength(from, 0, 2) != 8) stop("no account");
  account found{};
  found.id = load_big<std::int64_t>(PQgetvalue(from, 0, 0));
  found.name.assign(PQgetvalue(from, 0, 1), static_cast<std::size_t>(PQgetlength(from, 0, 1)));
  found.balance = std::bit_cast<double>(load_big<std::int64_t>(PQgetvalue(from, 0, 2)));
  if (!PQgetisnull(from, 0, 3)) {
    found.note.emplace(PQgetvalue(from, 0, 3), static_cast<std::size_t>(PQgetlength(from, 0, 3)));
  }
  return found;
}

}  // namespace bench
