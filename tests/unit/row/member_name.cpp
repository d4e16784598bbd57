#include <dovetail/row/member_name.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;

namespace {

TEST(MemberName, TheLastIdentifierIsFoundBeforeClosingBrackets) {
  using dt::detail::last_identifier;
  EXPECT_BOTH_TIMES(last_identifier("{(& object<ns::t>.t::user_name)}]") == "user_name");
  EXPECT_BOTH_TIMES(last_identifier("{&object.v.id}]") == "id");
  EXPECT_BOTH_TIMES(last_identifier("_a$1") == "_a$1");
  EXPECT_BOTH_TIMES(last_identifier("x.l\xC3\xA4nge)}") == "l\xC3\xA4nge");
  EXPECT_BOTH_TIMES(last_identifier("") == "");
  EXPECT_BOTH_TIMES(last_identifier("()[]") == "");
}

TEST(MemberName, AnIdentifierCharacterIsALetterADigitUnderscoreDollarOrBeyondAscii) {
  using dt::detail::is_identifier_character;
  EXPECT_BOTH_TIMES(is_identifier_character('a') && is_identifier_character('Z') && is_identifier_character('0'));
  EXPECT_BOTH_TIMES(is_identifier_character('_') && is_identifier_character('$') && is_identifier_character('\xC3'));
  EXPECT_BOTH_TIMES(!is_identifier_character(' ') && !is_identifier_character(':') && !is_identifier_character('}'));
}

}  // namespace
