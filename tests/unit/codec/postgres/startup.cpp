#include <dovetail/client/postgres/crypto.hpp>
#include <dovetail/codec/postgres/startup.hpp>

#include <support/postgres_login.hpp>
#include <support/script.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
namespace wire = postgres_wire;
using dt::test::script;
using namespace std::chrono_literals;

/// SSLRequest: length 8, code 80877103 (documentation, "Message Formats").
const std::string ssl_request{"\0\0\0\10\4\322\26\57", 8};

/// StartupMessage: length, protocol 3.0, name and value pairs, a zero byte.
std::string hello(const std::string& more = {}, int version = 196608) {
  const std::string body = wire::int32(version) + wire::text("user") + wire::text("me") + wire::text("database") +
                           wire::text("app") + more + wire::text("client_encoding") + wire::text("UTF8") +
                           wire::text("DateStyle") + wire::text("ISO") + wire::text("standard_conforming_strings") +
                           wire::text("on") + '\0';
  return wire::int32(static_cast<std::int64_t>(body.size()) + 4) + body;
}

const std::string ok = wire::authentication(0);
const std::string settled = wire::parameter("server_version", "15.4") + wire::parameter("client_encoding", "UTF8") +
                            wire::key(1234, "\1\2\3\4") + wire::ready();

std::string password_message(const std::string& text) { return wire::message('p', wire::text(text)); }

struct fixture {
  pg::connect_options how;
  pg::connection_facts facts;
  pg::crypto_functions crypto = pg::openssl_crypto();

  explicit fixture(pg::ssl_mode tls = pg::ssl_mode::disable, std::vector<std::string> hosts = {"one"}) {
    for (std::string& each : hosts) how.servers.push_back({std::move(each), {}, 5432, {}});
    how.user = "me";
    how.database = "app";
    how.password = dt::secret{"pencil"};
    how.tls = tls;
    crypto.random_bytes = [](dt::byte_span out) noexcept {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::byte{0};
      return true;
    };
  }
  pg::startup dialogue() { return pg::startup{facts, how, crypto}; }

  /// Runs `dialogue` against bytes; gives the failure.
  dt::error_info failure_of(std::string_view says) {
    pg::startup made = dialogue();
    dt::event happened;
    for (int steps = 0; steps < 1000; ++steps) {
      const dt::action next = made.resume(happened);
      happened = {};
      if (next.what() == dt::verb::done) return dt::failure_of(made, next.error());
      if (next.what() == dt::verb::read) {
        happened.bytes = std::min(says.size(), next.input().size());
        std::copy_n(dt::as_byte_view(says).begin(), happened.bytes, next.input().begin());
        says.remove_prefix(happened.bytes);
        if (happened.bytes == 0) happened.ec = dt::errc::connection_closed;
      }
    }
    ADD_FAILURE() << "the dialogue does not end";
    return {};
  }
};

TEST(PostgresStartup, SettingsThatMakeTheServerReadTextsOtherwiseAreRefused) {
  for (const char* options :
       {"-c standard_conforming_strings=off", "-c a=b -c Standard_Conforming_Strings=OFF",
        "--standard-conforming-strings=0", "-c standard_conforming_strings=on_", "-c standard_conforming_strings",
        "-c standard_conforming_strings=on -c standard_conforming_strings=off"}) {
    fixture f;
    f.how.options = options;
    const dt::error_info why = f.failure_of(ok + settled);
    EXPECT_EQ(why.code(), dt::errc::invalid_option) << options;
    EXPECT_NE(why.message().find("standard_conforming_strings"), std::string::npos) << options;
  }
  for (const auto& each :
       {std::pair{"standard_conforming_strings", "off"}, std::pair{"STANDARD_conforming_strings", "no"},
        std::pair{"client_encoding", "SJIS"}, std::pair{"Client_Encoding", "latin1"}}) {
    fixture f;
    f.how.session_parameters = {{each.first, each.second}};
    EXPECT_EQ(f.failure_of(ok + settled).code(), dt::errc::invalid_option) << each.first;
  }
  fixture f;
  f.how.options = "-c standard_conforming_strings=on --standard-conforming-strings=true -c work_mem=1MB";
  f.how.session_parameters = {{"standard_conforming_strings", "ON"}, {"client_encoding", "utf-8"}};
  EXPECT_FALSE(f.failure_of(ok + settled));
}

