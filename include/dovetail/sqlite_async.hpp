// SQLite: the asynchronous client, on Asio; its calls run on a thread for each connection.
#pragma once

#include <dovetail/client/basic_async_client.hpp>
#include <dovetail/client/sqlite/async_connection.hpp>
#include <dovetail/client/sqlite/async_instances.hpp>
#include <dovetail/client/sqlite/client.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite {

/// `dt::sqlite::async_client db{io.get_executor(), "sqlite:cities.db"}`: the verbs of `client`, awaited; see
/// `basic_async_client`. Cancellation: SQLite is interrupted, and the connection lives on.
/// Lifetime: the destructor interrupts what runs and waits for it; destroy it before the executor's context.
/// Other policies: `dt::basic_async_client<dt::sqlite::async_connection, RetryPolicy, PoolPolicy, Observer>`.
class async_client : public basic_async_client<async_connection> {
  using base = basic_async_client<async_connection>;

 public:
  using base::base;
  async_client(async_client&&) noexcept = default;
  async_client& operator=(async_client&&) = delete;
  ~async_client() = default;
};

}  // namespace sqlite
}  // namespace dovetail::inline v0
