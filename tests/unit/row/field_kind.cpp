#include <dovetail/row/field_kind.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;

namespace {

using dt::field_kind;
using dt::field_kinds;

TEST(FieldKinds, ASetHoldsWhatWasPutTogether) {
  constexpr field_kinds numbers = field_kind::integer | field_kind::real;
  EXPECT_BOTH_TIMES(numbers.contains(field_kind::integer) && numbers.contains(field_kind::real));
  EXPECT_BOTH_TIMES(!numbers.contains(field_kind::text));
  constexpr field_kinds more = numbers | field_kind::text;
  EXPECT_BOTH_TIMES(more.contains(field_kind::text) && more.contains(field_kind::integer));
  EXPECT_BOTH_TIMES(field_kinds{field_kind::uuid} == field_kinds{field_kind::uuid});
  EXPECT_BOTH_TIMES(!field_kinds{}.contains(field_kind::boolean));
}

TEST(FieldKinds, AllAreAllButTheUnsupportedOne) {
  EXPECT_BOTH_TIMES(field_kinds::all().contains(field_kind::boolean) && field_kinds::all().contains(field_kind::list));
  EXPECT_BOTH_TIMES(!field_kinds::all().contains(field_kind::unsupported));
}

}  // namespace
