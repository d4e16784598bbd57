// What does observation cost a request? Nothing, when nobody observes.
//
// The work stands for a request's own: 64 bytes hashed, some 50 ns. "no observer code" is the same loop written without
// any trace of observers.

#include <dovetail/base/errc.hpp>
#include <dovetail/policy/metrics_observer.hpp>
#include <dovetail/policy/observer.hpp>

#include "support/bench.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <system_error>

namespace {

namespace dt = dovetail;

std::uint64_t work(std::uint64_t seed) {
  std::uint64_t hash = seed ^ 14695981039346656037u;
  for (unsigned i = 0; i < 64; ++i) hash = (hash ^ (i + (seed & 0xFF))) * 1099511628211u;
  return hash;
}

/// The way in which a client observes a request.
template <dt::observer Observer>
std::uint64_t request(Observer& watcher, std::uint64_t seed) {
  const dt::detail::stopwatch<Observer> time;
  const std::uint64_t result = work(seed);
  dt::detail::observe(watcher, [&] {
    return dt::observation{.operation = "get", .duration = time.elapsed(), .bytes_sent = 24, .bytes_received = 64};
  });
  return result;
}

template <class Each>
std::uint64_t all(std::size_t count, Each each) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += each(i);
  return sum;
}

}  // namespace

int main() {
  constexpr std::size_t items = 1'000'000;
  dt::no_observer nobody;
  dt::observers<dt::no_observer, dt::no_observer> two_nobodies;
  dt::metrics_observer metrics;
  bench::task task{"observer", 21};
  task.add("no observer code", items, [&] { return all(items, [](std::size_t i) { return work(i); }); });
  task.add("dovetail no_observer", items,
           [&] { return all(items, [&](std::size_t i) { return request(nobody, i); }); });
  task.add("dovetail observers<no_observer, no_observer>", items,
           [&] { return all(items, [&](std::size_t i) { return request(two_nobodies, i); }); });
  task.add("dovetail metrics_observer", items,
           [&] { return all(items, [&](std::size_t i) { return request(metrics, i); }); });
  return task.run();
}
