// A gateway that fails at each step of an exchange, in plain TCP and with TLS: what the call says, that a write whose
// fate nobody knows is told as such, and that the next call of the same client is as good as ever.
#include <dovetail/workersql_async.hpp>

#include <support/gateway_link.hpp>
#include <support/styles.hpp>
#include <support/workersql_session.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/io_context.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace workersql_test;
using dt::condition;
using dt::test::gateway_link;
using dt::test::read_request;
using namespace std::chrono_literals;

/// How far the exchange comes.
enum class place { listening, accepting, shaking_hands, requesting, answering };
/// What the peer does there.
enum class deed { refuses, cuts, ends, resets, stalls, speaks_plainly, is_other_host, has_expired, is_stranger, drips };
/// What becomes of a write. One that fails does so as a read.
enum class fate { done, failed, unknown };
enum class wire { any, plain, tls };

struct fault {
  const char* name;
  place where;
  deed what;
  std::optional<condition> read;  // none: it succeeds
  fate write;
  wire over = wire::any;
  std::string_view says{};  // of an answer, first
  std::size_t reads = 0;    // of a request; 0: all
  bool is_large = false;    // the request is larger than all buffers on its way
};

void PrintTo(const fault& of, std::ostream* out) { *out << of.name; }

constexpr std::string_view whole =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
    R"({"success":true,"data":[{"n":1}],"rowsAffected":1})";
constexpr std::string_view unframed =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    R"({"success":true,"data":[{"n":1}],"rowsAffected":1})";
constexpr std::string_view unfinished =  // 0x32 is 50
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n32\r\n"
    R"({"success":true,"data":[{"n":1}],"rowsAffected":1})"
    "\r\n";
constexpr std::string_view half_line = whole.substr(0, 11);  // HTTP/1.1 20
constexpr std::string_view half_head = whole.substr(0, 30);
constexpr std::string_view only_head = whole.substr(0, whole.size() - 50);
constexpr std::string_view half_body = whole.substr(0, whole.size() - 25);
constexpr std::string_view garbage = "\x16\x03\x01 what is that?\r\n\r\n";
constexpr std::string_view refusal =
    "HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 37\r\n\r\n"
    R"({"success":false,"error":"too large"})";
constexpr std::size_t large = 16 * 1024 * 1024;

using enum place;
using enum deed;
using enum fate;
constexpr condition lost = condition::connection;

