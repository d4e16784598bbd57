// The dialogues of the simple protocol: scripts, COPY in and out.
#include <dovetail/codec/postgres/copy_in.hpp>
#include <dovetail/codec/postgres/copy_out.hpp>
#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/codec/postgres/script.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;

const std::error_code reset = std::make_error_code(std::errc::connection_reset);

struct PostgresScript : testing::Test {
  open_session at;
  auto text(std::string_view sql, pg::script_purpose purpose = pg::script_purpose::any) {
    return [this, sql, purpose] {
      pg::session& on = at.fresh();
      return pg::script_dialogue{on, sql, purpose, at.rows.sink()};
    };
  }
};

TEST_F(PostgresScript, StatementsRunOneAfterTheOther) {
  const std::string answer = wire::complete("CREATE TABLE") + wire::columns({"a"}) + wire::row({"1"}) +
                             wire::complete("SELECT 1") + wire::columns({"b"}) + wire::row({"2"}) + wire::notice() +
                             wire::complete("SELECT 1") + wire::ready('T');
  EXPECT_EQ(script(text("a; b; c")).write(wire::query("a; b; c")).read(answer).value().text(), "SELECT 1");
  EXPECT_EQ(at.rows.texts(), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(at.health(), session_health::in_transaction);
  script(text("a")).write(wire::query("a")).read(answer).one_byte_a_read().done();
  script(text("a")).write(wire::query("a")).read(answer).fail_each_step().leaves([this] {
    EXPECT_EQ(at.health(), session_health::closed);
  });
  script(text("a")).write(wire::query("a")).read(answer).cancel_each_step().leaves([this] {
    EXPECT_EQ(at->can_drain(), at->owed() != 0);
  });
}

TEST_F(PostgresScript, TheEmptyTextIsASignOfLife) {
  script(text("")).write(wire::query("")).read(wire::message('I') + wire::ready()).done();
  script(text("")).write(wire::query("")).read("").failing(reset).done_with(reset);  // nothing is unknown of it
}

TEST_F(PostgresScript, AnErrorEndsIt) {
  script(text("a; b"))
      .write(wire::query("a; b"))
      .read(wire::complete("SET") + wire::error("42P01") + wire::ready())
      .done_with(pg::sqlstate::table_not_found);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresScript, ACommitIsSureOrUnknownOrAnError) {
  const auto commit = text("commit", pg::script_purpose::commit);
  script(commit).write(wire::query("commit")).read(wire::complete("COMMIT") + wire::ready()).done();
  script(commit)
      .write(wire::query("commit"))
      .read(wire::complete("ROLLBACK") + wire::ready())
      .done_with(errc::transaction_aborted);
  script(commit).write(wire::query("commit")).read("").failing(reset).done_with(errc::commit_unknown);
  script(commit).write(wire::query("commit")).failing(reset, 3).done_with(reset);  // it was never sent whole
  script(commit).write(wire::query("commit")).read("").cancelled().done_with(errc::cancelled);
  EXPECT_TRUE(at->may_have_executed());
  script(commit)
      .write(wire::query("commit"))
      .read(wire::error("40001") + wire::ready())
      .done_with(dt::condition::serialization);
}

TEST_F(PostgresScript, AServerThatEndsTheConnectionWhileItCommitsLeavesTheCommitUnknown) {
  const auto commit = text("commit", pg::script_purpose::commit);
  for (const char* state : {"57P01", "57P02", "XX000"}) {
    for (const char* severity : {"FATAL", "PANIC"}) {
      script(commit)
          .write(wire::query("commit"))
          .read(wire::error(state, severity))
          .read_end()
          .done_with(errc::commit_unknown);
    }
  }
  // It had been idle for too long before it read the commit.
  script(commit)
      .write(wire::query("commit"))
      .read(wire::error("25P03", "FATAL"))
      .read_end()
      .done_with(pg::make_error_code("25P03"));
  // A release is no commit.
  script(text("a"))
      .write(wire::query("a"))
      .read(wire::error("57P01", "FATAL"))
      .read_end()
      .done_with(pg::make_error_code("57P01"));
}

TEST_F(PostgresScript, WhatIsDeferredHasToSucceedFirst) {
  const auto deferred = [this] {
    at.fresh().defer("begin");
    return pg::script_dialogue{*at, "a"};
  };
  script(deferred)
      .write(wire::deferred("begin") + wire::sync())
      .read(wire::parse_complete() + wire::bind_complete() + wire::complete("BEGIN") + wire::ready('T'))
      .write(wire::query("a"))
      .read(wire::complete("SET") + wire::ready('T'))
      .done();
  script(deferred)
      .write(wire::deferred("begin") + wire::sync())
      .read(wire::error("25006") + wire::ready())
      .done_with(pg::sqlstate::read_only_transaction);
}

TEST_F(PostgresScript, CopyIsRefused) {
  script(text("copy t from stdin"))
      .write(wire::query("copy t from stdin"))
      .read(wire::copy_in())
      .write(wire::message('f', wire::text("")))
      .read(wire::error("57014") + wire::ready())
      .done_with(errc::operation_unsupported);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresScript, AMessageThatDoesNotBelongClosesTheSession) {
  for (const std::string& wrong :
       {wire::ready(), wire::row({"x"}), wire::parse_complete(), wire::bind_complete(), wire::suspended(),
        wire::copy_data("x"), wire::message('W'), wire::message('t', wire::int16(0)),
        wire::complete("SELECT 1") + wire::row({"x"}), wire::columns({"a"}) + wire::complete("A") + wire::row({"x"})}) {
    EXPECT_EQ(play(text("a")(), wrong), errc::unexpected_message) << wrong[0];
    EXPECT_EQ(at.health(), session_health::closed);
  }
}

struct lines {
  int left = 2;
  dt::error_info fails;
  static dt::error_info produce(void* state, dt::byte_buffer& out, const pg::copy_format& format, bool& is_last) {
    auto& self = *static_cast<lines*>(state);
    EXPECT_EQ(format.columns, 1);
    if (self.fails) return self.fails;
    out.append(std::string_view{"x\n"});
    is_last = --self.left == 0;
    return {};
  }
};

struct PostgresCopy : testing::Test {
  open_session at;
  lines source;
  int notices = 0;
  std::string taken;
  auto in(dt::error_info fails = {}) {
    return [this, fails] {
      source = {.left = 2, .fails = fails};
      return pg::copy_in_dialogue{at.fresh(), "copy t", {&source, &lines::produce}};
    };
  }
  /// Of so many lines; counts the notices.
  auto large_in(int lines) {
    return [this, lines] {
      source = {.left = lines, .fails = {}};
      notices = 0;
      at.fresh().facts.notices = {&notices, [](void* count, dt::server_fields&&) { ++*static_cast<int*>(count); }};
      return pg::copy_in_dialogue{*at, "copy t", {&source, &lines::produce}};
    };
  }
  auto out() {
    return [this] {
      taken.clear();
      return pg::copy_out_dialogue{at.fresh(), "copy t", {&taken, &take}};
    };
  }
  static dt::error_info take(void* state, dt::byte_view data, const pg::copy_format& format) {
    EXPECT_TRUE(format.is_binary);
    if (data.empty()) return errc::malformed_value;
    static_cast<std::string*>(state)->append(dt::as_text(data));
    return {};
  }
};

TEST_F(PostgresCopy, DataGoesInInMessagesOfManyRows) {
  const std::string data = wire::copy_data("x\nx\n") + wire::message('c');
  const auto good = [&](auto&& s) -> auto& {
    return s.write(wire::query("copy t"))
        .read(wire::copy_in())
        .write(data)
        .read(wire::complete("COPY 2") + wire::ready());
  };
  auto once = script(in());
  EXPECT_EQ(good(once).value().rows_affected(), 2);
  EXPECT_EQ(at.health(), session_health::idle);
  good(script(in())).one_byte_a_read().done();
  good(script(in())).fail_each_step().leaves([this] { EXPECT_EQ(at.health(), session_health::closed); });
  good(script(in())).cancel_each_step().leaves([this] { EXPECT_EQ(at->can_drain(), at->owed() != 0); });
}

TEST_F(PostgresCopy, LargeDataIsCutIntoSeveralMessages) {
  std::string written;
  const auto keep = [&](dt::byte_view bytes) { written += dt::as_text(bytes); };
  script(large_in(100'000))
      .write(wire::query("copy t"))
      .read(wire::copy_in())
      .write_checked(keep)
      .write_checked(keep)
      .write_checked(keep)
      .write_checked(keep)
      .read(wire::complete("COPY 100000") + wire::ready())
      .done();
  std::size_t at_byte = 0;
  std::size_t messages = 0;
  std::size_t bytes = 0;
  while (at_byte < written.size() && written[at_byte] == 'd') {
    const auto length = dt::load_big<std::uint32_t>(dt::as_byte_view(written).data() + at_byte + 1);
    bytes += length - 4;
    at_byte += length + 1;
    ++messages;
  }
  EXPECT_EQ(bytes, 200'000U);
  EXPECT_EQ(messages, 4U);
  EXPECT_EQ(written.substr(at_byte), wire::message('c'));
}

// 32,768 lines of two bytes are one message of 64 KiB: its header counts too.
constexpr int lines_a_message = 32 * 1024 - 2;
const std::string whole_message = [] {
  std::string data;
  for (int i = 0; i < lines_a_message; ++i) data += "x\n";
  return wire::copy_data(data);
}();

TEST_F(PostgresCopy, WhatTheServerSaysWhileItDoesNotReadIsTakenAtOnce) {
  const std::string data = wire::copy_data("x\nx\n") + wire::message('c');
  for (std::size_t sent = 0; sent < data.size(); ++sent) {
    const std::string notice = wire::notice();
    for (std::size_t half : {std::size_t{1}, std::size_t{5}, notice.size() - 1, notice.size()}) {
      script(large_in(2))
          .write(wire::query("copy t"))
          .read(wire::copy_in())
          .exchange(data.substr(0, sent), notice + notice.substr(0, half))
          .exchange("", notice.substr(half) + wire::parameter("x", "y"))
          .write(data.substr(sent))
          .read(wire::complete("COPY 2") + wire::ready())
          .done();
      EXPECT_EQ(notices, 2);
      EXPECT_EQ(at->facts.parameters.find("x"), "y");
      EXPECT_EQ(at.health(), session_health::idle);
    }
  }
}

TEST_F(PostgresCopy, AnErrorInTheMiddleEndsTheCopyBehindItsMessage) {
  const std::string error = wire::error("22P02") + wire::ready();
  for (std::size_t at_once : {std::size_t{3}, error.size() - 1, error.size()}) {
    script(large_in(1'000'000))
        .write(wire::query("copy t"))
        .read(wire::copy_in())
        .write(whole_message)
        .exchange(whole_message.substr(0, 1000), error.substr(0, at_once))
        .exchange(whole_message.substr(1000, 1), error.substr(at_once) + wire::notice())
        .write(whole_message.substr(1001))
        .done_with(pg::sqlstate::invalid_text_representation);
    EXPECT_EQ(source.left, 1'000'000 - 2 * lines_a_message);
    EXPECT_EQ(at.health(), session_health::idle);
  }
}

TEST_F(PostgresCopy, AServerThatHasFailedAndTakesAllDataIsHeardAfterEightMessages) {
  auto copy = script(large_in(1'000'000));
  copy.write(wire::query("copy t")).read(wire::copy_in());
  for (int i = 0; i < 8; ++i) copy.write(whole_message);
  copy.look(wire::notice() + wire::error("22P02").substr(0, 9));
  for (int i = 0; i < 8; ++i) copy.write(whole_message);
  copy.look(wire::error("22P02").substr(9)).read(wire::ready()).done_with(pg::sqlstate::invalid_text_representation);
  EXPECT_EQ(notices, 1);
  EXPECT_EQ(source.left, 1'000'000 - 16 * lines_a_message);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresCopy, WhyTheServerEndsTheConnectionIsToldAlthoughWritingFails) {
  script(large_in(1'000'000))
      .write(wire::query("copy t"))
      .read(wire::copy_in())
      .exchange(whole_message.substr(0, 10), wire::notice() + wire::error("57P01", "FATAL"))
      .write(whole_message.substr(10))
      .failing(reset)
      .done_with(pg::make_error_code("57P01"));
  EXPECT_EQ(at.health(), session_health::closed);
  script(large_in(1'000'000))
      .write(wire::query("copy t"))
      .read(wire::copy_in())
      .write(whole_message)
      .exchange(whole_message.substr(0, 10), wire::error("22P02"))  // no reason to end it
      .write(whole_message.substr(10))
      .failing(reset)
      .done_with(reset);
}

TEST_F(PostgresCopy, AConnectionThatIsLostBeforeTheEndOfTheDataHasCopiedNothing) {
  auto lost = script(large_in(1'000'000));
  lost.write(wire::query("copy t")).read(wire::copy_in());
  for (int i = 0; i < 8; ++i) lost.write(whole_message);
  lost.look_end().done_with(errc::connection_closed);
  EXPECT_FALSE(at->may_have_executed());
  script(large_in(2))
      .write(wire::query("copy t"))
      .read(wire::copy_in())
      .write(wire::copy_data("x\nx\n") + wire::message('c'))
      .read_end()
      .done_with(errc::outcome_unknown);
}

TEST_F(PostgresCopy, ACancelledCopyIsFailedUntilItsEndHasBegunToLeave) {
  const std::string failed = wire::message('f', wire::text("the client has cancelled the copy"));
  const std::string data = wire::copy_data("x\nx\n");
  const std::string all = data + wire::message('c');
  for (std::size_t sent = 0; sent <= all.size(); ++sent) {
    for (const std::error_code& why : {make_error_code(errc::cancelled), make_error_code(errc::deadline_passed)}) {
      auto copy = script(large_in(2));
      copy.write(wire::query("copy t")).read(wire::copy_in()).write_checked([](dt::byte_view) {});
      why == errc::cancelled ? copy.cancelled(sent) : copy.failing(why, sent);
      copy.done_with(why);
      ASSERT_TRUE(at->can_drain());
      EXPECT_EQ(at->may_have_executed(), sent == all.size());
      auto drain = script([this] { return pg::drain_dialogue{*at}; });
      // What is there of the message goes to its end, and the copy fails; too late for that: it goes on.
      std::string rest = sent == 0 ? "" : sent <= data.size() ? data.substr(sent) : all.substr(sent);
      if (sent <= data.size()) rest += failed;
      if (!rest.empty()) drain.write(rest);
      drain.read(wire::error("57014") + wire::ready()).done();
      EXPECT_EQ(at.health(), session_health::idle);
    }
  }
}

TEST_F(PostgresCopy, WhatComesWhileACancelledCopyIsEndedIsRead) {
  const std::string failed = wire::message('f', wire::text("the client has cancelled the copy"));
  script(large_in(1'000'000))
      .write(wire::query("copy t"))
      .read(wire::copy_in())
      .write(whole_message)
      .write_checked([](dt::byte_view) {})
      .cancelled(100)
      .done_with(errc::cancelled);
  script([this] { return pg::drain_dialogue{*at}; })
      .exchange(whole_message.substr(100, 7), wire::notice() + wire::notice().substr(0, 7))
      .exchange("", wire::notice().substr(7) + wire::error("57014") + wire::ready())
      .write(whole_message.substr(107) + failed)
      .done();
  EXPECT_EQ(notices, 2);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresCopy, ASourceThatFailsEndsTheCopy) {
  script(in(errc::value_out_of_range))
      .write(wire::query("copy t"))
      .read(wire::copy_in())
      .write(wire::message('f', wire::text("the client's source of data has failed")))
      .read(wire::error("57014") + wire::ready())
      .done_with(errc::value_out_of_range);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresCopy, WhatTheServerRefusesIsItsError) {
  script(in())
      .write(wire::query("copy t"))
      .read(wire::error("42P01") + wire::ready())
      .done_with(pg::sqlstate::table_not_found);
  EXPECT_EQ(play(in()(), wire::copy_in() + wire::error("22P02") + wire::ready()),
            pg::sqlstate::invalid_text_representation);
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresCopy, AStatementThatIsNoCopyInIsRefused) {
  for (const std::string& answer :
       {wire::complete("SET"), wire::columns({"a"}) + wire::row({"1"}) + wire::complete("SELECT 1"), wire::message('I'),
        wire::copy_out() + wire::copy_data("x") + wire::message('c') + wire::complete("COPY 1")}) {
    EXPECT_EQ(play(in()(), answer + wire::ready()), errc::operation_unsupported);
    EXPECT_EQ(at.health(), session_health::idle);
  }
}

TEST_F(PostgresCopy, DataGoesOut) {
  const std::string answer = wire::copy_out(1) + wire::copy_data("a") + wire::notice() + wire::copy_data("b") +
                             wire::message('c') + wire::complete("COPY 2") + wire::ready();
  EXPECT_EQ(script(out()).write(wire::query("copy t")).read(answer).value().rows(), 2);
  EXPECT_EQ(taken, "ab");
  script(out()).write(wire::query("copy t")).read(answer).one_byte_a_read().done();
  script(out()).write(wire::query("copy t")).read(answer).fail_each_step().leaves([this] {
    EXPECT_EQ(at.health(), session_health::closed);
  });
  script(out()).write(wire::query("copy t")).read(answer).cancel_each_step().leaves([this] {
    EXPECT_EQ(at->can_drain(), at->owed() != 0);
  });
  EXPECT_EQ(play(out()(), wire::copy_out(1) + wire::copy_data("") + wire::copy_data("b") + wire::message('c') +
                              wire::complete("COPY 2") + wire::ready()),
            errc::malformed_value);
  EXPECT_EQ(taken, "");
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresCopy, AStatementThatIsNoCopyOutIsRefused) {
  for (const std::string& answer :
       {wire::complete("SET"), wire::columns({"a"}) + wire::row({"1"}) + wire::complete("SELECT 1"), wire::message('I'),
        wire::copy_in() + wire::error("57014")}) {
    EXPECT_EQ(play(out()(), answer + wire::ready()), errc::operation_unsupported);
    EXPECT_EQ(at.health(), session_health::idle);
  }
}

TEST_F(PostgresCopy, AMessageThatDoesNotBelongClosesTheSession) {
  for (const std::string& wrong :
       {wire::copy_out() + wire::complete("COPY 0"), wire::copy_data("x"), wire::message('c'), wire::ready(),
        wire::copy_out() + wire::copy_out(), wire::copy_out() + wire::columns({}), wire::copy_out() + wire::row({}),
        wire::copy_out() + wire::ready(), wire::copy_out() + wire::copy_in()}) {
    EXPECT_EQ(play(out()(), wrong), errc::unexpected_message) << dt::test::shown(dt::as_byte_view(wrong));
    EXPECT_EQ(at.health(), session_health::closed);
  }
  for (const std::string& wrong : {wire::copy_in() + wire::copy_in(), wire::copy_in() + wire::copy_data("x"),
                                   wire::copy_in() + wire::row({}), wire::row({}), wire::message('W')}) {
    EXPECT_EQ(play(in()(), wrong), errc::unexpected_message) << dt::test::shown(dt::as_byte_view(wrong));
  }
  for (const std::string& wrong : {wire::message('G', "\x01"), wire::message('G', std::string{"\0\0\1", 3}),
                                   wire::message('G', std::string{"\2\0\0", 3})}) {
    EXPECT_EQ(play(in()(), wrong), errc::malformed_frame);
  }
}

}  // namespace
