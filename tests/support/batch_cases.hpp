// Batches, bulk changes and dynamic rows, for every backend and both styles of client.
#pragma once

#include <dovetail/client/asyncsql/batch_async.hpp>
#include <dovetail/client/asyncsql/query_some.hpp>
#include <dovetail/format/json_row.hpp>
#include <dovetail/row/row.hpp>

#include <support/optimistic_cases.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace dovetail::test {

struct town {
  std::int64_t id = 0;
  std::string name;
  std::optional<double> area;
  friend bool operator==(const town&, const town&) = default;
};

template <class Setup, class Calls>
class batch_cases {
 public:
  batch_cases(Setup& setup, Calls call) : setup_(setup), call_(call) {}

  void run_all() {
    r7_true_counts();
    r19_fields_go_by_name();
    r21_tuples();
    r23_undone();
    r25_missing_rows();
    skipping();
    skipping_in_a_transaction();
    progress();
    a_progress_function_that_throws();
    bulk();
    empty();
    dynamic_rows();
    t22_duplicate_columns();
    r3_limits();
  }

 private:
  void reset() {
    setup_.script("drop table if exists town");
    setup_.script("create table town(id bigint primary key, name text not null, area double precision)");
  }
  void reset(std::int64_t rows) {
    reset();
    std::vector<town> all;
    for (std::int64_t id = 1; id <= rows; ++id) all.push_back({id, "t" + std::to_string(id), 1.5});
    setup_.insert("town", all);
  }
  std::int64_t count(const char* where = "true") {
    return setup_.template query_value<std::int64_t>(runtime{std::string{"select count(*) from town where "} + where});
  }

  void r7_true_counts() {
    SCOPED_TRACE("R6, R7");
    reset(5);
    EXPECT_EQ(setup_.execute("insert into town(id, name) select id + 10, name from town").rows_affected, 5);
    EXPECT_EQ(setup_.execute("update town set area = (select max(area) from town) where id > 3").rows_affected, 7);
    EXPECT_EQ(setup_.execute("delete from town where id in (?)", std::vector<int>{1, 2, 99}).rows_affected, 2);
    EXPECT_EQ(setup_.execute("delete from town where id = -1").rows_affected, 0);
  }

  void r19_fields_go_by_name() {
    SCOPED_TRACE("R19");
    reset();
    const std::vector<town> rows{{1, "a", 1.0}, {2, "b", {}}, {3, "c", 3.0}};
    const batch_result done = call_(
        [&](auto& db) { return execute_many(db, "insert into town(area, name, id) values(:area, :name, :id)", rows); });
    EXPECT_TRUE(done);
    EXPECT_EQ(done.rows_affected, 3);
    EXPECT_EQ(done.affected, (std::vector<std::int64_t>{1, 1, 1}));
    EXPECT_EQ(setup_.template query<town>("select * from town order by id").vector(), rows);
  }

  void r21_tuples() {
    SCOPED_TRACE("R21");
    reset(4);
    using change = std::tuple<std::string, std::int64_t>;
    const std::vector<change> changes{{"x", 1}, {"y", 2}};
    EXPECT_EQ(call_([&](auto& db) {
                return execute_many(db, "update town set name = ? where id = ?", changes);
              }).rows_affected,
              2);
    EXPECT_EQ(call_([&](auto& db) {
                return execute_many(db, "update town set name = $1 where id = $2", changes);
              }).rows_affected,
              2);
    EXPECT_EQ(call_([&](auto& db) {
                return execute_many(db, "update town set name = %s where id = %s", changes);
              }).rows_affected,
              2);
    EXPECT_EQ(setup_.template query_value<std::string>("select name from town where id = 2"), "y");
    const std::vector<std::int64_t> ids{3, 4};
    EXPECT_EQ(call_([&](auto& db) { return execute_many(db, "delete from town where id = ?", ids); }).rows_affected, 2);
    EXPECT_EQ(count(), 2);
  }

