#include <dovetail/codec/postgres/execute.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;
using dt::test::text_arguments;

constexpr const char* sql = "select $1";
const std::string name = pg::statement_cache::name_of(sql, {});
const text_arguments one_argument{{"a"}};

pg::statement_request request(bool is_read_only = false) {
  return {.text = sql, .arguments = one_argument.writer(), .is_read_only = is_read_only};
}

const std::string prepare = wire::close(name) + wire::parse(name, sql) + wire::describe(name) + wire::sync();
const std::string prepared =
    wire::close_complete() + wire::parse_complete() + wire::parameters({25}) + wire::columns({"x"}) + wire::ready();
const std::string run = wire::bind(name, {"a"}) + wire::execute() + wire::sync();
const std::string answer =
    wire::bind_complete() + wire::row({"one"}) + wire::row({"two"}) + wire::complete("SELECT 2") + wire::ready();

struct PostgresExecute : testing::Test {
  open_session at;
  auto first() {
    return [this] {
      pg::session& on = at.fresh();
      return pg::execute_dialogue{on, request(), at.rows.sink()};
    };
  }
  /// On the session as it is.
  pg::execute_dialogue next() {
    at.rows.clear();
    return pg::execute_dialogue{*at, request(), at.rows.sink()};
  }
  void prepare_it() { ASSERT_FALSE(play(first()(), prepared + answer)); }
};

