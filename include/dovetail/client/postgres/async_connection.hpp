// The connection of asynchronous PostgreSQL clients: the same session and dialogues, on a stream bound to an executor.
#pragma once

#include <dovetail/client/postgres/async_copy_stream.hpp>
#include <dovetail/client/postgres/async_join.hpp>
#include <dovetail/client/postgres/async_notifications.hpp>
#include <dovetail/client/postgres/connection.hpp>
#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/driver/async_run.hpp>
#include <dovetail/transport/async_stream.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0 {
namespace postgres {
namespace detail {

/// What `async_run` drives here in place of a stream: with the session, so that it can be brought back.
struct guarded_stream {
  guarded_stream(asio::any_io_executor runs_on, const connect_options& how)
      : executor(std::move(runs_on)), session(how), wire(executor, endpoint_of(how)) {}

  asio::any_io_executor executor;
  client_session session;
  async_stream<transport> wire;
};

/// Stops the server and reads what is still to come. Runs on the operation's executor; nobody can cancel it.
class async_recovery : public std::enable_shared_from_this<async_recovery> {
 public:
  async_recovery(const async_recovery&) = delete;
  async_recovery& operator=(const async_recovery&) = delete;

  void begin();

 protected:
  async_recovery(guarded_stream& on, asio::any_io_executor runs_on);
  DOVETAIL_DECLARE virtual ~async_recovery();

  guarded_stream& on() noexcept { return *on_; }

 private:
  struct step {
    using executor_type = asio::any_io_executor;
    std::shared_ptr<async_recovery> self;
    executor_type get_executor() const noexcept { return self->runs_on_; }
    void operator()(const result<void>& told) { told ? self->drain() : self->end(nullptr); }
    void operator()(result<drained> done) {
      if (done && self->on_->session.wire().can_drain()) return self->begin();  // it was the last transaction's
      self->end(done ? &*done : nullptr);
    }
  };

  void drain();
  void end(drained* said) {
    if (said == nullptr) on_->wire.close();
    over(said);
  }
  /// The connection has found its place again, or is closed.
  virtual void over(drained* said) = 0;

  guarded_stream* on_;
  async_stream<transport> aside_;
  deadline by_ = deadline::after(recovery_limit);
  asio::any_io_executor runs_on_;
};

/// Afterwards calls the handler with what the operation gave.
template <class Handler, class Answer>
class answering_recovery final : public async_recovery {
 public:
  answering_recovery(guarded_stream& on, Handler handler, Answer answer)
      : async_recovery(on, executor_of(on, handler)), handler_(std::move(handler)), answer_(std::move(answer)) {}

 private:
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  // An executor that cannot be kept as any_io_executor only gets the completion.
  static constexpr bool runs_there = std::is_convertible_v<executor_type, asio::any_io_executor>;

  static asio::any_io_executor executor_of(guarded_stream& on, const Handler& handler) {
    if constexpr (runs_there) {
      return asio::get_associated_executor(handler, on.executor);
    } else {
      return on.executor;
    }
  }
  void over(drained* said) override {
    if constexpr (std::is_same_v<Answer, result<void>>) {
      if (on().session.settle(answer_.error(), said)) answer_ = {};
    }
    if constexpr (runs_there) {
      std::move(handler_)(std::move(answer_));
    } else {
      const executor_type there = asio::get_associated_executor(handler_, on().executor);
      asio::post(there, [handler = std::move(handler_), answer = std::move(answer_)]() mutable {
        std::move(handler)(std::move(answer));
      });
    }
  }

  Handler handler_;
  Answer answer_;
};

/// Called when a dialogue is over: the connection is brought back first, when it was broken off.
template <class Handler>
struct recovering {
  using executor_type = asio::associated_executor_t<Handler, asio::any_io_executor>;
  using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
  using allocator_type = asio::associated_allocator_t<Handler>;

  guarded_stream* on;
  Handler handler;

  executor_type get_executor() const noexcept { return asio::get_associated_executor(handler, on->executor); }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(handler);
  }
  allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler); }

  template <class T>
  void operator()(result<T> answer) {
    if (answer || answer.error().code() == errc::busy || !on->session.wire().can_drain()) {  // busy: nothing began
      on->session.forget_purpose();
      return std::move(handler)(std::move(answer));
    }
    std::make_shared<answering_recovery<Handler, result<T>>>(*on, std::move(handler), std::move(answer))->begin();
  }
};

/// The loop of wire connections has this name; found by its argument.
template <class Machine, class Handler>
void async_run(guarded_stream& on, Machine dialogue, deadline by, traffic* moved, Handler handler) {
  dovetail::async_run(on.wire, std::move(dialogue), by, moved, recovering<Handler>{&on, std::move(handler)});
}

/// A dialogue and the operation that it performs: for transactions, whose operations live with it. The dialogue is made
/// when the operation stays where it is.
template <class Op>
class owned_operation {
  using dialogue_type = decltype(std::declval<client_session&>().start(std::declval<Op&>()));

