// The blocking client: the verbs of a connection's database, performed in the calling thread.
#pragma once

#include <dovetail/client/core.hpp>
#include <dovetail/driver/as_result.hpp>

#include <memory>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// A light view of a blocking client: the same verbs with another deadline, or with `dt::result` for exceptions.
/// Lifetime: borrows the client; made for one expression, `db.within(2s).execute("…")`.
template <class Core, bool ReturnsResult>
class client_view : public Core::connection_type::template verbs<client_view<Core, ReturnsResult>> {
 public:
  client_view(Core& core, deadline by) noexcept : core_(&core), by_(by) {}

  client_view within(clock::duration budget) const { return {*core_, earlier(by_, deadline::after(budget))}; }
  client_view within(deadline by) const { return {*core_, earlier(by_, by)}; }
  client_view<Core, true> with(as_result_t) const { return {*core_, by_}; }

  /// For verbs: performs one operation, and delivers its answer in this view's style.
  template <operation Op>
  decltype(auto) run(Op op, std::source_location where) const {
    return deliver(core_->perform(op, start_call(where)));
  }
  /// For verbs that are more than one operation.
  Core& core() const noexcept { return *core_; }
  call start_call(std::source_location where) const noexcept {
    return by_.is_never() ? call::within(core_->timeout(), where) : call::until(by_, where);
  }
  deadline limit() const noexcept { return by_; }
  template <class T>
  static std::conditional_t<ReturnsResult, result<T>, T> deliver(result<T> answer) {
    if constexpr (ReturnsResult) {
      return answer;
    } else {
      return std::move(answer).value();
    }
  }

 private:
  Core* core_;
  deadline by_;
};

/// A client for a database that `Connection` speaks to. Every verb blocks, at most for the client's time limit, and
/// throws `dt::error` when it fails; `with(dt::as_result)` returns failures, `within(2s)` sets another limit.
/// Threads: any number may call at once; moving, assigning and destroying are not calls.
template <connection Connection, retry_policy Retry = exponential_backoff, pool_policy Pool = bounded_pool,
          observer Observer = no_observer>
class basic_client : public Connection::template verbs<basic_client<Connection, Retry, Pool, Observer>> {
 public:
  using connection_type = Connection;
  using core_type = client_core<Connection, Retry, Pool, Observer>;
  using settings = typename core_type::settings;
  using options = typename Connection::options;
  static constexpr bool owns_connections = true;

  /// Connects to nothing yet: connections are opened when they are needed.
  /// Errors: throws `dt::error` when the connection string or a setting is wrong.
  [[gnu::cold, gnu::noinline]] explicit basic_client(std::string_view connection_string, settings how = {});
  [[gnu::cold, gnu::noinline]] explicit basic_client(options where, settings how = {});

  auto within(clock::duration budget) { return view(deadline::after(budget)); }
  auto within(deadline by) { return view(by); }
  client_view<core_type, true> with(as_result_t) { return {*core_, deadline::never()}; }

  /// A snapshot of the pool's counters.
  pool_statistics statistics() const noexcept { return core_->connections().statistics(); }
  /// Who has a connection now, and since when.
  std::vector<pool_holder> holders() const { return core_->connections().holders(); }
  /// Closes stale connections, checks idle ones, and opens new ones up to the pool's minimum.
  void maintain() { core_->connections().maintain(deadline::after(core_->timeout())).value(); }
  /// Refuses further calls and closes the connections, those in use when they come back. The destructor does the same.
  void close() noexcept { core_->connections().close(); }
  Observer& watcher() noexcept { return core_->watcher(); }

  /// For verbs: see `client_view`.
  template <operation Op>
  typename Op::value_type run(Op op, std::source_location where) {
    return core_->perform(op, start_call(where)).value();
  }
  core_type& core() noexcept { return *core_; }
  call start_call(std::source_location where) const noexcept { return call::within(core_->timeout(), where); }
  deadline limit() const noexcept { return deadline::never(); }
  template <class T>
  static T deliver(result<T> answer) {
    return std::move(answer).value();
  }

 private:
  client_view<core_type, false> view(deadline by) { return {*core_, by}; }

  [[gnu::cold, gnu::noinline]] static std::unique_ptr<core_type> make_core(result<parsed_string<options>> parsed,
                                                                           settings how);

  std::unique_ptr<core_type> core_;
};

template <connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
basic_client<Connection, Retry, Pool, Observer>::basic_client(std::string_view connection_string, settings how)
    : core_(make_core(Connection::parse(connection_string), std::move(how))) {}

template <connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
basic_client<Connection, Retry, Pool, Observer>::basic_client(options where, settings how)
    : core_(std::make_unique<core_type>(std::move(where), std::move(how))) {}

template <connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
auto basic_client<Connection, Retry, Pool, Observer>::make_core(result<parsed_string<options>> parsed, settings how)
    -> std::unique_ptr<core_type> {
  if (!parsed) detail::throw_error(std::move(parsed).error());
  if (error_info wrong = detail::apply(how, parsed->settings)) detail::throw_error(std::move(wrong));
  return std::make_unique<core_type>(std::move(parsed->options), std::move(how));
}

}  // namespace dovetail::inline v0
