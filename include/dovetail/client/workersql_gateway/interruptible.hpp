// Statements that an interruption ends: on SQLite by the connection's flag, on PostgreSQL by a request to cancel.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/client/core.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/codec/workersql_gateway/interruption.hpp>

#include <atomic>
#include <source_location>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

template <class Connection>
concept ends_by_flag = requires(Connection& on, const std::atomic<bool>* flag) {
  on.watch(flag);
};
template <class Connection>
concept ends_by_request = requires(Connection& on) {
  on.stop(on.who_runs());
};

/// While it lives, an interruption ends what runs on a connection. Lifetime: goes before the connection is given back,
/// and before a commit: what is about to be kept is not stopped.
template <class Connection>
class interruptible {
 public:
  explicit interruptible(interruption* by) noexcept : by_(by) {}
  interruptible(const interruptible&) = delete;
  interruptible& operator=(const interruptible&) = delete;
  ~interruptible() { end(); }

  /// Errors: errc::cancelled when it was asked for already.
  error_info begin(Connection& on) noexcept {
    if (by_ == nullptr) return {};
    on_ = &on;
    if constexpr (ends_by_flag<Connection>) on.watch(&by_->flag());
    if constexpr (ends_by_request<Connection>) {
      runs_ = on.who_runs();
      by_->watch(this, [](void* self) noexcept { static_cast<interruptible*>(self)->stop(); });
    }
    if (by_->is_requested()) return error_info{errc::cancelled};
    return {};
  }
  /// Of a transaction's connection.
  template <class Scope>
  error_info begin_in(Scope& of) {
    if (by_ == nullptr) return {};
    auto on = of.hold(of.start_call(std::source_location::current()));
    if (!on) return std::move(on).error();
    return begin(**on);
  }

  void end() noexcept {
    if (on_ == nullptr) return;
    if constexpr (ends_by_flag<Connection>) on_->watch(nullptr);
    if constexpr (ends_by_request<Connection>) by_->unwatch();
    on_ = nullptr;
  }

 private:
  struct nobody {};
  template <class C>
  static auto who_runs_of(int) -> decltype(std::declval<C&>().who_runs());
  template <class C>
  static nobody who_runs_of(long);

  void stop() noexcept {
    if constexpr (ends_by_request<Connection>) on_->stop(runs_);
  }

  interruption* by_;
  Connection* on_ = nullptr;
  [[no_unique_address]] decltype(who_runs_of<Connection>(0)) runs_{};
};

/// Performs operations as `client_core::perform` does, each under an interruption.
template <class Core>
class interruptible_client {
 public:
  interruptible_client(Core& on, deadline by, interruption* until) noexcept : on_(&on), by_(by), until_(until) {}

  template <operation Op>
  result<typename Op::value_type> run(Op op, std::source_location where) {
    const call how = by_.is_never() ? call::within(on_->timeout(), where) : call::until(by_, where);
    return until_ == nullptr ? on_->perform(op, how) : on_->perform(op, how, under{until_});
  }

 private:
  /// Around each attempt of `client_core::perform`.
  struct under {
    interruption* until;

    template <class Connection, class Attempt>
    auto around(Connection& on, Attempt attempt) -> decltype(attempt()) {
      interruptible<Connection> scope{until};
      if (error_info why = scope.begin(on)) return why;
      return attempt();
    }
    bool is_over() const noexcept { return until->is_requested(); }
  };

  Core* on_;
  deadline by_;
  interruption* until_;
};

}  // namespace dovetail::inline v0::workersql::serving