TEST_F(PostgresExecute, TheFirstUsePreparesAndTheNextIsOneWriteAndOneAnswer) {
  const pg::execution done = script(first()).write(prepare).read(prepared).write(run).read(answer).value();
  EXPECT_EQ(done.tag.text(), "SELECT 2");
  EXPECT_FALSE(done.is_suspended);
  EXPECT_EQ(at.rows.texts(), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(at.rows.columns, std::vector<std::string>{"x"});
  EXPECT_EQ(at.health(), session_health::idle);
  script(next()).write(run).read(answer).done();
  EXPECT_EQ(at.rows.texts().size(), 2U);
}

TEST_F(PostgresExecute, OneByteAReadMakesNoDifference) {
  script(first()).write(prepare).read(prepared).write(run).read(answer).one_byte_a_read().done();
  EXPECT_EQ(at.rows.texts(), (std::vector<std::string>{"one", "two"}));
}

/// What is seen of an execution from outside.
struct outcome {
  std::error_code ec;
  std::string message;
  std::string written;
  std::vector<std::string> rows;
  session_health health;
  std::size_t owed;
  bool operator==(const outcome&) const = default;
};

/// Plays the driver: with the request as much of the reply comes as `pieces` says first, then the next piece a read.
outcome played(open_session& at, pg::execute_dialogue dialogue, const std::string& reply,
               const std::vector<std::size_t>& pieces, bool at_once) {
  outcome seen{};
  std::size_t given = 0;
  std::size_t piece = 0;
  const auto give = [&](dt::byte_span into) {
    const std::size_t most = piece < pieces.size() ? pieces[piece++] : reply.size();
    const std::size_t size = reply.copy(reinterpret_cast<char*>(into.data()), std::min(into.size(), most), given);
    given += size;
    return size;
  };
  dt::event happened;
  for (int steps = 0; steps < 1000; ++steps) {
    const dt::action next = dialogue.resume(happened);
    happened = {};
    if (next.what() == dt::verb::done) {
      seen.ec = next.error();
      seen.message = dt::failure_of(dialogue, next.error()).message();
      seen.rows = at.rows.texts();
      seen.health = at.health();
      seen.owed = at->owed();
      return seen;
    }
    if (next.what() == dt::verb::exchange) {
      happened.bytes = next.output().size();
      seen.written += dt::as_text(next.output());
      if (!next.awaits_answer() || !at_once) continue;
      happened.received = give(next.input());
      if (happened.received == 0) happened.ec = errc::connection_closed;
    } else {
      EXPECT_EQ(next.what(), dt::verb::read);
      happened.bytes = give(next.input());
      if (happened.bytes == 0) happened.ec = errc::connection_closed;
    }
  }
  ADD_FAILURE() << "the dialogue does not end";
  return seen;
}

TEST_F(PostgresExecute, AnAnswerSplitAnywhereIsReadLikeAWholeOne) {
  prepare_it();
  const outcome whole = played(at, next(), answer, {}, true);
  EXPECT_FALSE(whole.ec);
  EXPECT_EQ(whole.rows, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(whole.written, run);
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    EXPECT_EQ(played(at, next(), answer, {cut}, true), whole) << cut;
    EXPECT_EQ(played(at, next(), answer, {cut}, false), whole) << cut;
  }
}

TEST_F(PostgresExecute, WhatComesInPlaceOfAnAnswerIsJudgedAsIfItCameAlone) {
  const std::vector<std::string> expected{wire::bind_complete(), wire::row({"one"}), wire::row({"two"}),
                                          wire::complete("SELECT 2"), wire::ready()};
  std::vector<std::string> others{wire::bind_complete(),
                                  wire::row({"three"}),
                                  wire::complete("SELECT 2"),
                                  wire::ready(),
                                  wire::ready('T'),
                                  wire::error("23505"),
                                  wire::error("57P01", "FATAL"),
                                  wire::parse_complete(),
                                  wire::close_complete(),
                                  "",
                                  std::string("2\0\0\0\6xx", 7),        // with a body
                                  std::string("D\0\0\0\6\xFF\xFF", 7),  // less than the columns that it says
                                  std::string("C\0\0\0\4", 5),          // without a tag
                                  std::string("C\0\0\0\6x\0", 7),
                                  std::string("C\0\0\0\7x\0y", 8),  // a zero byte within
                                  std::string("C\0\0\0\6xy", 7),    // none at its end
                                  std::string("Z\0\0\0\4", 5),
                                  std::string("Z\0\0\0\5x", 6),
                                  std::string("s\0\0\0\4", 5),  // PortalSuspended
                                  std::string("I\0\0\0\4", 5),  // EmptyQueryResponse
                                  std::string("d\0\0\0\4", 5),  // CopyData
                                  std::string("H\0\0\0\7\0\0\0", 8),
                                  std::string("N\0\0\0\5\0", 6),  // NoticeResponse
                                  std::string("2\0\0\0\3", 5),
                                  std::string("D\0\0\0\1", 5),
                                  std::string("C\xFF\0\0\0", 5)};
  for (std::size_t place = 0; place <= expected.size(); ++place) {
    for (std::size_t other = 0; other < others.size(); ++other) {
      for (const bool replaces : {true, false}) {
        std::string reply;
        for (std::size_t i = 0; i < expected.size(); ++i) {
          if (i == place) reply += others[other];
          if (i != place || !replaces) reply += expected[i];
        }
        const std::vector<std::size_t> bytes(reply.size(), 1);
        prepare_it();
        const outcome alone = played(at, next(), reply, bytes, false);
        prepare_it();
        EXPECT_EQ(played(at, next(), reply, {}, true), alone) << place << " " << other << " " << replaces;
      }
    }
  }
}

TEST_F(PostgresExecute, ALostConnectionAtAnyStepClosesTheSession) {
  const auto closed = [this] { EXPECT_EQ(at.health(), session_health::closed); };
  script(first()).write(prepare).read(prepared).write(run).read(answer).fail_each_step().leaves(closed);
}

TEST_F(PostgresExecute, CancelledAtAnyStepItCanBeDrainedOrWasNeverSent) {
  const auto usable = [this] {
    EXPECT_TRUE(at.health() == session_health::idle || at->can_drain());
    EXPECT_EQ(at->can_drain(), at->owed() != 0);
  };
  script(first()).write(prepare).read(prepared).write(run).read(answer).cancel_each_step().leaves(usable);
  script(first()).write(prepare).read(prepared).write(run).read(answer).time_out_each_step().leaves(usable);
}

TEST_F(PostgresExecute, WhatMayHaveBeenExecutedIsToldFromWhatCannotHaveBeen) {
  const std::error_code reset = std::make_error_code(std::errc::connection_reset);
  script(first()).write(prepare).read(prepared).write(run).failing(reset, run.size() - 1).done_with(reset);
  EXPECT_FALSE(at->may_have_executed());
  prepare_it();
  script(next()).write(run).read("").failing(reset).done_with(errc::outcome_unknown);
  EXPECT_TRUE(at->may_have_executed());
  prepare_it();
  script(pg::execute_dialogue{*at, request(true), at.rows.sink()}).write(run).read("").failing(reset).done_with(reset);
  prepare_it();
  at->facts.transaction_status = 'T';  // the connection took the transaction with it
  script(next()).write(run).read("").failing(reset).done_with(reset);
}

TEST_F(PostgresExecute, AnErrorOfTheServerLeavesTheSessionReady) {
  script(first()).write(prepare).read(wire::error("42601") + wire::ready()).done_with(pg::sqlstate::syntax_error);
  EXPECT_EQ(at.health(), session_health::idle);
  EXPECT_EQ(at->statements.size(), 0U);
  prepare_it();
  script(next())
      .write(run)
      .read(wire::bind_complete() + wire::row({"one"}) + wire::error("23505") + wire::ready('E'))
      .done_with(pg::sqlstate::unique_violation);
  EXPECT_EQ(at.health(), session_health::in_transaction);
  EXPECT_TRUE(at->is_transaction_failed());
}

TEST_F(PostgresExecute, WhyTheServerEndsTheConnectionIsNotLost) {
  prepare_it();
  script(next()).write(run).read(wire::error("57P01", "FATAL")).read_end().done_with(pg::make_error_code("57P01"));
  EXPECT_EQ(at.health(), session_health::closed);
}

TEST_F(PostgresExecute, StaleStatementsArePreparedAgainOutsideOfATransaction) {
  for (const char* code : {"26000", "0A000", "42P05", "42883", "42804", "XX000"}) {
    prepare_it();
    script(next())
        .write(run)
        .read(wire::error(code) + wire::ready())
        .write(prepare)
        .read(prepared)
        .write(run)
        .read(answer)
        .done();
    EXPECT_EQ(at.rows.texts().size(), 2U) << code;
    // In a transaction it has failed already; the statement is prepared again when it is over.
    at->facts.transaction_status = 'T';
    script(next()).write(run).read(wire::error(code) + wire::ready('E')).done_with(pg::make_error_code(code));
    EXPECT_EQ(at->statements.size(), 0U);
  }
}

TEST_F(PostgresExecute, AValueThatIsRefusedIsTriedAgainWhenTheParameterHasAnotherTypeNow) {
  prepare_it();
  const std::string other =
      wire::close_complete() + wire::parse_complete() + wire::parameters({2950}) + wire::columns({"x"}) + wire::ready();
  script(next())
      .write(run)
      .read(wire::error("22P02") + wire::ready())
      .write(prepare)
      .read(other)
      .write(run)
      .read(answer)
      .done();
  EXPECT_EQ(at.rows.texts().size(), 2U);
  // Else the first failure stands, and the statement is not sent again.
  script(next())
      .write(run)
      .read(wire::error("22P02") + wire::ready())
      .write(prepare)
      .read(other)
      .done_with(pg::sqlstate::invalid_text_representation);
  EXPECT_EQ(at.health(), session_health::idle);
  EXPECT_EQ(at->statements.size(), 1U);
  script(next()).write(run).read(answer).done();
  at->facts.transaction_status = 'T';
  script(next())
      .write(run)
      .read(wire::error("22P02") + wire::ready('E'))
      .done_with(pg::sqlstate::invalid_text_representation);
  EXPECT_EQ(at->statements.size(), 0U) << "whoever asks next has it anew";
}

TEST_F(PostgresExecute, MissingRightsAreNoReasonToPrepareAgain) {
  prepare_it();
  script(next()).write(run).read(wire::error("42501") + wire::ready()).done_with(pg::sqlstate::insufficient_privilege);
  EXPECT_EQ(at->statements.size(), 1U);
}

TEST_F(PostgresExecute, AnErrorBehindBindIsNotTakenForAStaleStatement) {
  prepare_it();
  script(next())
      .write(run)
      .read(wire::bind_complete() + wire::error("0A000") + wire::ready())
      .done_with(pg::sqlstate::feature_not_supported);
  EXPECT_EQ(at->statements.size(), 1U);
}

TEST_F(PostgresExecute, UnnamedStatementsKeepTheServerBetweenDescribeAndExecute) {
  open_session unnamed{0};
  script([&] {
    pg::session& on = unnamed.fresh();
    return pg::execute_dialogue{on, request(), unnamed.rows.sink()};
  })
      .write(wire::parse("", sql) + wire::describe("") + wire::flush())
      .read(wire::parse_complete() + wire::parameters({25}) + wire::columns({"x"}))
      .write(wire::bind("", {"a"}) + wire::execute() + wire::sync())
      .read(answer)
      .done();
  EXPECT_EQ(unnamed.health(), session_health::idle);
  script([&] {
    return pg::execute_dialogue{unnamed.fresh(), request()};
  })
      .write(wire::parse("", sql) + wire::describe("") + wire::flush())
      .read(wire::error("42601"))
      .write(wire::sync())
      .read(wire::ready())
      .done_with(pg::sqlstate::syntax_error);
  EXPECT_EQ(unnamed.health(), session_health::idle);
}

TEST_F(PostgresExecute, WhatTheServerSaysUnaskedMayComeAnywhere) {
  struct {
    int notices = 0;
  } heard;
  const std::string unasked =
      wire::notice() + wire::parameter("TimeZone", "Europe/Zurich") + wire::notification("news", "hello");
  pg::execute_dialogue dialogue = first()();
  at->facts.notices = {&heard, [](void* state, dt::server_fields&& said) {
                         EXPECT_EQ(said.message, "by the way");
                         ++static_cast<decltype(heard)*>(state)->notices;
                       }};
  EXPECT_FALSE(play(std::move(dialogue), unasked + wire::close_complete() + unasked + wire::parse_complete() + unasked +
                                             wire::parameters({25}) + wire::columns({"x"}) + unasked + wire::ready() +
                                             wire::bind_complete() + wire::row({"one"}) + unasked + wire::row({"two"}) +
                                             wire::complete("SELECT 2") + wire::ready() + unasked));
  EXPECT_EQ(heard.notices, 5);
  EXPECT_EQ(at.rows.texts().size(), 2U);
  EXPECT_EQ(at->facts.parameters.find("TimeZone"), "Europe/Zurich");
  EXPECT_EQ(at->notifications.size(), 5U);
  // What came behind the end is taken by the next one.
  EXPECT_FALSE(play(next(), answer));
  EXPECT_EQ(heard.notices, 6);
}

TEST_F(PostgresExecute, WhatIsDeferredGoesInFront) {
  prepare_it();
  at->defer("begin");
  EXPECT_TRUE(at->is_in_transaction());
  const std::string begun = wire::parse_complete() + wire::bind_complete() + wire::complete("BEGIN");
  script(next())
      .write(wire::deferred("begin") + run)
      .read(begun + wire::bind_complete() + wire::complete("SELECT 0") + wire::ready('T'))
      .done();
  EXPECT_FALSE(at->has_deferred());
  EXPECT_EQ(at.health(), session_health::in_transaction);
  script(next()).write(run).read(wire::bind_complete() + wire::complete("SELECT 0") + wire::ready('T')).done();
}

TEST_F(PostgresExecute, WhatIsDeferredAndWasNotSentStays) {
  prepare_it();
  at->defer("begin");
  script(next()).write(wire::deferred("begin") + run).cancelled().done_with(errc::cancelled);
  EXPECT_TRUE(at->is_begin_deferred());
  EXPECT_EQ(at.health(), session_health::idle);
  EXPECT_EQ(at->owed(), 0U);
  EXPECT_FALSE(at->needs_sync());
  script(next()).write(wire::deferred("begin") + run).cancelled(1).done_with(errc::cancelled);
  EXPECT_FALSE(at->has_deferred());
  EXPECT_TRUE(at->can_drain());
}

TEST_F(PostgresExecute, ADeferredStatementThatFailsIsTheFailure) {
  prepare_it();
  at->defer("begin");
  script(next())
      .write(wire::deferred("begin") + run)
      .read(wire::error("25006") + wire::ready())
      .done_with(pg::sqlstate::read_only_transaction);
  EXPECT_FALSE(at->is_in_transaction());
}

TEST_F(PostgresExecute, StatementsThatTheCacheDropsAreClosedInTheNextBatch) {
  open_session small{1};
  const std::string other = pg::statement_cache::name_of("select 2", {});
  EXPECT_FALSE(play(pg::execute_dialogue{*small, request(), small.rows.sink()}, prepared + answer));
  std::string written;
  EXPECT_FALSE(play(pg::execute_dialogue{*small, {.text = "select 2"}},
                    wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::no_data() +
                        wire::ready() + wire::close_complete() + wire::bind_complete() + wire::complete("SET") +
                        wire::ready(),
                    &written));
  EXPECT_EQ(written, wire::close(other) + wire::parse(other, "select 2") + wire::describe(other) + wire::sync() +
                         wire::close(name) + wire::bind(other) + wire::execute() + wire::sync());
}

TEST_F(PostgresExecute, ASinkThatRefusesTheColumnsKeepsTheStatementFromRunning) {
  script([&] {
    pg::session& on = at.fresh();
    at.rows.refuses = {errc::row_mismatch, "no such field"};
    return pg::execute_dialogue{on, request(), at.rows.sink()};
  })
      .write(prepare)
      .read(prepared)
      .done_with(errc::row_mismatch);
  EXPECT_EQ(at.health(), session_health::idle);
  EXPECT_EQ(at->owed(), 0U);
  EXPECT_EQ(at->statements.size(), 1U);
}

TEST_F(PostgresExecute, ATextThatIsTheLostStatementsOwnIsThereToTheEnd) {
  const std::string anew =
      wire::close_complete() + wire::parse_complete() + wire::parameters({25}) + wire::columns({"new"}) + wire::ready();
  const std::string_view marked{"the literal"};
  const auto own = [&] {
    pg::session& on = at.fresh();
    pg::statement_request asked = request();
    asked.literal = marked;
    EXPECT_FALSE(play(pg::execute_dialogue{on, asked, at.rows.sink()}, prepared + answer));
    asked.text = on.statements.native_text(marked, {});
    EXPECT_EQ(asked.text, sql);
    at.rows.clear();
    return asked;
  };
  const auto is_there = [](const pg::statement_request& asked) { EXPECT_EQ(std::string{asked.text}, sql); };
  {
    const pg::statement_request asked = own();
    at.rows.wants = "new";
    pg::execute_dialogue again{*at, asked, at.rows.sink()};
    EXPECT_FALSE(play(again, anew + answer));
    is_there(asked);
    at.rows.wants.clear();
  }
  const pg::statement_request asked = own();
  pg::execute_dialogue again{*at, asked, at.rows.sink()};
  EXPECT_FALSE(play(again, wire::error("26000") + wire::ready() + anew + answer));
  is_there(asked);
}

TEST_F(PostgresExecute, ColumnsThatDoNotFitAreDescribedAnewWhenTheyWereKept) {
  const std::string changed =
      wire::close_complete() + wire::parse_complete() + wire::parameters({25}) + wire::columns({"new"}) + wire::ready();
  for (const char* status : {"I", "T"}) {
    const auto good = [&](auto&& s) -> auto& {
      return s.write(prepare).read(changed).write(run).read(wire::bind_complete() + wire::row({"one"}) +
                                                            wire::complete("SELECT 1") + wire::ready(*status));
    };
    const auto kept = [&] {
      at.fresh();
      prepare_it();
      if (*status == 'T') at->facts.transaction_status = 'T';  // nothing of it is sent that could fail
      at.rows.wants = "new";
      return next();
    };
    good(script(kept())).done();
    EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"one"});
    EXPECT_EQ(at->statements.size(), 1U);
    good(script(kept)).one_byte_a_read().done();
    script(next()).write(run).read(answer).done();  // and kept
    at.rows.wants = "neither";
    script(next()).write(prepare).read(changed).done_with(errc::row_mismatch);
    EXPECT_EQ(at.health(), session_health::idle);
    at.rows.wants.clear();
  }
}

