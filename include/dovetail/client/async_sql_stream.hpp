// Rows awaited while the statement runs: bounded memory, any number of rows.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/async_hold.hpp>
#include <dovetail/client/async_stream_state.hpp>
#include <dovetail/client/handler_executor.hpp>
#include <dovetail/driver/as_result.hpp>
#include <dovetail/driver/completion.hpp>

#include <asio/awaitable.hpp>
#include <asio/use_awaitable.hpp>

#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// The rows of a query, one at a time:
/// `auto rows = co_await db.stream<city>("…"); while (city* c = co_await rows.next()) …`. Holds a connection until the
/// last row has been read or the stream goes; then what is left is ended in the background, and the connection lives
/// on. Fields may be `std::string_view` and `byte_view` here. Several rows are fetched at once; how many is the
/// database's business, some hundred kilobytes at most unless one row has more. Lifetime: a row, and what its views
/// borrow, lives until the next one is asked for. A stream of a transaction ends with it. Threads: one at a time;
/// what else happens in its transaction, its end included, may happen on another one meanwhile.
/// Cancellation: of a fetch; the stream is over then. Errors: errc::transaction_closed after the end of the
/// transaction; errc::busy while another row is awaited or, when rows have to be fetched, another statement of the
/// transaction runs: the same call can be made again. The database's own. The time limit of the client or view holds
/// for each fetch.
template <class Row, class Core, class Token>
class async_sql_stream {
  using state_type = detail::async_stream_state<Row, Core>;

 public:
  using value_type = row_value_t<Row>;

  /// A stream that is over.
  async_sql_stream() = default;
  async_sql_stream(std::shared_ptr<state_type> of, Token token) noexcept
      : state_(std::move(of)), token_(std::move(token)) {}
  async_sql_stream(async_sql_stream&&) noexcept = default;
  async_sql_stream& operator=(async_sql_stream&& other) noexcept {
    if (this == &other) return *this;
    drop();
    state_ = std::move(other.state_);
    token_ = std::move(other.token_);
    return *this;
  }
  ~async_sql_stream() { drop(); }

  /// The next row, or null at the end, in the style that the stream was opened with. A coroutine does not wait for a
  /// row that has been fetched already. (value_type*)
  auto next() {
    if constexpr (std::is_same_v<Token, asio::use_awaitable_t<>>) {
      return next_row(state_);
    } else if constexpr (std::is_same_v<Token, as_result_t>) {
      return next_result(state_);
    } else {
      return next(Token(*token_));
    }
  }
  /// The same in another style; a callback takes `dt::result<value_type*>`.
  template <class Other>
  auto next(Other&& token) {
    return async_initiate_result<value_type*>(
        [state = state_](auto handler) {
          if (state) return state->next(std::move(handler));
          state_type::post_end(std::move(handler), result<value_type*>{nullptr});
        },
        std::forward<Other>(token));
  }

  /// Used by sessions that hide columns: each row goes through it.
  void mask_with(detail::row_mask<value_type> hidden) {
    if (state_) state_->mask_with(std::move(hidden));
  }

  /// Ends the statement; the connection is back when this completes. Not needed after the last row. (void)
  auto close() { return close(Token(*token_)); }
  template <class Other>
  auto close(Other&& token) {
    return async_initiate_result<void>(
        [state = state_](auto handler) {
          if (state) return state->close(std::move(handler));
          state_type::post_end(std::move(handler), result<void>{});
        },
        std::forward<Other>(token));
  }

 private:
  static asio::awaitable<result<value_type*>> fetch(const std::shared_ptr<state_type>& state) {
    return async_initiate_result<value_type*>([state](auto handler) { state->next(std::move(handler)); }, as_result);
  }
  static asio::awaitable<value_type*> next_row(std::shared_ptr<state_type> state) {
    if (!state) co_return nullptr;
    std::optional<result<value_type*>> known = state->ready();
    if (!known) known.emplace(co_await fetch(state));
    co_return std::move(*known).value();
  }
  static asio::awaitable<result<value_type*>> next_result(std::shared_ptr<state_type> state) {
    if (!state) co_return result<value_type*>{nullptr};
    std::optional<result<value_type*>> known = state->ready();
    if (!known) known.emplace(co_await fetch(state));
    co_return *std::move(known);
  }

  void drop() noexcept {
    if (state_) std::exchange(state_, nullptr)->dropped();
  }

  std::shared_ptr<state_type> state_;
  std::optional<Token> token_;
};

namespace detail {

/// Completes the opening of a stream with the stream.
template <class Row, class Core, class Token, class Handler>
struct stream_opened {
  using state_type = async_stream_state<Row, Core>;
  using stream_type = async_sql_stream<Row, Core, Token>;
  using executor_type = asio::any_io_executor;
  using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;

  Handler handler;
  std::shared_ptr<state_type> state;  // the operation writes into its rows
  Token token;
  executor_type executor;

  executor_type get_executor() const noexcept { return executor; }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(handler);
  }
  void operator()(result<typename Core::lease> lent) {
    if (!lent) return call_handler(std::move(handler), result<stream_type>{std::move(lent).error()}, executor);
    state->opened(*std::move(lent));
    finish();
  }
  void operator()(result<void> done) {
    if (!done) return call_handler(std::move(handler), result<stream_type>{std::move(done).error()}, executor);
    if (error_info why = state->opened()) {
      return call_handler(std::move(handler), result<stream_type>{std::move(why)}, executor);
    }
    finish();
  }
  void finish() {
    call_handler(std::move(handler), result<stream_type>{stream_type{std::move(state), std::move(token)}}, executor);
  }
};

/// Opens a stream on a connection of the pool, or on that of `inside`.
template <class Row, class Core, class Request, class Token>
auto open_async_stream(std::shared_ptr<Core> core, std::shared_ptr<async_transaction_state<Core>> inside,
                       asio::any_io_executor fallback, clock::duration budget, deadline by, std::source_location where,
                       Request request, const Token& token, attempt_watcher* watch = nullptr) {
  using stream_type = async_sql_stream<Row, Core, Token>;
  return async_initiate_result<stream_type>(
      [core = std::move(core), inside = std::move(inside), fallback = std::move(fallback), budget, by, where, token,
       watch](auto handler, Request asked) mutable {
        using rows_type = typename async_stream_state<Row, Core>::rows_type;
        using op_type = sql_stream_open<rows_type, Request>;
        call how = call::within(budget, where);
        how.by = earlier(how.by, by);
        how.watch = watch;
        auto state = std::make_shared<async_stream_state<Row, Core>>(core, fallback, budget, by, where);
        op_type op{std::move(asked), &state->rows()};
        asio::any_io_executor executor = executor_for(handler, fallback);
        if (inside) state->opening(inside);
        stream_opened<Row, Core, Token, decltype(handler)> opened{std::move(handler), std::move(state),
                                                                  std::move(token), std::move(executor)};
        if (inside) {
          inside->start(std::move(op), how, std::move(opened));
        } else {
          async_hold<Core, op_type, decltype(opened)>::begin(std::move(core), std::move(fallback), how, std::move(op),
                                                             std::move(opened));
        }
      },
      Token(token), std::move(request));
}

}  // namespace detail

}  // namespace dovetail::inline v0
