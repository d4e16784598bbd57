// The dialogues of the verbs: from a checked statement and its arguments to what the verb gives.
#pragma once

#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/client/workersql/operations.hpp>
#include <dovetail/codec/workersql/exchange.hpp>
#include <dovetail/codec/workersql/read_answer.hpp>
#include <dovetail/codec/workersql/request_body.hpp>
#include <dovetail/codec/workersql/row_target.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/codec/workersql/socket_exchange.hpp>
#include <dovetail/codec/workersql/upgrade.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/sansio/action.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::detail {

/// Adds the statement and the caller's place to a failure; the text only when the user asked for it, and without its
/// literals when rows do not fit, because then the text is what has to be changed.
[[gnu::cold, gnu::noinline]] inline error_info explain(error_info failure, const statement_view& sql, bool shows_text) {
  failure.with_location(sql.where);
  if (shows_text) {
    failure.with_statement(std::string{sql.text});
  } else if (failure.code() == dovetail::errc::row_mismatch) {
    failure.with_statement(sql.mask == nullptr ? std::string{sql.text} : sql.mask(dialect::sqlite, sql.text));
  }
  return failure;
}

/// Gives a write its key, once, and decides whether the gateway executes it once however often it comes.
[[gnu::noinline]] inline void prepare_key(repeat_key& key, const session& on, bool is_batch) noexcept {
  const idempotency how = on.options().idempotency;
  if (how == idempotency::none) return;
  if (!key.is_set) key.is_set = on.make_key(key.bits);
  const bool is_trusted = how == idempotency::all || is_batch || (how == idempotency::automatic && on.honours_keys());
  key.is_honoured = key.is_set && is_trusted;
}

/// The part of a call that knows neither statement nor rows: one exchange, and what is made of its answer.
class call_base {
 public:
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }

 protected:
  explicit call_base(session& on) noexcept : on_(&on) {}
  ~call_base() = default;

  action refuse(error_info why) {
    failure_ = std::move(why);
    return action::done(failure_.code());
  }
  /// The session's body is written: sends it. Inside of a transaction over its WebSocket, where keys have no meaning.
  [[gnu::noinline]] action send(endpoint_kind what, bool is_write, const repeat_key* key) {
    if (on_->socket()) {
      if (what == endpoint_kind::health) return refuse(nothing_but_statements());
      on_->body() = socket_message(*on_, "query", on_->body());
      return send_message();
    }
    char digits[32];
    http_request asked{what, is_write, {}};
    if (key != nullptr && key->is_set) {
      format_hex(digits, key->bits);
      asked.key = {digits, sizeof digits};
    }
    running_.emplace(*on_, asked);
    return running_->resume({});
  }
  action send_message() {
    message_.emplace(*on_);
    return message_->resume({});
  }
  bool is_running() const noexcept { return running_ || message_; }
  bool is_in_transaction() const noexcept { return on_->socket().has_value(); }
  action go_on(const event& ev) { return message_ ? message_->resume(ev) : running_->resume(ev); }

  /// Judges the answer; rows go to the sink.
  [[gnu::noinline]] error_info read(std::error_code ec, const rows_sink& rows, bool& is_stopped) {
    if (ec) return message_ ? message_->failure(ec) : running_->failure(ec);
    if (!message_) return read_answer(running_->answer(), rows, said_, is_stopped);
    error_info why = read_answer({200, message_->text(), {}}, rows, said_, is_stopped);
    const dovetail::detail::number_text asked{on_->socket()->last_id};
    if (!said_.id.empty() && said_.id != std::string_view{asked}) {
      on_->set_health(session_health::desynchronised);
      return {dovetail::errc::unexpected_message, "the answer to another message"};
    }
    return why;
  }

  [[gnu::cold, gnu::noinline]] static error_info nothing_but_statements() {
    return {dovetail::errc::operation_unsupported, "inside of a transaction there is nothing but statements"};
  }

  session* on_;
  std::optional<exchange> running_;
  std::optional<socket_exchange> message_;
  reply_facts said_;
  error_info failure_;
};

/// What a write did.
class summary_target {
 public:
  using value_type = summary;
  rows_sink sink() const noexcept { return {}; }
  error_info take_failure() const { return {}; }
  error_info finish(const reply_facts& said) noexcept {
    done_ = {said.rows_affected(), said.insert_id};
    return {};
  }
  summary value() const noexcept { return done_; }

 private:
  summary done_;
};

