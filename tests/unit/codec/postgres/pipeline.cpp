#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/codec/postgres/pipeline.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;
using dt::test::text_arguments;
using dt::test::text_rows;

const std::string a = pg::statement_cache::name_of("a", {});
const std::string b = pg::statement_cache::name_of("b", {});

std::string prepare(const std::string& name, const std::string& sql) {
  return wire::close(name) + wire::parse(name, sql) + wire::describe(name) + wire::sync();
}
const std::string prepared =
    wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::columns({"x"}) + wire::ready();
std::string run(const std::string& name) { return wire::bind(name) + wire::execute(); }
std::string answer(const std::string& value) {
  return wire::bind_complete() + wire::row({value}) + wire::complete("SELECT 1");
}

struct PostgresPipelines : testing::Test {
  open_session at{4};
  std::vector<text_rows> rows;
  std::vector<pg::pipeline_item> items;

  auto pipeline(std::vector<const char*> texts, pg::pipeline_sync sync) {
    return [this, texts, sync] {
      at.fresh();
      return next(texts, sync);
    };
  }
  /// On the session as it is.
  pg::pipeline_dialogue next(const std::vector<const char*>& texts, pg::pipeline_sync sync) {
    items.clear();
    rows = std::vector<text_rows>(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      items.push_back({.asked = {.text = texts[i]}, .rows = rows[i].sink()});
    }
    return pg::pipeline_dialogue{*at, items, sync};
  }
  /// "a" and "b" are prepared.
  void prepare_both() {
    ASSERT_FALSE(play(pipeline({"a", "b"}, pg::pipeline_sync::each)(),
                      prepared + prepared + answer("1") + wire::ready() + answer("2") + wire::ready()));
  }
};

TEST_F(PostgresPipelines, WhatIsNotPreparedIsPreparedInOneWriteAndAllIsExecutedInOne) {
  const auto good = [&](auto&& s) -> auto& {
    return s.write(prepare(a, "a") + prepare(b, "b"))
        .read(prepared + prepared)
        .write(run(a) + wire::sync() + run(b) + wire::sync() + run(a) + wire::sync())
        .read(answer("1") + wire::ready() + answer("2") + wire::ready() + answer("3") + wire::ready());
  };
  const auto each = pipeline({"a", "b", "a"}, pg::pipeline_sync::each);
  good(script(each)).done();
  EXPECT_EQ(rows[0].texts(), std::vector<std::string>{"1"});
  EXPECT_EQ(rows[1].texts(), std::vector<std::string>{"2"});
  EXPECT_EQ(rows[2].texts(), std::vector<std::string>{"3"});
  EXPECT_EQ(at.health(), session_health::idle);
  good(script(each)).one_byte_a_read().done();
  good(script(each)).fail_each_step().leaves([this] { EXPECT_EQ(at.health(), session_health::closed); });
  good(script(each)).cancel_each_step().leaves([this] { EXPECT_EQ(at->can_drain(), at->owed() != 0); });
}

TEST_F(PostgresPipelines, OneSyncMakesAllOrNothing) {
  prepare_both();
  script(next({"a", "b"}, pg::pipeline_sync::once))
      .write(run(a) + run(b) + wire::sync())
      .read(answer("1") + answer("2") + wire::ready())
      .done();
  script(next({"a", "b", "a"}, pg::pipeline_sync::once))
      .write(run(a) + run(b) + run(a) + wire::sync())
      .read(answer("1") + wire::bind_complete() + wire::error("23505") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), errc::transaction_aborted);
  EXPECT_NE(items[0].failure.context().find("statement 2"), std::string_view::npos);
  EXPECT_EQ(items[1].failure.code(), pg::sqlstate::unique_violation);
  EXPECT_EQ(items[2].failure.code(), errc::transaction_aborted);
  // Deferred constraints fail at the Sync.
  script(next({"a", "b"}, pg::pipeline_sync::once))
      .write(run(a) + run(b) + wire::sync())
      .read(answer("1") + answer("2") + wire::error("23503") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), errc::transaction_aborted);
  EXPECT_EQ(items[1].failure.code(), pg::sqlstate::foreign_key_violation);
}

