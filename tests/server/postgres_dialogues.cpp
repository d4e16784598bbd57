// The dialogues of an open session against a real PostgreSQL server: statements, scripts, portals, COPY, notifications,
// and coming back from a statement that was broken off.
#include <dovetail/client/postgres/crypto.hpp>
#include <dovetail/client/postgres/endpoint.hpp>
#include <dovetail/codec/postgres/cancel_request.hpp>
#include <dovetail/codec/postgres/copy_in.hpp>
#include <dovetail/codec/postgres/copy_out.hpp>
#include <dovetail/codec/postgres/drain.hpp>

#include <dovetail/codec/postgres/execute_many.hpp>
#include <dovetail/codec/postgres/pipeline.hpp>
#include <dovetail/codec/postgres/startup.hpp>
#include <dovetail/codec/postgres/stream.hpp>
#include <dovetail/codec/postgres/wait_notification.hpp>
#include <dovetail/driver/run.hpp>

#include <support/postgres_rows.hpp>
#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
using dt::errc;
using dt::session_health;
using dt::test::postgres_server;
using dt::test::text_arguments;
using dt::test::text_rows;
using namespace std::chrono_literals;

struct connection {
  explicit connection(bool is_unnamed = false, std::size_t kept = 256)
      : session(kept, is_unnamed, std::size_t{1} << 28) {
    postgres_server& server = postgres_server::shared();
    options.servers.push_back({server.socket_folder(), {}, server.port(), {}});
    options.user = "admin";
    options.database = "app";
    stream.emplace(pg::endpoint_of(options));
    session.forget();
    const auto opened =
        dt::run(*stream, pg::startup{session.facts, options, pg::openssl_crypto()}, dt::deadline::after(60s));
    if (!opened) ADD_FAILURE() << opened.error().message();
  }

  template <class Machine>
  auto drive(Machine&& dialogue, dt::deadline by = dt::deadline::after(60s)) {
    moved = {};
    return dt::run(*stream, dialogue, by, moved);
  }
  dt::result<pg::execution> execute(std::string_view text, std::vector<std::string> arguments = {}) {
    rows.clear();
    text_arguments given{std::move(arguments)};
    return drive(pg::execute_dialogue{
        session, {.text = text, .types = given.types(), .arguments = given.writer()}, rows.sink()});
  }
  dt::result<pg::command_tag> script(std::string_view text, pg::script_purpose purpose = pg::script_purpose::any) {
    return drive(pg::script_dialogue{session, text, purpose});
  }
  void cancel() {
    pg::transport::stream other{pg::endpoint_of(options)};
    const auto sent = dt::run(other, pg::cancel_request{session.facts, options}, dt::deadline::after(60s));
    if (!sent) ADD_FAILURE() << sent.error().message();
  }

  /// Waits until the server has read all that was sent: does it sleep in a statement?
  bool is_asleep() const {
    const std::string question =
        "select wait_event from pg_stat_activity where pid = " + std::to_string(session.facts.key.process);
    for (const dt::deadline by = dt::deadline::after(60s); !by.has_passed();) {
      const std::string waits = postgres_server::shared().sql(question);
      if (waits == "PgSleep") return true;
      if (waits == "ClientRead") return false;
    }
    return false;
  }

  pg::connect_options options;
  pg::session session;
  std::optional<pg::transport::stream> stream;
  dt::traffic moved;
  text_rows rows;
};

#define EXPECT_GOOD(result) EXPECT_TRUE(result) << (result).error().message()

TEST(PostgresDialogues, AStatementIsPreparedOnceAndItsRowsCome) {
  connection at;
  for (int i = 0; i < 3; ++i) {
    const auto done = at.execute("select $1::text || 'x', null from generate_series(1, 3)", {"a"});
    EXPECT_GOOD(done);
    EXPECT_EQ(done->tag.text(), "SELECT 3");
    EXPECT_EQ(done->tag.rows_affected(), 0);
    EXPECT_EQ(at.rows.texts(), (std::vector<std::string>{"ax|null", "ax|null", "ax|null"}));
  }
  EXPECT_EQ(at.session.statements.size(), 1U);
  EXPECT_EQ(at.session.health(), session_health::idle);
}

