// What the word tells that a statement begins with, and the words behind `create`, `pragma` and their like.
#pragma once

#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/statement_class.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// True when `text` is one of some words in lower case. For words too long for a key.
template <std::size_t N>
constexpr bool is_among(std::string_view text, const std::string_view (&words)[N]) noexcept {
  for (const std::string_view word : words) {
    if (equals_ignoring_case(text, word)) return true;
  }
  return false;
}

constexpr statement_class class_of_long_word(std::string_view word) noexcept {
  if (equals_ignoring_case(word, "savepoint")) return statement_class::transaction;
  constexpr std::string_view preparations[] = {"deallocate"};
  constexpr std::string_view maintenance[] = {"checkpoint"};
  constexpr std::string_view administration[] = {"uninstall", "reassign"};
  if (is_among(word, preparations)) return statement_class::prepared;
  if (is_among(word, maintenance)) return statement_class::maintenance;
  if (is_among(word, administration)) return statement_class::administration;
  return statement_class::unknown;
}

/// The class that a first word stands for; `explain` and `with` are not asked about.
constexpr statement_class class_of_word(std::uint64_t key, std::string_view word) noexcept {
  switch (key) {
    case word_key("select"):
    case word_key("values"):
    case word_key("table"):
      return statement_class::select;
    case word_key("insert"):
    case word_key("replace"):
    case word_key("upsert"):
      return statement_class::insert;
    case word_key("update"):
      return statement_class::update;
    case word_key("delete"):
      return statement_class::remove;
    case word_key("merge"):
      return statement_class::merge;
    case word_key("show"):
      return statement_class::show;
    case word_key("create"):
    case word_key("alter"):
    case word_key("drop"):
    case word_key("truncate"):
    case word_key("rename"):
    case word_key("comment"):
      return statement_class::definition;
    case word_key("grant"):
    case word_key("revoke"):
      return statement_class::rights;
    case word_key("begin"):
    case word_key("start"):  // transaction, unless a later word says replica
    case word_key("commit"):
    case word_key("end"):
    case word_key("rollback"):
    case word_key("abort"):
    case word_key("release"):
    case word_key("xa"):
      return statement_class::transaction;
    case word_key("set"):
    case word_key("reset"):
    case word_key("discard"):
    case word_key("use"):
    case word_key("pragma"):
      return statement_class::setting;
    case word_key("copy"):
    case word_key("load"):
      return statement_class::copy;
    case word_key("call"):
    case word_key("exec"):
      return statement_class::call;
    case word_key("do"):
      return statement_class::block;
    case word_key("lock"):
    case word_key("unlock"):
      return statement_class::lock;
    case word_key("listen"):
    case word_key("notify"):
    case word_key("unlisten"):
      return statement_class::notification;
    case word_key("prepare"):
    case word_key("execute"):
      return statement_class::prepared;
    case word_key("declare"):
    case word_key("fetch"):
    case word_key("move"):
    case word_key("close"):
    case word_key("handler"):
      return statement_class::cursor;
    case word_key("vacuum"):
    case word_key("analyze"):
    case word_key("analyse"):
    case word_key("reindex"):
    case word_key("cluster"):
    case word_key("refresh"):
    case word_key("optimize"):
    case word_key("repair"):
      return statement_class::maintenance;
    case word_key("attach"):
    case word_key("detach"):
      return statement_class::attachment;
    case word_key("install"):
    case word_key("import"):
    case word_key("kill"):
    case word_key("shutdown"):
    case word_key("flush"):
    case word_key("purge"):
    case word_key("security"):
    case word_key("stop"):
      return statement_class::administration;
    default:
      return key == 0 ? class_of_long_word(word) : statement_class::unknown;
  }
}

/// What `create`, `alter`, `drop` and `comment on` are about.
enum class object_kind : std::uint8_t { undecided, table, other_of_schema, routine, server };

constexpr object_kind object_of_word(std::uint64_t key, std::string_view word) noexcept {
  switch (key) {
    case word_key("table"):
    case word_key("view"):
      return object_kind::table;
    case word_key("index"):
    case word_key("sequence"):
    case word_key("type"):
    case word_key("domain"):
    case word_key("schema"):
    case word_key("column"):
      return object_kind::other_of_schema;
    case word_key("function"):
    case word_key("trigger"):
      return object_kind::routine;
    case word_key("role"):
    case word_key("user"):
    case word_key("group"):
    case word_key("database"):
    case word_key("system"):
    case word_key("server"):
    case word_key("data"):
    case word_key("event"):
    case word_key("rule"):
    case word_key("policy"):
    case word_key("operator"):
    case word_key("language"):
    case word_key("cast"):
    case word_key("access"):
    case word_key("text"):
    case word_key("owned"):
    case word_key("large"):
    case word_key("instance"):
      return object_kind::server;
    default:
      break;
  }
  if (key != 0) return object_kind::undecided;
  if (equals_ignoring_case(word, "procedure")) return object_kind::routine;
  if (equals_ignoring_case(word, "statistics")) return object_kind::other_of_schema;
  constexpr std::string_view of_server[] = {"extension",  "tablespace", "publication", "subscription", "transform",
                                            "conversion", "collation",  "privileges",  "routine"};
  return is_among(word, of_server) ? object_kind::server : object_kind::undecided;
}

/// SQLite's pragmas that only tell. `has_argument`: those that take the name of a table in parentheses.
/// Source: https://www.sqlite.org/pragma.html
constexpr bool is_reading_pragma(std::string_view name, bool has_argument) noexcept {
  constexpr std::string_view with_argument[] = {
      "table_info",  "table_xinfo",      "table_list",        "index_list",  "index_info",
      "index_xinfo", "foreign_key_list", "foreign_key_check", "quick_check", "integrity_check"};
  if (is_among(name, with_argument)) return true;
  if (has_argument) return false;
  constexpr std::string_view alone[] = {"analysis_limit",
                                        "application_id",
                                        "auto_vacuum",
                                        "automatic_index",
                                        "busy_timeout",
                                        "cache_size",
                                        "cache_spill",
                                        "cell_size_check",
                                        "checkpoint_fullfsync",
                                        "collation_list",
                                        "compile_options",
                                        "data_version",
                                        "database_list",
                                        "defer_foreign_keys",
                                        "encoding",
                                        "foreign_keys",
                                        "freelist_count",
                                        "fullfsync",
                                        "function_list",
                                        "ignore_check_constraints",
                                        "journal_mode",
                                        "journal_size_limit",
                                        "locking_mode",
                                        "max_page_count",
                                        "mmap_size",
                                        "module_list",
                                        "page_count",
                                        "page_size",
                                        "pragma_list",
                                        "query_only",
                                        "read_uncommitted",
                                        "recursive_triggers",
                                        "reverse_unordered_selects",
                                        "schema_version",
                                        "secure_delete",
                                        "soft_heap_limit",
                                        "synchronous",
                                        "temp_store",
                                        "threads",
                                        "trusted_schema",
                                        "user_version",
                                        "wal_autocheckpoint"};
  return is_among(name, alone);
}

}  // namespace detail
}  // namespace dovetail::inline v0
