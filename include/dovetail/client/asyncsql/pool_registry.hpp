// A registry in which sessions with the same database, user, secrets and settings share a pool.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/config.hpp>
#include <dovetail/client/asyncsql/shared_pool.hpp>
#include <dovetail/client/settings.hpp>
#include <dovetail/policy/pool.hpp>
#include <dovetail/policy/retry.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql {

struct registry_settings {
  std::size_t max_pools = 100;
};

/// One pool as a registry shows it.
struct pool_info {
  std::string label;
  std::size_t users = 0;  ///< sessions, and whoever else holds it
  bool is_shared = true;
  pool_statistics statistics{};
};

/// Finds or makes pools. A pool lives as long as somebody holds it; the last session closes it. Two sessions share one
/// only when every option is the same, secrets and credential sources included: the registry compares with the options
/// of the living pool, in constant time, and keeps no key and no secret of its own.
/// Threads: all functions may be called by any thread.
class pool_registry {
 public:
  explicit pool_registry(registry_settings how = {}) noexcept : how_(how) {}
  pool_registry(const pool_registry&) = delete;
  pool_registry& operator=(const pool_registry&) = delete;

  /// The one of this program.
  static pool_registry& process();

  /// The pool for these options and settings. `context`: what an asynchronous client is constructed with beside them,
  /// its executor; another executor is another pool.
  /// Errors: errc::invalid_state, when there are `max_pools` already, or after `shut_down()`.
  template <class Client, class Options, class... Context>
  result<std::shared_ptr<shared_pool<Client>>> get(Options options, typename Client::settings how, bool is_shared,
                                                   const Context&... context);

  /// Takes effect at once; pools that are there stay. Errors: throws for zero.
  void set_defaults(registry_settings how);

  std::size_t count() const;
  std::vector<std::string> keys() const;  ///< the pools' labels, sorted
  std::vector<pool_info> pools() const;
  /// Closes every pool; sessions that use one fail with errc::pool_closed, and new ones get new pools. (how many)
  std::size_t close_all() noexcept;
  /// The same, and no pool is made any more.
  std::size_t shut_down() noexcept;
  /// The metrics of all pools; see `to_prometheus`.
  std::string prometheus() const;

 private:
  using held = std::shared_ptr<shared_pool_base>;

  /// Pools that may have no other owner any more. The last one closes a pool, and with it goes what its options hold
  /// (a credential source, which may call this registry): never under the lock.
  struct held_pools {
    std::vector<held> living;
    std::vector<held> closed;
  };

  void hold(held_pools& all) const;  // called under the lock; `all` was there before it
  error_info refuse(std::size_t count, std::string_view name) const;
  std::string number(std::string name) { return name.append(" #").append(std::to_string(++made_)); }
  void add(const held& made, const void* kind, bool is_shared);

  mutable std::mutex mutex_;
  registry_settings how_;
  std::vector<std::weak_ptr<shared_pool_base>> pools_;
  std::size_t made_ = 0;
  bool is_shut_down_ = false;
};

template <class Client, class Options, class... Context>
result<std::shared_ptr<shared_pool<Client>>> pool_registry::get(Options options, typename Client::settings how,
                                                                bool is_shared, const Context&... context) {
  held_pools found;
  const clock::time_point since = clock::now();
  const std::unique_lock lock{mutex_};
  const clock::duration waited = clock::now() - since;
  hold(found);
  const std::vector<held>& all = found.living;
  const void* const kind = &detail::kind_of_client<Client>;
  for (const held& each : all) {
    if (!is_shared || !each->is_shared_ || each->kind_ != kind || each->is_closed()) continue;
    auto same = std::static_pointer_cast<shared_pool<Client>>(each);
    const auto& theirs = detail::pool_of(same->client().core());
    bool is_same = theirs.policy() == how.pool;
    if constexpr (sizeof...(Context) == 0) {
      is_same = is_same && theirs.connection_options() == options && same->client().core().timeout() == how.timeout;
    } else {
      is_same = is_same && ((theirs.connection_options().executor == context) && ...) &&
                theirs.connection_options().how == options && same->client().core()->retry() == how.retry &&
                same->client().core()->timeout() == how.timeout;
    }
    if (!is_same) continue;
    same->metrics()->saw_lock(lock_status::success,
                              waited > std::chrono::microseconds{50} ? waited : clock::duration{});
    return same;
  }
  if (is_shut_down_ || all.size() >= how_.max_pools) return refuse(all.size(), options.public_name());
  std::string label = number(options.public_name());
  auto made = std::make_shared<shared_pool<Client>>(std::move(label), context..., std::move(options), std::move(how));
  add(made, kind, is_shared);
  return made;
}

}  // namespace dovetail::inline v0::asyncsql

