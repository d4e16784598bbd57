// The decisions of an optimistic update, without I/O: what to do next, and how it ended.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/asyncsql/lock_merge.hpp>
#include <dovetail/client/asyncsql/lock_monitor.hpp>
#include <dovetail/client/asyncsql/lock_outcome.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

/// What the caller of `lock_attempts` does next, and which function it calls with the outcome.
enum class lock_step : std::uint8_t {
  write,  ///< with a look at the version; then `wrote`
  force,  ///< without; then `forced`
  read,   ///< the row as it is now; then `found`
  pause,  ///< for `delay()`, if `may_wait`; then read: what is written next must not be older than the pause
  look,   ///< at the row that was written, as `read` does; then `saw`
  done,
};

[[gnu::cold, gnu::noinline]] inline error_info key_was_changed(std::string_view key) {
  std::string text;
  append_parts(text, {"the key '", key, "' of the row was changed since it was read: an update cannot move a row"});
  return {make_error_code(errc::invalid_key), std::move(text)};
}

/// Stands for the change of an update that cannot be computed again.
struct no_recompute {
  template <class Row>
  bool operator()(Row&) const noexcept {
    return false;
  }
};

/// Calls the user's function: one that gives nothing agrees, one that gives false gives up.
template <class Fn, class Row>
bool call_recompute(Fn& fn, Row& row) {
  if constexpr (std::is_void_v<std::invoke_result_t<Fn&, Row&>>) {
    fn(row);
    return true;
  } else {
    return static_cast<bool>(fn(row));
  }
}

/// The mistake in a row that has another key than the base that it was made from: it would be written over a row of
/// which nobody has read the version. Empty when there is none.
template <class Layout>
error_info changed_key(const typename Layout::row_type& row, const std::optional<typename Layout::row_type>& base) {
  if (!base || Layout::key_of(row) == Layout::key_of(*base)) return {};
  return key_was_changed(field_names<typename Layout::row_type>[Layout::key]);
}
/// The same of the rows of a batch.
template <class Layout>
error_info changed_key(const std::vector<lock_result<typename Layout::row_type>>& rows) {
  error_info wrong;
  for (const auto& each : rows) {
    if (!wrong) wrong = changed_key<Layout>(each.row, each.base);
  }
  return wrong;
}

/// One update from its first attempt to its end.
template <class Layout, class Recompute = no_recompute>
class lock_attempts {
 public:
  using row_type = typename Layout::row_type;
  static constexpr bool can_recompute = !std::is_same_v<Recompute, no_recompute>;

  /// `base`: what `mine` was made from.
  lock_attempts(row_type mine, std::optional<row_type> base, lock_settings how, Recompute recompute = {})
      : how_(std::move(how)), wanted_(mine), recompute_(std::move(recompute)) {
    result_.row = std::move(mine);
    result_.base = std::move(base);
    result_.expected_version = Layout::version_of(result_.row);
  }

  lock_step begin() const noexcept {
    return how_.strategy == conflict_strategy::last_writer_wins ? lock_step::force : lock_step::write;
  }
  const lock_settings& settings() const noexcept { return how_; }
  /// A mistake for which nothing may be written.
  error_info problem() const { return changed_key<Layout>(result_.row, result_.base); }
  /// The row to write; its version is the expected one.
  const row_type& row() const noexcept { return result_.row; }

  /// `now`: the row's version after the update, or nothing when no row was written.
  lock_step wrote(const std::optional<without_optional<typename Layout::version_type>>& now) {
    if (!now) return waits() ? lock_step::pause : lock_step::read;
    return succeed(version_value(*now), true);
  }
  /// `now`: the row as it is after the update, or nothing.
  lock_step forced(std::optional<row_type> now) {
    if (!now) {
      has_forced_ = true;
      return lock_step::read;  // it is gone, or the database did not let it be changed
    }
    result_.row = *std::move(now);
    result_.forced_update = true;
    return succeed(Layout::version_of(result_.row), true);
  }
  /// `now`: the row that was written, as it is in the database; or nothing, when it is gone already.
  lock_step saw(std::optional<row_type> now) {
    if (!now) return lock_step::done;
    result_.row = *std::move(now);
    result_.current_version = Layout::version_of(result_.row);
    result_.base = result_.row;
    return lock_step::done;
  }
  /// The row was deleted.
  void erased(bool is_forced) noexcept {
    result_.forced_update = is_forced;
    result_.updated = true;
    end(lock_status::success);
  }
  /// `was_forced`: what found no row to write did not ask for a version.
  lock_step found(std::optional<row_type> theirs, bool was_forced = false) {
    if (!theirs) return end(lock_status::record_not_found);
    const std::int64_t version = Layout::version_of(*theirs);
    if (was_forced || has_forced_ || version == Layout::version_of(result_.row)) {
      result_.current_version = version;
      return end(lock_status::refused);  // there is no conflict, and to try again would change nothing
    }
    ++conflicts_;
    result_.theirs = std::move(theirs);
    result_.current_version = Layout::version_of(*result_.theirs);
    if (how_.strategy == conflict_strategy::fail_fast) return give_up();
    if (is_out_of_time_ || result_.retry_count >= how_.max_retries) return end(lock_status::retry_exhausted);
    return how_.strategy == conflict_strategy::merge ? merge() : apply_again();
  }

