#include <dovetail/base/condition.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <system_error>

namespace {

namespace dt = dovetail;

class foreign_category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "foreign"; }
  std::string message(int) const override { return "foreign"; }
};

const foreign_category foreign;

TEST(Condition, EveryKindHasAName) {
  std::set<std::string> names;
  for (int kind = 1; kind <= static_cast<int>(dt::condition::server); ++kind) {
    names.insert(dt::condition_category().message(kind));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(dt::condition::server));
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(dt::condition_category().message(0), "unknown");
  EXPECT_EQ(dt::condition_category().name(), std::string{"dovetail.condition"});
}

struct system_case {
  int code;
  dt::condition kind;
};

constexpr system_case system_cases[] = {
    {ETIMEDOUT, dt::condition::timeout},       {ECANCELED, dt::condition::cancelled},
    {ECONNREFUSED, dt::condition::connection}, {ECONNRESET, dt::condition::connection},
    {EPIPE, dt::condition::connection},        {EACCES, dt::condition::permission},
    {ENOENT, dt::condition::not_found},        {EMFILE, dt::condition::limit},
    {EINVAL, dt::condition::misuse},           {EAGAIN, dt::condition::busy},
};

TEST(Condition, TheSystemsErrorsHaveAKindInBothOfItsCategories) {
  for (const system_case& each : system_cases) {
    for (const std::error_category* category : {&std::system_category(), &std::generic_category()}) {
      const std::error_code code{each.code, *category};
      EXPECT_EQ(dt::condition_of(code), each.kind) << code.message();
      EXPECT_TRUE(code == each.kind) << code.message();
    }
  }
}

TEST(Condition, ComparisonAndConditionOfAlwaysAgree) {
  const std::error_code codes[] = {{ETIMEDOUT, std::system_category()},
                                   {987654, std::system_category()},
                                   {987654, std::generic_category()},
                                   {7, foreign},
                                   {}};
  for (const std::error_code& code : codes) {
    for (int kind = 1; kind <= static_cast<int>(dt::condition::server); ++kind) {
      EXPECT_EQ(code == static_cast<dt::condition>(kind), dt::condition_of(code) == static_cast<dt::condition>(kind))
          << code << ' ' << kind;
    }
  }
}

TEST(Condition, CodesOfUnknownCategoriesAreTheServers) {
  EXPECT_EQ(dt::condition_of({7, foreign}), dt::condition::server);
  EXPECT_TRUE((std::error_code{7, foreign} == dt::condition::server));
}

TEST(Condition, NoFailureIsOfNoKind) {
  EXPECT_EQ(dt::condition_of({}), dt::condition{});
  EXPECT_FALSE(std::error_code{} == dt::condition::connection);
  EXPECT_FALSE((std::error_code{0, foreign} == dt::condition::server));
}

}  // namespace
