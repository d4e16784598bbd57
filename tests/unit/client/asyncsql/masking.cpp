// Hidden columns (P22, R18): of one row, of all, of streams, inside of transactions, blocking and awaited.
#include <dovetail/asyncsql.hpp>
#include <dovetail/asyncsql_async.hpp>
#include <dovetail/client/asyncsql/query_some.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

struct masked_mail {
  std::string text;
};
struct masked_grade {
  int points = 0;
};
struct masked_phone {  // no default, and not every text is one
  explicit masked_phone(std::string of) : digits(std::move(of)) {}
  std::string digits;
};
struct masked_word {  // no default, but every text is one
  explicit masked_word(std::string of) : text(std::move(of)) {}
  std::string text;
};
struct masked_token {
  std::string text = "none";
};

}  // namespace

template <>
struct dovetail::field_codec<masked_mail> {
  using stored_type = std::string;
  static std::string encode(const masked_mail& of) { return of.text; }
  static dovetail::result<masked_mail> decode(std::string stored) { return masked_mail{std::move(stored)}; }
};
template <>
struct dovetail::field_codec<masked_grade> {
  using stored_type = std::int64_t;
  static std::int64_t encode(const masked_grade& of) { return of.points; }
  static dovetail::result<masked_grade> decode(std::int64_t stored) { return masked_grade{static_cast<int>(stored)}; }
};
template <>
struct dovetail::field_codec<masked_phone> {
  using stored_type = std::string;
  static std::string encode(const masked_phone& of) { return of.digits; }
  static dovetail::result<masked_phone> decode(std::string stored) {
    if (stored.find('*') != std::string::npos) return dovetail::errc::malformed_value;
    return masked_phone{std::move(stored)};
  }
};
template <>
struct dovetail::field_codec<masked_word> {
  using stored_type = std::string;
  static std::string encode(const masked_word& of) { return of.text; }
  static dovetail::result<masked_word> decode(std::string stored) { return masked_word{std::move(stored)}; }
};
template <>
struct dovetail::field_codec<masked_token> {
  using stored_type = std::string;
  static std::string encode(const masked_token& of) { return of.text; }
  static dovetail::result<masked_token> decode(std::string stored) {
    if (stored == "***") return dovetail::errc::malformed_value;
    return masked_token{std::move(stored)};
  }
};

namespace {

namespace dt = dovetail;
namespace sql = dt::asyncsql;

struct contact_data {
  std::string phone;
  std::optional<std::string> card_number;
};
struct member_row {
  std::int64_t id = 0;
  std::string name;
  contact_data contact;
  std::int64_t balance = 0;

