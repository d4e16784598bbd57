#include <dovetail/client/sqlite/connection_string.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

TEST(SqliteConnectionString, AFileNameIsTakenAsItIs) {
  EXPECT_EQ(dt::sqlite::parse("sqlite:cities.db").value().options.path, "cities.db");
  EXPECT_EQ(dt::sqlite::parse("sqlite:/abs/path.db").value().options.path, "/abs/path.db");
  EXPECT_EQ(dt::sqlite::parse("sqlite:///abs/path.db").value().options.path, "/abs/path.db");
  EXPECT_EQ(dt::sqlite::parse("sqlite:with%20space.db").value().options.path, "with space.db");
  EXPECT_EQ(dt::sqlite::parse("sqlite:%2F/a%3Fb%23c%25d%0Ae.db").value().options.path, "//a?b#c%d\ne.db");
}

TEST(SqliteConnectionString, ParametersBecomeOptions) {
  const auto read = dt::sqlite::parse(
      "sqlite:/a/b?mode=ro&busyTimeout=250&cacheStatements=7&maxConnections=3&foreignKeys=off&journal=delete"
      "&synchronous=full&includeStatementText=true&timeout=2s&lengthLimit=4096");
  const dt::sqlite::options& how = read.value().options;
  EXPECT_EQ(how.mode, dt::sqlite::open_mode::read_only);
  EXPECT_EQ(how.busy_timeout, 250ms);
  EXPECT_EQ(how.cache_statements, 7u);
  EXPECT_EQ(how.length_limit, 4096u);
  EXPECT_FALSE(how.foreign_keys);
  EXPECT_EQ(how.journal, dt::sqlite::journal_mode::rollback);
  EXPECT_EQ(how.synchronous, dt::sqlite::synchronous::full);
  EXPECT_TRUE(how.include_statement_text);
  EXPECT_EQ(read.value().settings.max_connections, 3u);
  EXPECT_EQ(read.value().settings.timeout, 2s);
}

TEST(SqliteConnectionString, AnInMemoryDatabaseLivesAsLongAsACopyOfItsOptions) {
  int closed = 0;
  {
    dt::sqlite::memory_anchor kept;
    {
      dt::sqlite::memory_anchor first{[](void* handle) noexcept { ++*static_cast<int*>(handle); }};
      first.handle() = &closed;
      const dt::sqlite::memory_anchor copy = first;
      EXPECT_TRUE(copy == first);
      kept = std::move(first);
    }
    EXPECT_TRUE(kept);
    EXPECT_EQ(closed, 0);
  }
  EXPECT_EQ(closed, 1);
}

TEST(SqliteConnectionString, EachInMemoryDatabaseHasANameOfItsOwn) {
  const auto a = dt::sqlite::parse("sqlite::memory:"), b = dt::sqlite::parse("sqlite::memory:");
  EXPECT_TRUE(a.value().options.is_memory());
  EXPECT_NE(a.value().options.path, b.value().options.path);
}

TEST(SqliteConnectionString, MistakesAreNamedTogether) {
  const auto read = dt::sqlite::parse("sqlite:x.db?jornal=wal&mode=rx&busyTimeout=soon");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), dt::condition::configuration);
  const std::string text = read.error().message();
  EXPECT_NE(text.find("did you mean 'journal'"), std::string::npos) << text;
  EXPECT_NE(text.find("'mode'"), std::string::npos);
  EXPECT_NE(text.find("'busyTimeout'"), std::string::npos);
}

TEST(SqliteConnectionString, WhatCannotBeIsRefused) {
  for (const char* text : {"", "cities.db", "postgresql:x", "sqlite:", "sqlite://host/file", "sqlite:?mode=ro",
                           "sqlite://user@/file", "sqlite://user:password@/file", "sqlite://:password@/file",
                           "sqlite::memory:?mode=ro", "sqlite::memory:?journal=wal", "sqlite:x?mode=ro&mode=rw"}) {
    EXPECT_EQ(dt::sqlite::parse(text).error().kind(), dt::condition::configuration) << text;
  }
}

// SQLite's documentation of sqlite3_open: names that begin with ':' may get meanings; a file's should have "./" before
// it.
TEST(SqliteConnectionString, AMisspeltInMemoryDatabaseIsNoFile) {
  for (const char* text : {"sqlite::memory", "sqlite::memry:", "sqlite:::memory:", "sqlite::", "sqlite::MEMORY:"}) {
    const auto read = dt::sqlite::parse(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code(), dt::errc::malformed_connection_string) << text;
    EXPECT_NE(read.error().message().find("'sqlite::memory:'"), std::string::npos) << read.error().message();
  }
  EXPECT_EQ(dt::sqlite::parse("sqlite:./:memory").value().options.path, "./:memory");
}

TEST(SqliteConnectionString, AFileWhoseNameLooksLikeAUriIsAFileUnlessAskedFor) {
  EXPECT_EQ(dt::sqlite::parse("sqlite:file:x.db").value().options.path, "./file:x.db");
  EXPECT_EQ(dt::sqlite::parse("sqlite:file:x.db?uri=true").value().options.path, "file:x.db");
}

}  // namespace
