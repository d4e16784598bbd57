// A sink that keeps the rows of a PostgreSQL result as text, and arguments that are sent as text.
#pragma once

#include <dovetail/codec/postgres/row_sink.hpp>
#include <dovetail/codec/postgres/statement_request.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::test {

/// Rows as "a|b|null". Fails at the row `fails_at`, counted from 1, or when it is told the columns.
class text_rows {
 public:
  postgres::row_sink sink() { return {this, &describe, &take, &failure}; }
  const std::vector<std::string>& texts() const { return texts_; }
  std::vector<std::string> columns;
  std::size_t fails_at = 0;
  error_info refuses;
  std::string wants;  ///< a column, if any; without it: errc::row_mismatch
  void clear() { texts_.clear(); }

 private:
  static error_info describe(void* state, postgres::statement_description& of) {
    auto& self = *static_cast<text_rows*>(state);
    self.columns.clear();
    for (const postgres::column_description& each : of.columns()) self.columns.emplace_back(each.name);
    const bool has_it = std::find(self.columns.begin(), self.columns.end(), self.wants) != self.columns.end();
    if (!self.wants.empty() && !has_it) return {errc::row_mismatch, "no such column"};
    return self.refuses;
  }
  static std::size_t take(void* state, byte_view unread, bool& failed) {
    auto& self = *static_cast<text_rows*>(state);
    return postgres::take_rows(unread, failed, [&self](byte_view body) { return self.read(body); });
  }
  static error_info failure(void*) { return {errc::malformed_value, "the row is none"}; }

  bool read(byte_view body) {
    postgres::detail::message_reader reader{body};
    std::uint16_t count = 0;
    if (!reader.u16(count)) return false;
    std::string row;
    for (std::uint16_t i = 0; i < count; ++i) {
      std::int32_t size = 0;
      byte_view value;
      if (!reader.i32(size)) return false;
      if (i != 0) row += '|';
      if (size < 0) {
        row += "null";
        continue;
      }
      if (!reader.bytes(static_cast<std::size_t>(size), value)) return false;
      row += as_text(value);
    }
    texts_.push_back(std::move(row));
    return texts_.size() != fails_at && reader.at_end();
  }

  std::vector<std::string> texts_;
};

/// Arguments that are sent as text, of types that the server infers. `order`: the numbers in which they are written.
class text_arguments {
 public:
  explicit text_arguments(std::vector<std::string> values, std::vector<std::uint32_t> order = {})
      : values_(std::move(values)), order_(std::move(order)) {
    if (order_.empty()) {
      for (std::uint32_t i = 0; i < values_.size(); ++i) order_.push_back(i + 1);
    }
  }
  postgres::argument_writer writer() const { return {this, &write}; }
  std::span<const std::uint32_t> types() const { return {}; }
  error_info refuses;

 private:
  static error_info write(const void* state, postgres::parameter_list& to) {
    const auto& self = *static_cast<const text_arguments*>(state);
    for (const std::uint32_t number : self.order_) {
      const std::string& value = self.values_.at(number - 1);
      byte_buffer& out = to.begin(number);
      out.append_big(static_cast<std::uint32_t>(value.size()));
      out.append(std::string_view{value});
      to.end(true);
    }
    return self.refuses;
  }

  std::vector<std::string> values_;
  std::vector<std::uint32_t> order_;
};

}  // namespace dovetail::test