/// Rows with everything that is said about them.
template <class Row>
class response_target {
 public:
  using value_type = query_response<row_value_t<Row>>;
  rows_sink sink() noexcept { return rows_.sink(); }
  error_info take_failure() { return rows_.take_failure(); }
  error_info finish(const reply_facts& said) {
    facts_.row_count = said.row_count;
    facts_.execution_time = said.execution_time;
    facts_.cached = said.is_cached;
    return rows_.finish(said);
  }
  value_type value() {
    facts_.data = rows_.value();
    if (!facts_.row_count) facts_.row_count = static_cast<std::int64_t>(facts_.data.size());
    return std::move(facts_);
  }

 private:
  all_rows<Row> rows_;
  value_type facts_;
};

/// The first rows of a result.
template <class Row>
class some_rows_target {
 public:
  using value_type = limited_rows<row_value_t<Row>>;
  explicit some_rows_target(const row_limits& most) noexcept : rows_(most.rows, most.bytes) {}
  rows_sink sink() noexcept { return rows_.sink(); }
  error_info take_failure() { return rows_.take_failure(); }
  error_info finish(const reply_facts& said) const { return rows_.finish(said); }
  value_type value() { return {rows_.value(), rows_.has_more()}; }

 private:
  all_rows<Row> rows_;
};

/// Executes a request and hands its rows to a target.
/// Lifetime: borrows the session, the request and the key. Does not move once it has begun.
template <class Request, class Target>
class statement_call : public call_base {
 public:
  using value_type = typename Target::value_type;

  statement_call(session& on, const Request& asked, repeat_key* key = nullptr, const query_options* how = nullptr,
                 Target target = Target{})
      : call_base(on), asked_(&asked), key_(key), how_(how), target_(std::move(target)) {}

  action resume(const event& ev) {
    if (!is_running()) {
      if (ev.cancelled) return refuse(dovetail::errc::cancelled);
      if (error_info why = write_body()) return refuse(explain(std::move(why), view(), shows_text()));
      const bool is_write = !asked_->is_read_only();
      if (key_ != nullptr && is_write) prepare_key(*key_, *on_, false);
      return send(endpoint_kind::query, is_write, key_);
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), target_.sink(), is_stopped);
    if (is_stopped) failure_ = target_.take_failure();
    if (!failure_) failure_ = target_.finish(said_);
    if (failure_) failure_ = explain(std::move(failure_), view(), shows_text());
    return action::done(failure_.code());
  }
  value_type value() && { return target_.value(); }

 private:
  const statement_view& view() const noexcept { return asked_->sql.view(); }
  bool shows_text() const noexcept { return on_->options().include_statement_text; }

  error_info write_body() {
    std::string& body = on_->body();
    body.clear();
    std::string hint;
    const consistency wanted = on_->options().consistency;
    if (asked_->is_read_only() && (wanted != consistency::unspecified || how_ != nullptr)) {
      append_hint(hint, how_ != nullptr ? *how_ : query_options{}, wanted);
    }
    error_info failure = append_statement(body, *asked_, hint, shows_text());
    if (!failure && how_ != nullptr) failure = append_query_options(body, *how_);
    body += '}';
    return failure;
  }

  const Request* asked_;
  repeat_key* key_;
  const query_options* how_;
  Target target_;
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

