// Policies of one's own: a retry policy that asks a budget, a pool policy for nights, an observer that counts.
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_server.hpp>

#include <atomic>
#include <cstdio>

namespace dt = dovetail;
using namespace std::chrono_literals;

//[retry
/// Repeats what is safe to repeat, but only while the failure is young.
struct impatient {
  dt::clock::duration patience = 2s;
  constexpr dt::verdict decide(const dt::failure& facts) const noexcept {
    if (!dt::may_repeat(facts) || facts.elapsed > patience) return dt::verdict::give_up();
    return dt::verdict::repeat_after(10ms * facts.attempt);
  }
};
static_assert(dt::retry_policy<impatient>);
// A decision is a pure function, so the compiler can test it.
static_assert(impatient{}.decide({.kind = dt::condition::connection, .attempt = 2}).delay == 20ms);
static_assert(!impatient{}.decide({.kind = dt::condition::connection, .bytes_sent = 9}).repeat);
//]

//[pool
/// Two connections that are never pinged and never retired.
struct pair_of_connections {
  constexpr dt::pool_limits limits() const noexcept { return {.max = 2, .acquire_wait = 1s}; }
  constexpr dt::idle_verdict judge(const dt::idle_facts&) const noexcept { return dt::idle_verdict::keep; }
};
//]

//[observer
struct counter {
  std::atomic<int>* requests;
  void on(const dt::observation& what) noexcept {
    if (what.what == dt::observed::request) ++*requests;
  }
};
//]

int main() {
  dt::lensdb::server server;
  std::atomic<int> requests = 0;
  //[use
  using client =
      dt::client<dt::tcp, dt::lensdb::codec<dt::lensdb::lens_v1, dt::json>, impatient, pair_of_connections, counter>;
  client kv{server.uri(), {.retry = {.patience = 500ms}, .observer = {&requests}}};
  //]
  kv.set("k", 1);
  const int value = kv.get<int>("k").value();
  std::printf("%d after %d requests over %zu connections at most\n", value, requests.load(), kv.statistics().max);
  return value == 1 && requests == 2 ? 0 : 1;
}
