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

/// Opens an awaited stream: all its rows come with the answer. Never from the cache of results, nor into it.
template <class Row, class Request>
class stream_open_call {
 public:
  using value_type = void;

  stream_open_call(session& on, const Request& asked, stream_state<Row>& rows)
      : running_(on, asked, nullptr, nullptr, all_rows<Row>{}, false), rows_(&rows) {}

  action resume(const event& ev) {
    const action next = running_.resume(ev);
    if (next.what() == verb::done && !next.error()) *rows_ = stream_state<Row>{std::move(running_).value()};
    return next;
  }
  error_info failure(std::error_code ec) const { return running_.failure(ec); }
  void value() && noexcept {}

 private:
  statement_call<Request, all_rows<Row>> running_;
  stream_state<Row>* rows_;
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
