// Types of your own in rows: classes that reflection cannot see, values stored as others, names that are no members.
#include <dovetail/format/json.hpp>
#include <dovetail/sqlite.hpp>

#include <cstdio>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace dt = dovetail;

//[describe
class account {
 public:
  account() = default;
  account(int id, std::string owner) : id_(id), owner_(std::move(owner)) {}
  const std::string& owner() const { return owner_; }

 private:
  int id_ = 0;
  std::string owner_;
  friend struct dt::describe<account>;
};

template <>
struct dt::describe<account> {
  static constexpr auto fields = std::tuple{dt::field<"id">(&account::id_), dt::field<"owner">(&account::owner_)};
};
//]

//[codec
enum class status { open, paid };

template <>
struct dt::field_codec<status> {  // by name; without it the number would be stored
  using stored_type = std::string;
  static std::string encode(status value) { return std::string{dt::enum_name(value)}; }
  static dt::result<status> decode(const std::string& name) {
    if (const auto value = dt::enum_value<status>(name)) return *value;
    return dt::error_info{dt::errc::malformed_value, "no status"};
  }
};
//]

//[wrappers
struct address {
  std::string street;
  int number;
};

struct person {
  int personId;                                 // column person_id, for the style below
  dt::column<"first name", std::string> first;  // this column, whatever the style
  dt::json_value<address> home;                 // a struct as JSON text in one column
  status state;
};
template <>
inline constexpr dt::name_style dt::name_style_of<person> = dt::name_style::snake_case;

struct point {
  int x;
  int y;
};
//]

int main() {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script(
      "create table account(id integer primary key, owner text not null);"
      R"(create table person(person_id integer primary key, "first name" text, home text, state text))");

  //[use
  db.insert("account", std::vector<account>{{1, "Ada"}, {2, "Bob"}});
  const auto second = db.query_one<account>("select id, owner from account where id = ?", 2);

  db.insert("person", person{1, "Ada", {{"Main street", 5}}, status::paid});
  const auto ada = db.query_one<person>("select * from person where state = ?", status::paid);
  std::printf("%s, %s, %s\n", second.owner().c_str(), ada.first->c_str(), ada.home->street.c_str());

  const auto points = db.query<dt::by_position<point>>("select 3, 4");  // of point; names do not matter
  //]
  return points[0].y == 4 && db.query_value<std::string>("select state from person") == "paid" ? 0 : 1;
}
