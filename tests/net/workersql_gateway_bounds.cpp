// The WorkerSQL gateway: whose answer one gets, and how much answers may take.
#include <support/workersql_gateway.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace gateway_test;

/// Executes `… values(N)` when N is let, and says that N rows were changed; a select gives one row of 40 MB.
class stepped_database final : public ws::serving::database {
 public:
  dt::dialect speaks() const noexcept override { return dt::dialect::sqlite; }
  dt::result<ws::serving::statement_result> run(const ws::serving::statement& what, const ws::serving::result_limits&,
                                                dt::deadline) override {
    std::unique_lock lock{state->mutex};
    ++state->executed;
    state->changed.notify_all();
    const std::size_t at = what.sql.find('(');
    const int step = at == std::string::npos ? 0 : std::stoi(what.sql.substr(at + 1));
    state->changed.wait(lock, [&] { return state->let.contains(step); });
    ws::serving::statement_result done;
    done.rows_affected = step;
    if (at != std::string::npos) return done;
    dt::row_value text;
    text.set_text(dt::field_kind::text, std::string(40'000'000, 'x'));
    auto columns = std::make_shared<std::vector<dt::row_column>>();
    columns->push_back({"a", {}});
    done.has_rows = true;
    done.rows.emplace_back(dt::row{std::move(columns), {std::move(text)}});
    return done;
  }
  dt::result<std::vector<ws::serving::statement_result>> run_all(const std::vector<ws::serving::statement>&,
                                                                 const ws::serving::result_limits&, dt::deadline,
                                                                 std::size_t&) override {
    return dt::error_info{dt::errc::operation_unsupported};
  }
  dt::result<std::unique_ptr<ws::serving::transaction>> begin(bool, dt::deadline) override {
    return dt::error_info{dt::errc::operation_unsupported};
  }
  dt::result<void> ping(dt::deadline) override { return {}; }
  ws::serving::database_load load() const noexcept override { return {}; }

  struct shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::set<int> let;
    int executed = 0;
    void open(int step) {
      const std::lock_guard lock{mutex};
      let.insert(step);
      changed.notify_all();
    }
    bool wait_for_executions(int count) {
      std::unique_lock lock{mutex};
      return changed.wait_for(lock, 60s, [&] { return executed >= count; });
    }
  };
  std::shared_ptr<shared> state = std::make_shared<shared>();
};

std::string keyed(std::string_view who, std::string_view key, std::string_view sql) {
  std::string fields{"Authorization: Bearer "};
  fields.append(who).append("\r\nIdempotency-Key: ").append(key).append("\r\n");
  return query(std::string{R"J({"sql":")J"}.append(sql).append("\"}"), fields);
}

TEST(GatewayAnswers, WhoWaitsForOneRequestDoesNotGetTheAnswerOfAnEarlierWait) {
  auto behind = std::make_unique<stepped_database>();
  const auto gate = behind->state;
  ws::gateway_options how = with_key();
  how.request_limit = 1s;
  how.authentication.api_keys.push_back(
      {.key = dt::secret{"K"}, .name = "other", .tenant = "t2", .may = ws::permissions::admin});
  ws::gateway served{std::move(behind), how};
  const std::string one = keyed("J", "one", "insert into t values(1)");
  const std::string two = keyed("K", "two", "insert into t values(2)");
  wire first{served.endpoint()};
  wire both{served.endpoint()};
  wire second{served.endpoint()};
  first.send(one);
  EXPECT_TRUE(gate->wait_for_executions(1));
  both.send(one);
  EXPECT_EQ(receive(both).status(), "409") << "it has waited for too long";
  second.send(two);
  EXPECT_TRUE(gate->wait_for_executions(2));
  both.send(two);
  std::this_thread::sleep_for(100ms);  // it waits again
  gate->open(1);
  EXPECT_TRUE(receive(first).has(R"J("rowsAffected":1)J"));
  gate->open(2);
  const response got = receive(both);
  EXPECT_TRUE(got.has(R"J("rowsAffected":2)J") || got.status() == "409") << got.body;
  EXPECT_TRUE(receive(second).has(R"J("rowsAffected":2)J"));
}

