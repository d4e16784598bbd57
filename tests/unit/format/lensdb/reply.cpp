#include <dovetail/format/lensdb/reply.hpp>

#include <dovetail/format/lensdb/ldbd_v1.hpp>
#include <dovetail/format/lensdb/reply_data.hpp>

#include <support/lensdb_bytes.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;
using lensdb_vectors::from_text;
using lensdb_vectors::same;

template <class D>
constexpr bool writes(const lensdb::reply& answer, std::string_view hex) {
  std::array<std::byte, 128> to{};
  return lensdb::frame_size<D>(answer) == hex.size() / 2 && same(lensdb::frame<D>(answer, to), hex);
}
constexpr lensdb::reply found{.status = lensdb::status::success, .data = "1", .message = {}};
constexpr lensdb::reply missing{.status = lensdb::status::key_not_found, .data = {}, .message = "Key not found"};
static_assert(writes<lensdb::lens_v1>(found, "4c454e530100000000010000000031"));
static_assert(writes<lensdb::lens_v1>(missing, "4c454e530101000000000000000d4b6579206e6f7420666f756e64"));
static_assert(writes<lensdb::ldbd_v1>(found, "4c4442440100000031"));
static_assert(writes<lensdb::ldbd_v1>(missing, "4c4442440102000d4b6579206e6f7420666f756e64"));

static_assert(lensdb::parse_truth(from_text("true")) == true && lensdb::parse_truth(from_text("false")) == false);
static_assert(!lensdb::parse_truth(from_text("True")) && !lensdb::parse_truth({}));
static_assert(lensdb::parse_count(from_text("0")) == 0u && lensdb::parse_count(from_text("3000")) == 3000u);
static_assert(lensdb::parse_count(from_text("18446744073709551615")) == UINT64_MAX);
static_assert(!lensdb::parse_count(from_text("18446744073709551616")) && !lensdb::parse_count(from_text("")) &&
              !lensdb::parse_count(from_text("-1")) && !lensdb::parse_count(from_text("1 ")));

constexpr int count_keys(std::string_view joined) {
  int keys = 0;
  const auto bytes = from_text(joined);
  lensdb::for_each_key(bytes, [&keys](dt::byte_view) { ++keys; });
  return keys;
}
static_assert(count_keys("") == 0 && count_keys("a") == 1 && count_keys("a\nbb") == 2 && count_keys("x\n") == 2);

TEST(LensReply, RepliesAreWrittenInTheOrderOfTheirDialectAtRunTimeToo) {
  EXPECT_TRUE(writes<lensdb::lens_v1>(missing, "4c454e530101000000000000000d4b6579206e6f7420666f756e64"));
  EXPECT_TRUE(writes<lensdb::ldbd_v1>(missing, "4c4442440102000d4b6579206e6f7420666f756e64"));
}

TEST(LensReply, AMessageThatItsFieldCannotHoldIsNotWritten) {
  const std::string message(0x10000, 'm');
  std::vector<std::byte> to(0x20000);
  EXPECT_TRUE(lensdb::frame<lensdb::ldbd_v1>(lensdb::reply{lensdb::status::general_error, {}, message}, to).empty());
  EXPECT_FALSE(lensdb::frame<lensdb::lens_v1>(lensdb::reply{lensdb::status::general_error, {}, message}, to).empty());
}

TEST(LensReply, KeysAreSplitAtLineFeeds) {
  std::vector<std::string> keys;
  const auto bytes = from_text("a\n\xFFz\n ");
  lensdb::for_each_key(bytes, [&keys](dt::byte_view key) { keys.emplace_back(dt::as_text(key)); });
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "\xFFz", " "}));
}

}  // namespace
