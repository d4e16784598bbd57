#include <dovetail/codec/postgres/copy_tuples.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace pg = dt::postgres;
using namespace std::string_view_literals;

// Documentation of COPY, "Binary Format".
constexpr std::string_view header = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"sv;
constexpr std::string_view two_fields = "\0\2\0\0\0\3abc\377\377\377\377"sv;
constexpr std::string_view no_field = "\0\0"sv;
constexpr std::string_view trailer = "\377\377"sv;

const std::string framed = "D" + std::string{"\0\0\0\021"sv} + std::string{two_fields} + "D" +
                           std::string{"\0\0\0\6"sv} + std::string{no_field};
const std::string whole = std::string{header} + std::string{two_fields} + std::string{no_field} + std::string{trailer};

struct taken {
  dt::error_info failure{};
  std::string rows{};
  std::size_t count = 0;
  bool is_complete = false;
};

taken take(std::string_view data, std::size_t part, std::size_t limit = 1 << 20) {
  pg::detail::copy_tuples tuples{limit};
  dt::byte_buffer rows;
  taken got;
  while (!data.empty() && !got.failure) {
    got.failure = tuples.take(dt::as_byte_view(data.substr(0, part)), rows, got.count);
    data.remove_prefix(data.size() < part ? data.size() : part);
  }
  got.rows = dt::as_text(rows.view());
  got.is_complete = tuples.is_complete();
  return got;
}

TEST(PostgresCopyTuples, TuplesBecomeRowsHoweverTheDataIsCut) {
  for (std::size_t part = 1; part <= whole.size(); ++part) {
    SCOPED_TRACE(part);
    const taken got = take(whole, part);
    EXPECT_FALSE(got.failure) << got.failure.message();
    EXPECT_EQ(got.rows, framed);
    EXPECT_EQ(got.count, 2U);
    EXPECT_TRUE(got.is_complete);
  }
}

TEST(PostgresCopyTuples, AnExtensionOfTheHeaderIsSkipped) {
  const std::string data =
      std::string{header.substr(0, 15)} + std::string{"\0\0\0\4xxxx"sv} + std::string{no_field} + std::string{trailer};
  for (const std::size_t part : {std::size_t{1}, data.size()}) {
    const taken got = take(data, part);
    EXPECT_FALSE(got.failure);
    EXPECT_EQ(got.count, 1U);
    EXPECT_TRUE(got.is_complete);
  }
}

TEST(PostgresCopyTuples, DataThatEndsInTheMiddleIsNotComplete) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(take(std::string_view{whole}.substr(0, size), 7).is_complete) << size;
  }
}

TEST(PostgresCopyTuples, WhatIsNoBinaryCopyIsMalformed) {
  const auto code_of = [](std::string data, std::size_t limit = 1 << 20) {
    return take(data, 5, limit).failure.code();
  };
  EXPECT_EQ(code_of("1\tBern\t51.6\n2\tChur\t\\N\n"), dt::errc::malformed_frame);
  EXPECT_EQ(code_of(whole + "x"), dt::errc::malformed_frame);
  EXPECT_EQ(code_of(std::string{header.substr(0, 11)} + std::string{"\0\1\0\0\0\0\0\0\0\0"sv}),
            dt::errc::malformed_frame);
  EXPECT_EQ(code_of(std::string{header} + std::string{"\0\1\377\377\377\376...."sv}), dt::errc::malformed_frame);
  EXPECT_EQ(code_of(std::string{header} + std::string{"\0\1\177\377\377\377...."sv}), dt::errc::frame_too_large);
  EXPECT_EQ(code_of(std::string{header.substr(0, 15)} + std::string{"\377\377\377\377"sv}), dt::errc::frame_too_large);
}

}  // namespace
