// A part of a transaction that failed is undone though its own time is over: against a real PostgreSQL server.
#include <dovetail/asyncsql_async.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;
using dt::test::postgres_server;

/// Lets a time limit pass behind the statements that begin with a word, before the session goes on.
struct late_guard : dt::asyncsql::no_guard {
  struct limit {
    std::string_view behind{};
    dt::clock::time_point until{};
  };
  std::shared_ptr<limit> how = std::make_shared<limit>();

  void saw(std::string_view text, const dt::asyncsql::guard_context&,
           const dt::asyncsql::statement_outcome&) const noexcept {
    if (how->behind.empty() || !text.starts_with(how->behind)) return;
    while (dt::clock::now() <= how->until) std::this_thread::sleep_for(1ms);
  }
};
using late_session = dt::asyncsql::async_session<dt::postgres::async_client, late_guard>;

struct account {
  std::int64_t id = 0;
  std::int64_t balance = 0;
  dt::version version;
};

session_settings in_manual_mode() {
  session_settings how;
  how.transaction.mode = transaction_mode::manual;
  return how;
}

/// A number whose codec throws when it reads 3, and when it writes -1.
struct touchy {
  int value = 0;
};
struct touchy_row {
  touchy n;
};

}  // namespace

template <>
struct dovetail::field_codec<touchy> {
  using stored_type = std::int64_t;
  static std::int64_t encode(const touchy& of) {
    if (of.value == -1) throw std::runtime_error{"less than nothing"};
    return of.value;
  }
  static dt::result<touchy> decode(std::int64_t stored) {
    if (stored == 3) throw std::runtime_error{"three is too many"};
    return touchy{static_cast<int>(stored)};
  }
};

namespace {

class AsyncsqlUndo : public ::testing::Test {
 protected:
  AsyncsqlUndo() {
    client.script(
        "drop table if exists account; create table account(id bigint primary key, balance bigint not null, version "
        "bigint); insert into account values (1, 100, 0)");
  }
  template <class Body>
  void run(Body body) {
    asio::co_spawn(io, std::move(body), [](const std::exception_ptr& thrown) {
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& what) {
        ADD_FAILURE() << what.what();
      }
    });
    io.run();
    io.restart();
  }
  /// The accounts: "1 2" when there are those with the keys 1 and 2.
  std::string keys() {
    return client.query_value<std::string>("select string_agg(id::text, ' ' order by id) from account");
  }

  std::string url = postgres_server::shared().url();
  asio::io_context io;
  dt::postgres::client client{url};
  dt::postgres::async_client db{io.get_executor(), url};
  late_guard guard;
  late_session manual{db, in_manual_mode(), guard};
};

/// Begins a transaction with a row, runs `part(view)` within a limit that passes behind the statement that begins with
/// `behind`, and commits.
template <class Part>
asio::awaitable<dt::error_info> commit_with(late_session& manual, const late_guard& guard, std::string_view behind,
                                            Part& part) {
  co_await manual.begin();
  co_await manual.execute("insert into account values (2, 1, 0)");
  guard.how->behind = behind;
  guard.how->until = dt::clock::now() + 2s;
  auto view = manual.within(dt::deadline{guard.how->until});
  dt::error_info why;
  try {
    co_await part(view);
  } catch (const dt::error& failed) {
    why = failed.info();
  }
  guard.how->behind = {};
  co_await manual.commit();
  co_return why;
}

TEST_F(AsyncsqlUndo, AReleaseThatCameTooLateUndoesTheJoinedBody) {
  const auto part = [](auto& view) -> asio::awaitable<void> {
    const auto body = [](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("insert into account values (3, 1, 0)");
    };
    co_await view.run_transaction(body);
  };
  dt::error_info why;
  run([&]() -> asio::awaitable<void> {
    why = co_await commit_with(manual, guard, "insert into account values (3", part);
  });
  EXPECT_EQ(why.code(), dt::errc::deadline_passed) << why.message();
  EXPECT_EQ(keys(), "1 2");
}