TEST(PostgresStartup, AServerThatReadsTextsOtherwiseIsNotUsed) {
  for (const std::string& reported :
       {wire::parameter("standard_conforming_strings", "off"), wire::parameter("client_encoding", "SJIS"),
        wire::parameter("client_encoding", "GBK"), wire::parameter("client_encoding", "LATIN1"),
        wire::parameter("client_encoding", "SQL_ASCII")}) {
    fixture f;
    const dt::error_info why = f.failure_of(ok + reported + wire::ready());
    EXPECT_EQ(why.code(), dt::errc::operation_unsupported) << why.message();
    EXPECT_NE(why.message().find("standard_conforming_strings"), std::string::npos);
    EXPECT_EQ(dt::session_health::closed, f.facts.health);
  }
  fixture f;
  EXPECT_FALSE(f.failure_of(ok + wire::parameter("standard_conforming_strings", "on") + settled));
  for (const char* name : {"UTF8", "utf-8", "UNICODE"}) {
    fixture g;
    EXPECT_FALSE(g.failure_of(ok + wire::parameter("client_encoding", name) + wire::ready())) << name;
  }
}

TEST(PostgresStartup, ATrustedUserIsLetIn) {
  fixture f;
  script([&] { return f.dialogue(); }).connect(0).write(hello()).read(ok + settled).done();
  EXPECT_EQ(dt::session_health::idle, f.facts.health);
  EXPECT_EQ("15.4", f.facts.parameters.find("server_version"));
  EXPECT_EQ(150004, f.facts.server_version());
  EXPECT_EQ(1234u, f.facts.key.process);
  EXPECT_EQ("\1\2\3\4", dt::as_text(f.facts.key.secret_bytes()));
  EXPECT_FALSE(f.facts.is_encrypted);
  EXPECT_TRUE(f.facts.output.empty());
}

TEST(PostgresStartup, AnswersInSingleBytesAreReadLikeWholeOnes) {
  fixture f;
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello())
      .read(wire::authentication(3))
      .write(password_message("pencil"))
      .read(ok + settled)
      .one_byte_a_read()
      .done();
  EXPECT_EQ("15.4", f.facts.parameters.find("server_version"));
}

TEST(PostgresStartup, EveryStepMayFailOrBeCancelledAndLeavesItClosed) {
  fixture f{pg::ssl_mode::require};
  // md5(md5("pencil" + "me") + salt), by another implementation.
  const std::string digest = "md58bd075d5e7d2b818ab12e416568949d3";
  script([&] { return f.dialogue(); })
      .connect()
      .write(ssl_request)
      .read("S")
      .start_tls()
      .write(hello())
      .read(wire::authentication(5, "\1\2\3\4"))
      .write(password_message(digest))
      .read(ok + settled)
      .fail_each_step()
      .time_out_each_step()
      .cancel_each_step()
      .leaves([&] { EXPECT_EQ(dt::session_health::closed, f.facts.health); });
}

TEST(PostgresStartup, ParametersOfTheSessionAreSent) {
  fixture f;
  f.how.application_name = "x";
  f.how.options = "-c a=b";
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello(wire::text("application_name") + wire::text("x") + wire::text("options") + wire::text("-c a=b")))
      .read(ok + settled)
      .done();
  f.how.options = std::string{"a\0b", 3};
  EXPECT_EQ(f.failure_of("").code(), dt::errc::invalid_option);
  f.how.options.clear();
  f.how.user.clear();
  EXPECT_EQ(f.failure_of("").code(), dt::errc::invalid_option);
  f.how.servers.clear();
  EXPECT_EQ(f.failure_of("").code(), dt::errc::invalid_option);
}

