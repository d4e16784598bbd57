#include <dovetail/format/message_pack.hpp>

#include "../../support/format_values.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace {

namespace dt = dovetail;
using format_values::color;
using format_values::everything;
using format_values::point;
using format_values::tree;

template <class T>
std::string written(const T& value) {
  std::string bytes;
  dt::message_pack::encode(value, bytes).value();
  return bytes;
}

std::string hex(std::string_view bytes) { return dt::to_hex(dt::as_byte_view(bytes)); }

std::string bytes_of(std::string_view digits) {
  std::string bytes(digits.size() / 2, '\0');
  EXPECT_TRUE(dt::parse_hex(digits, std::as_writable_bytes(std::span{bytes})));
  return bytes;
}

template <class T>
dt::result<T> read_hex(std::string_view digits) {
  return dt::message_pack::decode<T>(bytes_of(digits));
}

TEST(MessagePack, AStructWithEveryKindOfMemberComesBackAsItWas) {
  const everything value = format_values::make_everything();
  EXPECT_EQ(dt::message_pack::decode<everything>(written(value)).value(), value);
  EXPECT_EQ(dt::message_pack::decode<everything>(written(everything{})).value(), everything{});
}

TEST(MessagePack, WholeNumbersTakeTheShortestFormatAtEveryBoundary) {
  const std::pair<std::int64_t, std::string_view> cases[] = {
      {0, "00"},
      {127, "7f"},
      {128, "cc80"},
      {255, "ccff"},
      {256, "cd0100"},
      {65535, "cdffff"},
      {65536, "ce00010000"},
      {4294967295, "ceffffffff"},
      {4294967296, "cf0000000100000000"},
      {INT64_MAX, "cf7fffffffffffffff"},
      {-1, "ff"},
      {-32, "e0"},
      {-33, "d0df"},
      {-128, "d080"},
      {-129, "d1ff7f"},
      {-32768, "d18000"},
      {-32769, "d2ffff7fff"},
      {-2147483648LL, "d280000000"},
      {-2147483649LL, "d3ffffffff7fffffff"},
      {INT64_MIN, "d38000000000000000"},
  };
  for (const auto& [value, digits] : cases) {
    EXPECT_EQ(hex(written(value)), digits);
    EXPECT_EQ(read_hex<std::int64_t>(digits).value(), value);
  }
  EXPECT_EQ(hex(written(UINT64_MAX)), "cfffffffffffffffff");
  EXPECT_EQ(read_hex<std::uint64_t>("cfffffffffffffffff").value(), UINT64_MAX);
}

TEST(MessagePack, LongerFormatsThanNeededAreRead) {
  EXPECT_EQ(read_hex<std::uint8_t>("cf0000000000000005").value(), 5);
  EXPECT_EQ(read_hex<std::uint8_t>("d30000000000000005").value(), 5);
  EXPECT_EQ(read_hex<std::int8_t>("d1ffff").value(), -1);
  EXPECT_EQ(read_hex<std::string>("db0000000161").value(), "a");
  EXPECT_EQ(read_hex<std::vector<int>>("dd0000000101").value(), std::vector{1});
}

