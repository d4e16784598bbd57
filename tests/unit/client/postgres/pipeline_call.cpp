#include <dovetail/client/postgres/pipeline_call.hpp>
#include <dovetail/codec/postgres/drain.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;

struct named {
  std::string name;
};

const std::vector<std::uint32_t> int8_types{20};
const std::string by_id = pg::statement_cache::name_of("select name from t where id = $1", int8_types);
const std::string all_names = pg::statement_cache::name_of("select name from t", {});
const std::string removal = pg::statement_cache::name_of("delete from t", {});

std::string prepare(const std::string& name, const std::string& sql, const std::vector<std::uint32_t>& types = {}) {
  return wire::close(name) + wire::parse(name, sql, types) + wire::describe(name) + wire::sync();
}
std::string prepared(const std::vector<std::uint32_t>& types, const std::string& columns) {
  return wire::close_complete() + wire::parse_complete() + wire::parameters(types) + columns + wire::ready();
}
/// One column of the type with this OID.
std::string column_of(std::uint32_t type) {
  return wire::message('T', wire::int16(1) + wire::text("x") + wire::int32(0) + wire::int16(0) + wire::int32(type) +
                                wire::int16(-1) + wire::int32(-1) + wire::int16(0));
}
/// One parameter of eight bytes, in binary.
std::string bind_id(char id) {
  const std::string value = std::string(7, '\0') + id;
  return wire::message('B', wire::text("") + wire::text(by_id) + wire::int16(1) + wire::int16(1) + wire::int16(1) +
                                wire::int32(8) + value + wire::int16(1) + wire::int16(1));
}
std::string rows_of(const std::vector<std::string>& names) {
  std::string bytes = wire::bind_complete();
  for (const std::string& name : names) bytes += wire::row({name});
  return bytes + wire::complete("SELECT " + std::to_string(names.size()));
}

using one_name = decltype(pg::query_one<named>("select name from t where id = $1", std::int64_t{1}));
using names = decltype(pg::query<named>("select name from t"));
using change = decltype(pg::execute("delete from t"));
using mixed = std::tuple<one_name, names, change>;

mixed three() {
  return {pg::query_one<named>("select name from t where id = $1", std::int64_t{7}),
          pg::query<named>("select name from t"), pg::execute("delete from t")};
}

const std::string prepare_three = prepare(by_id, "select name from t where id = $1", int8_types) +
                                  prepare(all_names, "select name from t") + prepare(removal, "delete from t");
const std::string three_prepared = prepared(int8_types, wire::columns({"name"})) +
                                   prepared({}, wire::columns({"name"})) + prepared({}, wire::no_data());

struct PostgresPipelineCalls : testing::Test {
  open_session at{8};

  template <bool IsEach>
  struct call : pg::detail::pipeline_call<mixed, IsEach> {
    call(pg::session& on, const pg::pipelined<mixed, IsEach>& op)
        : pg::detail::pipeline_call<mixed, IsEach>(on, op, false) {}
  };
  const pg::pipelined<mixed, false> once{three()};
  const pg::pipelined<mixed, true> each{three()};

  auto all_or_nothing() {
    return [this] { return call<false>{at.fresh(), once}; };
  }
  auto each_for_itself() {
    return [this] { return call<true>{at.fresh(), each}; };
  }
  template <class Script>
  static auto& run_once(Script&& s) {
    return s.write(prepare_three)
        .read(three_prepared)
        .write(bind_id(7) + wire::execute() + wire::bind(all_names) + wire::execute() + wire::bind(removal) +
               wire::execute() + wire::sync());
  }
  template <class Script>
  static auto& run_each(Script&& s) {
    return s.write(prepare_three)
        .read(three_prepared)
        .write(bind_id(7) + wire::execute() + wire::sync() + wire::bind(all_names) + wire::execute() + wire::sync() +
               wire::bind(removal) + wire::execute() + wire::sync());
  }
};

const std::string deleted = wire::bind_complete() + wire::complete("DELETE 3");

TEST_F(PostgresPipelineCalls, OneSyncGivesATupleWhateverStepFailsOrIsCancelled) {
  const auto good = [](auto&& s) -> auto& {
    return run_once(s).read(rows_of({"a"}) + rows_of({"b", "c"}) + deleted + wire::ready());
  };
  const auto all = good(script(all_or_nothing())).value();
  EXPECT_EQ(std::get<0>(all).name, "a");
  ASSERT_EQ(std::get<1>(all).size(), 2U);
  EXPECT_EQ(std::get<1>(all)[1].name, "c");
  EXPECT_EQ(std::get<2>(all).rows_affected, 3);
  good(script(all_or_nothing())).one_byte_a_read().done();
  good(script(all_or_nothing())).fail_each_step().leaves([this] { EXPECT_EQ(at.health(), session_health::closed); });
  good(script(all_or_nothing())).cancel_each_step().leaves([this] { EXPECT_EQ(at->can_drain(), at->owed() != 0); });
}