TEST_F(PostgresExecute, ARowThatFailsEndsTheResultAndTheRestIsSkipped) {
  prepare_it();
  at.rows.fails_at = 1;
  script(next()).write(run).read(answer).done_with(errc::malformed_value);
  EXPECT_EQ(at.rows.texts(), std::vector<std::string>{"one"});
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresExecute, ArgumentsAreSentInTheirOrderAndCounted) {
  const std::vector<std::uint32_t> two{25, 25};
  const std::string described =
      wire::close_complete() + wire::parse_complete() + wire::parameters(two) + wire::columns({"x"}) + wire::ready();
  for (const std::vector<std::uint32_t>& order : {std::vector<std::uint32_t>{1, 2}, {2, 1}}) {
    const text_arguments given{{"a", "bc"}, order};
    std::string written;
    EXPECT_FALSE(play(pg::execute_dialogue{at.fresh(), {.text = sql, .arguments = given.writer()}}, described + answer,
                      &written));
    EXPECT_TRUE(written.ends_with(wire::bind(name, {"a", "bc"}) + wire::execute() + wire::sync()));
  }
  for (const text_arguments& wrong : {text_arguments{{"a"}}, text_arguments{{"a", "b"}, {1, 1}},
                                      text_arguments{{"a", "b", "c"}}, text_arguments{{}}}) {
    EXPECT_EQ(play(pg::execute_dialogue{at.fresh(), {.text = sql, .arguments = wrong.writer()}}, described),
              errc::wrong_argument_count);
    EXPECT_EQ(at.health(), session_health::idle);
    EXPECT_EQ(at->owed(), 0U);
  }
}

