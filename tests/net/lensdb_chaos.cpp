// LensDB clients of all kinds among peers that do everything wrong at once, and a server that dies and comes back:
// nobody gets another key's value, pools add up, and nothing is left behind.
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_async.hpp>
#include <dovetail/lensdb_server.hpp>

#include <support/lensdb_session.hpp>
#include <support/lensdb_wire.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace lensdb_test;
using namespace std::chrono_literals;
using lensdb::operation;

using ldbd_client = dt::client<dt::tcp, lensdb::codec<lensdb::ldbd_v1, dt::json>>;

/// A peer of the server that keeps to nothing.
class bad_client {
 public:
  bad_client(std::uint16_t port, std::uint32_t seed) : port_(port), random_(seed) {}

  void do_something() {
    wire client{dt::tcp_endpoint{"127.0.0.1", port_}};
    if (client.error()) return std::this_thread::yield();
    switch (random_() % 7) {
      case 0:
        client.send(noise(1 + random_() % 3000));
        break;
      case 1:
        client.send("LENS\x01" + noise(random_() % 100));
        break;
      case 2:
        client.send("LDBD\x01" + noise(random_() % 100));
        break;
      case 3: {  // half a request
        const auto whole = request(operation::set, "bad", std::string(2000, 'b'));
        client.send(dt::byte_view{whole}.first(1 + random_() % (whole.size() - 1)));
        break;
      }
      case 4: {  // asks for much, reads little of it
        const auto get = request(operation::get, "large");
        for (auto i = 1 + random_() % 20; i > 0; --i) client.send(get);
        client.read(1 + random_() % 14);
        break;
      }
      case 5:
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        break;
      default:
        client.send(request<lensdb::ldbd_v1>(operation::get, "large"));
        client.send(request(operation::ping));
        break;
    }
    switch (random_() % 4) {
      case 0:
        client.end();
        client.read_all();
        break;
      case 1:
        client.is_silent(3ms);
        break;
      case 2: {  // a reset, at whatever the server is doing
        const linger at_once{1, 0};
        ::setsockopt(client.stream().handle(dt::readiness::readable), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        break;
      }
      default:
        break;
    }
    client.close();
  }

 private:
  std::string noise(std::size_t size) {
    std::string text(size, '\0');
    for (char& each : text) each = static_cast<char>(random_());
    return text;
  }

  std::uint16_t port_;
  std::mt19937 random_;
};

/// What a client that behaves has seen.
struct tally {
  std::atomic<int> good{0};
  std::atomic<int> failed{0};
  std::atomic<int> mixed_up{0};  ///< an answer to something else

  template <class T>
  void count(const dt::result<std::optional<T>>& got, std::string_view key) {
    if (!got) return void(++failed);
    ++good;
    if (*got && !(*got)->starts_with(key)) ++mixed_up;
  }
  void count(const dt::result<void>& done) { ++(done ? good : failed); }
};

/// Asks for its own keys until it is over; each value begins with its key.
template <class Client>
void behave(Client& kv, int number, tally& seen, const std::atomic<bool>& is_over) {
  std::mt19937 random{static_cast<std::uint32_t>(number)};
  while (!is_over) {
    const std::string key = "key " + std::to_string(number) + ' ' + std::to_string(random() % 4) + ':';
    if (random() % 2 == 0) {
      seen.count(kv.with(dt::as_result).set(key, key + std::string(random() % 3000, 'v')));
    } else {
      seen.count(kv.with(dt::as_result).get(key), key);
    }
  }
}

/// Many keys at a time, asynchronously; every second call is cancelled somewhere.
void behave_awaited(const lensdb::async_client& kv, asio::thread_pool& threads, int number, tally& seen,
                    const std::atomic<bool>& is_over) {
  std::mt19937 random{static_cast<std::uint32_t>(number)};
  std::vector<std::string> keys;
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < 100; ++i) {
    keys.push_back("many " + std::to_string(number) + ' ' + std::to_string(i) + ':');
    entries.emplace_back(keys.back(), keys.back() + std::string(random() % 300, 'v'));
  }
  while (!is_over) {
    const auto strand = asio::make_strand(threads);
    asio::cancellation_signal stop;
    std::promise<void> done;
    auto end = done.get_future();
    const bool stores = random() % 2 == 0;
    const bool is_cancelled = random() % 2 == 0;
    asio::post(strand, [&] {
      if (stores) {
        kv.with(asio::bind_cancellation_slot(stop.slot(),
                                             [&](const dt::result<void>& stored) {
                                               seen.count(stored);
                                               done.set_value();
                                             }))
            .set_many(entries);
      } else {
        kv.with(asio::bind_cancellation_slot(stop.slot(),
                                             [&](const dt::result<std::vector<std::optional<std::string>>>& got) {
                                               if (!got) ++seen.failed;
                                               for (std::size_t i = 0; got && i < got->size(); ++i) {
                                                 seen.count(dt::result<std::optional<std::string>>{(*got)[i]}, keys[i]);
                                               }
                                               done.set_value();
                                             }))
            .get_many(keys);
      }
    });
    if (is_cancelled) {
      std::this_thread::sleep_for(std::chrono::microseconds{random() % 3000});
      // The handler may run at the same time: the slot belongs to the operation until it has.
      asio::post(strand, [&] { stop.emit(asio::cancellation_type::terminal); });
    }
    end.wait();
    std::promise<void> settled;
    asio::post(strand, [&] { settled.set_value(); });
    settled.get_future().wait();
  }
}

