// Executes the body of a request on the database, for one who may do what it asks.
#pragma once

#include <dovetail/codec/workersql_gateway/answer_size.hpp>
#include <dovetail/codec/workersql_gateway/body.hpp>
#include <dovetail/codec/workersql_gateway/envelope.hpp>
#include <dovetail/codec/workersql_gateway/principal.hpp>
#include <dovetail/codec/workersql_gateway/reader_calls.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// What statements are held to.
struct execution_rules {
  result_form form{};
  result_limits results{};
  std::size_t batch_operations = 500;
  bool allows_connection_changes = false;
  std::vector<std::string> reader_functions{};  ///< that who only reads may call, beside PostgreSQL's own
};

/// What is wrong with a text, for somebody who is no program of ours.
inline std::string_view words_about(validation_rule broken) noexcept {
  if (broken == validation_rule::several_statements) return "several statements in one text; send a batch";
  if (broken == validation_rule::transaction_control) return "transactions are batches, or messages over WebSocket";
  return words_of(broken);
}

inline gateway_answer not_executed(unsigned status, std::string_view code, std::string_view words) {
  gateway_answer answer = refusal(status, code, words);
  answer.changed_nothing = true;
  return answer;
}

/// It reads for certain, as far as the database keeps to what it was told.
inline bool only_reads(const statement_verdict& said, const principal& who) noexcept {
  return who.may <= permissions::read || (said.needed <= permissions::read && !said.may_hide_writes);
}

/// True when the principal may run the statement; sets what the database has to know, and `said`. Else the answer.
/// `only_changes`: nothing but insert, update and delete is taken.
inline bool may_run(statement& what, dialect speaks, const principal& who, const execution_rules& rules,
                    bool only_changes, statement_verdict& said, gateway_answer& refused) {
  said = judge(speaks, what.sql, who.may);
  if (said.broken != validation_rule::none && said.broken != validation_rule::risky_function) {
    refused = not_executed(400, codes::invalid_query, words_about(said.broken));
    return false;
  }
  if (only_changes && !said.is_data_change) {
    refused = not_executed(400, codes::invalid_query, "only INSERT, UPDATE and DELETE are allowed in a batch");
    return false;
  }
  if (who.may < said.needed) {
    std::string words{"the statement needs the permission "};
    words += to_string(said.needed);
    refused = not_executed(403, codes::permission, words);
    return false;
  }
  if (said.stays_on_connection && !rules.allows_connection_changes) {
    refused = not_executed(400, codes::invalid_query,
                           "the statement changes its connection for others, who share it; it is not allowed here");
    return false;
  }
  if (who.may == permissions::read && speaks == dialect::postgres) {
    if (const std::string_view call = reader_calls{what.sql, rules.reader_functions}.find_forbidden(); !call.empty()) {
      std::string words{"whoever only reads may not call this function: "};
      words += call.substr(0, 128);
      refused = not_executed(403, codes::permission, words);
      return false;
    }
  }
  what.must_not_write = who.may == permissions::read;  // a view may call functions, and its name does not tell
  what.may_hide_writes = said.may_hide_writes;
  return true;
}

inline deadline shorten(deadline by, std::chrono::milliseconds asked) noexcept {
  return asked.count() == 0 ? by : earlier(by, deadline::after(asked));
}

/// What a request comes with beside its body.
struct request_extras {
  interruption* until = nullptr;  ///< ends its statements, where what is left of them is known
  bool is_kept = false;           ///< its answer is kept under an idempotency key
  std::string_view key{};         ///< when its change is kept in the database: its key and
  std::string_view identity{};    ///< what stands for all that was asked,
  std::int64_t now = 0;           ///< the time,
  std::chrono::seconds keep{0};   ///< and how long it is kept
  bool keeps_change() const noexcept { return !key.empty(); }
};