const fault faults[] = {
    {"NobodyListens", listening, refuses, lost, failed},
    {"ClosedWhenAccepted", accepting, cuts, lost, unknown, wire::plain},
    {"ClosedBeforeTheHandshake", accepting, cuts, lost, failed, wire::tls},
    {"ClosedInTheHandshake", shaking_hands, cuts, lost, failed, wire::tls},
    {"ResetInTheHandshake", shaking_hands, resets, lost, failed, wire::tls},
    {"PlainTextInTheHandshake", shaking_hands, speaks_plainly, lost, failed, wire::tls},
    {"NoWordInTheHandshake", shaking_hands, stalls, condition::timeout, failed, wire::tls},
    {"CertificateOfAnotherHost", shaking_hands, is_other_host, condition::authentication, failed, wire::tls},
    {"CertificateThatHasExpired", shaking_hands, has_expired, condition::authentication, failed, wire::tls},
    {"CertificateOfAStranger", shaking_hands, is_stranger, condition::authentication, failed, wire::tls},
    {"ClosedInTheRequestsHead", requesting, cuts, lost, unknown, wire::any, {}, 20},
    {"EndedInTheRequestsHead", requesting, ends, lost, unknown, wire::any, {}, 20},
    {"ResetInTheRequestsBody", requesting, resets, lost, unknown, wire::any, {}, 250},
    {"ClosedInALargeBody", requesting, cuts, lost, failed, wire::any, {}, large / 2, true},
    {"ResetInALargeBody", requesting, resets, lost, failed, wire::any, {}, large / 2, true},
    {"NoMoreReadOfALargeBody", requesting, stalls, condition::timeout, failed, wire::any, {}, large / 2, true},
    {"RefusedInALargeBody", requesting, ends, condition::limit, failed, wire::any, refusal, large / 2, true},
    {"RefusedInALargeBodyThatIsCut", requesting, cuts, condition::limit, failed, wire::any, refusal, large / 2, true},
    {"RefusedInALargeBodyAndReset", requesting, resets, condition::limit, failed, wire::any, refusal, large / 2, true},
    {"RefusedInALargeBodyThatNobodyReads", requesting, stalls, condition::limit, failed, wire::any, refusal, large / 2,
     true},
    {"EndedWithoutAnAnswer", answering, ends, lost, unknown},
    {"CutWithoutAnAnswer", answering, cuts, lost, unknown},
    {"ResetWithoutAnAnswer", answering, resets, lost, unknown},
    {"NoAnswer", answering, stalls, condition::timeout, unknown},
    {"EndedInTheStatusLine", answering, ends, lost, unknown, wire::any, half_line},
    {"NoMoreThanHalfAStatusLine", answering, stalls, condition::timeout, unknown, wire::any, half_line},
    {"EndedInTheHead", answering, ends, lost, unknown, wire::any, half_head},
    {"CutInTheHead", answering, cuts, lost, unknown, wire::any, half_head},
    {"NoMoreThanHalfAHead", answering, stalls, condition::timeout, unknown, wire::any, half_head},
    {"EndedBehindTheHead", answering, ends, lost, unknown, wire::any, only_head},
    {"EndedInTheBody", answering, ends, lost, unknown, wire::any, half_body},
    {"CutInTheBody", answering, cuts, lost, unknown, wire::any, half_body},
    {"NoMoreThanHalfABody", answering, stalls, condition::timeout, unknown, wire::any, half_body},
    {"EndedBeforeTheLastChunk", answering, ends, lost, unknown, wire::any, unfinished},
    {"Garbage", answering, ends, condition::protocol, unknown, wire::any, garbage},
    {"GarbageAndNothingMore", answering, stalls, condition::protocol, unknown, wire::any, garbage},
    {"AnAnswerUntilTheEnd", answering, ends, std::nullopt, done, wire::any, unframed},
    {"AnAnswerUntilTheEndThatMayBeCutOff", answering, cuts, lost, unknown, wire::tls, unframed},
    {"OneByteAWrite", answering, drips, std::nullopt, done},
};

/// Does what the fault says until the fault has come about; then it is as it should be.
class faulty_gateway {
 public:
  faulty_gateway(bool is_secure, const fault& what) : what_(what), is_secure_(is_secure) {
    if (what.where != listening) server_.listen();
  }

  std::string dsn() const {
    const std::string tls = is_secure_ ? "tlsAuthorities=" + authority_.file() : "ssl=false";
    return "workersql://127.0.0.1:" + std::to_string(server_.port()) + "/db?" + tls +
           "&apiKey=J&retryAttempts=1&idempotency=none&healthCheckInterval=600000";
  }
  bool has_failed() const { return has_failed_; }
  /// What was refused is let in.
  void recover() {
    has_failed_ = true;
    if (what_.where == listening) server_.listen();
  }

 private:
  void serve(gateway_link peer) {
    if (what_.is_large) peer.bound_receive_buffer();
    if (!has_failed_ && !fails_to_begin(peer)) return;
    if (is_secure_ && !has_failed_ && what_.where == shaking_hands) {
      has_failed_ = true;
      const tests::tls_authority stranger;
      const tests::server_context wrong = what_.what == is_other_host ? authority_.context("DNS:elsewhere.example")
                                          : what_.what == has_expired ? authority_.context("IP:127.0.0.1", -60)
                                                                      : stranger.context();
      peer.secure(wrong.get());
      return;
    }
    if (is_secure_ && !peer.secure(context_.get())) return;
    while (true) {
      if (!has_failed_ && what_.where == requesting) {
        if (!read_request(peer, what_.reads).empty()) misbehave(peer);
        return;
      }
      if (read_request(peer).empty()) return;
      if (!has_failed_ && what_.where == answering && what_.what != drips) return misbehave(peer);
      if (what_.what == drips) {
        for (const char& each : whole) peer.write({&each, 1});
        has_failed_ = true;
      } else {
        peer.write(whole);
      }
    }
  }

