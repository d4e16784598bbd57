// Completion styles of asynchronous verbs: callback, future, coroutine, `as_result` and any other Asio token.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/driver/as_result.hpp>

#include <asio/associator.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#if !defined(ASIO_HAS_CO_AWAIT)
#error "Asio does not see that this compiler has coroutines: pass -DASIO_HAS_CO_AWAIT=1 (Clang, Asio before 1.28)"
#endif

#include <concepts>
#include <exception>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// Turns `result<T>` into the pair (exception, value) that throwing tokens take.
template <class T, class Handler>
class throwing_handler {
 public:
  explicit throwing_handler(Handler&& handler) : handler_(std::move(handler)) {}

  void operator()(result<T>&& outcome) {
    if constexpr (std::is_void_v<T>) {
      std::move(handler_)(outcome ? std::exception_ptr{} : exception_of(std::move(outcome).error()));
    } else if (outcome) {
      std::move(handler_)(std::exception_ptr{}, *std::move(outcome));
    } else {
      std::move(handler_)(exception_of(std::move(outcome).error()), T{});
    }
  }
  /// An exception that is not the library's, as it was thrown.
  void operator()(std::exception_ptr thrown) {
    if constexpr (std::is_void_v<T>) {
      std::move(handler_)(std::move(thrown));
    } else {
      std::move(handler_)(std::move(thrown), T{});
    }
  }

  const Handler& inner() const noexcept { return handler_; }

 private:
  Handler handler_;
};

template <class Handler>
struct is_throwing_handler : std::false_type {};
template <class T, class Handler>
struct is_throwing_handler<throwing_handler<T, Handler>> : std::true_type {};

template <class T>
struct throwing_signature {
  using type = void(std::exception_ptr, T);
};
template <>
struct throwing_signature<void> {
  using type = void(std::exception_ptr);
};

template <class Token>
struct is_use_awaitable : std::false_type {};
template <class Executor>
struct is_use_awaitable<asio::use_awaitable_t<Executor>> : std::true_type {};

template <class Token>
struct is_as_result_with : std::false_type {};
template <class Token>
struct is_as_result_with<as_result_with<Token>> : std::true_type {};

/// A callable that takes the result and gives nothing. (Tokens like use_future are callable too, but give tokens.)
template <class Token, class T>
concept is_callback = requires(Token&& token, result<T> outcome) {
  { std::forward<Token>(token)(std::move(outcome)) } -> std::same_as<void>;
};

/// A plain function or lambda that takes something else, or gives something: no signature of ours fits, and Asio has no
/// other use for it.
template <class Token, class T>
concept is_wrong_callback =
    (std::is_function_v<std::remove_pointer_t<Token>> || requires { &Token::operator(); }) &&
    std::same_as<typename asio::async_result<Token, typename throwing_signature<T>::type>::completion_handler_type,
                 Token> &&
    !requires(Token && token, std::exception_ptr thrown) {
  requires std::is_void_v<T>;
  std::forward<Token>(token)(std::move(thrown));
}
&&!requires(Token && token, std::exception_ptr thrown, T value) {
  std::forward<Token>(token)(std::move(thrown), std::move(value));
};

/// In the compiler's message.
template <class Result>
struct this_callback_must_take {
  static constexpr bool and_give_void = false;
};

template <class T, class Executor>
asio::awaitable<T, Executor> value_or_throw(asio::awaitable<result<T>, Executor> inner) {
  result<T> outcome = co_await std::move(inner);
  co_return std::move(outcome).value();
}

/// Completes with `result<T>`, whatever the token.
template <class T, class Initiation, class Token, class... Args>
decltype(auto) initiate_with_result(Initiation&& initiation, Token&& token, Args&&... args) {
  return asio::async_initiate<Token, void(result<T>)>(std::forward<Initiation>(initiation), token,
                                                      std::forward<Args>(args)...);
}

/// Completes with the value, or throws `dt::error` in the token's own way.
template <class T, class Initiation, class Token, class... Args>
decltype(auto) initiate_with_value(Initiation&& initiation, Token&& token, Args&&... args) {
  using signature = typename throwing_signature<T>::type;
  return asio::async_initiate<Token, signature>(
      [start = std::forward<Initiation>(initiation)]<class Handler, class... Given>(Handler&& handler,
                                                                                    Given&&... given) mutable {
        std::move(start)(throwing_handler<T, std::decay_t<Handler>>{std::forward<Handler>(handler)},
                         std::forward<Given>(given)...);
      },
      token, std::forward<Args>(args)...);
}

}  // namespace detail

/// Starts an operation in the style that `token` asks for. `initiation(handler, args...)` gets a handler that takes
/// `dt::result<T>` and carries the executor, allocator and cancellation slot of the token; `args` are kept by value
/// when the operation starts later (coroutines, deferred).
///   a callable with `dt::result<T>`   called with it
///   asio::use_awaitable               T, or throws dt::error where it is awaited
///   asio::use_future                  std::future<T>
///   dt::as_result                     asio::awaitable<dt::result<T>>
///   dt::as_result(token)              as `token`, of dt::result<T>
///   any other token                   as if the operation completed with (std::exception_ptr, T)
template <class T, class Initiation, class Token, class... Args>
decltype(auto) async_initiate_result(Initiation&& initiation, Token&& token, Args&&... args) {
  using plain = std::decay_t<Token>;
  if constexpr (std::is_same_v<plain, as_result_t>) {
    return detail::initiate_with_result<T>(std::forward<Initiation>(initiation), asio::use_awaitable,
                                           std::forward<Args>(args)...);
  } else if constexpr (detail::is_as_result_with<plain>::value) {
    return detail::initiate_with_result<T>(std::forward<Initiation>(initiation), std::forward<Token>(token).token,
                                           std::forward<Args>(args)...);
  } else if constexpr (detail::is_callback<plain, T>) {
    return detail::initiate_with_result<T>(std::forward<Initiation>(initiation), std::forward<Token>(token),
                                           std::forward<Args>(args)...);
  } else if constexpr (detail::is_wrong_callback<plain, T>) {
    static_assert(detail::this_callback_must_take<result<T>>::and_give_void,
                  "dovetail: this callback must take the dt::result<…> that is named here, and give nothing");
  } else if constexpr (std::is_void_v<T> || std::default_initializable<T>) {
    return detail::initiate_with_value<T>(std::forward<Initiation>(initiation), std::forward<Token>(token),
                                          std::forward<Args>(args)...);
  } else {
    static_assert(detail::is_use_awaitable<plain>::value,
                  "this token needs a default-constructible result; use dt::as_result(token)");
    return detail::value_or_throw<T>(detail::initiate_with_result<T>(
        std::forward<Initiation>(initiation), std::forward<Token>(token), std::forward<Args>(args)...));
  }
}

}  // namespace dovetail::inline v0

/// @cond
// Executor, allocator, cancellation slot and whatever else Asio asks of a handler: those of the handler inside.
template <template <typename, typename> class Associator, class T, class Handler, class Default>
struct asio::associator<Associator, dovetail::detail::throwing_handler<T, Handler>, Default>
    : Associator<Handler, Default> {
  using type = typename Associator<Handler, Default>::type;
  static type get(const dovetail::detail::throwing_handler<T, Handler>& handler) noexcept {
    return Associator<Handler, Default>::get(handler.inner());
  }
  static type get(const dovetail::detail::throwing_handler<T, Handler>& handler, const Default& fallback) noexcept {
    return Associator<Handler, Default>::get(handler.inner(), fallback);
  }
};
/// @endcond