  friend bool operator==(const member_row& a, const member_row& b) {
    return a.id == b.id && a.name == b.name && a.contact.phone == b.contact.phone &&
           a.contact.card_number == b.contact.card_number && a.balance == b.balance;
  }
};
const member_row plain{1, "ann", {"555-1", "4711"}, 100};
const member_row hidden{1, "ann", {"***", std::nullopt}, 0};

struct phone_row {
  std::string name;
  std::string phone;
};
struct phone_view {
  std::string_view name;
  std::string_view phone;
};

using guard_type = sql::masking_guard<>;

guard_type guard_for(std::string user, std::vector<std::string>* asked = nullptr) {
  sql::security_settings how;
  how.user = std::move(user);
  return guard_type{how, sql::make_row_masking([asked](const sql::access_request& of) {
                      if (of.user == "failing") throw std::runtime_error{"no policy today"};
                      std::vector<std::string> columns;
                      for (const sql::touched_table& table : of.tables) {
                        if (asked != nullptr) asked->push_back(table.name);
                        if (table.name == "person" && of.user != "boss") {
                          columns = {"Phone", "cardNumber", "contact_card_number", "BALANCE"};
                        }
                      }
                      return columns;
                    })};
}

dt::error_info failure(const auto& body) {
  try {
    body();
  } catch (const dt::error& thrown) {
    return thrown.info();
  }
  return {};
}

class Masking : public ::testing::Test {
 protected:
  Masking() {
    client.script(
        "create table person(id integer primary key, name text, phone text, card_number text, balance integer);"
        "insert into person values (1, 'ann', '555-1', '4711', 100), (2, 'bob', '555-2', null, 5);"
        "create table city(id integer primary key, phone text); insert into city values (1, '112')");
  }
  ~Masking() override {
    for (const char* end : {"", "-wal", "-shm"}) {
      std::error_code ec;
      std::filesystem::remove(path + end, ec);
    }
  }
  std::string path = (std::filesystem::temp_directory_path() /
                      ("dovetail_masking_" + std::to_string(::getpid()) + "_" +
                       ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".db"))
                         .string();
  dt::sqlite::client client{"sqlite:" + path};
};

constexpr char all[] =
    "select id, name, phone as contact_phone, card_number as contact_card_number, balance from person order by id";
constexpr char one[] =
    "select id, name, phone as contact_phone, card_number as contact_card_number, balance from person where id = 1";

TEST_F(Masking, P22_HiddenColumnsOfOneRowAndOfAll) {
  sql::session<dt::sqlite::client, guard_type> clerk{client, {}, guard_for("clerk")};
  sql::session<dt::sqlite::client, guard_type> boss{client, {}, guard_for("boss")};
  EXPECT_EQ(boss.query_one<member_row>(dt::runtime(std::string{one})), plain);
  EXPECT_EQ(clerk.query_one<member_row>(dt::runtime(std::string{one})), hidden);
  EXPECT_EQ(clerk.query_optional<member_row>(dt::runtime(std::string{one})), hidden);
  const auto rows = clerk.query<member_row>(dt::runtime(std::string{all}));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0], hidden);
  EXPECT_EQ(rows[1], (member_row{2, "bob", {"***", std::nullopt}, 0}));
  EXPECT_EQ(dt::query_some<member_row>(clerk, dt::row_limits{1}, dt::runtime(std::string{all})).rows[0], hidden);
  EXPECT_EQ(clerk.query_value<std::string>("select phone from city"), "112");  // nothing is hidden there
  using place = std::tuple<std::int64_t, std::string>;
  const std::vector<place> more{{2, "117"}, {3, "118"}};
  EXPECT_EQ(dt::execute_many(clerk, "insert into city(id, phone) values (?, ?)", more).rows_affected, 2);
  // What is written is not hidden from the database.
  clerk.execute("update person set phone = '555-3' where id = ?", 2);
  EXPECT_EQ(boss.query_value<std::string>("select phone from person where id = 2"), "555-3");
}

struct person {
  std::int64_t id = 0;
  std::string name;
  std::string phone;
  std::optional<std::string> card_number;
  std::int64_t balance = 0;
};

struct coded_row {
  std::int64_t id = 0;
  masked_mail mail;
  std::optional<masked_mail> second;
  masked_grade grade;
  masked_token token;
  masked_word word{"-"};
};
struct phone_owner {
  std::int64_t id = 0;
  masked_phone phone{"0"};
};

TEST_F(Masking, FieldsWithACodecShowWhatItMakesOfStarsOrTheirDefault) {
  sql::security_settings who;
  who.user = "clerk";
  const auto hides = [&](std::vector<std::string> columns) {
    return guard_type{who, sql::make_row_masking([columns](const sql::access_request&) { return columns; })};
  };
  using session = sql::session<dt::sqlite::client, guard_type>;
  session clerk{client, {}, hides({"mail", "second", "grade", "token", "word", "phone"})};
  const auto seen = clerk.query_one<coded_row>(
      "select 1 as id, 'a@b' as mail, 'c@d' as second, 5 as grade, 'secret' as token, 'dog' as word");
  EXPECT_EQ(seen.mail.text, "***");
  EXPECT_FALSE(seen.second);
  EXPECT_EQ(seen.grade.points, 0);
  EXPECT_EQ(seen.token.text, "none");
  EXPECT_EQ(seen.word.text, "***");
  const auto refused = failure([&] { clerk.query<phone_owner>("select 1 as id, '555' as phone"); });
  EXPECT_EQ(refused.code(), dt::errc::access_denied);
  EXPECT_NE(refused.message().find("has no value to show instead"), std::string::npos) << refused.message();
  EXPECT_EQ(failure([&] { clerk.stream<phone_owner>("select 1 as id, '555' as phone"); }).code(),
            dt::errc::access_denied);
  session other{client, {}, hides({"id"})};
  const auto shown = other.query_one<phone_owner>("select 1 as id, '555' as phone");
  EXPECT_EQ(shown.id, 0);
  EXPECT_EQ(shown.phone.digits, "555");
}