TEST_F(PostgresPipelineCalls, ASyncForEachGivesATupleOfResultsWhateverStepFailsOrIsCancelled) {
  const auto good = [](auto&& s) -> auto& {
    return run_each(s).read(rows_of({"a"}) + wire::ready() + wire::bind_complete() + wire::error("42501") +
                            wire::ready() + deleted + wire::ready());
  };
  const auto all = good(script(each_for_itself())).value();
  ASSERT_TRUE(std::get<0>(all));
  EXPECT_EQ(std::get<0>(all)->name, "a");
  ASSERT_FALSE(std::get<1>(all));
  EXPECT_EQ(std::get<1>(all).error().server().sqlstate, "42501");
  EXPECT_NE(std::get<1>(all).error().where().line(), 0U);
  ASSERT_TRUE(std::get<2>(all));
  EXPECT_EQ(std::get<2>(all)->rows_affected, 3);
  good(script(each_for_itself())).one_byte_a_read().done();
  good(script(each_for_itself())).fail_each_step().leaves([this] { EXPECT_EQ(at.health(), session_health::closed); });
  good(script(each_for_itself())).cancel_each_step().leaves([this] { EXPECT_EQ(at->can_drain(), at->owed() != 0); });
}

TEST_F(PostgresPipelineCalls, TheFailureOfOneIsThatOfAllAndSaysWhichItWas) {
  const std::string answers[] = {
      wire::error("42501") + wire::ready(),
      rows_of({"a"}) + wire::error("42501") + wire::ready(),
      rows_of({"a"}) + rows_of({}) + wire::bind_complete() + wire::error("42501") + wire::ready(),
  };
  for (std::size_t i = 0; i < 3; ++i) {
    dt::error_info failure;
    EXPECT_TRUE(play(all_or_nothing()(), three_prepared + answers[i], nullptr, &failure));
    EXPECT_EQ(failure.server().sqlstate, "42501");
    EXPECT_NE(failure.context().find("statement " + std::to_string(i + 1) + " of the pipeline"), std::string_view::npos)
        << failure.context();
    EXPECT_EQ(failure.context().find("executed"), std::string_view::npos);
    EXPECT_EQ(at.health(), session_health::idle);
  }
}

TEST_F(PostgresPipelineCalls, AFailureOfReadingSaysThatAllWereExecuted) {
  dt::error_info failure;
  EXPECT_EQ(
      play(all_or_nothing()(), three_prepared + rows_of({}) + rows_of({}) + deleted + wire::ready(), nullptr, &failure),
      errc::no_row);
  EXPECT_NE(failure.context().find("statement 1 of the pipeline (all of them have been executed)"),
            std::string_view::npos)
      << failure.context();
  EXPECT_EQ(play(all_or_nothing()(), three_prepared + rows_of({"a", "b"}) + rows_of({}) + deleted + wire::ready()),
            errc::too_many_rows);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresPipelineCalls, ColumnsThatDoNotFitKeepAllFromBeingExecuted) {
  dt::error_info failure;
  std::string written;
  const std::string wrong = prepared(int8_types, wire::columns({"nmae"})) + prepared({}, wire::columns({"name"})) +
                            prepared({}, wire::no_data());
  EXPECT_EQ(play(all_or_nothing()(), wrong, &written, &failure), errc::row_mismatch);
  EXPECT_EQ(written, prepare_three);
  EXPECT_NE(failure.context().find("statement 1 of the pipeline: "), std::string_view::npos) << failure.context();
  EXPECT_NE(failure.context().find("nmae"), std::string_view::npos) << failure.context();
}