TEST_F(AsyncsqlUndo, ABodyThatFailedWhenItsTimeWasOverLeavesTheTransactionUsable) {
  bool was_thrown = false;
  const auto part = [&](auto& view) -> asio::awaitable<void> {
    const auto body = [](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("insert into account values (3, 1, 0)");
      throw std::runtime_error("no");
    };
    try {
      co_await view.run_transaction(body);
    } catch (const std::exception&) {  // or the insert was too late already
      was_thrown = true;
    }
  };
  run([&]() -> asio::awaitable<void> {
    static_cast<void>(co_await commit_with(manual, guard, "insert into account values (3", part));
  });
  EXPECT_TRUE(was_thrown);
  EXPECT_EQ(keys(), "1 2");
}

TEST_F(AsyncsqlUndo, ASegmentOfABatchThatIsReleasedTooLateIsUndone) {
  using row = std::tuple<std::int64_t, std::int64_t>;
  const std::vector<row> rows{{3, 1}, {4, 1}};
  std::optional<dt::batch_result> outcome;
  const auto part = [&](auto& view) -> asio::awaitable<void> {
    outcome =
        co_await dt::execute_many(view, "insert into account values ($1, $2, 0)", rows, dt::batch_errors::skip_row);
  };
  run([&]() -> asio::awaitable<void> {
    static_cast<void>(co_await commit_with(manual, guard, "insert into account values ($1", part));
  });
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->stopped);
  EXPECT_EQ(keys(), "1 2");
}

TEST_F(AsyncsqlUndo, AnAtomicUpdateThatIsReleasedTooLateIsUndone) {
  const dt::optimistic<account> accounts{"account"};
  const auto part = [&](auto& view) -> asio::awaitable<void> {
    const std::vector<account> changed{{1, 7, {0}}};
    const auto done = co_await accounts.update_all(view, changed, dt::batch_mode::atomic);
    ADD_FAILURE() << done.ok();
  };
  dt::error_info why;
  run([&]() -> asio::awaitable<void> { why = co_await commit_with(manual, guard, "update", part); });
  EXPECT_EQ(why.code(), dt::errc::deadline_passed) << why.message();
  EXPECT_EQ(keys(), "1 2");
  EXPECT_EQ(client.query_value<int>("select balance from account where id = 1"), 100);
}

TEST_F(AsyncsqlUndo, ASavepointOfAClientsTransactionIsUndoneWhenItsTimeIsOver) {
  bool was_refused = false;
  const auto body = [&](auto& tx) -> asio::awaitable<void> {
    co_await tx.execute("insert into account values (2, 1, 0)");
    const dt::clock::time_point until = dt::clock::now() + 2s;
    const auto inner = [&](auto& on) -> asio::awaitable<void> {
      co_await on.execute("insert into account values (3, 1, 0)");
      while (dt::clock::now() <= until) std::this_thread::sleep_for(1ms);
    };
    try {
      co_await tx.within(dt::deadline{until}).transaction(inner);
    } catch (const dt::error& late) {
      was_refused = late.code() == dt::errc::deadline_passed;
    }
  };
  run([&]() -> asio::awaitable<void> { co_await db.transaction(body); });
  EXPECT_TRUE(was_refused);
  EXPECT_EQ(keys(), "1 2");
}

dt::error_info failure(const auto& body) {
  try {
    body();
  } catch (const dt::error& thrown) {
    return thrown.info();
  }
  return {};
}

// After a statement that failed the server refuses all but a rollback: the release too.
TEST_F(AsyncsqlUndo, ABodyThatKeepsAFailureToItselfIsUndoneAndTheTransactionGoesOn) {
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("insert into account values (2, 1, 0)");
    bool was_refused = false;
    const auto body = [](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("insert into account values (3, 1, 0)");
      try {
        co_await tx.execute("insert into account values (3, 2, 0)");
      } catch (const dt::error&) {
      }
    };
    try {
      co_await manual.run_transaction(body);
    } catch (const dt::error&) {
      was_refused = true;
    }
    EXPECT_TRUE(was_refused);
    co_await manual.execute("insert into account values (4, 1, 0)");
    co_await manual.commit();
  });
  EXPECT_EQ(keys(), "1 2 4");
}

