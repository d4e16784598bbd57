// The results of statements as the JSON that WorkerSQL's clients read.
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/codec/workersql_gateway/answer.hpp>
#include <dovetail/codec/workersql_gateway/check_texts.hpp>
#include <dovetail/codec/workersql_gateway/database.hpp>
#include <dovetail/format/json_row.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0::workersql {

/// The form of an answer with a result.
enum class envelope : std::uint8_t {
  docs,  ///< `{success:true,data:{rows:[…],rowsAffected:n,insertId:n},cached:false,executionTime:ms}`
  sdk,   ///< `{success:true,data:[…],rowCount:n,cached:false,executionTime:ms}`, as the SDKs' schema has it
};

/// Whole numbers that a double cannot hold (beyond 2^53).
enum class large_integers : std::uint8_t {
  numbers,  ///< as they are: exact for clients that read them so, as ours do
  strings,  ///< for clients that read every number as a double
};

/// Bytes, which JSON has not.
enum class blob_text : std::uint8_t { base64, hex };

namespace serving {

struct result_form {
  workersql::envelope envelope = workersql::envelope::docs;
  workersql::large_integers large_integers = workersql::large_integers::numbers;
  workersql::blob_text blob_text = workersql::blob_text::base64;
};

/// Appends a number of milliseconds with up to three digits behind the point.
inline void append_milliseconds(std::string& out, clock::duration took) {
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(took);
  const auto micro = static_cast<std::uint64_t>((std::max)(whole, std::chrono::microseconds{0}).count());
  out += std::to_string(micro / 1000);
  if (micro % 1000 == 0) return;
  std::string rest = std::to_string(micro % 1000);
  rest.insert(0, 3 - rest.size(), '0');
  while (rest.back() == '0') rest.pop_back();
  (out += '.') += rest;
}

inline result<void> append_value(std::string& out, const row_value& value, const result_form& form) {
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  if (!value.is_null()) {
    if (value.kind() == field_kind::integer && form.large_integers == large_integers::strings &&
        (value.integer() > exact || value.integer() < -exact)) {
      ((out += '"') += std::to_string(value.integer())) += '"';
      return {};
    }
    if (value.kind() == field_kind::bytes && form.blob_text == blob_text::hex) {
      ((out += '"') += to_hex(as_byte_view(value.text()))) += '"';
      return {};
    }
  }
  return dovetail::detail::append_json_value(value, out);
}

/// The keys of the rows' objects, with their quotes and colons; a name that comes again gets `_2`, `_3` … behind it.
inline result<std::vector<std::string>> keys_of(const row& first) {
  result<std::vector<std::string>> keys{std::vector<std::string>(first.size())};
  for (std::size_t i = 0; i < first.size(); ++i) {
    std::string name = first.name(i);
    std::size_t same = 1;
    for (std::size_t j = 0; j < i; ++j) same += first.name(j) == name ? 1 : 0;
    if (same > 1) (name += '_') += std::to_string(same);
    std::string& key = (*keys)[i];
    if (i != 0) key = ',';
    if (result<void> written = json::encode(name, key); !written) return std::move(written).error();
    key += ':';
  }
  return keys;
}

/// Appends `[{…},…]`. Errors: errc::malformed_value for text that is not UTF-8, with row and column.
inline result<void> append_rows(std::string& out, const rows<row>& all, const result_form& form) {
  out += '[';
  if (!all.empty()) {
    auto keys = keys_of(all.front());
    if (!keys) return std::move(keys).error();
    for (std::size_t i = 0; i < all.size(); ++i) {
      out += i == 0 ? "{" : ",{";
      for (std::size_t j = 0; j < all[i].size() && j < keys->size(); ++j) {
        out += (*keys)[j];
        if (!append_value(out, all[i][j], form)) {
          return not_utf8(i + 1, all[i].name(j));
        }
      }
      out += '}';
    }
  }
  out += ']';
  return {};
}

inline void append_count(std::string& out, std::string_view name, std::int64_t count) {
  append_key(out, name);
  out += std::to_string(count);
}

/// Appends a result as the members of an answer, without braces and without times.
inline result<void> append_result(std::string& out, const statement_result& of, const result_form& form) {
  append_key(out, "data");
  if (form.envelope == envelope::docs) {
    out += R"({"rows":)";
    if (result<void> written = append_rows(out, of.rows, form); !written) return written;
    append_count(out, "rowsAffected", of.rows_affected);
    if (of.insert_id) append_count(out, "insertId", *of.insert_id);
    out += '}';
    return {};
  }
  if (result<void> written = append_rows(out, of.rows, form); !written) return written;
  append_count(out, "rowCount", of.has_rows ? static_cast<std::int64_t>(of.rows.size()) : of.rows_affected);
  if (!of.has_rows) append_count(out, "rowsAffected", of.rows_affected);
  if (of.insert_id) append_count(out, "lastInsertId", *of.insert_id);
  return {};
}

inline gateway_answer answer_result(const statement_result& of, const result_form& form, clock::duration took) {
  gateway_answer answer;
  answer.body = R"({"success":true)";
  if (result<void> written = append_result(answer.body, of, form); !written) return answer_failure(written.error());
  answer.body += R"(,"cached":false,"executionTime":)";
  append_milliseconds(answer.body, took);
  answer.body += '}';
  return answer;
}

/// `{success:true,data:{results:[{rowsAffected:n},…],totalRowsAffected:n}}`: one entry a statement.
inline gateway_answer answer_counts(const std::vector<statement_result>& all, const result_form& form) {
  gateway_answer answer;
  std::string& out = answer.body;
  out = R"({"success":true,"data":{"results":[)";
  std::int64_t total = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    out += i == 0 ? "{" : ",{";
    append_count(out, "rowsAffected", all[i].rows_affected);
    if (all[i].insert_id) append_count(out, "insertId", *all[i].insert_id);
    if (all[i].has_rows) {
      append_key(out, "rows");
      if (result<void> written = append_rows(out, all[i].rows, form); !written) {
        return answer_failure(written.error(), i);
      }
    }
    out += '}';
    total += all[i].rows_affected;
  }
  out += "]";
  append_count(out, "totalRowsAffected", total);
  out += "}}";
  return answer;
}

}  // namespace serving
}  // namespace dovetail::inline v0::workersql
