#include <dovetail/base/bytes.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

namespace dt = dovetail;

constexpr std::array<std::byte, 9> sample = [] {
  std::array<std::byte, 9> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(0xF0 + i);
  return bytes;
}();

constexpr bool integers_are_loaded_in_their_order() {
  return dt::load_big<std::uint8_t>(sample.data()) == 0xF0 && dt::load_big<std::uint16_t>(sample.data()) == 0xF0F1 &&
         dt::load_big<std::uint32_t>(sample.data()) == 0xF0F1F2F3 &&
         dt::load_big<std::uint64_t>(sample.data()) == 0xF0F1F2F3F4F5F6F7 &&
         dt::load_little<std::uint8_t>(sample.data()) == 0xF0 &&
         dt::load_little<std::uint16_t>(sample.data()) == 0xF1F0 &&
         dt::load_little<std::uint32_t>(sample.data()) == 0xF3F2F1F0 &&
         dt::load_little<std::uint64_t>(sample.data()) == 0xF7F6F5F4F3F2F1F0;
}
static_assert(integers_are_loaded_in_their_order());

TEST(Bytes, IntegersAreLoadedInTheStatedOrder) { EXPECT_TRUE(integers_are_loaded_in_their_order()); }

template <class Integer>
constexpr bool comes_back(Integer value) {
  std::array<std::byte, sizeof(Integer) + 1> memory{};
  std::byte* const odd = memory.data() + 1;  // no alignment is needed
  dt::store_big(odd, value);
  if (dt::load_big<Integer>(odd) != value) return false;
  if (std::to_integer<Integer>(odd[sizeof(Integer) - 1]) != (value & 0xFF)) return false;
  dt::store_little(odd, value);
  return dt::load_little<Integer>(odd) == value && std::to_integer<Integer>(odd[0]) == (value & 0xFF);
}

constexpr bool integers_of_every_width_come_back() {
  return comes_back<std::uint8_t>(0xA5) && comes_back<std::uint16_t>(0x1234) && comes_back<std::uint16_t>(0xFFFE) &&
         comes_back<std::uint32_t>(0x89ABCDEF) && comes_back<std::uint64_t>(0x0123456789ABCDEF) &&
         comes_back<std::uint64_t>(0) && comes_back<std::uint64_t>(~std::uint64_t{0});
}
static_assert(integers_of_every_width_come_back());

TEST(Bytes, IntegersOfEveryWidthComeBackFromUnalignedMemory) { EXPECT_TRUE(integers_of_every_width_come_back()); }

static_assert(dt::detail::byteswap<std::uint16_t>(0x1234) == 0x3412);
static_assert(dt::detail::byteswap<std::uint64_t>(0x0123456789ABCDEF) == 0xEFCDAB8967452301);

TEST(Bytes, TextAndBytesViewTheSameMemory) {
  const std::string_view text = "a\xFFz";
  const dt::byte_view bytes = dt::as_byte_view(text);
  ASSERT_EQ(bytes.size(), 3u);
  EXPECT_EQ(bytes[1], std::byte{0xFF});
  EXPECT_EQ(dt::as_text(bytes).data(), text.data());
  EXPECT_EQ(dt::as_text(bytes), text);
  EXPECT_TRUE(dt::as_byte_view("").empty());
}

}  // namespace
