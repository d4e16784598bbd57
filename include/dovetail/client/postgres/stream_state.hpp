// Rows read some at a time, through a portal or from a COPY: bounded memory, any number of rows.
#pragma once

#include <dovetail/base/lesser.hpp>
#include <dovetail/base/sole.hpp>
#include <dovetail/client/postgres/copy_reading.hpp>
#include <dovetail/client/postgres/row_target.hpp>
#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/portal.hpp>
#include <dovetail/codec/postgres/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// The rows of one batch as they came, and the portal or the copy that gives the next.
class row_batches : public row_target {
 public:
  using row_target::row_target;
  row_batches(const row_batches&) = delete;
  row_batches& operator=(const row_batches&) = delete;

  /// The next DataRow's body, or nothing.
  bool next_body(byte_view& body) noexcept {
    if (at_ == batch_.size()) return false;
    const std::byte* const begin = batch_.data() + at_;
    const std::size_t length = load_big<std::uint32_t>(begin + 1);  // checked when it was copied
    body = {begin + header_size, length - 4};
    at_ += length + 1;
    return true;
  }
  bool has_more() const noexcept { return copy_ ? !copy_->is_over() : portal_.is_open(); }
  bool is_copy() const noexcept { return static_cast<bool>(copy_); }

  /// Rows come from a copy: only `copying` may be called then.
  void copy_from(copy_origin from) {
    copy_.reset(new copy_reading(std::move(from), sink_of(&keep), batch_, rows_in_batch_));
  }
  /// The dialogue that reads the next batch of a copy, the first too. `next_body` must have given all of this one.
  copy_step copying(session& on) {
    forget_batch();
    return {*copy_, on};
  }

  /// The dialogue that executes the statement and reads the first batch.
  execute_dialogue opening(session& on, statement_request asked, std::int32_t rows = first_batch_) {
    asked.row_limit = rows;
    return {on, asked, sink_of(&keep), portal_};
  }
  /// The dialogue that reads the next batch. `next_body` must have given all of this one.
  stream_dialogue fetching(session& on) {
    if (batch_.size() != 0) {
      constexpr std::size_t one = 1;
      const std::size_t row = v0::detail::greater(batch_.size() / v0::detail::greater(rows_in_batch_, one), one);
      const std::size_t rows = v0::detail::greater(batch_bytes_ / row, one);
      portal_.set_row_limit(static_cast<std::int32_t>(v0::detail::lesser<std::size_t>(rows, most_rows_)));
    }
    forget_batch();
    return {on, portal_, sink_of(&keep)};
  }
  stream_dialogue closing(session& on) { return {on, portal_}; }

  /// Rows that come after as many bytes of a batch are read and forgotten: no batch is larger, but by one reading. 0:
  /// all are kept.
  void keep_at_most(std::size_t bytes) noexcept { most_bytes_ = bytes; }
  /// Rows of this batch were forgotten.
  bool has_forgotten() const noexcept { return has_forgotten_; }

 protected:
  ~row_batches() = default;
  static constexpr std::int32_t first_batch_ = 256;

 private:
  static constexpr std::size_t batch_bytes_ = 256 * 1024;
  static constexpr std::size_t most_rows_ = 16 * 1024;

  static std::size_t keep(void* state, byte_view unread, bool& failed) {
    auto& self = *static_cast<row_batches*>(static_cast<row_target*>(state));
    const bool forgets = self.most_bytes_ != 0 && self.kept_bytes_ >= self.most_bytes_;
    const std::size_t whole = take_rows(unread, failed, [&self](byte_view row) {
      self.kept_bytes_ += row.size();
      return ++self.rows_in_batch_, true;
    });
    if (!forgets) {
      self.batch_.append(unread.first(whole));
    } else if (whole != 0) {
      self.has_forgotten_ = true;
    }
    return whole;
  }

  void forget_batch() noexcept {
    batch_.clear();
    at_ = rows_in_batch_ = kept_bytes_ = 0;
    has_forgotten_ = false;
  }

  portal portal_;
  v0::detail::sole<copy_reading> copy_;
  byte_buffer batch_;
  std::size_t at_ = 0;
  std::size_t rows_in_batch_ = 0;
  std::size_t kept_bytes_ = 0;  // of the rows of the batch, without their headers
  std::size_t most_bytes_ = 0;
  bool has_forgotten_ = false;
};

/// What a stream keeps on the heap, where the dialogues' pointers stay good.
template <class Row>
class row_stream final : public row_batches {
 public:
  row_stream() noexcept
      : row_batches(&row_tag<Row>, row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()) {
  }

  /// Reads a row that `next_body` gave; false when it does not fit.
  bool read_into(byte_view body, row_value_t<Row>& out) { return this->template read<Row>(body, out); }
  /// Reads the next row of the batch; false when it has none.
  bool next(row_value_t<Row>& out, bool& failed) {
    byte_view body;
    if (!next_body(body)) return false;
    failed = !this->template read<Row>(body, out);
    return true;
  }
};

/// A query that is being read row by row. The connection must stay where it is.
template <class Row>
class stream_state {
 public:
  explicit stream_state(std::unique_ptr<row_stream<Row>> rows) noexcept : rows_(std::move(rows)) {}
  stream_state(stream_state&&) noexcept = default;
  stream_state& operator=(stream_state&&) noexcept = default;

  row_stream<Row>& rows() noexcept { return *rows_; }
  error_info take_failure() { return std::move(failure_); }
  stream_step fail(error_info why) {
    failure_ = std::move(why);
    return stream_step::failed;
  }
  /// How to end it when the stream goes before its end; set by the connection.
  void on_close(void* connection, void (*end)(void* connection, row_batches& of) noexcept) noexcept {
    connection_ = connection;
    close_ = end;
  }
  void close() noexcept {
    if (rows_ && rows_->has_more() && close_ != nullptr) close_(connection_, *rows_);
    rows_.reset();
  }

 private:
  std::unique_ptr<row_stream<Row>> rows_;
  error_info failure_;
  void* connection_ = nullptr;
  void (*close_)(void*, row_batches&) noexcept = nullptr;
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