TEST_F(PostgresExecute, DeclaredTypesAreSentAndTellStatementsApart) {
  const std::vector<std::uint32_t> types{20};
  const std::string typed = pg::statement_cache::name_of(sql, types);
  EXPECT_NE(typed, name);
  std::string written;
  EXPECT_FALSE(play(pg::execute_dialogue{at.fresh(), {.text = sql, .types = types, .arguments = one_argument.writer()}},
                    prepared + answer, &written));
  EXPECT_TRUE(written.starts_with(wire::close(typed) + wire::parse(typed, sql, types)));
  EXPECT_FALSE(at->statements.find(sql, {}, {}));
  EXPECT_TRUE(at->statements.find(sql, {}, types));
}

TEST_F(PostgresExecute, ATextWithAZeroByteIsNotSent) {
  const std::string text{"select 1\0; drop table t", 22};
  std::string written;
  EXPECT_EQ(play(pg::execute_dialogue{at.fresh(), {.text = text}}, "", &written), errc::malformed_statement);
  EXPECT_EQ(written, "");
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresExecute, ARowLimitMayEndTheResult) {
  prepare_it();
  pg::statement_request limited = request();
  limited.row_limit = 1;
  const pg::execution done = script(pg::execute_dialogue{*at, limited, at.rows.sink()})
                                 .write(wire::bind(name, {"a"}) + wire::execute(1) + wire::sync())
                                 .read(wire::bind_complete() + wire::row({"one"}) + wire::suspended() + wire::ready())
                                 .value();
  EXPECT_TRUE(done.is_suspended);
}