  void r23_undone() {
    SCOPED_TRACE("R23");
    reset();
    std::vector<town> rows;
    for (std::int64_t id = 1; id <= 1000; ++id) rows.push_back({id == 700 ? 1 : id, "n", {}});
    try {
      static_cast<void>(
          call_([&](auto& db) { return execute_many(db, "insert into town(id, name) values(:id, :name)", rows); }));
      ADD_FAILURE() << "the batch has a row twice";
    } catch (const error& failed) {
      EXPECT_EQ(failed.kind(), condition::constraint);
      EXPECT_NE(std::string{failed.what()}.find("row 700"), std::string::npos) << failed.what();
    }
    EXPECT_EQ(count(), 0);
  }

  void r25_missing_rows() {
    SCOPED_TRACE("R25");
    reset(2);
    const std::vector<std::int64_t> ids{7, 1, 8};
    const batch_result done = call_([&](auto& db) { return execute_many(db, "delete from town where id = ?", ids); });
    EXPECT_EQ(done.rows_affected, 1);
    EXPECT_EQ(done.affected, (std::vector<std::int64_t>{0, 1, 0}));
  }

  void skipping() {
    SCOPED_TRACE("skip_row");
    reset(1);
    std::vector<town> rows{{1, "twice", {}}, {2, "a", {}}, {3, "b", {}},
                           {2, "twice", {}}, {4, "c", {}}, {4, "twice", {}}};
    const batch_result done = call_([&](auto& db) { return bulk_insert(db, "town", rows, batch_errors::skip_row); });
    EXPECT_FALSE(done);
    EXPECT_FALSE(done.stopped);
    ASSERT_EQ(done.failures.size(), 3U);
    EXPECT_EQ(done.failures[0].row, 0U);
    EXPECT_EQ(done.failures[1].row, 3U);
    EXPECT_EQ(done.failures[2].row, 5U);
    EXPECT_EQ(done.failures[1].error.kind(), condition::constraint);
    for (const auto& [at, number] : {std::pair{0, "row 1"}, std::pair{1, "row 4"}, std::pair{2, "row 6"}}) {
      EXPECT_EQ(done.failures[static_cast<std::size_t>(at)].error.message().substr(0, 5), number);
    }
    EXPECT_EQ(done.rows_affected, 3);
    EXPECT_EQ(done.affected, (std::vector<std::int64_t>{-1, 1, 1, -1, 1, -1}));
    EXPECT_EQ(count(), 4);
    EXPECT_EQ(count("name = 'twice'"), 0);
  }

  void skipping_in_a_transaction() {
    SCOPED_TRACE("skip_row in a transaction");
    reset(1);
    const std::vector<town> rows{{2, "a", {}}, {1, "twice", {}}, {3, "b", {}}};
    auto tx = setup_.begin();
    const batch_result done = bulk_insert(tx, "town", rows, batch_errors::skip_row);
    EXPECT_EQ(done.failures.size(), 1U);
    EXPECT_EQ(done.rows_affected, 2);
    tx.rollback();
    EXPECT_EQ(count(), 1);
  }

  void progress() {
    SCOPED_TRACE("progress");
    reset();
    std::vector<town> rows;
    for (std::int64_t id = 1; id <= 25; ++id) rows.push_back({id, "n", {}});
    std::vector<std::pair<std::size_t, std::size_t>> seen;
    static_cast<void>(call_([&](auto& db) {
      return bulk_insert(db, "town", rows, batch_options{batch_errors::undo_all, 10},
                         [&](std::size_t done, std::size_t total) { seen.emplace_back(done, total); });
    }));
    EXPECT_EQ(seen, (std::vector<std::pair<std::size_t, std::size_t>>{{10, 25}, {20, 25}}));
  }

