// Enums by number: what an enum may hold is taken, whether it has a name or not; a codec is stricter.
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

enum class permission : std::uint8_t { none = 0, read = 1, write = 2, run = 4 };  // combined: read and write are 3
enum class standing : std::uint8_t { fresh, regular };

template <>
struct dovetail::field_codec<standing> {
  using stored_type = int;
  static int encode(standing value) { return static_cast<int>(value); }
  static dovetail::result<standing> decode(int number) {
    const auto value = static_cast<standing>(number);
    if (number >= 0 && number <= 255 && !dovetail::enum_name(value).empty()) return value;
    return dovetail::error_info{dovetail::errc::malformed_value,
                                "no standing has the number " + std::to_string(number)};
  }
};

namespace {

namespace dt = dovetail;

struct file {
  permission may;
};
struct customer {
  standing rank;
};

TEST(SqliteEnums, ThatAreCombinedComeBackAsTheyWent) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table file(may integer)");
  db.insert("file", file{static_cast<permission>(3)});
  EXPECT_EQ(db.query_one<file>("select may from file").may, static_cast<permission>(3));
  EXPECT_EQ(db.query_value<permission>("select may | 4 from file"), static_cast<permission>(7));
  EXPECT_EQ(db.query_value<permission>("select '5'"), static_cast<permission>(5));
  EXPECT_EQ(db.query_one<dt::row>("select may from file").get<permission>("may"), static_cast<permission>(3));
}

TEST(SqliteEnums, BeyondTheUnderlyingTypeAreRefused) {
  dt::sqlite::client db{"sqlite::memory:"};
  const auto failed = db.with(dt::as_result).query<file>("select 256 as may");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::value_out_of_range);
  EXPECT_TRUE(failed.error().message().starts_with(
      "row 1 does not fit row type file\n"
      "  field 'may' (permission) : column 'may' holds a value that does not fit permission"))
      << failed.error().message();
  EXPECT_FALSE(db.with(dt::as_result).query<file>("select -1 as may"));
}

TEST(SqliteEnums, WithACodecTakeNoOtherNumbers) {
  dt::sqlite::client db{"sqlite::memory:"};
  EXPECT_EQ(db.query_one<customer>("select 1 as rank").rank, standing::regular);
  const auto failed = db.with(dt::as_result).query<customer>("select 2 as rank");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::malformed_value);
  EXPECT_TRUE(failed.error().message().starts_with(
      "row 1 does not fit row type customer\n"
      "  field 'rank' (standing) : column 'rank' holds a value that is no standing; no standing has the number 2"))
      << failed.error().message();
}

}  // namespace
