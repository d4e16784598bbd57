// Who asks a WorkerSQL gateway, and what they may do.
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/sql/classify.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/validation.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace dovetail::inline v0::workersql {

/// Each one includes those before it.
enum class permissions : std::uint8_t {
  none,
  read,   ///< select, show, explain
  write,  ///< insert, update, delete, merge, select … for update
  admin,  ///< everything but transactions as statements: definitions, settings, maintenance, calls
};

constexpr std::string_view to_string(permissions may) noexcept {
  constexpr std::string_view names[] = {"none", "read", "write", "admin"};
  return names[static_cast<std::size_t>(may)];
}

namespace serving {

/// Whom a key or a token stands for.
struct principal {
  std::string user;
  std::string tenant;
  permissions may = permissions::none;
  std::int64_t expires =
      (std::numeric_limits<std::int64_t>::max)();  ///< seconds since 1970: the first that is too late

  /// A text that tells principals apart.
  std::string key() const { return std::to_string(tenant.size()) + ':' + tenant + user; }
};

/// What is thought of a statement's text.
struct statement_verdict {
  validation_rule broken = validation_rule::none;
  permissions needed = permissions::read;
  bool is_data_change = false;   ///< insert, update or delete: what the gateway's batches take
  bool may_hide_writes = false;  ///< it reads, but calls functions of which the text does not tell whether they write
  bool stays_on_connection = false;  ///< it changes the connection for whoever is lent it next
  bool may_commit = false;  ///< it may commit a part of what it does before it fails: procedures, blocks of code
};

/// The permission that the class of a statement needs.
constexpr permissions needed_for(const classification& found) noexcept {
  if (!found.is_executed) return permissions::read;
  switch (found.what) {
    case statement_class::select:
      if (found.makes_table) return permissions::admin;
      return found.read_only == tri_state::yes ? permissions::read : permissions::write;
    case statement_class::show:
      return permissions::read;
    case statement_class::insert:
    case statement_class::update:
    case statement_class::remove:
    case statement_class::merge:
      return permissions::write;
    default:
      return permissions::admin;
  }
}

/// A name of a schema, or what SQLite takes for one, without its quotes. What stands for them inside stays doubled.
constexpr std::string_view without_quotes(std::string_view name) noexcept {
  const char first = name.empty() ? '\0' : name.front();
  const bool has_quotes = first == '"' || first == '`' || first == '[' || first == '\'';
  return has_quotes && name.size() > 2 ? name.substr(1, name.size() - 2) : name;
}

/// True when temporary things are in the schema of this name (PostgreSQL's `pg_temp_3` is that of one connection).
constexpr bool is_temporary_schema(std::string_view name) noexcept {
  return equals_ignoring_case(name, "temp") || equals_ignoring_case(name, "pg_temp") ||
         starts_with_ignoring_case(name, "pg_temp_");
}

/// True when what a statement does belongs to its connection and outlives its transaction: settings, attached files,
/// temporary tables, prepared statements, cursors, libraries, listening. As far as the text tells: functions and blocks
/// may do the same.
constexpr bool stays_on_connection(dialect d, std::string_view text, const classification& found) noexcept {
  if (!found.is_executed) return false;
  v0::detail::lexer from{text.substr(found.begin), lexis_of(d)};
  const auto word_of = [&](const v0::detail::token& at) {
    return at.kind == v0::detail::token_kind::word ? text.substr(found.begin + at.begin, at.end - at.begin)
                                                   : std::string_view{};
  };
  const auto is = [](std::string_view word, std::string_view wanted) { return equals_ignoring_case(word, wanted); };
  v0::detail::token at = from.next();
  switch (found.what) {
    case statement_class::attachment:
    case statement_class::prepared:
    case statement_class::cursor:
      return true;
    case statement_class::administration:
      if (is(word_of(at), "load")) return true;
      break;
    case statement_class::notification:
      return !is(word_of(at), "notify");
    case statement_class::setting:
      return !is(word_of(from.next()), "local");
    case statement_class::definition:
      break;
    default:
      if (!found.makes_table) return false;
  }
  for (std::string_view before; at.kind != v0::detail::token_kind::end;) {
    using kind = v0::detail::token_kind;
    const std::string_view word = word_of(at);
    const std::string_view written = text.substr(found.begin + at.begin, at.end - at.begin);
    const bool is_name = at.kind == kind::word || at.kind == kind::quoted || at.kind == kind::string;
    const bool is_spelt = at.kind == kind::quoted && v0::detail::is_unicode_text(written);  // it may be any name
    at = from.next();
    const bool has_dot = at.kind != kind::end && text[found.begin + at.begin] == '.';
    const bool is_behind = is(before, "into") || is(before, "schema");  // import foreign schema … into
    if (is_spelt && (has_dot || is_behind || is(word_of(at), "uescape"))) return true;
    if (is_name && is_temporary_schema(without_quotes(written))) {
      if (has_dot || (is_behind && starts_with_ignoring_case(without_quotes(written), "pg_temp"))) return true;
    }
    if ((is(word, "temp") || is(word, "temporary")) &&
        (is(before, "create") || is(before, "replace") || is(before, "local") || is(before, "global") ||
         is(before, "into"))) {
      return true;
    }
    before = word;
  }
  return false;
}

/// Judges a text for somebody who may do `may`. Several statements in one text, and transactions as statements, are
/// refused to everybody.
constexpr statement_verdict judge(dialect d, std::string_view text, permissions may) noexcept {
  const validation everything{.profile = validation_profile::standard,
                              .allow_admin = true,
                              .allow_ddl = true,
                              .allow_calls = true,
                              .allow_settings = true,
                              .allow_notifications = true,
                              .allow_risky_functions = may == permissions::admin};
  statement_verdict said;
  said.broken = v0::validate(d, text, everything).rule;
  const classification found = v0::classify(d, text);
  said.needed = needed_for(found);
  if (said.broken == validation_rule::risky_function) said.needed = permissions::admin;
  said.is_data_change =
      found.is_executed && (found.what == statement_class::insert || found.what == statement_class::update ||
                            found.what == statement_class::remove || found.what == statement_class::merge);
  said.stays_on_connection = stays_on_connection(d, text, found);
  said.may_commit = found.is_executed && (found.what == statement_class::call || found.what == statement_class::block);
  said.may_hide_writes = said.needed == permissions::read && found.calls_functions;
  return said;
}

}  // namespace serving
}  // namespace dovetail::inline v0::workersql