TEST(PostgresDialogues, UnnamedStatementsLeaveNothingBehind) {
  connection at{true};
  for (int i = 0; i < 3; ++i) EXPECT_GOOD(at.execute("select $1::text", {"a"}));
  EXPECT_GOOD(at.execute("select count(*)::text from pg_prepared_statements where name <> ''"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"0"});
  EXPECT_EQ(at.session.statements.size(), 0U);
}

TEST(PostgresDialogues, StatementsThatTheCacheDropsAreClosedOnTheServer) {
  connection at{false, 2};
  for (int i = 0; i < 5; ++i) EXPECT_GOOD(at.execute("select '" + std::to_string(i) + "'"));
  EXPECT_GOOD(at.execute("select count(*)::text from pg_prepared_statements"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"2"});  // this one, and the one before
}

TEST(PostgresDialogues, StatementsThatTheServerLostArePreparedAgain) {
  connection at;
  EXPECT_GOOD(at.script("create temp table t(a text); insert into t values ('one')"));
  EXPECT_GOOD(at.execute("select * from t"));
  EXPECT_GOOD(at.script("deallocate all"));
  EXPECT_GOOD(at.execute("select * from t"));
  EXPECT_GOOD(at.script("alter table t add b text default 'two'"));  // "cached plan must not change result type"
  EXPECT_GOOD(at.execute("select * from t"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"one|two"});
  EXPECT_GOOD(at.script("begin"));
  EXPECT_GOOD(at.script("alter table t drop b"));
  EXPECT_FALSE(at.execute("select * from t"));  // not in a transaction: it has failed
  EXPECT_TRUE(at.session.is_transaction_failed());
  EXPECT_GOOD(at.script("rollback"));
  EXPECT_GOOD(at.execute("select * from t"));
}

TEST(PostgresDialogues, AnErrorTellsAllAndLeavesTheSessionGood) {
  connection at;
  EXPECT_GOOD(at.script("create temp table u(id int primary key)"));
  EXPECT_GOOD(at.execute("insert into u values (1)"));
  const auto twice = at.execute("insert into u values (1)");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), pg::sqlstate::unique_violation);
  EXPECT_EQ(twice.error().server().constraint, "u_pkey");
  EXPECT_EQ(at.session.health(), session_health::idle);
  EXPECT_FALSE(at.execute("selec 1"));
  EXPECT_EQ(at.session.health(), session_health::idle);
  const auto changed = at.execute("update u set id = 2");
  EXPECT_GOOD(changed);
  EXPECT_EQ(changed->tag.rows_affected(), 1);
}

TEST(PostgresDialogues, ADeferredBeginCostsNoRoundTrip) {
  connection at;
  EXPECT_GOOD(at.execute("select 'a'"));
  at.session.defer("begin isolation level serializable");
  EXPECT_TRUE(at.session.is_in_transaction());
  EXPECT_GOOD(at.execute("select 'a'"));
  EXPECT_EQ(at.session.health(), session_health::in_transaction);
  EXPECT_GOOD(at.execute("select current_setting('transaction_isolation')"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"serializable"});
  EXPECT_GOOD(at.script("commit", pg::script_purpose::commit));
  EXPECT_EQ(at.session.health(), session_health::idle);
}

TEST(PostgresDialogues, ADeferredBeginThatFailsKeepsTheStatementFromRunning) {
  connection at;
  EXPECT_GOOD(at.script("create temp table v(a int)"));
  EXPECT_GOOD(at.execute("insert into v values (1)"));
  at.session.defer("begin isolation level nonsense");
  EXPECT_FALSE(at.execute("insert into v values (1)"));
  at.session.defer("begin isolation level nonsense");
  EXPECT_FALSE(at.script("insert into v values (1)"));
  EXPECT_EQ(at.session.health(), session_health::idle);
  EXPECT_GOOD(at.execute("select count(*)::text from v"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"1"});
}

TEST(PostgresDialogues, ACommitThatRollsBackIsAnError) {
  connection at;
  EXPECT_GOOD(at.script("begin"));
  EXPECT_FALSE(at.execute("select 1/0"));
  const auto committed = at.script("commit", pg::script_purpose::commit);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code(), errc::transaction_aborted);
  EXPECT_EQ(at.session.health(), session_health::idle);
}

