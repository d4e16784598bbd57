#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/codec/postgres/execute_many.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;

constexpr const char* sql = "insert";
const std::string name = pg::statement_cache::name_of(sql, {});
const std::string prepare = wire::close(name) + wire::parse(name, sql) + wire::describe(name) + wire::sync();
const std::string prepared =
    wire::close_complete() + wire::parse_complete() + wire::parameters({25}) + wire::no_data() + wire::ready();
const std::string inserted = wire::bind_complete() + wire::complete("INSERT 0 1");

std::string row_of(const std::string& value) { return wire::bind(name, {value}) + wire::execute(); }

struct values {
  std::vector<std::string> left;
  std::size_t fails_in = 100;
  static bool next(void* state, pg::parameter_list& to, dt::error_info& failure) {
    auto& self = *static_cast<values*>(state);
    if (self.fails_in-- == 0) return failure = {errc::value_out_of_range, "too large"}, false;
    if (self.left.empty()) return false;
    dt::byte_buffer& out = to.begin(1);
    out.append_big(static_cast<std::uint32_t>(self.left.front().size()));
    out.append(std::string_view{self.left.front()});
    to.end(true);
    self.left.erase(self.left.begin());
    return true;
  }
};

struct PostgresExecuteMany : testing::Test {
  open_session at;
  values source;
  auto insert(std::vector<std::string> rows, std::size_t fails_in = 100) {
    return [this, rows, fails_in] {
      at.fresh();
      return next(rows, fails_in);
    };
  }
  pg::execute_many_dialogue next(std::vector<std::string> rows, std::size_t fails_in = 100) {
    source = {std::move(rows), fails_in};
    return {*at, {.text = sql}, {&source, &values::next}};
  }
  void prepare_it() { ASSERT_FALSE(play(insert({"x"})(), prepared + inserted + wire::ready())); }
};