TEST_F(Masking, P22_APolicyNamesColumnsByUser) {
  //[guard
  const auto policy = sql::make_row_masking([](const sql::access_request& asked) {
    return asked.user == "boss" ? std::vector<std::string>{} : std::vector<std::string>{"phone", "balance"};
  });
  sql::security_settings who;
  who.user = "clerk";
  sql::session<dt::sqlite::client, sql::masking_guard<>> clerk{client, {}, sql::masking_guard<>{who, policy}};
  const person seen = clerk.query_one<person>("select * from person where id = 1");
  EXPECT_EQ(seen.phone, "***");
  //]
  EXPECT_EQ(seen.name, "ann");
  EXPECT_EQ(seen.card_number, "4711");
  EXPECT_EQ(seen.balance, 0);
}

TEST_F(Masking, P22_HiddenColumnsOfRowsWithoutAStruct) {
  sql::session<dt::sqlite::client, guard_type> clerk{client, {}, guard_for("clerk")};
  const auto row = clerk.query_one<dt::row>("select * from person where id = 1");
  EXPECT_EQ(row.get<std::string>("name"), "ann");
  EXPECT_EQ(row.get<std::string>("phone"), "***");
  EXPECT_EQ(row.get<std::string>("card_number"), "***");
  EXPECT_TRUE(row.is_null("balance"));
}

TEST_F(Masking, P22_RowsThatNameNoColumnsAreRefusedWhereSomeAreHidden) {
  sql::session<dt::sqlite::client, guard_type> clerk{client, {}, guard_for("clerk")};
  const auto code = [&](const auto& body) { return failure(body).code(); };
  EXPECT_EQ(code([&] { clerk.query_value<std::string>("select phone from person where id = 1"); }),
            dt::errc::access_denied);
  using pair = std::tuple<std::string, std::string>;
  EXPECT_EQ(code([&] { clerk.query<pair>("select name, phone from person"); }), dt::errc::access_denied);
  EXPECT_EQ(code([&] { clerk.query<dt::by_position<phone_row>>("select phone, name from person"); }),
            dt::errc::access_denied);
  EXPECT_EQ(code([&] { clerk.stream<std::string>("select phone from person"); }), dt::errc::access_denied);
  EXPECT_EQ(clerk.metrics().errors(dt::condition::permission), 4U);
}

TEST_F(Masking, P22_HiddenColumnsInsideOfTransactionsAndOfInserts) {
  sql::session<dt::sqlite::client, guard_type> clerk{client, {}, guard_for("clerk")};
  clerk.run_transaction([&](auto& tx) {
    EXPECT_EQ(tx.template query_one<member_row>(dt::runtime(std::string{one})), hidden);
    int seen = 0;
    for (const member_row& each : tx.template stream<member_row>(dt::runtime(std::string{all}))) {
      EXPECT_EQ(each.contact.phone, "***");
      ++seen;
    }
    EXPECT_EQ(seen, 2);
  });
  const auto added = clerk.insert_returning<phone_row>("person", phone_row{"eve", "555-9"});
  EXPECT_EQ(added.name, "eve");
  EXPECT_EQ(added.phone, "***");
  EXPECT_EQ(client.query_value<std::string>("select phone from person where name = 'eve'"), "555-9");
}

struct versioned_person {
  std::int64_t id = 0;
  std::string name;
  std::string phone;
  std::int64_t balance = 0;
  dt::version version;
};
struct versioned_name {
  std::int64_t id = 0;
  std::string name;
  dt::version version;
};
struct phone_key {
  std::string phone;
};