  void a_progress_function_that_throws() {
    SCOPED_TRACE("a progress function that throws");
    reset();
    std::vector<town> rows;
    for (std::int64_t id = 1; id <= 40; ++id) rows.push_back({id, "n", {}});
    const batch_options often{batch_errors::undo_all, 20};
    const auto stops = [](std::size_t, std::size_t) { throw error{error_info{errc::invalid_state, "stop"}}; };
    const auto expect_stop = [&](auto body) {
      try {
        static_cast<void>(call_(body));
        ADD_FAILURE() << "it goes on";
      } catch (const error& thrown) {
        EXPECT_NE(std::string{thrown.what()}.find("stop"), std::string::npos) << thrown.what();
      }
    };
    expect_stop([&](auto& db) { return bulk_insert(db, "town", rows, often, stops); });
    EXPECT_EQ(count(), 0);
    EXPECT_EQ(call_([&](auto& db) { return bulk_insert(db, "town", rows); }).rows_affected, 40);
    for (town& each : rows) each.name = "changed";
    expect_stop([&](auto& db) { return bulk_update<"id">(db, "town", rows, often, stops); });
    expect_stop([&](auto& db) { return bulk_delete<"id">(db, "town", rows, often, stops); });
    EXPECT_EQ(count("name = 'n'"), 40);
  }

  void bulk() {
    SCOPED_TRACE("bulk");
    reset();
    std::vector<town> rows;
    for (std::int64_t id = 1; id <= 300; ++id) rows.push_back({id, "n" + std::to_string(id), 0.5});
    EXPECT_EQ(call_([&](auto& db) { return bulk_insert(db, "town", rows); }).rows_affected, 300);
    EXPECT_EQ(count("name = 'n300' and area = 0.5"), 1);
    for (town& each : rows) each.name += "x";
    rows.push_back({301, "new", {}});
    const batch_result updated = call_([&](auto& db) { return bulk_update<"id">(db, "town", rows); });
    EXPECT_EQ(updated.rows_affected, 300);
    EXPECT_EQ(updated.affected.back(), 0);
    EXPECT_EQ(count("name like '%x'"), 300);
    for (town& each : rows) each.area = 7;
    EXPECT_EQ(call_([&](auto& db) { return bulk_upsert<"id">(db, "town", rows); }).rows_affected, 301);
    EXPECT_EQ(count("area = 7"), 301);
    const std::vector<town> gone{{1, {}, {}}, {2, {}, {}}, {999, {}, {}}};
    const batch_result deleted = call_([&](auto& db) { return bulk_delete<"id">(db, "town", gone); });
    EXPECT_EQ(deleted.affected, (std::vector<std::int64_t>{1, 1, 0}));
    EXPECT_EQ((call_([&](auto& db) { return bulk_delete<"id", "name">(db, "town", rows); }).rows_affected), 299);
    EXPECT_EQ(count(), 0);
    EXPECT_THROW(static_cast<void>(call_([&](auto& db) { return bulk_update<"id">(db, "no_such_table", rows); })),
                 error);
    EXPECT_THROW(static_cast<void>(call_([&](auto& db) { return bulk_update<"id">(db, "", rows); })), error);
  }

  void empty() {
    SCOPED_TRACE("empty");
    reset(1);
    const std::vector<town> none;
    EXPECT_EQ(call_([&](auto& db) { return bulk_insert(db, "town", none); }).rows_affected, 0);
    EXPECT_TRUE(call_([&](auto& db) { return bulk_update<"id">(db, "town", none, batch_errors::skip_row); }));
  }

