#include <dovetail/sql/brief_statement.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

namespace {

namespace dt = dovetail;
using whole = dt::statement_for<dt::dialect::postgres, void, std::int64_t>;
using brief = dt::brief_statement<whole>;

constexpr brief of(const whole& sql) { return sql; }

constexpr std::string_view text = "delete from t where id = ?";
constexpr brief literal = of(text);
static_assert(sizeof(brief) < sizeof(whole));
static_assert(literal.view().text == text && literal.key() == text && literal.is_valid());
static_assert(literal.view().traits.kind == dt::statement_kind::remove && literal.places()[0].number == 1);

TEST(BriefStatement, SaysWhatTheWholeOneSays) {
  const whole sql{text};
  const brief same = brief{brief{sql}};
  EXPECT_EQ(same.view().text.data(), sql.view().text.data());
  EXPECT_EQ(same.view().traits, sql.view().traits);
  EXPECT_EQ(same.view().where.line(), sql.view().where.line());
  EXPECT_EQ(same.places(), sql.places());
  EXPECT_TRUE(same.is_valid());
  const auto native = same.native(std::int64_t{1});
  ASSERT_TRUE(native);
  EXPECT_EQ(native->text, "delete from t where id = $1");
}

TEST(BriefStatement, OfATextThatIsNoLiteralItKnowsWhatIsWrong) {
  const whole sql{dt::runtime("delete from t where id = ? and name = ?")};
  const brief same{sql};
  EXPECT_TRUE(same.key().empty());
  EXPECT_FALSE(same.is_valid());
  EXPECT_EQ(same.failure().code(), sql.failure().code());
  EXPECT_EQ(same.failure().context(), sql.failure().context());
  EXPECT_FALSE(same.failure().context().empty());
}

}  // namespace
