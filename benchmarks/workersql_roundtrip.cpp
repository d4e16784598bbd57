// What does a query over loopback HTTP cost the caller, against a raw socket exchange, and against libcurl, both with a
// parser written for this one answer? The gateway runs in this process on threads of its own, whose time is not
// counted.
//
//   bench_workersql_roundtrip                   one row
//   bench_workersql_roundtrip thousand_rows     1000 rows
#include <support/bench.hpp>

#include <dovetail/sqlite.hpp>
#include <dovetail/workersql.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <curl/curl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;

struct city {
  std::int64_t id;
  std::string name;
  double area;
  std::int64_t population;
};

std::uint64_t checksum(const city& of) {
  return static_cast<std::uint64_t>(of.id) + of.name.size() + static_cast<std::uint64_t>(of.population) +
         static_cast<std::uint64_t>(of.area * 8);
}

[[noreturn]] void fail(const char* why) { throw std::runtime_error{why}; }

/// Reads the rows of an answer by hand: assumes the gateway's order of members and keys, strings without escapes, and
/// numbers that fit. What one writes for this one query.
void read_by_hand(std::string_view body, std::vector<city>& out) {
  const char* at = body.data();
  const char* const end = at + body.size();
  const auto expect = [&at, end](std::string_view text) {
    if (static_cast<std::size_t>(end - at) < text.size() || std::string_view{at, text.size()} != text) {
      fail("another answer");
    }
    at += text.size();
  };
  const auto number = [&at, end](auto& value) {
    const auto [next, ec] = std::from_chars(at, end, value);
    if (ec != std::errc{}) fail("no number");
    at = next;
  };
  expect(R"({"success":true,"data":{"rows":[)");
  while (at != end && *at == '{') {
    city& row = out.emplace_back();
    expect(R"({"id":)");
    number(row.id);
    expect(R"(,"name":")");
    const auto* const quote = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
    if (quote == nullptr) fail("no string");
    row.name.assign(at, quote);
    at = quote;
    expect(R"(","area":)");
    number(row.area);
    expect(R"(,"population":)");
    number(row.population);
    expect("}");
    if (at != end && *at == ',') ++at;
  }
  expect("]");
}

/// One kept-alive socket: the request in one write, the answer by its Content-Length.
class raw_exchange {
 public:
  explicit raw_exchange(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    input_.resize(256 * 1024);
  }
  ~raw_exchange() { ::close(socket_); }
  raw_exchange(const raw_exchange&) = delete;
  raw_exchange& operator=(const raw_exchange&) = delete;

  std::string_view ask(std::string_view body) {
    output_.assign(
        "POST /v1/query HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer J\r\nContent-Type: "
        "application/json\r\nContent-Length: ");
    output_.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    if (::send(socket_, output_.data(), output_.size(), 0) != static_cast<ssize_t>(output_.size())) fail("send");
    std::size_t have = 0;
    std::size_t head = 0;
    std::size_t wanted = 0;
    while (wanted == 0 || have < wanted) {
      const ssize_t got = ::recv(socket_, input_.data() + have, input_.size() - have, 0);
      if (got <= 0) fail("recv");
      have += static_cast<std::size_t>(got);
      const std::string_view all{input_.data(), have};
      if (wanted != 0 || (head = all.find("\r\n\r\n")) == all.npos) continue;
      const std::size_t length = all.find("Content-Length: ");
      std::size_t size = 0;
      if (length == all.npos) fail("no length");
      std::from_chars(all.data() + length + 16, all.data() + head, size);
      head += 4;
      wanted = head + size;
      if (wanted > input_.size()) fail("too large");
    }
    return {input_.data() + head, wanted - head};
  }

 private:
  int socket_;
  std::string output_;
  std::vector<char> input_;
};

