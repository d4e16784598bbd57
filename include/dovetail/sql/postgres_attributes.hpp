// Which of PostgreSQL's functions that do more than look can be called in a column's notation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

// Without <algorithm>, which costs every program with SQL text a tenth of its lines.

constexpr std::size_t count_names(std::string_view names) noexcept {
  std::size_t count = 1;
  for (const char c : names) count += c == ' ' ? 1U : 0U;
  return count;
}

/// Names with a space between each other, as a table. They must be in order.
template <std::size_t N>
constexpr std::array<std::string_view, N> split_names(std::string_view names) noexcept {
  std::array<std::string_view, N> all{};
  for (std::string_view& each : all) {
    each = names.substr(0, names.find(' '));
    names.remove_prefix(each.size() + (each.size() < names.size() ? 1U : 0U));
  }
  return all;
}

template <std::size_t N>
constexpr bool are_in_order(const std::array<std::string_view, N>& names) noexcept {
  for (std::size_t i = 1; i < N; ++i) {
    if (names[i] < names[i - 1]) return false;
  }
  return true;
}
/// Searches by halves.
template <std::size_t N>
constexpr bool is_listed(const std::array<std::string_view, N>& names, std::string_view name) noexcept {
  std::size_t begin = 0;
  std::size_t end = names.size();
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (names[middle] == name) return true;
    if (names[middle] < name) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return false;
}

// Functions of one argument, of other kinds: PostgreSQL takes x.name for name(x) where x has no such column.
inline constexpr std::string_view postgres_other_names =
    "binary_upgrade_set_next_array_pg_type_oid binary_upgrade_set_next_heap_pg_class_oid "
    "binary_upgrade_set_next_heap_relfilenode binary_upgrade_set_next_index_pg_class_oid "
    "binary_upgrade_set_next_index_relfilenode binary_upgrade_set_next_multirange_array_pg_type_oid "
    "binary_upgrade_set_next_multirange_pg_type_oid binary_upgrade_set_next_pg_authid_oid "
    "binary_upgrade_set_next_pg_enum_oid binary_upgrade_set_next_pg_tablespace_oid "
    "binary_upgrade_set_next_pg_type_oid binary_upgrade_set_next_toast_pg_class_oid "
    "binary_upgrade_set_next_toast_relfilenode binary_upgrade_set_record_init_privs brin_summarize_new_values "
    "currval cursor_to_xml database_to_xml dsnowball_init gin_clean_pending_list lo_close lo_creat lo_create "
    "lo_export lo_from_bytea lo_get lo_import lo_put lo_tell lo_tell64 lo_unlink loread lowrite nextval "
    "pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_xact_lock "
    "pg_advisory_xact_lock_shared pg_backup_start pg_backup_stop pg_blocking_pids pg_cancel_backend "
    "pg_collation_actual_version pg_create_physical_replication_slot pg_create_restore_point pg_current_logfile "
    "pg_database_collation_actual_version pg_drop_replication_slot pg_get_multixact_members "
    "pg_import_system_collations pg_log_backend_memory_contexts pg_ls_dir pg_ls_replslotdir pg_ls_tmpdir pg_notify "
    "pg_partition_ancestors pg_partition_tree pg_promote pg_read_binary_file pg_read_file "
    "pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_progress "
    "pg_replication_origin_session_setup pg_safe_snapshot_blocking_pids pg_sequence_last_value pg_sleep pg_sleep_for "
    "pg_sleep_until pg_stat_file pg_stat_reset_replication_slot pg_stat_reset_shared "
    "pg_stat_reset_single_function_counters pg_stat_reset_single_table_counters pg_stat_reset_slru "
    "pg_stat_reset_subscription_stats pg_switch_wal pg_terminate_backend pg_try_advisory_lock "
    "pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_wal_replay_pause "
    "pg_xact_commit_timestamp pg_xact_commit_timestamp_origin pg_xact_status query_to_xml schema_to_xml set_config "
    "setseed setval table_to_xml ts_rewrite ts_stat txid_status";

inline constexpr auto postgres_other_functions = split_names<count_names(postgres_other_names)>(postgres_other_names);
static_assert(are_in_order(postgres_other_functions));

/// True when `x.name` may call a function of PostgreSQL's that does more than look.
constexpr bool is_postgres_other_function(std::string_view name) noexcept {
  return is_listed(postgres_other_functions, name);
}

/// What their names begin with: two letters, and the two behind these. Bits by the five lowest ones of a letter, for
/// any case; a bit too many costs time only.
struct attribute_letters {
  std::uint32_t first[32]{};
  std::uint32_t later[32]{};

  consteval attribute_letters() {
    for (const std::string_view name : postgres_other_functions) {
      add(first, name[0], name[1]);
      add(later, name[2], name[3]);
    }
  }
  constexpr bool may_begin(const char* four) const noexcept {
    return has(first, four[0], four[1]) && has(later, four[2], four[3]);
  }

 private:
  static consteval void add(std::uint32_t (&of)[32], char a, char b) { of[a & 31] |= std::uint32_t{1} << (b & 31); }
  static constexpr bool has(const std::uint32_t (&of)[32], char a, char b) noexcept {
    return (of[a & 31] >> (b & 31) & 1) != 0;
  }
};
inline constexpr attribute_letters letters_of_attributes{};

}  // namespace detail
}  // namespace dovetail::inline v0
