// LISTEN for asynchronous clients: notifications that are awaited, on a connection of their own.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/postgres/listen_call.hpp>
#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/driver/await_pause.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/use_awaitable.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres {
namespace detail {

/// The connection of a listener; kept by what runs on it.
template <class Core>
struct listener {
  listener(std::shared_ptr<Core> of, std::string text, std::source_location place)
      : core(std::move(of)), on(core->connections().connection_options()), listen{std::move(text)}, where(place) {}

  std::shared_ptr<Core> core;
  typename Core::connection_type on;
  listen_channels listen;
  std::source_location where;
  bool is_listening = false;
  bool is_closed = false;
};

template <class Connection, class Machine>
asio::awaitable<result<typename Machine::value_type>> await_dialogue(Connection& on, Machine dialogue, deadline by) {
  return async_initiate_result<typename Machine::value_type>(
      [&on, by](auto handler, Machine asked) {
        async_run(on.stream(), std::move(asked), by, &on.moved(), std::move(handler));
      },
      as_result, std::move(dialogue));
}

/// Connects and listens.
template <class Core>
asio::awaitable<error_info> await_listening(std::shared_ptr<listener<Core>> at) {
  const call how = call::within(at->core->timeout(), at->where);
  for (int attempt = 1;; ++attempt) {
    at->on.close();
    result<void> done = co_await await_dialogue(at->on, at->on.session().open(how.by), how.by);
    if (done && !at->is_closed) {
      done = co_await await_dialogue(at->on, at->on.session().start(at->listen), how.by);
    }
    if (at->is_closed) {
      at->on.close();
      co_return error_info{errc::cancelled};
    }
    if (done) {
      at->is_listening = true;
      co_return error_info{};
    }
    at->on.close();
    error_info why = std::move(done).error();
    const v0::verdict next = at->core->judge(why, listen_channels::name, attempt, true, 0, how);
    if (!next.repeat) co_return why;
    v0::detail::pause_timer<Core> pause{co_await asio::this_coro::executor, next.delay};
    co_await pause.async_wait(asio::use_awaitable);
  }
}

template <class Core>
asio::awaitable<std::optional<notification>> await_notification(std::shared_ptr<listener<Core>> at, deadline by) {
  if (at->is_closed) co_return std::nullopt;
  if (at->is_listening) {
    result<notification> came =
        co_await await_dialogue(at->on, wait_notification_dialogue{at->on.session().wire()}, by);
    if (at->is_closed) co_return std::nullopt;
    if (came) co_return *std::move(came);
    if (came.error().code() == errc::deadline_passed) co_return std::nullopt;
    if (came.error().code() == errc::cancelled) v0::detail::throw_error(came.error().with_location(at->where));
    at->is_listening = false;
  }
  error_info failure = co_await await_listening(at);
  if (at->is_closed) co_return std::nullopt;
  if (failure) v0::detail::throw_error(std::move(failure));
  notification gap;
  gap.after_reconnect = true;
  co_return gap;
}

}  // namespace detail

/// What `listen` of an asynchronous client gives. It has a connection of its own, which the pool does not count; when
/// the object goes, the server forgets it. Threads: one at a time. Lifetime: may outlive its client.
template <class Core>
class async_notifications {
 public:
  explicit async_notifications(std::shared_ptr<detail::listener<Core>> at) noexcept : at_(std::move(at)) {}
  async_notifications(async_notifications&&) noexcept = default;
  async_notifications& operator=(async_notifications&& other) noexcept {
    close();
    at_ = std::move(other.at_);
    return *this;
  }
  ~async_notifications() { close(); }

  /// `while (auto came = co_await notifications.next()) …`: the next one, however long it takes; nothing after
  /// `close()`. A connection that was lost is made again, as the retry policy says; then comes one whose
  /// `after_reconnect` says that there was a gap: look at what it is all about.
  /// Errors: throws `dt::error` when it cannot be made again; the next call tries once more.
  /// Cancellation: nothing is lost; the next call goes on.
  asio::awaitable<std::optional<notification>> next() { return detail::await_notification(at_, deadline::never()); }
  /// The same; nothing when none came in time, too. Connecting again takes at most the client's time limit.
  asio::awaitable<std::optional<notification>> next(clock::duration wait) {
    return detail::await_notification(at_, deadline::after(wait));
  }
  bool is_open() const noexcept { return at_ != nullptr && !at_->is_closed; }
  /// Ends a `next()` that waits, too.
  void close() noexcept {
    if (!at_) return;
    at_->is_closed = true;
    at_->on.close();
  }

 private:
  std::shared_ptr<detail::listener<Core>> at_;
};

namespace detail {

template <class Core>
asio::awaitable<result<async_notifications<Core>>> await_listen(std::shared_ptr<Core> core, result<std::string> text,
                                                                std::source_location where) {
  if (!text) co_return std::move(text).error().with_location(where);
  auto at = std::make_shared<listener<Core>>(std::move(core), *std::move(text), where);
  if (error_info failure = co_await await_listening(at)) co_return failure;
  co_return async_notifications<Core>{std::move(at)};
}

}  // namespace detail

/// Part of the asynchronous client's verbs.
template <class Self, class Base>
class async_listen_verbs : public Base {
 public:
  /// `auto notifications = co_await db.listen("channel")`: as `listen` of the blocking client; several channels as
  /// `listen("a", "b")`. Completion: an awaitable, with `dt::as_result` one of `dt::result`.
  template <std::convertible_to<std::string_view>... More>
  auto listen(channel_name first, const More&... more) {
    const std::string_view all[] = {first.text, more...};
    return listen_to(all, first.where);
  }

 private:
  auto listen_to(std::span<const std::string_view> channels, std::source_location where) {
    static_assert(!v0::detail::inside_async_transaction<Self>, "a client listens, not a transaction");
    Self& self = this->self();
    using token_type = std::remove_cvref_t<decltype(self.token())>;
    static_assert(std::is_same_v<token_type, as_result_t> || v0::detail::is_use_awaitable<token_type>::value,
                  "notifications are awaited");
    auto running = detail::await_listen(self.core(), detail::listen_text(channels), where);
    if constexpr (std::is_same_v<token_type, as_result_t>) {
      return running;
    } else {
      return v0::detail::value_or_throw(std::move(running));
    }
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
