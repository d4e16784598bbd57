#include <dovetail/codec/lensdb/perform.hpp>

#include <support/lensdb_session.hpp>
#include <support/script.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace lensdb_test;
using dt::errc;
using dt::session_health;
using dt::test::script;
using lensdb::operation;
using lensdb::status;

template <class D, class Operation>
auto make(session_maker<D>& sessions, const Operation& asked) {
  return [&sessions, &asked] { return sessions.fresh().start(asked); };
}

const auto missing = reply(status::key_not_found, {}, "Key not found");

TEST(LensPerform, GetGivesTheValueOrNothing) {
  session_maker sessions;
  const lensdb::get_operation<std::string, digits> asked{.key = "k"};
  EXPECT_EQ(script(make(sessions, asked)).write(request(operation::get, "k")).read(ok("v")).value(), "v");
  EXPECT_EQ(script(make(sessions, asked)).write(request(operation::get, "k")).read(ok("")).value(), "");
  EXPECT_EQ(script(make(sessions, asked)).write(request(operation::get, "k")).read(missing).value(), std::nullopt);
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensPerform, AValueThatIsNotOfItsTypeFailsAndTheConnectionStaysGood) {
  session_maker sessions;
  const lensdb::get_operation<int, digits> asked{.key = "k"};
  EXPECT_EQ(script(make(sessions, asked)).write(request(operation::get, "k")).read(ok("42")).value(), 42);
  script(make(sessions, asked)).write(request(operation::get, "k")).read(ok("no")).done_with(errc::malformed_value);
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensPerform, BytesAreReadAsTheyAre) {
  session_maker sessions;
  const lensdb::get_operation<std::vector<std::byte>, digits> asked{.key = "k"};
  const auto value = script(make(sessions, asked)).write(request(operation::get, "k")).read(ok({"\0\xFF", 2})).value();
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, (std::vector<std::byte>{std::byte{0}, std::byte{0xFF}}));
}

TEST(LensPerform, SetAndSetexAreOneOperation) {
  lensdb::session_limits limits;
  limits.has_setex = true;
  session_maker sessions{limits};
  const lensdb::set_operation plain{.key = "k", .value = "v"};
  script(make(sessions, plain)).write(request(operation::set, "k", "v")).read(ok()).done();
  const lensdb::set_operation timed{.key = "k", .value = "v", .seconds = 60};
  script(make(sessions, timed)).write(request(operation::setex, "k", "v", 60)).read(ok()).done();
}

