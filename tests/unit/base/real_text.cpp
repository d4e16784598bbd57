#include <dovetail/base/real_text.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using dovetail::detail::parse_real;
using dovetail::detail::parse_real_in_c_locale;

template <class Real>
struct parsed {
  Real value = Real{-7};
  std::errc ec{};

  bool operator==(const parsed& other) const {
    const bool is_same = std::isnan(value) ? std::isnan(other.value)
                                           : value == other.value && std::signbit(value) == std::signbit(other.value);
    return is_same && ec == other.ec;
  }
};

template <class Real>
parsed<Real> by_standard(std::string_view text) {
  parsed<Real> done;
  done.ec = parse_real(text, done.value);
  return done;
}
template <class Real>
parsed<Real> by_c_library(std::string_view text) {
  parsed<Real> done;
  done.ec = parse_real_in_c_locale(text, done.value);
  return done;
}

template <class Real>
void expect_both(std::string_view text, const parsed<Real>& expected) {
  EXPECT_EQ(by_standard<Real>(text), expected) << text;
  EXPECT_EQ(by_c_library<Real>(text), expected) << text;
}

TEST(RealText, ReadsWhatTheStandardSays) {
  using limits = std::numeric_limits<double>;
  expect_both<double>("1", {1.0});
  expect_both<double>("-0", {-0.0});
  expect_both<double>("1.5e3", {1500.0});
  expect_both<double>("1.5E-3", {0.0015});
  expect_both<double>(".5", {0.5});
  expect_both<double>("5.", {5.0});
  expect_both<double>("-inf", {-limits::infinity()});
  expect_both<double>("INFINITY", {limits::infinity()});
  expect_both<double>("nan", {limits::quiet_NaN()});
  expect_both<double>("4.9e-324", {limits::denorm_min()});
  expect_both<double>("1.7976931348623157e308", {(limits::max)()});
  expect_both<float>("16777217", {16777216.0F});  // rounded once, to a float
}

TEST(RealText, WhatIsNoNumberLeavesTheValue) {
  for (const std::string_view text :
       {"",   "-",   "+1",   " 1",   "1 ",    ".",    "-.",    "e5",      ".e5",  "x",  "in",
        "na", "--1", "0x10", "1.5e", "1.5e+", "1e5e", "1.2.3", "infinit", "nano", "1,5"}) {
    expect_both<double>(text, {-7.0, std::errc::invalid_argument});
  }
  for (const std::string_view text : {"1e309", "-1e309", "1e-400", "-1e-400"}) {
    expect_both<double>(text, {-7.0, std::errc::result_out_of_range});
  }
  expect_both<float>("1e39", {-7.0F, std::errc::result_out_of_range});
}

TEST(RealText, LongNumbersAreReadWhole) {
  const std::string zeros(300, '0');
  expect_both<double>(zeros + "12.5", {12.5});
  expect_both<double>("0." + zeros + "1e301", {1.0});
}

TEST(RealText, NeitherErrnoNorTheLocaleMatters) {
  errno = 5;
  EXPECT_EQ(by_c_library<double>("1e999").ec, std::errc::result_out_of_range);
  EXPECT_EQ(errno, 5);
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name :
       {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {  // those have a comma, where they are installed
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    expect_both<double>("1.5", {1.5});
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(RealText, BothWaysAgree) {
  std::mt19937_64 random{20261122};
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[64];
    char* const end = std::to_chars(text, text + sizeof text, value).ptr;
    expect_both<double>({text, end}, {value});
  }
  constexpr std::string_view letters = "0123456789.eE+-infa ";
  for (int i = 0; i < 200'000; ++i) {
    char text[8];
    for (char& each : text) each = letters[random() % letters.size()];
    const std::string_view whole{text, 1 + random() % 8};
    EXPECT_EQ(by_c_library<double>(whole), by_standard<double>(whole)) << whole;
  }
}

}  // namespace