TEST_F(AsyncsqlUndo, ABlockingBodyThatKeepsAFailureToItselfIsUndoneAndTheTransactionGoesOn) {
  dt::asyncsql::session<dt::postgres::client> blocking{client, in_manual_mode()};
  blocking.begin();
  blocking.execute("insert into account values (2, 1, 0)");
  EXPECT_TRUE(failure([&] {
    blocking.run_transaction([](auto& tx) {
      tx.execute("insert into account values (3, 1, 0)");
      EXPECT_TRUE(failure([&] { tx.execute("insert into account values (3, 2, 0)"); }));
    });
  }));
  EXPECT_FALSE(failure([&] { blocking.execute("insert into account values (4, 1, 0)"); }));
  EXPECT_FALSE(failure([&] { blocking.commit(); }));
  EXPECT_EQ(keys(), "1 2 4");
}

// The server has undone what was open on a connection that it has ended: there is no failed rollback to tell of.
TEST_F(AsyncsqlUndo, ALostConnectionIsNoFailedRollback) {
  client.script(
      "create or replace function die() returns bigint language plpgsql as $$ begin"
      " perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(60); return 5; end $$");
  session_settings once;
  once.retry.max_retries = 0;
  dt::asyncsql::session<dt::postgres::client> blocking{client, once};
  const auto expect_alone = [](const char* way, const dt::error_info& why) {
    EXPECT_EQ(why.server().sqlstate, "57P01") << way << ": " << why.message();
    EXPECT_EQ(why.suppressed(), "") << way;
  };
  const auto body = [](auto& tx) { tx.execute("insert into account values (die(), 1, 0)"); };
  const auto nested = [&](auto& tx) { tx.transaction(body); };
  expect_alone("a statement", failure([&] { body(blocking); }));
  expect_alone("a body", failure([&] { blocking.run_transaction(body); }));
  expect_alone("a nested body", failure([&] { blocking.run_transaction(nested); }));
  expect_alone("a client's body", failure([&] { client.transaction(body); }));
  expect_alone("a client's nested body", failure([&] { client.transaction(nested); }));

  const auto awaited_body = [](auto& tx) -> asio::awaitable<void> {
    co_await tx.execute("insert into account values (die(), 1, 0)");
  };
  const auto awaited_nested = [&](auto& tx) -> asio::awaitable<void> { co_await tx.transaction(awaited_body); };
  dt::asyncsql::async_session<dt::postgres::async_client> awaited{db, once};
  const auto expect_awaited_alone = [&](const char* way, const auto& call) {
    dt::error_info why;
    run([&]() -> asio::awaitable<void> {
      try {
        co_await call();
      } catch (const dt::error& failed) {
        why = failed.info();
      }
    });
    expect_alone(way, why);
  };
  expect_awaited_alone("awaited", [&] { return awaited_body(awaited); });
  expect_awaited_alone("an awaited body", [&] { return awaited.run_transaction(awaited_body); });
  expect_awaited_alone("an awaited nested body", [&] { return awaited.run_transaction(awaited_nested); });
  expect_awaited_alone("a client's awaited nested body", [&] { return db.transaction(awaited_nested); });
  EXPECT_EQ(keys(), "1");
}

