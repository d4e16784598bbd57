// Any stream, made usable by asynchronous operations on an Asio executor.
#pragma once

#include <dovetail/transport/async_core.hpp>
#include <dovetail/transport/concepts.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <utility>

namespace dovetail::inline v0 {

/// A stream and the executor on which its operations run. Drive it with `async_run`.
/// Threads: start one operation at a time; `cancel()` from any thread.
/// Lifetime: an operation that runs when the stream goes is cancelled, and keeps alive what it needs of the stream.
template <stream Stream>
class basic_async_stream {
 public:
  using executor_type = asio::any_io_executor;
  using stream_type = Stream;

  /// `args` construct the stream: its endpoint.
  template <class... Args>
    requires std::constructible_from<Stream, Args...>
  explicit basic_async_stream(executor_type executor, Args&&... args)
      : core_(std::make_shared<detail::async_core_of<Stream>>(std::move(executor), std::forward<Args>(args)...)) {}
  basic_async_stream(basic_async_stream&&) noexcept = default;
  basic_async_stream& operator=(basic_async_stream&& other) noexcept {
    if (this != &other) {
      close();
      core_ = std::move(other.core_);
    }
    return *this;
  }
  ~basic_async_stream() { close(); }

  executor_type get_executor() const noexcept { return core_->executor(); }

  /// The stream itself; not to be touched while an operation runs.
  Stream& next_layer() noexcept { return core_->stream; }
  const Stream& next_layer() const noexcept { return core_->stream; }

  bool is_open() const noexcept { return core_->stream.is_open(); }

  /// Ends the operation that runs: its dialogue gets `event.cancelled`.
  void cancel() noexcept { core_->cancel(); }

  /// Closes; an operation that runs is cancelled first, and the stream is closed when it has ended.
  void close() noexcept {
    if (core_ && !core_->cancel_and_close()) core_->close();
  }

  /// For `async_run`.
  const std::shared_ptr<detail::async_core_of<Stream>>& core() const noexcept { return core_; }

 private:
  std::shared_ptr<detail::async_core_of<Stream>> core_;
};

/// The asynchronous stream of a transport policy: `dt::async_stream<dt::tcp> s{executor, endpoint}`.
template <transport Transport>
using async_stream = basic_async_stream<typename Transport::stream>;

}  // namespace dovetail::inline v0
