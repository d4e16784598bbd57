// The bodies of requests to a WorkerSQL gateway: one statement, or a batch in either dialect.
#pragma once

#include <dovetail/codec/workersql_gateway/parameters.hpp>
#include <dovetail/format/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// What a request asks for.
struct asked_statement {
  statement what;
  std::chrono::milliseconds timeout{0};  ///< 0: none
};

enum class batch_dialect : std::uint8_t {
  gateway,  ///< key `batch`: changes of data, answered by their counts
  sdk,      ///< key `queries`: any statements, answered one by one
};

struct asked_batch {
  std::vector<statement> statements;
  batch_dialect dialect = batch_dialect::gateway;
  bool is_atomic = true;
  bool stops_on_error = true;
  std::chrono::milliseconds timeout{0};
};

namespace wire {

struct query {
  std::string sql;
  std::optional<json_text> params;
  std::optional<std::int64_t> timeout;
  std::optional<std::string> transactionId;
};

struct item {
  std::string sql;
  std::optional<json_text> params;
};

struct batch_body {
  std::optional<std::vector<item>> batch;
  std::optional<std::vector<item>> queries;
  std::optional<bool> transaction;
  std::optional<bool> stopOnError;
  std::optional<bool> stop_on_error;
  std::optional<std::int64_t> timeout;
};

}  // namespace wire

inline bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n\f\v") == text.npos; }

/// The words about a body that is no JSON of the wanted form: a first line, without the text itself.
inline std::string words_of(const error_info& failure) {
  std::string whole{failure.context()};
  whole.resize((std::min)(whole.find('\n'), whole.size()));
  whole.resize((std::min)(whole.find(" of dovetail::"), whole.size()));  // the struct is no business of the client
  std::string words{"invalid request: "};
  words += whole.empty() ? failure.code().message() : whole;
  return words;
}

/// Puts a JSON statement into `out`. The words about what is wrong; empty when nothing is.
inline std::string take_statement(std::string sql, const std::optional<json_text>& params, statement& out) {
  if (is_blank(sql)) return "invalid request: sql must not be empty";
  out.sql = std::move(sql);
  if (!params) return {};
  std::string wrong = parameter_reader{params->text, out}.read();
  if (!wrong.empty()) wrong.insert(0, "invalid request: ");
  return wrong;
}

inline std::string take_timeout(const std::optional<std::int64_t>& given, std::chrono::milliseconds& out) {
  if (!given) return {};
  if (*given < 1 || *given > 300'000) return "invalid request: timeout must be from 1 to 300000 milliseconds";
  out = std::chrono::milliseconds{*given};
  return {};
}

/// `{sql:…,params:[…],timeout:…}`. Other members are skipped, but `transactionId`: statements of a transaction
/// that ran outside of it would be worse than an error. The words about what is wrong; empty when nothing is.
inline std::string read_query(std::string_view body, asked_statement& out) {
  auto read = json::decode<wire::query>(body);
  if (!read) return words_of(read.error());
  if (read->transactionId) return "invalid request: transactions are served over WebSocket only";
  if (std::string wrong = take_timeout(read->timeout, out.timeout); !wrong.empty()) return wrong;
  return take_statement(std::move(read->sql), read->params, out.what);
}

/// `{batch:[…]}`, or `{queries:[…],transaction:…,stopOnError:…}`.
inline std::string read_batch(std::string_view body, asked_batch& out) {
  auto read = json::decode<wire::batch_body>(body);
  if (!read) return words_of(read.error());
  if (read->batch.has_value() == read->queries.has_value()) {
    return read->batch ? "invalid request: both batch and queries" : "invalid request: neither batch nor queries";
  }
  if (std::string wrong = take_timeout(read->timeout, out.timeout); !wrong.empty()) return wrong;
  out.dialect = read->batch ? batch_dialect::gateway : batch_dialect::sdk;
  std::vector<wire::item>& items = read->batch ? *read->batch : *read->queries;
  if (items.empty() && out.dialect == batch_dialect::sdk) return "invalid request: queries must not be empty";
  if (out.dialect == batch_dialect::sdk) {
    out.is_atomic = read->transaction.value_or(true);
    out.stops_on_error = out.is_atomic || read->stopOnError.value_or(read->stop_on_error.value_or(true));
  }
  out.statements.resize(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string wrong = take_statement(std::move(items[i].sql), items[i].params, out.statements[i]);
    if (!wrong.empty()) return wrong.append(" (statement ").append(std::to_string(i)).append(")");
  }
  return {};
}

}  // namespace dovetail::inline v0::workersql::serving