  /// False when the connection has come to its end before TLS began.
  bool fails_to_begin(gateway_link& peer) {
    const bool is_it = what_.where == accepting || what_.where == shaking_hands;
    if (!is_it || what_.what == is_other_host || what_.what == has_expired || what_.what == is_stranger) return true;
    if (what_.where == shaking_hands && peer.read().empty()) return false;
    misbehave(peer);
    return false;
  }

  void misbehave(gateway_link& peer) {
    peer.write(what_.what == speaks_plainly ? "HTTP/1.0 400 Bad Request\r\n\r\n" : what_.says);
    // One that is closed before a request is written is opened again: so each is.
    if (what_.where != accepting) has_failed_ = true;
    if (what_.what == resets) return peer.reset();
    if (what_.what == cuts || what_.what == speaks_plainly) return peer.cut();
    if (what_.what == ends) peer.end();
    if (what_.where == requesting && what_.what == stalls) return has_given_up_.wait(false);
    peer.wait_for_end();
  }

 public:
  /// The client does: for a peer that does not read.
  void give_up() {
    has_given_up_ = true;
    has_given_up_.notify_all();
  }

 private:
  fault what_;
  bool is_secure_;
  std::atomic<bool> has_failed_{false};
  std::atomic<bool> has_given_up_{false};
  tests::tls_authority authority_;
  tests::server_context context_ = authority_.context();
  dt::test::socket_server server_{[this](dt::test::accepted_stream& peer) { serve(gateway_link{peer}); },
                                  dt::test::socket_server::lateness::listens_when_told};
};

/// What came of a call; `value` is the row's, or the number of rows that were written.
struct outcome {
  dt::error_info failure;
  std::int64_t value = 0;
};
outcome outcome_of(const dt::result<int>& got) { return got ? outcome{{}, *got} : outcome{got.error(), 0}; }
outcome outcome_of(const dt::result<dt::summary>& got) {
  return got ? outcome{{}, got->rows_affected} : outcome{got.error(), 0};
}

constexpr auto query_text = "select n from t where x = ?";
constexpr auto write_text = "insert into t values (?)";

class blocking_caller {
 public:
  explicit blocking_caller(const std::string& dsn) : db_(dsn) {}
  outcome ask(bool is_write, const std::string& text, std::chrono::milliseconds limit) {
    return is_write ? outcome_of(db_.within(limit).with(dt::as_result).execute(write_text, text))
                    : outcome_of(db_.within(limit).with(dt::as_result).query_value<int>(query_text, text));
  }
  workersql::pool_stats pool() const { return db_.get_pool_stats(); }

 private:
  workersql::client db_;
};

class async_caller {
 public:
  explicit async_caller(const std::string& dsn) : db_(io_.get_executor(), dsn) {}

  /// Cancelled as soon as `is_enough()`, which is asked again and again.
  template <class IsEnough>
  outcome ask(bool is_write, const std::string& text, std::chrono::milliseconds limit, IsEnough is_enough) {
    std::optional<outcome> got;
    asio::cancellation_signal stop;
    const auto call = [&](auto take) {
      auto view = db_.within(limit).with(asio::bind_cancellation_slot(stop.slot(), take));
      if constexpr (std::is_invocable_v<decltype(take), dt::result<dt::summary>>)
        view.execute(write_text, text);
      else
        view.template query_value<int>(query_text, text);
    };
    if (is_write)
      call([&got](dt::result<dt::summary> what) { got = outcome_of(what); });
    else
      call([&got](dt::result<int> what) { got = outcome_of(what); });
    bool was_stopped = false;
    dt::test::run_until(io_, [&] {
      if (!was_stopped && is_enough()) {
        was_stopped = true;
        stop.emit(asio::cancellation_type::terminal);
      }
      return got.has_value();
    });
    return got.value_or(outcome{dt::errc::invalid_state, 0});
  }
  outcome ask(bool is_write, const std::string& text, std::chrono::milliseconds limit) {
    return ask(is_write, text, limit, [] { return false; });
  }
  workersql::pool_stats pool() const { return db_.get_pool_stats(); }

 private:
  asio::io_context io_;
  workersql::async_client db_;
};

class WorkersqlFaults : public testing::TestWithParam<std::tuple<fault, bool, bool>> {
 protected:
  const fault& what() const { return std::get<0>(GetParam()); }
  bool is_secure() const { return std::get<1>(GetParam()); }
  bool is_write() const { return std::get<2>(GetParam()); }

