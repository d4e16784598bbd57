// Many requests at once: dealt out to the connections of a pool, each share one after the other on its connection.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/codec/lensdb/operations.hpp>
#include <dovetail/codec/lensdb/perform.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
#include <source_location>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::lensdb::detail {

/// Fewer requests than these are not worth another connection (and another thread, in a blocking client).
inline constexpr std::size_t least_share = 32;

/// The core of a client or a view, blocking or not.
template <class Client>
auto& core_of(Client& client) {
  auto&& core = client.core();
  if constexpr (requires { core->connections(); }) {
    return *core;
  } else {
    return core;
  }
}

template <class Client>
std::size_t share_count(Client& client, std::size_t requests) {
  const std::size_t most = core_of(client).connections().statistics().max;
  return std::clamp<std::size_t>(requests / least_share, 1, (std::max<std::size_t>)(most, 1));
}

/// When one request of any share would be refused, leaves one share, which says so, and nothing is sent.
template <class Client, class Operation>
void refuse_all_or_none(Client& client, std::vector<Operation>& shares) {
  using connection = typename std::remove_cvref_t<decltype(core_of(client))>::connection_type;
  if (shares.size() == 1) return;  // the client looks at all of it
  for (Operation& each : shares) {
    each.refused = connection::refusal(core_of(client).connections().connection_options(), each);
    if (!each.refused) continue;
    std::swap(shares.front(), each);
    shares.resize(1);
    return;
  }
}

/// Calls `take(first, last, share_of_many)` for `shares` parts of `all` that differ by one at most; none is empty
/// unless `all` is.
template <class T, class Take>
void deal_out(std::vector<T>& all, std::size_t shares, Take&& take) {
  for (std::size_t i = 0; i < shares; ++i) {
    const std::size_t before = all.size() * i / shares;
    const auto at = [&](std::size_t position) { return all.begin() + static_cast<std::ptrdiff_t>(position); };
    take(at(before), at(all.size() * (i + 1) / shares), share_of_many{.before = before, .total = all.size()});
  }
}

/// The answers of all shares, in order, or the failure of the first that has one. A request whose outcome is unknown
/// goes before one that failed: it is the news that the caller must not miss.
template <class Whole, class Part>
result<Whole> gather(std::vector<std::optional<result<Part>>>& parts) {
  result<Part>* failed = nullptr;
  for (std::optional<result<Part>>& each : parts) {
    if (*each) continue;
    const bool is_unknown = each->error().kind() == condition::commit_unknown;
    if (failed == nullptr || (is_unknown && failed->error().kind() != condition::commit_unknown)) failed = &*each;
  }
  if (failed != nullptr) return std::move(*failed).error();
  if constexpr (std::is_void_v<Whole>) {
    return {};
  } else {
    Whole whole = *std::move(*parts.front());
    for (std::size_t i = 1; i < parts.size(); ++i) {
      std::move((*parts[i])->begin(), (*parts[i])->end(), std::back_inserter(whole));
    }
    return whole;
  }
}

/// How a client with an executor performs shares.
/// If the compiler points here: an asynchronous client of LensDB needs <dovetail/lensdb_async.hpp>.
template <class Whole>
struct async_shares;

/// Performs all shares at the same time and delivers their answers as one, in the client's style.
template <class Whole, class Client, class Operation>
auto run_shares(Client& client, std::vector<Operation> shares, std::source_location where) {
  using part = typename Operation::value_type;
  refuse_all_or_none(client, shares);
  if constexpr (requires { client.get_executor(); }) {
    return async_shares<Whole>::run(client, std::move(shares), where);
  } else {
    auto& core = client.core();
    const auto how = client.start_call(where);
    std::vector<std::optional<result<part>>> answers(shares.size());
    std::vector<std::exception_ptr> thrown(shares.size());  // out of memory, as a rule
    const auto perform = [&](std::size_t i) noexcept {
      try {
        answers[i].emplace(core.perform(shares[i], how));
      } catch (...) {
        thrown[i] = std::current_exception();
      }
    };
    std::vector<std::thread> others;
    std::size_t here = 1;  // this thread has the first share, and those for which there was no thread
    for (std::size_t i = shares.size() - 1; i > 0; --i) {
      try {
        others.emplace_back(perform, i);
      } catch (const std::system_error&) {
        here = i + 1;
        break;
      }
    }
    for (std::size_t i = 0; i < here; ++i) perform(i);
    for (std::thread& each : others) each.join();
    for (const std::exception_ptr& each : thrown) {
      if (each) std::rethrow_exception(each);
    }
    return client.deliver(gather<Whole>(answers));
  }
}

}  // namespace dovetail::inline v0::lensdb::detail
