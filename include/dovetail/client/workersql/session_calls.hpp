// The dialogues that are no statement: scripts, health, and the beginning and end of a transaction.
#pragma once

#include <dovetail/client/transaction.hpp>
#include <dovetail/client/workersql/call_base.hpp>
#include <dovetail/codec/workersql/upgrade.hpp>
#include <dovetail/format/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

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
      written_.begin_commit(*on_);
      on_->body() = socket_message(*on_, is_commit_ ? "commit" : "rollback");
      return send_message();
    }
    const action next = go_on(ev);
    if (next.what() != verb::done) return next;
    bool is_stopped = false;
    failure_ = read(next.error(), {}, is_stopped);
    if (is_commit_ && is_unknown(next.error())) note_unknown_commit();
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
  /// The commit was sent, and nobody has said what became of it; what `error` or `success` say is said.
  bool is_unknown(std::error_code ec) const noexcept {
    if (ec || failure_.code() == dovetail::errc::outcome_unknown) return message_->was_sent();
    return failure_ && !said_.error.is_set && said_.is_success;
  }
  [[gnu::cold, gnu::noinline]] void note_unknown_commit() {
    error_info unknown{dovetail::errc::commit_unknown, std::string{failure_.message()}};
    unknown.with_server(failure_.server());
    failure_ = std::move(unknown);
  }

  bool is_commit_;
  int depth_;
  bool is_leaving_ = false;
};

/// A dialogue that ends well at once: what is left to do for a stream whose rows have all come.
class nothing_call {
 public:
  using value_type = void;
  action resume(const event&) const noexcept { return action::done(); }
  error_info failure(std::error_code ec) const { return ec; }
  void value() && noexcept {}
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