TEST_F(PostgresPipelineCalls, StatementsOfOneTypeGiveAVector) {
  std::vector<one_name> asked;
  for (const std::int64_t id : {1, 2, 3}) {
    asked.push_back(pg::query_one<named>("select name from t where id = $1", id));
  }
  const pg::pipelined<const std::vector<one_name>&, false> op{asked};
  EXPECT_TRUE(op.is_idempotent());
  const std::vector<named> all =
      script([&] {
        return pg::detail::pipeline_call<const std::vector<one_name>&, false>{at.fresh(), op, false};
      })
          .write(prepare(by_id, "select name from t where id = $1", int8_types))
          .read(prepared(int8_types, wire::columns({"name"})))
          .write(bind_id(1) + wire::execute() + bind_id(2) + wire::execute() + bind_id(3) + wire::execute() +
                 wire::sync())
          .read(rows_of({"a"}) + rows_of({"b"}) + rows_of({"c"}) + wire::ready())
          .value();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].name, "c");
  const pg::pipelined<std::vector<one_name>, true> none{{}};
  EXPECT_TRUE(script([&] {
                return pg::detail::pipeline_call<std::vector<one_name>, true>{at.fresh(), none, false};
              })
                  .value()
                  .empty());
}

TEST_F(PostgresPipelineCalls, OfStatementsOfOneTypeEachOneFailsForItself) {
  std::vector<one_name> asked;
  for (const std::int64_t id : {1, 2, 3, 4}) {
    asked.push_back(pg::query_one<named>("select name from t where id = $1", id));
  }
  const pg::pipelined<const std::vector<one_name>&, true> op{asked};
  const auto all =
      script([&] {
        return pg::detail::pipeline_call<const std::vector<one_name>&, true>{at.fresh(), op, false};
      })
          .write(prepare(by_id, "select name from t where id = $1", int8_types))
          .read(prepared(int8_types, wire::columns({"name"})))
          .write(bind_id(1) + wire::execute() + wire::sync() + bind_id(2) + wire::execute() + wire::sync() +
                 bind_id(3) + wire::execute() + wire::sync() + bind_id(4) + wire::execute() + wire::sync())
          .read(rows_of({}) + wire::ready() + rows_of({"b", "c"}) + wire::ready() + wire::bind_complete() +
                wire::error("22012") + wire::ready() + rows_of({"a long name that no string holds in itself"}) +
                wire::ready())
          .value();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0].error().code(), errc::no_row);
  EXPECT_NE(all[0].error().where().line(), 0U);
  EXPECT_EQ(all[1].error().code(), errc::too_many_rows);
  EXPECT_EQ(all[2].error().server().sqlstate, "22012");
  EXPECT_EQ(all[3].value().name, "a long name that no string holds in itself");
}

TEST_F(PostgresPipelineCalls, StatementsOfOneTypeMayHaveDifferentTextsAndGiveNoRow) {
  using one_number = decltype(pg::query_optional<std::int32_t>("select 1"));
  std::vector<one_number> asked;
  for (int i = 0; i < 2; ++i) {
    asked.push_back(pg::query_optional<std::int32_t>("select 1"));
    asked.push_back(pg::query_optional<std::int32_t>(dt::runtime("select 2")));
    asked.push_back(pg::query_optional<std::int32_t>(dt::runtime("select 2")));
  }
  const std::string one = pg::statement_cache::name_of("select 1", {});
  const std::string two = pg::statement_cache::name_of("select 2", {});
  const auto number = [](char last) { return wire::bind_complete() + wire::row({std::string(3, '\0') + last}); };
  const std::string done = wire::complete("SELECT 1");
  const std::string an_int4 = column_of(23);
  const pg::pipelined<std::vector<one_number>, false> op{asked};
  const std::vector<std::optional<std::int32_t>> all =
      script([&] {
        return pg::detail::pipeline_call<std::vector<one_number>, false>{at.fresh(), op, false};
      })
          .write(prepare(one, "select 1") + prepare(two, "select 2"))
          .read(prepared({}, an_int4) + prepared({}, an_int4))
          .write(wire::bind(one) + wire::execute() + wire::bind(two) + wire::execute() + wire::bind(two) +
                 wire::execute() + wire::bind(one) + wire::execute() + wire::bind(two) + wire::execute() +
                 wire::bind(two) + wire::execute() + wire::sync())
          .read(number(1) + done + rows_of({}) + number(3) + done + number(4) + done + number(5) + done + rows_of({}) +
                wire::ready())
          .value();
  EXPECT_EQ(all, (std::vector<std::optional<std::int32_t>>{1, std::nullopt, 3, 4, 5, std::nullopt}));
}