const std::string large(70'000, 'x');  // fills a write

TEST_F(PostgresExecuteMany, RowsThatFitAreOneWriteWithOneSync) {
  const auto good = [&](auto&& s) -> auto& {
    return s.write(prepare)
        .read(prepared)
        .write(row_of("a") + row_of("b") + wire::sync())
        .read(inserted + inserted + wire::ready());
  };
  auto once = script(insert({"a", "b"}));
  const pg::executions done = good(once).value();
  EXPECT_EQ(done.count, 2U);
  EXPECT_EQ(done.rows_affected, 2);
  EXPECT_EQ(at.health(), session_health::idle);
  good(script(insert({"a", "b"}))).one_byte_a_read().done();
  good(script(insert({"a", "b"}))).fail_each_step().leaves([this] { EXPECT_EQ(at.health(), session_health::closed); });
  good(script(insert({"a", "b"}))).cancel_each_step().leaves([this] { EXPECT_EQ(at->can_drain(), at->owed() != 0); });
}

TEST_F(PostgresExecuteMany, MoreAreSentInPiecesWhoseAnswersAreReadBefore) {
  script(insert({large, "b"}))
      .write(prepare)
      .read(prepared)
      .write(row_of(large) + wire::flush())
      .read(inserted)
      .write(row_of("b") + wire::sync())
      .read(inserted + wire::ready())
      .done();
  script(insert({large}))
      .write(prepare)
      .read(prepared)
      .write(row_of(large) + wire::flush())
      .read(inserted)
      .write(wire::sync())
      .read(wire::ready())
      .done();
}

TEST_F(PostgresExecuteMany, NoRowsAreNoWork) {
  prepare_it();
  script(next({})).done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresExecuteMany, AFailureNamesTheRow) {
  prepare_it();
  dt::error_info failure;
  EXPECT_EQ(play(next({"a", "b", "c"}), inserted + wire::bind_complete() + wire::error("23505") + wire::ready(),
                 nullptr, &failure),
            pg::sqlstate::unique_violation);
  EXPECT_EQ(failure.context(), "row 2");
  EXPECT_EQ(play(next({"a", "b"}, 1), "", nullptr, &failure), errc::value_out_of_range);
  EXPECT_EQ(failure.context(), "row 2: too large");
  EXPECT_EQ(at.health(), session_health::idle);
  EXPECT_EQ(play(next({"a"}), inserted + wire::error("23503") + wire::ready(), nullptr, &failure),
            pg::sqlstate::foreign_key_violation);
  EXPECT_EQ(failure.context(), "");  // at the end of all: of no row
}

TEST_F(PostgresExecuteMany, RowsThatAreReturnedAreToldAndAFailureNamesNoRowWhereThatIsAskedFor) {
  prepare_it();
  struct told_rows {
    values source;
    std::string told;
  } told{{{"a", "b"}}, {}};
  pg::argument_rows rows{&told, [](void* state, pg::parameter_list& to, dt::error_info& failure) {
                           return values::next(&static_cast<told_rows*>(state)->source, to, failure);
                         }};
  rows.done = [](void* state, std::int64_t) { static_cast<told_rows*>(state)->told += '|'; };
  rows.returned = [](void* state, dt::byte_view body) {
    static_cast<told_rows*>(state)->told += static_cast<char>(body[body.size() - 1]);
  };
  rows.names_rows = false;
  const std::string updated = wire::bind_complete() + wire::row({"1"}) + wire::row({"2"}) + wire::complete("UPDATE 2");
  EXPECT_FALSE(play(pg::execute_many_dialogue{*at, {.text = sql}, rows}, updated + updated + wire::ready()));
  EXPECT_EQ(told.told, "12|12|");
  told.source = {{"a", "b"}};
  dt::error_info failure;
  EXPECT_EQ(play(pg::execute_many_dialogue{*at, {.text = sql}, rows},
                 updated + wire::bind_complete() + wire::error("57014") + wire::ready(), nullptr, &failure),
            pg::sqlstate::query_cancelled);
  EXPECT_EQ(failure.context(), "");
}

TEST_F(PostgresExecuteMany, WhatWasSentBeforeAFailureIsUndone) {
  const std::string undo = wire::execute(0, "dovetail_cancelled") + wire::sync();
  prepare_it();
  script(next({large, "b"}, 1))
      .write(row_of(large) + wire::flush())
      .read(inserted)
      .write(undo)
      .read(wire::error("34000") + wire::ready())
      .done_with(errc::value_out_of_range);
  EXPECT_EQ(at.health(), session_health::idle);
  script(next({large, "b"}))
      .write(row_of(large) + wire::flush())
      .read(inserted)
      .write(row_of("b") + wire::sync())
      .cancelled()
      .done_with(errc::cancelled);
  script([&] { return pg::drain_dialogue{*at}; }).write(undo).read(wire::error("34000") + wire::ready()).done();
  script(next({large, "b"}))
      .write(row_of(large) + wire::flush())
      .read(wire::bind_complete() + wire::error("23505"))
      .write(wire::sync())
      .read(wire::ready())
      .done_with(pg::sqlstate::unique_violation);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresExecuteMany, ALostStatementIsPreparedAgainWithoutAskingForTheRowsAgain) {
  prepare_it();
  script(next({"a", "b"}))
      .write(row_of("a") + row_of("b") + wire::sync())
      .read(wire::error("26000") + wire::ready())
      .write(prepare)
      .read(prepared)
      .write(row_of("a") + row_of("b") + wire::sync())
      .read(inserted + inserted + wire::ready())
      .done();
  script(next({large, "b"}))
      .write(row_of(large) + wire::flush())
      .read(wire::error("26000"))
      .write(wire::sync())
      .read(wire::ready())
      .write(prepare)
      .read(prepared)
      .write(row_of(large) + wire::flush())
      .read(inserted)
      .write(row_of("b") + wire::sync())
      .read(inserted + wire::ready())
      .done();
  // What was written for one type is not sent for another.
  script(next({"a"}))
      .write(row_of("a") + wire::sync())
      .read(wire::error("26000") + wire::ready())
      .write(prepare)
      .read(wire::close_complete() + wire::parse_complete() + wire::parameters({23}) + wire::no_data() + wire::ready())
      .done_with(pg::sqlstate::invalid_statement_name);
  EXPECT_EQ(at.health(), session_health::idle);
  prepare_it();
  at->facts.transaction_status = 'T';
  script(next({"a"}))
      .write(row_of("a") + wire::sync())
      .read(wire::error("26000") + wire::ready('E'))
      .done_with(pg::sqlstate::invalid_statement_name);
}

TEST_F(PostgresExecuteMany, AValueThatIsRefusedHasTheNextCallPrepareAgain) {
  for (const char* code : {"22P02", "XX000", "42804"}) {
    prepare_it();
    at->facts.transaction_status = 'T';
    script(next({"a"}))
        .write(row_of("a") + wire::sync())
        .read(wire::error(code) + wire::ready('E'))
        .done_with(pg::make_error_code(code));
    EXPECT_EQ(at->statements.size(), 0U) << code;
  }
  prepare_it();
  script(next({"a"}))
      .write(row_of("a") + wire::sync())
      .read(wire::error("22P02") + wire::ready())
      .done_with(pg::sqlstate::invalid_text_representation);
  EXPECT_EQ(at->statements.size(), 0U);
}

TEST_F(PostgresExecuteMany, AMessageThatDoesNotBelongClosesTheSession) {
  for (const std::string& wrong :
       {wire::ready(), wire::complete("INSERT 0 1"), inserted + wire::ready(), inserted + inserted + inserted,
        wire::row({"x"}), wire::bind_complete() + wire::no_data(), wire::bind_complete() + wire::suspended(),
        wire::bind_complete() + wire::copy_in()}) {
    prepare_it();
    EXPECT_EQ(play(next({"a", "b"}), wrong), errc::unexpected_message) << dt::test::shown(dt::as_byte_view(wrong));
    EXPECT_EQ(at.health(), session_health::closed);
  }
}

}  // namespace