/// Sends a batch. An empty one is done without a request.
class batch_call_base : public call_base {
 public:
  action resume(const event& ev) {
    if (!is_running()) {
      if (ev.cancelled) return refuse(dovetail::errc::cancelled);
      return begin();
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), {}, is_stopped);
    if (is_in_transaction() && !is_single_) return after_item();
    if (!failure_ && !is_single_) failure_ = judge();
    return action::done(failure_.code());
  }

 protected:
  batch_call_base(session& on, repeat_key& key) noexcept : call_base(on), key_(&key) {}
  ~batch_call_base() = default;

  /// Lifetime: borrows the work.
  void set_work(const batch& work) noexcept { work_ = &work; }

  [[gnu::noinline]] action begin() {
    count_ = work_->size();
    if (work_->refused()) return refuse(work_->refused());
    if (count_ == 0) return action::done();
    if (is_in_transaction()) return send_item();
    const batch_dialect how = on_->options().batches;
    if (how == batch_dialect::gateway && work_->has_others()) {
      return refuse({dovetail::errc::operation_unsupported,
                     "a batch may hold insert, update and delete only: the gateway refuses the others"});
    }
    std::string& body = on_->body();
    body.assign(batch_begin(how)).append(work_->items()).append(batch_end(how));
    prepare_key(*key_, *on_, true);
    return send(endpoint_kind::batch, true, key_);
  }

  /// Inside of a transaction there are no batches, and the statements go one by one: it is all or none anyway.
  action send_item() {
    said_ = {};
    on_->body() = work_->item(done_.size());
    return send(endpoint_kind::query, true, nullptr);
  }
  [[gnu::noinline]] action after_item() {
    if (failure_) {
      name_statement(failure_, done_.size() + 1);
      return action::done(failure_.code());
    }
    done_.push_back({said_.rows_affected(), said_.insert_id});
    return done_.size() == count_ ? action::done() : send_item();
  }
  [[gnu::cold, gnu::noinline]] static void name_statement(error_info& failure, std::size_t number) {
    std::string context{"statement "};
    context.append(dovetail::detail::number_text{number}).append(" of the batch");
    if (!failure.context().empty()) context.append(": ").append(failure.context());
    failure.with_context(std::move(context));
  }

  /// A gateway that reads the other dialect's key answers with success, and has executed nothing.
  [[gnu::noinline]] error_info judge() const {
    if (!said_.results || said_.results->empty()) {
      return {make_error_code(gateway_errc::batch_failed),
              "the gateway answered without a result, so it executed nothing: it reads another key than the one that "
              "'batch=' in the connection string says"};
    }
    std::size_t number = 0;
    for (const reply_facts& each : *said_.results) {
      ++number;
      if (each.is_success && !each.error.is_set) continue;
      error_info failure = answer_failure(200, each.error, {});
      name_statement(failure, number);
      return failure;
    }
    return {};
  }

  std::int64_t rows_affected() const noexcept {
    if (!done_.empty()) {
      std::int64_t sum = 0;
      for (const summary& each : done_) sum += each.rows_affected;
      return sum;
    }
    if (said_.affected || !said_.results) return said_.rows_affected();
    std::int64_t sum = 0;
    for (const reply_facts& each : *said_.results) sum += each.rows_affected();
    return sum;
  }

  const batch* work_ = nullptr;
  repeat_key* key_;
  std::size_t count_ = 0;
  std::vector<summary> done_;  // of statements that went one by one
  bool is_single_ = false;
};

class batch_call : public batch_call_base {
 public:
  using value_type = batch_summary;
  batch_call(session& on, execute_batch& op) noexcept : batch_call_base(on, op.key) { set_work(op.work); }
  batch_summary value() && {
    batch_summary done{rows_affected(), std::move(done_), said_.execution_time};
    if (!done.results.empty()) done.execution_time.reset();
    if (said_.results && done.results.empty()) {
      for (const reply_facts& each : *said_.results) done.results.push_back({each.rows_affected(), each.insert_id});
    }
    return done;
  }
};

class execute_rows_call : public batch_call_base {
 public:
  using value_type = summary;
  execute_rows_call(session& on, execute_rows& op) noexcept : batch_call_base(on, op.key) { set_work(op.work); }
  summary value() && noexcept { return {rows_affected(), std::nullopt}; }
};

/// Inserts a range of structs: one of them as a statement, more as a batch.
template <class Range>
class insert_rows_call : public batch_call_base {
 public:
  using value_type = summary;

  insert_rows_call(session& on, sql_insert<Range>& op) : batch_call_base(on, op.key), op_(&op) {}

  action resume(const event& ev) {
    if (is_running() || ev.cancelled) return batch_call_base::resume(ev);
    const result<std::string> text = insert_text(dialect::sqlite, op_->table, op_->tail);
    if (!text) return refuse(text.error());
    auto at = op_->rows.begin();
    const auto end = op_->rows.end();
    if (at != end && std::next(at) == end) {
      is_single_ = true;
      on_->body().clear();
      if (error_info why = append_insert(on_->body(), *text, *at)) return refuse(std::move(why));
      prepare_key(*key_, *on_, false);
      return send(endpoint_kind::query, true, key_);
    }
    for (; at != end; ++at) rows_.append_row(*text, *at);
    set_work(rows_);
    return begin();
  }
  summary value() && noexcept {
    return {rows_affected(), is_single_ ? said_.insert_id : std::optional<std::int64_t>{}};
  }

 private:
  sql_insert<Range>* op_;
  batch rows_;
};

/// The statement of a script: sent as it is, for the gateway executes every statement of a text.
class script_call : public call_base {
 public:
  using value_type = void;
  script_call(session& on, std::string_view text) noexcept : call_base(on), text_(text) {}

  action resume(const event& ev) {
    if (!is_running()) {
      if (ev.cancelled) return refuse(dovetail::errc::cancelled);
      on_->body().assign("{");
      if (error_info why = append_sql(on_->body(), text_)) return refuse(std::move(why));
      on_->body() += '}';
      return send(endpoint_kind::query, true, nullptr);
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), {}, is_stopped);
    return action::done(failure_.code());
  }
  void value() && noexcept {}

 private:
  std::string_view text_;
};

