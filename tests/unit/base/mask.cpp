#include <dovetail/base/mask.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace {

namespace dt = dovetail;

TEST(Mask, P15_AUrlShowsNoUserAndNoPassword) {
  EXPECT_EQ(dt::mask_url("postgresql://u:p@h/app"), "postgresql://***@h/app");
  EXPECT_EQ(dt::mask_url("postgresql://u@h/app"), "postgresql://***@h/app");
  EXPECT_EQ(dt::mask_url("postgresql://u:a@b@h:5432/app"), "postgresql://***@h:5432/app");
  EXPECT_EQ(dt::mask_url("postgresql://u:a|b\nc/d?e#f@h/app"), "postgresql://***@h/app");
  EXPECT_EQ(dt::mask_url("postgresql://u:p@[::1]:5432/app"), "postgresql://***@[::1]:5432/app");
  EXPECT_EQ(dt::mask_url("postgresql://u:p@h1:1,h2:2/app"), "postgresql://***@h1:1,h2:2/app");
  EXPECT_EQ(dt::mask_url("postgresql://h/app"), "postgresql://h/app");
  EXPECT_EQ(dt::mask_url("sqlite:cities.db?mode=ro"), "sqlite:cities.db?mode=ro");
}

TEST(Mask, P15_ValuesOfParametersThatAreSecretsAreHiddenAndOthersStay) {
  EXPECT_EQ(dt::mask_url("postgresql://h/app?password=x&sslmode=require"),
            "postgresql://h/app?password=***&sslmode=require");
  EXPECT_EQ(dt::mask_url("postgresql://h/app?SSL_Key=x&sslrootcert=r&timeout=3"),
            "postgresql://h/app?SSL_Key=***&sslrootcert=r&timeout=3");
  EXPECT_EQ(dt::mask_url("https://h/?X-Amz-Signature=x;public_key=k&pass%77ord=x"),
            "https://h/?X-Amz-Signature=***;public_key=k&pass%77ord=***");
  EXPECT_EQ(dt::mask_url("workersql://h?keyspace=k&api-key=x&application_name=a"),
            "workersql://h?keyspace=k&api-key=***&application_name=a");
}

TEST(Mask, P15_WordsOfLibpqAreMaskedByName) {
  EXPECT_EQ(dt::mask_url("host=h password='a b\\' c' dbname=d"), "host=h password=*** dbname=d");
  EXPECT_EQ(dt::mask_url("password = x host=h"), "password=*** host=h");
  EXPECT_EQ(dt::mask_url("host=h user=u password=x"), "host=h user=*** password=***");
  EXPECT_EQ(dt::mask_url("password='x"), "password=***");
  EXPECT_EQ(dt::mask_url("host=h junk password=x"), "host=h junk password=***");
  EXPECT_EQ(dt::mask_url("dsn=postgresql://u:x@h/app host=h"), "dsn=*** host=h");
}

TEST(Mask, P15_WhatIsNoUrlIsNotShownAtAll) {
  EXPECT_EQ(dt::mask_url("hunter2"), dt::unreadable_url);
  EXPECT_EQ(dt::mask_url("://u:p@h"), dt::unreadable_url);
}

TEST(Mask, AnOpaqueSecretKeepsAtMostItsLastFourCharacters) {
  EXPECT_EQ(dt::mask_secret("abcd"), "***");
  EXPECT_EQ(dt::mask_secret(""), "***");
  EXPECT_EQ(dt::mask_secret("abcdef"), "***cdef");
}

TEST(Mask, AnErrorsTextLosesUrlsAndValuesOfRows) {
  EXPECT_EQ(dt::mask_error_text("cannot reach postgresql://u:p@h/app, twice \"mysql://a:b@c/d\""),
            "cannot reach postgresql://***@h/app, twice \"mysql://***@c/d\"");
  EXPECT_EQ(dt::mask_error_text("see https://u:p\nq@h then"), "see https://***@h then");
  EXPECT_EQ(dt::mask_error_text("duplicate key\nDETAIL:  Key (name)=(Be)rn) already exists."),
            "duplicate key\nDETAIL:  Key (name)=(***) already exists.");
  EXPECT_EQ(dt::mask_error_text("Failing row contains (1, secret, null)."), "Failing row contains (***).");
  EXPECT_EQ(dt::mask_error_text("Duplicate entry 'Bern' for key 'name'"),
            "Duplicate entry '***'");  // of MySQL: the name of the key goes too
  EXPECT_EQ(dt::mask_error_text("invalid input syntax for type integer: \"4x\""),
            "invalid input syntax for type integer: \"***\"");
  EXPECT_EQ(dt::mask_error_text("nothing to hide"), "nothing to hide");
}