TEST_F(PostgresPipelines, AnswersThatComeTogetherAreTakenOneByOneFromWhereOneIsUnusual) {
  prepare_both();
  const auto three = [&] { return next({"a", "b", "a"}, pg::pipeline_sync::once); };
  const std::string asked = run(a) + run(b) + run(a) + wire::sync();
  for (const std::string& second : {answer("2"), wire::notice() + answer("2"),
                                    wire::bind_complete() + wire::notice() + wire::row({"2"}) + wire::complete("A"),
                                    wire::bind_complete() + wire::row({"2"}) + wire::notice() + wire::complete("A")}) {
    const auto good = [&](auto&& s) -> auto& {
      return s.write(asked).read(answer("1") + second + answer("3") + wire::ready());
    };
    good(script(three())).done();
    for (const std::size_t i : {0U, 1U, 2U}) {
      EXPECT_EQ(rows[i].texts(), std::vector<std::string>{std::to_string(i + 1)});
      EXPECT_FALSE(items[i].failure);
      EXPECT_TRUE(items[i].has_rows);
    }
    EXPECT_EQ(items[1].done.tag.text(),
              second == answer("2") || second == wire::notice() + answer("2") ? "SELECT 1" : "A");
    EXPECT_EQ(at.health(), session_health::idle);
    good(script(three)).one_byte_a_read().done();
  }
  for (const std::string& tag : {std::string{}, std::string{"SELECT 1"}, std::string{"SELECT\0001\0", 9}}) {
    prepare_both();
    EXPECT_EQ(play(three(), answer("1") + wire::bind_complete() + wire::row({"2"}) + wire::message('C', tag)),
              errc::malformed_frame);
  }
  prepare_both();
  auto dialogue = three();
  rows[1].fails_at = 1;  // of the reading of its rows only: the third's are read
  script(std::move(dialogue)).write(asked).read(answer("1") + answer("2") + answer("3") + wire::ready()).done();
  EXPECT_EQ(items[1].failure.code(), errc::malformed_value);
  EXPECT_EQ(rows[2].texts(), std::vector<std::string>{"3"});
}

TEST_F(PostgresPipelines, AFailureIsThatOfItsStatement) {
  prepare_both();
  script(next({"a", "b", "a"}, pg::pipeline_sync::each))
      .write(run(a) + wire::sync() + run(b) + wire::sync() + run(a) + wire::sync())
      .read(wire::error("22012") + wire::ready() + wire::bind_complete() + wire::error("23505") + wire::ready() +
            answer("3") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), pg::sqlstate::division_by_zero);
  EXPECT_EQ(items[1].failure.code(), pg::sqlstate::unique_violation);
  EXPECT_FALSE(items[2].failure);
  EXPECT_EQ(rows[2].texts(), std::vector<std::string>{"3"});
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresPipelines, AStatementThatCannotBePreparedLeavesTheOthersAlone) {
  script(pipeline({"a", "b", "a"}, pg::pipeline_sync::each))
      .write(prepare(a, "a") + prepare(b, "b"))
      .read(wire::close_complete() + wire::error("42601") + wire::ready() + prepared)
      .write(run(b) + wire::sync())
      .read(answer("2") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), pg::sqlstate::syntax_error);
  EXPECT_FALSE(items[1].failure);
  EXPECT_EQ(items[2].failure.code(), pg::sqlstate::syntax_error);  // the same text
  script(pipeline({"a", "b"}, pg::pipeline_sync::once))
      .write(prepare(a, "a") + prepare(b, "b"))
      .read(wire::close_complete() + wire::error("42601") + wire::ready() + prepared)
      .done();
  EXPECT_EQ(items[1].failure.code(), errc::transaction_aborted);
}

