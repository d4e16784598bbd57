// LensDB beyond get and set: bytes, times to live, many keys at once, failures, the second dialect, a server of one's
// own.
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_server.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

struct user {
  int id;
  std::string name;
};

int main() {
  //[server
  dt::lensdb::server server;            // in this process, on any free port of 127.0.0.1
  dt::lensdb::client kv{server.uri()};  // says what this server can do and the real one cannot: ?setex=true&…
  //]
  //[values
  kv.set("text", "as it is");
  kv.set("bytes", std::array{std::byte{1}, std::byte{0xFF}});
  kv.set("user", user{1, "Ada"});  // JSON, unless the client's type says another format
  kv.set("soon gone", 42, 90s);

  std::optional<std::string> text = kv.get("text");
  std::optional<std::array<std::byte, 2>> bytes = kv.get<std::array<std::byte, 2>>("bytes");
  std::optional<user> ada = kv.get<user>("user");
  std::optional<std::string> stored = kv.get("user");  // {"id":1,"name":"Ada"}
  //]
  //[many
  std::map<std::string, int> ages;
  for (int i = 0; i < 500; ++i) ages.emplace("age:" + std::to_string(i), i % 100);
  kv.set_many(ages);
  std::vector<std::optional<int>> some = kv.get_many<int>({"age:7", "age:499", "age:of nobody"});
  kv.set_many({{"name", "Ada"}, {"age", 36}, {"user:2", user{2, "Bo"}}});  // of several types
  //]
  //[failures
  ages.emplace("", 0);
  dt::result<void> refused = kv.with(dt::as_result).set_many(ages, 1h);
  std::printf("%s\n", refused.error().message().c_str());  // request 1 of 501: SETEX: the key is empty: …
  //]
  //[dialect
  using second = dt::client<dt::tcp, dt::lensdb::codec<dt::lensdb::ldbd_v1, dt::json>>;
  second other{server.uri("dialect=ldbd_v1")};
  std::uint64_t keys = other.size();
  //]
  std::printf("%llu keys, %s\n", static_cast<unsigned long long>(keys), stored->c_str());
  const bool are_right = text == "as it is" && bytes->at(1) == std::byte{0xFF} && ada->name == "Ada" && some[0] == 7 &&
                         some[1] == 99 && !some[2] && keys == 507;
  return are_right && refused.error().code() == dt::errc::invalid_key ? 0 : 1;
}
