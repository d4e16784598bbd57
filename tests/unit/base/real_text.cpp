#include <dovetail/base/real_fallback.hpp>
#include <dovetail/base/real_text.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using dovetail::detail::measure_real;
using dovetail::detail::real_from_chars;
using dovetail::detail::real_from_chars_in_c_locale;

template <class Real>
struct read {
  Real value = Real{-7};
  std::size_t used = 0;
  std::errc ec{};

  bool operator==(const read& other) const {
    const bool is_same = std::isnan(value) ? std::isnan(other.value)
                                           : value == other.value && std::signbit(value) == std::signbit(other.value);
    return is_same && used == other.used && ec == other.ec;
  }
};

template <class Real>
read<Real> by_c_library(std::string_view text) {
  read<Real> done;
  const auto [end, ec] = real_from_chars_in_c_locale(text.data(), text.data() + text.size(), done.value);
  done.used = static_cast<std::size_t>(end - text.data());
  done.ec = ec;
  return done;
}

template <class Real>
read<Real> expected(Real value, std::size_t used, std::errc ec = {}) {
  return {value, used, ec};
}

TEST(RealText, ReadsWhatTheStandardSays) {
  EXPECT_EQ(by_c_library<double>("1"), expected(1.0, 1));
  EXPECT_EQ(by_c_library<double>("-0"), expected(-0.0, 2));
  EXPECT_EQ(by_c_library<double>("1.5e3x"), expected(1500.0, 5));
  EXPECT_EQ(by_c_library<double>("1.5e"), expected(1.5, 3));
  EXPECT_EQ(by_c_library<double>("1.5e+"), expected(1.5, 3));
  EXPECT_EQ(by_c_library<double>(".5"), expected(0.5, 2));
  EXPECT_EQ(by_c_library<double>("5."), expected(5.0, 2));
  EXPECT_EQ(by_c_library<double>("0x10"), expected(0.0, 1));
  EXPECT_EQ(by_c_library<double>("-inf"), expected(-std::numeric_limits<double>::infinity(), 4));
  EXPECT_EQ(by_c_library<double>("INFINITYx"), expected(std::numeric_limits<double>::infinity(), 8));
  EXPECT_EQ(by_c_library<double>("nan").used, 3U);
  EXPECT_TRUE(std::isnan(by_c_library<double>("nan").value));
  EXPECT_EQ(by_c_library<double>("4.9e-324"), expected(std::numeric_limits<double>::denorm_min(), 8));
  EXPECT_EQ(by_c_library<double>("1.7976931348623157e308"), expected((std::numeric_limits<double>::max)(), 22));
  EXPECT_EQ(by_c_library<float>("16777217"), expected(16777216.0F, 8));  // rounded once, to a float
}

TEST(RealText, WhatIsNoNumberLeavesTheValue) {
  for (const std::string_view text : {"", "-", "+1", " 1", ".", "-.", "e5", ".e5", "x", "in", "na", "--1"}) {
    EXPECT_EQ(by_c_library<double>(text), expected(-7.0, 0, std::errc::invalid_argument)) << text;
  }
  for (const std::string_view text : {"1e309", "-1e309", "1e-400", "-1e-400"}) {
    EXPECT_EQ(by_c_library<double>(text), expected(-7.0, text.size(), std::errc::result_out_of_range)) << text;
  }
  EXPECT_EQ(by_c_library<float>("1e39"), expected(-7.0F, 4, std::errc::result_out_of_range));
}

TEST(RealText, LongNumbersAreReadWhole) {
  const std::string zeros(300, '0');
  EXPECT_EQ(by_c_library<double>(zeros + "12.5"), expected(12.5, 304));
  EXPECT_EQ(by_c_library<double>("0." + zeros + "1e301"), expected(1.0, 307));
}

TEST(RealText, NeitherErrnoNorTheLocaleMatters) {
  errno = 5;
  EXPECT_EQ(by_c_library<double>("1e999").ec, std::errc::result_out_of_range);
  EXPECT_EQ(errno, 5);
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name :
       {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {  // those have a comma, where they are installed
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    EXPECT_EQ(by_c_library<double>("1.5"), expected(1.5, 3)) << name;
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(RealText, AgreesWithTheStandardLibrary) {
  std::mt19937_64 random{20261122};
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    char text[64];
    char* const end = std::to_chars(text, text + sizeof text, value).ptr;
    double by_standard = 0;
    double by_library = 0;
    EXPECT_EQ(real_from_chars(text, end, by_standard).ec, std::errc{});
    EXPECT_EQ(real_from_chars_in_c_locale(text, end, by_library).ptr, end);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(by_standard), std::bit_cast<std::uint64_t>(value));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(by_library), std::bit_cast<std::uint64_t>(value));
  }
  constexpr std::string_view letters = "0123456789.eE+-infa ";
  for (int i = 0; i < 200'000; ++i) {
    char text[8];
    for (char& each : text) each = letters[random() % letters.size()];
    if (std::string_view{text, 8}.find("nan(") != std::string_view::npos) continue;
    read<double> mine;
    const auto [end, ec] = real_from_chars_in_c_locale(text, text + 8, mine.value);
    double value = -7;
    const auto theirs = real_from_chars(text, text + 8, value);
    EXPECT_EQ(end, theirs.ptr) << std::string_view{text, 8};
    EXPECT_EQ(ec, theirs.ec) << std::string_view{text, 8};
    if (ec == std::errc{} && !std::isnan(value)) EXPECT_EQ(mine.value, value) << std::string_view{text, 8};
  }
}

TEST(RealText, MeasuresNumbers) {
  EXPECT_EQ(measure_real("12,"), 2U);
  EXPECT_EQ(measure_real("1.2.3"), 3U);
  EXPECT_EQ(measure_real("1e5e"), 3U);
  EXPECT_EQ(measure_real("-nan"), 4U);
}

}  // namespace
