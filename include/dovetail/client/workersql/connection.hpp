// The connection of blocking WorkerSQL clients.
#pragma once

#include <dovetail/client/operation.hpp>
#include <dovetail/client/workersql/client_session.hpp>
#include <dovetail/client/workersql/connection_string.hpp>
#include <dovetail/client/workersql/endpoint.hpp>
#include <dovetail/client/workersql/verbs.hpp>
#include <dovetail/driver/run.hpp>

#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {

/// One kept-alive connection to a gateway. Threads: one at a time, which the pool sees to.
class connection {
 public:
  using options = workersql::options;
  template <class Self>
  using verbs = extra_verbs<Self, sql_verbs<Self, dialect::sqlite, argument_storage::borrowed>>;

  static result<parsed_string<options>> parse(std::string_view text) { return workersql::parse(text); }

  explicit connection(const options& how) : session_(how), stream_(endpoint_of(how)) {}

  result<void> open(deadline by) { return drive(session_.open(), by); }
  result<void> ping(deadline by) { return drive(session_.ping(), by); }

  template <operation Op>
  result<typename Op::value_type> perform(Op& op, deadline by) {
    return drive(session_.start(op), by);
  }

  session_health health() const noexcept {
    return stream_.is_open() ? session_.wire().health() : session_health::closed;
  }
  traffic last_traffic() const noexcept { return moved_; }
  /// For the retry loop: the pause that the gateway asked for.
  clock::duration asked_pause() const noexcept { return session_.wire().asked_pause(); }
  void close() noexcept { stream_.close(); }

 private:
  template <class Machine>
  result<typename Machine::value_type> drive(Machine dialogue, deadline by) {
    moved_ = {};
    return run(stream_, std::move(dialogue), by, moved_);
  }

  detail::client_session session_;
  transport::stream stream_;
  traffic moved_;
};

}  // namespace dovetail::inline v0::workersql
