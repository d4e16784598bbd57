// The ROLLBACK of a transaction that nobody waits for: its answer in front of the next one's, byte for byte.
#include <dovetail/client/postgres/client_session.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;
namespace detail = pg::detail;

const std::string removal = pg::statement_cache::name_of("delete from t", {});
const std::string prepared = wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::no_data() +
                             wire::ready() + wire::bind_complete() + wire::complete("DELETE 0");
const std::string run = wire::bind(removal, {}) + wire::execute() + wire::sync();
const std::string ran = wire::bind_complete() + wire::complete("DELETE 2") + wire::ready();
const std::string undone = wire::complete("ROLLBACK") + wire::ready();

class PostgresAbandon : public testing::Test {
 protected:
  using change = decltype(pg::execute("delete from t"));

  pg::session& wire() { return session_->wire(); }
  auto statement() { return session_->start(change_); }
  auto rollback() { return session_->start(dt::sql_rollback{0, false}); }
  auto text(std::string_view asked) { return pg::script_dialogue{wire(), asked}; }

  /// A session that knows the statement, in a transaction.
  void begin(char status = 'T') {
    session_ = std::make_unique<detail::client_session>(pg::connect_options{});
    wire().facts.health = session_health::idle;
    ASSERT_FALSE(play(statement(), prepared + wire::ready(status)));
    ASSERT_EQ(wire().health(), session_health::in_transaction);
  }
  /// One whose ROLLBACK is not answered.
  void abandon(char status = 'T') {
    begin(status);
    script(rollback()).write(wire::query("rollback")).done();
    ASSERT_EQ(wire().health(), session_health::idle);
    ASSERT_TRUE(wire().owes_rollback());
    ASSERT_EQ(wire().owed(), 1U);
    ASSERT_FALSE(wire().is_in_transaction());
  }
  void is_settled() {
    EXPECT_FALSE(wire().owes_rollback());
    EXPECT_EQ(wire().owed(), 0U);
    EXPECT_EQ(wire().health(), session_health::idle);
    EXPECT_TRUE(wire().facts.input.committed().empty());
  }

 private:
  std::unique_ptr<detail::client_session> session_;
  change change_ = pg::execute("delete from t");
};

TEST_F(PostgresAbandon, IsOverWhenItHasLeft) {
  for (const char status : {'T', 'E'}) {
    abandon(status);
    script(statement()).write(run).read(undone + ran).one_byte_a_read().done();
    is_settled();
    script(statement()).write(run).read(ran).done();
    is_settled();
  }
}

TEST_F(PostgresAbandon, IsWaitedForWhereItsFailureIsTold) {
  begin();
  script(text("rollback")).write(wire::query("rollback")).read(undone).done();
  is_settled();
}

TEST_F(PostgresAbandon, WhatTheServerSaysBesidesHasItsPlace) {
  abandon();
  const std::string before = wire::notice() + wire::parameter("application_name", "other") +
                             wire::complete("ROLLBACK") + wire::notification("c", "1") + wire::ready() + wire::notice();
  script(statement()).write(run).read(before + ran).one_byte_a_read().done();
  is_settled();
  EXPECT_EQ(wire().facts.parameters.find("application_name"), "other");
  EXPECT_EQ(wire().notifications.pop().payload, "1");
}

TEST_F(PostgresAbandon, AnyDialogueReadsItFirst) {
  abandon();
  script(text("")).write(wire::query("")).read(undone + wire::message('I') + wire::ready()).one_byte_a_read().done();
  is_settled();
  abandon();
  script(pg::wait_notification_dialogue{wire()}).read(undone + wire::notification("c", "2")).one_byte_a_read().done();
  is_settled();
  // The beginning of the next transaction rides behind it.
  abandon();
  wire().begin_later("begin");
  const std::string begun = wire::parse_complete() + wire::bind_complete() + wire::complete("BEGIN");
  script(statement())
      .write(wire::deferred("begin") + run)
      .read(undone + begun + wire::bind_complete() + wire::complete("DELETE 2") + wire::ready('T'))
      .one_byte_a_read()
      .done();
  EXPECT_FALSE(wire().has_begin_failed());
  EXPECT_FALSE(wire().owes_rollback());
  EXPECT_EQ(wire().owed(), 0U);
  EXPECT_EQ(wire().health(), session_health::in_transaction);
}

TEST_F(PostgresAbandon, ALookThatFindsHalfOfItLeavesTheRest) {
  for (std::size_t came = 0; came <= undone.size(); ++came) {
    abandon();
    EXPECT_EQ(play(pg::wait_notification_dialogue{wire(), true}, undone.substr(0, came)), errc::deadline_passed);
    EXPECT_EQ(wire().health(), session_health::idle) << came;
    EXPECT_EQ(wire().owes_rollback(), came != undone.size()) << came;
    ASSERT_FALSE(play(statement(), undone.substr(came) + ran)) << came;
    is_settled();
  }
}

/// A statement was sent behind it: nobody knows whether it was executed, wherever its answer breaks off.
TEST_F(PostgresAbandon, AConnectionThatIsLostMayHaveExecutedTheNext) {
  const std::string answer = undone + ran;
  for (std::size_t came = 0; came != answer.size(); ++came) {
    abandon();
    dt::error_info failure;
    EXPECT_TRUE(play(statement(), answer.substr(0, came), nullptr, &failure)) << came;
    EXPECT_EQ(failure.code(), errc::outcome_unknown) << came;
    EXPECT_EQ(wire().health(), session_health::closed) << came;
    EXPECT_TRUE(wire().may_have_executed()) << came;
  }
  abandon();
  wire().begin_later("begin");
  EXPECT_TRUE(play(statement(), undone));
  EXPECT_TRUE(wire().has_begin_failed());
}

