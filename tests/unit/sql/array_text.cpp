// Statements that change rows by arrays.
#include <dovetail/sql/array_text.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;

namespace {

constexpr dt::detail::array_text_column columns[] = {
    {.name = "id", .is_key = true, .is_typed = true},
    {.name = "na\"me", .is_key = false, .is_typed = false},
    {.name = "area", .is_key = false, .is_typed = true},
};
constexpr dt::detail::array_text_column keys[] = {
    {.name = "id", .is_key = true, .is_typed = true},
    {.name = "kind", .is_key = true, .is_typed = false},
};

TEST(ArrayText, AnUpsertSelectsFromTheArraysAndTextHasTheTypeOfItsColumn) {
  EXPECT_EQ((dt::detail::array_text{"\"app\".\"city\"", columns}.upsert(" on conflict (\"id\") do nothing")),
            R"(insert into "app"."city" ("id", "na""me", "area") select c1, c2, c3 from unnest($1, )"
            R"(coalesce($2, array(select "na""me" from "app"."city" where false)), $3) as v(c1, c2, c3) )"
            R"(on conflict ("id") do nothing)");
}

TEST(ArrayText, AnUpdateOfDistinctKeysReturnsTheNumbersOfTheElements) {
  EXPECT_EQ((dt::detail::array_text{"\"city\"", columns}.update(true)),
            R"(update "city" as t set "na""me" = v.c2, "area" = v.c3 from unnest($1, )"
            R"(coalesce($2, array(select "na""me" from "city" where false)), $3) with ordinality as v(c1, c2, c3, n) )"
            R"(where t."id" = v.c1 returning v.n)");
}

TEST(ArrayText, AnUpdateOfOtherKeysFailsWhenTwoAreEqual) {
  EXPECT_EQ((dt::detail::array_text{"\"city\"", columns}.update(false)),
            R"(update "city" as t set "na""me" = v.c2, "area" = v.c3 from unnest($1, )"
            R"(coalesce($2, array(select "na""me" from "city" where false)), $3) with ordinality as v(c1, c2, c3, n) )"
            R"(where t."id" = v.c1 and (select true from (select 1 from unnest($1) as k(c1) group by c1 having )"
            R"(count(*) > 1) as d, (values (1), (2)) as two) is null returning v.n)");
}

TEST(ArrayText, ADeleteCountsTheFirstOfEqualKeys) {
  EXPECT_EQ((dt::detail::array_text{"\"city\"", keys}.erase(false)),
            R"(delete from "city" as t using (select c1, c2, min(n) as n from unnest($1, )"
            R"(coalesce($2, array(select "kind" from "city" where false))) with ordinality as v(c1, c2, n) )"
            R"(group by c1, c2) as v where t."id" = v.c1 and t."kind" = v.c2 returning v.n)");
  EXPECT_EQ(
      (dt::detail::array_text{"\"city\"", {keys, 1}}.erase(true)),
      R"(delete from "city" as t using unnest($1) with ordinality as v(c1, n) where t."id" = v.c1 returning v.n)");
}

}  // namespace
