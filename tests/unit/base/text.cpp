#include <dovetail/base/text.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;

template <class Integer>
constexpr bool reads(std::string_view text, Integer expected) {
  Integer value{};
  return dt::parse_integer(text, value) && value == expected;
}

template <class Integer>
constexpr bool refuses(std::string_view text) {
  Integer value{42};
  return !dt::parse_integer(text, value) && value == 42;
}

constexpr bool integers_are_read_to_their_limits() {
  return reads<std::int8_t>("-128", -128) && reads<std::int8_t>("127", 127) && refuses<std::int8_t>("128") &&
         refuses<std::int8_t>("-129") && reads<std::uint8_t>("255", 255) && refuses<std::uint8_t>("256") &&
         reads<std::int64_t>("-9223372036854775808", std::numeric_limits<std::int64_t>::min()) &&
         reads<std::int64_t>("9223372036854775807", std::numeric_limits<std::int64_t>::max()) &&
         refuses<std::int64_t>("9223372036854775808") && refuses<std::int64_t>("-9223372036854775809") &&
         reads<std::uint64_t>("18446744073709551615", std::numeric_limits<std::uint64_t>::max()) &&
         refuses<std::uint64_t>("18446744073709551616") && refuses<std::uint64_t>("99999999999999999999999") &&
         reads<int>("007", 7) && reads<int>("+5", 5) && reads<int>("-0", 0);
}
static_assert(integers_are_read_to_their_limits());

TEST(Text, IntegersAreReadToTheLimitsOfTheirType) { EXPECT_TRUE(integers_are_read_to_their_limits()); }

constexpr bool other_texts_are_no_integers() {
  return refuses<int>("") && refuses<int>("-") && refuses<int>("+") && refuses<int>(" 1") && refuses<int>("1 ") &&
         refuses<int>("1x") && refuses<int>("0x10") && refuses<int>("1.0") && refuses<int>("--1") &&
         refuses<int>("+-1") && refuses<unsigned>("-1");
}
static_assert(other_texts_are_no_integers());

TEST(Text, AnythingButDigitsAndASignIsNoIntegerAndLeavesTheValueAlone) { EXPECT_TRUE(other_texts_are_no_integers()); }

constexpr bool hexadecimal_comes_back() {
  constexpr std::array<std::byte, 4> bytes{std::byte{0}, std::byte{0x7F}, std::byte{0xA5}, std::byte{0xFF}};
  char text[8]{};
  if (dt::format_hex(text, bytes) != text + 8 || std::string_view{text, 8} != "007fa5ff") return false;
  std::array<std::byte, 4> read{};
  return dt::parse_hex({text, 8}, read) && read == bytes && dt::parse_hex("007FA5FF", read) && read == bytes;
}
static_assert(hexadecimal_comes_back());

TEST(Text, BytesComeBackFromTheirHexadecimalDigits) {
  EXPECT_TRUE(hexadecimal_comes_back());
  EXPECT_EQ(dt::to_hex(dt::as_byte_view("\xDE\xAD")), "dead");
  EXPECT_EQ(dt::to_hex({}), "");
}

constexpr bool bad_hexadecimal_is_refused() {
  std::array<std::byte, 2> read{};
  return !dt::parse_hex("", read) && !dt::parse_hex("123", read) && !dt::parse_hex("12345", read) &&
         !dt::parse_hex("123456", read) && !dt::parse_hex("12g4", read) && !dt::parse_hex("12 4", read);
}
static_assert(bad_hexadecimal_is_refused());

TEST(Text, HexadecimalOfAnotherLengthOrWithOtherCharactersIsRefused) { EXPECT_TRUE(bad_hexadecimal_is_refused()); }

constexpr bool only_hexadecimal_digits_have_a_value() {
  constexpr std::string_view digits = "0123456789abcdefABCDEF";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(static_cast<unsigned char>(i));
    const std::size_t at = digits.find(c);
    const int expected = at == digits.npos ? -1 : static_cast<int>(at < 16 ? at : at - 6);
    if (dt::hex_value(c) != expected) return false;
  }
  return true;
}
static_assert(only_hexadecimal_digits_have_a_value());

TEST(Text, OnlyHexadecimalDigitsHaveAValue) { EXPECT_TRUE(only_hexadecimal_digits_have_a_value()); }

}  // namespace