/// Asks for the gateway's health.
class health_call : public call_base {
 public:
  using value_type = gateway_health;
  explicit health_call(session& on) noexcept : call_base(on) {}

  action resume(const event& ev) {
    if (!is_running()) {
      if (ev.cancelled) return refuse(dovetail::errc::cancelled);
      return send(endpoint_kind::health, false, nullptr);
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    failure_ = next.error() ? running_->failure(next.error()) : judge();
    return action::done(failure_.code());
  }
  gateway_health value() && { return std::move(health_); }

 private:
  [[gnu::noinline]] error_info judge() {
    const http_answer& answer = running_->answer();
    if (answer.status / 100 != 2) {
      bool is_stopped = false;
      return read_answer(answer, {}, said_, is_stopped);
    }
    auto read = json::decode<gateway_health>(answer.body);
    if (!read) return {make_error_code(gateway_errc::not_a_gateway), std::string{read.error().context()}};
    health_ = *std::move(read);
    return {};
  }

  gateway_health health_;
};

/// The same, for who only wants to know that there is an answer.
class ping_call : public health_call {
 public:
  using value_type = void;
  using health_call::health_call;
  void value() && noexcept {}
};

/// Begins a transaction: the connection becomes a WebSocket, and stays one until the transaction is over.
class begin_call : public call_base {
 public:
  using value_type = void;
  begin_call(session& on, const sql_begin& op) noexcept : call_base(on), upgrade_(on), depth_(op.depth) {}

  action resume(const event& ev) {
    if (depth_ != 0 && !is_running()) return refuse(no_savepoints());
    if (!is_upgraded_) {
      const action next = upgrade_.resume(ev);
      if (next.what() != verb::done) return next;
      if (next.error()) return refuse(upgrade_.failure(next.error()));
      is_upgraded_ = true;
      on_->body() = socket_message(*on_, "begin");
      return send_message();
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), {}, is_stopped);
    if (!failure_ && !take_name()) {
      failure_ = {dovetail::errc::unexpected_message, "the name of the transaction cannot be repeated"};
    }
    if (failure_) on_->set_health(session_health::closed);
    return action::done(failure_.code());
  }
  void value() && noexcept {}

  [[gnu::cold, gnu::noinline]] static error_info no_savepoints() {
    return {dovetail::errc::operation_unsupported,
            "a gateway has no savepoints: a transaction cannot hold another one"};
  }

 private:
  bool take_name() {
    if (said_.transaction_id.size() > 256 || said_.transaction_id.find_first_of("\"\\") != std::string::npos)
      return false;
    for (const char c : said_.transaction_id) {
      if (c >= 0 && c < ' ') return false;
    }
    on_->socket()->transaction_id = std::move(said_.transaction_id);
    return true;
  }

  upgrade upgrade_;
  int depth_;
  bool is_upgraded_ = false;
};

/// Commits or rolls back, and says farewell; the connection is closed then.
class end_call : public call_base {
 public:
  using value_type = void;
  end_call(session& on, bool is_commit, int depth) noexcept : call_base(on), is_commit_(is_commit), depth_(depth) {}

  action resume(const event& ev) {
    if (is_leaving_) return action::done(failure_.code());
    if (!is_running()) {
      if (depth_ != 0) return refuse(begin_call::no_savepoints());
      if (!is_in_transaction() || on_->health() != session_health::in_transaction) {
        return is_commit_ ? refuse(dovetail::errc::transaction_aborted) : action::done();
      }
      on_->body() = socket_message(*on_, is_commit_ ? "commit" : "rollback");
      return send_message();
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), {}, is_stopped);
    if (next.error() && is_commit_ && message_->was_sent()) {
      failure_ = {dovetail::errc::commit_unknown, std::string{failure_.message()}};
    }
    if (next.error()) return action::done(failure_.code());
    on_->set_health(session_health::closed);
    is_leaving_ = true;
    websocket::masking_key key{};
    on_->output().clear();
    if (!on_->randomize(key)) return action::done(failure_.code());
    websocket::append_close(on_->output(), websocket::close_code::normal, {}, &key);
    return action::write(on_->output().view());
  }
  void value() && noexcept {}

 private:
  bool is_commit_;
  int depth_;
  bool is_leaving_ = false;
};

/// A dialogue that ends at once.
template <class T>
class refusal {
 public:
  using value_type = T;
  explicit refusal(error_info why) noexcept : why_(std::move(why)) {}
  action resume(const event&) const noexcept { return action::done(why_.code()); }
  error_info failure(std::error_code) const { return why_; }
  T value() && { return T(); }

 private:
  error_info why_;
};

}  // namespace dovetail::inline v0::workersql::detail
