// LISTEN for blocking clients: notifications one after the other, on a connection of their own.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/postgres/listen_call.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/policy/pause.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres {

/// What `listen` gives. It has a connection of its own, which the pool does not count; when the object goes, the server
/// forgets it. Threads: one at a time. Lifetime: must not outlive its client.
template <class Core>
class notifications {
 public:
  using connection_type = typename Core::connection_type;

  notifications(Core& core, std::string text, std::source_location where)
      : core_(&core),
        on_(std::make_unique<connection_type>(core.connections().connection_options())),
        listen_{std::move(text)},
        where_(where) {}

  /// The next notification, or nothing when none came in time: one that has come already is given however short the
  /// time is, `next(0ms)` takes it and does not wait. A connection that was lost is made again, as the retry
  /// policy says; then comes one whose `after_reconnect` says that there was a gap: look at what it is all about.
  /// Errors: throws `dt::error` when it cannot be made again; the next call tries once more. Connecting takes at most
  /// the client's time limit, whatever `wait` is.
  std::optional<notification> next(clock::duration wait) { return next(deadline::after(wait)); }
  std::optional<notification> next(deadline by = deadline::never()) {
    if (!is_listening_) {
      if (error_info failure = start()) v0::detail::throw_error(std::move(failure));
      return after_gap();
    }
    next_notification op{by.has_passed()};
    result<notification> came = on_->perform(op, op.only_looks ? deadline::never() : by);
    if (came) return *std::move(came);
    if (came.error().code() == errc::deadline_passed) return std::nullopt;
    is_listening_ = false;
    if (error_info failure = start()) v0::detail::throw_error(std::move(failure));
    return after_gap();
  }

  /// Connects and listens.
  error_info start() {
    const call how = call::within(core_->timeout(), where_);
    for (int attempt = 1;; ++attempt) {
      on_->close();
      result<void> done = on_->open(how.by);
      if (done) done = on_->perform(listen_, how.by);
      if (done) {
        is_listening_ = true;
        return {};
      }
      on_->close();
      error_info why = std::move(done).error();
      const v0::verdict next = core_->judge(why, listen_channels::name, attempt, true, 0, how);
      if (!next.repeat) return why;
      dovetail::detail::pause_for(next.delay);
    }
  }

 private:
  static notification after_gap() {
    notification gap;
    gap.after_reconnect = true;
    return gap;
  }

  Core* core_;
  std::unique_ptr<connection_type> on_;
  listen_channels listen_;
  std::source_location where_;
  bool is_listening_ = false;
};

/// Part of the blocking client's verbs.
template <class Self, class Base>
class listen_verbs : public Base {
 public:
  /// Listens to a channel, or to several, by a connection of its own: `next(wait)` gives what other sessions send by
  /// NOTIFY. Names are taken as they are written, without folding to small letters. (notifications)
  /// Errors: errc::malformed_statement for a name that is empty, has a NUL or more than 63 bytes; those of connecting.
  template <std::convertible_to<std::string_view>... More>
  auto listen(channel_name first, const More&... more) & {
    const std::string_view all[] = {first.text, more...};
    return listen_to(all, first.where);
  }
  template <std::convertible_to<std::string_view>... More>
  auto listen(channel_name first, const More&... more) && {
    static_assert(!v0::detail::owns_connections<Self>,
                  "dovetail: notifications must not outlive their client: give the temporary client a name");
    return this->listen(first, more...);
  }

 private:
  auto listen_to(std::span<const std::string_view> channels, std::source_location where) {
    static_assert(!v0::detail::inside_transaction<Self>, "a client listens, not a transaction");
    Self& self = this->self();
    using stream_type = notifications<v0::detail::core_of<Self>>;
    return self.deliver([&]() -> result<stream_type> {
      result<std::string> text = detail::listen_text(channels);
      if (!text) return std::move(text).error().with_location(where);
      stream_type made{self.core(), *std::move(text), where};
      if (error_info failure = made.start()) return failure;
      return made;
    }());
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