/// A change whose answer `Answer` makes, a function of all results.
template <class Answer>
class answered_change final : public kept_change {
 public:
  answered_change(const request_extras& with, Answer answer) : answer_(std::move(answer)) {
    id = with.key;
    request = with.identity;
    now = with.now;
    expires = with.now + with.keep.count();
  }
  result<std::string> answer_to(const std::vector<statement_result>& all) override {
    gateway_answer made = answer_(all);
    if (made.status != 200) return error_info{errc::malformed_value, "the result cannot be written as JSON"};
    return std::move(made.body);
  }

 private:
  Answer answer_;
};

/// Executes a change whose answer is kept with it. Whether a commit that nobody answered was done is found out when
/// it is asked for again, so that answer is not kept.
template <class Answer>
gateway_answer execute_once(database& on, const std::vector<statement>& all, const request_extras& with,
                            const result_limits& limits, deadline by, std::size_t& failed, Answer answer) {
  answered_change<Answer> change{with, std::move(answer)};
  if (const auto done = on.run_once(all, change, limits, by, failed); !done) {
    gateway_answer told = answer_failure(done.error(), failed);
    if (done.error().kind() == condition::commit_unknown) told.is_final = false;
    return told;
  }
  if (change.is_mismatch) {
    return not_executed(400, codes::invalid_query, "the idempotency key was used for another request");
  }
  gateway_answer told;
  told.body = std::move(change.body);
  told.is_replayed = change.is_replayed;
  return told;
}

/// True when a failed statement that ran on its own, and may be what no transaction takes, has left nothing behind.
inline bool left_nothing(condition why, const statement_verdict& said) noexcept {
  if (why == condition::busy || why == condition::serialization) return true;
  return why == condition::cancelled && !said.may_commit;
}

/// Where an answer is kept (`request_extras::is_kept`), a change runs in a transaction, so that a failure tells whether
/// it happened; what cannot run in one may have happened when its answer was lost, so it is not tried again, and it
/// goes on when its client has gone. Threads: any number at once.
inline gateway_answer execute_query(database& on, std::string_view body, const principal& who,
                                    const execution_rules& rules, deadline by, const request_extras& with = {}) {
  const clock::time_point since = clock::now();
  asked_statement asked;
  if (std::string wrong = read_query(body, asked); !wrong.empty()) {
    return not_executed(400, codes::invalid_query, wrong);
  }
  gateway_answer refused;
  statement_verdict said;
  if (!may_run(asked.what, on.speaks(), who, rules, false, said, refused)) return refused;
  const permissions needed = said.needed;
  asked.what.needs_certainty = with.is_kept && (needed == permissions::write || said.may_hide_writes);
  asked.what.until = with.is_kept && needed == permissions::admin ? nullptr : with.until;
  by = shorten(by, asked.timeout);
  if (asked.what.needs_certainty && with.keeps_change() && !asked.what.must_not_write) {
    std::size_t failed = no_statement;
    const auto answer = [&](const std::vector<statement_result>& all) {
      return answer_result(all.front(), rules.form, clock::now() - since);
    };
    const std::vector<statement> all{std::move(asked.what)};
    gateway_answer told = execute_once(on, all, with, rules.results, by, failed, answer);
    return told;
  }
  const auto done = on.run(asked.what, rules.results, by);
  if (!done) {
    gateway_answer failed = answer_failure(done.error());
    if (needed == permissions::admin && !left_nothing(done.error().kind(), said)) failed.is_final = true;
    failed.changed_nothing = only_reads(said, who);
    failed.needs_admin = needed == permissions::admin;
    return failed;
  }
  gateway_answer answer = answer_result(*done, rules.form, clock::now() - since);
  answer.changed_nothing = only_reads(said, who);
  answer.needs_admin = needed == permissions::admin;
  return answer;
}

