#include <dovetail/base/uri.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;

dt::uri read(std::string_view text) {
  dt::result<dt::uri> parsed = dt::parse_uri(text);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message();
  return parsed ? *std::move(parsed) : dt::uri{};
}

std::string failure_of(std::string_view text) {
  const dt::result<dt::uri> parsed = dt::parse_uri(text);
  EXPECT_FALSE(parsed.has_value()) << text;
  EXPECT_EQ(parsed.error().code(), dt::errc::malformed_connection_string) << text;
  EXPECT_EQ(parsed.error().kind(), dt::condition::configuration) << text;
  return std::string{parsed.error().context()};
}

TEST(Uri, EveryPartIsFoundAndDecoded) {
  const dt::uri u =
      read("WorkerSQL://us%20er:p%40ss%2F%25@Example.COM:8787/my%20db?apiKey=a%26b==&ssl=false&flag&empty=");
  EXPECT_EQ(u.scheme, "workersql");
  EXPECT_EQ(u.user, "us er");
  EXPECT_TRUE(u.has_password);
  EXPECT_EQ(u.password.reveal(), "p@ss/%");
  EXPECT_EQ(u.hosts, (std::vector<dt::uri_host>{{"Example.COM", 8787, false}}));
  EXPECT_EQ(u.path, "/my db");
  EXPECT_EQ(u.database(), "my db");
  ASSERT_EQ(u.parameters.size(), 4u);
  EXPECT_EQ(u.parameters[0].name, "apiKey");
  EXPECT_EQ(u.parameters[0].value.reveal(), "a&b==");
  EXPECT_EQ(u.parameters[1].value.reveal(), "false");
  EXPECT_EQ(u.parameters[2].name, "flag");
  EXPECT_FALSE(u.parameters[2].has_value);
  EXPECT_TRUE(u.parameters[3].has_value);
  EXPECT_TRUE(u.parameters[3].value.empty());
}

TEST(Uri, SeveralHostsKeepTheirOrderAndTheirPorts) {
  const dt::uri u = read("postgresql://app@one,two:5433,[2001:db8::1]:5434,%2Fvar%2Frun/app");
  EXPECT_EQ(u.hosts,
            (std::vector<dt::uri_host>{
                {"one", 0, false}, {"two", 5433, false}, {"2001:db8::1", 5434, true}, {"/var/run", 0, false}}));
  EXPECT_EQ(u.user, "app");
  EXPECT_FALSE(u.has_password);
}

TEST(Uri, AnIPv6AddressMayHaveAZone) {
  EXPECT_EQ(read("lensdb://[fe80::1%25eth0]:8080").hosts, (std::vector<dt::uri_host>{{"fe80::1%eth0", 8080, true}}));
}

TEST(Uri, FilesAndMemoryHaveAPathAndNoHost) {
  EXPECT_EQ(read("sqlite::memory:").path, ":memory:");
  EXPECT_EQ(read("sqlite:cities.db").path, "cities.db");
  EXPECT_EQ(read("sqlite:cities.db").database(), "cities.db");
  EXPECT_EQ(read("sqlite:/data/cities.db").database(), "/data/cities.db");
  EXPECT_EQ(read("sqlite:my file.db?mode=wal").path, "my file.db");
  EXPECT_EQ(read("sqlite:///data/cities.db").path, "/data/cities.db");
  EXPECT_TRUE(read("sqlite:///data/cities.db").hosts.empty());
  EXPECT_TRUE(read("sqlite:///data/cities.db").has_authority);
  EXPECT_FALSE(read("sqlite:/data/cities.db").has_authority);
  EXPECT_EQ(read("sqlite:team@home.db").path, "team@home.db");
}

TEST(Uri, RepeatedParametersAndEmptyOnesAreKeptAndSkipped) {
  const dt::uri u = read("kv://h?a=1&&a=2&");
  ASSERT_EQ(u.parameters.size(), 2u);
  EXPECT_EQ(u.parameters[0].value.reveal(), "1");
  EXPECT_EQ(u.parameters[1].value.reveal(), "2");
}

TEST(Uri, UserAndPasswordMayBeEmpty) {
  EXPECT_EQ(read("kv://:p@h").password.reveal(), "p");
  EXPECT_TRUE(read("kv://u:@h").has_password);
  EXPECT_TRUE(read("kv://u:@h").password.empty());
  EXPECT_EQ(read("kv://@h").user, "");
  EXPECT_EQ(read("kv://u:a:b@h").password.reveal(), "a:b");
  EXPECT_EQ(read("kv://u:p@ss+w@h").password.reveal(), "p@ss+w");
}

TEST(Uri, FailuresNameThePartAndItsPlace) {
  EXPECT_EQ(failure_of(""), "the connection string is empty");
  EXPECT_EQ(failure_of("localhost/db"),
            "the connection string must begin with a scheme, as in 'sqlite:file.db' or 'postgresql://host/database'");
  EXPECT_EQ(failure_of("kv://h:0"), "the port of the host is not a number from 1 to 65535, at character 8");
  EXPECT_EQ(failure_of("kv://a,b:99999"), "the port of host 2 is not a number from 1 to 65535, at character 10");
  EXPECT_EQ(failure_of("kv://h:"), "the host has a ':' without a port behind it, at character 8");
  EXPECT_EQ(failure_of("kv://a,"), "host 2 is empty, at character 8");
  EXPECT_EQ(failure_of("kv://,b"), "host 1 is empty, at character 6");
  EXPECT_EQ(failure_of("kv://a,,b"), "host 2 is empty, at character 8");
}