TEST_F(PostgresPipelineCalls, OneBoolEachIsAVectorOfThem) {
  using one_bool = decltype(pg::query_value<bool>("select true"));
  const pg::pipelined<std::vector<one_bool>, false> op{
      {pg::query_value<bool>("select true"), pg::query_value<bool>("select true")}};
  const std::string name = pg::statement_cache::name_of("select true", {});
  const std::vector<bool> all =
      script([&] {
        return pg::detail::pipeline_call<std::vector<one_bool>, false>{at.fresh(), op, false};
      })
          .write(prepare(name, "select true"))
          .read(prepared({}, column_of(16)))
          .write(wire::bind(name) + wire::execute() + wire::bind(name) + wire::execute() + wire::sync())
          .read(rows_of({std::string(1, '\1')}) + rows_of({std::string(1, '\0')}) + wire::ready())
          .value();
  EXPECT_EQ(all, (std::vector<bool>{true, false}));
}

TEST_F(PostgresPipelineCalls, ARefusedTextIsRefusedForAllThatAskIt) {
  using ask_one = decltype(pg::query_one<named>("select name from t"));
  const std::vector<ask_one> asked(2, pg::query_one<named>(dt::runtime("commit")));
  const pg::pipelined<const std::vector<ask_one>&, true> op{asked};
  const auto all = script([&] {
                     return pg::detail::pipeline_call<const std::vector<ask_one>&, true>{at.fresh(), op, false};
                   }).value();
  ASSERT_EQ(all.size(), 2U);
  for (const auto& one : all) EXPECT_FALSE(one);
}

TEST_F(PostgresPipelineCalls, WhatIsWrongBeforeAnythingIsSentFailsAllOrItsOwnStatement) {
  using pair = std::tuple<change, change>;
  const pair wrong{pg::execute("delete from t"), pg::execute(dt::runtime("commit"))};
  const pg::pipelined<pair, false> all{wrong};
  EXPECT_FALSE(all.is_idempotent());
  dt::error_info failure;
  std::string written;
  EXPECT_EQ(play(pg::detail::pipeline_call<pair, false>{at.fresh(), all, false}, "", &written, &failure),
            errc::invalid_state);
  EXPECT_EQ(written, "");
  EXPECT_NE(failure.context().find("statement 2 of the pipeline"), std::string_view::npos) << failure.context();
  const pg::pipelined<pair, true> own{wrong};
  const auto both = script([&] {
                      return pg::detail::pipeline_call<pair, true>{at.fresh(), own, false};
                    })
                        .write(prepare(removal, "delete from t"))
                        .read(prepared({}, wire::no_data()))
                        .write(wire::bind(removal) + wire::execute() + wire::sync())
                        .read(deleted + wire::ready())
                        .value();
  EXPECT_TRUE(std::get<0>(both));
  EXPECT_EQ(std::get<1>(both).error().code(), errc::invalid_state);
}

/// Statements of one text that the session has prepared: they are a series.
struct PostgresPipelineSeries : testing::Test {
  open_session at{8};

  static std::vector<one_name> names_of(std::int64_t count) {
    std::vector<one_name> asked;
    for (std::int64_t id = 1; id <= count; ++id) {
      asked.push_back(pg::query_one<named>("select name from t where id = $1", id));
    }
    return asked;
  }
  template <class Op, bool IsEach>
  using call_of = pg::detail::pipeline_call<const std::vector<Op>&, IsEach>;

  /// A call whose statement was prepared by a pipeline before it.
  template <bool IsEach, class Op>
  auto call(const std::vector<Op>& asked, const std::string& answers_before) {
    pg::session& on = at.fresh();
    const std::vector<Op> one(asked.begin(), asked.begin() + 1);
    const pg::pipelined<const std::vector<Op>&, false> first{one};
    EXPECT_FALSE(play(call_of<Op, false>{on, first, false}, answers_before));
    const pg::pipelined<const std::vector<Op>&, IsEach> op{asked};
    return call_of<Op, IsEach>{on, op, false};
  }
  template <bool IsEach>
  auto of_names(const std::vector<one_name>& asked) {
    return [this, &asked] {
      return call<IsEach>(asked, prepared(int8_types, wire::columns({"name"})) + rows_of({"before"}) + wire::ready());
    };
  }
  static std::string binds(std::int64_t count, const std::string& between = "") {
    std::string bytes;
    for (std::int64_t id = 1; id <= count; ++id) {
      bytes += bind_id(static_cast<char>(id)) + wire::execute() + between;
    }
    return bytes;
  }
};

