// The dialogues of one statement, and of the insert of one struct.
#pragma once

#include <dovetail/client/workersql/call_base.hpp>
#include <dovetail/client/workersql/stream_state.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

/// Executes a request and hands its rows to a target.
/// Lifetime: borrows the session, the request and the key. Does not move once it has begun.
template <class Request, class Target>
class statement_call : public call_base {
 public:
  using value_type = typename Target::value_type;

  statement_call(session& on, const Request& asked, repeat_key* key = nullptr, const query_options* how = nullptr,
                 Target target = Target{}, bool may_keep = true)
      : call_base(on), asked_(&asked), key_(key), how_(how), target_(std::move(target)), may_keep_(may_keep) {}

  action resume(const event& ev) {
    if (!is_running()) {
      if (ev.cancelled) return refuse(dovetail::errc::cancelled);
      if (error_info why = write_statement_body(on_->body(), on_->options(), *asked_, how_))
        return refuse(explain(std::move(why), view(), shows_text()));
      const bool is_write = !asked_->is_read_only();
      if (!is_write && may_keep_) cached_.begin(*on_, view().text, how_);
      if (key_ != nullptr && is_write) prepare_key(*key_, *on_, false);
      return send(endpoint_kind::query, is_write, key_);
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), target_.sink(), is_stopped);
    if (is_stopped) failure_ = target_.take_failure();
    if (!failure_) failure_ = target_.finish(said_);
    if (failure_) {
      failure_ = explain(std::move(failure_), view(), shows_text());
    } else if (!is_stopped && running_) {
      cached_.keep(*on_, running_->answer().body, said_);
    }
    return action::done(failure_.code());
  }
  value_type value() && { return target_.value(); }

 private:
  const statement_view& view() const noexcept { return asked_->sql.view(); }
  bool shows_text() const noexcept { return on_->options().include_statement_text; }

  const Request* asked_;
  repeat_key* key_;
  const query_options* how_;
  Target target_;
  cached_read cached_;
  bool may_keep_;
};

/// Opens a stream, and reads its first row. Never from the cache of results, nor into it.
/// Lifetime: as `statement_call`; what is opened borrows the session.
template <class Row, class Request>
class stream_open_call {
 public:
  using value_type = void;

  stream_open_call(session& on, const Request& asked, stream_state<Row>& rows) noexcept
      : on_(&on), asked_(&asked), rows_(&rows) {}

  action resume(const event& ev) {
    if (is_begun_) return finish(rows_->answer().resume(ev));
    if (ev.cancelled) return finish(action::done(dovetail::errc::cancelled));
    is_begun_ = true;
    const statement_view& sql = asked_->sql.view();
    const bool shows_text = on_->options().include_statement_text;
    rows_->restart(*on_, shows_text ? std::string{sql.text} : std::string{});
    failure_ = write_statement_body(on_->body(), on_->options(), *asked_, nullptr);
    if (failure_) return finish(action::done(failure_.code()));
    return finish(rows_->answer().begin(!asked_->is_read_only()));
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  void value() && noexcept {}

 private:
  /// What has failed leaves nothing in the rows: the connection may be another one's next.
  action finish(const action& next) {
    if (next.what() != verb::done) return next;
    if (!failure_) failure_ = next.error() ? rows_->opening_failure(next.error()) : rows_->read_first();
    if (!failure_) return next;
    failure_ = explain(std::move(failure_), asked_->sql.view(), on_->options().include_statement_text);
    rows_->abandon();
    return action::done(failure_.code());
  }

  session* on_;
  const Request* asked_;
  stream_state<Row>* rows_;
  bool is_begun_ = false;
  error_info failure_;
};

/// Reads on in the answer of a stream, until there is a row, the end or a failure.
class stream_fetch_call {
 public:
  using value_type = void;

  explicit stream_fetch_call(answer_stream& of) noexcept : of_(&of) {}

  action resume(const event& ev) { return std::exchange(is_begun_, true) ? of_->resume(ev) : of_->fetch(); }
  error_info failure(std::error_code ec) const { return of_->failure(ec); }
  void value() && noexcept {}

 private:
  answer_stream* of_;
  bool is_begun_ = false;
};

/// Inserts one struct. `returning` may be empty.
template <class Struct, class Target>
class insert_call : public call_base {
 public:
  using value_type = typename Target::value_type;

  insert_call(session& on, std::string_view table, std::string_view tail, std::string_view returning, const Struct& row,
              repeat_key& key)
      : call_base(on), table_(table), tail_(tail), returning_(returning), row_(&row), key_(&key) {}

  action resume(const event& ev) {
    if (!is_running()) {
      if (ev.cancelled) return refuse(dovetail::errc::cancelled);
      const result<std::string> text = insert_text(dialect::sqlite, table_, tail_, returning_);
      if (!text) return refuse(text.error());
      on_->body().clear();
      if (error_info why = append_insert(on_->body(), *text, *row_)) return refuse(std::move(why));
      prepare_key(*key_, *on_, false);
      return send(endpoint_kind::query, true, key_);
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), target_.sink(), is_stopped);
    if (is_stopped) failure_ = target_.take_failure();
    if (!failure_) failure_ = target_.finish(said_);
    return action::done(failure_.code());
  }
  value_type value() && { return target_.value(); }

 private:
  std::string_view table_;
  std::string_view tail_;
  std::string_view returning_;
  const Struct* row_;
  repeat_key* key_;
  Target target_;
};

}  // namespace dovetail::inline v0::workersql::detail
