// What tests of PostgreSQL dialogues share: an open session that is fresh for each run, and a place for its rows.
#pragma once

#include <dovetail/codec/postgres/session.hpp>

#include <support/postgres_rows.hpp>
#include <support/postgres_wire.hpp>
#include <support/script.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postgres_test {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
namespace wire = postgres_wire;

/// A session as `startup` leaves it.
struct open_session {
  explicit open_session(std::size_t kept = 2, std::size_t message_limit = std::size_t{1} << 20)
      : kept_(kept), message_limit_(message_limit) {
    fresh();
  }

  pg::session& fresh() {
    session = std::make_unique<pg::session>(kept_, false, message_limit_);
    session->facts.health = dt::session_health::idle;
    rows = {};
    return *session;
  }
  pg::session& operator*() const { return *session; }
  pg::session* operator->() const { return session.get(); }
  dt::session_health health() const noexcept { return session->health(); }

  std::unique_ptr<pg::session> session;
  dt::test::text_rows rows;

 private:
  std::size_t kept_;
  std::size_t message_limit_;
};

/// Runs a dialogue against bytes that are all there from the start; the end of the stream is behind them.
template <class Machine>
std::error_code play(Machine&& dialogue, const std::string& server, std::string* written = nullptr,
                     dt::error_info* failure = nullptr) {
  std::size_t given = 0;
  dt::event happened;
  for (int steps = 0; steps < 100'000; ++steps) {
    const dt::action next = dialogue.resume(happened);
    happened = {};
    switch (next.what()) {
      case dt::verb::done:
        if (failure != nullptr) *failure = dt::failure_of(dialogue, next.error());
        return next.error();
      case dt::verb::write:
      case dt::verb::exchange:
        if (written != nullptr) written->append(dt::as_text(next.output()));
        happened.bytes = next.output().size();
        break;
      case dt::verb::read:
        happened.bytes = server.copy(reinterpret_cast<char*>(next.input().data()), next.input().size(), given);
        given += happened.bytes;
        if (happened.bytes == 0) happened.ec = dt::errc::connection_closed;
        break;
      case dt::verb::look:
        happened.bytes = server.copy(reinterpret_cast<char*>(next.input().data()), next.input().size(), given);
        given += happened.bytes;
        break;
      default:
        ADD_FAILURE() << "the dialogue asks for " << dt::test::name_of(next.what());
        return dt::errc::invalid_state;
    }
  }
  ADD_FAILURE() << "the dialogue does not end";
  return dt::errc::invalid_state;
}

}  // namespace postgres_test
