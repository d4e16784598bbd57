// The table of a gateway's database that says which changes were done under an idempotency key.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/codec/workersql_gateway/database.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// The statements about `dovetail_idempotency`, in the words that SQLite and PostgreSQL share. `Run` executes a
/// `statement`. Threads: any number at once.
class change_table {
 public:
  /// Makes the table when there is none, and forgets what has expired, at most once in `sweep_every` seconds.
  template <class Run>
  result<void> prepare(std::int64_t now, const Run& run) {
    std::int64_t next = next_sweep_.load();
    if (now < next || !next_sweep_.compare_exchange_strong(next, now + sweep_every)) {
      if (is_there_.load()) return {};
    }
    // Its own transaction: rows that two gateways forget at once must not be locked while a change waits for others.
    const statement forget = say("delete from dovetail_idempotency where expires <= ?", {now});
    if (!run(forget) && !is_there_.load()) {
      auto made =
          run(say("create table if not exists dovetail_idempotency(id text primary key,"
                  " request text not null, body text not null, expires bigint not null)"));
      // Another gateway may have made it at the same moment, which PostgreSQL can report as a failure.
      if (!made && !run(say("select id from dovetail_idempotency where 1 = 0"))) return std::move(made).error();
      if (made)
        static_cast<void>(
            run(say("create index if not exists dovetail_idempotency_expires on dovetail_idempotency(expires)")));
    }
    is_there_.store(true);
    return {};
  }

  /// Takes the key for this transaction, after those that have it have ended. False: it was done before.
  template <class Run>
  static result<bool> claim(kept_change& change, const Run& run) {
    change.is_replayed = change.is_mismatch = false;
    change.body.clear();
    auto taken =
        run(say("insert into dovetail_idempotency(id, request, body, expires) values (?, ?, '', ?)"
                " on conflict (id) do update set request = excluded.request, body = '',"
                " expires = excluded.expires where dovetail_idempotency.expires <= ?",
                {change.id, change.request, change.expires, change.now}));
    if (!taken) return std::move(taken).error();
    if (taken->rows_affected != 0) return true;
    auto known = run(say("select request, body from dovetail_idempotency where id = ?", {change.id}));
    if (!known) return std::move(known).error();
    if (known->rows.empty()) return error_info{std::make_error_code(std::errc::device_or_resource_busy)};
    const row& found = known->rows.front();
    change.is_mismatch = found[0].text() != change.request;
    change.is_replayed = !change.is_mismatch;
    if (change.is_replayed) change.body = found[1].text();
    return false;
  }

  /// The answer, with the change.
  template <class Run>
  static result<void> keep(const kept_change& change, const Run& run) {
    auto kept = run(say("update dovetail_idempotency set body = ? where id = ?", {change.body, change.id}));
    if (!kept) return std::move(kept).error();
    return {};
  }

 private:
  static statement say(std::string_view sql, std::vector<sql_value> values = {}) {
    statement what;
    what.sql = sql;
    what.values = std::move(values);
    return what;
  }

  static constexpr std::int64_t sweep_every = 60;

  std::atomic<bool> is_there_{false};
  std::atomic<std::int64_t> next_sweep_{0};
};

}  // namespace dovetail::inline v0::workersql::serving
