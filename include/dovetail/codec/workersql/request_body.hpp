// The bodies of requests: one statement with its parameters, or a batch of them, in either dialect.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/workersql/options.hpp>
#include <dovetail/codec/workersql/parameter.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/row/written.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/parameters.hpp>
#include <dovetail/sql/rewrite.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// What the SDKs' requests may say of their own caching; the gateway of today ignores it.
struct cache_options {
  std::optional<bool> enabled{};
  std::optional<std::chrono::seconds> ttl{};  ///< from 1 s to a day
  std::string key{};
};

/// What one query wants of the client's own cache, where there is one.
enum class cache_use : std::uint8_t {
  normal,   ///< the answer that is kept, if there is one
  refresh,  ///< the gateway's answer, which is kept for others
  bypass,   ///< the gateway's answer, which is not kept
};

/// How one query is asked.
struct query_options {
  workersql::consistency consistency = workersql::consistency::unspecified;  ///< unspecified: what the client says
  std::optional<std::chrono::milliseconds> timeout{};                        ///< told to the gateway; from 1 s to 300 s
  std::chrono::milliseconds staleness{0};                                    ///< of `bounded`; 0: the gateway's own
  cache_options cache{};
  cache_use caching = cache_use::normal;

  query_options() = default;
  query_options(workersql::consistency how) noexcept : consistency(how) {}  // NOLINT: a hint is a way to ask
  query_options(cache_use how) noexcept : caching(how) {}                   // NOLINT
};

