#include <dovetail/client/postgres/crypto.hpp>
#include <dovetail/codec/postgres/scram.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
using scram = pg::detail::scram;

const dt::secret pencil{"pencil"};

/// RFC 7677 section 3.
constexpr std::string_view client_nonce = "rOprNGfwEbeRWgbNEkqO";
const std::string server_first =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const std::string client_final =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const std::string server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

struct exchange {
  scram machine{pg::openssl_crypto(), pencil, scram::binding::unsupported, {}};
  std::string message;

  void begin() { EXPECT_FALSE(machine.first_with(message, "user", client_nonce)); }
};

TEST(PostgresScram, TheExampleOfRfc7677) {
  exchange one;
  one.begin();
  EXPECT_EQ("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", one.message);
  ASSERT_FALSE(one.machine.prove(server_first, one.message));
  EXPECT_EQ(client_final, one.message);
  EXPECT_FALSE(one.machine.verify(server_final));
}

TEST(PostgresScram, AServerThatDoesNotKnowThePasswordIsRefused) {
  exchange one;
  one.begin();
  ASSERT_FALSE(one.machine.prove(server_first, one.message));
  for (const char* answer : {"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "v=", "v=6rri", "x=1", "",
                             "e=invalid-proof", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4"}) {
    EXPECT_EQ(one.machine.verify(answer).code(), dt::errc::login_refused) << answer;
  }
  exchange early;
  early.begin();
  EXPECT_TRUE(early.machine.verify("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")) << "before the proof";
}

TEST(PostgresScram, AMalformedFirstMessageIsRefused) {
  for (const char* answer : {
           "",
           "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",          // our nonce, nothing added
           "r=someoneElse,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",                   // not our nonce
           "m=ext,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",   // an extension that must be known
           "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",                                 // no salt
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22Za,i=4096",                            // no base64
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",            // no iterations
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1",           //
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999",  //
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001",      // would keep us busy
           "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==",                //
       }) {
    exchange one;
    one.begin();
    const dt::error_info failure = one.machine.prove(answer, one.message);
    EXPECT_EQ(failure.code(), dt::errc::login_refused) << answer;
    EXPECT_EQ(failure.message().find("pencil"), std::string::npos);
  }
}

TEST(PostgresScram, ChannelBindingIsInTheHeaderAndInTheProof) {
  const std::string hash = "0123456789abcdef";
  std::string message;
  scram used{pg::openssl_crypto(), pencil, scram::binding::used, dt::as_byte_view(hash)};
  ASSERT_FALSE(used.first_with(message, "", client_nonce));
  EXPECT_EQ("p=tls-server-end-point,,n=,r=rOprNGfwEbeRWgbNEkqO", message);
  ASSERT_FALSE(used.prove(server_first, message));
  // base64 of "p=tls-server-end-point,,0123456789abcdef"
  EXPECT_TRUE(message.starts_with("c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsMDEyMzQ1Njc4OWFiY2RlZg==,r=")) << message;
  scram unused{pg::openssl_crypto(), pencil, scram::binding::unused, {}};
  ASSERT_FALSE(unused.first_with(message, "", client_nonce));
  EXPECT_TRUE(message.starts_with("y,,n=,"));
  ASSERT_FALSE(unused.prove(server_first, message));
  EXPECT_TRUE(message.starts_with("c=eSws,r=")) << message;
}

TEST(PostgresScram, NoncesAreFreshAndUserNamesEscaped) {
  exchange one;
  std::string other;
  ASSERT_FALSE(one.machine.first(one.message));
  ASSERT_FALSE(one.machine.first(other));
  EXPECT_NE(one.message, other);
  EXPECT_EQ(std::string_view{"n,,n=,r="}.size() + 24, other.size());
  ASSERT_FALSE(one.machine.first_with(other, "a=b,c", "x"));
  EXPECT_EQ("n,,n=a=3Db=2Cc,r=x", other);
}

TEST(PostgresScram, ATlsLibraryThatRefusesIsSaid) {
  pg::crypto_functions broken = pg::openssl_crypto();
  broken.random_bytes = [](dt::byte_span) noexcept { return false; };
  std::string message;
  EXPECT_TRUE((scram{broken, pencil, scram::binding::unused, {}}.first(message)));
  broken.pbkdf2_sha256 = [](dt::byte_view, dt::byte_view, std::uint32_t, pg::sha256_digest&) noexcept { return false; };
  scram one{broken, pencil, scram::binding::unused, {}};
  ASSERT_FALSE(one.first_with(message, "", client_nonce));
  EXPECT_TRUE(one.prove(server_first, message));
}

}  // namespace