TEST_F(PostgresPipelines, RowsAndArgumentsThatFailConcernTheirStatementOnly) {
  prepare_both();
  const text_arguments wrong{{"too many"}};
  pg::pipeline_dialogue dialogue = next({"a", "b", "a", "b"}, pg::pipeline_sync::each);
  items[0].asked.arguments = wrong.writer();
  rows[1].fails_at = 1;
  rows[2].refuses = errc::row_mismatch;
  script(std::move(dialogue))
      .write(prepare(a, "a") + prepare(b, "b"))  // its columns might have changed
      .read(prepared + prepared)
      .write(run(b) + wire::sync() + run(b) + wire::sync())
      .read(answer("2") + wire::ready() + answer("4") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), errc::wrong_argument_count);
  EXPECT_EQ(items[1].failure.code(), errc::malformed_value);
  EXPECT_EQ(items[2].failure.code(), errc::row_mismatch);
  EXPECT_FALSE(items[3].failure);
  // All or nothing: then nothing is sent.
  pg::pipeline_dialogue once = next({"a", "b"}, pg::pipeline_sync::once);
  items[1].asked.arguments = wrong.writer();
  script(std::move(once)).done();
  EXPECT_EQ(items[0].failure.code(), errc::transaction_aborted);
  EXPECT_EQ(items[1].failure.code(), errc::wrong_argument_count);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresPipelines, ColumnsThatDoNotFitAreDescribedAnewBeforeAnythingIsExecuted) {
  const std::string changed =
      wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::columns({"new"}) + wire::ready();
  for (const auto sync : {pg::pipeline_sync::each, pg::pipeline_sync::once}) {
    prepare_both();
    pg::pipeline_dialogue dialogue = next({"a", "b", "a"}, sync);
    rows[1].wants = "new";
    const std::string between = sync == pg::pipeline_sync::each ? wire::sync() : "";
    const std::string ready = sync == pg::pipeline_sync::each ? wire::ready() : "";
    script(std::move(dialogue))
        .write(prepare(a, "a") + prepare(b, "b"))
        .read(prepared + changed)
        .write(run(a) + between + run(b) + between + run(a) + wire::sync())
        .read(answer("1") + ready + answer("2") + ready + answer("3") + wire::ready())
        .done();
    for (const std::size_t i : {0U, 1U, 2U}) {
      EXPECT_EQ(rows[i].texts(), std::vector<std::string>{std::to_string(i + 1)});
      EXPECT_FALSE(items[i].failure);
    }
  }
}

TEST_F(PostgresPipelines, AmongThoseThatCannotBePreparedTheKeptOneIsDescribedAnew) {
  ASSERT_FALSE(play(pipeline({"b"}, pg::pipeline_sync::each)(), prepared + answer("2") + wire::ready()));
  const std::string refused = wire::close_complete() + wire::error("42601") + wire::ready();
  pg::pipeline_dialogue dialogue = next({"a", "b"}, pg::pipeline_sync::each);
  rows[1].wants = "new";
  script(std::move(dialogue)).write(prepare(a, "a")).read(refused).write(prepare(b, "b")).read(prepared).done();
  EXPECT_EQ(items[0].failure.code(), pg::sqlstate::syntax_error);
  EXPECT_EQ(items[1].failure.code(), errc::row_mismatch);
}

