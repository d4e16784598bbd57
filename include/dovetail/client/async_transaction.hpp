// A transaction whose verbs are awaited: the client's verbs on one connection.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/async_transaction_state.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// Starts one operation of a transaction in the style that `token` asks for.
template <class Core, operation Op, class Token>
auto run_in_transaction(std::shared_ptr<async_transaction_state<Core>> on, Op op, clock::duration budget, deadline by,
                        std::source_location where, Token&& token) {
  return async_initiate_result<typename Op::value_type>(
      [on = std::move(on), budget, by, where](auto handler, Op asked) {
        call how = call::within(budget, where);
        how.by = earlier(how.by, by);
        on->start(std::move(asked), how, std::move(handler));
      },
      std::forward<Token>(token), std::move(op));
}

}  // namespace detail

/// A light view of an asynchronous transaction: the same verbs with another completion token or time limit.
/// Lifetime: may outlive the transaction; its operations fail with errc::transaction_closed then.
template <class Core, class Token>
class async_transaction_view : public Core::connection_type::template verbs<async_transaction_view<Core, Token>> {
  using state_type = detail::async_transaction_state<Core>;

 public:
  using connection_type = typename Core::connection_type;

  async_transaction_view(std::shared_ptr<state_type> on, clock::duration budget, deadline by, Token token)
      : on_(std::move(on)), budget_(budget), by_(by), token_(std::move(token)) {}

  /// The time that each operation may take from when it starts.
  async_transaction_view within(clock::duration budget) const {
    return {on_, budget < budget_ ? budget : budget_, by_, token_};
  }
  async_transaction_view within(deadline by) const { return {on_, budget_, earlier(by_, by), token_}; }
  template <class Other>
  async_transaction_view<Core, std::decay_t<Other>> with(Other&& token) const {
    return {on_, budget_, by_, std::forward<Other>(token)};
  }
  asio::any_io_executor get_executor() const noexcept { return on_->executor(); }

  /// For verbs.
  template <operation Op>
  auto run(Op op, std::source_location where) const {
    return detail::run_in_transaction(on_, std::move(op), budget_, by_, where, Token(token_));
  }
  const std::shared_ptr<Core>& core() const noexcept { return on_->core(); }
  const std::shared_ptr<state_type>& state() const noexcept { return on_; }
  const Token& token() const noexcept { return token_; }
  clock::duration budget() const noexcept { return budget_; }
  deadline limit() const noexcept { return by_; }
  call start_call(std::source_location where) const noexcept {
    call how = call::within(budget_, where);
    how.by = earlier(how.by, by_);
    return how;
  }

 private:
  std::shared_ptr<state_type> on_;
  clock::duration budget_;
  deadline by_;
  Token token_;
};

/// What the body of an asynchronous `transaction` gets. One operation at a time: a second one fails with errc::busy. A
/// connection whose transaction was neither committed nor rolled back is closed, which rolls it back.
template <class Core>
class async_transaction : public Core::connection_type::template verbs<async_transaction<Core>> {
  using state_type = detail::async_transaction_state<Core>;

 public:
  using connection_type = typename Core::connection_type;
  using view_type = async_transaction_view<Core, asio::use_awaitable_t<>>;

  /// `mode`: of a transaction that begins with its first statement.
  async_transaction(std::shared_ptr<Core> core, typename Core::lease on, asio::any_io_executor executor, deadline by,
                    begin_mode mode = begin_mode::automatic)
      : on_(std::make_shared<state_type>(std::move(core), std::move(on), std::move(executor), by, mode)),
        is_owner_(true) {}
  /// Of a savepoint: the transaction that it is in.
  explicit async_transaction(std::shared_ptr<state_type> outer) noexcept : on_(std::move(outer)) {}
  async_transaction(const async_transaction&) = delete;
  async_transaction& operator=(const async_transaction&) = delete;
  ~async_transaction() {
    if (is_owner_) on_->end();
  }

  /// The same transaction, its verbs with a time limit of their own, or in another completion style.
  view_type within(clock::duration budget) const { return view().within(budget); }
  view_type within(deadline by) const { return view().within(by); }
  template <class Token>
  auto with(Token&& token) const {
    return view().with(std::forward<Token>(token));
  }

  bool is_open() const noexcept { return on_->is_open(); }
  asio::any_io_executor get_executor() const noexcept { return on_->executor(); }

  /// For verbs: starts one operation on this transaction's connection. Never repeated.
  template <operation Op>
  auto run(Op op, std::source_location where) {
    return view().run(std::move(op), where);
  }
  /// The same, completing with `dt::result`.
  template <operation Op>
  auto perform(Op op, std::source_location where) {
    return view().with(as_result).run(std::move(op), where);
  }
  const std::shared_ptr<Core>& core() const noexcept { return on_->core(); }
  const std::shared_ptr<state_type>& state() const noexcept { return on_; }
  asio::use_awaitable_t<> token() const noexcept { return {}; }
  clock::duration budget() const noexcept { return (clock::duration::max)(); }
  deadline limit() const noexcept { return on_->by(); }
  call start_call(std::source_location where) const noexcept { return call::until(on_->by(), where); }
  int nesting() const noexcept { return on_->depth() + 1; }
  void set_nesting(int depth) noexcept { on_->set_depth(depth); }
  bool is_aborted() const noexcept { return on_->is_aborted(); }
  /// It is still open here, but its connection is closed.
  bool has_lost_connection() const noexcept { return on_->has_lost_connection(); }
  bool is_busy() const noexcept { return on_->is_busy(); }
  bool may_be_kept() const noexcept { return on_->may_be_kept(); }
  void release() noexcept { on_->end(); }
  view_type view() const { return {on_, (clock::duration::max)(), on_->by(), asio::use_awaitable}; }
  /// By when the operations that start from now on must be over.
  void limit(deadline by) noexcept { on_->set_by(by); }

 private:
  std::shared_ptr<state_type> on_;
  bool is_owner_ = false;
};

}  // namespace dovetail::inline v0