  void dynamic_rows() {
    SCOPED_TRACE("dt::row");
    reset();
    setup_.insert("town", std::vector<town>{{1, "Bern \"B\"", 51.6}, {2, "Chur", {}}});
    const auto all = call_([&](auto& db) {
      return db.template query<row>("select id, name, area, 1 < 2 as truth from town where id > ? order by id", 0);
    });
    ASSERT_EQ(all.size(), 2U);
    const row& first = all[0];
    ASSERT_EQ(first.size(), 4U);
    EXPECT_EQ(first.name(1), "name");
    EXPECT_EQ(first.template get<std::int64_t>("id"), 1);
    EXPECT_EQ(first.template get<int>(0), 1);
    EXPECT_EQ(first.template get<std::string>("name"), "Bern \"B\"");
    EXPECT_EQ(first.template get<double>("area"), 51.6);
    EXPECT_EQ(first.template get<bool>("truth"), true);
    EXPECT_TRUE(all[1].is_null("area"));
    EXPECT_EQ(all[1].template get<std::optional<double>>("area"), std::nullopt);
    EXPECT_EQ(all[1].template try_get<double>("area").error().code(), errc::unexpected_null);
    EXPECT_EQ(first.template try_get<int>("name").error().code(), errc::malformed_value);
    EXPECT_EQ(first.template try_get<int>("nome").error().code(), errc::row_mismatch);
    EXPECT_EQ(first.columns().data(), all[1].columns().data());  // shared
    const std::string truth = Setup::speaks == dialect::sqlite ? "1" : "true";
    EXPECT_EQ(to_json(first), R"({"id":1,"name":"Bern \"B\"","area":51.6,"truth":)" + truth + "}");
    EXPECT_EQ(to_json(all[1]), R"({"id":2,"name":"Chur","area":null,"truth":)" + truth + "}");
    // R1: one, no row
    EXPECT_EQ(call_([&](auto& db) { return db.template query_optional<row>("select * from town where id = 9"); }),
              std::nullopt);
    EXPECT_EQ(call_([&](auto& db) {
                return db.template query_one<row>("select name from town where id = 2");
              }).template get<std::string>(0),
              "Chur");
    std::size_t streamed = 0;
    for (const row& each : setup_.template stream<row>("select * from town order by id")) {
      EXPECT_EQ(each.template get<std::int64_t>("id"), static_cast<std::int64_t>(++streamed));
    }
    EXPECT_EQ(streamed, 2U);
    // The same statement read into a struct, and again.
    const char* const text = "select id, name, area from town order by id";
    EXPECT_EQ(setup_.template query<town>(runtime{text})[0].name, "Bern \"B\"");
    EXPECT_EQ(setup_.template query<row>(runtime{text})[0].template get<std::string>("name"), "Bern \"B\"");
    EXPECT_EQ(setup_.template query<town>(runtime{text})[0].area, 51.6);
  }

  void t22_duplicate_columns() {
    SCOPED_TRACE("T22");
    reset(2);
    const row both =
        setup_.template query_one<row>("select a.id, b.id from town a, town b where a.id = 1 and b.id = 2");
    EXPECT_EQ(both.template get<int>(0), 1);
    EXPECT_EQ(both.template get<int>(1), 2);
    EXPECT_EQ(both.find("id").error().code(), errc::row_mismatch);
    EXPECT_EQ(to_json(both), R"({"id":1,"id_2":2})");
  }

  void r3_limits() {
    SCOPED_TRACE("R3");
    reset(5);
    const auto some = call_([&](auto& db) {
      return query_some<town>(db, row_limits{2}, "select * from town where id > ? order by id", 1);
    });
    ASSERT_EQ(some.rows.size(), 2U);
    EXPECT_EQ(some.rows[1].id, 3);
    EXPECT_TRUE(some.has_more);
    const auto all = call_([&](auto& db) { return query_some<row>(db, row_limits{5}, "select * from town"); });
    EXPECT_EQ(all.rows.size(), 5U);
    EXPECT_FALSE(all.has_more);
    setup_.execute("update town set name = ?", std::string(1000, 'x'));
    const auto bytes = call_([&](auto& db) { return query_some<row>(db, row_limits{0, 1500}, "select * from town"); });
    EXPECT_EQ(bytes.rows.size(), 2U);
    EXPECT_TRUE(bytes.has_more);
    const auto none = call_([&](auto& db) { return query_some<row>(db, row_limits{0}, "select * from town"); });
    EXPECT_EQ(none.rows.size(), 5U);
    setup_.execute("delete from town");  // nothing is open any more
    EXPECT_TRUE(call_([&](auto& db) { return query_some<row>(db, row_limits{3}, "select * from town"); }).rows.empty());
  }

  Setup& setup_;
  Calls call_;
};

}  // namespace dovetail::test