TEST(PostgresDialogues, AStatementThatIsBrokenOffIsCancelledAndTheSessionComesBack) {
  std::optional<connection> with;
  for (auto limit = 200ms; !with || !with->is_asleep(); limit *= 2) {  // more, when the server was not that far
    ASSERT_LT(limit, 60s);
    with.emplace();
    const auto slow =
        with->drive(pg::execute_dialogue{with->session, {.text = "select pg_sleep(600)"}}, dt::deadline::after(limit));
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().code(), errc::deadline_passed);
  }
  connection& at = *with;
  ASSERT_TRUE(at.session.can_drain());
  at.cancel();
  const auto end = at.drive(pg::drain_dialogue{at.session});
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_EQ(end->failure.code(), pg::sqlstate::query_cancelled);
  EXPECT_EQ(at.session.health(), session_health::idle);
  EXPECT_GOOD(at.execute("select 'alive'"));
}

TEST(PostgresDialogues, PortalsGiveTheirRowsInBatches) {
  for (const bool in_transaction : {false, true}) {
    connection at;
    if (in_transaction) at.session.defer("begin");
    pg::portal portal;
    auto first = at.drive(pg::execute_dialogue{
        at.session, {.text = "select n::text from generate_series(1, 10) n", .row_limit = 4}, at.rows.sink(), portal});
    EXPECT_GOOD(first);
    EXPECT_TRUE(portal.is_open());
    EXPECT_EQ(at.rows.texts().size(), 4U);
    if (in_transaction) {
      text_rows kept = at.rows;
      EXPECT_GOOD(at.execute("select 'between'"));
      at.rows = kept;
    } else {
      EXPECT_EQ(at.execute("select 'between'").error().code(), errc::invalid_state);
      at.rows.clear();
    }
    while (portal.is_open()) EXPECT_GOOD(at.drive(pg::stream_dialogue{at.session, portal, at.rows.sink()}));
    EXPECT_EQ(at.rows.texts().back(), "10");
    EXPECT_EQ(at.session.health(), in_transaction ? session_health::in_transaction : session_health::idle);
    const pg::statement_request endless{.text = "select generate_series(1, 1000000000)::text", .row_limit = 2};
    EXPECT_GOOD(at.drive(pg::execute_dialogue{at.session, endless, at.rows.sink(), portal}));
    EXPECT_TRUE(portal.is_open());
    EXPECT_GOOD(at.drive(pg::stream_dialogue{at.session, portal}));
    EXPECT_FALSE(portal.is_open());
    EXPECT_GOOD(at.execute("select 'behind'"));
    // Broken off between two batches: draining ends it.
    if (!in_transaction) {
      EXPECT_GOOD(at.drive(pg::execute_dialogue{at.session, endless, at.rows.sink(), portal}));
      EXPECT_TRUE(at.session.can_drain());
      EXPECT_GOOD(at.drive(pg::drain_dialogue{at.session}));
      EXPECT_GOOD(at.execute("select 'behind'"));
    }
  }
}

