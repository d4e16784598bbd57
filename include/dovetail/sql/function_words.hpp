// What the names of functions and settings tell: which ones reach beyond the data, which ones only compute.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/postgres_attributes.hpp>
#include <dovetail/sql/statement_class.hpp>
#include <dovetail/sql/token.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

template <std::size_t N>
constexpr bool is_of_family(std::string_view name, const std::string_view (&families)[N]) noexcept {
  for (const std::string_view family : families) {
    if (starts_with_ignoring_case(name, family)) return true;
  }
  return false;
}

/// PostgreSQL's functions of administration: those of its list, and of the modules that come with it.
constexpr bool is_risky_of_server(std::string_view name) noexcept {
  if (equals_ignoring_case(name.substr(0, 21), "postgres_fdw_disconne")) return true;
  if (!starts_with_ignoring_case(name, "pg_")) return false;
  constexpr std::string_view families[] = {"pg_advisory_lock", "pg_backup_",
                                           "pg_clear_",        "pg_copy_",
                                           "pg_create_",       "pg_file_",
                                           "pg_log_",          "pg_logdir_",
                                           "pg_logical_",      "pg_ls_",
                                           "pg_read_",         "pg_replication_",
                                           "pg_restore_",      "pg_rotate_",
                                           "pg_show_",         "pg_sleep",
                                           "pg_start_backup",  "pg_stat_reset",
                                           "pg_stop_",         "pg_switch_",
                                           "pg_sync_",         "pg_try_advisory_lock",
                                           "pg_wal_replay_"};
  if (is_of_family(name, families)) return true;
  constexpr std::string_view names[] = {"pg_cancel_backend",
                                        "pg_config",
                                        "pg_current_logfile",
                                        "pg_drop_replication_slot",
                                        "pg_export_snapshot",
                                        "pg_extension_config_dump",
                                        "pg_get_backend_memory_contexts",
                                        "pg_get_shmem_allocations",
                                        "pg_hba_file_rules",
                                        "pg_ident_file_mappings",
                                        "pg_import_system_collations",
                                        "pg_nextoid",
                                        "pg_notify",
                                        "pg_prewarm",
                                        "pg_promote",
                                        "pg_reload_conf",
                                        "pg_stat_file",
                                        "pg_stat_force_next_flush",
                                        "pg_stat_have_stats",
                                        "pg_stat_statements_reset",
                                        "pg_terminate_backend",
                                        "pg_truncate_visibility_map"};
  return is_among(name, names);
}

/// Functions that wait, read or write files, change or end sessions, run texts as statements, write beside the tables
/// or reach other servers (and the prefixes of their families). PostgreSQL's are those of its catalogue that it keeps
/// from ordinary users or calls volatile, without those that only tell, compute or draw numbers.
constexpr bool is_risky_function(std::string_view name) noexcept {
  if (name.size() < 5) return false;
  switch (name.front() | 0x20) {
    case 'a':
      return starts_with_ignoring_case(name, "autoprewarm_");
    case 'b': {
      constexpr std::string_view families[] = {"binary_upgrade_", "brin_summarize_", "brin_desummarize_"};
      return equals_ignoring_case(name, "benchmark") || is_of_family(name, families);
    }
    case 'c': {
      constexpr std::string_view families[] = {"cursor_to_xml", "crosstab", "connectby"};
      return is_of_family(name, families);
    }
    case 'd':
      return starts_with_ignoring_case(name, "dblink") || starts_with_ignoring_case(name, "database_to_xml");
    case 'f':
      return equals_ignoring_case(name, "fts3_tokenizer");  // takes and gives addresses
    case 'g':
      return equals_ignoring_case(name, "gin_clean_pending_list") || equals_ignoring_case(name, "get_raw_page") ||
             equals_ignoring_case(name, "get_lock");
    case 'h':
      return starts_with_ignoring_case(name, "heap_force_");
    case 'l': {
      constexpr std::string_view names[] = {"load_file", "load_extension", "loread", "lowrite"};
      return starts_with_ignoring_case(name, "lo_") || is_among(name, names);
    }
    case 'p':
      return is_risky_of_server(name);
    case 'q':
      return starts_with_ignoring_case(name, "query_to_xml");
    case 'r':
      return equals_ignoring_case(name, "readfile");
    case 's':
      return equals_ignoring_case(name, "sleep") || equals_ignoring_case(name, "set_config") ||
             starts_with_ignoring_case(name, "schema_to_xml");
    case 't':
      return starts_with_ignoring_case(name, "table_to_xml") || equals_ignoring_case(name, "ts_stat") ||
             equals_ignoring_case(name, "ts_rewrite");
    case 'w':
      return equals_ignoring_case(name, "waitfor") || equals_ignoring_case(name, "writefile");
    case 'x': {
      constexpr std::string_view names[] = {"xp_cmdshell", "xpath_table", "xslt_process"};
      return is_among(name, names);
    }
    default:
      return false;
  }
}

