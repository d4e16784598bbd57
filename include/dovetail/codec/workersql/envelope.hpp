// The object around the rows of an answer: every shape that gateways, their documentation and the SDKs know.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/codec/workersql/failure.hpp>
#include <dovetail/format/json/read.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/key_search.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// What an answer says besides its rows.
struct reply_facts {
  bool is_success = true;    ///< `success`, which a peer may leave out
  bool has_success = false;  ///< it was said
  bool has_data = false;     ///< there was a `data` that is not null
  bool has_rows = false;     ///< there was a list of rows, maybe an empty one
  bool is_cached = false;
  std::optional<double> execution_time{};             ///< in milliseconds
  std::optional<std::int64_t> affected{};             ///< rowsAffected, totalRowsAffected
  std::optional<std::int64_t> row_count{};            ///< rowCount: of rows, or of what a write has changed
  std::optional<std::int64_t> insert_id{};            ///< insertId, lastInsertId
  std::optional<std::vector<reply_facts>> results{};  ///< of a batch
  reply_error error{};
  std::string id{};              ///< of a message over WebSocket: of the one that it answers
  std::string transaction_id{};  ///< what a begun transaction is called

  /// True for a gateway's answer: another server's JSON, such as that of a portal in between, says none of it.
  bool tells_outcome() const noexcept {
    return has_success || has_data || affected || row_count || insert_id || results || error.is_set;
  }
  /// What a write has changed.
  std::int64_t rows_affected() const noexcept { return affected.value_or(row_count.value_or(0)); }
};

/// Bytes that stand in a text no more.
struct text_gap {
  std::size_t at = 0;  ///< where they stood, in the text without them
  std::uint64_t size = 0;
};

/// Takes the rows of an answer while it is read: `take(state, in, at)` gets the place of the opening bracket, and gives
/// the place behind the closing one, or null when it has failed.
struct rows_sink {
  void* state = nullptr;
  const char* (*take)(void* state, dovetail::detail::json_source& in, const char* at) = nullptr;
};

namespace detail {

using dovetail::detail::json_source;

/// What a member with a value of another type than all gateways have is to an answer. null is as good as no member.
enum class strictness : bool {
  lenient,  ///< it is passed over: of a failure everything is taken that can be read
  strict,   ///< the answer is none
};

/// Reads one answer. Members of `error`, and `id` and `type` of a message, are passed over where they are of another
/// type: what is read of them is judged anyway.
class envelope_reader {
 public:
  envelope_reader(json_source& in, const rows_sink& rows, strictness how) noexcept
      : in_(&in), rows_(&rows), how_(how) {}

  /// `at` is the opening brace. Null after a failure: the source's, or the sink's.
  const char* read(const char* at, reply_facts& out) {
    bool has_data = false;
    return members(at, [this, &out, &has_data](std::string_view key, const char* value) {
      if (is(key, "data")) return data(key, value, out, has_data);
      return is(key, "type") ? type(value, out) : member(key, value, out);
    });
  }

 private:
  /// A comparison of sizes, and only then one of texts: most keys are none of those that they are compared with.
  template <std::size_t Size>
  [[gnu::always_inline]] static bool is(std::string_view key, const char (&text)[Size]) noexcept {
    return key.size() == Size - 1 && dovetail::detail::equals_key<Size - 1>(key.data(), text);
  }

  template <class Take>
  const char* members(const char* at, Take take) {
    if (at == in_->end || *at != '{') return in_->fail_expected(at, "an object");
    if (++in_->depth > dovetail::detail::json_maximum_depth) return in_->fail_depth(at);
    at = dovetail::detail::skip_json_space(at + 1, in_->end);
    bool is_closed = at != in_->end && *at == '}';
    if (is_closed) ++at;
    std::string space;
    while (!is_closed) {
      std::string_view key;
      at = dovetail::detail::view_json_key(*in_, at, space, key);
      if (at == nullptr) return nullptr;
      at = take(key, at);
      if (at == nullptr) {
        in_->failure.inside_member(key);
        return nullptr;
      }
      at = dovetail::detail::read_json_separator(*in_, at, '}', is_closed);
      if (at == nullptr) return nullptr;
    }
    --in_->depth;
    return at;
  }

  const char* member(std::string_view key, const char* at, reply_facts& out) {
    if (is(key, "success")) return success(at, out);
    if (is(key, "cached") || is(key, "fromCache")) return flag(key, at, out.is_cached);
    if (is(key, "executionTime") || is(key, "totalExecutionTime")) return real(key, at, out.execution_time);
    if (is(key, "error")) return error(key, at, out.error);
    return count_member(key, at, out);
  }

  const char* count_member(std::string_view key, const char* at, reply_facts& out) {
    if (is(key, "rowsAffected") || is(key, "totalRowsAffected") || is(key, "affectedRows"))
      return count(key, at, out.affected);
    if (is(key, "rowCount")) return count(key, at, out.row_count);
    if (is(key, "insertId") || is(key, "lastInsertId")) return whole(at, out.insert_id);  // of any type: it is no count
    if (is(key, "results")) return results(key, at, out);
    if (is(key, "id")) return text(at, out.id);
    if (is(key, "transactionId")) return is_text(at) ? text(at, out.transaction_id) : unless_null(key, at, "text");
    return skip(at);
  }

