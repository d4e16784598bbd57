#include <dovetail/format/raw.hpp>

#include <gtest/gtest.h>

namespace {

namespace dt = dovetail;

template <class T>
std::string written(const T& value) {
  std::string out;
  dt::raw::encode(value, out);
  return out;
}

TEST(Raw, TextAndBytesAreKeptAsTheyAre) {
  const std::string text("a\0\xFF", 3);
  EXPECT_EQ(written(text), text);
  EXPECT_EQ(dt::raw::decode<std::string>(text).value(), text);
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
  EXPECT_EQ(written(bytes), std::string("\0\xFF", 2));
  EXPECT_EQ(dt::raw::decode<std::vector<std::byte>>(written(bytes)).value(), bytes);
  EXPECT_FALSE((dt::raw::decode<std::array<std::byte, 3>>(written(bytes)).has_value()));
}

TEST(Raw, NumbersAreDecimalText) {
  EXPECT_EQ(written(-42), "-42");
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(true), "1");
  EXPECT_EQ(dt::raw::decode<int>("-42").value(), -42);
  EXPECT_EQ(dt::raw::decode<double>("0.1").value(), 0.1);
  EXPECT_TRUE(dt::raw::decode<bool>("1").value());
}

TEST(Raw, AnythingElseThanTheNumberIsRefused) {
  for (const char* text : {"", " 1", "1 ", "1x", "+1", "0x1"})
    EXPECT_FALSE(dt::raw::decode<int>(text).has_value()) << text;
  EXPECT_EQ(dt::raw::decode<std::uint8_t>("256").error().code(), dt::errc::value_out_of_range);
  EXPECT_FALSE(dt::raw::decode<bool>("true").has_value());
}

}  // namespace
