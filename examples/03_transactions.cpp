// Transactions: commit on return, rollback on exception, savepoints by nesting.
#include <dovetail/sqlite.hpp>

#include <cstdio>
#include <stdexcept>

namespace dt = dovetail;

int main() {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table account(id integer primary key, balance integer not null check(balance >= 0))");
  db.execute("insert into account values (1, 100), (2, 0)");

  //[transaction
  db.transaction([](auto& tx) {
    tx.execute("update account set balance = balance - ? where id = ?", 60, 1);
    tx.execute("update account set balance = balance + ? where id = ?", 60, 2);
  });  // commits; an exception rolls back

  try {
    db.transaction([](auto& tx) {
      tx.execute("update account set balance = balance + 60 where id = 2");
      tx.execute("update account set balance = balance - 60 where id = 1");  // 40 are left
    });
  } catch (const dt::error& e) {
    std::printf("%s: %s\n", e.kind() == dt::condition::constraint ? "refused" : "failed", e.what());
  }
  //]

  //[read
  // Gives what the body returns. C++ wants the word template here, because tx is auto.
  const int left = db.transaction([](auto& tx) {
    tx.execute("update account set balance = balance - 10 where id = ?", 1);
    return tx.template query_value<int>("select balance from account where id = ?", 1);
  });
  //]
  if (left != 30) return 1;

  //[savepoint
  db.transaction([](auto& tx) {
    tx.execute("update account set balance = 1 where id = 2");
    try {
      tx.transaction([](auto& inner) {  // a savepoint
        inner.execute("update account set balance = 2 where id = 2");
        throw std::runtime_error("undo only this");
      });
    } catch (const std::runtime_error&) {
    }
  });
  //]
  return db.query_value<int>("select balance from account where id = 2") == 1 ? 0 : 1;
}
