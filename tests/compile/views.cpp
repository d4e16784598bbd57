// Rows that would be kept after what their fields view has gone.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/format/postgres/composite.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace dt = dovetail;

struct city {
  std::int64_t id;
  std::string name;
};
struct viewed {
  std::int64_t id;
  std::string_view name;
};
struct with_bytes {
  std::int64_t id;
  std::optional<dt::byte_view> picture;
};
struct nested {
  std::int64_t id;
  std::optional<viewed> home;
};
struct with_list {
  std::vector<std::optional<std::string_view>> tags;
};
struct with_column {
  dt::column<"full name", std::string_view> name;
};
struct with_composite {
  dt::postgres::composite<viewed> home;
};

// A text that is stored as one and viewed while it is read: the value itself owns what it has.
struct tag {
  std::string text;
};
template <>
struct dt::field_codec<tag> {
  using stored_type = std::string_view;
  static dt::result<tag> decode(std::string_view stored) { return tag{std::string{stored}}; }
  static std::string_view encode(const tag& value) { return value.text; }
};
struct tagged {
  std::int64_t id;
  tag label;
};

// A client without a database.
struct client : dt::sql_verbs<client, dt::dialect::sqlite, dt::argument_storage::borrowed> {
  template <class Op>
  typename Op::value_type run(Op, std::source_location) {
    return typename Op::value_type();
  }
};

static_assert(dt::borrows_from_source<viewed> && dt::borrows_from_source<std::optional<viewed>> &&
              dt::borrows_from_source<with_list> && dt::borrows_from_source<with_composite> &&
              dt::borrows_from_source<dt::by_position<with_bytes>>);
static_assert(!dt::borrows_from_source<city> && !dt::borrows_from_source<tagged>);

void calls(client& db) {
  static_cast<void>(db.query<city>("select id, name from city"));
  static_cast<void>(db.query<tagged>("select id, label from city"));
  static_cast<void>(db.query_one<std::tuple<std::string, std::vector<std::byte>>>("select name, picture from city"));

#if CASE == 1  // expect: a row that is kept cannot have a field that is a view
               // expect: viewed
               // expect: "name"
               // expect: stream()
  static_cast<void>(db.query<viewed>("select id, name from city"));
#elif CASE == 2   // expect: a row that is kept cannot have a field that is a view
                  // expect: with_bytes
                  // expect: "picture"
  static_cast<void>(db.query_one<with_bytes>("select id, picture from city"));
#elif CASE == 3   // expect: a row that is kept cannot have a field that is a view
                  // expect: viewed
                  // expect: "name"
  static_cast<void>(db.query_optional<nested>("select id, home_id, home_name from city"));
#elif CASE == 4   // expect: a row that is kept cannot have a field that is a view
  static_cast<void>(db.query_value<std::string_view>("select name from city"));
#elif CASE == 5   // expect: a row that is kept cannot have a field that is a view
                  // expect: "tags"
  static_cast<void>(db.query<with_list>("select tags from city"));
#elif CASE == 6   // expect: a row that is kept cannot have a field that is a view
                  // expect: with_column
  static_cast<void>(db.query<dt::by_position<with_column>>("select 'x'"));
#elif CASE == 7   // expect: a row that is kept cannot have a field that is a view
                  // expect: tuple
  static_cast<void>(db.query<std::tuple<int, std::string_view>>("select 1, 'x'"));
#elif CASE == 8   // expect: a row that is kept cannot have a field that is a view
                  // expect: with_composite
                  // expect: "home"
  static_cast<void>(db.query<with_composite>("select home from city"));
#elif CASE == 9   // expect: a row that is kept cannot have a field that is a view
                  // expect: viewed
  static_cast<void>(db.insert_returning<viewed>("city", city{1, "Bern"}));
#elif CASE == 10  // expect: a row that is kept cannot have a field that is a view
                  // expect: viewed
  using some = dt::sql_query_some<viewed, int>::value_type;
  static_cast<void>(sizeof(some));
#endif
}
