// What a WorkerSQL gateway keeps in memory, counted by the program's own operator new.
#include <support/counted_memory.hpp>
#include <support/workersql_gateway.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using namespace gateway_test;
using dovetail::test::live;
using dovetail::test::most;

constexpr std::size_t half = 512 * 1024;

struct GatewayMemory : testing::Test {
  void SetUp() override {
#if defined(TEST_COUNTS_NOTHING)
    GTEST_SKIP() << "ThreadSanitizer has an operator new of its own";
#endif
  }

  file_database file;
  ws::gateway served{file.db, with_key()};
  std::string large = R"J({"sql":"select 7 as a"})J" + std::string(1'000'000, ' ');
};

TEST_F(GatewayMemory, TheBodyOfARequestThatItsHeadHasRefusedIsNotKept) {
  for (const std::string_view path : {"/v1/query", "/nope", "/health"}) {
    const std::string bytes = post(path, large, "");
    wire client{served.endpoint()};
    const std::size_t before = live;
    most = before;
    client.send(bytes);
    const response got = receive(client);
    EXPECT_TRUE(got.status() == "401" || got.status() == "404" || got.status() == "405") << got.head;
    EXPECT_LT(most, before + half) << path;
    client.send(get("/health"));
    EXPECT_EQ(receive(client).status(), "200") << "the connection goes on behind the body";
  }
}

TEST_F(GatewayMemory, TheBodyOfARequestThatNeedsNoneIsNotKept) {
  for (const std::string_view path : {"/health", "/metrics", "/auth/me"}) {
    std::string bytes = "GET " + std::string{path} + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";
    bytes.append(1'000'000, 'x');
    wire client{served.endpoint()};
    client.send(get(path));  // what is made once is made
    EXPECT_EQ(receive(client).status(), "200");
    const std::size_t before = live;
    most = before;
    client.send(bytes);
    EXPECT_EQ(receive(client).status(), "200");
    EXPECT_LT(most, before + half) << path;
    client.send(get("/health"));
    EXPECT_EQ(receive(client).status(), "200") << "the connection goes on behind the body";
  }
}

TEST_F(GatewayMemory, AConnectionThatWaitsHasGivenTheMemoryOfALargeRequestBack) {
  const std::string bytes = query(large);
  wire client{served.endpoint()};
  client.send(query(R"J({"sql":"select 7 as a"})J"));  // what is made once is made
  EXPECT_EQ(receive(client).status(), "200");
  const std::size_t before = live;
  most = before;
  client.send(bytes);
  EXPECT_TRUE(receive(client).has(R"J({"a":7})J"));
  EXPECT_GT(most, before + half);
  EXPECT_TRUE(soon([&] { return live < before + half; })) << live - before;
  client.send(query(large) + get("/health"));
  EXPECT_TRUE(receive(client).has(R"J({"a":7})J"));
  EXPECT_EQ(receive(client).status(), "200") << "what came behind the large one is kept";
}

TEST_F(GatewayMemory, AWebSocketThatWaitsHasGivenTheMemoryOfALargeMessageBack) {
  const std::string small = R"J({"type":"query","id":"1","sql":"select 7 as a"})J";
  const std::string message = small + std::string(1'000'000, ' ');
  socket_client client{served};
  EXPECT_NE(client.say(small).find(R"J({"a":7})J"), std::string::npos);
  const std::size_t before = live;
  most = before;
  EXPECT_NE(client.say(message).find(R"J({"a":7})J"), std::string::npos);
  EXPECT_GT(most, before + half);
  EXPECT_TRUE(soon([&] { return live < before + half; })) << live - before;
}

}  // namespace
