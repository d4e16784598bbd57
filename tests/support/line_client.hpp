// A client of the line dialogues over any transport, blocking and asynchronous: the least that has all styles.
#pragma once

#include <dovetail/driver/as_result.hpp>
#include <dovetail/driver/async_run.hpp>
#include <dovetail/driver/completion.hpp>
#include <dovetail/driver/run.hpp>

#include <support/dialogues.hpp>

#include <string>
#include <utility>

namespace dovetail::test {

template <class Transport>
class line_client {
 public:
  explicit line_client(typename Transport::endpoint peer) : stream(std::move(peer)) {}

  struct result_view {
    line_client* self;
    result<void> open() { return run(self->stream, open_line{self->session}, self->by(), self->moved); }
    result<std::string> exchange(std::string line) {
      return run(self->stream, exchange_lines{self->session, line}, self->by(), self->moved);
    }
    result<std::unique_ptr<std::string>> exchange_boxed(std::string line) {
      return run(self->stream, boxed_exchange{self->session, line}, self->by(), self->moved);
    }
  };
  result_view with(as_result_t) { return {this}; }
  void open() { result_view{this}.open().value(); }
  std::string exchange(std::string line) { return result_view{this}.exchange(std::move(line)).value(); }
  std::unique_ptr<std::string> exchange_boxed(std::string line) {
    return result_view{this}.exchange_boxed(std::move(line)).value();
  }

  deadline by() const { return deadline::after(budget); }

  typename Transport::stream stream;
  line_session session;
  traffic moved;
  clock::duration budget = std::chrono::seconds{60};
};

template <class Transport>
class async_line_client {
 public:
  async_line_client(asio::any_io_executor executor, typename Transport::endpoint peer)
      : stream(std::move(executor), std::move(peer)) {}

  template <class Token>
  struct view {
    async_line_client* self;
    Token token;
    auto open() {
      return async_initiate_result<void>(
          [self = self](auto handler) {
            async_run(self->stream, open_line{self->session}, self->by(), &self->moved, std::move(handler));
          },
          token);
    }
    auto exchange(std::string line) {
      return async_initiate_result<std::string>(
          [self = self](auto handler, std::string text) {
            async_run(self->stream, exchange_lines{self->session, text}, self->by(), &self->moved, std::move(handler));
          },
          token, std::move(line));
    }
    auto exchange_boxed(std::string line) {
      return async_initiate_result<std::unique_ptr<std::string>>(
          [self = self](auto handler, std::string text) {
            async_run(self->stream, boxed_exchange{self->session, text}, self->by(), &self->moved, std::move(handler));
          },
          token, std::move(line));
    }
  };
  template <class Token>
  view<Token> with(Token token) {
    return {this, std::move(token)};
  }
  auto open() { return with(asio::use_awaitable).open(); }
  auto exchange(std::string line) { return with(asio::use_awaitable).exchange(std::move(line)); }
  auto exchange_boxed(std::string line) { return with(asio::use_awaitable).exchange_boxed(std::move(line)); }

  deadline by() const { return deadline::after(budget); }

  async_stream<Transport> stream;
  line_session session;
  traffic moved;
  clock::duration budget = std::chrono::seconds{60};
};

}  // namespace dovetail::test
