#include <dovetail/codec/lensdb/value.hpp>

#include <dovetail/format/bincode.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/format/message_pack.hpp>
#include <dovetail/format/raw.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;
using dt::errc;

constexpr std::byte zero{0}, ff{0xFF}, quote{'"'};
constexpr std::string_view the_bytes{"\0\xFF\"", 3};

template <class Format, class T>
std::string stored(const T& value) {
  std::string out;
  EXPECT_FALSE(lensdb::encode_value<Format>(value, out));
  return out;
}

template <class Format, class T>
dt::result<T> loaded(std::string_view text) {
  return lensdb::decode_value<Format, T>(dt::as_byte_view(text));
}

template <class Format, class T>
void comes_back(const T& value) {
  const dt::result<T> again = loaded<Format, T>(stored<Format>(value));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(*again, value);
}

/// What is stored as it is, in each format, and comes back.
template <class Format, class T>
void is_plain(const T& value, std::string_view expected) {
  EXPECT_EQ(stored<Format>(value), expected);
  comes_back<Format>(value);
}

template <class Format>
void every_plain_type_comes_back() {
  is_plain<Format>(std::string{the_bytes}, the_bytes);
  is_plain<Format>(std::pmr::string{the_bytes}, the_bytes);
  is_plain<Format>(std::vector<std::byte>{zero, ff, quote}, the_bytes);
  is_plain<Format>(std::pmr::vector<std::byte>{zero, ff, quote}, the_bytes);
  is_plain<Format>(std::array<std::byte, 3>{zero, ff, quote}, the_bytes);
  is_plain<Format>(std::string{}, "");
  is_plain<Format>(std::vector<std::byte>{}, "");
  is_plain<Format>(std::array<std::byte, 0>{}, "");
}

TEST(LensValue, TextAndBytesOfTheirOwnAreStoredAsTheyAreAndComeBackAsTheyWere) {
  every_plain_type_comes_back<dt::json>();
  every_plain_type_comes_back<dt::message_pack>();
  every_plain_type_comes_back<dt::bincode>();
  every_plain_type_comes_back<dt::raw>();
}

TEST(LensValue, BorrowedTextAndBytesAreStoredAsTheyAreToo) {
  const std::array<std::byte, 3> bytes{zero, ff, quote};
  std::array<std::byte, 3> writable = bytes;
  const std::byte plain_array[] = {zero, ff, quote};
  EXPECT_EQ(stored<dt::json>(the_bytes), the_bytes);
  EXPECT_EQ(stored<dt::json>(std::span<const std::byte>{bytes}), the_bytes);
  EXPECT_EQ((stored<dt::json>(std::span<const std::byte, 3>{bytes})), the_bytes);
  EXPECT_EQ(stored<dt::json>(std::span<std::byte>{writable}), the_bytes);
  EXPECT_EQ(stored<dt::json>(plain_array), the_bytes);
  EXPECT_EQ(stored<dt::json>("text"), "text");
  EXPECT_EQ(stored<dt::json>(static_cast<const char*>("text")), "text");
}

TEST(LensValue, AnArrayOfCharactersEndsAtItsFirstZeroOrWhereItEnds) {
  const char unended[] = {'t', 'e', 'x', 't'};
  EXPECT_EQ(stored<dt::json>(unended), "text");
  const char padded[8] = "text";
  EXPECT_EQ(stored<dt::json>(padded), "text");
}

TEST(LensValue, AnArrayOfBytesTakesExactlyItsSize) {
  for (const std::string_view text : {"", "ab", "abcd"}) {
    const auto wrong = loaded<dt::json, std::array<std::byte, 3>>(text);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), errc::malformed_value);
    EXPECT_EQ(wrong.error().context(), "the value has " + std::to_string(text.size()) + " bytes, and the std::array 3");
  }
}

TEST(LensValue, NumbersThatAreBytesGoThroughTheFormatBothWays) {
  comes_back<dt::json>(std::vector<unsigned char>{0, 255, '"'});
  comes_back<dt::json>(std::array<unsigned char, 3>{0, 255, '"'});
  comes_back<dt::json>(std::vector<std::uint8_t>{});
  comes_back<dt::json>(static_cast<unsigned char>(7));
  comes_back<dt::json>(std::vector<std::string>{"a", ""});
  comes_back<dt::json>(std::optional<std::string>{"a"});
  comes_back<dt::json>(std::optional<std::string>{});
  comes_back<dt::json>(std::vector<std::vector<std::byte>>{{zero, ff}, {}});
  comes_back<dt::json>(std::optional<std::vector<std::byte>>{{zero, ff}});
  comes_back<dt::message_pack>(std::vector<unsigned char>{0, 255, '"'});
  comes_back<dt::message_pack>(std::optional<std::vector<std::byte>>{{zero, ff}});
  comes_back<dt::bincode>(std::vector<unsigned char>{0, 255, '"'});
  comes_back<dt::bincode>(std::optional<std::vector<std::byte>>{{zero, ff}});
}

}  // namespace
