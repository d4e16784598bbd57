// Many requests at once: dealt out to the connections of a pool, each share one after the other on its connection.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <iterator>
#include <memory>
#include <optional>
#include <source_location>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

// Qt names this: without the two lines `signal.emit(…)` would lose its name.
#pragma push_macro("emit")
#undef emit

namespace dovetail::inline v0::lensdb::detail {

/// Fewer requests than these are not worth another connection (and another thread, in a blocking client).
inline constexpr std::size_t least_share = 32;

template <class Client>
std::size_t share_count(Client& client, std::size_t requests) {
  auto&& core = client.core();
  std::size_t most = 1;
  if constexpr (requires { core->connections(); }) {
    most = core->connections().statistics().max;
  } else {
    most = core.connections().statistics().max;
  }
  return std::clamp<std::size_t>(requests / least_share, 1, (std::max<std::size_t>)(most, 1));
}

/// Calls `take(first, last)` for `shares` parts of `all` that differ by one at most; none is empty unless `all` is.
template <class T, class Take>
void deal_out(std::vector<T>& all, std::size_t shares, Take&& take) {
  for (std::size_t i = 0; i < shares; ++i) {
    const auto at = [&](std::size_t share) {
      return all.begin() + static_cast<std::ptrdiff_t>(all.size() * share / shares);
    };
    take(at(i), at(i + 1));
  }
}

/// The answers of all shares, in order, or the failure of the first that has one.
template <class Whole, class Part>
result<Whole> gather(std::vector<std::optional<result<Part>>>& parts) {
  for (std::optional<result<Part>>& each : parts) {
    if (!*each) return std::move(*each).error();
  }
  if constexpr (std::is_void_v<Whole>) {
    return {};
  } else {
    Whole whole = *std::move(*parts.front());
    for (std::size_t i = 1; i < parts.size(); ++i) {
      std::move((*parts[i])->begin(), (*parts[i])->end(), std::back_inserter(whole));
    }
    return whole;
  }
}

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
        handler_(std::move(handler)) {}

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
  }

  asio::strand<asio::any_io_executor> strand_;
  std::vector<std::optional<result<part>>> parts_;
  std::deque<asio::cancellation_signal> signals_;
  std::size_t missing_;
  Handler handler_;
};

/// Performs all shares at the same time and delivers their answers as one, in the client's style.
template <class Whole, class Client, class Operation>
auto run_shares(Client& client, std::vector<Operation> shares, std::source_location where) {
  using part = typename Operation::value_type;
  if constexpr (requires { client.get_executor(); }) {  // asynchronous
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
  } else {
    auto& core = client.core();
    const auto how = client.start_call(where);
    std::vector<std::optional<result<part>>> answers(shares.size());
    std::vector<std::exception_ptr> thrown(shares.size());  // out of memory, as a rule
    const auto perform = [&](std::size_t i) noexcept {
      try {
        answers[i].emplace(core.perform(shares[i], how));
      } catch (...) {
        thrown[i] = std::current_exception();
      }
    };
    std::vector<std::thread> others;
    std::size_t here = 1;  // this thread has the first share, and those for which there was no thread
    for (std::size_t i = shares.size() - 1; i > 0; --i) {
      try {
        others.emplace_back(perform, i);
      } catch (const std::system_error&) {
        here = i + 1;
        break;
      }
    }
    for (std::size_t i = 0; i < here; ++i) perform(i);
    for (std::thread& each : others) each.join();
    for (const std::exception_ptr& each : thrown) {
      if (each) std::rethrow_exception(each);
    }
    return client.deliver(gather<Whole>(answers));
  }
}

}  // namespace dovetail::inline v0::lensdb::detail

#pragma pop_macro("emit")
