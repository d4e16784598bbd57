// What must not outlive a client or a session cannot be had from a temporary one; from a view of a named one it can.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/client/asyncsql/open.hpp>
#include <dovetail/postgres.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace dt = dovetail;
using client = dt::postgres::client;
using session = dt::asyncsql::session<client>;

struct city {
  int id;
};

client make();
session open();

void calls(client& db, session& named) {
  using namespace std::chrono_literals;
  auto tx = db.begin();
  auto inner = tx.within(1s).begin();
  auto limited = db.within(1s).begin();
  auto rows = db.within(1s).stream<city>("select id from city");
  auto copied = db.within(1s).copy_out<city>("city");
  auto queried = db.with(dt::as_result).copy_out_query<city>("select id from city");
  auto heard = db.within(1s).listen("news");
  auto scope = named.within(1s).scope();
  auto streamed = named.within(1s).stream<city>("select id from city");
  auto more = scope.stream<city>("select id from city");
  open().execute("delete from city");  // over when the expression is
  make().transaction([](auto&) {});
  open().within(1s).execute("delete from city");

#if CASE == 1  // expect: give the temporary client a name
  static_cast<void>(make().begin());
#elif CASE == 2  // expect: give the temporary client a name
  static_cast<void>(make().stream<city>("select id from city"));
#elif CASE == 3  // expect: give the temporary client a name
  static_cast<void>(std::move(db).copy_out<city>("city"));
#elif CASE == 4  // expect: give the temporary client a name
  static_cast<void>(make().copy_out_query<city>("select id from city"));
#elif CASE == 5  // expect: give the temporary client a name
  static_cast<void>(make().listen("news"));
#elif CASE == 6  // expect: deleted
                 // expect: scope
  static_cast<void>(open().scope());
#elif CASE == 7  // expect: deleted
                 // expect: scope
  static_cast<void>(open().scope(dt::begin_mode::serializable));
#elif CASE == 8  // expect: deleted
                 // expect: stream
  static_cast<void>(open().stream<city>("select id from city"));
#elif CASE == 9  // expect: give the temporary client a name
  static_cast<void>(open().copy_out<city>("city"));
#endif
}