namespace dovetail::inline v0::asyncsql {

[[gnu::noinline]] inline pool_registry& pool_registry::process() {
  static pool_registry one;
  return one;
}

[[gnu::noinline]] inline void pool_registry::hold(held_pools& all) const {
  all.living.reserve(pools_.size());
  all.closed.reserve(pools_.size());
  for (const auto& each : pools_) {
    if (held alive = each.lock()) (alive->is_closed() ? all.closed : all.living).push_back(std::move(alive));
  }
}

[[gnu::noinline]] inline void pool_registry::add(const held& made, const void* kind, bool is_shared) {
  made->kind_ = kind;
  made->is_shared_ = is_shared;
  std::erase_if(pools_, [](const auto& each) { return each.expired(); });
  pools_.push_back(made);
}

[[gnu::noinline]] inline error_info pool_registry::refuse(std::size_t count, std::string_view name) const {
  std::string text;
  if (is_shut_down_) {
    dovetail::detail::append_parts(text, {"the pool registry is shutting down: no pool for '", name, "'"});
  } else {
    using dovetail::detail::number_text;
    dovetail::detail::append_parts(
        text, {"no pool for '", name, "': there are ", number_text{count}, " pools, and ", number_text{how_.max_pools},
               " are allowed; pool_registry::set_defaults allows more"});
  }
  return {make_error_code(errc::invalid_state), std::move(text)};
}

[[gnu::noinline]] inline void pool_registry::set_defaults(registry_settings how) {
  if (how.max_pools == 0) {
    dovetail::detail::throw_error({make_error_code(errc::invalid_option), "'max_pools' must be at least 1 (got 0)"});
  }
  const std::lock_guard lock{mutex_};
  how_ = how;
}

[[gnu::noinline]] inline std::size_t pool_registry::count() const {
  held_pools all;
  const std::lock_guard lock{mutex_};
  hold(all);
  return all.living.size();
}

[[gnu::noinline]] inline std::vector<std::string> pool_registry::keys() const {
  std::vector<std::string> all;
  for (const pool_info& each : pools()) all.push_back(each.label);
  for (std::size_t i = 1; i < all.size(); ++i) {  // few: insertion needs no <algorithm>
    for (std::size_t at = i; at > 0 && all[at] < all[at - 1]; --at) all[at].swap(all[at - 1]);
  }
  return all;
}

[[gnu::noinline]] inline std::vector<pool_info> pool_registry::pools() const {
  held_pools found;
  const std::lock_guard lock{mutex_};
  hold(found);
  std::vector<pool_info> all;
  for (const held& each : found.living) {
    all.push_back(
        {each->label(), static_cast<std::size_t>(each.use_count()) - 1, each->is_shared_, each->statistics()});
  }
  return all;
}

[[gnu::noinline]] inline std::size_t pool_registry::close_all() noexcept {
  held_pools all;
  {
    const std::lock_guard lock{mutex_};
    hold(all);
  }
  for (const held& each : all.living) each->close();
  return all.living.size();
}

[[gnu::noinline]] inline std::size_t pool_registry::shut_down() noexcept {
  {
    const std::lock_guard lock{mutex_};
    is_shut_down_ = true;
  }
  return close_all();
}

[[gnu::noinline]] inline std::string pool_registry::prometheus() const {
  held_pools all;
  {
    const std::lock_guard lock{mutex_};
    hold(all);
  }
  std::vector<std::pair<const sql_metrics*, pool_gauges>> shown;
  for (const held& each : all.living) {
    const pool_statistics now = each->statistics();
    shown.push_back({each->metrics().get(), {now.idle, now.active, now.max}});
  }
  return to_prometheus(shown);
}

}  // namespace dovetail::inline v0::asyncsql
