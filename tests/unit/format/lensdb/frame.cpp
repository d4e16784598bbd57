#include <dovetail/format/lensdb/frame.hpp>

#include <dovetail/format/lensdb/ldbd_v1.hpp>

#include <support/lensdb_bytes.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;
using lensdb_vectors::same;

// The front door's promise, as DESIGN section 1 prints it.
constexpr auto request = dt::lensdb::frame(dt::lensdb::get{"user:1"});
static_assert(request.size() == 18 + 6);
static_assert(std::is_same_v<decltype(request), const std::array<std::byte, 24>>);
static_assert(same(request, "4c454e530101000000060000000000000000757365723a31"));

// What is known of an argument decides how it is kept.
static_assert(std::is_same_v<decltype(lensdb::get{"k"}), lensdb::get<lensdb::literal<1>>>);
static_assert(std::is_same_v<decltype(lensdb::get{std::string_view{}}), lensdb::get<std::string_view>>);
static_assert(std::is_same_v<decltype(lensdb::get{std::declval<std::string&>()}), lensdb::get<std::string_view>>);
static_assert(std::is_same_v<decltype(lensdb::get{std::declval<const char*>()}), lensdb::get<std::string_view>>);
static_assert(std::is_same_v<decltype(lensdb::get{std::declval<char (&)[9]>()}), lensdb::get<std::string_view>>);
static_assert(std::is_same_v<decltype(lensdb::set{"k", std::declval<std::string&>()}),
                             lensdb::set<lensdb::literal<1>, std::string_view>>);
static_assert(std::is_same_v<decltype(lensdb::get{lensdb::get{"k"}}), lensdb::get<lensdb::literal<1>>>);
static_assert(lensdb::fixed_request<lensdb::ping> && lensdb::fixed_request<decltype(lensdb::set{"a", "b"})>);
static_assert(!lensdb::fixed_request<lensdb::get<>> && !lensdb::fixed_request<lensdb::any_request>);

// The second dialect, field by field: the printed header has 16 bytes.
constexpr auto ldbd_set = lensdb::frame<lensdb::ldbd_v1>(lensdb::set{"ab", "xyz"});
static_assert(same(ldbd_set,
                   "4c4442440102000200000003000000006162"
                   "78797a"));
constexpr auto ldbd_setex = lensdb::frame<lensdb::ldbd_v1>(lensdb::setex{"k", "v", 3600});
static_assert(same(ldbd_setex, "4c444244010800010000000100000e106b76"));
static_assert(same(lensdb::frame<lensdb::ldbd_v1>(lensdb::ping{}), "4c444244010900000000000000000000"));
static_assert(same(lensdb::frame<lensdb::ldbd_v1>(lensdb::get{"k"}), "4c4442440101000100000000000000006b"));
static_assert(same(lensdb::frame<lensdb::ldbd_v1>(lensdb::erase{"k"}), "4c4442440103000100000000000000006b"));
static_assert(same(lensdb::frame<lensdb::ldbd_v1>(lensdb::exists{"k"}), "4c4442440104000100000000000000006b"));
static_assert(same(lensdb::frame<lensdb::ldbd_v1>(lensdb::keys{}), "4c444244010500000000000000000000"));
static_assert(same(lensdb::frame<lensdb::ldbd_v1>(lensdb::size{}), "4c444244010600000000000000000000"));
static_assert(same(lensdb::frame<lensdb::ldbd_v1>(lensdb::clear{}), "4c444244010700000000000000000000"));

TEST(LensFrame, ARequestKnownWhenTheProgramRunsIsTheSameBytesAsOneKnownBefore) {
  const std::string key = "user:1";
  const std::vector<std::byte> built = lensdb::frame(lensdb::get{key});
  EXPECT_TRUE(same(built, request));
  std::array<std::byte, 24> buffer{};
  const dt::byte_view filled = lensdb::frame(lensdb::get{key}, buffer);
  EXPECT_EQ(filled.data(), buffer.data());
  EXPECT_TRUE(same(filled, request));
  char mutable_key[16] = "user:1";
  EXPECT_TRUE(same(lensdb::frame(lensdb::get{mutable_key}), request));
  EXPECT_TRUE(same(lensdb::frame(lensdb::get{"user:1"}), request));
}

TEST(LensFrame, ABufferThatIsTooSmallStaysAsItIs) {
  std::array<std::byte, 23> buffer{};
  EXPECT_TRUE(lensdb::frame(lensdb::get{"user:1"}, buffer).empty());
  EXPECT_EQ(buffer, (std::array<std::byte, 23>{}));
}

TEST(LensFrame, TheSizeIsKnownBeforeTheFrameIsBuilt) {
  EXPECT_EQ(lensdb::frame_size(lensdb::set{"key", "value"}), 18u + 3u + 5u);
  EXPECT_EQ(lensdb::frame_size<lensdb::ldbd_v1>(lensdb::set{"key", "value"}), 16u + 3u + 5u);
}

TEST(LensFrame, WhatADialectCannotSayIsNoFrame) {
  std::array<std::byte, 64> buffer{};
  EXPECT_FALSE(lensdb::is_expressible<lensdb::ldbd_v1>(lensdb::stats{}));
  EXPECT_TRUE(lensdb::frame<lensdb::ldbd_v1>(lensdb::any_request{.code = lensdb::operation::stats}, buffer).empty());
  EXPECT_TRUE(lensdb::frame<lensdb::ldbd_v1>(lensdb::any_request{.code = lensdb::operation::stats}).empty());
  const std::string long_key(70'000, 'k');
  EXPECT_TRUE(lensdb::frame<lensdb::ldbd_v1>(lensdb::get{long_key}).empty());
  EXPECT_TRUE(lensdb::frame(lensdb::get{long_key}).empty());
  EXPECT_FALSE(lensdb::frame<lensdb::ldbd_v1>(lensdb::get{std::string(60'000, 'k')}).empty());
}

TEST(LensFrame, ZerosInALiteralAreKept) {
  constexpr auto frame = lensdb::frame(lensdb::get{"a\0b"});
  static_assert(frame.size() == 21);
  EXPECT_EQ(frame[19], std::byte{0});
}

}  // namespace
