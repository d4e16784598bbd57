// The completion style without exceptions: `dt::as_result`, alone or around another completion token.
#pragma once

#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// `Token`, completed with `dt::result<T>` where it would have got a value or an exception.
template <class Token>
struct as_result_with {
  Token token;
};

/// Alone, with a blocking client: the verb returns `dt::result<T>`. With an asynchronous one: `asio::awaitable` of it.
struct as_result_t {
  constexpr as_result_t() noexcept = default;

  /// As `token`, but of `dt::result<T>`: `dt::as_result(asio::use_future)` gives `std::future<dt::result<T>>`.
  template <class Token>
  constexpr as_result_with<std::decay_t<Token>> operator()(Token&& token) const {
    return {std::forward<Token>(token)};
  }
};

inline constexpr as_result_t as_result{};

}  // namespace dovetail::inline v0
