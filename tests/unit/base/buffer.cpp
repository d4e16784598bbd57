#include <dovetail/base/buffer.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace dt = dovetail;

bool append(dt::read_buffer& buffer, std::string_view text) {
  if (!buffer.prepare(text.size())) return false;
  if (buffer.free().size() < text.size()) return false;
  if (!text.empty()) std::memcpy(buffer.free().data(), text.data(), text.size());
  buffer.commit(text.size());
  return true;
}

TEST(ReadBuffer, StartsEmptyAndTakesNoMemoryBeforeItIsAskedFor) {
  dt::read_buffer buffer(100);
  EXPECT_TRUE(buffer.committed().empty());
  EXPECT_TRUE(buffer.free().empty());
  EXPECT_EQ(buffer.maximum(), 100u);
}

TEST(ReadBuffer, CommittedBytesAreReadInOrder) {
  dt::read_buffer buffer(100, 4);
  ASSERT_TRUE(append(buffer, "abc"));
  ASSERT_TRUE(append(buffer, "defgh"));
  EXPECT_EQ(dt::as_text(buffer.committed()), "abcdefgh");
  buffer.consume(3);
  EXPECT_EQ(dt::as_text(buffer.committed()), "defgh");
  buffer.consume(1000);
  EXPECT_TRUE(buffer.committed().empty());
}

TEST(ReadBuffer, CommittedBytesMayBeChangedInPlace) {
  dt::read_buffer buffer(100);
  EXPECT_TRUE(buffer.filled().empty());
  ASSERT_TRUE(append(buffer, "xHallo"));
  buffer.consume(1);
  buffer.filled()[1] = std::byte{'e'};
  EXPECT_EQ(dt::as_text(buffer.committed()), "Hello");
}

TEST(ReadBuffer, TheMaximumIsReachedAndNotPassed) {
  dt::read_buffer buffer(8, 4);
  ASSERT_TRUE(append(buffer, "12345678"));
  EXPECT_FALSE(buffer.prepare(1));
  EXPECT_FALSE(buffer.prepare(0));  // at least one byte is asked for
  buffer.consume(2);
  EXPECT_TRUE(buffer.prepare(2));
  EXPECT_FALSE(buffer.prepare(3));
  EXPECT_FALSE(buffer.prepare(static_cast<std::size_t>(-1)));
  EXPECT_EQ(dt::as_text(buffer.committed()), "345678");
}

TEST(ReadBuffer, AMaximumOfNothingHoldsNothing) {
  dt::read_buffer buffer(0);
  EXPECT_FALSE(buffer.prepare(1));
  buffer.commit(5);
  EXPECT_TRUE(buffer.committed().empty());
}

TEST(ReadBuffer, MoreThanTheFreeSpaceCannotBeCommitted) {
  dt::read_buffer buffer(16, 16);
  ASSERT_TRUE(buffer.prepare(4));
  buffer.commit(1000);
  EXPECT_EQ(buffer.committed().size(), 16u);
}

TEST(ReadBuffer, AMovedFromBufferIsEmptyAndUsable) {
  dt::read_buffer first(64, 8);
  ASSERT_TRUE(append(first, "hello"));
  dt::read_buffer second(std::move(first));
  EXPECT_EQ(dt::as_text(second.committed()), "hello");
  EXPECT_TRUE(first.committed().empty());
  EXPECT_TRUE(first.free().empty());
  ASSERT_TRUE(append(first, "again"));
  EXPECT_EQ(dt::as_text(first.committed()), "again");
  first = std::move(second);
  EXPECT_EQ(dt::as_text(first.committed()), "hello");
  ASSERT_TRUE(append(second, "x"));
  EXPECT_EQ(dt::as_text(second.committed()), "x");
}

TEST(ReadBuffer, AnyOrderOfReadingAndConsumingIsAQueue) {
  std::mt19937 random(1);
  dt::read_buffer buffer(257, 16);
  std::string expected;
  unsigned char next = 0;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 50 == 0) {
      buffer.clear();
      expected.clear();
    } else if (random() % 2 == 0) {
      std::string text(random() % 60, '\0');
      for (char& c : text) c = static_cast<char>(next++);
      if (append(buffer, text)) {
        expected += text;
      } else {
        // prepare() asks for one byte even when the text is empty
        ASSERT_GT(expected.size() + std::max<std::size_t>(text.size(), 1), buffer.maximum());
      }
    } else {
      const std::size_t count = random() % 60;
      buffer.consume(count);
      expected.erase(0, count);
    }
    ASSERT_EQ(dt::as_text(buffer.committed()), expected);
  }
}

}  // namespace
