#include <dovetail/format/base64.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;

struct base64_case {
  std::string_view plain;
  std::string_view text;
};

// RFC 4648 section 10
constexpr base64_case base64_cases[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

TEST(Base64, TheVectorsOfTheStandardAreWrittenAndRead) {
  for (const base64_case& each : base64_cases) {
    std::string text(dt::detail::base64_size(each.plain.size()), '\0');
    const char* const end = dt::detail::write_base64(text.data(), dt::as_byte_view(each.plain));
    EXPECT_EQ(end, text.data() + text.size());
    EXPECT_EQ(text, each.text);
    std::vector<std::byte> bytes(dt::detail::base64_byte_count(each.text));
    EXPECT_TRUE(dt::detail::read_base64(each.text, bytes)) << each.text;
    EXPECT_EQ(dt::as_text(bytes), each.plain);
  }
}

TEST(Base64, WhatIsNotTheOneTextOfItsBytesIsRefused) {
  for (const std::string_view text :
       {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "Zm9v\n", "Zm-v", "Zg==Zm9v", "=Zg=", " Zg=", "Zm 8"}) {
    std::vector<std::byte> bytes(dt::detail::base64_byte_count(text));
    EXPECT_FALSE(dt::detail::read_base64(text, bytes)) << text;
  }
}

constexpr bool fits(std::string_view text, std::size_t size) {
  std::array<std::byte, 8> bytes{};
  return dt::detail::read_base64(text, dt::byte_span{bytes}.first(size)) && bytes[size] == std::byte{};
}

TEST(Base64, NothingIsWrittenBehindBytesOfAnotherNumber) {
  EXPECT_BOTH_TIMES(fits("Zm9vYg==", 4));
  EXPECT_BOTH_TIMES(!fits("Zm9vYg==", 3) && !fits("Zm9vYmFy", 4) && !fits("Zm9v", 4) && !fits("Zg==", 0));
}

}  // namespace
