// Performs one operation and keeps the connection: how an asynchronous transaction begins.
#pragma once

#include <dovetail/client/async_attempt.hpp>
#include <dovetail/client/transaction.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// Completes with the lease. Retried as the policy says, like every operation.
template <class Core, operation Op, class Handler>
class async_hold final : public async_attempt<Core> {
  using base = async_attempt<Core>;
  using lease = typename Core::lease;
  using connection_type = typename Core::connection_type;

 public:
  async_hold(std::shared_ptr<Core> core, asio::any_io_executor executor, const call& how, Op op, Handler handler)
      : base(std::move(core), std::move(executor), how), op_(std::move(op)), handler_(std::move(handler)) {}

  static void begin(std::shared_ptr<Core> core, asio::any_io_executor fallback, const call& how, Op op,
                    Handler handler) {
    asio::any_io_executor executor = asio::get_associated_executor(handler, fallback);
    asio::cancellation_slot slot = asio::get_associated_cancellation_slot(handler);
    auto self =
        std::make_shared<async_hold>(std::move(core), std::move(executor), how, std::move(op), std::move(handler));
    self->listen(slot);
    self->start();
  }

 private:
  void perform() override {
    auto& connection = *this->lease_;
    if constexpr (std::is_same_v<Op, sql_begin> && begins_later<connection_type>) {
      if (op_.is_later) return begin_later(connection);
    }
    connection.moved() = {};
    this->converse(kept_.begin([&] { return connection.session().start(op_); }));
  }

  /// Nothing is asked; it completes all the same not in here.
  template <class Connection>
  void begin_later(Connection& connection) {
    this->is_in_dialogue_ = false;
    if (error_info why = connection.begin_later(op_.mode)) return this->failed(std::move(why), 0);
    auto self = std::static_pointer_cast<async_hold>(this->shared_from_this());
    asio::post(this->executor_, [self = std::move(self)] { self->complete(std::move(self->lease_)); });
  }

  void performed(result<void> told) override {
    error_info why = end_dialogue(std::move(told));
    if (why) return this->failed(std::move(why), (*this->lease_).moved().sent);
    this->is_in_dialogue_ = false;
    complete(std::move(this->lease_));
  }

  /// What the operation gives is not wanted.
  error_info end_dialogue(result<void> told) noexcept {
    try {
      return kept_.end(std::move(told)).error();
    } catch (...) {
      this->lease_->close();
      return current_failure();
    }
  }

  void give_up(error_info why) override { complete(std::move(why)); }
  std::string_view name() const noexcept override { return Op::name; }
  bool is_idempotent() const noexcept override { return op_.is_idempotent(); }

  void complete(result<lease> answer) {
    auto cancellation = asio::get_associated_cancellation_slot(handler_);
    if (cancellation.is_connected()) cancellation.clear();
    std::move(handler_)(std::move(answer));
  }

  using dialogue_type = decltype(std::declval<connection_type&>().session().start(std::declval<Op&>()));

  Op op_;
  Handler handler_;
  typename kept_on<typename base::stream_type, dialogue_type>::type kept_;
};

}  // namespace dovetail::inline v0::detail
