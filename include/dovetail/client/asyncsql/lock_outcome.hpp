// What optimistic locking is told and what it answers: strategies, settings, statuses, merge rules.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// What is done when somebody else has changed the row in the meantime.
enum class conflict_strategy : std::uint8_t {
  fail_fast,         ///< nothing: one attempt
  retry,             ///< reads the row again and applies the change to it; see `optimistic::update`
  merge,             ///< three-way: base, mine and theirs, field by field
  last_writer_wins,  ///< does not look at the version: the other's changes are lost
};

/// How an operation ended. Only `success` means that the database has the change.
enum class lock_status : std::uint8_t {
  success,
  version_conflict,  ///< somebody else has changed the row
  record_not_found,  ///< no row has the key
  retry_exhausted,   ///< still in conflict after all retries, or there was no time for the next one
  merge_conflict,    ///< fields that both have changed, and no rule for them
  rolled_back,       ///< written, and undone with the atomic batch that it was part of
  refused,           ///< the row is there with that version, and the database left it as it was: a trigger, a policy
};

constexpr std::string_view to_string(conflict_strategy strategy) noexcept {
  switch (strategy) {
    case conflict_strategy::fail_fast:
      return "fail_fast";
    case conflict_strategy::retry:
      return "retry";
    case conflict_strategy::merge:
      return "merge";
    case conflict_strategy::last_writer_wins:
      return "last_writer_wins";
  }
  return "unknown";
}

constexpr std::string_view to_string(lock_status status) noexcept {
  switch (status) {
    case lock_status::success:
      return "success";
    case lock_status::version_conflict:
      return "version_conflict";
    case lock_status::record_not_found:
      return "record_not_found";
    case lock_status::retry_exhausted:
      return "retry_exhausted";
    case lock_status::merge_conflict:
      return "merge_conflict";
    case lock_status::rolled_back:
      return "rolled_back";
    case lock_status::refused:
      return "refused";
  }
  return "unknown";
}

/// What a merge makes of a field that both sides have changed.
enum class merge_rule : std::uint8_t {
  conflict,          ///< a conflict of the field (the default)
  last_writer_wins,  ///< mine
  keep_current,      ///< theirs
  numeric_add,       ///< theirs + mine; a field that is no number is a conflict
  numeric_delta,     ///< theirs + (mine - base), see `adds_equal_deltas`; needs a base
  list_append,       ///< theirs, then what mine has behind the base; a field that is no list is a conflict
};

/// The rule of one field.
struct field_rule {
  std::string field;
  merge_rule rule = merge_rule::conflict;
};

/// How conflicts are handled. Given once, to `optimistic`, or for one call.
struct lock_settings {
  conflict_strategy strategy = conflict_strategy::retry;
  int max_retries = 3;                          ///< after the first attempt
  std::chrono::milliseconds retry_delay{100};   ///< before the first retry; none inside of a transaction
  double retry_backoff_multiplier = 2.0;        ///< of the delay, from retry to retry
  std::chrono::milliseconds max_delay{10'000};  ///< the longest delay
  merge_rule default_rule = merge_rule::conflict;
  /// With `numeric_delta`: the same new value from both sides is two changes, so that no deposit is lost. False: it is
  /// one, as with every other rule.
  bool adds_equal_deltas = true;
  /// Reads a row again that was written, for tables with triggers that change it behind the update (in SQLite every
  /// trigger does): row and version are what the database has then, with what others have written meanwhile, too. One
  /// statement more; an error of it leaves the row written.
  bool reads_back = false;
  std::vector<field_rule> rules{};  ///< for fields that need another one; a name that is no field is an error

  lock_settings() = default;
  lock_settings(conflict_strategy with) : strategy(with) {}  // NOLINT: a strategy is settings
  lock_settings(conflict_strategy with, int retries, std::chrono::milliseconds delay)
      : strategy(with), max_retries(retries), retry_delay(delay) {}
};

/// How one operation ended, and what is known of the row.
template <class Row>
struct [[nodiscard]] lock_result {
  lock_status status = lock_status::success;
  bool updated = false;        ///< the row was written; a merge that changes nothing writes nothing
  bool forced_update = false;  ///< without a look at the version
  int retry_count = 0;         ///< attempts after the first
  std::int64_t expected_version = 0;
  std::int64_t current_version = 0;           ///< after success the new one; else what the database has (0: no row)
  Row row{};                                  ///< after success as the database has it; else what was to be written
  std::optional<Row> base{};                  ///< what the change started from, where it is known
  std::optional<Row> theirs{};                ///< what somebody else wrote: the last one that was met
  std::vector<std::string_view> conflicts{};  ///< the fields that both have changed
  std::int64_t replaced_version = 0;          ///< after success the version before; without a look at it: one less

  bool ok() const noexcept { return status == lock_status::success; }
  explicit operator bool() const noexcept { return ok(); }
  std::int64_t new_version() const noexcept { return ok() ? current_version : 0; }
};

/// How the operations of a batch ended, in their order.
template <class Row>
struct [[nodiscard]] lock_batch_result {
  std::vector<lock_result<Row>> results{};
  std::size_t total_operations = 0;
  std::size_t total_updated = 0;
  std::size_t total_conflicts = 0;  ///< version conflicts
  std::size_t total_not_found = 0;
  std::size_t total_exhausted = 0;
  std::size_t total_merge_conflicts = 0;
  std::size_t total_rolled_back = 0;
  std::size_t total_refused = 0;
  /// An atomic batch of which not all succeeded: nothing was kept. What had succeeded has status `rolled_back`, and its
  /// row and base are those that were given.
  bool is_rolled_back = false;

  bool ok() const noexcept { return total_updated == total_operations; }
  explicit operator bool() const noexcept { return ok(); }
  double success_rate() const noexcept {
    return total_operations == 0 ? 0.0 : static_cast<double>(total_updated) / static_cast<double>(total_operations);
  }
  /// None of its changes was kept. `given`: what the results were made of, one by one.
  void roll_back(std::span<const lock_result<Row>> given) {
    is_rolled_back = true;
    total_updated = 0;
    for (std::size_t i = 0; i < results.size() && i < given.size(); ++i) {
      lock_result<Row>& each = results[i];
      if (!each.ok()) continue;
      if (each.updated) each.current_version = each.replaced_version;  // as it is again
      each.status = lock_status::rolled_back;
      each.updated = each.forced_update = false;
      each.row = given[i].row;
      each.base = given[i].base;
      ++total_rolled_back;
    }
  }
  void add(lock_result<Row> one) {
    ++total_operations;
    if (one.status == lock_status::success) ++total_updated;
    if (one.status == lock_status::version_conflict) ++total_conflicts;
    if (one.status == lock_status::record_not_found) ++total_not_found;
    if (one.status == lock_status::retry_exhausted) ++total_exhausted;
    if (one.status == lock_status::merge_conflict) ++total_merge_conflicts;
    if (one.status == lock_status::refused) ++total_refused;
    results.push_back(std::move(one));
  }
};

}  // namespace dovetail::inline v0
