// The WorkerSQL gateway with TLS among clients that do everything wrong at once, while its certificate is read again
// and again, and in the end it stops: nothing is left behind, and whoever behaves is served.
#include <support/workersql_gateway_tls.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace gateway_test;

struct GatewayChaos : secure_gateway {
  GatewayChaos() {
    how.read_limit = 500ms;
    how.request_limit = 500ms;  // stopping waits for what the database has begun
    how.stop_grace = 200ms;
    how.max_connections = 40;
  }
};

/// The first flight of a TLS client, as it leaves.
std::string client_hello() {
  const std::unique_ptr<SSL_CTX, dt::detail::tls_deleter> context{SSL_CTX_new(TLS_client_method())};
  const std::unique_ptr<SSL, dt::detail::tls_deleter> session{SSL_new(context.get())};
  SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_connect(session.get());
  std::string bytes(BIO_ctrl_pending(SSL_get_wbio(session.get())), '\0');
  BIO_read(SSL_get_wbio(session.get()), bytes.data(), static_cast<int>(bytes.size()));
  ERR_clear_error();
  return bytes;
}

class bad_client {
 public:
  bad_client(const ws::gateway& of, dt::tls<dt::tcp>::endpoint where, std::uint32_t seed)
      : of_(&of), where_(std::move(where)), random_(seed) {}

  void do_something() {
    switch (random_() % 8) {
      case 0:
        return leave(plain(noise(1 + random_() % 3000)));
      case 1: {  // a handshake that breaks off, or goes on as something else
        std::string hello = client_hello();
        hello.resize(random_() % (hello.size() + 1));
        wire client = plain(hello);
        if (random_() % 2 == 0) client.send(noise(random_() % 500));
        return leave(std::move(client));
      }
      case 2:
        return leave(plain(query(R"J({"sql":"select 1"})J")));
      case 3: {  // records that are none, behind those that are
        secure_wire client = encrypted(query(R"J({"sql":"select 1"})J"));
        const std::string text = noise(1 + random_() % 300);
        client.stream().next_layer().try_write(dt::as_byte_view(text));
        return leave(std::move(client));
      }
      case 4: {
        const std::string text = query(R"J({"sql":"insert into users(name) values ('x')"})J", "");
        return leave(encrypted(std::string_view{text}.substr(0, random_() % text.size())));
      }
      case 5:
        return leave(encrypted(query(
            R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"})J")));
      case 6: {
        socket_client_over<secure_wire> socket{secure_wire{where_}};
        socket.send_frame(0x81, R"J({"type":"begin","id":"1"})J");
        if (random_() % 2 == 0) socket.send_frame(0x81, R"J({"type":"query","id":"2","sql":"delete from users"})J");
        socket.to.send(noise(random_() % 50));
        return leave(std::move(socket.to));
      }
      default:
        return leave(encrypted(query(std::string(3'000'000, 'x'))));
    }
  }

 private:
  std::string noise(std::size_t size) {
    std::string text(size, '\0');
    for (char& each : text) each = static_cast<char>(random_());
    return text;
  }
  wire plain(std::string_view bytes) {
    wire client{of_->endpoint()};
    client.send(bytes);
    return client;
  }
  secure_wire encrypted(std::string_view bytes) {
    secure_wire client{where_};
    if (!client.error()) client.send(bytes);
    return client;
  }
  template <class Wire>
  void leave(Wire client) {
    switch (random_() % 3) {
      case 0:
        client.end();
        return void(client.read_all());
      case 1:
        return void(client.read(random_() % 40));
      default:
        return client.close();
    }
  }

  const ws::gateway* of_;
  dt::tls<dt::tcp>::endpoint where_;
  std::mt19937 random_;
};

TEST_F(GatewayChaos, WhoBehavesIsServedAndNothingIsLeft) {
  how.max_connections = 1000;
  ws::gateway served{file.db, how};
  std::atomic<bool> is_over{false};
  std::vector<std::thread> all;
  for (std::uint32_t seed = 0; seed < 6; ++seed) {
    all.emplace_back([&, seed] {
      bad_client client{served, place(served), seed};
      while (!is_over) client.do_something();
    });
  }
  all.emplace_back([&] {
    while (!is_over) {
      EXPECT_TRUE(served.reload_tls());
      std::this_thread::sleep_for(10ms);
    }
  });
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(ask(secure_wire{place(served)}, get("/auth/me")).status(), "200");
  }
  is_over = true;
  for (std::thread& each : all) each.join();
  EXPECT_TRUE(soon([&] { return served.statistics().connections == 0; }));
  EXPECT_EQ(served.statistics().transactions, 0U);
  EXPECT_EQ(file.db.statistics().active, 0U);
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
}

TEST_F(GatewayChaos, ItStopsInTheMiddleOfIt) {
  for (std::uint32_t round = 0; round < 3; ++round) {
    ws::gateway served{file.db, how};
    std::atomic<bool> is_over{false};
    std::vector<std::thread> all;
    for (std::uint32_t seed = 0; seed < 6; ++seed) {
      all.emplace_back([&, seed] {
        bad_client client{served, place(served), 100 * round + seed};
        while (!is_over) client.do_something();
      });
    }
    EXPECT_TRUE(soon([&] { return served.statistics().accepted > 60; }));
    served.stop();
    is_over = true;
    for (std::thread& each : all) each.join();
    EXPECT_EQ(served.statistics().connections, 0U);
    EXPECT_EQ(file.db.statistics().active, 0U);
  }
}

}  // namespace
