// The messages of one WebSocket connection: statements, and a transaction of its own.
#pragma once

#include <dovetail/codec/workersql_gateway/execute.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

namespace wire {

struct message {
  std::optional<std::string> type;
  std::optional<std::string> action;  // the same in the dialect of the upstream gateway, which has no ids
  std::optional<json_text> id;
  std::optional<std::string> sql;
  std::optional<json_text> params;
  std::optional<std::string> transactionId;
  std::optional<std::int64_t> timeout;
};

}  // namespace wire

/// Answers `{type:begin|query|commit|rollback,id:…,sql:…,params:[…],transactionId:…}` with
/// `{id:…,type:response,data:{…}}` or `{id:…,type:error,error:{code,message,details,timestamp}}`; and
/// the upstream gateway's `{action:…}` and `{sql:…}` with `{success:…,…}`. A query without a transaction is
/// executed on its own, unless it names one.
/// Threads: one at a time. A session that goes rolls its transaction back.
class socket_session {
 public:
  /// `open` counts the transactions of all sessions, of which there may be `most`.
  socket_session(database& on, principal who, const execution_rules& rules, std::atomic<std::size_t>& open,
                 std::size_t most)
      : on_(&on), who_(std::move(who)), rules_(&rules), count_open_(&open), most_(most) {}
  socket_session(const socket_session&) = delete;
  socket_session& operator=(const socket_session&) = delete;
  ~socket_session() { end(); }

  bool is_in_transaction() const noexcept { return open_ != nullptr; }

  /// Rolls back what is open; its messages are told so until one of them ends it, or begins another.
  void time_out() noexcept {
    if (open_) has_timed_out_ = true;
    end();
  }

  /// The answer to a message.
  std::string handle(std::string_view text, deadline by, interruption* until = nullptr) {
    auto read = json::decode<wire::message>(text);
    if (!read) return fail_unread(read.error());
    wire::message& asked = *read;
    note(asked);
    if (has_timed_out_ && action_ != "begin" && action_ != "ping") return answer_late(asked);
    if (action_ == "begin") return begin(std::move(asked), by);
    if (action_ == "query") return query(std::move(asked), by, until);
    if (action_ == "commit") return commit(asked, by);
    if (action_ == "rollback") return rollback(asked);
    if (action_ == "ping") return succeed("{}");
    return fail(codes::invalid_query,
                is_sdk_ ? "the type of a message is begin, query, commit or rollback" : "Missing SQL query");
  }

  /// The answer to a message that is not to be executed now; nothing for one that ends the open transaction, which
  /// would keep its locks.
  std::optional<std::string> refuse(std::string_view text, const failure_class& why, std::string_view words) {
    const auto read = json::decode<wire::message>(text);
    if (!read) return fail_unread(read.error());
    note(*read);
    if (open_ && (action_ == "commit" || action_ == "rollback")) return {};
    std::string details{"{"};
    append_key(details, "retryAfter");
    details += std::to_string(why.retry_after);
    return fail(why.code, words, details += '}');
  }

 private:
  void note(const wire::message& asked) {
    is_sdk_ = asked.type.has_value();
    id_ = asked.id ? asked.id->text : "null";
    action_ = asked.type ? *asked.type : asked.action.value_or(asked.sql ? "query" : "");
  }
  std::string fail_unread(const error_info& why) {
    id_ = "null";
    is_sdk_ = true;
    return fail(codes::invalid_query, words_of(why));
  }

  std::string begin(wire::message asked, deadline by) {
    if (open_) return fail(codes::invalid_query, "a transaction is open already");
    if (who_.may < permissions::read) return fail(codes::permission, "a transaction needs the permission read");
    if (count_open_->fetch_add(1, std::memory_order_relaxed) >= most_) {
      count_open_->fetch_sub(1, std::memory_order_relaxed);
      return fail(codes::resource_limit, "too many transactions are open");
    }
    auto begun = on_->begin(who_.may == permissions::read, by);
    if (!begun) {
      count_open_->fetch_sub(1, std::memory_order_relaxed);
      return fail(begun.error());
    }
    open_ = *std::move(begun);
    has_timed_out_ = false;
    name_ = asked.transactionId ? *std::move(asked.transactionId) : "tx_" + std::to_string(++count_);
    return succeed(named());
  }

