// An answer that is read while it comes: the texts of its rows one by one, and in the end what it says of itself.
#pragma once

#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/workersql/call_base.hpp>
#include <dovetail/codec/workersql/answer_splitter.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

/// What stands in front of the rows is judged before the first of them, what stands behind them at the end: a success
/// is none before that. Rows behind an error, or behind `success:false`, are passed over. In a transaction, where an
/// answer is one message, it is here from the beginning, and judged then.
/// Memory: what has been read of the body and not been taken (64 KiB, or one row), and what stands around the rows;
/// each row and that are bounded by `responseLimit`. Lifetime: borrows the session, and stays where it is.
class answer_stream : public call_base {
 public:
  /// `statement`: the text that failures show; empty when they show none.
  answer_stream(session& on, std::string statement)
      : call_base(on), splitter_(on.options().response_limit), statement_(std::move(statement)) {}
  answer_stream(const answer_stream&) = delete;
  answer_stream& operator=(const answer_stream&) = delete;

  /// The session's body is written: sends it; `resume()` ends when `take()` has something, or with a failure.
  action begin(bool is_write) {
    is_write_ = is_write && !is_in_transaction();
    return send(endpoint_kind::query, is_write, nullptr, true);
  }
  /// Reads on when `take()` has said that there is more.
  action fetch() { return until_found(running_->more()); }
  action resume(const event& ev) { return until_found(go_on(ev)); }

  /// The text of the next row, if there is one. Lifetime: until the next call of anything.
  stream_step take(std::string_view& row) {
    const stream_step came = std::exchange(is_known_, false) ? found_ : look();
    is_known_ = false;
    if (came == stream_step::row) row = text().substr(0, size_);
    return came;
  }
  /// Of what has failed here.
  error_info take_failure() { return std::move(failure_); }

  /// The row that was taken is no row; `in` has been reading it.
  [[gnu::cold, gnu::noinline]] error_info refuse(json_source& in) {
    in.failure.inside_element(count_ - 1);
    return refuse_text(in);
  }
  /// It does not fit.
  [[gnu::cold, gnu::noinline]] error_info misfit(error_info why) {
    written_.finish();
    return shown(std::move(why));
  }
  /// Objects and lists around a row.
  int depth() const noexcept { return splitter_.depth() + 1; }

 private:
  /// What is here of the answer and was not forgotten.
  std::string_view text() const noexcept {
    return message_ ? std::string_view{whole_}.substr(whole_at_) : running_->content();
  }
  void forget(std::size_t bytes) noexcept {
    passed_ += bytes;
    if (message_) {
      whole_at_ += bytes;
    } else if (bytes != 0) {
      running_->forget(bytes);
    }
  }

  [[gnu::noinline]] action until_found(action next) {
    while (next.what() == verb::done) {
      if (next.error() || !is_open_) open(next.error());
      if (look() != stream_step::more) return action::done(failure_.code());
      next = running_->more();
    }
    return next;
  }

  /// Something of the answer is here, or nothing will be.
  void open(std::error_code ec) {
    if (ec || message_ || !running_->is_streamed()) {
      bool is_stopped = false;
      error_info why = read(ec, {}, is_stopped);
      if (!why && message_) whole_.assign(message_->text());
      if (why) fail(std::move(why));
    }
    is_open_ = true;
  }

  [[gnu::noinline]] stream_step look() {
    while (!is_over_) {
      forget(std::exchange(size_, 0));
      const split got = splitter_.next(text(), message_ || running_->has_all());
      forget(got.used);
      switch (got.what) {
        case split_step::rows_begin:
          begin_rows();
          break;
        case split_step::row:
          size_ = got.size;
          ++count_;
          if (!passes_over_) return note(stream_step::row);
          break;
        case split_step::more:
          return note(stream_step::more);
        case split_step::over:
          finish();
          break;
        case split_step::stray:
          refuse_stray();
          break;
        case split_step::too_large:
          fail(unless_written({dovetail::errc::frame_too_large,
                               "a row of the answer, or what stands around its rows, is larger than responseLimit"}));
          break;
      }
    }
    return note(has_failed_ ? stream_step::failed : stream_step::done);
  }
  stream_step note(stream_step found) noexcept {
    is_known_ = true;
    return found_ = found;
  }

  [[gnu::noinline]] void begin_rows() {
    if (message_) return;  // which has been judged
    reply_facts said;
    bool is_stopped = false;
    const std::string beginning = splitter_.closed_beginning();
    if (error_info why = read_envelope(beginning, {}, said, is_stopped)) {
      note_request_id(why = unless_written(std::move(why)), on_->request_id());
      return fail(std::move(why));
    }
    passes_over_ = !said.is_success || said.error.is_set;
  }
  [[gnu::noinline]] void finish() {
    if (!message_) {
      const std::string& around = splitter_.around();
      text_gap taken{splitter_.rows_at(), 0};
      if (taken.at != std::string::npos) taken.size = passed_ - around.size();
      bool is_stopped = false;
      const http_answer answer{running_->answer().status, around, on_->request_id(), is_write_};
      if (error_info why = read_answer(answer, {}, said_, is_stopped, taken)) return fail(std::move(why));
    }
    if (!said_.has_rows) return fail(missing_rows(said_));
    is_over_ = true;
    written_.finish();
  }
  [[gnu::cold, gnu::noinline]] void refuse_stray() {
    json_source in{text()};
    in.fail_syntax(in.begin, "',' or ']'");
    fail(refuse_text(in));
  }
  error_info refuse_text(json_source& in) {
    in.failure.inside_member(splitter_.list_name());
    for (int i = 1; i < splitter_.depth(); ++i) in.failure.inside_member("data");
    const std::string_view read{in.begin, static_cast<std::size_t>(in.end - in.begin)};
    error_info why = unless_written(not_a_gateway(dovetail::detail::describe_read_of_bytes(in.failure, read, passed_)));
    note_request_id(why, on_->request_id());
    return misfit(std::move(why));
  }

  /// A write whose answer cannot be read may have been executed.
  error_info unless_written(error_info why) const {
    return is_write_ ? unknown_write(why, why.context()) : std::move(why);
  }
  error_info shown(error_info why) const {
    if (!statement_.empty()) why.with_statement(statement_);
    return why;
  }
  void fail(error_info why) {
    failure_ = misfit(std::move(why));
    is_over_ = has_failed_ = true;
  }

  answer_splitter splitter_;
  std::string statement_;
  std::string whole_;  // of a message
  std::size_t whole_at_ = 0;
  std::uint64_t passed_ = 0;  // bytes of the answer in front of `text()`
  std::size_t size_ = 0;      // of the row that begins there
  std::size_t count_ = 0;
  stream_step found_ = stream_step::more;
  bool is_known_ = false;  // `found_` was not taken yet
  bool is_write_ = false;
  bool is_open_ = false;
  bool passes_over_ = false;
  bool is_over_ = false;
  bool has_failed_ = false;
};

}  // namespace dovetail::inline v0::workersql::detail
