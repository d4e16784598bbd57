// A client that sessions share, with its metrics, its health and its size.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/pool_report.hpp>
#include <dovetail/policy/circuit_breaker.hpp>
#include <dovetail/policy/pool.hpp>
#include <dovetail/policy/sql_metrics.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <utility>

namespace dovetail::inline v0::asyncsql {

/// What a health check found.
struct health_report {
  bool is_healthy = false;
  clock::duration latency{};  ///< from the wait for a connection to the database's answer
  error_info why{};           ///< what is wrong; empty when it is healthy
  std::chrono::system_clock::time_point when{};
  pool_statistics pool{};
};

/// Asks the database for a sign of life, on a connection of the client's pool.
template <class Client>
health_report check_health(Client& client, clock::duration wait = std::chrono::seconds{2},
                           std::source_location where = std::source_location::current()) {
  health_report found;
  found.when = std::chrono::system_clock::now();
  const clock::time_point since = clock::now();
  const deadline by = deadline::after(wait);
  if (auto on = client.core().connections().acquire(by, where)) {
    if (result<void> answer = (*on)->ping(by); !answer) found.why = std::move(answer).error();
  } else {
    found.why = std::move(on).error();
  }
  found.latency = clock::now() - since;
  found.is_healthy = !found.why;
  found.pool = client.statistics();
  return found;
}

/// One pool of a registry. Threads: all functions may be called by any thread.
class shared_pool_base {
 public:
  shared_pool_base(const shared_pool_base&) = delete;
  shared_pool_base& operator=(const shared_pool_base&) = delete;
  virtual ~shared_pool_base() { metrics_->saw_pool(pool_event::cleanup); }

  /// Server, database and user, and a number; never a secret.
  const std::string& label() const noexcept { return metrics_->pool(); }
  const std::shared_ptr<sql_metrics>& metrics() const noexcept { return metrics_; }
  const std::shared_ptr<circuit_breaker>& circuit() const noexcept { return circuit_; }

  virtual pool_statistics statistics() const = 0;
  /// Allows at most so many connections from now on: see `pool::resize`. Errors: throws errc::invalid_option for zero
  /// and for more than the pool's capacity; the pool is as before then.
  virtual void resize(std::size_t most) = 0;
  /// Refuses further statements (errc::pool_closed); connections in use are closed when they come back.
  virtual void close() noexcept = 0;
  virtual bool is_closed() const noexcept = 0;

 protected:
  explicit shared_pool_base(std::string label) : metrics_(std::make_shared<sql_metrics>(std::move(label))) {
    metrics_->saw_pool(pool_event::create);
  }

 private:
  friend class pool_registry;
  const void* kind_ = nullptr;  // the type of the client
  bool is_shared_ = true;

  std::shared_ptr<sql_metrics> metrics_;
  std::shared_ptr<circuit_breaker> circuit_ = std::make_shared<circuit_breaker>();
};

namespace detail {

/// An address for each type of client.
template <class Client>
inline constexpr char kind_of_client = 0;

template <class Core>
auto& pool_of(Core& core) noexcept {
  if constexpr (requires { core.connections(); }) {
    return core.connections();
  } else {
    return core->connections();  // of an asynchronous client
  }
}

/// What is wrong with a new size of a pool that has room for `capacity` connections.
[[gnu::cold, gnu::noinline]] inline error_info check_pool_size(std::size_t most, std::size_t capacity) {
  if (most >= 1 && most <= capacity) return {};
  using dovetail::detail::number_text;
  std::string text;
  dovetail::detail::append_parts(text,
                                 {"resize(", number_text{most},
                                  "): a pool has at least 1 connection, and this "
                                  "one has room for ",
                                  number_text{capacity}, " ('pool_capacity', or 'max_pool_size' if that is more)"});
  return {make_error_code(errc::invalid_option), std::move(text)};
}

template <class Pool>
void resize_pool(Pool& pool, std::size_t most) {
  const pool_limits may = pool.policy().limits();
  error_info wrong = check_pool_size(most, may.capacity > may.max ? may.capacity : may.max);
  if (wrong) dovetail::detail::throw_error(std::move(wrong));
  pool.resize(most);
}

}  // namespace detail

/// The pool with its client.
template <class Client>
class shared_pool final : public shared_pool_base {
 public:
  template <class... Args>
  explicit shared_pool(std::string label, Args&&... args)
      : shared_pool_base(std::move(label)), client_(std::forward<Args>(args)...) {}

  Client& client() noexcept { return client_; }
  pool_statistics statistics() const override { return client_.statistics(); }
  void resize(std::size_t most) override { detail::resize_pool(detail::pool_of(client_.core()), most); }
  void close() noexcept override { client_.close(); }
  bool is_closed() const noexcept override { return detail::pool_of(const_cast<Client&>(client_).core()).is_closed(); }

 private:
  Client client_;
};

}  // namespace dovetail::inline v0::asyncsql
