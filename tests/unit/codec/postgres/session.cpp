// What a session remembers: prepared statements, descriptions, tags; and rows taken off the read buffer.
#include <dovetail/codec/postgres/command_tag.hpp>
#include <dovetail/codec/postgres/row_sink.hpp>
#include <dovetail/codec/postgres/session.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace postgres_test;

TEST(PostgresCommandTag, CountsWhatACommandChanged) {
  struct {
    const char* text;
    const char* name;
    std::int64_t rows;
    std::int64_t affected;
  } const tags[] = {
      {"INSERT 0 5", "INSERT", 5, 5},
      {"UPDATE 3", "UPDATE", 3, 3},
      {"DELETE 0", "DELETE", 0, 0},
      {"MERGE 7", "MERGE", 7, 7},
      {"SELECT 10", "SELECT", 10, 0},
      {"COPY 12", "COPY", 12, 12},
      {"FETCH 2", "FETCH", 2, 0},
      {"BEGIN", "BEGIN", 0, 0},
      {"CREATE TABLE", "CREATE TABLE", 0, 0},
      {"", "", 0, 0},
      {"17", "", 0, 0},
      {"INSERT 0 9999999999999999999", "INSERT", 0, 0},
      {"UPDATE 4294967296", "UPDATE", 4'294'967'296, 4'294'967'296},
  };
  for (const auto& each : tags) {
    const pg::command_tag tag{each.text};
    EXPECT_EQ(tag.text(), each.text);
    EXPECT_EQ(tag.name(), each.name) << each.text;
    EXPECT_EQ(tag.rows(), each.rows) << each.text;
    EXPECT_EQ(tag.rows_affected(), each.affected) << each.text;
  }
  EXPECT_EQ(pg::command_tag{std::string(1000, 'x')}.text().size(), 64U);
}

dovetail::detail::sole<pg::prepared_statement> statement(const std::string& text,
                                                         std::vector<std::uint32_t> types = {}) {
  dovetail::detail::sole made{new pg::prepared_statement};
  made->text = text;
  made->types = std::move(types);
  made->name = pg::statement_cache::name_of(made->text, made->types);
  return made;
}

TEST(PostgresStatementCache, FindsByTextAndTypes) {
  pg::statement_cache cache{8};
  const std::vector<std::uint32_t> types{23};
  static_cast<void>(cache.insert(statement("select 1"), {}));
  static_cast<void>(cache.insert(statement("select 1", types), {}));
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_TRUE(cache.find("select 1", {}, {})->types.empty());
  EXPECT_EQ(cache.find("select 1", {}, types)->types, types);
  EXPECT_FALSE(cache.find("select 2", {}, {}));
}

TEST(PostgresStatementCache, ALiteralIsFoundByItsAddressButOnlyWithItsText) {
  pg::statement_cache cache{8};
  char text[] = "select 1";
  const std::string_view literal{text, 8};
  static_cast<void>(cache.insert(statement("select 1"), literal));
  EXPECT_EQ(cache.find(literal, literal, {})->text, "select 1");
  text[7] = '2';  // another library was loaded to the same address
  EXPECT_FALSE(cache.find(literal, literal, {}));
}

TEST(PostgresStatementCache, TheLeastRecentlyUsedMakesRoomAndIsClosed) {
  pg::statement_cache cache{2};
  static_cast<void>(cache.insert(statement("a"), {}));
  static_cast<void>(cache.insert(statement("b"), {}));
  static_cast<void>(cache.find("a", {}, {}));
  static_cast<void>(cache.insert(statement("c"), {}));
  EXPECT_TRUE(cache.find("a", {}, {}));
  EXPECT_FALSE(cache.find("b", {}, {}));
  EXPECT_EQ(cache.to_close(), std::vector<std::string>{pg::statement_cache::name_of("b", {})});
}

TEST(PostgresStatementCache, AStatementInUseStaysWhereItIs) {
  pg::statement_cache cache{1};
  const pg::statement_use used = cache.insert(statement("a"), {});
  const pg::prepared_statement* const at = &*used;
  static_cast<void>(cache.insert(statement("b"), {}));  // no room can be made: the cache is larger for a while
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(&*used, at);
  cache.forget(*used);
  EXPECT_EQ(used->text, "a");
  EXPECT_FALSE(cache.find("a", {}, {}));
  cache.clear();
  EXPECT_EQ(used->text, "a");
}

