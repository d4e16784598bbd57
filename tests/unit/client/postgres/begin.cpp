// The beginning of a transaction in front of its first statement: bytes, and what each failure leaves behind.
#include <dovetail/client/postgres/client_session.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>

namespace {

using namespace postgres_test;
using dt::begin_mode;
using dt::errc;
using dt::session_health;
using dt::test::script;
namespace detail = pg::detail;

const std::string removal = pg::statement_cache::name_of("delete from t", {});
const std::string prepare =
    wire::close(removal) + wire::parse(removal, "delete from t") + wire::describe(removal) + wire::sync();
std::string prepared(char status) {
  return wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::no_data() + wire::ready(status);
}
const std::string run = wire::bind(removal, {}) + wire::execute() + wire::sync();
const std::string begun = wire::parse_complete() + wire::bind_complete() + wire::complete("BEGIN");

class PostgresBegin : public testing::Test {
 protected:
  using change = decltype(pg::execute("delete from t"));

  detail::client_session& fresh() {
    session_ = std::make_unique<detail::client_session>(pg::connect_options{});
    wire().facts.health = session_health::idle;
    return *session_;
  }
  pg::session& wire() { return session_->wire(); }
  auto statement() { return session_->start(change_); }
  void begin(begin_mode mode = begin_mode::automatic) { ASSERT_FALSE(session_->begin_later(mode)); }
  /// A session that knows the statement.
  void prepare_it() {
    fresh();
    ASSERT_FALSE(play(statement(), prepared('I') + wire::bind_complete() + wire::complete("DELETE 0") + wire::ready()));
  }

 private:
  std::unique_ptr<detail::client_session> session_;
  change change_ = pg::execute("delete from t");
};

TEST_F(PostgresBegin, GoesInFrontOfAStatementThatIsKnown) {
  prepare_it();
  begin(begin_mode::serializable_read_only);
  EXPECT_EQ(wire().health(), session_health::in_transaction);
  EXPECT_TRUE(wire().is_in_transaction());
  script(statement())
      .write(wire::deferred("begin isolation level serializable, read only, deferrable") + run)
      .read(begun + wire::bind_complete() + wire::complete("DELETE 2") + wire::ready('T'))
      .one_byte_a_read()
      .done();
  EXPECT_FALSE(wire().has_begin_failed());
  EXPECT_FALSE(wire().is_begin_deferred());
  EXPECT_EQ(wire().health(), session_health::in_transaction);
}

TEST_F(PostgresBegin, GoesInFrontOfAStatementThatIsPrepared) {
  fresh();
  begin();
  script(statement())
      .write(wire::deferred("begin") + prepare)
      .read(begun + prepared('T'))
      .write(run)
      .read(wire::bind_complete() + wire::complete("DELETE 2") + wire::ready('T'))
      .done();
  EXPECT_FALSE(wire().has_begin_failed());
}

TEST_F(PostgresBegin, IsToldFromItsStatementWhenItFails) {
  // Each message of the beginning can be the one that fails.
  for (const std::string& before :
       {std::string{}, wire::parse_complete(), wire::parse_complete() + wire::bind_complete()}) {
    prepare_it();
    begin();
    script(statement())
        .write(wire::deferred("begin") + run)
        .read(before + wire::error("0A000") + wire::ready())
        .done_with(pg::sqlstate::feature_not_supported);
    EXPECT_TRUE(wire().has_begin_failed());
    EXPECT_FALSE(wire().is_in_transaction());
    EXPECT_EQ(wire().health(), session_health::idle);
  }
  prepare_it();
  begin();
  script(statement())
      .write(wire::deferred("begin") + run)
      .read(begun + wire::error("42601") + wire::ready('E'))
      .done_with(pg::sqlstate::syntax_error);
  EXPECT_FALSE(wire().has_begin_failed());
  EXPECT_TRUE(wire().is_in_transaction());
}

TEST_F(PostgresBegin, HasFailedWhenItsAnswerIsLost) {
  const std::string answer = begun + wire::bind_complete() + wire::complete("DELETE 2") + wire::ready('T');
  for (std::size_t came = 0; came != answer.size(); ++came) {
    prepare_it();
    begin();
    dt::error_info failure;
    EXPECT_TRUE(play(statement(), answer.substr(0, came), nullptr, &failure));
    EXPECT_EQ(failure.code(), errc::connection_closed) << came;  // and not that nobody knows what it has done
    EXPECT_EQ(wire().health(), session_health::closed);
    EXPECT_EQ(wire().has_begin_failed(), came < begun.size()) << came;
  }
}

TEST_F(PostgresBegin, WaitsForTheNextStatementWhenNothingWasSent) {
  prepare_it();
  begin();
  script(statement()).write(wire::deferred("begin") + run).cancelled().done_with(errc::cancelled);
  EXPECT_FALSE(wire().has_begin_failed());
  EXPECT_EQ(wire().health(), session_health::in_transaction);
  script(statement())
      .write(wire::deferred("begin") + run)
      .read(begun + wire::bind_complete() + wire::complete("DELETE 2") + wire::ready('T'))
      .done();
}

TEST_F(PostgresBegin, IsNotTakenForFailedWhenTheStatementWasBrokenOff) {
  const std::string rest = wire::error("57014") + wire::ready('E');
  for (const std::string& came : {std::string{}, begun}) {
    prepare_it();
    begin();
    if (came.empty()) {
      script(statement()).write(wire::deferred("begin") + run).cancelled(1).done_with(errc::cancelled);
    } else {
      script(statement()).write(wire::deferred("begin") + run).read(came).cancelled().done_with(errc::cancelled);
    }
    ASSERT_TRUE(wire().can_drain());
    ASSERT_FALSE(play(pg::drain_dialogue{wire()}, came.empty() ? begun + rest : rest));
    EXPECT_FALSE(wire().has_begin_failed());
    EXPECT_EQ(wire().health(), session_health::in_transaction);
  }
  prepare_it();  // and it was the beginning
  begin();
  script(statement()).write(wire::deferred("begin") + run).cancelled(1).done_with(errc::cancelled);
  ASSERT_FALSE(play(pg::drain_dialogue{wire()}, wire::error("57014") + wire::ready('I')));
  EXPECT_TRUE(wire().has_begin_failed());
}

TEST_F(PostgresBegin, IsEndedWithoutAWordWhenTheServerHasNotHeardOfIt) {
  detail::client_session& on = fresh();
  const auto ends = [&](auto op) {
    begin();
    std::string written;
    EXPECT_FALSE(play(on.start(op), {}, &written));
    EXPECT_EQ(written, "");
    EXPECT_FALSE(wire().has_deferred());
    EXPECT_FALSE(wire().is_in_transaction());
    EXPECT_EQ(wire().health(), session_health::idle);
  };
  ends(dt::sql_commit{});
  ends(dt::sql_rollback{});
}

TEST_F(PostgresBegin, AModeThatThereIsNotIsRefused) {
  detail::client_session& on = fresh();
  EXPECT_EQ(on.begin_later(begin_mode::exclusive).code(), errc::operation_unsupported);
  EXPECT_EQ(wire().health(), session_health::idle);
  EXPECT_FALSE(wire().has_deferred());
}

}  // namespace
