// Runs one test body over every completion style: blocking, callback, future, coroutine, most of them also as result.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace dovetail::test {

/// What a blocking verb that throws gives, as a result.
template <class T, class Call>
result<T> result_of(Call call) {
  try {
    if constexpr (std::is_void_v<T>) {
      call();
      return {};
    } else {
      return call();
    }
  } catch (const error& thrown) {
    return thrown.info();
  }
}

/// Runs `io` until `is_over()`; fails the test when nothing is left to do, or a minute has passed: sanitizers on busy
/// machines are slow.
template <class IsOver>
void run_until(asio::io_context& io, IsOver is_over) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  io.restart();
  while (!is_over()) {
    if (io.run_one_for(std::chrono::milliseconds{100}) == 0) io.restart();
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "the operation did not end";
      return;
    }
  }
}

/// One completion style. `run<T>(verb)` calls `verb(view)`, where `view` is the client seen in that style, and gives
/// what came of it as `dt::result<T>`, however the style says it.
/// `HasVariants`: the forms with as_result and a token written out too, each of which compiles every verb once more.
template <class Client, class AsyncClient, bool HasVariants = true>
class style {
 public:
  enum class kind {
    blocking,
    blocking_as_result,
    callback,
    future,
    future_as_result,
    coroutine,
    coroutine_as_result,
    coroutine_token,
  };
  static constexpr kind all[] = {
      kind::blocking,  kind::blocking_as_result,  kind::callback,       kind::future, kind::future_as_result,
      kind::coroutine, kind::coroutine_as_result, kind::coroutine_token};

  style(kind which, Client& blocking, AsyncClient& asynchronous, asio::io_context& io)
      : which_(which), blocking_(&blocking), async_(&asynchronous), io_(&io) {}

  const char* name() const {
    constexpr const char* names[] = {
        "blocking",         "blocking as_result", "callback",           "future",
        "future as_result", "co_await",           "co_await as_result", "co_await use_awaitable"};
    return names[static_cast<int>(which_)];
  }
  bool is_variant() const {
    return which_ == kind::blocking_as_result || which_ == kind::future_as_result ||
           which_ == kind::coroutine_as_result || which_ == kind::coroutine_token;
  }
  bool is_blocking() const { return which_ == kind::blocking || which_ == kind::blocking_as_result; }

  template <class T, class Verb>
  result<T> run(Verb verb) {
    switch (which_) {
      case kind::blocking:
        return result_of<T>([&]() -> T { return verb(*blocking_); });
      case kind::callback: {
        std::optional<result<T>> got;
        auto&& view = async_->with([&got](result<T> outcome) { got.emplace(std::move(outcome)); });
        verb(view);
        return finished(got);
      }
      case kind::future: {
        auto&& view = async_->with(asio::use_future);
        std::future<T> promised = verb(view);
        run_until(*io_, [&] { return promised.wait_for(std::chrono::seconds{0}) == std::future_status::ready; });
        return result_of<T>([&]() -> T { return promised.get(); });
      }
      case kind::coroutine:
        return spawn_throwing<T>(*async_, verb);
      default:
        if constexpr (HasVariants) return run_variant<T>(verb);
        return errc::invalid_state;
    }
  }

 private:
  template <class T, class Verb>
  result<T> run_variant(Verb& verb) {
    switch (which_) {
      case kind::blocking_as_result: {
        auto&& view = blocking_->with(as_result);
        return verb(view);
      }
      case kind::future_as_result: {
        auto&& view = async_->with(as_result(asio::use_future));
        std::future<result<T>> promised = verb(view);
        run_until(*io_, [&] { return promised.wait_for(std::chrono::seconds{0}) == std::future_status::ready; });
        return promised.get();
      }
      case kind::coroutine_token: {
        auto&& view = async_->with(asio::use_awaitable);
        return spawn_throwing<T>(view, verb);
      }
      case kind::coroutine_as_result: {
        std::optional<result<T>> got;
        auto&& view = async_->with(as_result);
        auto body = [&]() -> asio::awaitable<void> {
          auto outcome = co_await verb(view);
          got.emplace(std::move(outcome));
        };
        asio::co_spawn(*io_, body, asio::detached);
        return finished(got);
      }
      default:
        return errc::invalid_state;
    }
  }

  template <class T, class View, class Verb>
  result<T> spawn_throwing(View& view, Verb& verb) {
    std::optional<result<T>> got;
    auto body = [&]() -> asio::awaitable<void> {
      try {
        if constexpr (std::is_void_v<T>) {
          co_await verb(view);
          got.emplace();
        } else {
          T value = co_await verb(view);
          got.emplace(std::move(value));
        }
      } catch (const error& thrown) {
        got.emplace(thrown.info());
      }
    };
    asio::co_spawn(*io_, body, asio::detached);
    return finished(got);
  }

  template <class T>
  result<T> finished(std::optional<result<T>>& got) {
    run_until(*io_, [&] { return got.has_value(); });
    if (!got) return errc::invalid_state;
    return *std::move(got);
  }

  kind which_;
  Client* blocking_;
  AsyncClient* async_;
  asio::io_context* io_;
};

/// Calls `body(style)` once for each completion style. `blocking.with(dt::as_result)` and `asynchronous.with(token)`
/// must give views with the same verbs.
///   for_each_style(db, async_db, io, [](auto& s) {
///     dt::result<int> n = s.template run<int>([](auto&& db) { return db.template query_value<int>("select 1"); });
///   });
template <bool HasVariants = true, class Client, class AsyncClient, class Body>
void for_each_style(Client& blocking, AsyncClient& asynchronous, asio::io_context& io, Body body) {
  using each_style = style<Client, AsyncClient, HasVariants>;
  for (const auto which : each_style::all) {
    each_style one{which, blocking, asynchronous, io};
    if (!HasVariants && one.is_variant()) continue;
    SCOPED_TRACE(one.name());
    body(one);
  }
}

/// The same for blocking, callback, future and coroutine only, where the body is long and other tests have the rest.
template <class Client, class AsyncClient, class Body>
void for_each_main_style(Client& blocking, AsyncClient& asynchronous, asio::io_context& io, Body body) {
  for_each_style<false>(blocking, asynchronous, io, body);
}

}  // namespace dovetail::test
