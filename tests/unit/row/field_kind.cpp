#include <dovetail/row/field_kind.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;

namespace {

using dt::field_kind;
using dt::field_kinds;

TEST(FieldKinds, ASetHoldsWhatWasPutTogether) {
  constexpr field_kinds numbers = field_kind::integer | field_kind::real;
  static_assert(numbers.contains(field_kind::integer) && numbers.contains(field_kind::real));
  static_assert(!numbers.contains(field_kind::text));
  constexpr field_kinds more = numbers | field_kind::text;
  static_assert(more.contains(field_kind::text) && more.contains(field_kind::integer));
  static_assert(field_kinds{field_kind::uuid} == field_kinds{field_kind::uuid});
  static_assert(!field_kinds{}.contains(field_kind::boolean));
  SUCCEED();
}

TEST(FieldKinds, AllAreAllButTheUnsupportedOne) {
  static_assert(field_kinds::all().contains(field_kind::boolean) && field_kinds::all().contains(field_kind::list));
  static_assert(!field_kinds::all().contains(field_kind::unsupported));
  SUCCEED();
}

}  // namespace
