// The connection of asynchronous WorkerSQL clients: the same session and dialogues, on a stream bound to an executor.
#pragma once

#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/client/workersql/connection.hpp>
#include <dovetail/transport/async_stream.hpp>

#include <asio/any_io_executor.hpp>

namespace dovetail::inline v0::workersql {

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
  using verbs = extra_verbs<Self, sql_verbs<Self, dialect::sqlite, argument_storage::owned>>;

  explicit async_connection(const options& with) : session_(with.how), stream_(with.executor, endpoint_of(with.how)) {}

  session_health health() const noexcept {
    return stream_.is_open() ? session_.wire().health() : session_health::closed;
  }
  clock::duration asked_pause() const noexcept { return session_.wire().asked_pause(); }
  void close() noexcept { stream_.close(); }

  async_stream<transport>& stream() noexcept { return stream_; }
  detail::client_session& session() noexcept { return session_; }
  traffic& moved() noexcept { return moved_; }

 private:
  detail::client_session session_;
  async_stream<transport> stream_;
  traffic moved_;
};

}  // namespace dovetail::inline v0::workersql