TEST(PostgresDialogues, CopyGoesInAndOut) {
  connection at;
  EXPECT_GOOD(at.script("create temp table w(a int, b text)"));
  int next = 0;
  const pg::copy_source source{
      &next, [](void* state, dt::byte_buffer& out, const pg::copy_format& format, bool& is_last) -> dt::error_info {
        EXPECT_FALSE(format.is_binary);
        EXPECT_EQ(format.columns, 2);
        int& number = *static_cast<int*>(state);
        out.append(std::to_string(number) + "\tsome text of row " + std::to_string(number) + "\n");
        is_last = ++number == 20'000;
        return {};
      }};
  const auto done = at.drive(pg::copy_in_dialogue{at.session, "copy w from stdin", source});
  EXPECT_GOOD(done);
  EXPECT_EQ(done->rows_affected(), 20'000);
  std::string all;
  const pg::copy_sink sink{&all, [](void* state, dt::byte_view data, const pg::copy_format&) -> dt::error_info {
                             static_cast<std::string*>(state)->append(dt::as_text(data));
                             return {};
                           }};
  const auto out =
      at.drive(pg::copy_out_dialogue{at.session, "copy (select * from w order by a limit 2) to stdout", sink});
  EXPECT_GOOD(out);
  EXPECT_EQ(all, "0\tsome text of row 0\n1\tsome text of row 1\n");
  // Wrong data, a source that fails, statements that are no COPY: errors, and the session is good.
  const pg::copy_source wrong{nullptr, [](void*, dt::byte_buffer& to, const pg::copy_format&, bool& is_last) {
                                to.append(std::string_view{"x\n"});
                                is_last = true;
                                return dt::error_info{};
                              }};
  EXPECT_EQ(at.drive(pg::copy_in_dialogue{at.session, "copy w from stdin", wrong}).error().kind(), dt::condition::data);
  const pg::copy_source failing{nullptr, [](void*, dt::byte_buffer&, const pg::copy_format&, bool&) {
                                  return dt::error_info{errc::value_out_of_range};
                                }};
  EXPECT_EQ(at.drive(pg::copy_in_dialogue{at.session, "copy w from stdin", failing}).error().code(),
            errc::value_out_of_range);
  for (const char* text : {"select 1", "", "copy w to stdout", "create temp table x()"}) {
    EXPECT_EQ(at.drive(pg::copy_in_dialogue{at.session, text, failing}).error().code(), errc::operation_unsupported);
  }
  for (const char* text : {"select 1", "", "copy w from stdin", "create temp table y()"}) {
    EXPECT_EQ(at.drive(pg::copy_out_dialogue{at.session, text, sink}).error().code(), errc::operation_unsupported);
  }
  for (const char* text : {"copy w from stdin", "copy w to stdout"}) {
    EXPECT_EQ(at.execute(text).error().code(), errc::operation_unsupported);
    EXPECT_EQ(at.script(text).error().code(), errc::operation_unsupported);
  }
  EXPECT_GOOD(at.execute("select count(*)::text from w"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"20000"});
}

TEST(PostgresDialogues, ACopyThatIsBrokenOffLeavesNothing) {
  connection at;
  EXPECT_GOOD(at.script("create temp table z(a int)"));
  const pg::copy_source slow{nullptr, [](void*, dt::byte_buffer& out, const pg::copy_format&, bool&) {
                               out.append(std::string_view{"1\n"});
                               return dt::error_info{};
                             }};
  for (auto limit = 100ms; !at.session.can_drain(); limit *= 2) {  // more, when nothing was sent in time
    ASSERT_LT(limit, 60s);
    const auto done = at.drive(pg::copy_in_dialogue{at.session, "copy z from stdin", slow}, dt::deadline::after(limit));
    EXPECT_EQ(done.error().code(), errc::deadline_passed);
  }
  const auto end = at.drive(pg::drain_dialogue{at.session});
  ASSERT_TRUE(end) << end.error().message();
  EXPECT_EQ(end->failure.code(), pg::sqlstate::query_cancelled);
  EXPECT_GOOD(at.execute("select count(*)::text from z"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"0"});
}

TEST(PostgresDialogues, NotificationsAreQueuedAndWaitedFor) {
  connection listener;
  connection other;
  EXPECT_GOOD(listener.script("listen news"));
  EXPECT_GOOD(other.script("notify news, 'one'; notify news, 'two'"));
  for (const char* payload : {"one", "two"}) {
    const auto came = listener.drive(pg::wait_notification_dialogue{listener.session});
    ASSERT_TRUE(came) << came.error().message();
    EXPECT_EQ(came->channel, "news");
    EXPECT_EQ(came->payload, payload);
    EXPECT_EQ(came->process, other.session.facts.key.process);
  }
  const auto none = listener.drive(pg::wait_notification_dialogue{listener.session}, dt::deadline::after(50ms));
  EXPECT_EQ(none.error().code(), errc::deadline_passed);
  EXPECT_EQ(listener.session.health(), session_health::idle);
  EXPECT_GOOD(other.script("notify news, 'three'"));
  EXPECT_GOOD(listener.execute("select 'x'"));
  EXPECT_EQ(listener.session.notifications.size(), 1U);
}

}  // namespace
namespace {

/// Items whose texts and sinks live here.
struct pipeline {
  explicit pipeline(std::vector<std::string> statements) : texts(std::move(statements)), rows(texts.size()) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      items.push_back({.asked = {.text = texts[i]}, .rows = rows[i].sink()});
    }
  }
  std::vector<std::string> texts;
  std::vector<text_rows> rows;
  std::vector<pg::pipeline_item> items;
};

