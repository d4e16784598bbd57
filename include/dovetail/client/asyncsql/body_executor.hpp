// The executor of a transaction's body: by it an awaited session knows the coroutines that run in its own body.
#pragma once

#include <dovetail/client/sql_async_verbs.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/execution.hpp>
#include <asio/execution_context.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>
#include <asio/system_executor.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// One run of a body. Threads: any.
struct body_mark {
  const void* session = nullptr;
  std::shared_ptr<const body_mark> around{};  ///< of the body that this one runs in, of the same session or another
  std::atomic<bool> is_over{false};
};

/// Runs what it is given on the executor around the body, and remembers whose body it is.
class body_executor {
 public:
  body_executor(asio::any_io_executor on, std::shared_ptr<const body_mark> mark) noexcept
      : on_(std::move(on)), mark_(std::move(mark)) {}

  const std::shared_ptr<const body_mark>& mark() const noexcept { return mark_; }

  template <class Property>
  requires asio::can_query<const asio::any_io_executor&, Property>::value decltype(auto) query(
      const Property& property) const {
    return asio::query(on_, property);
  }
  template <class Property>
    requires asio::can_require<const asio::any_io_executor&, Property>::value body_executor
    require(const Property& property)
  const { return {asio::require(on_, property), mark_}; }
  template <class Property>
    requires asio::can_prefer<const asio::any_io_executor&, Property>::value body_executor
    prefer(const Property& property)
  const { return {asio::prefer(on_, property), mark_}; }
  template <class Fn>
  void execute(Fn&& fn) const {
    on_.execute(std::forward<Fn>(fn));
  }
  friend bool operator==(const body_executor& a, const body_executor& b) noexcept {
    return a.mark_ == b.mark_ && a.on_ == b.on_;
  }
  friend bool operator!=(const body_executor& a, const body_executor& b) noexcept { return !(a == b); }

 private:
  asio::any_io_executor on_;
  std::shared_ptr<const body_mark> mark_;
};

/// The body executor that this one is; null when it is another. (What `target` of older Asio gives is not checked.)
inline const body_executor* as_body_executor(const asio::any_io_executor& executor) noexcept {
  static const asio::any_io_executor sample{body_executor{asio::system_executor{}, nullptr}};
  return executor.target_type() == sample.target_type() ? executor.target<body_executor>() : nullptr;
}

/// Whether a coroutine of this executor is in the body of a transaction that `session` runs.
inline bool is_in_body(const asio::any_io_executor& executor, const void* session) noexcept {
  const body_executor* const found = as_body_executor(executor);
  const body_mark* each = found == nullptr ? nullptr : found->mark().get();
  while (each != nullptr && (each->session != session || each->is_over)) each = each->around.get();
  return each != nullptr;
}

/// Marks the coroutines of a body while it lives.
class body_marker {
 public:
  body_marker(const void* session, asio::any_io_executor around) : mark_(std::make_shared<body_mark>()) {
    mark_->session = session;
    if (const body_executor* const outer = as_body_executor(around)) mark_->around = outer->mark();
    on_ = body_executor{std::move(around), mark_};
  }
  body_marker(const body_marker&) = delete;
  body_marker& operator=(const body_marker&) = delete;
  ~body_marker() { mark_->is_over = true; }

  const asio::any_io_executor& executor() const noexcept { return on_; }

 private:
  std::shared_ptr<body_mark> mark_;
  asio::any_io_executor on_;
};

/// What `await_body` does, in a coroutine of its own: whatever cancels the caller reaches it.
template <class T, class Transaction, class Fn>
asio::awaitable<dovetail::detail::body_outcome<T>> run_marked(Transaction& tx, Fn& body) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_return co_await dovetail::detail::await_body<T>(tx, body);
}

/// Awaits `body(tx)` as `session`'s. (No temporary with a destructor stands in its co_await: GCC 12 destroys those
/// twice.)
template <class T, class Transaction, class Fn>
asio::awaitable<dovetail::detail::body_outcome<T>> await_marked(const void* session, Transaction& tx, Fn& body) {
  const asio::any_io_executor around = co_await asio::this_coro::executor;
  const body_marker marker{session, around};
  auto running = run_marked<T>(tx, body);
  auto outcome = co_await asio::co_spawn(marker.executor(), std::move(running), asio::use_awaitable);
  co_return outcome;
}

}  // namespace dovetail::inline v0::asyncsql::detail