TEST_F(PostgresPipelineSeries, AreAnsweredAsOneWhateverStepFailsOrIsCancelled) {
  const std::vector<one_name> asked = names_of(3);
  const std::string answers = rows_of({"a"}) + rows_of({"b"}) + rows_of({"a long name that no string holds in itself"});
  const auto once = [&](auto&& s) -> auto& { return s.write(binds(3) + wire::sync()).read(answers + wire::ready()); };
  const std::vector<named> all = once(script(of_names<false>(asked))).value();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].name, "a");
  EXPECT_EQ(all[2].name, "a long name that no string holds in itself");
  once(script(of_names<false>(asked))).one_byte_a_read().done();
  once(script(of_names<false>(asked))).fail_each_step().leaves([this] {
    EXPECT_EQ(at.health(), session_health::closed);
  });
  once(script(of_names<false>(asked))).cancel_each_step().leaves([this] {
    EXPECT_EQ(at->can_drain(), at->owed() != 0);
  });
}

TEST_F(PostgresPipelineSeries, WithASyncEachAreAnsweredAsOneToo) {
  const std::vector<one_name> asked = names_of(3);
  const std::string answers = rows_of({"a"}) + wire::ready() + rows_of({"b"}) + wire::ready() + rows_of({"c"});
  const auto each = [&](auto&& s) -> auto& { return s.write(binds(3, wire::sync())).read(answers + wire::ready()); };
  const auto all = each(script(of_names<true>(asked))).value();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].value().name, "c");
  each(script(of_names<true>(asked))).one_byte_a_read().done();
  each(script(of_names<true>(asked))).fail_each_step().leaves([this] {
    EXPECT_EQ(at.health(), session_health::closed);
  });
  each(script(of_names<true>(asked))).cancel_each_step().leaves([this] {
    EXPECT_EQ(at->can_drain(), at->owed() != 0);
  });
}

TEST_F(PostgresPipelineSeries, WhereOneFailsThoseBeforeItKeepTheirRows) {
  const std::vector<one_name> asked = names_of(5);
  const std::string refused = wire::bind_complete() + wire::error("22012");
  const auto all = script(of_names<true>(asked))
                       .write(binds(5, wire::sync()))
                       .read(rows_of({"a"}) + wire::ready() + rows_of({}) + wire::ready() + refused + wire::ready() +
                             rows_of({"d", "e"}) + wire::ready() + rows_of({"f"}) + wire::ready())
                       .value();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].value().name, "a");
  EXPECT_EQ(all[1].error().code(), errc::no_row);
  EXPECT_EQ(all[2].error().server().sqlstate, "22012");
  EXPECT_EQ(all[3].error().code(), errc::too_many_rows);
  EXPECT_EQ(all[4].value().name, "f");
}

TEST_F(PostgresPipelineSeries, TheFailureOfOneIsThatOfAllAndSaysWhichItWas) {
  const std::vector<one_name> asked = names_of(3);
  for (const bool is_bound : {false, true}) {
    dt::error_info failure;
    const std::string begun = is_bound ? wire::bind_complete() : "";
    EXPECT_TRUE(play(of_names<false>(asked)(), rows_of({"a"}) + begun + wire::error("42501") + wire::ready(), nullptr,
                     &failure));
    EXPECT_EQ(failure.server().sqlstate, "42501");
    EXPECT_NE(failure.context().find("statement 2 of the pipeline"), std::string_view::npos) << failure.context();
    EXPECT_EQ(failure.context().find("executed"), std::string_view::npos) << failure.context();
    EXPECT_EQ(at.health(), session_health::idle);
  }
  // At the Sync: all was executed, and is undone.
  dt::error_info failure;
  EXPECT_TRUE(play(of_names<false>(asked)(),
                   rows_of({"a"}) + rows_of({"b"}) + rows_of({"c"}) + wire::error("23503") + wire::ready(), nullptr,
                   &failure));
  EXPECT_EQ(failure.server().sqlstate, "23503");
}

TEST_F(PostgresPipelineSeries, AFailureOfReadingSaysThatAllWereExecuted) {
  const std::vector<one_name> asked = names_of(3);
  const auto fails = [&](const std::string& second) {
    dt::error_info failure;
    const std::error_code ec =
        play(of_names<false>(asked)(), rows_of({"a"}) + second + rows_of({"c"}) + wire::ready(), nullptr, &failure);
    EXPECT_NE(failure.context().find("statement 2 of the pipeline (all of them have been executed)"),
              std::string_view::npos)
        << failure.context();
    EXPECT_EQ(at.health(), session_health::idle);
    return ec;
  };
  EXPECT_EQ(fails(rows_of({})), errc::no_row);
  EXPECT_EQ(fails(rows_of({"b", "c"})), errc::too_many_rows);
}

