// How an asynchronous transaction begins on the server: with its first statement, on another connection if need be.
#pragma once

#include <dovetail/client/async_attempt.hpp>
#include <dovetail/client/transaction.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// Performs `Op` on a connection that is to begin a transaction with it (`begins_later`), or the beginning alone. While
/// it is the beginning that fails, it is tried again as the policy says. Afterwards `Done` gets the answer, and the
/// connection; none when the beginning has failed for good.
template <class Core, operation Op, class Done>
class async_beginning final : public async_attempt<Core> {
  using base = async_attempt<Core>;
  using connection_type = typename Core::connection_type;
  using lease = typename Core::lease;
  using value_type = typename Op::value_type;
  static constexpr bool is_alone = std::is_same_v<Op, sql_begin>;

 public:
  async_beginning(std::shared_ptr<Core> core, asio::any_io_executor executor, const call& how, begin_mode mode, Op op,
                  Done done)
      : base(std::move(core), std::move(executor), how), op_(std::move(op)), done_(std::move(done)), mode_(mode) {}

  /// Nothing completes in here. Errors: throws what cannot begin; the connection is closed then.
  static void begin(std::shared_ptr<Core> core, asio::any_io_executor executor, const call& how, begin_mode mode,
                    lease on, Op op, Done done) {
    asio::cancellation_slot slot = asio::get_associated_cancellation_slot(done);
    auto self = std::make_shared<async_beginning>(std::move(core), std::move(executor), how, mode, std::move(op),
                                                  std::move(done));
    self->listen(slot);
    self->lease_ = std::move(on);
    self->is_in_dialogue_ = true;
    self->perform();
  }

 private:
  void perform() override {
    connection_type& connection = *this->lease_;
    connection.moved() = {};
    if constexpr (is_alone) {
      connection.drop_begin();
    } else if (!connection.is_begin_pending()) {
      static_cast<void>(connection.begin_later(mode_));  // the mode was taken before
    }
    this->converse(kept_.begin([&] { return connection.session().start(op_); }));
  }

  void performed(result<void> told) override {
    result<value_type> answer = end_dialogue(std::move(told));
    connection_type& connection = *this->lease_;
    if (!answer && (is_alone || connection.has_begin_failed())) {
      return this->failed(std::move(answer).error(), connection.moved().sent);
    }
    this->is_in_dialogue_ = false;
    complete(std::move(answer), std::move(this->lease_));
  }

  result<value_type> end_dialogue(result<void> told) noexcept {
    try {
      return kept_.end(std::move(told));
    } catch (...) {  // of the value's move, or memory that is not there
      this->lease_->close();
      return current_failure();
    }
  }

  void give_up(error_info why) override { complete(std::move(why), {}); }
  std::string_view name() const noexcept override { return sql_begin::name; }
  bool is_idempotent() const noexcept override { return true; }

  void complete(result<value_type> answer, lease on) {
    auto cancellation = asio::get_associated_cancellation_slot(done_);
    if (cancellation.is_connected()) cancellation.clear();
    std::move(done_)(std::move(answer), std::move(on));
  }

  using dialogue_type = decltype(std::declval<connection_type&>().session().start(std::declval<Op&>()));

  Op op_;
  Done done_;
  begin_mode mode_;
  typename kept_on<typename base::stream_type, dialogue_type>::type kept_;
};

}  // namespace dovetail::inline v0::detail
