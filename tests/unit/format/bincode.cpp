#include <dovetail/format/bincode.hpp>

#include "../../support/format_values.hpp"

#include <gtest/gtest.h>

namespace {

namespace dt = dovetail;
using format_values::color;
using format_values::everything;
using format_values::point;

template <class T>
std::string written(const T& value) {
  std::string bytes;
  dt::bincode::encode(value, bytes).value();
  return bytes;
}

template <class T>
std::string written_hex(const T& value) {
  const std::string bytes = written(value);
  return dt::to_hex(dt::as_byte_view(bytes));
}

template <class T>
dt::result<T> read_hex(std::string_view digits) {
  std::string bytes(digits.size() / 2, '\0');
  EXPECT_TRUE(dt::parse_hex(digits, std::as_writable_bytes(std::span{bytes})));
  return dt::bincode::decode<T>(bytes);
}

TEST(Bincode, AStructWithEveryKindOfMemberComesBackAsItWas) {
  everything value = format_values::make_everything();
  EXPECT_EQ(dt::bincode::decode<everything>(written(value)).value(), value);
  EXPECT_EQ(dt::bincode::decode<everything>(written(everything{})).value(), everything{});
}

TEST(Bincode, ValuesHaveTheLayoutOfRustsBincodeOne) {
  EXPECT_EQ(written_hex(true), "01");
  EXPECT_EQ(written_hex(std::int8_t{-1}), "ff");
  EXPECT_EQ(written_hex(std::uint16_t{0x1234}), "3412");
  EXPECT_EQ(written_hex(std::int32_t{-2}), "feffffff");
  EXPECT_EQ(written_hex(std::uint64_t{1}), "0100000000000000");
  EXPECT_EQ(written_hex(1.0f), "0000803f");
  EXPECT_EQ(written_hex(1.0), "000000000000f03f");
  EXPECT_EQ(written_hex("ab"), "02000000000000006162");
  EXPECT_EQ(written_hex(std::optional<std::uint8_t>{}), "00");
  EXPECT_EQ(written_hex(std::optional<std::uint8_t>{5}), "0105");
  EXPECT_EQ(written_hex(std::vector<std::uint16_t>{1, 2}), "020000000000000001000200");
  EXPECT_EQ(written_hex(std::array<std::uint16_t, 2>{1, 2}), "01000200");
  EXPECT_EQ(written_hex(std::tuple<std::uint8_t, bool>{7, true}), "0701");
  EXPECT_EQ(written_hex(std::map<std::uint8_t, std::uint8_t>{{1, 2}}), "01000000000000000102");
  EXPECT_EQ(written_hex(color::blue), "c8000000");
  EXPECT_EQ(written_hex(point{1, 2}), "010000000102000000");
  EXPECT_EQ(written_hex(std::vector<std::byte>{std::byte{9}}), "010000000000000009");
  EXPECT_EQ(written_hex(dt::uuid{}), "1000000000000000" + std::string(32, '0'));
}

TEST(Bincode, AnEnumsNumberMustFitThirtyTwoBitsAndTheEnum) {
  std::string out;
  EXPECT_EQ(dt::bincode::encode(format_values::low, out).error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(read_hex<color>("00010000").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(read_hex<color>("01000000").value(), color::green);
}

TEST(Bincode, MarksOtherThanZeroAndOneAreRefused) {
  EXPECT_EQ(read_hex<bool>("02").error().code(), dt::errc::malformed_bincode);
  EXPECT_EQ(read_hex<std::optional<std::uint8_t>>("0205").error().code(), dt::errc::malformed_bincode);
}

TEST(Bincode, ALengthThatTheBytesCannotHoldTakesNoMemory) {
  for (const char* digits : {"ffffffffffffffff", "0000000000000080", "0100000000000000", "ffffff7f0000000000"}) {
    EXPECT_EQ(read_hex<std::string>(digits).error().code(), dt::errc::malformed_bincode);
    EXPECT_FALSE(read_hex<std::vector<everything>>(digits).has_value());
    EXPECT_FALSE(read_hex<std::vector<std::uint16_t>>(digits).has_value());
    EXPECT_FALSE((read_hex<std::map<int, int>>(digits).has_value()));
  }
}

TEST(Bincode, EveryPrefixIsAnErrorAndBytesBehindTheValueAreToo) {
  const std::string bytes = written(format_values::make_everything());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(dt::bincode::decode<everything>(std::string_view{bytes}.substr(0, size)).has_value()) << size;
  }
  EXPECT_EQ(read_hex<bool>("0101").error().context(), "byte 1, $: bytes are left behind the value");
}

TEST(Bincode, ErrorsNameByteAndPath) {
  EXPECT_EQ(read_hex<std::vector<point>>("02000000000000000100000000").error().context(),
            "byte 13, $[1].x: expected a number of 4 bytes, found the end of the bytes");
  EXPECT_EQ(read_hex<std::string>("0100000000000000ff").error().context(), "byte 8, $: a string must be UTF-8");
}

TEST(Bincode, NestingIsReadTo128Levels) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += std::string(8, '\0') + std::string("\1\0\0\0\0\0\0\0", 8);
  EXPECT_EQ(dt::bincode::decode<format_values::tree>(deep).error().code(), dt::errc::malformed_bincode);
}

}  // namespace
