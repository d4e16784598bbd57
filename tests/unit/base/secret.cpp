#include <dovetail/base/secret.hpp>

#include <gtest/gtest.h>

#include <new>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

namespace {

namespace dt = dovetail;

static_assert(!std::is_convertible_v<std::string, dt::secret> && !std::is_convertible_v<dt::secret, std::string>);

TEST(Secret, OnlyRevealGivesTheText) {
  const dt::secret password{"hunter2"};
  EXPECT_EQ(password.reveal(), "hunter2");
  EXPECT_FALSE(password.empty());
  EXPECT_TRUE(dt::secret{}.empty());
}

TEST(Secret, PrintsAsRedacted) {
  std::ostringstream out;
  out << dt::secret{"hunter2"} << ' ' << dt::secret{};
  EXPECT_EQ(out.str(), "[redacted] [redacted]");
}

TEST(Secret, CopiesAndMovesKeepTheTextAndMovedFromOnesAreEmpty) {
  for (const std::string& text : {std::string{"short"}, std::string(100, 'x'), std::string{}}) {
    dt::secret first{text};
    dt::secret copy(first);
    EXPECT_EQ(copy, first);
    dt::secret moved(std::move(first));
    EXPECT_EQ(moved.reveal(), text);
    EXPECT_TRUE(first.empty());
    first = copy;
    EXPECT_EQ(first.reveal(), text);
    copy = dt::secret{"other"};
    EXPECT_EQ(copy.reveal(), "other");
    first = std::move(copy);
    EXPECT_EQ(first.reveal(), "other");
    const dt::secret& self = first;
    first = self;
    EXPECT_EQ(first.reveal(), "other");
  }
}

TEST(Secret, ComparisonIsByText) {
  EXPECT_TRUE(dt::secret{"a"} == dt::secret{"a"});
  EXPECT_FALSE(dt::secret{"a"} == dt::secret{"b"});
  EXPECT_FALSE(dt::secret{"a"} == dt::secret{"aa"});
  EXPECT_TRUE(dt::secret{} == dt::secret{});
}

TEST(Secret, NothingOfAShortTextIsLeftWhereItWas) {
  alignas(dt::secret) unsigned char memory[sizeof(dt::secret)] = {};
  const auto holds = [&memory](const std::string& text) {
    return std::string{reinterpret_cast<const char*>(memory), sizeof memory}.find(text) != std::string::npos;
  };
  auto* const here = new (memory) dt::secret{"sesame"};
  ASSERT_TRUE(holds("sesame"));  // short texts are kept inside of the object
  const dt::secret elsewhere(std::move(*here));
  EXPECT_FALSE(holds("sesame") || holds("esame"));
  *here = elsewhere;
  EXPECT_TRUE(holds("sesame"));
  *here = dt::secret{"xy"};
  EXPECT_FALSE(holds("same"));
  here->~secret();
  EXPECT_FALSE(holds("xy"));
}

}  // namespace
