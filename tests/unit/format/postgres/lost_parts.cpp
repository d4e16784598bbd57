// Times that a field is too coarse for; the bytes are int64 microseconds, of points in time since 2000-01-01
// (PostgreSQL's timestamp_send, interval_send and time_send).
#include <dovetail/format/postgres/decode.hpp>

#include <support/postgres_values.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace recorded;
using namespace std::chrono;

constexpr std::string_view half_a_second = "000000000007a120";

template <class T>
std::string words(pg::oid type, std::string_view hex) {
  T read{};
  std::string said;
  EXPECT_EQ(decode(type, hex, read, &said), dt::errc::value_out_of_range);
  return said;
}

TEST(PostgresLostParts, AreNamedWithATypeThatHoldsThem) {
  namespace oids = pg::oids;
  EXPECT_EQ(
      words<sys_seconds>(oids::timestamptz, half_a_second),
      "it has a fraction of a second, which would be lost: use std::chrono::sys_time<std::chrono::microseconds>, or "
      "round it in the query");
  EXPECT_EQ(
      words<local_seconds>(oids::timestamp, half_a_second),
      "it has a fraction of a second, which would be lost: use std::chrono::local_time<std::chrono::microseconds>, "
      "or round it in the query");
  EXPECT_EQ(
      words<hh_mm_ss<seconds>>(oids::time, half_a_second),
      "it has a fraction of a second, which would be lost: use std::chrono::hh_mm_ss<std::chrono::microseconds>, or "
      "round it in the query");
  EXPECT_EQ(
      words<seconds>(oids::interval, std::string{half_a_second} + "0000000000000000"),
      "it has a fraction of a second, which would be lost: use std::chrono::microseconds, or round it in the query");
  EXPECT_EQ(words<sys_time<nanoseconds>>(oids::timestamptz, "0fffffffffffffff"), "");  // its year does not fit
}

TEST(PostgresLostParts, OfTextsAreNamedToo) {
  sys_seconds read{};
  std::string said;
  pg::detail::decode_context context{&said};
  const std::string_view text = "2024-02-29 12:30:00.5+00";
  const pg::value_ref value{dt::as_byte_view(text).data(), static_cast<std::int32_t>(text.size()),
                            pg::oids::timestamptz, false};
  EXPECT_EQ(pg::detail::decode_value(value, read, context), dt::errc::malformed_value);
  EXPECT_NE(said.find("use std::chrono::sys_time<std::chrono::microseconds>"), std::string::npos) << said;
}

}  // namespace
