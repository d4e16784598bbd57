// Literals of the library's own types that are none: the compiler names what is wrong.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/uuid.hpp>

namespace dt = dovetail;

constexpr dt::uuid usual{"0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01"};
const dt::uuid in_braces{"{0B1FB9C9-6D1C-4EE1-A1A6-0F5B8A2F9C01}"};
const dt::decimal price{"9.90"};

#if CASE == 1  // expect: uuid_literal_is_malformed
const dt::uuid too_short{"0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c0"};
#elif CASE == 2  // expect: uuid_literal_is_malformed
const dt::uuid no_digit{"0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c0g"};
#elif CASE == 3  // expect: uuid_literal_is_malformed
const dt::uuid nothing{""};
#elif CASE == 4  // expect: constant expression
dt::uuid of(const char (&text)[37]) { return dt::uuid{text}; }  // a text of the running program: dt::parse_uuid
#elif CASE == 5  // expect: decimal_literal_is_malformed
const dt::decimal no_number{"9,90"};
#elif CASE == 6  // expect: decimal
const dt::decimal inexact{9.90};
#endif
