// One accepted connection of an in-process LensDB server: its stream, its dialogue, and the next turn.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/lensdb/server_options.hpp>
#include <dovetail/driver/async_run.hpp>
#include <dovetail/transport/async_stream.hpp>
#include <dovetail/transport/socket_stream.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <utility>

namespace dovetail::inline v0::lensdb::detail {

/// A stream over a socket that somebody else has connected.
class accepted_stream : public dovetail::detail::socket_stream {
 public:
  explicit accepted_stream(dovetail::detail::owned_handle connected) noexcept : socket_stream(std::move(connected)) {}

  attempt try_connect(deadline) noexcept { return attempt::failed(make_error_code(errc::invalid_state)); }
  void notify(std::shared_ptr<waker> listener) noexcept {
    if (listener) listener->wake();
  }
  void close() noexcept { close_socket(); }
};

/// One turn of a dialogue that lives longer than it.
template <class Dialogue>
struct turn {
  Dialogue* dialogue;
  action resume(const event& ev) { return dialogue->resume(ev); }
};

/// What a server knows of its connections. Threads: the server's only.
class server_connection {
 public:
  virtual ~server_connection() = default;

  /// Ends the connection when nothing of a request is under way, at once or after the replies. What the system has
  /// received counts as under way: closing a socket with unread bytes would also destroy replies that are on their way.
  virtual void stop() = 0;
  /// Ends the connection whatever is under way.
  virtual void kill() = 0;
};

/// `Owner` gets `turn_is_over()` after each turn, `has_died(server_connection&)` once when only silence is left, and
/// `forget(server_connection&, bool has_died)` at the end.
template <class Dialogue, class Owner>
class server_connection_of final : public server_connection,
                                   public std::enable_shared_from_this<server_connection_of<Dialogue, Owner>> {
 public:
  server_connection_of(Owner& owner, asio::any_io_executor executor, dovetail::detail::owned_handle connected,
                       const server_options& options, Dialogue dialogue)
      : owner_(&owner),
        stream_(std::move(executor), std::move(connected)),
        options_(&options),
        dialogue_(std::move(dialogue)) {}

  void next() {
    const deadline by = deadline::after(dialogue_.is_ending() ? options_->linger : options_->idle_limit);
    async_run(stream_, turn<Dialogue>{&dialogue_}, by, nullptr,
              [self = this->shared_from_this()](const result<void>& outcome) { self->after_turn(outcome); });
  }

  void stop() override {
    is_stopping_ = true;
    if (may_end()) stream_.cancel();
  }
  void kill() override { stream_.close(); }

 private:
  void after_turn(const result<void>& outcome) {
    if (!outcome || dialogue_.is_over() || (is_stopping_ && may_end())) {
      stream_.close();
      owner_->forget(*this, is_dead_);
    } else {
      owner_->turn_is_over();
      if (dialogue_.has_died() && !std::exchange(is_dead_, true)) owner_->has_died(*this);
      next();
    }
  }

  bool may_end() const noexcept {
    return dialogue_.is_idle() && (dialogue_.is_deaf() || stream_.next_layer().is_silent());
  }

  Owner* owner_;
  basic_async_stream<accepted_stream> stream_;
  const server_options* options_;
  Dialogue dialogue_;
  bool is_stopping_ = false;
  bool is_dead_ = false;
};

}  // namespace dovetail::inline v0::lensdb::detail