namespace detail {

/// Statements that begin or end a transaction have no meaning where every request is a transaction of its own.
[[gnu::cold, gnu::noinline]] inline error_info refuse_transaction_statement() {
  return {dovetail::errc::invalid_state,
          "begin, commit, rollback and savepoint are no statements of a client: use transaction() or batch()"};
}

/// The hint in front of a statement: exactly as the gateway wants it, in lower case.
[[gnu::cold, gnu::noinline]] inline void append_hint(std::string& out, const query_options& how, consistency fallback) {
  switch (how.consistency == consistency::unspecified ? fallback : how.consistency) {
    case consistency::unspecified:
      return;
    case consistency::strong:
      out += "/*+ strong */ ";
      return;
    case consistency::weak:
      out += "/*+ weak */ ";
      return;
    case consistency::bounded:
      const auto limit = how.staleness.count() > 0 ? how.staleness : std::chrono::milliseconds{60000};
      const dovetail::detail::number_text digits{static_cast<std::uint64_t>(limit.count())};
      dovetail::detail::append_parts(out, {"/*+ bounded=", digits, " */ "});
      return;
  }
}

/// Appends 'sql':'…'. Errors: errc::malformed_statement for a text that is not UTF-8.
[[gnu::noinline]] inline error_info append_sql(std::string& out, std::string_view text) {
  out += "\"sql\":";
  if (json::encode(text, out)) return {};
  return {dovetail::errc::malformed_statement, "the statement is not UTF-8"};
}

[[gnu::cold, gnu::noinline]] inline error_info parameter_failure(const value_writer& of, std::uint32_t number) {
  std::string text;
  dovetail::detail::append_parts(text, {"parameter ", dovetail::detail::number_text{number}, ": ", of.reason()});
  return {of.refused(), std::move(text)};
}

[[gnu::cold, gnu::noinline]] inline error_info field_failure(const value_writer& of, std::string_view field) {
  std::string text;
  dovetail::detail::append_parts(text, {"field '", field, "': ", of.reason()});
  return {of.refused(), std::move(text)};
}

/// True when the slots fill the parameters 1, 2, 3 … one after the other.
template <class Places>
constexpr bool are_in_order(const Places& places) noexcept {
  std::uint32_t number = 0;
  for (const parameter_place& each : places) {
    if (each.number == 0) continue;
    if (each.number != number + 1 || each.expands) return false;
    number = each.number;
  }
  return true;
}

/// The text with `CAST(? AS BIGINT)` for the parameters of these numbers, which are integers in strings. As a bare
/// string one would be compared as text where no column says otherwise. BIGINT is a 64-bit integer for SQLite and
/// PostgreSQL alike. Placeholders are `?` and `?1`.
[[gnu::cold, gnu::noinline]] inline std::string with_casts(std::string_view sql,
                                                           const std::vector<std::uint32_t>& numbers) {
  using dovetail::detail::token;
  using dovetail::detail::token_kind;
  dovetail::detail::lexer source{sql, lexis_of(dialect::sqlite)};
  std::string out;
  std::size_t copied = 0;
  std::uint32_t highest = 0;
  for (token at = source.next(); at.kind != token_kind::end; at = source.next()) {
    if (at.kind != token_kind::placeholder) continue;
    const std::uint32_t number = at.style == placeholder_style::numbered ? at.number : highest + 1;
    highest = (std::max)(highest, number);
    if (std::find(numbers.begin(), numbers.end(), number) == numbers.end()) continue;
    out.append(sql, copied, at.begin - copied);
    dovetail::detail::append_parts(out, {"CAST(", sql.substr(at.begin, at.end - at.begin), " AS BIGINT)"});
    copied = at.end;
  }
  return out.append(sql, copied);
}

/// Replaces the text of a statement, which stands in `out` from `begin` to `end`, by that with casts.
[[gnu::cold, gnu::noinline]] inline error_info add_casts(std::string& out, std::size_t begin, std::size_t end,
                                                         std::string_view sql,
                                                         const std::vector<std::uint32_t>& numbers) {
  const std::string behind = out.substr(end);
  out.resize(begin);
  error_info failure = append_sql(out, with_casts(sql, numbers));
  out += behind;
  return failure;
}

/// Appends ,'params':[…] for the arguments of a request, by the numbers of its parameters.
template <class Request>
error_info append_parameters(std::string& out, value_writer& to, const Request& of) {
  const auto& places = of.sql.places();
  const statement_traits& traits = of.sql.view().traits;
  std::uint32_t number = 0;
  const auto bind_all = [&](auto&& bind) {
    return std::apply([&](const auto&... each) { return bind_parameters(traits, places, bind, each...); },
                      of.arguments);
  };
  out += ",\"params\":[";
  if (are_in_order(places)) {
    const bool is_written = bind_all([&](std::uint32_t at, const auto& value) {
      if (number != 0) out += ',';
      number = at;
      to.set_number(at);
      return to.write(value);
    });
    if (!is_written) return parameter_failure(to, number);
  } else {
    std::uint32_t count = 0;
    bind_all([&](std::uint32_t at, const auto&) {
      if (at > count) count = at;
      return true;
    });
    for (std::uint32_t wanted = 1; wanted <= count; ++wanted) {
      if (wanted != 1) out += ',';
      const std::size_t before = out.size();
      to.set_number(wanted);
      const bool is_written =
          bind_all([&](std::uint32_t at, const auto& value) { return at != wanted || to.write(value); });
      if (!is_written) return parameter_failure(to, wanted);
      if (out.size() == before) out += "null";
    }
  }
  out += ']';
  return {};
}

/// The text with `?1` for each `:name`.
template <class Request>
std::string numbered_text(const Request& of) {
  const auto sizes = std::apply([](const auto&... each) { return v0::slot_sizes(each...); }, of.arguments);
  return dovetail::detail::rewriter{dialect::sqlite, of.sql.view(), of.sql.argument_slots(), of.sql.places(), sizes}
      .run()
      .text;
}

/// Appends {'sql':…,'params':[…] without the closing brace; `hint` is put in front of the text.
/// Errors: those of the statement (`failure()`), and of a parameter that cannot be sent.
template <class Request>
error_info append_statement(std::string& out, const Request& of, std::string_view hint, bool shows_text) {
  const auto& sql = of.sql;
  if (!sql.is_valid()) return sql.failure(shows_text);
  const statement_view& view = sql.view();
  if (view.traits.kind == statement_kind::transaction) return refuse_transaction_statement();
  out += '{';
  // Names mean nothing on the wire, where values go by position: `:name` becomes `?1`.
  const bool has_names = view.traits.is_native && is_named(view.traits.style);
  std::string made;
  std::string_view text = view.text;
  if (!view.traits.is_native || has_names || !hint.empty()) {
    made = hint;
    if (has_names) {
      made += numbered_text(of);
    } else if (view.traits.is_native) {
      made += view.text;
    } else {
      auto native = std::apply([&](const auto&... each) { return sql.native(each...); }, of.arguments);
      if (!native) return std::move(native).error();
      made += native->text;
    }
    text = made;
  }
  const std::size_t begin = out.size();
  if (error_info failure = append_sql(out, text)) return failure;
  const std::size_t end = out.size();
  value_writer to{out};
  error_info failure = append_parameters(out, to, of);
  if (!failure && !to.wide().empty()) failure = add_casts(out, begin, end, text, to.wide());
  return failure;
}

/// Writes the members of a struct as parameters.
struct member_writer {
  std::string& out;
  value_writer& to;
  std::size_t number = 0;