TEST(GatewayAnswers, AMessageThatWaitedForAThreadSeesThatTheRoomIsFull) {
  auto behind = std::make_unique<stepped_database>();
  const auto gate = behind->state;
  ws::gateway_options how = with_key();
  how.worker_threads = 1;
  how.answer_memory = 1024 * 1024;
  ws::gateway served{std::move(behind), how};
  socket_client first{served};
  socket_client second{served};
  first.send_frame(0x81, R"J({"type":"query","id":"1","sql":"select 1"})J");
  EXPECT_TRUE(gate->wait_for_executions(1));
  second.send_frame(0x81, R"J({"type":"query","id":"2","sql":"insert into t values(2)"})J");
  EXPECT_TRUE(soon([&] { return served.statistics().messages == 2; }));
  gate->open(2);
  gate->open(0);
  const std::string refused = second.read_frame();
  EXPECT_TRUE(refused.starts_with(R"J({"id":"2","type":"error","error":{"code":"RESOURCE_LIMIT")J")) << refused;
  const std::lock_guard lock{gate->mutex};
  EXPECT_EQ(gate->executed, 1);
}

struct GatewayResults : testing::Test {
  file_database file;
  ws::gateway_options how = with_key();
  GatewayResults() { how.results.bytes = 10'000; }
  int users() { return file.db.query_value<int>("select count(*) from users"); }
};

TEST_F(GatewayResults, NamesAndEscapesCountAndWhatIsTooLargeIsUndone) {
  ws::gateway served{file.db, how};
  const std::string name(3000, 'n');
  const std::string by_names =
      R"J({"sql":"insert into users(id) values (1),(2),(3),(4) returning id as )J" + name + "\"}";
  const std::string by_escapes =
      R"J({"sql":"insert into users(name) values (replace(hex(zeroblob(1250)), '0', char(1))) returning name"})J";
  for (const std::string& body : {by_names, by_escapes}) {
    const response got = ask(served, query(body));
    EXPECT_EQ(got.status(), "413") << got.body.size();
    EXPECT_TRUE(got.has("larger than the gateway gives")) << got.body.size();
    EXPECT_EQ(users(), 0);
  }
  EXPECT_EQ(ask(served, query(R"J({"sql":"select hex(zeroblob(4000)) as a"})J")).status(), "200");
}

TEST_F(GatewayResults, AResultThatIsTooLargeNamesTheLimit) {
  how.results.rows = 3;
  ws::gateway served{file.db, how};
  const response rows = ask(served, query(R"J({"sql":"values (1), (2), (3), (4)"})J"));
  EXPECT_EQ(rows.status(), "413");
  EXPECT_TRUE(rows.has("results.rows")) << rows.body;
  const response bytes = ask(served, query(R"J({"sql":"select hex(zeroblob(6000)) as a"})J"));
  EXPECT_EQ(bytes.status(), "413");
  EXPECT_TRUE(bytes.has("results.bytes")) << bytes.body;
  EXPECT_EQ(ask(served, query(R"J({"sql":"values (1), (2), (3)"})J")).status(), "200");
}

TEST_F(GatewayResults, BytesCountAsTheyAreWritten) {
  const std::string bytes = R"J({"sql":"insert into users(bin) values (zeroblob(6000)) returning bin as a"})J";
  {
    ws::gateway served{file.db, how};
    EXPECT_EQ(ask(served, query(bytes)).status(), "200");
  }
  how.blob_text = ws::blob_text::hex;
  ws::gateway served{file.db, how};
  EXPECT_EQ(ask(served, query(bytes)).status(), "413");
  EXPECT_EQ(users(), 1);
}

TEST_F(GatewayResults, ABatchHasOneLimitForAllOfThem) {
  ws::gateway served{file.db, how};
  const auto body = [](std::string_view end) {
    std::string text{R"J({"queries":[)J"};
    for (const char* id : {"1", "2"}) {
      if (text.back() == '}') text += ',';
      text.append(R"J({"sql":"insert into users(id) values ()J").append(id);
      text.append(R"J() returning hex(zeroblob(3000)) as a"})J");
    }
    return text.append(end);
  };
  const response whole = ask(served, post("/sql/batch", body("]}")));
  EXPECT_EQ(whole.status(), "413") << whole.body.size();
  EXPECT_TRUE(whole.has(R"J("statement":1)J")) << whole.body.size();
  EXPECT_EQ(users(), 0);
  const response single = ask(served, post("/sql/batch", body(R"J(],"transaction":false})J")));
  EXPECT_TRUE(single.has("larger than the gateway gives")) << single.body.size();
  EXPECT_EQ(users(), 1) << "the second one is undone alone";
}

}  // namespace