TEST(LensPerform, AValueWithoutAStoredFormIsRefusedBeforeAByteIsSent) {
  session_maker sessions;
  const lensdb::set_operation asked{.key = "k", .refused = {errc::value_out_of_range, "why"}};
  script(make(sessions, asked)).done_with(errc::value_out_of_range);
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensPerform, TheOtherVerbsReadTheirData) {
  session_maker sessions;
  EXPECT_TRUE(script(make(sessions, lensdb::erase_operation{.key = "k"}))
                  .write(request(operation::erase, "k"))
                  .read(ok())
                  .value());
  EXPECT_FALSE(script(make(sessions, lensdb::erase_operation{.key = "k"}))
                   .write(request(operation::erase, "k"))
                   .read(missing)
                   .value());
  EXPECT_TRUE(script(make(sessions, lensdb::exists_operation{.key = "k"}))
                  .write(request(operation::exists, "k"))
                  .read(ok("true"))
                  .value());
  EXPECT_FALSE(script(make(sessions, lensdb::exists_operation{.key = ""}))
                   .write(request(operation::exists))
                   .read(ok("false"))
                   .value());
  EXPECT_EQ(script(make(sessions, lensdb::keys_operation{})).write(request(operation::keys)).read(ok("a\nb")).value(),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(script(make(sessions, lensdb::keys_operation{})).write(request(operation::keys)).read(ok("")).value(),
            std::vector<std::string>{});
  EXPECT_EQ(script(make(sessions, lensdb::size_operation{})).write(request(operation::size)).read(ok("3000")).value(),
            3000u);
  EXPECT_EQ(script(make(sessions, lensdb::stats_operation{})).write(request(operation::stats)).read(ok("text")).value(),
            "text");
  script(make(sessions, lensdb::clear_operation{})).write(request(operation::clear)).read(ok()).done();
  script(make(sessions, lensdb::ping_operation{})).write(request(operation::ping)).read(ok("pong")).done();
}

TEST(LensPerform, DataOfTheWrongFormIsAnError) {
  session_maker sessions;
  script(make(sessions, lensdb::exists_operation{.key = "k"}))
      .write(request(operation::exists, "k"))
      .read(ok("yes"))
      .done_with(errc::malformed_value);
  script(make(sessions, lensdb::size_operation{}))
      .write(request(operation::size))
      .read(ok("many"))
      .done_with(errc::malformed_value);
}

TEST(LensPerform, AStatusBecomesAnErrorThatKeepsTheServersText) {
  session_maker sessions;
  const lensdb::set_operation asked{.key = "k", .value = "v"};
  const auto dialogue_for = [&](status code, std::string_view text) {
    auto dialogue = sessions.fresh().start(asked);
    dialogue.resume({});
    dialogue.resume({});
    dialogue.resume({.bytes = 20});
    const auto bytes = reply(code, {}, text);
    sessions->state().input().prepare(bytes.size());
    std::copy(bytes.begin(), bytes.end(), sessions->state().input().free().begin());
    const dt::action end = dialogue.resume({.bytes = bytes.size()});
    EXPECT_EQ(end.what(), dt::verb::done);
    return dialogue.failure(end.error());
  };
  const dt::error_info full = dialogue_for(status::storage_full, "Storage full");
  EXPECT_EQ(full.code(), make_error_code(status::storage_full));
  EXPECT_EQ(full.kind(), dt::condition::limit);
  EXPECT_EQ(full.server().message, "Storage full");
  EXPECT_EQ(full.context(), "SET");
  EXPECT_EQ(sessions.health(), session_health::idle);
  const dt::error_info invalid = dialogue_for(status::invalid_message, "not enough bytes");
  EXPECT_EQ(invalid.kind(), dt::condition::protocol);
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
}

TEST(LensPerform, EveryOperationEndsWithAnErrorWhereverItsDialogueFails) {
  session_maker sessions;
  const auto is_unusable = [&] { EXPECT_NE(sessions.health(), session_health::idle); };
  const lensdb::get_operation<std::string, digits> get{.key = "k"};
  script(make(sessions, get))
      .write(request(operation::get, "k"))
      .read(ok("v"))
      .one_byte_a_read()
      .fail_each_step()
      .leaves(is_unusable);
  script(make(sessions, get)).write(request(operation::get, "k")).read(ok("v")).cancel_each_step().leaves(is_unusable);
  const lensdb::set_operation set{.key = "k", .value = "v"};
  script(make(sessions, set)).write(request(operation::set, "k", "v")).read(ok()).fail_each_step().leaves(is_unusable);
  script(make(sessions, set))
      .write(request(operation::set, "k", "v"))
      .read(ok())
      .time_out_each_step()
      .leaves(is_unusable);
}

TEST(LensPerform, ManyKeysAreAskedForOneAfterTheOther) {
  session_maker sessions;
  const lensdb::get_many_operation<int, digits> asked{.keys = {"a", "b", "c"}};
  const auto values = script(make(sessions, asked))
                          .write(request(operation::get, "a"))
                          .read(ok("1"))
                          .write(request(operation::get, "b"))
                          .read(missing)
                          .write(request(operation::get, "c"))
                          .read(ok("3"))
                          .value();
  EXPECT_EQ(values, (std::vector<std::optional<int>>{1, std::nullopt, 3}));
}

TEST(LensPerform, NothingToAskForIsDoneAtOnce) {
  session_maker sessions;
  const lensdb::get_many_operation<int, digits> none{};
  EXPECT_TRUE(script(make(sessions, none)).value().empty());
  script(make(sessions, lensdb::set_many_operation{})).done();
}

TEST(LensPerform, OneOfManyThatWouldBeRefusedKeepsAllFromBeingSent) {
  session_maker sessions;
  const lensdb::get_many_operation<int, digits> asked{.keys = {"a", "", "c"}};
  auto dialogue = sessions->start(asked);
  const dt::action end = dialogue.resume({});
  EXPECT_EQ(end.error(), errc::invalid_key);
  EXPECT_EQ(dialogue.failure(end.error()).context(), "request 2 of 3: GET: the key is empty");
  lensdb::set_many_operation entries;
  entries.entries = {{.key = "a", .value = "1"}, {.key = "b", .refused = {errc::value_out_of_range, "why"}}};
  script(make(sessions, entries)).done_with(errc::value_out_of_range);
}

TEST(LensPerform, AFailureAmongManySaysWhichOneItWas) {
  session_maker sessions;
  lensdb::set_many_operation asked;
  asked.entries = {{.key = "a", .value = "1"}, {.key = "b", .value = "2"}};
  auto dialogue = sessions->start(asked);
  dialogue.resume({});
  dialogue.resume({});
  const dt::action reading = dialogue.resume({.bytes = 20});
  const auto bytes = ok();
  std::copy(bytes.begin(), bytes.end(), reading.input().begin());
  EXPECT_EQ(dialogue.resume({.bytes = bytes.size()}).what(), dt::verb::look);
  EXPECT_EQ(dialogue.resume({}).what(), dt::verb::write);
  dialogue.resume({.bytes = 20});
  const dt::action end = dialogue.resume({.ec = errc::connection_closed});
  EXPECT_EQ(end.error(), errc::outcome_unknown);
  EXPECT_TRUE(dialogue.failure(end.error()).context().starts_with("request 2 of 2: SET was sent and may"));
}

TEST(LensPerform, AReplyTooManyBetweenTwoOfManyRequestsEndsThemAll) {
  session_maker sessions;
  const lensdb::get_many_operation<std::string, digits> keys{.keys = {"a", "b"}};
  const dt::error_info got =
      script(make(sessions, keys)).write(request(operation::get, "a")).read(ok("1")).look(ok("1 again")).failure();
  EXPECT_EQ(got.code(), errc::unexpected_message);
  EXPECT_EQ(got.context(), "request 2 of 2: GET: it was not sent, as bytes came that nobody asked for");
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
  lensdb::set_many_operation entries;
  entries.entries = {{.key = "a", .value = "1"}, {.key = "b", .value = "2"}};
  const dt::error_info ended =
      script(make(sessions, entries)).write(request(operation::set, "a", "1")).read(ok()).look_end().failure();
  EXPECT_EQ(ended.code(), errc::connection_closed);  // the second one was not sent, so its outcome is known
  EXPECT_EQ(ended.context(), "request 2 of 2");
}

TEST(LensPerform, AShareOfManyCountsInTheWhole) {
  session_maker sessions;
  lensdb::get_many_operation<int, digits> asked{.keys = {"a", "b"}, .share = {.before = 250, .total = 500}};
  EXPECT_EQ(script(make(sessions, asked))
                .write(request(operation::get, "a"))
                .read(ok("1"))
                .write(request(operation::get, "b"))
                .read(ok("no number"))
                .failure()
                .context(),
            "request 252 of 500");
  asked.keys = {"a"};
  EXPECT_TRUE(script(make(sessions, asked))
                  .write(request(operation::get, "a"))
                  .read_end()
                  .failure()
                  .context()
                  .starts_with("request 251 of 500"));
  lensdb::set_many_operation entries;
  entries.share = {.before = 3, .total = 5};
  entries.entries = {{.key = "a", .value = "1"}, {.key = "b", .refused = {errc::value_out_of_range, "why"}}};
  EXPECT_EQ(script(make(sessions, entries)).failure().context(), "request 5 of 5: why");
}

TEST(LensPerform, InTheSecondDialectManyRequestsTakeAConnectionEach) {
  using lensdb::ldbd_v1;
  session_maker<ldbd_v1> sessions;
  const lensdb::get_many_operation<int, digits> asked{.keys = {"a", "b"}};
  const auto describe = [&](auto&& play) -> auto& {
    return play.write(request<ldbd_v1>(operation::get, "a"))
        .shutdown_write()
        .read(ok<ldbd_v1>("1"))
        .read_end()
        .close()
        .connect()
        .write(request<ldbd_v1>(operation::get, "b"))
        .shutdown_write()
        .read(ok<ldbd_v1>("2"))
        .read_end();
  };
  auto happy = script(make(sessions, asked));
  EXPECT_EQ(describe(happy).value(), (std::vector<std::optional<int>>{1, 2}));
  auto cancelled = script(make(sessions, asked));
  describe(cancelled).cancel_each_step().leaves([&] { EXPECT_NE(sessions.health(), session_health::idle); });
}

TEST(LensPerform, OperationsSayWhetherTheyMayBeRepeated) {
  EXPECT_TRUE((lensdb::get_operation<int, digits>::is_idempotent()));
  EXPECT_TRUE(lensdb::keys_operation::is_idempotent() && lensdb::size_operation::is_idempotent() &&
              lensdb::exists_operation::is_idempotent() && lensdb::ping_operation::is_idempotent() &&
              lensdb::stats_operation::is_idempotent());
  EXPECT_FALSE(lensdb::set_operation::is_idempotent() || lensdb::erase_operation::is_idempotent() ||
               lensdb::clear_operation::is_idempotent() || lensdb::set_many_operation::is_idempotent());
}

}  // namespace