TEST_F(PostgresPipelines, AnAllOrNothingPipelineInSeveralWritesIsUndoneWhenItEndsEarly) {
  prepare_both();
  const std::string large(40'000, 'x');
  const text_arguments argument{{large}};
  const text_arguments wrong{{}};
  const std::string described =
      wire::close_complete() + wire::parse_complete() + wire::parameters({25}) + wire::columns({"x"}) + wire::ready();
  const auto start = [&] {
    at.fresh();
    pg::pipeline_dialogue dialogue = next({"a", "a"}, pg::pipeline_sync::once);
    for (pg::pipeline_item& each : items) each.asked.arguments = argument.writer();
    return dialogue;
  };
  const std::string one = wire::bind(a, {large}) + wire::execute();
  script(start)
      .write(prepare(a, "a"))
      .read(described)
      .write(one + wire::flush())
      .read(answer("1"))
      .write(one + wire::sync())
      .read(answer("2") + wire::ready())
      .done();
  const std::string undo = wire::execute(0, "dovetail_cancelled") + wire::sync();
  // The second statement's arguments are wrong: what the first did must not be committed.
  script([&] {
    pg::pipeline_dialogue dialogue = start();
    items[1].asked.arguments = wrong.writer();
    return dialogue;
  })
      .write(prepare(a, "a"))
      .read(described)
      .write(one + wire::flush())
      .read(answer("1"))
      .write(undo)
      .read(wire::error("34000") + wire::ready())
      .done();
  EXPECT_EQ(items[1].failure.code(), errc::wrong_argument_count);
  EXPECT_EQ(items[0].failure.code(), errc::transaction_aborted);
  EXPECT_EQ(at.health(), session_health::idle);
  // Cancelled between the two writes.
  script(start)
      .write(prepare(a, "a"))
      .read(described)
      .write(one + wire::flush())
      .read(answer("1"))
      .write(one + wire::sync())
      .cancelled()
      .done_with(errc::cancelled);
  script([&] { return pg::drain_dialogue{*at}; }).write(undo).read(wire::error("34000") + wire::ready()).done();
  EXPECT_EQ(at.health(), session_health::idle);
  // Cancelled in the middle of the first.
  script(start)
      .write(prepare(a, "a"))
      .read(described)
      .write(one + wire::flush())
      .cancelled(10)
      .done_with(errc::cancelled);
  script([&] { return pg::drain_dialogue{*at}; })
      .write((one + wire::flush()).substr(10) + undo)
      .read(answer("1") + wire::error("34000") + wire::ready())
      .done();
}

TEST_F(PostgresPipelines, LostStatementsArePreparedAgainWhenNothingBehindThemRan) {
  prepare_both();
  const std::string lost = wire::error("26000") + wire::ready();
  script(next({"a", "b"}, pg::pipeline_sync::each))
      .write(run(a) + wire::sync() + run(b) + wire::sync())
      .read(answer("1") + wire::ready() + lost)
      .write(prepare(b, "b"))
      .read(prepared)
      .write(run(b) + wire::sync())
      .read(answer("2") + wire::ready())
      .done();
  EXPECT_FALSE(items[1].failure);
  EXPECT_EQ(rows[0].texts().size(), 1U);
  EXPECT_EQ(rows[1].texts(), std::vector<std::string>{"2"});
  script(next({"a", "b"}, pg::pipeline_sync::each))
      .write(run(a) + wire::sync() + run(b) + wire::sync())
      .read(lost + answer("2") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), pg::sqlstate::invalid_statement_name);
}

TEST_F(PostgresPipelines, WhatWasPreparedForOtherTypesIsPreparedAgain) {
  prepare_both();
  script(next({"a", "b"}, pg::pipeline_sync::once))
      .write(run(a) + run(b) + wire::sync())
      .read(answer("1") + wire::error("42883") + wire::ready())
      .done();
  EXPECT_EQ(items[1].failure.code(), pg::sqlstate::function_not_found) << "the sink has been given rows";
  EXPECT_EQ(at->statements.size(), 1U);
  prepare_both();
  script(next({"a", "b"}, pg::pipeline_sync::once))
      .write(run(a) + run(b) + wire::sync())
      .read(wire::error("XX000") + wire::ready())
      .write(prepare(a, "a") + prepare(b, "b"))
      .read(prepared + prepared)
      .write(run(a) + run(b) + wire::sync())
      .read(answer("1") + answer("2") + wire::ready())
      .done();
  EXPECT_FALSE(items[0].failure || items[1].failure);
  // Behind Bind such a code says nothing of the statement.
  for (const pg::pipeline_sync sync : {pg::pipeline_sync::each, pg::pipeline_sync::once}) {
    prepare_both();
    const bool is_once = sync == pg::pipeline_sync::once;
    script(next({"b"}, sync))
        .write(run(b) + wire::sync())
        .read(wire::bind_complete() + wire::error("42883") + wire::ready())
        .done();
    EXPECT_EQ(items[0].failure.code(), pg::sqlstate::function_not_found) << is_once;
    EXPECT_EQ(at->statements.size(), 2U);
  }
  // A value that does not fit: the next call prepares again.
  script(next({"a", "b"}, pg::pipeline_sync::each))
      .write(run(a) + wire::sync() + run(b) + wire::sync())
      .read(answer("1") + wire::ready() + wire::error("22P02") + wire::ready())
      .done();
  EXPECT_EQ(items[1].failure.code(), pg::sqlstate::invalid_text_representation);
  EXPECT_EQ(at->statements.size(), 1U);
}

