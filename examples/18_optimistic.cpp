// Optimistic locking: changes that notice when somebody else was there first.
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/sqlite.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

namespace dt = dovetail;

using namespace std::chrono_literals;

//[struct
struct account {
  std::int64_t id = 0;
  std::string owner;
  std::int64_t balance = 0;
  dt::version version;  // counted up by each update
};
//]

//[versions
struct page {
  std::string code;
  std::int64_t revision = 0;  // a version by its name
  std::string text;
};
struct note {
  std::int64_t id = 0;
  dt::column<"lock version", std::optional<dt::version>> version;  // no member can be named like it; null counts as 0
  std::string text;
};
const dt::optimistic<page, "code", "revision"> pages{"app.page"};  // another key, a version that is an integer
const dt::optimistic<note> notes{"note"};
//]

int main() {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table account(id integer primary key, owner text, balance integer, version integer not null)");
  db.insert("account", account{1, "Ann", 100, {1}});
  const dt::optimistic<account> accounts{"account"};

  // Two people read the same row …
  auto mine = accounts.read(db, 1);
  auto theirs = accounts.read(db, 1);
  theirs.row.owner = "Eve";
  std::cout << "theirs: " << to_string(accounts.update(db, theirs).status) << '\n';
  // … and the second one's change touches another field: it is applied to the new row.
  mine.row.balance += 10;
  const auto done = accounts.update(db, mine);
  std::cout << "mine: " << to_string(done.status) << " after " << done.retry_count << " retry, version "
            << done.new_version() << ", " << done.row.owner << " has " << done.row.balance << '\n';

  // The same field: nothing is overwritten, and the answer says who met whom.
  mine.row.balance = 0;
  const auto refused = accounts.with(dt::conflict_strategy::merge).update(db, mine);
  std::cout << "again: " << to_string(refused.status);
  for (const auto field : refused.conflicts) std::cout << ", " << field;
  std::cout << ": theirs is " << refused.theirs->balance << '\n';

  // A change that can be computed again needs no base and loses nothing, however many do the same.
  //[modify
  const auto counted = accounts.modify(db, 1, [](account& row) { row.balance += 5; });
  //]

  //[use
  auto found = accounts.read(db, 1);  // status: success or record_not_found
  found.row.balance += 10;
  const auto changed = accounts.update(db, found);
  if (changed) std::cout << "version " << changed.new_version() << '\n';  // only success converts to true
  //]

  //[settings
  dt::lock_settings how{dt::conflict_strategy::retry, 5, 200ms};  // retries after the first attempt, first delay
  how.retry_backoff_multiplier = 1.5;
  const dt::optimistic<account> patient{"account", how};
  const auto once = patient.with(dt::conflict_strategy::fail_fast).update(db, found);  // for one call
  //]
  //[rules
  dt::lock_settings summing{dt::conflict_strategy::merge};
  summing.rules = {{"balance", dt::merge_rule::numeric_delta}};
  const auto summed = accounts.with(summing).update(db, found);
  //]
  std::cout << to_string(once.status) << ", " << to_string(summed.status) << " with " << summed.row.balance << '\n';
  std::cout << "now " << counted.row.balance << '\n';

  //[history
  const dt::lock_metrics metrics = accounts.metrics();
  std::cout << metrics.successful_operations << " of " << metrics.total_operations << " operations, "
            << metrics.version_conflicts << " conflicts\n";
  for (const dt::lock_conflict& each : accounts.conflict_history(10)) {
    std::cout << each.table_name << ' ' << each.record_id << ": " << each.expected_version << " was "
              << each.current_version << ", " << to_string(each.resolution_strategy) << " ended with "
              << to_string(each.status) << " after " << each.retry_count << " retries\n";
  }
  //]
  return counted.row.balance == 115 && !refused && changed && !once && summed.row.balance == 135 ? 0 : 1;
}