TEST_F(Masking, P22_AMaskIsNeverWrittenIntoTheTable) {
  client.script("alter table person add column version integer not null default 1");
  client.script("create unique index phones on person(phone)");
  const auto everything = [&] {
    return client.query<std::tuple<std::int64_t, std::string, std::string, std::int64_t, std::int64_t>>(
        "select id, name, phone, balance, version from person order by id");
  };
  const auto before = everything();
  sql::session<dt::sqlite::client, guard_type> clerk{client, {}, guard_for("clerk")};
  const dt::optimistic<versioned_person> people{"person"};
  const auto refuses = [&](std::string_view column, const auto& body) {
    const dt::error_info why = failure(body);
    EXPECT_EQ(why.code(), dt::errc::access_denied);
    EXPECT_NE(why.message().find("'" + std::string{column} + "' is hidden"), std::string::npos) << why.message();
    EXPECT_EQ(everything(), before);
  };
  auto found = people.read(clerk, 1);
  EXPECT_EQ(found.row.phone, "***");
  found.row.name = "eve";
  refuses("phone", [&] { static_cast<void>(people.update(clerk, found)); });
  refuses("phone",
          [&] { static_cast<void>(people.with(dt::conflict_strategy::last_writer_wins).update(clerk, found)); });
  refuses("phone", [&] { static_cast<void>(people.modify(clerk, 2, [](versioned_person& row) { row.name = "x"; })); });
  const std::vector<dt::lock_result<versioned_person>> all_found{found};
  for (const dt::batch_mode mode : {dt::batch_mode::each_alone, dt::batch_mode::atomic}) {
    refuses("phone", [&] { static_cast<void>(people.update_all(clerk, all_found, mode)); });
  }
  refuses("phone", [&] { clerk.run_transaction([&](auto& tx) { static_cast<void>(people.update(tx, found)); }); });
  const std::vector<versioned_person> rows{found.row};
  refuses("phone", [&] { clerk.upsert<"id">("person", found.row); });
  refuses("phone", [&] { clerk.upsert<"id">("person", rows); });
  refuses("phone", [&] { static_cast<void>(dt::bulk_update<"id">(clerk, "person", rows)); });
  refuses("phone", [&] { static_cast<void>(dt::bulk_upsert<"id">(clerk, "person", rows)); });
  const std::vector<phone_key> by_phone{{"***"}};
  refuses("phone", [&] { static_cast<void>(dt::bulk_delete<"phone">(clerk, "person", by_phone)); });

  // What has no hidden column is written; so are new rows, and statements of the program's own.
  const dt::optimistic<versioned_name> names{"person"};
  EXPECT_EQ(names.modify(clerk, 1, [](versioned_name& row) { row.name = "eve"; }).new_version(), 2);
  EXPECT_EQ(dt::bulk_update<"id">(clerk, "person", std::vector<versioned_name>{{2, "fay", {3}}}).rows_affected, 1);
  EXPECT_EQ(dt::bulk_insert(clerk, "person", std::vector<versioned_person>{{7, "gus", "555-7", 1, {1}}}).rows_affected,
            1);
  clerk.insert("person", versioned_person{8, "hal", "555-8", 1, {1}});
  EXPECT_TRUE(people.erase(clerk, versioned_person{8, {}, {}, 0, {1}}));
  EXPECT_EQ(client.query_value<std::string>("select phone from person where id = 1"), "555-1");
  // Who sees all may write all.
  sql::session<dt::sqlite::client, guard_type> boss{client, {}, guard_for("boss")};
  EXPECT_EQ(people.modify(boss, 1, [](versioned_person& row) { row.balance += 1; }).row.balance, 101);
}

TEST_F(Masking, P22_APolicyThatHidesFromReadersOnlyLetsNoMaskBeWrittenEither) {
  client.script("alter table person add column version integer not null default 1");
  sql::security_settings who;
  who.user = "clerk";
  const guard_type readers{who, sql::make_row_masking([](const sql::access_request& of) {
                             // Looks at everything that tells a read from a write.
                             const bool reads = of.what == dt::statement_class::select &&
                                                of.read_only == dt::tri_state::yes && !of.tables.empty() &&
                                                !of.tables[0].is_written && of.tables[0].table() == "person";
                             return reads ? std::vector<std::string>{"phone"} : std::vector<std::string>{};
                           })};
  sql::session<dt::sqlite::client, guard_type> clerk{client, {}, readers};
  const dt::optimistic<versioned_person> people{"person"};
  auto found = people.read(clerk, 1);
  EXPECT_EQ(found.row.phone, "***");
  found.row.name = "eve";
  const std::vector<versioned_person> rows{found.row};
  const auto refuses = [&](const auto& body) {
    const dt::error_info why = failure(body);
    EXPECT_EQ(why.code(), dt::errc::access_denied);
    EXPECT_NE(why.message().find("'phone' is hidden"), std::string::npos) << why.message();
    EXPECT_EQ(client.query_value<std::string>("select name || phone from person where id = 1"), "ann555-1");
  };
  refuses([&] { static_cast<void>(people.update(clerk, found)); });
  refuses([&] { static_cast<void>(people.with(dt::conflict_strategy::last_writer_wins).update(clerk, found)); });
  refuses([&] { clerk.upsert<"id">("person", found.row); });
  refuses([&] { clerk.upsert<"id">("person", rows); });
  refuses([&] { static_cast<void>(dt::bulk_update<"id">(clerk, "person", rows)); });
  refuses([&] { static_cast<void>(dt::bulk_upsert<"id">(clerk, "person", rows)); });
  const dt::optimistic<versioned_name> names{"person"};
  EXPECT_EQ(names.modify(clerk, 1, [](versioned_name& row) { row.name = "eve"; }).new_version(), 2);
}