TEST_F(PostgresPipelines, WhatIsAskedAsTheOneBeforeIsDescribedWithIt) {
  const auto same = [this](const std::vector<const char*>& texts, pg::pipeline_sync sync) {
    pg::pipeline_dialogue dialogue = next(texts, sync);
    for (std::size_t i = 1; i < texts.size(); ++i) items[i].is_as_before = texts[i] == texts[i - 1];
    return dialogue;
  };
  at.fresh();
  const char* const of_a = "a";
  script(same({of_a, of_a, of_a}, pg::pipeline_sync::once))
      .write(prepare(a, "a"))
      .read(prepared)
      .write(run(a) + run(a) + run(a) + wire::sync())
      .read(answer("1") + answer("2") + answer("3") + wire::ready())
      .done();
  for (const std::size_t i : {0U, 1U, 2U}) {
    EXPECT_EQ(rows[i].texts(), std::vector<std::string>{std::to_string(i + 1)});
    EXPECT_EQ(rows[i].columns.size(), i == 0 ? 1U : 0U);
    EXPECT_EQ(items[i].done.tag.text(), "SELECT 1");
  }
  // What keeps the first from being executed keeps all of them.
  prepare_both();
  pg::pipeline_dialogue unfit = same({of_a, of_a, "b"}, pg::pipeline_sync::each);
  rows[0].wants = "new";
  script(std::move(unfit))
      .write(prepare(a, "a") + prepare(b, "b"))
      .read(prepared + prepared)
      .write(run(b) + wire::sync())
      .read(answer("3") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), errc::row_mismatch);
  EXPECT_EQ(items[1].failure.code(), errc::row_mismatch);
  EXPECT_EQ(rows[2].texts(), std::vector<std::string>{"3"});
  at.fresh();
  script(same({of_a, of_a, "b"}, pg::pipeline_sync::each))
      .write(prepare(a, "a") + prepare(b, "b"))
      .read(wire::close_complete() + wire::error("42601") + wire::ready() + prepared)
      .write(run(b) + wire::sync())
      .read(answer("3") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), pg::sqlstate::syntax_error);
  EXPECT_EQ(items[1].failure.code(), pg::sqlstate::syntax_error);
  // But one that its caller has given up says nothing of those behind.
  at.fresh();
  pg::pipeline_dialogue behind = same({of_a, of_a, of_a}, pg::pipeline_sync::each);
  items[0].failure = errc::cancelled;
  script(std::move(behind))
      .write(prepare(a, "a"))
      .read(prepared)
      .write(run(a) + wire::sync() + run(a) + wire::sync())
      .read(answer("2") + wire::ready() + answer("3") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), errc::cancelled);
  EXPECT_EQ(rows[1].columns.size(), 1U);
  EXPECT_EQ(rows[2].texts(), std::vector<std::string>{"3"});
}

TEST_F(PostgresPipelines, BehindOneThatIsGivenUpWhatIsPreparedIsFoundAndNotPreparedAgain) {
  prepare_both();
  const char* const of_a = "a";
  pg::pipeline_dialogue behind = next({of_a, of_a, "b"}, pg::pipeline_sync::apart);
  items[0].failure = errc::cancelled;
  script(std::move(behind))
      .write(run(a) + wire::sync() + run(b) + wire::sync())
      .read(answer("2") + wire::ready() + answer("3") + wire::ready())
      .done();
  EXPECT_EQ(items[0].failure.code(), errc::cancelled);
  EXPECT_EQ(rows[1].texts(), std::vector<std::string>{"2"});
  EXPECT_EQ(at->statements.size(), 2U);
}