  void check(const outcome& got) {
    if (!what().read) {
      EXPECT_FALSE(got.failure) << got.failure.message();
      EXPECT_EQ(got.value, 1);
    } else if (is_write() && what().write == unknown) {
      EXPECT_EQ(got.failure.code(), dt::errc::outcome_unknown) << got.failure.message();
    } else {
      EXPECT_EQ(got.failure.kind(), what().read) << got.failure.message();
      EXPECT_EQ(got.failure.message().find("may have been executed"), std::string::npos) << got.failure.message();
    }
  }

  /// The pool has nothing that is broken or lent, and the next call, a write as well as a read, is as good as ever.
  template <class Caller>
  void recover(Caller& caller) {
    EXPECT_EQ(caller.pool().active, 0U);
    gateway.give_up();
    gateway.recover();
    for (const bool next : {is_write(), !is_write()}) {
      const outcome got = caller.ask(next, "x", 60s);
      EXPECT_FALSE(got.failure) << got.failure.message();
      EXPECT_EQ(got.value, 1);
    }
    EXPECT_EQ(caller.pool().active, 0U);
    EXPECT_EQ(caller.pool().idle, 1U);
    EXPECT_EQ(caller.pool().total, 1U);
  }

  template <class Caller>
  void fail_and_recover() {
    Caller caller{gateway.dsn()};
    // Where the peer only waits the limit ends the call: longer, when that was before the peer came so far.
    outcome got;
    auto limit = what().what == stalls && what().read == condition::timeout ? 200ms : std::chrono::milliseconds{60s};
    do {
      got = caller.ask(is_write(), text, limit);
      limit *= 2;
    } while (what().where != listening && !gateway.has_failed() && limit < 60s);
    check(got);
    recover(caller);
  }

  const bool no_sigpipe = (std::signal(SIGPIPE, SIG_IGN), true);
  const std::string text = std::string(what().is_large ? large : 1, 'x');
  faulty_gateway gateway{is_secure(), what()};
};

TEST_P(WorkersqlFaults, TheBlockingClientTellsAndRecovers) { fail_and_recover<blocking_caller>(); }

TEST_P(WorkersqlFaults, TheAsynchronousClientTellsAndRecovers) { fail_and_recover<async_caller>(); }

std::string name_of(const testing::TestParamInfo<WorkersqlFaults::ParamType>& of) {
  return std::string{std::get<0>(of.param).name} + (std::get<1>(of.param) ? "Tls" : "Plain") +
         (std::get<2>(of.param) ? "Write" : "Read");
}

/// Each with what it can happen to: over TLS or not, a read and a write.
template <class IsIt>
std::vector<WorkersqlFaults::ParamType> cases(IsIt is_it) {
  std::vector<WorkersqlFaults::ParamType> found;
  for (const fault& each : faults) {
    for (const bool is_secure : {false, true}) {
      if (each.over == (is_secure ? wire::plain : wire::tls) || !is_it(each)) continue;
      for (const bool is_write : {false, true}) found.emplace_back(each, is_secure, is_write);
    }
  }
  return found;
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, WorkersqlFaults, testing::ValuesIn(cases([](const fault&) { return true; })),
                         name_of);

/// Each step at which a call waits for its peer, when it is cancelled there.
class WorkersqlCancelled : public WorkersqlFaults {};

TEST_P(WorkersqlCancelled, ACallThatWaitsForItsPeerEndsAtOnce) {
  async_caller caller{gateway.dsn()};
  const outcome got = caller.ask(is_write(), text, 60s, [this] { return gateway.has_failed(); });
  EXPECT_EQ(got.failure.kind(), condition::cancelled) << got.failure.message();
  EXPECT_EQ(got.failure.message().find("may have been executed") != std::string::npos,
            is_write() && what().write == unknown)
      << got.failure.message();
  recover(caller);
}

bool is_waited_for(const fault& what) { return what.what == stalls && what.read == condition::timeout; }

INSTANTIATE_TEST_SUITE_P(AtEachStep, WorkersqlCancelled, testing::ValuesIn(cases(is_waited_for)), name_of);

}  // namespace
