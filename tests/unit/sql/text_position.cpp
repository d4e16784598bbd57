#include <dovetail/sql/text_position.hpp>

#include <gtest/gtest.h>

namespace {

using dovetail::position_in_written;

TEST(TextPosition, WithoutPlaceholdersItIsTheSame) {
  static_assert(position_in_written("select 1", "select 1", 1) == 1);
  static_assert(position_in_written("select 1", "select 1", 8) == 8);
  static_assert(position_in_written("select 1", "select 1", 9) == 9);  // at the end of the input
  static_assert(position_in_written("select 1", "select 1", 10) == 0);
  static_assert(position_in_written("sélect x", "sélect x", 8) == 8);
}

TEST(TextPosition, NamesAreLongerThanNumbers) {
  static_assert(position_in_written("a = :name and b", "a = $1 and b", 5) == 5);
  static_assert(position_in_written("a = :name and b", "a = $1 and b", 6) == 5);  // in the parameter
  static_assert(position_in_written("a = :name and b", "a = $1 and b", 12) == 15);
  static_assert(position_in_written("? + ? + x", "$1 + $2 + x", 11) == 9);
  static_assert(position_in_written("$2 + $1 + x", "$2 + $1 + x", 11) == 11);
  static_assert(position_in_written(":a::text||:b||'é'||x", "$1::text||$2||'é'||x", 20) == 20);
}

TEST(TextPosition, ListsAreExpanded) {
  static_assert(position_in_written("a in (?) and b", "a in ($1, $2, $3) and b", 23) == 14);
  static_assert(position_in_written("a in (?) and b", "a in ($1, $2, $3) and b", 12) == 7);
  static_assert(position_in_written("a in ? and b", "a in ($1, $2) and b", 19) == 12);
  static_assert(position_in_written("in (?, ?) b", "in ($1, $2, $3) b", 17) == 11);
}

TEST(TextPosition, AnOperatorThatWasWrittenTwiceIsOne) {
  static_assert(position_in_written("j ?? :k or x", "j ? $1 or x", 11) == 12);
}

TEST(TextPosition, TextsThatDoNotBelongTogetherHaveNoPosition) {
  static_assert(position_in_written("select 1", "delete 1", 5) == 0);
  static_assert(position_in_written("", "x", 1) == 0);
  EXPECT_EQ(position_in_written("abc", "abd", 3), 0);
}

}  // namespace
