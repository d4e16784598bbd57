// The connection of asynchronous WorkerSQL clients: the same session and dialogues, on a stream bound to an executor.
#pragma once

#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/client/workersql/connection.hpp>
#include <dovetail/transport/async_stream.hpp>

#include <asio/any_io_executor.hpp>

#include <optional>
#include <utility>

namespace dovetail::inline v0::workersql {

namespace detail {

/// A dialogue and the operation that it performs: for transactions, whose operations live with it. The dialogue is made
/// when the operation stays where it is.
template <class Op>
class owned_operation {
  using dialogue_type = decltype(std::declval<client_session&>().start(std::declval<Op&>()));

 public:
  using value_type = typename Op::value_type;

  owned_operation(client_session& on, Op op) noexcept : on_(&on), op_(std::move(op)) {}

  action resume(const event& ev) {
    if (!running_) running_.emplace(on_->start(op_));
    return running_->resume(ev);
  }
  error_info failure(std::error_code ec) { return running_ ? failure_of(*running_, ec) : error_info{ec}; }
  value_type value() && { return std::move(*running_).value(); }

 private:
  client_session* on_;
  Op op_;
  std::optional<dialogue_type> running_;
};

}  // namespace detail

/// One kept-alive connection to a gateway. One operation at a time.
class async_connection {
 public:
  /// What the blocking connection says of connection strings.
  using wire = workersql::connection;

  struct options {
    workersql::options how;
    asio::any_io_executor executor;
  };

  template <class Self>
  using verbs = extra_verbs<Self, sql_async_verbs<Self, dialect::sqlite>>;
  template <class Row>
  using stream_rows = detail::stream_state<Row>;

  /// For the client, as the next: see `client_core::keeps_answers`.
  static bool may_keep_answers(const options& with) noexcept { return with.how.cache != nullptr; }
  template <class Op>
  static auto kept_answer(const options& with, const Op& op) -> decltype(detail::kept_answer(with.how, op)) {
    return detail::kept_answer(with.how, op);
  }

  explicit async_connection(const options& with) : session_(with.how), stream_(with.executor, endpoint_of(with.how)) {}

  session_health health() const noexcept {
    return stream_.is_open() ? session_.wire().health() : session_health::closed;
  }
  clock::duration asked_pause() const noexcept { return session_.wire().asked_pause(); }
  void close() noexcept { stream_.close(); }

  bool is_in_transaction() const noexcept { return health() == session_health::in_transaction; }
  /// A dialogue that keeps its operation.
  template <class Op>
  detail::owned_operation<Op> own(Op op) {
    return {session_, std::move(op)};
  }
  async_stream<transport>& stream() noexcept { return stream_; }
  detail::client_session& session() noexcept { return session_; }
  traffic& moved() noexcept { return moved_; }

 private:
  detail::client_session session_;
  async_stream<transport> stream_;
  traffic moved_;
};

}  // namespace dovetail::inline v0::workersql
