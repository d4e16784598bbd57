// Performs one operation and keeps the connection: how an asynchronous transaction begins.
#pragma once

#include <dovetail/client/async_attempt.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

/// Completes with the lease. Retried as the policy says, like every operation.
template <class Core, operation Op, class Handler>
class async_hold final : public async_attempt<Core> {
  using base = async_attempt<Core>;
  using lease = typename Core::lease;

 public:
  async_hold(std::shared_ptr<Core> core, asio::any_io_executor executor, const call& how, Op op, Handler handler)
      : base(std::move(core), std::move(executor), how), op_(std::move(op)), handler_(std::move(handler)) {}

  static void begin(std::shared_ptr<Core> core, asio::any_io_executor fallback, const call& how, Op op,
                    Handler handler) {
    asio::any_io_executor executor = asio::get_associated_executor(handler, fallback);
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto self =
        std::make_shared<async_hold>(std::move(core), std::move(executor), how, std::move(op), std::move(handler));
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<async_hold>{self->shared()}](asio::cancellation_type type) {
        if (const auto alive = weak.lock()) alive->cancel(type);
      });
    }
    self->start();
  }

 private:
  std::shared_ptr<async_hold> shared() { return std::static_pointer_cast<async_hold>(this->shared_from_this()); }

  void perform() override {
    auto& connection = *this->lease_;
    connection.moved() = {};
    const auto next = [](async_hold& self, result<typename Op::value_type> answer) {
      if (!answer) return self.failed(std::move(answer).error(), (*self.lease_).moved().sent);
      self.is_in_dialogue_ = false;
      self.complete(std::move(self.lease_));
    };
    async_run(connection.stream(), connection.session().start(op_), this->how_.by, &connection.moved(),
              typename base::template step<async_hold, decltype(next)>{shared(), next});
  }

  void give_up(error_info why) override { complete(std::move(why)); }
  std::string_view name() const noexcept override { return Op::name; }
  bool is_idempotent() const noexcept override { return op_.is_idempotent(); }

  void complete(result<lease> answer) {
    auto cancellation = asio::get_associated_cancellation_slot(handler_);
    if (cancellation.is_connected()) cancellation.clear();
    std::move(handler_)(std::move(answer));
  }

  friend typename base::template step<async_hold, void>;

  Op op_;
  Handler handler_;
};

}  // namespace dovetail::inline v0::detail