// A BindComplete that is none: no value has been begun that its rows, or its end, could be written to.
TEST_F(PostgresPipelineSeries, ABindCompleteWithABodyIsRefused) {
  const std::vector<one_name> asked = names_of(3);
  const std::string longer = wire::message('2', "x");
  for (const std::string& behind : {wire::row({"a"}) + wire::complete("SELECT 1"), wire::complete("SELECT 1")}) {
    for (const std::string& before : {std::string{}, rows_of({"a"})}) {
      dt::error_info failure;
      EXPECT_EQ(play(of_names<false>(asked)(), before + longer + behind + wire::ready(), nullptr, &failure),
                errc::unexpected_message)
          << failure.message();
      EXPECT_EQ(at.health(), session_health::closed);
    }
  }
}

TEST_F(PostgresPipelineSeries, WhatTheServerLostIsPreparedAgain) {
  const std::vector<one_name> asked = names_of(2);
  const auto all = script(of_names<false>(asked))
                       .write(binds(2) + wire::sync())
                       .read(wire::error("26000") + wire::ready())
                       .write(prepare(by_id, "select name from t where id = $1", int8_types))
                       .read(prepared(int8_types, wire::columns({"name"})))
                       .write(binds(2) + wire::sync())
                       .read(rows_of({"a"}) + rows_of({"b"}) + wire::ready())
                       .value();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1].name, "b");
}

TEST_F(PostgresPipelineSeries, ManyGoInSeveralWrites) {
  const std::vector<one_name> asked(600, pg::query_one<named>("select name from t where id = $1", std::int64_t{7}));
  const std::string one = bind_id(7) + wire::execute();
  const std::size_t in_first = (32 * 1024 + one.size() - 1) / one.size();
  ASSERT_LT(in_first, 600U);
  std::string expected;
  std::string answers;
  for (std::size_t i = 0; i < 600; ++i) {
    expected += one;
    answers += rows_of({"x"});
    if (i + 1 == in_first) expected += wire::message('H', "");
  }
  std::string written;
  EXPECT_FALSE(play(of_names<false>(asked)(), answers + wire::ready(), &written));
  EXPECT_TRUE(written == expected + wire::sync());
}

TEST_F(PostgresPipelineSeries, OfOtherVerbsGiveWhatTheseGive) {
  const std::vector<change> changes(3, pg::execute("delete from t"));
  const auto removed =
      script([&] { return call<false>(changes, prepared({}, wire::no_data()) + deleted + wire::ready()); })
          .write(wire::bind(removal) + wire::execute() + wire::bind(removal) + wire::execute() + wire::bind(removal) +
                 wire::execute() + wire::sync())
          .read(deleted + wire::bind_complete() + wire::message('I', "") + wire::bind_complete() +
                wire::complete("DELETE 7") + wire::ready())
          .value();
  ASSERT_EQ(removed.size(), 3U);
  EXPECT_EQ(removed[0].rows_affected, 3);
  EXPECT_EQ(removed[1].rows_affected, 0);
  EXPECT_EQ(removed[2].rows_affected, 7);

  const std::vector<names> lists(3, pg::query<named>("select name from t"));
  const auto listed =
      script([&] { return call<false>(lists, prepared({}, wire::columns({"name"})) + rows_of({}) + wire::ready()); })
          .write(wire::bind(all_names) + wire::execute() + wire::bind(all_names) + wire::execute() +
                 wire::bind(all_names) + wire::execute() + wire::sync())
          .read(rows_of({"a", "b"}) + rows_of({}) + rows_of({"c"}) + wire::ready())
          .value();
  ASSERT_EQ(listed.size(), 3U);
  EXPECT_EQ(listed[0].size(), 2U);
  EXPECT_TRUE(listed[1].empty());
  EXPECT_EQ(listed[2][0].name, "c");

  using maybe = decltype(pg::query_optional<named>("select name from t"));
  const std::vector<maybe> few(2, pg::query_optional<named>("select name from t"));
  const auto found =
      script([&] { return call<false>(few, prepared({}, wire::columns({"name"})) + rows_of({}) + wire::ready()); })
          .write(wire::bind(all_names) + wire::execute() + wire::bind(all_names) + wire::execute() + wire::sync())
          .read(rows_of({}) + rows_of({"b"}) + wire::ready())
          .value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_FALSE(found[0]);
  EXPECT_EQ(found[1]->name, "b");
}

}  // namespace