TEST(PostgresStartup, AnEmptyValueOfAParameterIsSentAndAnEmptyNameIsNot) {
  fixture f;
  f.how.session_parameters = {{"search_path", ""}};
  const std::string sent = hello();
  // The parameter stands in front of the zero byte that ends the message, whose length counts it.
  const std::string more = wire::text("search_path") + wire::text("");
  script([&] { return f.dialogue(); })
      .connect()
      .write(wire::int32(static_cast<std::int64_t>(sent.size() + more.size())) + sent.substr(4, sent.size() - 5) +
             more + '\0')
      .read(ok + settled)
      .done();
  f.how.session_parameters = {{"", "x"}};
  EXPECT_EQ(f.failure_of("").code(), dt::errc::invalid_option);
}

TEST(PostgresStartup, AHelloThatNoServerTakesIsNotSent) {
  fixture f;
  f.how.application_name.assign(10'004 - hello().size() - std::string_view{"application_name"}.size() - 2, 'x');
  EXPECT_FALSE(f.failure_of(ok + settled)) << "10000 bytes behind the length";
  f.how.application_name += 'x';
  EXPECT_EQ(f.failure_of(ok + settled).code(), dt::errc::request_too_large);
}

/// PostgreSQL's postmaster says so where it cannot start a process: 'E', the text, a zero byte, as in protocol 2.
TEST(PostgresStartup, AServerThatCannotStartAProcessIsQuotedAndLeadsToTheNext) {
  const std::string says{"Ecould not fork new process for connection: Cannot allocate memory\n\0", 67};
  for (const bool is_split : {false, true}) {
    fixture f{pg::ssl_mode::disable, {"one", "two"}};
    auto run = script([&] { return f.dialogue(); });
    run.connect(0).write(hello()).read(says);
    if (is_split) run.one_byte_a_read();
    run.connect(1).write(hello()).read(ok + settled).done();
  }
  fixture f;
  const dt::error_info failure = f.failure_of(says);
  EXPECT_EQ(failure.kind(), dt::condition::connection);
  EXPECT_TRUE(failure.is_transient());
  EXPECT_NE(failure.message().find("could not fork new process for connection: Cannot allocate memory"),
            std::string::npos)
      << failure.message();
  for (const std::string& other : {"E" + std::string(4000, 'x'), std::string{"E\xFF\xFF\xFF\xFFxxxx\0", 10},
                                   wire::notice() + "E" + std::string(4000, 'x')}) {
    const dt::error_info why = f.failure_of(other);
    EXPECT_EQ(why.code(), dt::errc::malformed_frame) << why.message();
  }
}

TEST(PostgresStartup, APasswordThatMayHaveToBePreparedIsNamedWhenItIsRefused) {
  fixture f;
  const std::string offer = wire::authentication(10, wire::text("SCRAM-SHA-256") + '\0');
  const std::string salted =
      wire::authentication(11, "r=" + std::string(24, 'A') + "server,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
  EXPECT_EQ(f.failure_of(offer + salted + wire::fatal("28P01")).message().find("SASLprep"), std::string::npos);
  f.how.password = dt::secret{"u\u0308"};
  const dt::error_info failure = f.failure_of(offer + salted + wire::fatal("28P01"));
  EXPECT_EQ(failure.code(), pg::sqlstate::invalid_password);
  EXPECT_NE(failure.message().find("SASLprep"), std::string::npos) << failure.message();
  f.how.password = dt::secret{"pencil"};
  const dt::error_info other = f.failure_of(offer + salted + wire::authentication(12, "e=invalid-proof\x1b"));
  EXPECT_NE(other.message().find("invalid-proof?"), std::string::npos) << other.message();
}

/// RFC 7677 has a fixed nonce; the server's part is made by another implementation for ours, which is all zeros here.
TEST(PostgresStartup, ScramIsSpokenInThreeMessages) {
  fixture f;
  const std::string nonce(24, 'A');  // 18 zero bytes in base64
  const std::string first = "n,,n=,r=" + nonce;
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello())
      .read(wire::authentication(10, wire::text("SCRAM-SHA-256") + '\0'))
      .write(wire::message('p', wire::text("SCRAM-SHA-256") + wire::int32(32) + first))
      .read(wire::authentication(11, "r=" + nonce + "server,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
      .write(wire::message('p', "c=biws,r=" + nonce + "server,p=oeplwaAlJbxe0IBQN7U5egiG77qa/fUzueRcBbsFVKE="))
      .read(wire::authentication(12, "v=mJ/smyuQUO8bTUwh4R7CMg3l44IP/mZO8FtQ3z5oNFs=") + ok + settled)
      .fail_each_step()
      .cancel_each_step()
      .leaves([&] { EXPECT_EQ(dt::session_health::closed, f.facts.health); });
}

TEST(PostgresStartup, ChannelBindingUsesTheHashThatStartTlsGave) {
  fixture f{pg::ssl_mode::verify_full};
  f.how.binding = pg::channel_binding::require;
  const std::string nonce(24, 'A');
  script([&] { return f.dialogue(); })
      .connect()
      .write(ssl_request)
      .read("S")
      .start_tls()
      .binding("0123456789abcdef")
      .write(hello())
      .read(wire::authentication(10, wire::text("SCRAM-SHA-256-PLUS") + wire::text("SCRAM-SHA-256") + '\0'))
      .write(wire::message(
          'p', wire::text("SCRAM-SHA-256-PLUS") + wire::int32(53) + "p=tls-server-end-point,,n=,r=" + nonce))
      .read(wire::authentication(11, "r=" + nonce + "server,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"))
      .write(wire::message('p', "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsMDEyMzQ1Njc4OWFiY2RlZg==,r=" + nonce +
                                    "server,p=dYfdyO8s3pHqJttubZTLIaIgCPZi13TrhYrzlyGbvSE="))
      .read(wire::authentication(12, "v=SYrvCJJ0SOGWL1gCGmUBmrw9M0RrBW+ZVOUGeUL7Was=") + ok + settled)
      .done();
  EXPECT_TRUE(f.facts.is_encrypted);
}

TEST(PostgresStartup, WhatMustNotBeAnsweredIsRefused) {
  const std::string plus = wire::authentication(10, wire::text("SCRAM-SHA-256-PLUS") + '\0');
  const std::string plain = wire::authentication(10, wire::text("SCRAM-SHA-256") + '\0');
  struct {
    std::string says;
    std::string_view words;
  } const cases[] = {
      {wire::authentication(2), "Kerberos V5"},
      {wire::authentication(7), "GSSAPI"},
      {wire::authentication(9), "SSPI"},
      {wire::authentication(77), "authentication method 77"},
      {wire::authentication(10, wire::text("SCRAM-SHA-512") + wire::text("O\x1b[31m") + '\0'), "SCRAM-SHA-512, O?[31m"},
      {plus, "without TLS"},
      {plain + ok, "without proving"},
  };
  for (const auto& each : cases) {
    fixture f;
    const dt::error_info failure = f.failure_of(each.says);
    EXPECT_EQ(failure.code(), dt::errc::login_refused) << failure.message();
    EXPECT_NE(failure.message().find(each.words), std::string::npos) << failure.message();
    EXPECT_EQ(failure.kind(), dt::condition::authentication);
  }
}

TEST(PostgresStartup, AuthenticationOutOfTurnIsRefused) {
  const std::string plain = wire::authentication(10, wire::text("SCRAM-SHA-256") + '\0');
  for (const std::string& says :
       {wire::authentication(11, "r=x"), wire::authentication(12, "v=x"), wire::authentication(3, "x"),
        wire::authentication(3) + wire::authentication(3), wire::authentication(5, "123"),
        wire::authentication(10, "SCRAM"), wire::authentication(10, wire::text("SCRAM-SHA-256") + '\0' + 'x'),
        plain + wire::authentication(3), plain + wire::authentication(12, "v="), wire::authentication(0, "x"),
        wire::message('R', "\0\0\0")}) {
    fixture f;
    const dt::error_info failure = f.failure_of(says);
    EXPECT_TRUE(failure) << says;
    EXPECT_EQ(dt::session_health::closed, f.facts.health);
    EXPECT_EQ(failure.message().find("pencil"), std::string::npos);
  }
}

TEST(PostgresStartup, AServerOfAnotherProtocolIsSaidToBeOne) {
  for (const std::string& says :
       {std::string{"HTTP/1.1 400 Bad Request\r\n\r\n"}, std::string{"SSH-2.0-OpenSSH_9.2\r\n"}, wire::ready()}) {
    fixture f;
    const dt::error_info failure = f.failure_of(says);
    EXPECT_EQ(failure.kind(), dt::condition::protocol) << failure.message();
    EXPECT_NE(failure.message().find("does not speak PostgreSQL's protocol"), std::string::npos) << failure.message();
  }
}

TEST(PostgresStartup, AnAnnouncedLengthIsNotBelieved) {
  fixture f;
  const dt::error_info failure = f.failure_of("R" + wire::int32(0x7FFFFFF0) + "abc");
  EXPECT_EQ(failure.code(), dt::errc::malformed_frame);
  EXPECT_LE(f.facts.input.capacity(), 128u * 1024u);
}

TEST(PostgresStartup, MessagesThatDoNotBelongHereAreNamed) {
  for (const std::string& says :
       {ok + wire::row({"x"}), ok + wire::ready('T'), ok + wire::message('Z', "II"), ok + wire::message('S', "no"),
        ok + wire::message('K', "123"), ok + wire::key(1, std::string(257, 'x')), ok + ok, wire::notification("a", "b"),
        ok + wire::notification("a", "b"), wire::message('v', wire::int32(196610) + wire::int32(0))}) {
    fixture f;
    const dt::error_info failure = f.failure_of(says);
    EXPECT_EQ(failure.kind(), dt::condition::protocol) << failure.message();
    EXPECT_EQ(dt::session_health::closed, f.facts.health);
  }
}

TEST(PostgresStartup, NoticesReachTheReceiver) {
  fixture f;
  std::vector<std::string> heard;
  f.facts.notices = {&heard, [](void* state, dt::server_fields&& notice) {
                       static_cast<std::vector<std::string>*>(state)->push_back(notice.message);
                     }};
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello())
      .read(wire::notice() + ok + wire::notice() + settled)
      .done();
  EXPECT_EQ(2u, heard.size());
}

TEST(PostgresStartup, BytesBehindReadyForQueryStayForTheNextDialogue) {
  fixture f;
  const std::string more = wire::parameter("TimeZone", "UTC");
  script([&] { return f.dialogue(); }).connect().write(hello()).read(ok + settled + more).done();
  EXPECT_EQ(more, dt::as_text(f.facts.input.committed()));
}

TEST(PostgresStartup, AnErrorKeepsTheServersWordsAndEndsTheDialogue) {
  fixture f{pg::ssl_mode::disable, {"one", "two"}};
  const dt::error_info failure = f.failure_of(wire::fatal("28P01", "password authentication failed"));
  EXPECT_EQ(failure.code(), pg::sqlstate::invalid_password);
  EXPECT_NE(failure.message().find("cannot connect to one:5432 (user 'me', database 'app'): password authentication "
                                   "failed [SQLSTATE 28P01]"),
            std::string::npos)
      << failure.message();
  EXPECT_EQ(failure.message().find("two"), std::string::npos) << "a refused log-in is not tried elsewhere";
}

TEST(PostgresStartup, AServerThatStartsOrIsFullLeadsToTheNext) {
  for (const char* code : {"57P03", "53300", "57P01"}) {
    fixture f{pg::ssl_mode::disable, {"one", "two"}};
    script([&] { return f.dialogue(); })
        .connect(0)
        .write(hello())
        .read(wire::fatal(code))
        .connect(1)
        .write(hello())
        .read(ok + settled)
        .done();
    EXPECT_EQ(1u, f.facts.server);
  }
}

TEST(PostgresStartup, ServersThatCannotBeReachedAreAllNamed) {
  fixture f{pg::ssl_mode::disable, {"one", "/two", "three"}};
  pg::startup dialogue = f.dialogue();
  static_cast<void>(dialogue.resume({}));
  static_cast<void>(dialogue.resume({std::make_error_code(std::errc::connection_refused)}));
  static_cast<void>(dialogue.resume({dt::make_error_code(dt::errc::host_not_found)}));
  ASSERT_EQ(dialogue.resume({dt::make_error_code(dt::errc::deadline_passed)}).what(), dt::verb::close);
  const dt::action last = dialogue.resume({});
  ASSERT_EQ(last.error(), dt::errc::deadline_passed);
  const std::string text = dialogue.failure(last.error()).message();
  EXPECT_NE(text.find("one:5432"), std::string::npos) << text;
  EXPECT_NE(text.find("/two/.s.PGSQL.5432"), std::string::npos) << text;
  EXPECT_NE(text.find("three:5432"), std::string::npos) << text;
}

TEST(PostgresStartup, EachServerHasItsOwnPasswordAndTime) {
  fixture f{pg::ssl_mode::disable, {"one", "two"}};
  f.how.servers[1].password = dt::secret{"other"};
  f.how.connect_timeout = 7s;
  script([&] { return f.dialogue(); })
      .connect(0)
      .failing(std::make_error_code(std::errc::connection_refused))
      .connect(1)
      .write(hello())
      .read(wire::authentication(3))
      .write(password_message("other"))
      .read(ok + settled)
      .done();
  pg::startup dialogue = f.dialogue();
  EXPECT_EQ(dialogue.resume({}).delay(), 7s);
}

TEST(PostgresStartup, PreferGoesOnWithoutTlsWhereThereIsNone) {
  fixture f{pg::ssl_mode::prefer};
  script([&] { return f.dialogue(); }).connect().write(ssl_request).read("N").write(hello()).read(ok + settled).done();
  EXPECT_FALSE(f.facts.is_encrypted);
}

TEST(PostgresStartup, RequireDoesNot) {
  for (const pg::ssl_mode mode : {pg::ssl_mode::require, pg::ssl_mode::verify_ca, pg::ssl_mode::verify_full}) {
    fixture f{mode};
    const dt::error_info failure = f.failure_of("N");
    EXPECT_EQ(failure.code(), dt::errc::operation_unsupported) << failure.message();
  }
}

TEST(PostgresStartup, BytesInFrontOfTlsAreRefusedAndNeverUsed) {
  for (const std::string& says : {"S" + ok + settled, "N" + ok + settled, std::string{"SS"}}) {
    for (const pg::ssl_mode mode : {pg::ssl_mode::prefer, pg::ssl_mode::require}) {
      fixture f{mode};
      const dt::error_info failure = f.failure_of(says);
      EXPECT_EQ(failure.code(), dt::errc::unexpected_message) << failure.message();
      EXPECT_TRUE(f.facts.input.committed().empty());
    }
  }
}

TEST(PostgresStartup, AnErrorInFrontOfTlsIsNotQuoted) {
  fixture f{pg::ssl_mode::require};
  const dt::error_info failure = f.failure_of(wire::fatal("28000", "send your password to evil.example"));
  EXPECT_EQ(failure.code(), dt::errc::unexpected_message);
  EXPECT_EQ(failure.message().find("evil"), std::string::npos) << failure.message();
  fixture g{pg::ssl_mode::verify_full};
  EXPECT_EQ(g.failure_of("x").code(), dt::errc::malformed_frame);
}

TEST(PostgresStartup, ATlsHandshakeThatFailsIsTriedWithoutTlsByPreferOnly) {
  fixture f{pg::ssl_mode::prefer};
  script([&] { return f.dialogue(); })
      .connect()
      .write(ssl_request)
      .read("S")
      .start_tls()
      .failing(dt::errc::connection_lost)
      .connect()
      .write(hello())
      .read(ok + settled)
      .done();
  fixture g{pg::ssl_mode::require};
  script([&] { return g.dialogue(); })
      .connect()
      .write(ssl_request)
      .read("S")
      .start_tls()
      .failing(dt::errc::connection_lost)
      .close()
      .done_with(dt::errc::connection_lost);
}

TEST(PostgresStartup, AllowAndPreferChangeOnceWhenPgHbaRefuses) {
  fixture f{pg::ssl_mode::allow};
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello())
      .read(wire::fatal("28000"))
      .connect()
      .write(ssl_request)
      .read("S")
      .start_tls()
      .write(hello())
      .read(ok + settled)
      .done();
  EXPECT_TRUE(f.facts.is_encrypted);
  fixture g{pg::ssl_mode::prefer};
  script([&] { return g.dialogue(); })
      .connect()
      .write(ssl_request)
      .read("S")
      .start_tls()
      .write(hello())
      .read(wire::fatal("28000"))
      .connect()
      .write(hello())
      .read(wire::fatal("28000"))
      .close()
      .done_with(pg::sqlstate::invalid_authorization);
}

TEST(PostgresStartup, AUnixSocketIsNeverEncrypted) {
  fixture f{pg::ssl_mode::verify_full, {"/run"}};
  script([&] { return f.dialogue(); }).connect().write(hello()).read(ok + settled).done();
}

TEST(PostgresStartup, DirectTlsAsksNoQuestion) {
  fixture f{pg::ssl_mode::require};
  f.how.tls_negotiation = pg::ssl_negotiation::direct;
  script([&] { return f.dialogue(); }).connect().start_tls().write(hello()).read(ok + settled).done();
}

TEST(PostgresStartup, TheWantedRoleIsReadFromTheParameters) {
  const std::string primary =
      wire::parameter("in_hot_standby", "off") + wire::parameter("default_transaction_read_only", "off") + settled;
  const std::string standby =
      wire::parameter("in_hot_standby", "on") + wire::parameter("default_transaction_read_only", "off") + settled;
  fixture f{pg::ssl_mode::disable, {"one", "two"}};
  f.how.target = pg::target_session::standby;
  script([&] { return f.dialogue(); })
      .connect(0)
      .write(hello())
      .read(ok + primary)
      .write(wire::message('X'))
      .connect(1)
      .write(hello())
      .read(ok + standby)
      .done();
  EXPECT_EQ(1u, f.facts.server);
  f.how.target = pg::target_session::read_write;
  script([&] { return f.dialogue(); })
      .connect(0)
      .write(hello())
      .read(ok + standby)
      .write(wire::message('X'))
      .connect(1)
      .write(hello())
      .read(ok + standby)
      .write(wire::message('X'))
      .close()
      .done_with(dt::errc::no_suitable_server);
}

TEST(PostgresStartup, APreferredStandbyGivesWayToAnyServer) {
  const std::string primary = ok + wire::parameter("in_hot_standby", "off") + settled;
  fixture f{pg::ssl_mode::disable, {"one", "two"}};
  f.how.target = pg::target_session::prefer_standby;
  script([&] { return f.dialogue(); })
      .connect(0)
      .write(hello())
      .read(primary)
      .write(wire::message('X'))
      .connect(1)
      .write(hello())
      .read(primary)
      .write(wire::message('X'))
      .connect(0)
      .write(hello())
      .read(primary)
      .done();
}

TEST(PostgresStartup, AnOldServerIsAskedForItsRole) {
  fixture f;
  f.how.target = pg::target_session::read_write;
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello())
      .read(ok + settled)
      .write(wire::query("show transaction_read_only"))
      .read(wire::columns({"transaction_read_only"}) + wire::row({"off"}) + wire::complete("SHOW") + wire::ready())
      .fail_each_step()
      .cancel_each_step()
      .leaves([&] { EXPECT_EQ(dt::session_health::closed, f.facts.health); });
  f.how.target = pg::target_session::primary;
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello())
      .read(ok + settled)
      .write(wire::query("select case when pg_catalog.pg_is_in_recovery() then 'on' else 'off' end"))
      .read(wire::columns({"case"}) + wire::row({"on"}) + wire::complete("SELECT 1") + wire::ready())
      .write(wire::message('X'))
      .close()
      .done_with(dt::errc::no_suitable_server);
  for (const std::string& answer :
       {wire::row({"maybe"}) + wire::ready(), wire::row({"on", "off"}), wire::ready(), wire::message('D', "\0")}) {
    EXPECT_EQ(f.failure_of(ok + settled + answer).kind(), dt::condition::protocol);
  }
}