TEST(Mask, P15_ValuesThatTypesRefuseAreHidden) {
  const std::string_view messages[][2] = {
      {"invalid input value for enum mood: \"secret\"", "invalid input value for enum mood: \"***\""},
      {"value \"99secret\" is out of range for type integer", "value \"***\" is out of range for type integer"},
      {"date/time field value out of range: \"secret\"", "date/time field value out of range: \"***\""},
      {"interval field value out of range: \"secret\"", "interval field value out of range: \"***\""},
      {"time zone \"secret\" not recognized", "time zone \"***\" not recognized"},
      {"malformed array literal: \"secret\"", "malformed array literal: \"***\""},
      {"malformed record literal: \"secret\"", "malformed record literal: \"***\""},
      {"malformed range literal: \"secret\"", "malformed range literal: \"***\""},
      {"invalid value \"secret\" for \"YYYY\"", "invalid value \"***\""},
      {"Token \"secret\" is invalid.", "Token \"***\" is invalid."},
      {"Expected JSON value, but found \"secret\".", "Expected JSON value, but found \"***\"."},
      {"COPY city, line 3, column name: \"secret\"", "COPY city, line 3, column name: \"***\""},
      {"unnamed portal parameter $1 = 'secret'", "unnamed portal parameter $1 = '***'"},
      {"Incorrect integer value: 'secret' for column 'id' at row 1",
       "Incorrect integer value: '***' for column 'id' at row 1"},
      {"Truncated incorrect DOUBLE value: 'secret'", "Truncated incorrect DOUBLE value: '***'"},
  };
  for (const auto& [text, masked] : messages) {
    EXPECT_EQ(dt::mask_error_text(text), masked);
    const std::string whole = "query: " + std::string{text} + " [SQLSTATE 22P02]\n  hint: none";
    EXPECT_EQ(dt::mask_error_text(whole), "query: " + std::string{masked} + " [SQLSTATE 22P02]\n  hint: none");
  }
}

TEST(Mask, P15_AValueOfSeveralLinesIsHiddenToItsEnd) {
  for (const char* const value :
       {"a\nsecret", "a)b\nsecret", "\"\nsecret", "a\" b\nsecret", "\n\nsecret\n", "'x'\nsecret"}) {
    for (const auto& [before, behind] :
         {std::pair{"Key (name)=(", ") already exists."}, std::pair{"Failing row contains (1, ", ")."},
          std::pair{"invalid input syntax for type integer: \"", "\""},
          std::pair{"invalid input value for enum mood: \"", "\" [SQLSTATE 22P02]"},
          std::pair{"Duplicate entry '", "' for key 'name'"}}) {
      const std::string masked = dt::mask_error_text(std::string{before} + value + behind + "\n  table: city");
      EXPECT_EQ(masked.find("secret"), std::string::npos) << masked;
      EXPECT_NE(masked.find("***"), std::string::npos) << masked;
    }
  }
  EXPECT_EQ(dt::mask_error_text("Key (a)=(x\ny) already exists.\n  table: city"),
            "Key (a)=(***) already exists.\n  table: city");
}

TEST(Mask, P15_WhatIsToldBehindAValueStays) {
  EXPECT_EQ(dt::mask_error_text("invalid input syntax for type integer: \"secret\"\n  and then: lost (connection)"),
            "invalid input syntax for type integer: \"***\"\n  and then: lost (connection)");
  EXPECT_EQ(dt::mask_error_text("Key (a)=(secret) already exists.\n  and then: Key (a)=(secret) already exists."),
            "Key (a)=(***) already exists.\n  and then: Key (a)=(***) already exists.");
}

TEST(Mask, P15_TextsThatOnlyLookLikeThoseStay) {
  for (const char* const text : {"the port is out of range", "no value for \"x\"", "COPY needs a table",
                                 "a merge rule for 'x'\n  at: \"here\""}) {
    EXPECT_EQ(dt::mask_error_text(text), text);
  }
}

}  // namespace