  std::string query(wire::message asked, deadline by, interruption* until) {
    const clock::time_point since = clock::now();
    if (!is_right(asked)) return fail(codes::invalid_query, "Transaction not found");
    statement what;
    if (std::string wrong = take_statement(asked.sql.value_or(std::string{}), asked.params, what); !wrong.empty()) {
      return fail(codes::invalid_query, wrong);
    }
    std::chrono::milliseconds limit{0};
    if (std::string wrong = take_timeout(asked.timeout, limit); !wrong.empty()) {
      return fail(codes::invalid_query, wrong);
    }
    by = shorten(by, limit);
    gateway_answer refused;
    statement_verdict said;
    if (!may_run(what, on_->speaks(), who_, *rules_, false, said, refused)) return fail_with(refused.body);
    what.until = until;
    auto done = open_ ? open_->run(what, rules_->results, by) : on_->run(what, rules_->results, by);
    if (!done) return fail(done.error());
    std::string data{R"({"success":true)"};
    if (!is_sdk_ || rules_->form.envelope == envelope::docs) {
      data = "{";
      const result_form docs{envelope::docs, rules_->form.large_integers, rules_->form.blob_text};
      if (result<void> written = append_result(data, *done, docs); !written) return fail(written.error());
      data.erase(0, std::string_view{R"({"data":)"}.size());
      return succeed(data);
    }
    if (result<void> written = append_result(data, *done, rules_->form); !written) return fail(written.error());
    data += R"(,"cached":false,"executionTime":)";
    append_milliseconds(data, clock::now() - since);
    return succeed(data += '}');
  }

  std::string commit(const wire::message& asked, deadline by) {
    if (!open_) return fail(codes::invalid_query, "Transaction not started");
    if (!is_right(asked)) return fail(codes::invalid_query, "Transaction not found");
    const auto done = open_->commit(by);
    const std::string data = named();
    end();
    return done ? succeed(data) : fail(done.error());
  }

  std::string rollback(const wire::message& asked) {
    if (open_ && !is_right(asked)) return fail(codes::invalid_query, "Transaction not found");
    if (!open_) return is_sdk_ ? succeed("{}") : fail(codes::invalid_query, "Transaction not started");
    const std::string data = named();
    end();
    return succeed(data);
  }

  /// To a message of a transaction that was rolled back because it came too late. One that names no transaction is
  /// one of it too: on its own it would do what was meant to be undone together with the rest.
  std::string answer_late(const wire::message& asked) {
    if (asked.transactionId && *asked.transactionId != name_) {
      return fail(codes::invalid_query, "Transaction not found");
    }
    if (action_ == "commit" || action_ == "rollback") has_timed_out_ = false;
    if (action_ == "rollback") return succeed(named());
    return fail(codes::timeout, "the transaction was rolled back: its next message did not come in time",
                R"({"reason":"timeout"})");
  }

  void end() noexcept {
    if (!open_) return;
    open_.reset();
    count_open_->fetch_sub(1, std::memory_order_relaxed);
  }

  /// A message that names a transaction means the open one.
  bool is_right(const wire::message& asked) const {
    return !asked.transactionId || (open_ != nullptr && *asked.transactionId == name_);
  }
  std::string named() const {
    std::string data{"{"};
    append_member(data, "transactionId", name_);
    return data += '}';
  }
  std::string succeed(std::string_view data) const {
    std::string out{"{"};
    if (is_sdk_) {
      append_key(out, "id");
      (out += id_) += R"(,"type":"response")";
    } else {
      out += R"("success":true)";
      if (action_ != "query") append_member(out, "action", action_);
    }
    append_key(out, "data");
    return (out += data) += '}';
  }
  std::string fail(const error_info& why) const { return fail(class_of(why).code, message_of(why), details_of(why)); }
  std::string fail(std::string_view code, std::string_view words, std::string_view details = {}) const {
    std::string out{"{"};
    if (is_sdk_) {
      append_key(out, "id");
      (out += id_) += R"(,"type":"error")";
    } else {
      out += R"("success":false)";
      if (action_ != "query" && !action_.empty()) append_member(out, "action", action_);
    }
    append_key(out, "error");
    append_error(out, code, words, details);
    return out += '}';
  }
  /// With the error of an answer: `{success:false,error:{…}}`.
  std::string fail_with(std::string_view body) const {
    body.remove_prefix(std::string_view{R"({"success":false,)"}.size());
    std::string out{"{"};
    if (is_sdk_) {
      append_key(out, "id");
      (out += id_) += R"(,"type":"error",)";
    } else {
      out += R"("success":false,)";
    }
    return out += body;
  }

  database* on_;
  principal who_;
  const execution_rules* rules_;
  std::unique_ptr<transaction> open_;
  std::string name_;
  std::string id_;
  std::string action_;
  std::uint64_t count_ = 0;
  std::atomic<std::size_t>* count_open_;
  std::size_t most_;
  bool is_sdk_ = false;
  bool has_timed_out_ = false;  // the transaction `name_` was, and its end has not been asked for since
};

}  // namespace dovetail::inline v0::workersql::serving