TEST(PostgresPipeline, EachStatementGetsItsOwnAnswer) {
  connection at;
  for (int round = 0; round < 2; ++round) {
    pipeline all{{"select 'a'", "select 'b' from generate_series(1, 2)", "select 'a'", "select 1/0", "selec", ""}};
    EXPECT_GOOD(at.drive(pg::pipeline_dialogue{at.session, all.items, pg::pipeline_sync::each}));
    EXPECT_EQ(all.rows[0].texts(), std::vector<std::string>{"a"});
    EXPECT_EQ(all.rows[1].texts(), (std::vector<std::string>{"b", "b"}));
    EXPECT_EQ(all.rows[2].texts(), std::vector<std::string>{"a"});
    EXPECT_EQ(all.items[1].done.tag.text(), "SELECT 2");
    EXPECT_EQ(all.items[3].failure.code(), pg::sqlstate::division_by_zero);
    EXPECT_EQ(all.items[4].failure.code(), pg::sqlstate::syntax_error);
    EXPECT_FALSE(all.items[5].failure);
    EXPECT_EQ(at.session.health(), session_health::idle);
  }
}

TEST(PostgresPipeline, AllOrNothing) {
  connection at;
  EXPECT_GOOD(at.script("create temp table p(a int primary key)"));
  pipeline good{{"insert into p values (1)", "insert into p values (2)"}};
  EXPECT_GOOD(at.drive(pg::pipeline_dialogue{at.session, good.items, pg::pipeline_sync::once}));
  EXPECT_EQ(good.items[1].done.tag.rows_affected(), 1);
  pipeline bad{{"insert into p values (3)", "insert into p values (1)", "insert into p values (4)"}};
  EXPECT_GOOD(at.drive(pg::pipeline_dialogue{at.session, bad.items, pg::pipeline_sync::once}));
  EXPECT_EQ(bad.items[0].failure.code(), errc::transaction_aborted);
  EXPECT_EQ(bad.items[1].failure.code(), pg::sqlstate::unique_violation);
  EXPECT_EQ(bad.items[2].failure.code(), errc::transaction_aborted);
  EXPECT_GOOD(at.execute("select count(*)::text from p"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"2"});
}

TEST(PostgresPipeline, ManyStatementsAndLargeResultsDoNotStandInEachOthersWay) {
  for (const auto sync : {pg::pipeline_sync::each, pg::pipeline_sync::once}) {
    connection at;
    std::vector<std::string> texts(3000, "select repeat('x', 20000)");
    texts.emplace_back("select 'end'");
    pipeline all{texts};
    EXPECT_GOOD(at.drive(pg::pipeline_dialogue{at.session, all.items, sync}));
    for (const pg::pipeline_item& each : all.items) ASSERT_FALSE(each.failure) << each.failure.message();
    EXPECT_EQ(all.rows.back().texts(), std::vector<std::string>{"end"});
    EXPECT_EQ(at.session.health(), session_health::idle);
  }
}

TEST(PostgresPipeline, LostStatementsArePreparedAgain) {
  for (const auto sync : {pg::pipeline_sync::each, pg::pipeline_sync::once}) {
    connection at;
    pipeline first{{"select 'a'", "select 'b'"}};
    EXPECT_GOOD(at.drive(pg::pipeline_dialogue{at.session, first.items, sync}));
    EXPECT_GOOD(at.script("deallocate all"));
    pipeline again{{"select 'a'", "select 'b'"}};
    EXPECT_GOOD(at.drive(pg::pipeline_dialogue{at.session, again.items, sync}));
    EXPECT_EQ(again.rows[0].texts(), std::vector<std::string>{"a"});
    EXPECT_EQ(again.rows[1].texts(), std::vector<std::string>{"b"});
  }
}

