// What does it cost to judge a statement's text and to rewrite its parameters: nothing for a literal, little for a text
// made at run time?
//
//   bench_sql_validation             both tasks
//   bench_sql_validation literals    a guarded session's literal against the same without a guard, on SQLite in memory
//   bench_sql_validation texts       validation and analysis of texts made at run time; an item is 100 bytes of text

#include <dovetail/asyncsql.hpp>
#include <dovetail/sqlite.hpp>

#include "support/bench.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
namespace as = dovetail::asyncsql;

// From a shop's log: point reads, joins, a report, writes, of 60 to 900 bytes.
constexpr std::string_view texts[] = {
    "select id, name, population, area from city where id = :id",
    "update account set balance = balance - :amount, version = version + 1 where id = :id and version = :version",
    "insert into journal(id, account, amount, currency, comment) values (:id, :account, :amount, 'CHF', :comment)",
    "select o.id, o.placed, c.name, c.city, sum(l.price * l.amount) as total from orders o join customer c on c.id = "
    "o.customer left join line l on l.order_id = o.id where o.placed between :first and :last and c.country in ('CH', "
    "'AT', 'DE') group by o.id, o.placed, c.name, c.city having sum(l.price * l.amount) > :least order by total desc "
    "limit 50 offset :skip",
    "with recent as (select customer, max(placed) as last_order, count(*) as orders from orders where placed > :since "
    "group by customer), money as (select o.customer, sum(l.price * l.amount) as spent from orders o join line l on "
    "l.order_id = o.id where o.placed > :since group by o.customer) select c.id, c.name, c.email, r.last_order, "
    "r.orders, m.spent, case when m.spent > 10000 then 'gold' when m.spent > 1000 then 'silver' else 'none' end as "
    "grade, coalesce(c.nickname, upper(substr(c.name, 1, 1)) || lower(substr(c.name, 2))) as greeting from customer c "
    "join recent r on r.customer = c.id join money m on m.customer = c.id where c.is_active and c.email is not null "
    "and "
    "not exists (select 1 from complaint k where k.customer = c.id and k.closed is null) order by m.spent desc, c.name "
    "limit :most",
};

struct named_arguments {
  int id = 1, amount = 2, version = 3, account = 4, comment = 5, first = 6, last = 7, least = 8, skip = 9, since = 10,
      most = 11;
};

int literals() {
  constexpr std::size_t items = 20'000;
  dt::sqlite::client db{"sqlite::memory:?maxConnections=1"};
  db.script("create table city(id integer primary key, name text); insert into city values (1, 'Bern')");
  as::session<dt::sqlite::client> bare{db};
  as::session<dt::sqlite::client, as::guard<>> guarded{db};
  const auto ask = [](auto& session, const auto& text) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < items; ++i)
      sum += static_cast<std::uint64_t>(session.template query_value<int>(text, 1));
    return sum;
  };
  bench::task task{"sql_validation_literals"};
  task.add("literal, no guard", items, [&] {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < items; ++i) {
      sum += static_cast<std::uint64_t>(bare.query_value<int>("select id from city where id = ?", 1));
    }
    return sum;
  });
  task.add("literal, guard", items, [&] {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < items; ++i) {
      sum += static_cast<std::uint64_t>(guarded.query_value<int>("select id from city where id = ?", 1));
    }
    return sum;
  });
  const std::string made{"select id from city where id = ?"};
  task.add("run-time text, no guard", items, [&] { return ask(bare, dt::runtime(made)); });
  task.add("run-time text, guard", items, [&] { return ask(guarded, dt::runtime(made)); });
  return task.run();
}

int run_time_texts() {
  std::size_t bytes = 0;
  for (const std::string_view text : texts) bytes += text.size();
  constexpr std::size_t rounds = 2000;
  const std::size_t items = rounds * bytes / 100;
  std::vector<std::string> all{std::begin(texts), std::end(texts)};
  const auto each = [&](auto judge) {
    return [&all, judge] {
      for (std::size_t i = 0; i < rounds; ++i) {
        for (const std::string& text : all) {
          bench::keep(text);
          bench::keep(judge(text));
        }
      }
    };
  };
  bench::task task{"sql_validation_texts"};
  task.add("validate, postgres", items,
           each([](const std::string& text) { return dt::validate(dt::dialect::postgres, text).rule; }));
  task.add("validate, sqlite", items,
           each([](const std::string& text) { return dt::validate(dt::dialect::sqlite, text).rule; }));
  task.add("tokens alone, postgres", items, each([](const std::string& text) {
             dt::detail::lexer source{text, dt::lexis_of(dt::dialect::postgres)};
             std::uint64_t sum = 0;
             for (auto at = source.next(); at.kind != dt::detail::token_kind::end; at = source.next()) sum += at.key;
             return sum;
           }));
  task.add("parameters, postgres", items, each([](const std::string& text) {
             return dt::statement_for<dt::dialect::postgres, void, named_arguments>{dt::runtime(text)}.is_valid();
           }));
  // What a session with a guard does: the statement is made, its view is judged, the native text is sent.
  using guarded = dt::validated_statement_for<dt::validation{}, dt::dialect::postgres, void, named_arguments>;
  task.add("validate and parameters, postgres", items, each([](const std::string& text) {
             const guarded checked{dt::runtime(text)};
             return checked.is_valid() == dt::validate(dt::dialect::postgres, checked.view()).is_allowed();
           }));
  task.add("validate and parameters one after the other, postgres", items, each([](const std::string& text) {
             const bool is_allowed = dt::validate(dt::dialect::postgres, text).is_allowed();
             const dt::statement_for<dt::dialect::postgres, void, named_arguments> checked{dt::runtime(text)};
             return checked.is_valid() == is_allowed;
           }));
  task.add("validate, parameters and native text, postgres", items, each([](const std::string& text) {
             const guarded checked{dt::runtime(text)};
             const bool is_allowed = dt::validate(dt::dialect::postgres, checked.view()).is_allowed();
             return checked.native(named_arguments{})->text.size() + (is_allowed ? 1 : 0);
           }));
  return task.run();
}

}  // namespace

int main(int count, char** words) {
  const std::string_view wanted = count > 1 ? words[1] : "";
  int failed = 0;
  if (wanted.empty() || wanted == "literals") failed |= literals();
  if (wanted.empty() || wanted == "texts") failed |= run_time_texts();
  return failed;
}
