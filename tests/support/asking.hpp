// A request and its answer in one action, over sockets of any kind: with peers that answer, are silent, or go.
#pragma once

#include <dovetail/driver/async_run.hpp>
#include <dovetail/driver/run.hpp>
#include <dovetail/transport/async_stream.hpp>

#include <support/dialogues.hpp>
#include <support/socket_server.hpp>

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace dovetail::test {

/// `endpoint_of(server)`, of a server that `start(serve)` makes.
template <class Transport, class Start, class EndpointOf>
void expect_asking(Start start, EndpointOf endpoint_of) {
  using namespace std::chrono_literals;
  const auto ask = [&](auto& server, const std::string& text, clock::duration budget, bool is_awaited, traffic& moved) {
    line_session session;
    pass_through dialogue{session, text, true, true};
    typename Transport::stream stream{endpoint_of(server)};
    if (!is_awaited) return run(stream, std::move(dialogue), deadline::after(budget), moved);
    asio::io_context io;
    async_stream<Transport> awaited{io.get_executor(), endpoint_of(server)};
    std::optional<result<std::string>> answer;
    async_run(awaited, std::move(dialogue), deadline::after(budget), &moved,
              [&](result<std::string> got) { answer.emplace(std::move(got)); });
    io.run();
    return *std::move(answer);
  };
  for (const bool is_awaited : {false, true}) {
    {
      auto server = start(&socket_server::echo);
      for (const std::size_t size : {std::size_t{2}, std::size_t{5000}, std::size_t{3'000'000}}) {
        const std::string text = std::string(size - 1, 'x') + "\n";
        traffic moved;
        const auto got = ask(*server, text, 60s, is_awaited, moved);
        ASSERT_TRUE(got) << got.error().message();
        EXPECT_EQ(*got == text, true) << size;
        EXPECT_EQ((traffic{size, size}), moved);
      }
    }
    {
      auto server = start([](accepted_stream& peer) {
        peer.read_line();
        peer.read_line();  // until it is closed
      });
      traffic moved;
      EXPECT_EQ(errc::deadline_passed, ask(*server, "hello\n", 150ms, is_awaited, moved).error().code());
      EXPECT_EQ((traffic{6, 0}), moved);
    }
    {
      auto server = start([](accepted_stream& peer) { peer.read_line(); });
      traffic moved;
      EXPECT_EQ(errc::connection_closed, ask(*server, "hello\n", 60s, is_awaited, moved).error().code());
      EXPECT_EQ((traffic{6, 0}), moved);
    }
  }
}

}  // namespace dovetail::test