TEST(PostgresPipeline, InATransactionItSharesItsFate) {
  connection at;
  EXPECT_GOOD(at.script("create temp table q(a int)"));
  at.session.defer("begin");
  pipeline all{{"insert into q values (1)", "insert into q values (2)"}};
  EXPECT_GOOD(at.drive(pg::pipeline_dialogue{at.session, all.items, pg::pipeline_sync::each}));
  EXPECT_EQ(at.session.health(), session_health::in_transaction);
  EXPECT_GOOD(at.script("rollback"));
  EXPECT_GOOD(at.execute("select count(*)::text from q"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"0"});
  at.session.defer("begin nonsense");
  pipeline none{{"insert into q values (1)", "insert into q values (3)"}};
  const auto refused = at.drive(pg::pipeline_dialogue{at.session, none.items, pg::pipeline_sync::each});
  EXPECT_TRUE(!refused || none.items[0].failure);
  EXPECT_GOOD(at.execute("select count(*)::text from q"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"0"});
}

TEST(PostgresPipeline, WhatIsBrokenOffBetweenTwoWritesOfAllOrNothingIsUndone) {
  std::vector<std::string> texts(2000, "insert into r values (repeat('x', 10))");
  texts[900] = "select pg_sleep(600)";
  pipeline all{texts};
  std::optional<connection> with;
  for (auto limit = 500ms; !with || !with->is_asleep(); limit *= 2) {  // more, when the server was not that far
    ASSERT_LT(limit, 60s);
    with.emplace();
    EXPECT_GOOD(with->script("create temp table r(a text)"));
    const auto broken = with->drive(pg::pipeline_dialogue{with->session, all.items, pg::pipeline_sync::once},
                                    dt::deadline::after(limit));
    EXPECT_EQ(broken.error().code(), errc::deadline_passed);
  }
  connection& at = *with;
  at.cancel();
  EXPECT_GOOD(at.drive(pg::drain_dialogue{at.session}));
  EXPECT_GOOD(at.execute("select count(*)::text from r"));
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"0"});
}

}  // namespace
namespace {

struct numbers {
  int next = 1;
  int last = 0;
  int repeats = 0;  // the number that comes twice
  int fails_at = 0;
  static bool write(void* state, pg::parameter_list& to, dt::error_info& failure) {
    auto& self = *static_cast<numbers*>(state);
    if (self.next > self.last) return false;
    if (self.next == self.fails_at) return failure = errc::value_out_of_range, false;
    const std::string text = std::to_string(self.next == self.repeats ? self.next - 1 : self.next);
    dt::byte_buffer& out = to.begin(1);
    out.append_big(static_cast<std::uint32_t>(text.size()));
    out.append(std::string_view{text});
    to.end(true);
    ++self.next;
    return true;
  }
};

TEST(PostgresExecuteMany, ManyRowsAreInsertedOrNone) {
  for (const bool is_unnamed : {false, true}) {
    connection at{is_unnamed};
    EXPECT_GOOD(at.script("create temp table many(a int primary key)"));
    const auto insert = [&](numbers from) {
      return at.drive(pg::execute_many_dialogue{
          at.session, {.text = "insert into many values ($1) returning a"}, {&from, &numbers::write}});
    };
    const auto count = [&] {
      EXPECT_GOOD(at.execute("select count(*)::text from many"));
      return at.rows.texts().at(0);
    };
    const auto done = insert({.last = 20'000});
    EXPECT_GOOD(done);
    EXPECT_EQ(done->rows_affected, 20'000);
    EXPECT_EQ(count(), "20000");
    EXPECT_GOOD(insert({.next = 1, .last = 0}));
    const auto twice = insert({.next = 30'001, .last = 50'000, .repeats = 45'000});
    EXPECT_EQ(twice.error().code(), pg::sqlstate::unique_violation);
    EXPECT_EQ(twice.error().context(), "row 15000");
    EXPECT_EQ(count(), "20000");
    const auto wrong = insert({.next = 30'001, .last = 50'000, .fails_at = 49'000});
    EXPECT_EQ(wrong.error().code(), errc::value_out_of_range);
    EXPECT_EQ(wrong.error().context(), "row 19000");
    EXPECT_EQ(count(), "20000");
    EXPECT_EQ(insert({.next = 30'001, .last = 30'002, .fails_at = 30'001}).error().context(), "row 1");
    EXPECT_GOOD(at.script("deallocate all"));
    EXPECT_GOOD(insert({.next = 30'001, .last = 50'000}));
    EXPECT_EQ(count(), "40000");
    EXPECT_EQ(at.session.health(), session_health::idle);
  }
}

}  // namespace
