#include <dovetail/sql/identifier.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using dt::dialect;

template <dialect D>
constexpr bool is_quoted_as(std::string_view name, std::string_view expected) {
  std::array<char, 64> buffer{};
  const char* const end = dt::format_identifier(D, buffer.data(), name);
  return std::string_view{buffer.data(), static_cast<std::size_t>(end - buffer.data())} == expected;
}
static_assert(is_quoted_as<dialect::sqlite>("order", "\"order\""));
static_assert(is_quoted_as<dialect::postgres>("a\"b", "\"a\"\"b\""));
static_assert(is_quoted_as<dialect::mysql>("a`b\"", "`a``b\"`"));

TEST(Identifier, IsQuotedForItsDialect) {
  EXPECT_EQ(dt::quote_identifier(dialect::sqlite, "order").value(), "\"order\"");
  EXPECT_EQ(dt::quote_identifier(dialect::postgres, "User Name").value(), "\"User Name\"");
  EXPECT_EQ(dt::quote_identifier(dialect::mysql, "order").value(), "`order`");
}

TEST(Identifier, QuotesInItAreDoubledSoThatNothingGetsOut) {
  EXPECT_EQ(dt::quote_identifier(dialect::sqlite, "a\"; drop table t; --").value(), "\"a\"\"; drop table t; --\"");
  EXPECT_EQ(dt::quote_identifier(dialect::mysql, "a`b").value(), "`a``b`");
  EXPECT_EQ(dt::quote_identifier(dialect::postgres, "\"\"").value(), "\"\"\"\"\"\"");
}

TEST(Identifier, NulAndEmptyNamesAreRefused) {
  for (const dialect d : {dialect::sqlite, dialect::postgres, dialect::mysql}) {
    EXPECT_EQ(dt::quote_identifier(d, "").error().code(), dt::errc::malformed_statement);
    EXPECT_EQ(dt::quote_identifier(d, std::string_view{"a\0b", 3}).error().code(), dt::errc::malformed_statement);
    EXPECT_EQ(dt::quote_qualified(d, "a..b").error().code(), dt::errc::malformed_statement);
    EXPECT_EQ(dt::quote_qualified(d, "a.").error().code(), dt::errc::malformed_statement);
  }
}

TEST(Identifier, ASchemaIsAPartOfItsOwn) {
  EXPECT_EQ(dt::quote_qualified(dialect::postgres, "app.city").value(), "\"app\".\"city\"");
  EXPECT_EQ(dt::quote_qualified(dialect::mysql, "city").value(), "`city`");
  EXPECT_EQ(dt::quote_identifier(dialect::postgres, "app.city").value(), "\"app.city\"");
}

TEST(Identifier, ANameThatTheDatabaseWouldCutOffIsRefusedAndNotShown) {
  const std::string longest(63, 'a');
  EXPECT_TRUE(dt::quote_identifier(dt::dialect::postgres, longest));
  const auto refused = dt::quote_identifier(dt::dialect::postgres, longest + 'b');
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), dt::errc::malformed_statement);
  EXPECT_EQ(refused.error().message().find("aaa"), std::string::npos);
  EXPECT_TRUE(dt::quote_identifier(dt::dialect::sqlite, longest + 'b'));
}

}  // namespace
