#include <dovetail/codec/workersql/errc.hpp>
#include <dovetail/codec/workersql/sanitize.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace workersql = dovetail::workersql;

TEST(WorkersqlSanitize, OneStatementComesBackTrimmed) {
  const auto is_taken = [](std::string_view sql, std::string_view expected) {
    const auto got = workersql::sanitize_sql(sql);
    return got && *got == expected;
  };
  EXPECT_TRUE(is_taken(" \n SELECT 1 \t", "SELECT 1"));
  EXPECT_TRUE(is_taken("delete from t where id = ?", "delete from t where id = ?"));
  EXPECT_TRUE(is_taken("select 1;", "select 1;"));
  EXPECT_TRUE(is_taken("select 1; -- that is all", "select 1; -- that is all"));
}

TEST(WorkersqlSanitize, WhatStandsInQuotesAndCommentsIsNoDanger) {
  for (const std::string_view sql :
       {"select 'x; drop y' from t", "select \"a union select b\" from t", "insert into t values ('exec(1)')",
        "select 1 /* ; delete from t */", "select a -- union select b\nfrom t", "select 'it''s; drop table t'",
        "select execution, executed from t", "select exec from runs", "update t set reunion = 'union select'"}) {
    EXPECT_TRUE(workersql::sanitize_sql(sql)) << sql;
  }
}

TEST(WorkersqlSanitize, WhatTheSdksRefuseIsRefusedHoweverItIsWritten) {
  for (const std::string_view sql :
       {"select 1; drop table t", "select 1;delete from t", "select 1;\n\n update t set a = 1", "select 1; select 2",
        "select 1;/* */insert into t values (1)", "select a from t union select b from u",
        "select a from t UNION  ALL SELECT b from u", "select a from t union/**/select b from u", "exec('rm')",
        "select exec('rm')", "execute ('x')", "EXECUTE stmt", "exec /**/ (1)", "select 'a", "select 1 /* no end", "",
        "  \n", "-- nothing", ";"}) {
    const auto got = workersql::sanitize_sql(sql);
    ASSERT_FALSE(got) << sql;
    EXPECT_TRUE(got.error().code() == workersql::sdk_code::invalid_query) << sql;
  }
  const auto told = workersql::sanitize_sql("  select 1; drop table t").error();
  EXPECT_NE(
      told.message().find("SQL contains potentially dangerous statements: another statement follows (at byte 10)"),
      std::string::npos)
      << told.message();
}

}  // namespace