TEST(PostgresStatementCache, NamesTellTextsAndTypesApart) {
  const std::vector<std::uint32_t> types{23};
  const std::vector<std::uint32_t> others{20};
  const std::string name = pg::statement_cache::name_of("select $1", {});
  EXPECT_EQ(name.size(), 35U);
  EXPECT_LT(name.size(), 64U);  // longer names are cut by the server
  EXPECT_NE(name, pg::statement_cache::name_of("select $2", {}));
  EXPECT_NE(name, pg::statement_cache::name_of("select $1", types));
  EXPECT_NE(pg::statement_cache::name_of("select $1", others), pg::statement_cache::name_of("select $1", types));
}

dt::byte_view body_of(const std::string& message) { return dt::as_byte_view(message).subspan(5); }

TEST(PostgresDescription, NamesAndTypesOfColumns) {
  pg::statement_description of;
  const std::string columns = wire::message(
      'T', wire::int16(2) + wire::text("id") + wire::int32(16384) + wire::int16(1) + wire::int32(20) + wire::int16(8) +
               wire::int32(-1) + wire::int16(0) + wire::text("price") + wire::int32(0) + wire::int16(0) +
               wire::int32(1700) + wire::int16(-1) + wire::int32(655366) + wire::int16(1));
  ASSERT_TRUE(of.read_columns(body_of(columns), false));
  ASSERT_EQ(of.columns().size(), 2U);
  EXPECT_EQ(of.columns()[0].name, "id");
  EXPECT_EQ(of.columns()[0].type, 20U);
  EXPECT_EQ(of.columns()[0].size, 8);
  EXPECT_EQ(of.columns()[0].table, 16384U);
  EXPECT_EQ(of.columns()[0].attribute, 1);
  EXPECT_FALSE(of.columns()[0].is_binary);
  EXPECT_EQ(of.columns()[1].name, "price");
  EXPECT_EQ(of.columns()[1].modifier, 655366);
  EXPECT_TRUE(of.columns()[1].is_binary);
  const std::string types = wire::parameters({23, 0});
  ASSERT_TRUE(of.read_parameters(body_of(types)));
  EXPECT_EQ(of.parameters(), (std::vector<std::uint32_t>{23, 0}));
  // Any prefix of it is malformed, and so is more.
  for (std::size_t size = 0; size < columns.size() - 5; ++size) {
    EXPECT_FALSE(of.read_columns(body_of(columns).first(size), true)) << size;
  }
  const std::string longer = columns + 'x';
  EXPECT_FALSE(of.read_columns(body_of(longer), true));
  EXPECT_FALSE(of.read_parameters(body_of(types).first(9)));
}

TEST(PostgresRowSink, TakesWholeRowsAndStopsBeforeWhatIsNone) {
  const std::string two = wire::row({"a"}) + wire::row({"bc"});
  const auto taken = [](const std::string& bytes, std::size_t fails_at, bool& failed) {
    std::size_t seen = 0;
    return pg::take_rows(dt::as_byte_view(bytes), failed, [&](dt::byte_view) { return ++seen != fails_at; });
  };
  bool failed = false;
  EXPECT_EQ(taken(two + wire::complete("SELECT 2"), 0, failed), two.size());
  EXPECT_EQ(taken(two + wire::row({"d"}).substr(0, 7), 0, failed), two.size());
  EXPECT_EQ(taken(two + "D", 0, failed), two.size());
  EXPECT_EQ(taken(two + "D" + wire::int32(3), 0, failed), two.size());
  EXPECT_FALSE(failed);
  EXPECT_EQ(taken(two, 1, failed), wire::row({"a"}).size());
  EXPECT_TRUE(failed);
}

TEST(PostgresSession, AFreshConnectionKnowsNothingOfTheLast) {
  open_session at;
  static_cast<void>(at->statements.insert(statement("a"), {}));
  at->defer("begin");
  at->facts.transaction_status = 'E';
  EXPECT_TRUE(at->is_in_transaction());
  at->forget();
  EXPECT_EQ(at->statements.size(), 0U);
  EXPECT_FALSE(at->is_in_transaction());
  EXPECT_EQ(at.health(), dt::session_health::closed);
}

}  // namespace