TEST_F(PostgresAbandon, AnotherAnswerIsALostConnection) {
  const auto lose = [&](const std::string& answer) {
    abandon();
    dt::error_info failure;
    EXPECT_TRUE(play(statement(), answer + ran, nullptr, &failure));
    EXPECT_EQ(failure.code(), errc::outcome_unknown) << failure.message();
    EXPECT_EQ(wire().health(), session_health::closed);
  };
  lose(wire::error("57014") + wire::ready('E'));
  lose(wire::complete("ROLLBACK") + wire::error("57014") + wire::ready('E'));
  lose(wire::complete("ROLLBACK") + wire::ready('T'));
  lose(wire::complete("ROLLBACK") + wire::ready('E'));
  lose(wire::complete("COMMIT") + wire::ready());
  lose(wire::ready());
  lose(wire::complete("ROLLBACK") + wire::complete("ROLLBACK"));
  lose(wire::bind_complete());
}

TEST_F(PostgresAbandon, AServerThatEndsTheConnectionInsteadHasNotExecutedTheNext) {
  for (const std::string& came : {std::string{}, wire::complete("ROLLBACK")}) {
    abandon();
    dt::error_info failure;
    EXPECT_TRUE(play(statement(), came + wire::error("57P01", "FATAL"), nullptr, &failure));
    EXPECT_EQ(failure.code(), pg::sqlstate::admin_shutdown);
    EXPECT_EQ(wire().health(), session_health::closed);
    EXPECT_FALSE(wire().may_have_executed());
  }
}

TEST_F(PostgresAbandon, RowsInItsPlaceAreRefused) {
  abandon();
  EXPECT_EQ(play(statement(), wire::row({"1"})), errc::unexpected_message);
  EXPECT_EQ(wire().health(), session_health::closed);
}

TEST_F(PostgresAbandon, WhatWasNotSentLeavesItToTheNext) {
  abandon();
  script(statement()).write(run).cancelled().done_with(errc::cancelled);
  EXPECT_EQ(wire().health(), session_health::idle);
  EXPECT_TRUE(wire().owes_rollback());
  EXPECT_EQ(wire().owed(), 1U);
  script(statement()).write(run).read(undone + ran).done();
  is_settled();
}

TEST_F(PostgresAbandon, WhatIsBrokenOffIsDrainedWithIt) {
  const std::string cancelled = wire::error("57014") + wire::ready();
  for (std::size_t came = 0; came <= undone.size(); ++came) {
    for (const std::string& rest : {cancelled, ran}) {
      abandon();
      if (came == 0) {
        script(statement()).write(run).cancelled(1).done_with(errc::cancelled);
      } else {
        script(statement()).write(run).read(undone.substr(0, came)).read("").cancelled().done_with(errc::cancelled);
      }
      ASSERT_TRUE(wire().can_drain());
      ASSERT_FALSE(play(pg::drain_dialogue{wire()}, undone.substr(came) + rest)) << came;
      is_settled();
    }
  }
  for (const std::string& answer :
       {wire::error("57014") + wire::ready('E'), wire::complete("ROLLBACK") + wire::ready('E'), wire::ready()}) {
    abandon();
    script(statement()).write(run).cancelled(1).done_with(errc::cancelled);
    EXPECT_TRUE(play(pg::drain_dialogue{wire()}, answer + ran));
    EXPECT_EQ(wire().health(), session_health::closed);
  }
}

TEST_F(PostgresAbandon, WhatIsStoppedIsWhatWasSentBehindIt) {
  abandon();
  script(statement()).write(run).cancelled(1).done_with(errc::cancelled);
  ASSERT_FALSE(play(pg::drain_dialogue{wire(), true}, undone));  // a CancelRequest goes out now
  EXPECT_FALSE(wire().owes_rollback());
  EXPECT_TRUE(wire().can_drain());
  EXPECT_EQ(wire().owed(), 1U);
  ASSERT_FALSE(play(pg::drain_dialogue{wire()}, wire::error("57014") + wire::ready()));
  is_settled();
}

TEST_F(PostgresAbandon, ItMayBeBrokenOffItself) {
  begin();
  script(rollback()).write(wire::query("rollback")).cancelled().done_with(errc::cancelled);
  EXPECT_EQ(wire().health(), session_health::in_transaction);
  EXPECT_FALSE(wire().owes_rollback());
  EXPECT_EQ(wire().owed(), 0U);
  begin();
  script(rollback()).write(wire::query("rollback")).cancelled(3).done_with(errc::cancelled);
  EXPECT_FALSE(wire().owes_rollback());
  ASSERT_FALSE(play(pg::drain_dialogue{wire()}, undone));
  is_settled();
}

TEST_F(PostgresAbandon, AFreshConnectionOwesNothing) {
  abandon();
  wire().forget();
  EXPECT_FALSE(wire().owes_rollback());
  EXPECT_EQ(wire().owed(), 0U);
}

}  // namespace