/// One statement after the other, each on its own, as the SDKs' `transaction: false` wants it.
inline gateway_answer execute_one_by_one(database& on, asked_batch& asked, const execution_rules& rules, deadline by) {
  const clock::time_point since = clock::now();
  gateway_answer answer;
  std::string& out = answer.body;
  bool is_whole = true;
  std::string results{"["};
  result_limits left = rules.results;
  for (std::size_t i = 0; i < asked.statements.size(); ++i) {
    if (i != 0) results += ',';
    const auto done = on.run(asked.statements[i], left, by);
    if (done) left = without(left, done->cost);
    std::string one{R"({"success":true)"};
    result<void> written =
        done ? append_result(one, *done, {envelope::sdk, rules.form.large_integers, rules.form.blob_text})
             : result<void>{done.error()};
    if (!written) {
      is_whole = false;
      one = R"({"success":false,"error":)";
      append_error(one, class_of(written.error()).code, message_of(written.error()), details_of(written.error(), i));
    }
    results.append(one) += '}';
    if (!is_whole && asked.stops_on_error) break;
  }
  out = is_whole ? R"({"success":true,"results":)" : R"({"success":false,"results":)";
  (out += results) += R"(],"totalExecutionTime":)";
  append_milliseconds(out, clock::now() - since);
  out += '}';
  return answer;
}

inline gateway_answer answer_results(const std::vector<statement_result>& all, const result_form& form,
                                     clock::duration took) {
  gateway_answer answer;
  std::string& out = answer.body;
  out = R"({"success":true,"results":[)";
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 0) out += ',';
    out += R"({"success":true)";
    result<void> written = append_result(out, all[i], {envelope::sdk, form.large_integers, form.blob_text});
    if (!written) return answer_failure(written.error(), i);
    out += '}';
  }
  out += R"(],"totalExecutionTime":)";
  append_milliseconds(out, took);
  out += '}';
  return answer;
}

/// A batch is one transaction, but for the SDKs' `transaction: false`.
inline gateway_answer execute_batch(database& on, std::string_view body, const principal& who,
                                    const execution_rules& rules, deadline by, const request_extras& with = {}) {
  const clock::time_point since = clock::now();
  asked_batch asked;
  if (std::string wrong = read_batch(body, asked); !wrong.empty()) {
    return not_executed(400, codes::invalid_query, wrong);
  }
  if (asked.statements.size() > rules.batch_operations) {
    return not_executed(413, codes::resource_limit, "too many operations in a batch");
  }
  gateway_answer answer;
  bool changes_nothing = true;
  bool needs_admin = false;
  for (statement& each : asked.statements) {
    statement_verdict said;
    if (!may_run(each, on.speaks(), who, rules, asked.dialect == batch_dialect::gateway, said, answer)) return answer;
    changes_nothing = changes_nothing && only_reads(said, who);
    needs_admin = needs_admin || said.needed == permissions::admin;
  }
  // What was done before an interruption would be kept as the answer, and the rest never be done.
  const bool goes_on = with.is_kept && !asked.is_atomic && !changes_nothing;
  for (statement& each : asked.statements) each.until = goes_on ? nullptr : with.until;
  by = shorten(by, asked.timeout);
  if (!asked.is_atomic) {
    answer = execute_one_by_one(on, asked, rules, by);
    const bool was_interrupted = !goes_on && with.until != nullptr && with.until->is_requested();
    if (was_interrupted) answer.is_final = false;  // it is no answer for those who wait for the same one
  } else {
    std::size_t failed = no_statement;
    if (with.keeps_change() && !changes_nothing) {
      const auto told = [&](const std::vector<statement_result>& all) {
        return asked.dialect == batch_dialect::gateway ? answer_counts(all, rules.form)
                                                       : answer_results(all, rules.form, clock::now() - since);
      };
      answer = execute_once(on, asked.statements, with, rules.results, by, failed, told);
      answer.needs_admin = needs_admin;
      return answer;
    }
    result<std::vector<statement_result>> done{std::vector<statement_result>{}};
    if (!asked.statements.empty()) done = on.run_all(asked.statements, rules.results, by, failed);
    if (!done) {
      answer = answer_failure(done.error(), failed);
    } else if (asked.dialect == batch_dialect::gateway) {
      answer = answer_counts(*done, rules.form);
    } else {
      answer = answer_results(*done, rules.form, clock::now() - since);
    }
  }
  answer.changed_nothing = changes_nothing;
  answer.needs_admin = needs_admin;
  return answer;
}

}  // namespace dovetail::inline v0::workersql::serving
