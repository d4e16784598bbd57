#include <dovetail/format/postgres/typed.hpp>
#include <dovetail/format/postgres/value_writer.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
namespace pg = dt::postgres;
using pg::detail::type_named;
using namespace std::string_view_literals;

// OIDs: pg_type.dat of PostgreSQL.
TEST(PostgresTyped, NamesOfBuiltInTypesAreKnownInAllTheirSpellings) {
  static_assert(type_named("jsonb") == 3802);
  static_assert(type_named("JSONB") == 3802);
  static_assert(type_named("  double   precision ") == 701);
  static_assert(type_named("float8") == 701);
  static_assert(type_named("timestamp") == 1114);
  static_assert(type_named("timestamptz") == 1184);
  static_assert(type_named("timestamp with time zone") == 1184);
  static_assert(type_named("character varying") == 1043);
  static_assert(type_named("varchar") == 1043);
  static_assert(type_named("pg_catalog.int4") == 23);
  static_assert(type_named("text[]") == 1009);
  static_assert(type_named("integer[]") == 1007);
  static_assert(type_named("int []") == 1007);
  static_assert(type_named("decimal") == 1700);
  static_assert(type_named("uuid") == 2950);
}

TEST(PostgresTyped, AnythingElseIsNoType) {
  for (const std::string_view name :
       {""sv, "[]"sv, "mood"sv, "text; drop table t"sv, "text--"sv, "public.text"sv, "numeric(10,2)"sv, "\"text\""sv,
        "text[][]"sv, "double  precisio"sv, "int4 int4"sv, "jsonb\0"sv,
        "a name that is longer than that of any type of the server itself"sv}) {
    EXPECT_EQ(type_named(name), 0U) << name;
  }
}

TEST(PostgresTyped, TheValueIsWrittenForTheTypeOfItsHint) {
  static_assert(pg::parameter_oid<decltype(pg::typed<"jsonb">("{}"))>() == 3802);
  static_assert(pg::parameter_oid<decltype(pg::typed<"int2">(7))>() == 21);
  static_assert(pg::parameter_oid<std::string>() == 0);
  dt::byte_buffer out;
  bool is_text = true;
  const char* why = "";
  EXPECT_EQ(pg::write_parameter(out, pg::typed<"int2">(7), 21, is_text, why), dt::errc{});
  EXPECT_FALSE(is_text);
  EXPECT_EQ(dt::as_text(out.view()), "\0\0\0\2\0\7"sv);
  EXPECT_EQ(pg::write_parameter(out, pg::typed<"int2">(70'000), 21, is_text, why), dt::errc::value_out_of_range);
}

}  // namespace
