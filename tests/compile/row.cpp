// Row types that no columns can fill.
#include <dovetail/row/json_format.hpp>
#include <dovetail/row/plan.hpp>

#include <cstdint>
#include <string>

namespace dt = dovetail;

struct city {
  std::int64_t id;
  std::string name;
};
struct opaque {
  explicit opaque(int) {}
};
struct with_opaque {
  std::int64_t id;
  opaque what;
};
struct base {
  int id;
};
struct derived : base {
  int more;
};
struct with_array {
  int id;
  int values[3];
};
struct nested {
  std::int64_t home_id;
  city home;
};
struct nothing {};

constexpr std::size_t usual = dt::row_plan<city>::size;

#if CASE == 1  // expect: a field has a type that no column can fill
               // expect: with_opaque
               // expect: "what"
               // expect: opaque
constexpr std::size_t wrong = dt::row_plan<with_opaque>::size;
#elif CASE == 2  // expect: reflection cannot see through a base class
                 // expect: derived
constexpr std::size_t wrong = dt::row_plan<derived>::size;
#elif CASE == 3  // expect: reflection cannot tell the size of a C array
                 // expect: with_array
constexpr std::size_t wrong = dt::row_plan<with_array>::size;
#elif CASE == 4  // expect: two fields of a row struct take the same column
                 // expect: nested
constexpr auto wrong = dt::row_plan<nested>::description;
#elif CASE == 5  // expect: a row needs at least one column
                 // expect: nothing
constexpr std::size_t wrong = dt::row_plan<nothing>::size;
#elif CASE == 6  // expect: dt::json_value needs #include <dovetail/format/json.hpp>
using wrong = dt::detail::json_format<city>::type;
#endif
