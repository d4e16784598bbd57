#include <dovetail/codec/postgres/saslprep.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace pg = dovetail::postgres;

std::string prepared(std::string_view password) {
  const pg::detail::prepared_password made = pg::detail::prepare_password(password);
  EXPECT_TRUE(made.is_certain) << password;
  return std::string{made.text.reveal()};
}

/// RFC 4013 section 3, "Examples", and tables B.1 and C.1.2 of RFC 3454.
TEST(PostgresSaslprep, InvisibleCharactersGoAndSpacesAreSpaces) {
  EXPECT_EQ(prepared("I\u00ADX"), "IX");
  EXPECT_EQ(prepared("user"), "user");
  EXPECT_EQ(prepared("USER"), "USER");
  EXPECT_EQ(prepared("\u00AA"), "a");
  EXPECT_EQ(prepared("a\u00A0b\u3000c\u2003d\u200Be"), "a b c d e");
  EXPECT_EQ(prepared("\uFEFFa\u200D\u2764\uFE0F"), "a\u2764");
}

/// Unicode Character Database, compatibility decompositions.
TEST(PostgresSaslprep, LettersSignsAndDigitsOfOtherWidthsBecomeTheUsualOnes) {
  EXPECT_EQ(prepared("\uFF30\uFF41\uFF53\uFF53\uFF11\uFF5E"), "Pass1~");
  EXPECT_EQ(prepared("\u00B2\u00B3\u00B9\u00BA\u00B5"), "231o\u03BC");
  EXPECT_EQ(prepared("\u00BD\u00BD\u00BD"), "1\u204421\u204421\u20442");
  EXPECT_EQ(prepared("o\uFB03ce\u2026\u2122"), "office...TM");
  EXPECT_EQ(prepared("a\u00B4"), "a \u0301");
}

TEST(PostgresSaslprep, WhatIsPreparedAlreadyStays) {
  for (const char* each : {"", " \t", "Z\u00FCrich", "\u20AC", "\u041F\u0430\u0440\u043E\u043B\u044C", "\u65E5\u672C",
                           "\uBE44\uBC00", "\u03BB\u00D7\u2260"}) {
    EXPECT_EQ(prepared(each), each);
  }
}

/// PostgreSQL uses such a password as it is, and prepares nothing else of it.
TEST(PostgresSaslprep, AForbiddenCharacterLeavesAllAsItIs) {
  for (const char* each : {"a\t\u00ADb", "\u0085\u00AA", "\u200E\u00A0", "\uE000\u00A0", "\U0001F600\u00A0", "\u00AD",
                           "\u00FC\u00AD\xFF", "\xC0\x80", "\xED\xA0\x80\u00AD"}) {
    EXPECT_EQ(prepared(each), each);
  }
}

TEST(PostgresSaslprep, WhatTakesTablesIsLeftAndSaidToBeDoubtful) {
  for (const char* each : {"u\u0308", "\uFF71", "\u2460\u00A0", "\u05D0", "\u0340"}) {
    const pg::detail::prepared_password made = pg::detail::prepare_password(each);
    EXPECT_FALSE(made.is_certain) << each;
    EXPECT_EQ(made.text.reveal(), each);
  }
}

}  // namespace
