// What a blocking session is made of, and the turns of its threads in the manual transaction.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/asyncsql/session_transaction.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/policy/sql_metrics.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <thread>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// Says of the calling thread, while it lives, that it is in the body of a transaction that `session` runs.
class session_body {
 public:
  explicit session_body(const void* session) noexcept : session_(session), outer_(innermost()) { innermost() = this; }
  session_body(const session_body&) = delete;
  session_body& operator=(const session_body&) = delete;
  ~session_body() { innermost() = outer_; }

  static bool is_of(const void* session) noexcept {
    for (const session_body* each = innermost(); each != nullptr; each = each->outer_) {
      if (each->session_ == session) return true;
    }
    return false;
  }

 private:
  static const session_body*& innermost() noexcept {
    static thread_local const session_body* found = nullptr;
    return found;
  }

  const void* session_;
  const session_body* outer_;
};

template <class Client, class Guard>
struct session_state {
  using transaction_type = session_transaction<typename Client::core_type, Guard>;

  session_state(std::shared_ptr<Client> of, session_settings settings, Guard by, std::shared_ptr<sql_metrics> metrics,
                std::shared_ptr<circuit_breaker> circuit)
      : client(std::move(of)), context{std::move(settings), std::move(by), std::move(metrics), std::move(circuit)} {
    if (!context.circuit) context.circuit = std::make_shared<circuit_breaker>();
    if (!context.metrics) {
      context.metrics = std::make_shared<sql_metrics>(context.how.name, context.how.monitor.kept_slow_queries);
    }
    context.metrics->saw_pool(pool_event::acquire);
  }

  /// Whether this thread is in the body of a transaction of this session: calls of the session would go past it.
  bool is_in_body() const noexcept { return session_body::is_of(this); }
  bool is_mine() const noexcept { return holder.load(std::memory_order_relaxed) == std::this_thread::get_id(); }

  std::shared_ptr<Client> client;
  session_context<Guard> context;
  std::mutex mutex;  // of the manual transaction
  std::optional<transaction_type> manual;
  std::atomic<std::thread::id> holder{};  // who has the mutex
  std::atomic<bool> is_in_manual{false};  // whether `manual` is there, for who has no turn
  std::atomic<bool> is_closed{false};
};

/// The turn of one thread; the wait is the session's lock contention.
template <class State>
class session_turn {
 public:
  session_turn(State& of, const call& how) : of_(of) {
    if (of.is_mine()) {  // a second turn of one thread would wait for its own end
      refused_ = used_inside(how.where);
      return;
    }
    clock::duration waited{};
    lock_ = std::unique_lock{of.mutex, std::try_to_lock};
    if (!lock_.owns_lock()) {
      const clock::time_point since = clock::now();
      while (!lock_.try_lock() && !how.by.has_passed()) std::this_thread::sleep_for(std::chrono::microseconds{200});
      waited = clock::now() - since;
    }
    of.context.metrics->saw_lock(lock_.owns_lock() ? lock_status::success : lock_status::timeout, waited);
    if (!lock_.owns_lock()) {
      refused_ =
          misuse("another thread's statement in the transaction took too long", how.where, errc::deadline_passed);
      return;
    }
    of.holder.store(std::this_thread::get_id(), std::memory_order_relaxed);
    of.context.metrics->lock_taken();
    if (of.is_closed) refused_ = misuse("the session is closed", how.where, errc::transaction_closed);
  }
  session_turn(const session_turn&) = delete;
  session_turn& operator=(const session_turn&) = delete;
  ~session_turn() {
    if (!lock_.owns_lock()) return;
    if (of_.is_closed) of_.manual.reset();  // by who had this turn: rolls back
    of_.is_in_manual = of_.manual.has_value();
    of_.holder.store({}, std::memory_order_relaxed);
    of_.context.metrics->lock_released();
  }

  explicit operator bool() const noexcept { return !refused_; }
  error_info refused() { return std::move(refused_); }

 private:
  State& of_;
  std::unique_lock<std::mutex> lock_;
  error_info refused_;
};

}  // namespace dovetail::inline v0::asyncsql::detail
