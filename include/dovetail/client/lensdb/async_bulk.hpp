// Many requests at once, asynchronously: all shares are under way together, and their answers are delivered as one.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/lensdb/bulk.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>
#include <vector>

// Qt names this: without the two lines `signal.emit(…)` would lose its name.
#pragma push_macro("emit")
#undef emit

namespace dovetail::inline v0::lensdb::detail {

/// The shares of an asynchronous call, and whom to tell. Everything runs on one strand.
template <class Whole, class Operation, class Handler>
class share_group : public std::enable_shared_from_this<share_group<Whole, Operation, Handler>> {
 public:
  using part = typename Operation::value_type;

  share_group(asio::any_io_executor runs_on, std::size_t shares, Handler handler)
      : strand_(asio::make_strand(std::move(runs_on))),
        parts_(shares),
        signals_(shares),
        missing_(shares),
        handler_(std::move(handler)),
        busy_(asio::make_work_guard(handler_, strand_.get_inner_executor())) {}

  template <class View>
  void start(const View& view, std::vector<Operation> shares, std::source_location where) {
    if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected()) {
      slot.assign([weak = this->weak_from_this()](asio::cancellation_type type) {
        const auto self = weak.lock();
        if (!self) return;
        asio::post(self->strand_, [self, type] {
          for (asio::cancellation_signal& each : self->signals_) each.emit(type);
        });
      });
    }
    asio::post(strand_, [self = this->shared_from_this(), view, shares = std::move(shares), where]() mutable {
      for (std::size_t i = 0; i < shares.size(); ++i) {
        auto done = [self, i](result<part> answer) { self->take(i, std::move(answer)); };
        view.with(asio::bind_cancellation_slot(self->signals_[i].slot(), asio::bind_executor(self->strand_, done)))
            .run(std::move(shares[i]), where);
      }
    });
  }

 private:
  void take(std::size_t i, result<part> answer) {
    parts_[i].emplace(std::move(answer));
    if (--missing_ != 0) return;
    if (auto slot = asio::get_associated_cancellation_slot(handler_); slot.is_connected()) slot.clear();
    auto executor = asio::get_associated_executor(handler_, strand_.get_inner_executor());
    asio::dispatch(executor, [handler = std::move(handler_), whole = gather<Whole>(parts_)]() mutable {
      std::move(handler)(std::move(whole));
    });
    busy_.reset();
  }

  asio::strand<asio::any_io_executor> strand_;
  std::vector<std::optional<result<part>>> parts_;
  std::deque<asio::cancellation_signal> signals_;
  std::size_t missing_;
  Handler handler_;
  // The handler's executor is not out of work while the answers are under way elsewhere.
  asio::executor_work_guard<asio::associated_executor_t<Handler, asio::any_io_executor>> busy_;
};

template <class Whole>
struct async_shares {
  template <class Client, class Operation>
  static auto run(Client& client, std::vector<Operation> shares, std::source_location where) {
    const auto view = [&] {
      if constexpr (requires { client.view(); }) {
        return client.view();
      } else {
        return client;
      }
    }();
    return async_initiate_result<Whole>(
        [view, where](auto handler, std::vector<Operation> parts) {
          using group = share_group<Whole, Operation, decltype(handler)>;
          const std::size_t count = parts.size();
          auto made = std::make_shared<group>(view.get_executor(), count, std::move(handler));
          made->start(view, std::move(parts), where);
        },
        std::decay_t<decltype(client.token())>(client.token()), std::move(shares));
  }
};

}  // namespace dovetail::inline v0::lensdb::detail

#pragma pop_macro("emit")
