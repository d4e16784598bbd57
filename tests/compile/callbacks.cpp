// Callbacks that take something else than the operation's result.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/driver/completion.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detached.hpp>
#include <asio/use_future.hpp>

#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace dt = dovetail;

template <class T, class Token>
void start(Token&& token) {
  static_cast<void>(dt::async_initiate_result<T>([](auto&&) {}, std::forward<Token>(token)));
}

int main() {
#if CASE == 0
  asio::cancellation_signal stop;
  start<std::string>([](dt::result<std::string>) {});
  start<std::string>([](auto&&) {});
  start<std::string>([](std::exception_ptr, std::string) {});
  start<void>([](std::exception_ptr) {});
  start<void>(+[](dt::result<void>) {});
  start<std::string>(asio::use_future);
  start<std::string>(asio::detached);
  start<std::string>(dt::as_result([](dt::result<std::string>) {}));
  start<std::string>(asio::bind_cancellation_slot(stop.slot(), [](dt::result<std::string>) {}));
#elif CASE == 1  // expect: this callback must take the dt::result
                 // expect: this_callback_must_take<dovetail::result<std::vector<int
  start<std::vector<int>>([](dt::result<std::string>) {});
#elif CASE == 2  // expect: this callback must take the dt::result
                 // expect: this_callback_must_take<dovetail::result<void>
  start<void>([](dt::result<int>) {});
#elif CASE == 3  // expect: and give nothing
  start<int>([](dt::result<int> given) { return static_cast<bool>(given); });
#elif CASE == 4  // expect: this callback must take the dt::result
  start<int>(+[](int) {});
#endif
}
