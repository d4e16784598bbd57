#include <dovetail/codec/postgres/sqlstate.hpp>

#include <gtest/gtest.h>

#include <string_view>
#include <utility>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;

static_assert(pg::detail::sqlstate_number("00000") == 0);
static_assert(pg::detail::sqlstate_number("0000A") == 10);
static_assert(pg::detail::sqlstate_number("ZZZZZ") == 36 * 36 * 36 * 36 * 36 - 1);
static_assert(pg::detail::sqlstate_number("2350") == 0 && pg::detail::sqlstate_number("2350a") == 0);

TEST(PostgresSqlstate, EveryClassHasACondition) {
  // Every class of the documentation's appendix, and the codes that are of another kind than their class.
  const std::pair<std::string_view, dt::condition> expected[] = {
      {"01000", dt::condition::server},         {"02000", dt::condition::not_found},
      {"03000", dt::condition::misuse},         {"08006", dt::condition::connection},
      {"08P01", dt::condition::protocol},       {"09000", dt::condition::server},
      {"0A000", dt::condition::unsupported},    {"0B000", dt::condition::misuse},
      {"0F001", dt::condition::data},           {"0LP01", dt::condition::permission},
      {"0P000", dt::condition::permission},     {"0Z002", dt::condition::server},
      {"10608", dt::condition::data},           {"20000", dt::condition::data},
      {"21000", dt::condition::data},           {"22012", dt::condition::data},
      {"23505", dt::condition::constraint},     {"23P01", dt::condition::constraint},
      {"24000", dt::condition::misuse},         {"25001", dt::condition::misuse},
      {"25006", dt::condition::permission},     {"25P02", dt::condition::server},
      {"25P03", dt::condition::connection},     {"26000", dt::condition::server},
      {"27000", dt::condition::constraint},     {"28000", dt::condition::authentication},
      {"28P01", dt::condition::authentication}, {"2BP01", dt::condition::constraint},
      {"2D000", dt::condition::misuse},         {"2F002", dt::condition::server},
      {"34000", dt::condition::not_found},      {"38001", dt::condition::server},
      {"39000", dt::condition::server},         {"3B001", dt::condition::misuse},
      {"3D000", dt::condition::not_found},      {"3F000", dt::condition::not_found},
      {"40001", dt::condition::serialization},  {"40P01", dt::condition::serialization},
      {"40002", dt::condition::constraint},     {"40003", dt::condition::commit_unknown},
      {"42601", dt::condition::syntax},         {"42501", dt::condition::permission},
      {"42P01", dt::condition::not_found},      {"42703", dt::condition::not_found},
      {"42883", dt::condition::not_found},      {"42804", dt::condition::syntax},
      {"44000", dt::condition::constraint},     {"53100", dt::condition::limit},
      {"53300", dt::condition::busy},           {"54001", dt::condition::limit},
      {"55P03", dt::condition::busy},           {"55006", dt::condition::busy},
      {"55000", dt::condition::misuse},         {"57014", dt::condition::cancelled},
      {"57P01", dt::condition::connection},     {"57P03", dt::condition::connection},
      {"57P04", dt::condition::not_found},      {"58030", dt::condition::server},
      {"72000", dt::condition::serialization},  {"F0000", dt::condition::server},
      {"HV000", dt::condition::server},         {"P0001", dt::condition::server},
      {"P0002", dt::condition::not_found},      {"XX000", dt::condition::server},
  };
  for (const auto& each : expected) {
    const std::error_code code = pg::make_error_code(each.first);
    EXPECT_TRUE(code == each.second) << each.first << ": " << code.message();
    EXPECT_NE(code.message(), "the server reported a failure") << each.first;
  }
}

TEST(PostgresSqlstate, UnknownCodesAreFailuresOfTheServer) {
  EXPECT_TRUE(pg::make_error_code("99999") == dt::condition::server);
  EXPECT_EQ(pg::make_error_code("no"), pg::sqlstate::internal_error);
  EXPECT_EQ(pg::make_error_code("00000"), pg::sqlstate::internal_error) << "no failure has this code";
  EXPECT_EQ(pg::make_error_code("23505"), pg::sqlstate::unique_violation);
  EXPECT_EQ(std::string_view{pg::category().name()}, "dovetail.postgres");
}

TEST(PostgresSqlstate, TheNumberIsWrittenBack) {
  char text[5];
  pg::detail::format_sqlstate(text, pg::detail::sqlstate_number("40P01"));
  EXPECT_EQ("40P01", (std::string_view{text, 5}));
}

}  // namespace
