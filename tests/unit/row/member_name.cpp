#include <dovetail/row/member_name.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;

namespace {

TEST(MemberName, TheLastIdentifierIsFoundBeforeClosingBrackets) {
  using dt::detail::last_identifier;
  static_assert(last_identifier("{(& object<ns::t>.t::user_name)}]") == "user_name");
  static_assert(last_identifier("{&object.v.id}]") == "id");
  static_assert(last_identifier("_a$1") == "_a$1");
  static_assert(last_identifier("x.l\xC3\xA4nge)}") == "l\xC3\xA4nge");
  static_assert(last_identifier("") == "");
  static_assert(last_identifier("()[]") == "");
  SUCCEED();
}

TEST(MemberName, AnIdentifierCharacterIsALetterADigitUnderscoreDollarOrBeyondAscii) {
  using dt::detail::is_identifier_character;
  static_assert(is_identifier_character('a') && is_identifier_character('Z') && is_identifier_character('0'));
  static_assert(is_identifier_character('_') && is_identifier_character('$') && is_identifier_character('\xC3'));
  static_assert(!is_identifier_character(' ') && !is_identifier_character(':') && !is_identifier_character('}'));
  SUCCEED();
}

}  // namespace