  std::chrono::milliseconds delay() const noexcept { return delay_; }
  /// Whether the pause ends before the call has to, `left` from now; if not there is none, and no attempt behind it.
  bool may_wait(clock::duration left) noexcept {
    is_out_of_time_ = delay_ >= left;
    return !is_out_of_time_;
  }
  std::uint64_t conflicts() const noexcept { return conflicts_; }
  const lock_result<row_type>& outcome() const noexcept { return result_; }
  lock_result<row_type>& outcome() noexcept { return result_; }

 private:
  /// Names the fields that both have changed, where the base is known.
  lock_step give_up() {
    if (!result_.base) return end(lock_status::version_conflict);
    row_type unused = *result_.theirs;
    return stop(merge_rows<Layout>(&*result_.base, wanted_, *result_.theirs, how_, false, unused).conflicts,
                lock_status::version_conflict);
  }

  lock_step merge() {
    row_type merged = *result_.theirs;
    merge_outcome done =
        merge_rows<Layout>(result_.base ? &*result_.base : nullptr, wanted_, *result_.theirs, how_, true, merged);
    if (!done.conflicts.empty()) return stop(std::move(done.conflicts), lock_status::merge_conflict);
    result_.row = std::move(merged);
    if (!done.is_changed) return succeed(result_.current_version, false);
    return again();
  }

  lock_step apply_again() {
    row_type next = *result_.theirs;
    if constexpr (can_recompute) {
      if (!call_recompute(recompute_, next)) return end(lock_status::version_conflict);
      member_at<Layout::key>(next) = Layout::key_of(*result_.theirs);
    } else {
      // The same data again would undo what somebody else has done, unless it was done to other fields.
      if (!result_.base) return end(lock_status::version_conflict);
      merge_outcome done = merge_rows<Layout>(&*result_.base, wanted_, *result_.theirs, how_, false, next);
      if (!done.conflicts.empty()) return stop(std::move(done.conflicts), lock_status::version_conflict);
    }
    Layout::set_version(next, result_.current_version);
    result_.row = std::move(next);
    return again();
  }

  /// Sets the delay before the next attempt; false when there is none to wait for.
  bool waits() {
    const bool has_base = can_recompute || result_.base.has_value();
    const bool may_retry =
        how_.strategy == conflict_strategy::merge || (how_.strategy == conflict_strategy::retry && has_base);
    if (!may_retry || result_.retry_count >= how_.max_retries) return false;
    const double factor = std::pow(how_.retry_backoff_multiplier, result_.retry_count);
    const double wait = static_cast<double>(how_.retry_delay.count()) * factor;
    const auto longest = static_cast<double>(how_.max_delay.count());
    delay_ = std::chrono::milliseconds{static_cast<std::int64_t>(wait < longest ? wait : longest)};
    return delay_.count() > 0;
  }

  lock_step again() {
    ++result_.retry_count;
    return lock_step::write;
  }

  lock_step succeed(std::int64_t version, bool is_written) {
    // Unsigned: a database that counts past the largest number does so without undefined behaviour here.
    result_.replaced_version = result_.forced_update
                                   ? static_cast<std::int64_t>(static_cast<std::uint64_t>(version) - 1)
                                   : Layout::version_of(result_.row);
    Layout::set_version(result_.row, version);
    result_.current_version = version;
    result_.updated = is_written;
    result_.base = result_.row;
    end(lock_status::success);
    return is_written && how_.reads_back ? lock_step::look : lock_step::done;
  }
  lock_step stop(std::vector<std::string_view> fields, lock_status status) {
    result_.conflicts = std::move(fields);
    return end(status);
  }
  lock_step end(lock_status status) noexcept {
    result_.status = status;
    if (status == lock_status::record_not_found) result_.current_version = 0;
    return lock_step::done;
  }

  lock_settings how_;
  row_type wanted_;  // what the caller asked for, before any retry
  Recompute recompute_;
  lock_result<row_type> result_;
  std::chrono::milliseconds delay_{};
  std::uint64_t conflicts_ = 0;
  bool has_forced_ = false;
  bool is_out_of_time_ = false;
};

/// Counts an operation and remembers its conflict.
template <class Layout, class Attempts>
void report_attempts(lock_monitor& to, std::string_view table, const Attempts& ended) {
  const auto& outcome = ended.outcome();
  to.count(outcome.ok(), ended.conflicts(), static_cast<std::uint64_t>(outcome.retry_count),
           outcome.status == lock_status::merge_conflict);
  if (ended.conflicts() == 0) return;
  to.remember({std::chrono::system_clock::now(), std::string{table}, key_text(Layout::key_of(outcome.row)),
               outcome.expected_version, outcome.theirs ? Layout::version_of(*outcome.theirs) : 0, outcome.retry_count,
               ended.settings().strategy, outcome.status});
}

}  // namespace dovetail::inline v0::detail