template <class Client>
void expect_clean(const Client& kv) {
  const dt::pool_statistics now = kv.statistics();
  EXPECT_EQ(now.active, 0U);
  EXPECT_EQ(now.waiting, 0U);
  EXPECT_EQ(now.total, now.idle);
  EXPECT_LE(now.total, now.max);
  EXPECT_EQ(now.opened - now.closed, now.total);
}

template <class Fn>
bool soon(Fn is_so) {
  for (int i = 0; i < 12000; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

/// Clients of all kinds at the server of one port, and peers that misbehave.
struct crowd {
  explicit crowd(const std::string& uri, std::uint16_t port, const std::string& more)
      : first(uri + "&maxConnections=3&setex=true" + more),
        second(uri + "&maxConnections=3&dialect=ldbd_v1" + more),
        third(threads.get_executor(), uri + "&maxConnections=4" + more) {
    for (int i = 0; i < 4; ++i) all.emplace_back([this, i] { behave(first, i, seen, is_over); });
    for (int i = 4; i < 6; ++i) all.emplace_back([this, i] { behave(second, i, seen, is_over); });
    for (int i = 6; i < 8; ++i) all.emplace_back([this, i] { behave_awaited(third, threads, i, awaited, is_over); });
    for (std::uint32_t seed = 0; seed < 4; ++seed) {
      all.emplace_back([this, port, seed] {
        bad_client client{port, seed};
        while (!is_over) client.do_something();
      });
    }
  }
  void end() {
    is_over = true;
    for (std::thread& each : all) each.join();
    all.clear();
    // A call is over before the last of its connections is back in the pool.
    EXPECT_TRUE(soon([this] { return third.statistics().active == 0; }));
    expect_clean(first);
    expect_clean(second);
    expect_clean(third);
    EXPECT_EQ(seen.mixed_up, 0);
    EXPECT_EQ(awaited.mixed_up, 0);
    first.set("after", "1");
    EXPECT_EQ(second.get("after"), "1");
    EXPECT_EQ(third.with(asio::use_future).get("after").get(), "1");
  }
  ~crowd() {
    is_over = true;
    for (std::thread& each : all) each.join();
    third.close();
    threads.join();
  }

  asio::thread_pool threads{2};
  lensdb::client first;
  ldbd_client second;
  lensdb::async_client third;
  tally seen;
  tally awaited;
  std::atomic<bool> is_over{false};
  std::vector<std::thread> all;
};

std::string plain_uri(const lensdb::server& of) {
  return "lensdb://127.0.0.1:" + std::to_string(of.port()) + "?requestLimit=4096";
}

TEST(LensChaos, WhoBehavesIsServedAndNothingIsLeft) {
  lensdb::server server{{.output_limit = 16 * 1024, .linger = 50ms}};
  lensdb::client{server.uri()}.set("large", std::string(300'000, 'l'));
  {
    crowd everybody{plain_uri(server), server.port(), "&timeout=60s"};
    EXPECT_TRUE(soon([&] {
      return everybody.seen.good >= 400 && everybody.awaited.good >= 1000 && server.statistics().accepted >= 200;
    }));
    everybody.end();
    EXPECT_EQ(everybody.seen.failed, 0);
  }
  EXPECT_TRUE(soon([&] { return server.statistics().connections == 0; }));
}

TEST(LensChaos, AServerThatDiesAndComesBackLeavesNoTrace) {
  std::optional<lensdb::server> server{std::in_place, lensdb::server_options{.linger = 50ms, .stop_grace = 20ms}};
  const std::uint16_t port = server->port();
  crowd everybody{plain_uri(*server), port, "&timeout=10s&retryDelay=1"};
  for (int round = 0; round < 8; ++round) {
    const int before = everybody.seen.good;
    EXPECT_TRUE(soon([&] { return everybody.seen.good > before + 20; }));
    server.reset();
    server.emplace(lensdb::server_options{.port = port, .linger = 50ms, .stop_grace = 20ms});
  }
  const int before = everybody.seen.good;
  EXPECT_TRUE(soon([&] { return everybody.seen.good > before + 20; }));
  everybody.end();
}

}  // namespace