/// Functions of which it is known that they only compute.
constexpr bool is_pure_function(std::uint64_t key, std::string_view word) noexcept {
  switch (key) {
    case word_key("count"):
    case word_key("sum"):
    case word_key("min"):
    case word_key("max"):
    case word_key("avg"):
    case word_key("abs"):
    case word_key("round"):
    case word_key("floor"):
    case word_key("ceil"):
    case word_key("lower"):
    case word_key("upper"):
    case word_key("length"):
    case word_key("trim"):
    case word_key("replace"):
    case word_key("substr"):
    case word_key("coalesce"):
    case word_key("nullif"):
    case word_key("greatest"):
    case word_key("least"):
    case word_key("cast"):
    case word_key("extract"):
    case word_key("position"):
    case word_key("now"):
    case word_key("rank"):
    case word_key("concat"):
    case word_key("total"):
    case word_key("date"):
    case word_key("time"):
    case word_key("datetime"):
    case word_key("strftime"):
    case word_key("mod"):
    // Not functions: words that a parenthesis may follow, and types.
    case word_key("in"):
    case word_key("any"):
    case word_key("all"):
    case word_key("some"):
    case word_key("as"):
    case word_key("on"):
    case word_key("using"):
    case word_key("and"):
    case word_key("or"):
    case word_key("not"):
    case word_key("over"):
    case word_key("filter"):
    case word_key("group"):
    case word_key("by"):
    case word_key("case"):
    case word_key("when"):
    case word_key("then"):
    case word_key("else"):
    case word_key("select"):
    case word_key("distinct"):
    case word_key("from"):
    case word_key("join"):
    case word_key("where"):
    case word_key("having"):
    case word_key("union"):
    case word_key("except"):
    case word_key("exists"):
    case word_key("values"):
    case word_key("set"):
    case word_key("limit"):
    case word_key("offset"):
    case word_key("row"):
    case word_key("array"):
    case word_key("is"):
    case word_key("like"):
    case word_key("between"):
    case word_key("conflict"):
    case word_key("lateral"):
    case word_key("only"):
    case word_key("char"):
    case word_key("varchar"):
    case word_key("numeric"):
    case word_key("decimal"):
      return true;
    default:
      return key == 0 && (equals_ignoring_case(word, "substring") || equals_ignoring_case(word, "intersect") ||
                          equals_ignoring_case(word, "materialized") || equals_ignoring_case(word, "row_number") ||
                          equals_ignoring_case(word, "returning"));
  }
}

/// U&"…" or U&'…', as it is written: its escapes may spell any name.
constexpr bool is_unicode_text(std::string_view written) noexcept {
  return written.size() > 2 && (written[0] | 0x20) == 'u' && written[1] == '&';
}

/// Remembers the first name of a statement that may be a risky function's or view's.
constexpr void note_risk(classification& found, const token& name) noexcept {
  if (found.risk_size != 0) return;
  found.risk_at = name.begin;
  found.risk_size = name.end - name.begin;
}

/// An identifier without the quotes around it.
constexpr std::string_view bare_identifier(std::string_view name) noexcept {
  return name.size() > 2 && name.front() == '"' ? name.substr(1, name.size() - 2) : name;
}

/// PostgreSQL's views that show what the risky function of the same name gives.
constexpr bool is_risky_view(std::string_view name) noexcept {
  constexpr std::string_view all[] = {"pg_hba_file_rules", "pg_ident_file_mappings"};
  return is_among(name, all);
}

/// In x.name, where x has no such column, PostgreSQL calls a risky function.
constexpr bool is_risky_attribute(std::string_view name) noexcept {
  if (!is_risky_function(name)) return false;
  char lower[64]{};  // longer than every name
  if (name.size() > sizeof lower) return false;
  for (std::size_t i = 0; i < name.size(); ++i) lower[i] = ascii_lower(name[i]);
  return is_postgres_other_function({lower, name.size()});
}

/// PostgreSQL's settings by which it reads texts.
constexpr bool is_reading_setting(std::string_view name) noexcept {
  constexpr std::string_view all[] = {"standard_conforming_strings", "client_encoding"};
  return is_among(name, all);
}

/// Is this table, as it is written, PostgreSQL's pg_settings, whose rows set what they say when they are written?
constexpr bool is_table_of_settings(std::string_view written) noexcept {
  if (written.ends_with('"')) written.remove_suffix(1);
  constexpr std::string_view name = "pg_settings";
  return written.size() >= name.size() && equals_ignoring_case(written.substr(written.size() - name.size()), name);
}

}  // namespace detail
}  // namespace dovetail::inline v0
