#include <dovetail/sql/script_place.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using dt::dialect;

// The words in front of those of a failure; empty when there are none.
std::string place(std::string_view script, std::uint32_t number, int position = 0, dialect d = dialect::postgres) {
  dt::error_info failure{dt::errc::malformed_statement};
  dt::server_fields said;
  said.position = position;
  failure.with_server(said);
  dt::detail::note_script_place(failure, d, script, number);
  EXPECT_EQ(failure.server().position, position);
  return std::string{failure.context()};
}

TEST(ScriptPlace, IsThatOfTheStatementWithTheNumber) {
  constexpr std::string_view script = "insert 1;\n-- a; comment\n\nselect ';' ; ;\n\tdrop x";
  EXPECT_EQ(place(script, 1), "statement 1, line 1");
  EXPECT_EQ(place(script, 2), "statement 2, line 4");
  EXPECT_EQ(place(script, 3), "statement 3, line 5");
  EXPECT_EQ(place(script, 4), "");
}

TEST(ScriptPlace, IsWhereTheServerSaysWhateverTheNumber) {
  constexpr std::string_view script = "select 'ä',\n  1;\nselect\n  b";
  EXPECT_EQ(place(script, 1, 14), "statement 1, line 2");
  EXPECT_EQ(place(script, 1, 28), "statement 2, line 4");  // the b: characters, not bytes
  EXPECT_EQ(place(script, 1, 27), "statement 2, line 4");
  EXPECT_EQ(place(script, 1, 1000), "statement 2, line 4");
}

TEST(ScriptPlace, OfOneStatementTellsNothing) {
  EXPECT_EQ(place("savepoint a", 1), "");
  EXPECT_EQ(place(" select\n a;\n-- end\n", 1, 10), "");
  EXPECT_EQ(place("", 1), "");
  EXPECT_EQ(place(";;", 1), "");
}

TEST(ScriptPlace, CountsNoStatementOfABody) {
  EXPECT_EQ(place("create trigger a after insert on t begin delete from u; delete from v; end;\nselect x", 2, 0,
                  dialect::sqlite),
            "statement 2, line 2");
  EXPECT_EQ(place("create function f() returns int begin atomic select 1; select 2; end;\nselect x", 2),
            "statement 2, line 2");
  EXPECT_EQ(place("create function f() returns int as $$ select 1; select 2; $$ language sql;\nselect x", 2),
            "statement 2, line 2");
}

TEST(ScriptPlace, StandsBeforeWhatIsSaidAlready) {
  dt::error_info failure{dt::errc::deadline_passed, "the database stayed locked"};
  dt::detail::note_script_place(failure, dialect::sqlite, "select 1; select 2", 2);
  EXPECT_EQ(failure.context(), "statement 2, line 1: the database stayed locked");
}

TEST(ScriptPlace, IsFoundInATextThatHasNoEnd) {
  EXPECT_EQ(place("select 1;\nselect 'x", 1, 18), "statement 2, line 2");
  EXPECT_EQ(place("select 1;\nselect 'x", 2), "statement 2, line 2");
}

}  // namespace