/// So many that some have been sent when the last one's codec throws.
std::vector<std::tuple<touchy>> rows_with_an_end() {
  std::vector<std::tuple<touchy>> rows;
  for (int i = 0; i < 50'000; ++i) rows.emplace_back(touchy{100 + i});
  rows.emplace_back(touchy{-1});
  return rows;
}
std::vector<touchy_row> rows_to_copy() {
  std::vector<touchy_row> rows;
  for (const auto& each : rows_with_an_end()) rows.push_back({std::get<0>(each)});
  return rows;
}

TEST_F(AsyncsqlUndo, WhatTheProgramsOwnCodeThrowsInABatchLeavesAFailedTransactionAndItsSavepoints) {
  client.script("drop table if exists numbers; create table numbers(n bigint)");
  const auto rows = rows_with_an_end();
  const auto copied = rows_to_copy();
  const auto batch = [&](auto& on) {
    static_cast<void>(dt::execute_many(on, "insert into numbers values ($1)", rows));
  };
  const auto copy = [&](auto& on) { on.insert("numbers", copied); };
  const auto check = [&](const auto& part) {
    {
      auto tx = client.begin();
      tx.execute("insert into numbers values (1)");
      EXPECT_THROW(part(tx), std::runtime_error);
      const dt::error_info why = failure([&] { tx.execute("insert into numbers values (2)"); });
      EXPECT_EQ(why.server().sqlstate, "25P02") << why.message();
      EXPECT_EQ(failure([&] { tx.commit(); }).code(), dt::errc::transaction_aborted);
    }
    {
      auto tx = client.begin();
      tx.execute("insert into numbers values (1)");
      EXPECT_THROW(part(tx), std::runtime_error);
      EXPECT_FALSE(failure([&] { tx.rollback(); }));
    }
    EXPECT_EQ(client.query_value<int>("select count(*)::int from numbers"), 0);
    dt::asyncsql::session<dt::postgres::client> blocking{client, in_manual_mode()};
    blocking.begin();
    blocking.execute("insert into numbers values (1)");
    blocking.savepoint("here");
    EXPECT_THROW(part(blocking), std::runtime_error);
    blocking.rollback_to("here");
    blocking.execute("insert into numbers values (2)");
    EXPECT_FALSE(failure([&] { blocking.commit(); }));
    EXPECT_EQ(client.query_value<std::string>("select string_agg(n::text, ' ' order by n) from numbers"), "1 2");
    client.execute("delete from numbers");
  };
  check(batch);
  check(copy);
}

TEST_F(AsyncsqlUndo, WhatTheProgramsOwnCodeThrowsBeforeAnythingIsSentLeavesTheTransactionAsItWas) {
  const int process = client.query_value<int>("select pg_backend_pid()");
  auto tx = client.begin();  // goes out with the first statement
  EXPECT_THROW(tx.execute("insert into account values (2, $1, 0)", touchy{-1}), std::runtime_error);
  const std::vector<std::tuple<touchy>> rows{{touchy{1}}, {touchy{-1}}};
  EXPECT_THROW(static_cast<void>(dt::execute_many(tx, "insert into account values (3, $1, 0)", rows)),
               std::runtime_error);
  const dt::error_info why = failure([&] { tx.execute("insert into account values (4, 1, 0)"); });
  EXPECT_FALSE(why) << why.message();
  EXPECT_FALSE(failure([&] { tx.commit(); }));
  EXPECT_EQ(keys(), "1 4");
  EXPECT_EQ(client.query_value<int>("select pg_backend_pid()"), process);
}

TEST_F(AsyncsqlUndo, ARowThatTheProgramsOwnCodeThrowsAtIsNoCopyThatRuns) {
  auto tx = client.begin();
  EXPECT_THROW(static_cast<void>(tx.query<touchy_row>("select generate_series(1, 100000)::bigint as n")),
               std::runtime_error);
  const dt::error_info why = failure([&] { tx.query_value<int>("select 1"); });  // the server had sent it all, or not
  if (why) {
    EXPECT_EQ(why.server().sqlstate, "25P02") << why.message();
  }
  EXPECT_FALSE(failure([&] { tx.rollback(); }));
}

TEST_F(AsyncsqlUndo, AStreamOfANestedBodyEndsWithItAndTheTransactionGoesOn) {
  using stream_type =
      dt::async_sql_stream<std::int64_t, dt::postgres::async_client::core_type, asio::use_awaitable_t<>>;
  dt::asyncsql::async_session<dt::postgres::async_client> session{db};
  run([&]() -> asio::awaitable<void> {
    co_await session.run_transaction([](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("insert into account values (2, 1, 0)");
      stream_type outer = co_await tx.template stream<std::int64_t>("select generate_series(1, 3000)");
      co_await outer.next();
      stream_type kept;
      bool is_thrown = false;
      try {
        co_await tx.transaction([&kept](auto& inner) -> asio::awaitable<void> {
          kept = co_await inner.template stream<std::int64_t>("select generate_series(1, 100000)");
          co_await kept.next();
          throw std::runtime_error{"the body gives up"};
        });
      } catch (const std::runtime_error&) {
        is_thrown = true;
      }
      EXPECT_TRUE(is_thrown);
      std::error_code why;
      try {
        while (co_await kept.next() != nullptr) {
        }
      } catch (const dt::error& failed) {
        why = failed.code();
      }
      EXPECT_EQ(why, dt::errc::transaction_closed);
      int rest = 0;
      while (co_await outer.next() != nullptr) ++rest;
      EXPECT_EQ(rest, 2999) << "a stream from before the savepoint stays";
      co_await tx.execute("insert into account values (3, 1, 0)");
    });
  });
  EXPECT_EQ(keys(), "1 2 3");
}

TEST_F(AsyncsqlUndo, AStreamOfANestedBlockingBodyEndsWithItAndTheTransactionGoesOn) {
  dt::asyncsql::session<dt::postgres::client> session{client};
  session.run_transaction([](auto& tx) {
    tx.execute("insert into account values (2, 1, 0)");
    auto outer = tx.template stream<std::int64_t>("select generate_series(1, 3000)");
    EXPECT_TRUE(outer.next());
    using stream_type = decltype(outer);
    std::optional<stream_type> kept;
    EXPECT_THROW(tx.transaction([&kept](auto& inner) {
      kept.emplace(inner.template stream<std::int64_t>("select generate_series(1, 100000)"));
      EXPECT_TRUE(kept->next());
      throw std::runtime_error{"the body gives up"};
    }),
                 std::runtime_error);
    int more = 0;
    std::error_code why;
    for (;;) {
      auto row = kept->next();
      if (!row) why = row.error().code();
      if (!row || *row == nullptr) break;
      ++more;
    }
    EXPECT_EQ(more, 0);
    EXPECT_EQ(why, dt::errc::transaction_closed);
    int rest = 0;
    for (auto row = outer.next(); row && *row != nullptr; row = outer.next()) ++rest;
    EXPECT_EQ(rest, 2999) << "a stream from before the savepoint stays";
    tx.execute("insert into account values (3, 1, 0)");
  });
  EXPECT_EQ(keys(), "1 2 3");
}

TEST_F(AsyncsqlUndo, ASavepointThatCouldNotBeSetIsNotOneMoreThatIsOpen) {
  dt::asyncsql::session<dt::postgres::client> session{client};
  auto tx = session.scope();
  EXPECT_TRUE(failure([&] { tx.execute("insert into account values (1, 1, 0)"); }));
  EXPECT_TRUE(failure([&] { tx.transaction([](auto&) {}); }));
  EXPECT_EQ(tx.guest_depth(), 0);
  tx.rollback();
}

TEST_F(AsyncsqlUndo, WhatACodecThrowsIsToldToTheCoroutineThatWaits) {
  dt::asyncsql::async_session<dt::postgres::async_client> session{db};
  int told = 0;
  bool is_over = false;
  run([&]() -> asio::awaitable<void> {
    const auto all =
        co_await session.with(dt::as_result).query<touchy_row>("select generate_series(1::bigint, 5) as n");
    EXPECT_FALSE(all);
    if (!all && all.error().code() == dt::errc::invalid_state) ++told;
    try {
      auto rows = co_await session.stream<touchy_row>("select generate_series(1::bigint, 5) as n");
      while (co_await rows.next() != nullptr) {
      }
    } catch (const dt::error& failed) {
      EXPECT_EQ(failed.code(), dt::errc::invalid_state);
      ++told;
    }
    EXPECT_EQ(co_await session.query_value<int>("select 1"), 1);
    is_over = true;
  });
  EXPECT_EQ(told, 2);
  EXPECT_TRUE(is_over);
}

}  // namespace