TEST(PostgresStartup, ServersAreShuffledWhenTheLoadIsToBeBalanced) {
  fixture f{pg::ssl_mode::disable, {"one", "two", "three"}};
  f.how.balance = pg::load_balance::random;
  // Zeros swap the last with the first, then the second with the first: three, one, two -> two … by Fisher and Yates.
  std::vector<std::size_t> order;
  pg::startup dialogue = f.dialogue();
  dt::action next = dialogue.resume({});
  while (next.what() == dt::verb::connect) {
    order.push_back(next.target());
    next = dialogue.resume({std::make_error_code(std::errc::connection_refused)});
  }
  EXPECT_EQ((std::vector<std::size_t>{1, 2, 0}), order);
  f.crypto.random_bytes = [](dt::byte_span) noexcept { return false; };
  EXPECT_TRUE(f.failure_of(""));
}

TEST(PostgresStartup, LongKeysOfProtocol32AreKept) {
  fixture f;
  f.how.newest_protocol = pg::protocol_version::v3_2;
  const std::string key(32, 'k');
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello({}, 196610))
      .read(ok + wire::key(9, key) + wire::ready())
      .done();
  EXPECT_EQ(key, dt::as_text(f.facts.key.secret_bytes()));
  // A server of 3.0 says so; nothing else changes.
  script([&] { return f.dialogue(); })
      .connect()
      .write(hello({}, 196610))
      .read(wire::message('v', wire::int32(196608) + wire::int32(0)) + ok + settled)
      .done();
  EXPECT_EQ(4u, f.facts.key.size);
  EXPECT_TRUE(f.failure_of(wire::message('v', wire::int32(196608) + wire::int32(1) + wire::text("_pq_.x"))));
}

TEST(PostgresStartup, MethodsThatAreNotAllowedAreNotAnswered) {
  fixture f;
  f.how.allowed_authentication = {"scram-sha-256"};
  for (const std::string& says : {wire::authentication(3), wire::authentication(5, "1234"), ok}) {
    EXPECT_EQ(f.failure_of(says).code(), dt::errc::login_refused);
  }
}

TEST(PostgresStartup, AMissingPasswordIsSaidWithItsReason) {
  fixture f;
  f.how.password = {};
  f.how.password_note = "the file is not used";
  const dt::error_info failure = f.failure_of(wire::authentication(3));
  EXPECT_NE(failure.message().find("there is no password (the file is not used)"), std::string::npos)
      << failure.message();
}

}  // namespace