TEST_F(PostgresExecute, CopyIsRefusedAndTheSessionStaysGood) {
  prepare_it();
  script(next())
      .write(run)
      .read(wire::bind_complete() + wire::copy_in())
      .write(wire::message('f', wire::text("")) + wire::sync())
      .read(wire::error("57014") + wire::ready())
      .done_with(errc::operation_unsupported);
  EXPECT_EQ(at.health(), session_health::idle);
  script(next())
      .write(run)
      .read(wire::bind_complete() + wire::copy_out() + wire::copy_data("x") + wire::message('c') +
            wire::complete("COPY 1") + wire::ready())
      .done_with(errc::operation_unsupported);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresExecute, AMessageThatDoesNotBelongClosesTheSession) {
  const std::string all[] = {wire::close_complete(), wire::parse_complete(),     wire::bind_complete(),
                             wire::no_data(),        wire::suspended(),          wire::complete("X"),
                             wire::parameters({}),   wire::columns({}),          wire::row({}),
                             wire::ready(),          wire::message('W', "abc"),  wire::message('?'),
                             wire::copy_data("x"),   wire::message('R', "1234"), wire::message('V', "1234")};
  // In place of each message of a good conversation, every other one.
  const std::string good[] = {wire::close_complete(), wire::parse_complete(), wire::parameters({25}),
                              wire::columns({"x"}),   wire::ready(),          wire::bind_complete(),
                              wire::complete("X"),    wire::ready()};
  for (std::size_t place = 0; place < std::size(good); ++place) {
    std::string before;
    for (std::size_t i = 0; i < place; ++i) before += good[i];
    for (const std::string& wrong : all) {
      const bool fits = wrong[0] == good[place][0] || (good[place][0] == 'T' && wrong[0] == 'n') ||
                        (good[place][0] == 'C' && wrong[0] == 'D');
      if (fits) continue;
      dt::error_info failure;
      EXPECT_EQ(play(first()(), before + wrong, nullptr, &failure), errc::unexpected_message)
          << "'" << wrong[0] << "' in place of '" << good[place][0] << "'";
      EXPECT_NE(failure.context().find(wrong[0]), std::string_view::npos);
      EXPECT_EQ(at.health(), session_health::closed);
    }
  }
}