  template <class Member>
  bool one(const Member& value) {
    if (number++ != 0) out += ',';
    to.set_number(static_cast<std::uint32_t>(number));
    return to.write(value);
  }
  template <class... Members>
  bool operator()(const Members&... members) {
    return (one(members) && ...);
  }
};

/// Appends {'sql':…,'params':[…]} for one struct. `text` is what `insert_text` made.
template <class Struct>
error_info append_insert(std::string& out, std::string_view text, const Struct& row) {
  out += '{';
  const std::size_t begin = out.size();
  if (error_info failure = append_sql(out, text)) return failure;
  const std::size_t end = out.size();
  out += ",\"params\":[";
  value_writer to{out};
  member_writer members{out, to};
  if (!write_columns(row, members)) return field_failure(to, column_names<Struct>[members.number - 1]);
  out += "]}";
  if (to.wide().empty()) return {};
  return add_casts(out, begin, end, text, to.wide());
}

/// The SDKs' members for time and cache. Errors: errc::invalid_option for what their schema forbids.
[[gnu::noinline]] inline error_info append_query_options(std::string& out, const query_options& how) {
  using namespace std::chrono_literals;
  using dovetail::detail::number_text;
  if (how.timeout) {
    if (*how.timeout < 1s || *how.timeout > 300s) {
      return {dovetail::errc::invalid_option, "the timeout of a query must be from 1 s to 300 s"};
    }
    dovetail::detail::append_parts(out,
                                   {",\"timeout\":", number_text{static_cast<std::uint64_t>(how.timeout->count())}});
  }
  const cache_options& cache = how.cache;
  if (!cache.enabled && !cache.ttl && cache.key.empty()) return {};
  dovetail::detail::append_parts(out, {",\"cache\":{\"enabled\":", cache.enabled.value_or(true) ? "true" : "false"});
  if (cache.ttl) {
    if (*cache.ttl < 1s || *cache.ttl > 24h) {
      return {dovetail::errc::invalid_option, "the time to live of a cached query must be from 1 s to a day"};
    }
    dovetail::detail::append_parts(out, {",\"ttl\":", number_text{static_cast<std::uint64_t>(cache.ttl->count())}});
  }
  if (!cache.key.empty()) {
    out += ",\"key\":";
    if (!json::encode(cache.key, out))
      return {dovetail::errc::invalid_option, "the key of a cached query is not UTF-8"};
  }
  out += '}';
  return {};
}

/// What stands around the items of a batch.
constexpr std::string_view batch_begin(batch_dialect how) noexcept {
  return how == batch_dialect::gateway ? "{\"batch\":[" : "{\"queries\":[";
}
constexpr std::string_view batch_end(batch_dialect how) noexcept {
  return how == batch_dialect::gateway ? "]}" : "],\"transaction\":true,\"stopOnError\":true}";
}

}  // namespace detail
}  // namespace dovetail::inline v0::workersql