/// libcurl as its manual shows it: one handle that is used again, and its connection with it.
class curl_exchange {
 public:
  explicit curl_exchange(std::uint16_t port) : handle_(curl_easy_init()) {
    const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/v1/query";
    fields_ = curl_slist_append(fields_, "Authorization: Bearer J");
    fields_ = curl_slist_append(fields_, "Content-Type: application/json");
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, fields_);
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &curl_exchange::take);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  }
  ~curl_exchange() {
    curl_easy_cleanup(handle_);
    curl_slist_free_all(fields_);
  }
  curl_exchange(const curl_exchange&) = delete;
  curl_exchange& operator=(const curl_exchange&) = delete;

  std::string_view ask(std::string_view body) {
    input_.clear();
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    if (curl_easy_perform(handle_) != CURLE_OK) fail("libcurl");
    return input_;
  }

 private:
  static std::size_t take(char* data, std::size_t, std::size_t size, void* self) {
    static_cast<curl_exchange*>(self)->input_.append(data, size);
    return size;
  }

  CURL* handle_;
  curl_slist* fields_ = nullptr;
  std::string input_;
};

template <class Exchange>
std::uint64_t ask_by_hand(Exchange& over, int first, int rows, std::vector<city>& into) {
  std::string body = R"({"sql":"select id, name, area, population from city where id >= ? and id < ?","params":[)";
  body.append(std::to_string(first)).append(",").append(std::to_string(first + rows)).append("]}");
  into.clear();
  read_by_hand(over.ask(body), into);
  std::uint64_t sum = 0;
  for (const city& each : into) sum += checksum(each);
  return sum;
}

std::uint64_t ask_dovetail(dt::workersql::client& db, int first, int rows) {
  std::uint64_t sum = 0;
  for (const city& each :
       db.query<city>("select id, name, area, population from city where id >= ? and id < ?", first, first + rows)) {
    sum += checksum(each);
  }
  return sum;
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_long = argc > 1 && std::string_view{argv[1]} == "thousand_rows";
  const int rows = is_long ? 1000 : 1;
  const std::size_t queries = is_long ? 100 : 2000;

  dt::sqlite::client behind{"sqlite::memory:"};
  behind.execute("create table city(id integer primary key, name text, area real, population integer)");
  std::vector<city> cities;
  for (int i = 0; i < 2000; ++i) {
    cities.push_back({i, "city number " + std::to_string(i * 7919), i * 0.125 + 0.5, i * 1000003LL});
  }
  behind.insert("city", cities);
  dt::workersql::gateway_options how;
  how.authentication.api_keys.push_back({.key = dt::secret{"J"}, .may = dt::workersql::permissions::read});
  dt::workersql::gateway served{std::move(behind), how};

  curl_global_init(CURL_GLOBAL_DEFAULT);
  raw_exchange raw{served.port()};
  auto curl = std::make_unique<curl_exchange>(served.port());
  dt::workersql::client db{served.dsn("apiKey=J&healthCheckInterval=1h")};
  dt::workersql::client caching{served.dsn("apiKey=J&healthCheckInterval=1h&cacheTtl=1h&cacheBytes=268435456")};

  bench::task task{is_long ? "workersql_roundtrip_1000" : "workersql_roundtrip"};
  task.of_thread();
  std::vector<city> kept;
  const auto repeat = [queries](auto ask) {
    return [queries, ask](bench::latencies& times) {
      std::uint64_t sum = 0;
      for (std::size_t i = 0; i < queries; ++i) {
        const std::uint64_t begun = bench::wall_ns();
        sum += ask(static_cast<int>(i % 1000));
        times.add(bench::wall_ns() - begun);
      }
      return sum;
    };
  };
  task.add("raw socket, parsed by hand", queries, repeat([&](int i) { return ask_by_hand(raw, i, rows, kept); }));
  task.add("dovetail", queries, repeat([&](int i) { return ask_dovetail(db, i, rows); }));
  task.add("libcurl, parsed by hand", queries, repeat([&](int i) { return ask_by_hand(*curl, i, rows, kept); }));
  task.add("dovetail, from its cache of results", queries,
           repeat([&](int i) { return ask_dovetail(caching, i, rows); }));
  const int code = task.run();
  curl.reset();
  curl_global_cleanup();
  return code;
}