TEST_F(PostgresExecute, WhatCameUnaskedBeforeAStatementIsNoAnswerToIt) {
  prepare_it();
  EXPECT_FALSE(play(next(), answer + wire::complete("SELECT 1")));
  std::string written;
  EXPECT_EQ(play(next(), answer, &written), errc::unexpected_message);
  EXPECT_EQ(written, "");
  EXPECT_EQ(at.health(), session_health::closed);
}

TEST_F(PostgresExecute, MalformedMessagesCloseTheSession) {
  const std::string bound = prepared + wire::bind_complete();
  for (const std::string& wrong :
       {wire::close_complete() + wire::parse_complete() + wire::message('t', wire::int16(2) + wire::int32(25)),
        wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::message('T', wire::int16(-1)),
        wire::close_complete() + wire::parse_complete() + wire::parameters({}) +
            wire::message('T', wire::int16(1) + std::string(19, 'x')),
        bound + wire::message('C', "SELECT 1"), bound + wire::complete("A") + wire::message('Z', "II"),
        bound + wire::complete("A") + wire::message('Z', "X"), bound + wire::message('A', "abc"),
        bound + wire::message('S', wire::text("name")), bound + wire::message('E', "Sxyz"),
        bound + "C" + wire::int32(3), bound + "D" + wire::int32(-1)}) {
    const std::error_code ec = play(first()(), wrong);
    EXPECT_EQ(ec, dt::condition::protocol) << ec.message() << " " << dt::test::shown(dt::as_byte_view(wrong));
    EXPECT_EQ(at.health(), session_health::closed);
  }
}