  /// Who says success and failure has failed.
  const char* success(const char* at, reply_facts& out) {
    bool said = true;
    at = flag("success", at, said, &out.has_success);
    out.is_success = out.is_success && said;
    return at;
  }
  /// Over WebSocket: response or error.
  const char* type(const char* at, reply_facts& out) {
    std::string said;
    at = text(at, said);
    if (said != "response" && said != "error") return at;
    out.has_success = true;
    out.is_success = out.is_success && said == "response";
    return at;
  }

  /// `is_second`: the object around it has had one already.
  const char* data(std::string_view name, const char* at, reply_facts& out, bool& is_second) {
    if (at == in_->end || *at == 'n') return skip(at);
    if (std::exchange(is_second, true)) return twice(name, at);
    out.has_data = true;
    if (*at == '[') return rows(name, at, out);
    if (*at != '{') return wrong(name, at, "a list of rows or an object");
    bool has_data = false;
    return members(at, [this, &out, &has_data](std::string_view key, const char* value) {
      if (is(key, "rows"))
        return begins(value, '[') ? rows(key, value, out) : unless_null(key, value, "a list of rows");
      if (is(key, "data")) return data(key, value, out, has_data);
      if (is(key, "metadata")) return metadata(key, value, out);
      return member(key, value, out);  // over WebSocket a whole answer may stand in here
    });
  }
  const char* metadata(std::string_view name, const char* at, reply_facts& out) {
    if (!begins(at, '{')) return unless_null(name, at, "an object");
    return members(at, [this, &out](std::string_view key, const char* value) {
      if (key == "fromCache") return flag(key, value, out.is_cached);
      if (key == "executionTimeMs" && !out.execution_time) return real(key, value, out.execution_time);
      return skip(value);
    });
  }

  const char* rows(std::string_view name, const char* at, reply_facts& out) {
    if (std::exchange(out.has_rows, true)) return twice(name, at);  // one target takes one list
    return rows_->take == nullptr ? skip(at) : rows_->take(rows_->state, *in_, at);
  }

  const char* results(std::string_view name, const char* at, reply_facts& out) {
    if (!begins(at, '[')) return unless_null(name, at, "a list");
    std::vector<reply_facts>& all = out.results.emplace();
    const rows_sink none;
    const rows_sink* const outer = std::exchange(rows_, &none);
    at = dovetail::detail::read_json_array(*in_, at, [this, &all, name](const char* next) {
      if (next == in_->end) return skip(next);
      if (*next != '{') return wrong(name, next, "a list of objects");
      next = read(next, all.emplace_back());
      if (next == nullptr) in_->failure.inside_element(all.size() - 1);
      return next;
    });
    rows_ = outer;
    return at;
  }

  const char* error(std::string_view name, const char* at, reply_error& out) {
    constexpr std::string_view prefix = "EdgeSQLError: ";
    if (at == in_->end || *at == 'n') return skip(at);
    out.is_set = true;
    if (*at == '"') {
      at = dovetail::detail::read_json_string(*in_, at, out.message);
      if (out.message.starts_with(prefix)) out.message.erase(0, prefix.size());
      return at;
    }
    if (*at != '{') return wrong(name, at, "text or an object");
    return members(at, [this, &out](std::string_view key, const char* value) {
      const bool is_text = value != in_->end && *value == '"';
      if (key == "code" && is_text) return dovetail::detail::read_json_string(*in_, value, out.code);
      if (key == "message" && is_text) return dovetail::detail::read_json_string(*in_, value, out.message);
      return key == "details" ? details(value, out) : database_fact(key, value, out);
    });
  }
  /// Of the database, as our own gateway and the documentation name it.
  const char* database_fact(std::string_view key, const char* at, reply_error& out) {
    if (key == "sqlState") return text(at, out.sqlstate);
    if (key == "constraint") return text(at, out.constraint);
    if (key == "table") return text(at, out.table);
    if (key == "column") return text(at, out.column);
    return key == "hint" ? text(at, out.hint) : skip(at);
  }
  const char* details(const char* at, reply_error& out) {
    if (at == in_->end || *at == 'n') return skip(at);
    const char* const end = *at != '{' ? skip(at) : members(at, [this, &out](std::string_view key, const char* value) {
      if (key == "retryAfter") return number(value, out.retry_after);
      if (key == "statement") return number(value, out.statement);
      return key == "reason" ? text(value, out.reason) : database_fact(key, value, out);
    });
    if (end != nullptr) out.details.assign(at, end);
    return end;
  }