TEST_F(PostgresPipelines, WhatIsRepeatedIsDescribedAnewAlthoughItWasAskedAsTheOneBefore) {
  prepare_both();
  const char* const of_a = "a";
  const std::string lost = wire::error("26000") + wire::ready();
  const auto three = [&] {
    pg::pipeline_dialogue dialogue = next({of_a, of_a, of_a}, pg::pipeline_sync::each);
    items[1].is_as_before = items[2].is_as_before = true;
    return dialogue;
  };
  const std::string asked = run(a) + wire::sync() + run(a) + wire::sync() + run(a) + wire::sync();
  script(three())
      .write(asked)
      .read(answer("1") + wire::ready() + lost + lost)
      .write(prepare(a, "a"))
      .read(prepared)
      .write(run(a) + wire::sync() + run(a) + wire::sync())
      .read(answer("2") + wire::ready() + answer("3") + wire::ready())
      .done();
  for (const std::size_t i : {0U, 1U, 2U}) {
    EXPECT_FALSE(items[i].failure);
    EXPECT_EQ(rows[i].texts(), std::vector<std::string>{std::to_string(i + 1)});
  }
  EXPECT_EQ(rows[1].columns.size(), 1U);
  EXPECT_EQ(rows[2].columns.size(), 0U);
  pg::pipeline_dialogue changed = three();
  rows[1].wants = "x";
  script(std::move(changed))
      .write(asked)
      .read(answer("1") + wire::ready() + lost + lost)
      .write(prepare(a, "a"))
      .read(wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::columns({"y"}) +
            wire::ready())
      .done();
  EXPECT_FALSE(items[0].failure);
  EXPECT_EQ(items[1].failure.code(), errc::row_mismatch);
  EXPECT_EQ(items[2].failure.code(), errc::row_mismatch);
}

TEST_F(PostgresPipelines, OfStatementsEachForItselfThoseBeforeTheEndOfTheConnectionHaveBeenExecuted) {
  const std::string last_words = wire::error("57P01", "FATAL");
  const std::string sent = run(a) + wire::sync() + run(b) + wire::sync();
  const auto ended = pg::make_error_code("57P01");
  const auto ends = [&](pg::pipeline_sync sync, const std::string& before, std::error_code expected) {
    prepare_both();
    pg::pipeline_dialogue each = next({"a", "b"}, sync);
    dt::error_info why;
    std::string written;
    EXPECT_EQ(play(std::move(each), before + last_words, &written, &why), expected) << before.size();
    EXPECT_EQ(written, sent);
    EXPECT_EQ(why.server().sqlstate, "57P01");
    EXPECT_EQ(at.health(), session_health::closed);
  };
  const std::string first = answer("1");
  ends(pg::pipeline_sync::each, "", ended);
  ends(pg::pipeline_sync::each, wire::bind_complete(), ended);
  ends(pg::pipeline_sync::each, wire::error("22012") + wire::ready(), ended);
  ends(pg::pipeline_sync::each, first, errc::outcome_unknown);  // its commit may have been
  ends(pg::pipeline_sync::each, first + wire::ready(), errc::outcome_unknown);
  ends(pg::pipeline_sync::each, first + wire::ready() + wire::bind_complete(), errc::outcome_unknown);
  ends(pg::pipeline_sync::apart, first + wire::ready(), ended);  // who asked for the first one has his answer
}