 public:
  using value_type = typename Op::value_type;

  owned_operation(client_session& on, Op op) noexcept : on_(&on), op_(std::move(op)) {}

  action resume(const event& ev) {
    if (!running_) {
      if (is_refused<Op>(on_->wire())) return action::done(errc::busy);
      running_.emplace(on_->start(op_));
    }
    return running_->resume(ev);
  }
  error_info failure(std::error_code ec) { return running_ ? failure_of(*running_, ec) : another_is_under_way(); }
  value_type value() && { return std::move(*running_).value(); }

 private:
  client_session* on_;
  Op op_;
  std::optional<dialogue_type> running_;
};

}  // namespace detail

/// One session with a server. One operation at a time.
class async_connection {
 public:
  /// What the blocking connection says of connection strings.
  using wire = postgres::connection;

  struct options {
    connect_options how;
    asio::any_io_executor executor;
  };

  template <class Self>
  using verbs = async_listen_verbs<
      Self,
      async_copy_stream_verbs<Self, extra_verbs<sql_async_verbs<Self, dialect::postgres>, argument_storage::owned>>>;
  template <class Row>
  using stream_rows = detail::awaited_rows<Row>;

  /// For a pool policy that has one connection shared: which statements are sent together with others', and how.
  using joint_queue = detail::joint_queue;
  template <class Op>
    requires detail::can_join<Op>
  static bool may_join(const options& with, const Op& op, const call& how) noexcept {
    return how.watch == nullptr && op.request.hints == nullptr && with.how.statement_cache != 0 &&
           !with.how.unnamed_statements && detail::is_joined_kind(op.request.sql.view().traits.kind);
  }
  template <class Core, class Op, class Handler>
  static void join(std::shared_ptr<Core> core, asio::any_io_executor executor, const call& how, Op op,
                   Handler handler) {
    detail::async_join<Core, Op, Handler>::begin(std::move(core), std::move(executor), how, std::move(op),
                                                 std::move(handler));
  }

  explicit async_connection(const options& with) : stream_(with.executor, with.how) {}

  session_health health() const noexcept {
    return stream_.wire.is_open() ? stream_.session.wire().health() : session_health::closed;
  }
  bool is_stale(clock::duration idle) const noexcept {
    return idle >= look_again_after && v0::detail::has_hung_up(stream_.wire.next_layer().handle(readiness::readable));
  }
  /// For the pool: notices go to its observer.
  template <class Observer>
  void report_notices(Observer& to) noexcept {
    stream_.session.report_notices(to);
  }
  bool is_in_transaction() const noexcept {
    return stream_.wire.is_open() && stream_.session.wire().is_in_transaction();
  }
  void close() noexcept { stream_.wire.close(); }

  /// For transactions: see `begins_later`.
  template <class Op>
  static constexpr bool carries_begin = detail::carries_begin<Op>;
  error_info begin_later(begin_mode mode) { return stream_.session.begin_later(mode); }
  bool is_begin_pending() const noexcept { return stream_.session.wire().is_begin_deferred(); }
  bool has_begin_failed() const noexcept {
    return stream_.session.wire().has_begin_failed() || (is_begin_pending() && !stream_.wire.is_open());
  }
  void drop_begin() noexcept { stream_.session.wire().drop_begin(); }

  /// A dialogue that keeps its operation.
  template <class Op>
  detail::owned_operation<Op> own(Op op) {
    return {stream_.session, std::move(op)};
  }
  detail::guarded_stream& stream() noexcept { return stream_; }
  detail::client_session& session() noexcept { return stream_.session; }
  traffic& moved() noexcept { return moved_; }

 private:
  detail::guarded_stream stream_;
  traffic moved_;
};

}  // namespace postgres
}  // namespace dovetail::inline v0
#undef DOVETAIL_DECLARE

// Compiled once: in the program's `dovetail/postgres_async_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_ASYNC_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE async_recovery::async_recovery(guarded_stream& on, asio::any_io_executor runs_on)
    : on_(&on), aside_(on.executor, endpoint_of(on.session.options())), runs_on_(std::move(runs_on)) {}

DOVETAIL_DEFINE async_recovery::~async_recovery() = default;

DOVETAIL_DEFINE void async_recovery::begin() {
  const client_session& session = on_->session;
  if (session.wire().owes_rollback()) return drain();  // what stops it does not stop what was sent behind it
  async_run(aside_, cancel_request{session.wire().facts, session.options()}, by_, nullptr, step{shared_from_this()});
}

DOVETAIL_DEFINE void async_recovery::drain() {
  aside_.close();
  dovetail::async_run(on_->wire, drain_dialogue{on_->session.wire(), on_->session.wire().owes_rollback()}, by_, nullptr,
                      step{shared_from_this()});
}

}  // namespace dovetail::inline v0::postgres::detail

#undef DOVETAIL_DEFINE
#endif