  bool begins(const char* at, char with) const noexcept { return at != in_->end && *at == with; }
  /// The member is of another type than it should be.
  [[gnu::cold, gnu::noinline]] const char* wrong(std::string_view name, const char* at, std::string_view what) {
    if (how_ == strictness::lenient) return skip(at);
    const char* const end = skip(at);  // what is no JSON at all is said to be none
    if (end == nullptr) return nullptr;
    const char* const next = dovetail::detail::skip_json_space(end, in_->end);
    const bool is_json = next != in_->end && (*next == ',' || *next == '}' || *next == ']');
    if (!is_json) return end;  // who reads on says so
    return in_->fail_expected(at, dovetail::detail::join_message({"'", name, "' to be ", what}));
  }
  [[gnu::cold, gnu::noinline]] const char* twice(std::string_view name, const char* at) {
    const char* const end = skip(at);
    if (end == nullptr || how_ == strictness::lenient) return end;
    return in_->fail(at, dovetail::errc::malformed_value,
                     dovetail::detail::join_message({"'", name, "' is given twice"}));
  }
  const char* unless_null(std::string_view name, const char* at, std::string_view what) {
    return at == in_->end || *at == 'n' ? skip(at) : wrong(name, at, what);
  }
  bool is_text(const char* at) const noexcept { return begins(at, '"'); }

  const char* text(const char* at, std::string& out) {
    return is_text(at) ? dovetail::detail::read_json_string(*in_, at, out) : skip(at);
  }
  const char* flag(std::string_view name, const char* at, bool& out, bool* is_given = nullptr) {
    if (!begins(at, 't') && !begins(at, 'f')) return unless_null(name, at, "true or false");
    const char* const end = skip(at);
    if (end == nullptr) return nullptr;
    out = *at == 't';
    if (is_given != nullptr) *is_given = true;
    return end;
  }
  const char* real(std::string_view name, const char* at, std::optional<double>& out) {
    if (at == in_->end || (*at != '-' && !is_ascii_digit(*at))) return unless_null(name, at, "a number");
    return dovetail::detail::read_json_real(*in_, at, out.emplace());
  }
  /// A number, or one in quotes, as those beyond 2^53 may be.
  const char* whole(const char* at, std::optional<std::int64_t>& out) {
    const char* const end = skip(at);
    if (end == nullptr) return nullptr;
    std::string_view digits{at, static_cast<std::size_t>(end - at)};
    if (digits.size() > 2 && digits.front() == '"') digits = digits.substr(1, digits.size() - 2);
    std::int64_t value = 0;
    if (parse_integer(digits, value)) out = value;
    return end;
  }
  /// What a write has changed: no count is 0 without a word.
  const char* count(std::string_view name, const char* at, std::optional<std::int64_t>& out) {
    std::optional<std::int64_t> read;
    const char* const end = whole(at, read);
    if (end == nullptr || *at == 'n') return end;
    if (!read) return wrong(name, at, "an integer of 64 bits");
    out = read;
    return end;
  }
  const char* number(const char* at, std::int64_t& out) {
    const char* const end = skip(at);
    std::int64_t value = 0;
    if (end != nullptr && parse_integer({at, static_cast<std::size_t>(end - at)}, value) && value >= 0) out = value;
    return end;
  }
  const char* skip(const char* at) { return dovetail::detail::skip_json_value(*in_, at); }

  json_source* in_;
  const rows_sink* rows_;
  strictness how_;
};

[[gnu::cold, gnu::noinline]] inline error_info not_a_gateway(const error_info& why) {
  return {make_error_code(gateway_errc::not_a_gateway), std::string{why.context()}};
}
/// By line and column, but of a text that is not there as it came by the number of the byte.
[[gnu::cold, gnu::noinline]] inline error_info describe_place(const dovetail::detail::format_failure& failure,
                                                              std::string_view text, const text_gap& taken) {
  if (taken.size == 0) return dovetail::detail::describe_read_of_text(failure, text);
  const bool is_behind = static_cast<std::size_t>(failure.at - text.data()) >= taken.at;
  return dovetail::detail::describe_read_of_bytes(failure, text, is_behind ? taken.size : 0);
}

}  // namespace detail

/// Reads the body of an answer. Errors: gateway_errc::not_a_gateway with the place where it is no JSON object, or has a
/// member of another type than it may have, unless it is to be read leniently; none when the sink has stopped the
/// reading, which then knows why (`is_stopped`). `taken`: what stands in the body no more; places behind it are counted
/// with it.
[[gnu::noinline]] inline error_info read_envelope(std::string_view body, const rows_sink& rows, reply_facts& out,
                                                  bool& is_stopped, detail::strictness how = detail::strictness::strict,
                                                  const text_gap& taken = {}) {
  dovetail::detail::json_source in{body};
  detail::envelope_reader reader{in, rows, how};
  const char* at = reader.read(dovetail::detail::skip_json_space(in.begin, in.end), out);
  if (at != nullptr) {
    at = dovetail::detail::skip_json_space(at, in.end);
    if (at == in.end) return {};
    in.fail_syntax(at, "the end of the text");
  }
  is_stopped = !in.failure.is_set();
  if (is_stopped) return {};
  return detail::not_a_gateway(detail::describe_place(in.failure, body, taken));
}

}  // namespace dovetail::inline v0::workersql