TEST(Uri, FailuresOfAddressesSayWhatIsExpected) {
  EXPECT_EQ(failure_of("kv://::1:80"),
            "the host has more than one ':' (an IPv6 address needs brackets: [::1]:5432), at character 6");
  EXPECT_EQ(failure_of("kv://[::1"), "the host has a '[' without a ']', at character 6");
  EXPECT_EQ(failure_of("kv://[::1]80"),
            "the host has something other than ':' and a port behind its ']', at character 11");
  EXPECT_EQ(failure_of("kv://[1.2.3.4]"),
            "the host has something else than an IPv6 address between its brackets, at character 6");
  EXPECT_EQ(failure_of("kv://a b"), "the host has a character that no host name has, at character 7");
  EXPECT_EQ(failure_of("kv://a%0D%0Ab"), "the host has a character that no host name has, at character 7");
  EXPECT_EQ(failure_of("kv://h,[fe80::1%25e%7f]"), "host 2 has a character that no host name has, at character 20");
  EXPECT_EQ(read("kv://%2Frun%2Fmy%20db").hosts.at(0).name, "/run/my db");
}

TEST(Uri, FailuresOfEscapesNameThePart) {
  const std::string tail = " has a '%' without two hexadecimal digits behind it (write %25 for the character itself)";
  EXPECT_EQ(failure_of("kv://u%:p@h"), "the user" + tail + ", at character 7");
  EXPECT_EQ(failure_of("kv://u:%zz@h"), "the password" + tail + ", at character 8");
  EXPECT_EQ(failure_of("kv://h%1/p"), "the host" + tail + ", at character 7");
  EXPECT_EQ(failure_of("kv://h/50%"), "the path" + tail + ", at character 10");
  EXPECT_EQ(failure_of("kv://h?timeout=5%"), "the value of parameter 'timeout'" + tail + ", at character 17");
  EXPECT_EQ(failure_of("kv://h?a=1&b%x=2"), "the name of parameter 2" + tail + ", at character 13");
  EXPECT_EQ(failure_of("kv://u:%00@h"), "the password has an escaped zero byte, which is refused, at character 8");
  EXPECT_EQ(failure_of("kv://h?a=1&=2"),
            "parameter 2 of the connection string has a value but no name, at character 12");
}

TEST(Uri, NoFailureAndNoPublicTextShowsAPieceOfAPassword) {
  // "sesame" stands for the password in every way that it can be written wrongly.
  const std::string_view texts[] = {
      "kv://u:sesame@h:0",         "kv://u:sesame@h:x",
      "kv://u:sesame/x@h/d",       "kv://u:x/sesame@h/d",
      "kv://u:sesame?x@h/d",       "kv://u:x?sesame@h/d",
      "kv://u:1?sesame@h/d",       "kv://u:1?sesame=%@h/d",
      "kv://u:1?x=%&sesame=%@h/d", "kv://u:sesame#x@h",
      "kv://u:x#sesame@h",         "kv://u:sesame%@h",
      "kv://u:%sesame@h",          "kv://u:x@sesame/y@h/d",
      "kv://u:x@sesame?y@h/d",     "kv://u:x,sesame/y@h",
      "kv://u:[sesame@h]:1",       "kv:u:sesame@h/d",
      "kv://u:sesame@h",           "kv://u:sesame@h/d?x=%",
      "kv://u:1/sesame?x@h",       "kv://u:sesame@[::1",
      "kv://u:sesame\n@h",         "u:sesame@h",
      "kv://u:1,sesame:2?x@h",     "kv://u:sesame@h?password=sesame",
      "kv://u:sesame:x@a,,b",      " kv://u:sesame@h",
  };
  for (const std::string_view text : texts) {
    const dt::result<dt::uri> parsed = dt::parse_uri(text);
    const std::string shown = parsed ? parsed->public_text() : parsed.error().message();
    EXPECT_EQ(shown.find("sesame"), shown.npos) << text << "\n  " << shown;
  }
}

TEST(Uri, AMistakeThatAnUnescapedPasswordMakesIsExplained) {
  EXPECT_EQ(failure_of("kv://u:pa/ss@h/d"),
            "an '@' stands in the path (in a password write '/' as %2F, in a path write '@' as %40), at character 10");
  EXPECT_EQ(failure_of("kv://u:pa?ss@h/d"),
            "the port of the host is not a number from 1 to 65535; if that is a piece of a password, write '/' as %2F "
            "and '?' as %3F there, at character 8");
  EXPECT_EQ(failure_of("kv://u:pa#ss@h/d"),
            "a connection string has no '#' (write %23 for the character itself), at character 10");
}

TEST(Uri, PublicTextHasEverythingButPasswordAndParameters) {
  EXPECT_EQ(read("kv://u:p@a:1,[::1]:2,c/d/e?key=x").public_text(), "kv://u:[redacted]@a:1,[::1]:2,c/d/e");
  EXPECT_EQ(read("kv://u@h").public_text(), "kv://u@h");
  EXPECT_EQ(read("sqlite::memory:?cache=shared").public_text(), "sqlite::memory:");
  EXPECT_EQ(read("sqlite:///a.db").public_text(), "sqlite:///a.db");
}

}  // namespace
