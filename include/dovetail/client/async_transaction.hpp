// A transaction whose verbs are awaited: the client's verbs on one connection.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_executor.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <source_location>
#include <utility>

namespace dovetail::inline v0 {

/// What the body of an asynchronous `transaction` gets. One operation at a time. A connection whose transaction was
/// neither committed nor rolled back is closed, which rolls it back.
template <class Core>
class async_transaction : public Core::connection_type::template verbs<async_transaction<Core>> {
 public:
  using connection_type = typename Core::connection_type;

  async_transaction(std::shared_ptr<Core> core, typename Core::lease on, asio::any_io_executor executor, deadline by)
      : core_(std::move(core)), on_(std::move(on)), executor_(std::move(executor)), by_(by) {}

  bool is_open() const noexcept { return static_cast<bool>(on_); }
  asio::any_io_executor get_executor() const noexcept { return executor_; }

  /// For verbs: starts one operation on this transaction's connection. Never repeated. Lifetime: the transaction must
  /// stay until it has completed.
  template <operation Op>
  auto run(Op op, std::source_location where) {
    return async_initiate_result<typename Op::value_type>(
        [this, where](auto handler, Op asked) { this->start(std::move(asked), where, std::move(handler)); },
        asio::use_awaitable, std::move(op));
  }
  /// The same, completing with `dt::result`.
  template <operation Op>
  auto perform(Op op, std::source_location where) {
    return async_initiate_result<typename Op::value_type>(
        [this, where](auto handler, Op asked) { this->start(std::move(asked), where, std::move(handler)); }, as_result,
        std::move(op));
  }
  const std::shared_ptr<Core>& core() const noexcept { return core_; }
  call start_call(std::source_location where) const noexcept { return call::until(by_, where); }
  int nesting() const noexcept { return depth_ + 1; }
  void set_nesting(int depth) noexcept { depth_ = depth; }
  /// By when the operations that start from now on must be over.
  void limit(deadline by) noexcept { by_ = by; }
  bool is_aborted() const noexcept { return !on_ || !on_->is_in_transaction(); }
  void release() noexcept { on_.release(); }

 private:
  template <class Op, class Handler>
  void start(Op op, std::source_location where, Handler handler) {
    using value_type = typename Op::value_type;
    auto executor = asio::get_associated_executor(handler, executor_);
    if (is_aborted()) {
      error_info why{on_ ? errc::transaction_aborted : errc::transaction_closed};
      why.with_location(where);
      return asio::post(executor, [handler = std::move(handler), why = std::move(why)]() mutable {
        std::move(handler)(result<value_type>{std::move(why)});
      });
    }
    async_run(on_->stream(), on_->own(std::move(op)), by_, nullptr,
              located<Handler, value_type>{std::move(handler), executor, where});
  }

  /// Adds the caller's place to a failure on its way.
  template <class Handler, class T>
  struct located {
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
    Handler handler;
    asio::any_io_executor executor;
    std::source_location where;
    executor_type get_executor() const noexcept { return executor; }
    cancellation_slot_type get_cancellation_slot() const noexcept {
      return asio::get_associated_cancellation_slot(handler);
    }
    void operator()(result<T> answer) {
      if (!answer) answer.error().with_location(where);
      std::move(handler)(std::move(answer));
    }
  };

  std::shared_ptr<Core> core_;
  typename Core::lease on_;
  asio::any_io_executor executor_;
  deadline by_;
  int depth_ = 0;
};

}  // namespace dovetail::inline v0
