// The connection of asynchronous SQLite clients: the blocking one, on a thread of its own.
#pragma once

#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/client/sqlite/connection.hpp>
#include <dovetail/client/sqlite/stream_rows.hpp>
#include <dovetail/client/sqlite/worker.hpp>
#include <dovetail/driver/traffic.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite {
namespace detail {

/// What a worker asks of any call that is kept by who waits for it.
class any_call {
 public:
  /// Empty when there is an answer, which stays here.
  virtual error_info run(connection& on, deadline by) = 0;

 protected:
  ~any_call() = default;
};

/// The call that stands for a kept one: one type for all of them, so that `call_job` is compiled once.
struct call_ref {
  using value_type = void;
  any_call* to;
  result<void> operator()(connection& on, deadline by) const { return to->run(on, by); }
};

template <class Call>
class kept_call;

/// What `async_run` drives here in place of a stream of bytes.
struct worker_stream {
  using dialogue_ref = call_ref;
  template <class Call>
  using kept = kept_call<Call>;

  sqlite::connection connection;
  std::shared_ptr<call_gate> gate;
  worker thread{};
};

/// Dialogues: one blocking call each.
struct open_call {
  using value_type = void;
  result<void> operator()(connection& on, deadline by) const { return on.open(by); }
};
struct ping_call {
  using value_type = void;
  result<void> operator()(connection& on, deadline by) const { return on.ping(by); }
};
template <class Op>
struct operation_call {
  using value_type = typename Op::value_type;
  Op* op;  // lives with the operation that waits for the answer
  result<value_type> operator()(connection& on, deadline by) const { return on.perform(*op, by); }
};
template <class Op>
struct owned_call {
  using value_type = typename Op::value_type;
  Op op;
  result<value_type> operator()(connection& on, deadline by) { return on.perform(op, by); }
};

/// False for what has to happen even when the time is over: what undoes, and what ends a stream.
template <class Op>
inline constexpr bool minds_its_time = true;
template <>
inline constexpr bool minds_its_time<sql_rollback> = false;
template <class Rows>
inline constexpr bool minds_its_time<sql_stream_close<Rows>> = false;
template <class Op>
inline constexpr bool minds_its_time<operation_call<Op>> = minds_its_time<Op>;
template <class Op>
inline constexpr bool minds_its_time<owned_call<Op>> = minds_its_time<Op>;

template <>
inline constexpr bool minds_its_time<call_ref> = false;  // the kept call knows

/// A call and its answer, for the operation that waits for it. The answer is written by the worker.
template <class Call>
class kept_call final : public any_call {
 public:
  using value_type = typename Call::value_type;

  template <class Make>
  call_ref begin(Make make) {
    call_ = make();
    return {this};
  }

  error_info run(connection& on, deadline by) override {
    if (minds_its_time<Call> && by.has_passed()) return errc::deadline_passed;
    answer_ = call_(on, by);
    return answer_ ? error_info{} : std::move(answer_).error();
  }

  result<value_type> end(result<void> told) {
    if (!told) return std::move(told).error();
    return std::move(answer_);
  }

 private:
  Call call_{};
  result<value_type> answer_ = errc::invalid_state;
};

/// Runs a call on the connection's thread, and its handler on the handler's executor.
template <class Call, class Handler>
class call_job final : public job {
  using answer_type = result<typename Call::value_type>;

 public:
  call_job(worker_stream& on, Call call, deadline by, gate_pass pass, Handler handler)
      : on_(on),
        call_(std::move(call)),
        by_(by),
        pass_(std::move(pass)),
        executor_(asio::prefer(asio::any_io_executor{asio::get_associated_executor(handler)},
                               asio::execution::outstanding_work.tracked)),
        handler_(std::move(handler)) {}

  void run() noexcept override {
    on_.connection.watch(pass_.cancelled().get());
    answer_type answer = call();
    on_.connection.watch(nullptr);
    tell(std::move(answer));
    // From here on the connection may be gone.
    executor_ = {};
    pass_.leave();
  }

