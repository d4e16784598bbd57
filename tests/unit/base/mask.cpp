#include <dovetail/base/mask.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

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

}  // namespace