TEST_F(PostgresPipelines, OfStatementsEachForItselfAnyMayHaveBeenExecutedOnceSomeBytesHaveLeft) {
  const auto reset = std::make_error_code(std::errc::connection_reset);
  for (const std::size_t left : {0U, 10U}) {
    prepare_both();
    pg::pipeline_dialogue each = next({"a", "b"}, pg::pipeline_sync::each);
    EXPECT_EQ(each.resume({}).what(), dt::verb::exchange);
    const dt::action ended = each.resume({.ec = reset, .bytes = left});
    EXPECT_EQ(ended.error(), left == 0 ? reset : make_error_code(errc::outcome_unknown)) << left;
    // All or nothing: without its Sync nothing of it stays.
    prepare_both();
    pg::pipeline_dialogue once = next({"a", "b"}, pg::pipeline_sync::once);
    static_cast<void>(once.resume({}));
    EXPECT_EQ(once.resume({.ec = reset, .bytes = left}).error(), reset) << left;
  }
  // In several writes: those of the first have been executed, whatever becomes of the second.
  const std::string large(40'000, 'x');
  const text_arguments argument{{large}};
  at.fresh();
  pg::pipeline_dialogue dialogue = next({"a", "a"}, pg::pipeline_sync::each);
  for (pg::pipeline_item& every : items) every.asked.arguments = argument.writer();
  const std::string one = wire::bind(a, {large}) + wire::execute() + wire::sync();
  script(std::move(dialogue))
      .write(prepare(a, "a"))
      .read(wire::close_complete() + wire::parse_complete() + wire::parameters({25}) + wire::columns({"x"}) +
            wire::ready())
      .write(one)
      .read(answer("1") + wire::ready())
      .write(one)
      .failing(reset)
      .done_with(errc::outcome_unknown);
}

TEST_F(PostgresPipelines, InATransactionOneSyncIsEnough) {
  prepare_both();
  at->defer("begin");
  script(next({"a", "b"}, pg::pipeline_sync::each))
      .write(wire::deferred("begin") + run(a) + run(b) + wire::sync())
      .read(wire::parse_complete() + wire::bind_complete() + wire::complete("BEGIN") + answer("1") + answer("2") +
            wire::ready('T'))
      .done();
  at->facts.transaction_status = 'I';
  at->defer("begin");
  script(next({"a", "b"}, pg::pipeline_sync::each))
      .write(wire::deferred("begin") + run(a) + run(b) + wire::sync())
      .read(wire::error("25006") + wire::ready())
      .done();
  EXPECT_TRUE(items[0].failure);
  EXPECT_TRUE(items[1].failure);
}

TEST_F(PostgresPipelines, OtherDeferredStatementsGoFirst) {
  prepare_both();
  at->defer("discard temp");
  script(next({"a"}, pg::pipeline_sync::each))
      .write(wire::deferred("discard temp") + wire::sync())
      .read(wire::parse_complete() + wire::bind_complete() + wire::complete("DISCARD TEMP") + wire::ready())
      .write(run(a) + wire::sync())
      .read(answer("1") + wire::ready())
      .done();
}

TEST_F(PostgresPipelines, NoStatementsAreNoWork) {
  script(pipeline({}, pg::pipeline_sync::each)).done();
  open_session unnamed{0};
  EXPECT_EQ(play(pg::pipeline_dialogue{*unnamed, items, pg::pipeline_sync::each}, ""), errc::operation_unsupported);
}

TEST_F(PostgresPipelines, AMessageThatDoesNotBelongClosesTheSession) {
  for (const auto sync : {pg::pipeline_sync::each, pg::pipeline_sync::once}) {
    for (const std::string& wrong :
         {wire::ready(), wire::complete("A"), wire::row({"x"}), wire::bind_complete() + wire::bind_complete(),
          wire::bind_complete() + wire::suspended(), wire::bind_complete() + wire::copy_in(), wire::columns({}),
          answer("1") + wire::complete("A"), answer("1") + wire::row({"x"})}) {
      prepare_both();
      EXPECT_EQ(play(next({"a", "b"}, sync), wrong), errc::unexpected_message)
          << dt::test::shown(dt::as_byte_view(wrong));
      EXPECT_EQ(at.health(), session_health::closed);
    }
  }
}

}  // namespace