TEST_F(Masking, R18_StreamsAreMaskedByPolicyAndDeniedBeforeTheyOpen) {
  sql::session<dt::sqlite::client, guard_type> clerk{client, {}, guard_for("clerk")};
  sql::session<dt::sqlite::client, guard_type> boss{client, {}, guard_for("boss")};
  const auto phones = [](auto& db) {
    std::string found;
    for (const phone_view& each : db.template stream<phone_view>("select name, phone from person order by id")) {
      found.append(each.name).append(each.phone).append(" ");
    }
    return found;
  };
  EXPECT_EQ(phones(clerk), "ann*** bob*** ");
  EXPECT_EQ(phones(boss), "ann555-1 bob555-2 ");
  auto opened = clerk.with(dt::as_result).stream<member_row>(dt::runtime(std::string{all}));
  ASSERT_TRUE(opened);
  EXPECT_EQ(**opened->next(), hidden);

  // Without a user, with a masking that fails, and by the access control: refused, and no connection was taken.
  sql::session<dt::sqlite::client, guard_type> nobody{client, {}, guard_for("")};
  sql::session<dt::sqlite::client, guard_type> failing{client, {}, guard_for("failing")};
  sql::security_settings strict;
  strict.user = "eve";
  strict.access = sql::make_access_control([](const sql::access_request&) { return sql::access_decision::deny("no"); });
  sql::session<dt::sqlite::client, guard_type> denied{
      client,
      {},
      guard_type{strict, sql::make_row_masking([](const sql::access_request&) { return std::vector<std::string>{}; })}};
  for (auto* each : {&nobody, &failing, &denied}) {
    const auto before = client.statistics();
    EXPECT_EQ(failure([&] { each->stream<member_row>(dt::runtime(std::string{all})); }).code(),
              dt::errc::access_denied);
    EXPECT_EQ(failure([&] { each->query<member_row>(dt::runtime(std::string{all})); }).code(), dt::errc::access_denied);
    EXPECT_EQ(client.statistics().active, before.active);
  }
  EXPECT_EQ(failure([&] { nobody.execute("update person set balance = 0"); }).code(), dt::errc::access_denied);
  EXPECT_EQ(failure([&] { guard_type{strict, nullptr}; }).code(), dt::errc::invalid_option);
}

TEST_F(Masking, P22_R18_OfAwaitedSessionsToo) {
  asio::io_context io;
  dt::sqlite::async_client awaited{io.get_executor(), "sqlite:" + path};
  sql::async_session<dt::sqlite::async_client, guard_type> clerk{awaited, {}, guard_for("clerk")};
  bool is_done = false;
  const auto body = [&]() -> asio::awaitable<void> {
    const std::string text{one};
    const member_row read = co_await clerk.query_one<member_row>(dt::runtime(text));
    EXPECT_EQ(read, hidden);
    auto rows = co_await clerk.stream<phone_view>("select name, phone from person order by id");
    int seen = 0;
    while (const phone_view* each = co_await rows.next()) {
      EXPECT_EQ(each->phone, "***");
      ++seen;
    }
    EXPECT_EQ(seen, 2);
    auto results = clerk.with(dt::as_result);
    const auto refused = co_await results.query_value<std::string>("select phone from person where id = 1");
    EXPECT_TRUE(!refused && refused.error().code() == dt::errc::access_denied);
    co_await clerk.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      const member_row inside = co_await tx.template query_one<member_row>(dt::runtime(text));
      EXPECT_EQ(inside, hidden);
    });
    is_done = true;
  };
  asio::co_spawn(io, body, [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
  EXPECT_TRUE(is_done);
}

}  // namespace
