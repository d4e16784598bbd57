#include <dovetail/base/caret.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/errc.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

std::string caret(std::string_view sql, int position) {
  std::string text;
  dovetail::detail::append_caret(text, sql, position);
  return text;
}

TEST(Caret, StandsUnderTheCharacter) {
  EXPECT_EQ(caret("selec 1", 1), "\n  line 1: selec 1\n          ^");
  EXPECT_EQ(caret("select x", 8), "\n  line 1: select x\n                 ^");
  EXPECT_EQ(caret("select", 7), "\n  line 1: select\n                ^");  // at the end of the input
}

TEST(Caret, ShowsTheLineThatHasIt) {
  EXPECT_EQ(caret("select a\r\nfrom town\nwhere b", 16), "\n  line 2: from town\n               ^");
  EXPECT_EQ(caret("select a\nfrom", 9), "\n  line 1: select a\n                  ^");
}

TEST(Caret, CountsCharactersAndKeepsTabs) {
  EXPECT_EQ(caret("'äöü€', x", 9), "\n  line 1: 'äöü€', x\n                  ^");
  EXPECT_EQ(caret("\ta x", 4), "\n  line 1: \ta x\n          \t  ^");
}

TEST(Caret, ThereIsNoneForAPositionThatTheTextDoesNotHave) {
  EXPECT_EQ(caret("select", 0), "");
  EXPECT_EQ(caret("select", -3), "");
  EXPECT_EQ(caret("select", 8), "");
  EXPECT_EQ(caret("", 2), "");
  EXPECT_EQ(caret("", 1), "");
}

TEST(Caret, IsShownWithAStatementOnlyWhenTheUserGivesTheText) {
  dovetail::server_fields said;
  said.message = "no such thing";
  said.position = 8;
  dovetail::error_info failure{dovetail::errc::malformed_statement};
  failure.with_server(said);
  EXPECT_EQ(failure.describe(""), failure.message());
  EXPECT_EQ(failure.message().find("line 1"), std::string::npos);
  EXPECT_EQ(failure.describe("select x"), failure.message() + "\n  line 1: select x\n                 ^");
  said.position = 1;  // as of a failure that has no place but the text's beginning
  EXPECT_EQ(dovetail::error_info{dovetail::errc::malformed_statement}.with_server(said).message().find("line 1"),
            std::string::npos);
  failure.with_statement("select x");
  EXPECT_NE(failure.message().find("\n  SQL: select x\n  line 1: select x\n                 ^"), std::string::npos);
}

}  // namespace