TEST(MessagePack, WholeNumbersOutOfRangeAreRefused) {
  EXPECT_EQ(read_hex<std::uint8_t>("cd0100").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(read_hex<std::uint64_t>("ff").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(read_hex<std::int8_t>("cc80").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(read_hex<std::int64_t>("cf8000000000000000").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(read_hex<int>("cb3ff0000000000000").error().code(), dt::errc::malformed_value);
}

TEST(MessagePack, NilBooleansAndRealNumbersHaveTheBytesOfTheSpecification) {
  EXPECT_EQ(hex(written(std::optional<int>{})), "c0");
  EXPECT_EQ(hex(written(false)), "c2");
  EXPECT_EQ(hex(written(true)), "c3");
  EXPECT_EQ(hex(written(1.5f)), "ca3fc00000");
  EXPECT_EQ(hex(written(1.5)), "cb3ff8000000000000");
  EXPECT_EQ(read_hex<double>("ca3fc00000").value(), 1.5);
  EXPECT_EQ(read_hex<float>("cb3ff8000000000000").value(), 1.5f);
  EXPECT_EQ(read_hex<double>("05").value(), 5.0);
  EXPECT_EQ(read_hex<double>("d0df").value(), -33.0);
  EXPECT_TRUE(std::isnan(dt::message_pack::decode<double>(written(std::nan(""))).value()));
  EXPECT_EQ(dt::message_pack::decode<float>(written(1e300)).error().code(), dt::errc::value_out_of_range);
}

TEST(MessagePack, TextsBytesArraysAndMapsTakeTheShortestHeadAtEveryBoundary) {
  const auto head = [](const std::string& bytes, std::size_t size) { return hex(bytes.substr(0, size)); };
  const std::tuple<std::size_t, const char*, std::size_t> texts[] = {
      {0, "a0", 1},       {31, "bf", 1},        {32, "d920", 2},         {255, "d9ff", 2},
      {256, "da0100", 3}, {65535, "daffff", 3}, {65536, "db00010000", 5}};
  for (const auto& [size, digits, length] : texts) {
    const std::string text(size, 'x');
    EXPECT_EQ(head(written(text), length), digits);
    EXPECT_EQ(dt::message_pack::decode<std::string>(written(text)).value(), text);
  }
  const std::tuple<std::size_t, const char*, std::size_t> blobs[] = {
      {0, "c400", 2}, {255, "c4ff", 2}, {256, "c50100", 3}, {65535, "c5ffff", 3}, {65536, "c600010000", 5}};
  for (const auto& [size, digits, length] : blobs) {
    const std::vector<std::byte> blob(size, std::byte{7});
    EXPECT_EQ(head(written(blob), length), digits);
    EXPECT_EQ(dt::message_pack::decode<std::vector<std::byte>>(written(blob)).value(), blob);
  }
  const std::tuple<int, const char*, const char*, std::size_t> counts[] = {{0, "90", "80", 1},
                                                                           {15, "9f", "8f", 1},
                                                                           {16, "dc0010", "de0010", 3},
                                                                           {65535, "dcffff", "deffff", 3},
                                                                           {65536, "dd00010000", "df00010000", 5}};
  for (const auto& [count, array, map, length] : counts) {
    std::vector<int> elements;
    std::map<int, int> entries;
    for (int i = 0; i < count; ++i) elements.push_back(i), entries.emplace(i, i);
    EXPECT_EQ(head(written(elements), length), array);
    EXPECT_EQ(head(written(entries), length), map);
    EXPECT_EQ(dt::message_pack::decode<std::vector<int>>(written(elements)).value(), elements);
    EXPECT_EQ((dt::message_pack::decode<std::map<int, int>>(written(entries)).value()), entries);
  }
}

TEST(MessagePack, AStructIsAMapAndIsReadFromAnArrayToo) {
  EXPECT_EQ(hex(written(point{1, std::nullopt})), "82a17801a179c0");
  EXPECT_EQ(read_hex<point>("82a17902a17801").value(), (point{1, 2}));
  EXPECT_EQ(read_hex<point>("81a17801").value(), (point{1, std::nullopt}));
  EXPECT_EQ(read_hex<point>("84a17a93010203a1780105c0a17902").value(), (point{1, 2}));
  EXPECT_EQ(read_hex<point>("920102").value(), (point{1, 2}));
  EXPECT_EQ(read_hex<point>("9101").error().code(), dt::errc::row_mismatch);
  EXPECT_EQ(read_hex<point>("80").error().code(), dt::errc::row_mismatch);
  EXPECT_EQ(read_hex<point>("82a17801a17801").error().context(), "byte 4, $: the key \"x\" is given twice");
}

TEST(MessagePack, UnknownMembersOfEveryFormatAreSkipped) {
  for (const char* value : {"c0",
                            "c2",
                            "05",
                            "e0",
                            "cc80",
                            "cd0100",
                            "ce00010000",
                            "cf0000000100000000",
                            "d080",
                            "d18000",
                            "d280000000",
                            "d38000000000000000",
                            "ca00000000",
                            "cb0000000000000000",
                            "a161",
                            "d90161",
                            "da000161",
                            "db0000000161",
                            "c40161",
                            "c5000161",
                            "c60000000161",
                            "9101",
                            "dc000101",
                            "dd0000000101",
                            "810102",
                            "de00010102",
                            "df000000010102",
                            "d40500",
                            "d5050000",
                            "d60500000000",
                            "d7050000000000000000",
                            "d80500000000000000000000000000000000",
                            "c7010500",
                            "c800010500",
                            "c9000000010500"}) {
    const std::string bytes = std::string{"82a17a"} + value + "a17801";
    EXPECT_EQ(read_hex<point>(bytes).value(), (point{1, std::nullopt})) << value;
  }
  EXPECT_EQ(read_hex<point>("82a17ac1a17801").error().code(), dt::errc::malformed_message_pack);
}

TEST(MessagePack, PointsInTimeAreReadFromTheTimestampExtension) {
  using namespace std::chrono;
  using micros = sys_time<microseconds>;
  EXPECT_EQ(read_hex<sys_seconds>("d6ff00000001").value(), sys_seconds{1s});
  EXPECT_EQ(read_hex<micros>("d7ff00000fa000000001").value(), micros{1s + 1us});
  EXPECT_EQ(read_hex<micros>("c70cff000003e8ffffffffffffffff").value(), micros{-1s + 1us});
  EXPECT_EQ(read_hex<sys_seconds>("d7ff00000fa000000001").error().code(), dt::errc::value_out_of_range);
  EXPECT_FALSE(read_hex<micros>("c70cff3b9aca000000000000000000").has_value());
  EXPECT_FALSE(read_hex<micros>("d60500000001").has_value());
}

TEST(MessagePack, AUuidIsReadFromSixteenBytes) {
  dt::uuid id;
  ASSERT_TRUE(dt::parse_uuid("00112233-4455-6677-8899-aabbccddeeff", id));
  EXPECT_EQ(read_hex<dt::uuid>("c41000112233445566778899aabbccddeeff").value(), id);
  EXPECT_FALSE(read_hex<dt::uuid>("c40f00112233445566778899aabbccddee").has_value());
}

TEST(MessagePack, EnumsAreNumbersAndReadByNameToo) {
  EXPECT_EQ(hex(written(color::blue)), "ccc8");
  EXPECT_EQ(read_hex<color>("01").value(), color::green);
  EXPECT_EQ(read_hex<color>("a5677265656e").value(), color::green);
  EXPECT_FALSE(read_hex<color>("a567726565").has_value());
}

TEST(MessagePack, ALengthThatTheBytesCannotHoldTakesNoMemory) {
  for (const char* digits :
       {"dbffffffff", "ddffffffff", "c6ffffffff", "dfffffffff", "c9ffffffff05", "bf", "9f", "8f"}) {
    EXPECT_FALSE(read_hex<std::string>(digits).has_value());
    EXPECT_FALSE(read_hex<std::vector<everything>>(digits).has_value());
    EXPECT_FALSE(read_hex<std::vector<std::byte>>(digits).has_value());
    EXPECT_FALSE((read_hex<std::map<int, int>>(digits).has_value()));
    EXPECT_FALSE(read_hex<point>(digits).has_value());
  }
}

TEST(MessagePack, EveryPrefixIsAnErrorAndBytesBehindTheValueAreToo) {
  const std::string bytes = written(format_values::make_everything());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(dt::message_pack::decode<everything>(std::string_view{bytes}.substr(0, size)).has_value()) << size;
  }
  EXPECT_EQ(read_hex<int>("0101").error().context(), "byte 1, $: bytes are left behind the value");
}

TEST(MessagePack, NestingIsReadTo128LevelsAndNoDeeper) {
  const auto nested = [](std::size_t depth) { return "\x82\xA1z" + std::string(depth, '\x91') + "\xC0\xA1x\x01"; };
  EXPECT_TRUE(dt::message_pack::decode<point>(nested(127)).has_value());
  EXPECT_FALSE(dt::message_pack::decode<point>(nested(128)).has_value());
  EXPECT_FALSE(dt::message_pack::decode<point>(nested(1000000)).has_value());
}

TEST(MessagePack, ErrorsNameByteAndPath) {
  const std::string bytes = written(std::vector<tree>{{"a", {}}, {"b", {{"c", {}}}}});
  std::string broken = bytes;
  broken[broken.rfind("\xA1"
                      "c") +
         1] = '\xFF';
  EXPECT_NE(dt::message_pack::decode<std::vector<tree>>(broken).error().context().find("$[1].children[0].name"),
            std::string_view::npos);
  EXPECT_EQ(read_hex<std::vector<int>>("93010203a0").error().code(), dt::errc::malformed_message_pack);
  EXPECT_EQ(read_hex<std::vector<int>>("9201a0").error().context(),
            "byte 2, $[1]: expected a whole number, found a string");
  EXPECT_EQ(read_hex<int>("c0").error().code(), dt::errc::unexpected_null);
  std::string out = "x";
  EXPECT_EQ(dt::message_pack::encode(std::vector<std::string>{"\xFF"}, out).error().context(),
            "cannot write $[0]: the text is not UTF-8");
  EXPECT_EQ(out, "x");
}

}  // namespace
