// What is said of a script of which a statement fails: which one, and on which line.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/styles.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

TEST(PostgresScriptPlace, IsToldInEachStyle) {
  const std::string where = postgres_server::shared().socket_string();
  dt::postgres::client blocking{where};
  asio::io_context io;
  dt::postgres::async_client asynchronous{io.get_executor(), where};
  dt::test::for_each_main_style(blocking, asynchronous, io, [](auto& style) {
    const auto words = [&](std::string_view text) {
      const auto done = style.template run<void>([&](auto&& c) { return c.script(text); });
      return done ? std::string{} : done.error().message();
    };
    const auto begins = [&](std::string_view text, std::string_view with) {
      const std::string said = words(text);
      EXPECT_TRUE(said.starts_with(with)) << said;
    };
    // The server says where: it parses all of the text before it runs any.
    begins("select 'ä;';\n\nselect 1;\nselct 2", "statement 3, line 4: syntax error at or near \"selct\"");
    begins("select 1;\nselect\n  nmae from pg_class", "statement 2, line 3: column \"nmae\" does not exist");
    // It does not: the statements are counted.
    begins("create temp table s(a int not null); -- one\ninsert into s values (1);\n;\ninsert into s\nvalues (null)",
           "statement 3, line 4: null value in column \"a\"");
    begins("select 1;\ncopy pg_class to stdout", "statement 2, line 2: COPY … TO STDOUT is run by copy_out");
    begins("drop table missing_table\n", "table \"missing_table\" does not exist");
    EXPECT_EQ(words("select 1;\nselect 2"), "");
  });
}

}  // namespace