  /// Hands over the answer. Also of a call that could not be run.
  void tell(answer_type answer) {
    asio::post(executor_, [handler = std::move(handler_), answer = std::move(answer)]() mutable {
      auto slot = asio::get_associated_cancellation_slot(handler);
      if (slot.is_connected()) slot.clear();
      std::move(handler)(std::move(answer));
    });
  }

 private:
  answer_type call() noexcept {
    // SQLite asks for the time only while it works for long. What waited for its turn until it was over does not begin.
    if (minds_its_time<Call> && by_.has_passed()) return errc::deadline_passed;
    try {
      return call_(on_.connection, by_);
    } catch (...) {
      return dovetail::detail::current_failure();
    }
  }

  worker_stream& on_;
  Call call_;
  deadline by_;
  gate_pass pass_;
  asio::any_io_executor executor_;
  Handler handler_;
};

/// The loop of wire connections has this name; found by its argument. Nothing completes in here.
/// Errors: errc::pool_closed when the client goes; errc::busy when two operations are under way already.
template <class Call, class Handler>
void async_run(worker_stream& on, Call call, deadline by, traffic*, Handler handler) {
  gate_pass pass{on.gate};
  auto executor = asio::get_associated_executor(handler);
  if (!pass) {
    asio::post(executor, [handler = std::move(handler)]() mutable {
      std::move(handler)(result<typename Call::value_type>{errc::pool_closed});
    });
    return;
  }
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (slot.is_connected()) {
    slot.assign(
        [cancelled = pass.cancelled()](asio::cancellation_type) { cancelled->store(true, std::memory_order_relaxed); });
  }
  using job_type = call_job<Call, Handler>;
  std::unique_ptr<job> next = std::make_unique<job_type>(on, std::move(call), by, std::move(pass), std::move(handler));
  auto& ours = static_cast<job_type&>(*next);  // until it is posted
  error_info refused = errc::busy;
  try {
    on.thread.post(next);
  } catch (...) {  // there is no thread to be had
    refused = dovetail::detail::current_failure();
  }
  if (next != nullptr) ours.tell(std::move(refused));
}

/// Makes the dialogues that a client asks for.
struct call_session {
  open_call open() const noexcept { return {}; }
  ping_call ping() const noexcept { return {}; }
  template <class Op>
  operation_call<Op> start(Op& op) const noexcept {
    return {&op};
  }
};

}  // namespace detail

/// A blocking connection and its thread. One operation at a time.
class async_connection {
 public:
  using wire = sqlite::connection;

  struct options {
    sqlite::options how;
    asio::any_io_executor executor;
    std::shared_ptr<detail::call_gate> gate = std::make_shared<detail::call_gate>();

    /// For the client's destructor: interrupts what runs and waits for it.
    void end_calls() const noexcept { gate->shut(); }
  };

  template <class Self>
  using verbs = sql_async_verbs<Self, dialect::sqlite>;

  template <class Row>
  using stream_rows = detail::stream_rows<Row>;

  explicit async_connection(const options& with) : stream_{sqlite::connection{with.how}, with.gate} {}

  session_health health() const noexcept { return stream_.connection.health(); }
  void close() noexcept { stream_.connection.close(); }
  bool is_in_transaction() const noexcept { return stream_.connection.is_in_transaction(); }

  /// A dialogue that keeps its operation.
  template <class Op>
  detail::owned_call<Op> own(Op op) const {
    return {std::move(op)};
  }
  detail::worker_stream& stream() noexcept { return stream_; }
  detail::call_session& session() noexcept { return session_; }
  traffic& moved() noexcept { return moved_; }

 private:
  detail::worker_stream stream_;
  detail::call_session session_;
  traffic moved_;
};

}  // namespace sqlite
}  // namespace dovetail::inline v0