TEST_F(PostgresExecute, ALengthIsBelievedWhenItsBytesAreThere) {
  const std::string bound = prepared + wire::bind_complete();
  EXPECT_EQ(play(first()(), bound + "D" + wire::int32(1 << 19) + "abc"), errc::outcome_unknown);  // the stream ended
  EXPECT_LE(at->facts.input.capacity(), 64U * 1024);
  EXPECT_EQ(play(first()(), bound + "D" + wire::int32(1 << 20)), errc::frame_too_large);
  EXPECT_LE(at->facts.input.capacity(), 64U * 1024);
  const std::string large(500'000, 'x');
  EXPECT_FALSE(
      play(first()(), bound + wire::row({large}) + wire::row({"y"}) + wire::complete("SELECT 2") + wire::ready()));
  EXPECT_EQ(at.rows.texts(), (std::vector<std::string>{large, "y"}));
}

TEST_F(PostgresExecute, ASessionThatReadsTextsOtherwiseThanTheyAreJudgedSendsNothingMore) {
  for (const std::string& reported :
       {wire::parameter("standard_conforming_strings", "off"), wire::parameter("client_encoding", "BIG5")}) {
    at.fresh();
    prepare_it();
    EXPECT_FALSE(play(next(), wire::bind_complete() + wire::complete("SELECT 0") + reported + wire::ready('T')));
    EXPECT_EQ(at.health(), session_health::closed);
    std::string written;
    dt::error_info why;
    EXPECT_EQ(play(next(), answer, &written, &why), errc::invalid_state);
    EXPECT_NE(why.message().find("standard_conforming_strings"), std::string::npos) << why.message();
    EXPECT_EQ(written, "");
  }
  // Reported between two statements: the server's files were read again.
  prepare_it();
  EXPECT_FALSE(play(next(), answer + wire::parameter("standard_conforming_strings", "off")));
  std::string written;
  EXPECT_EQ(play(next(), answer, &written), errc::invalid_state);
  EXPECT_EQ(written, "");
  EXPECT_EQ(at.health(), session_health::closed);
  // Turned off and on again by one statement.
  prepare_it();
  EXPECT_FALSE(play(next(), wire::bind_complete() + wire::parameter("standard_conforming_strings", "off") +
                                wire::complete("SELECT 0") + wire::parameter("standard_conforming_strings", "on") +
                                wire::ready()));
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresExecute, ASessionThatIsNotReadyIsRefused) {
  for (const session_health health : {session_health::closed, session_health::desynchronised}) {
    at.fresh().facts.health = health;
    EXPECT_EQ(play(next(), ""), errc::invalid_state);
  }
}

}  // namespace
