// A PostgreSQL client fed with arbitrary bytes for the server's answers, in every dialogue: it always ends, never waits
// with an empty buffer, never makes room for what a length only announces, and is ready afterwards only when nothing is
// owed. What was broken off is drained with the bytes that follow.
#include <dovetail/codec/postgres/copy_in.hpp>
#include <dovetail/codec/postgres/copy_out.hpp>
#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/codec/postgres/execute_many.hpp>
#include <dovetail/codec/postgres/pipeline.hpp>
#include <dovetail/codec/postgres/script.hpp>
#include <dovetail/codec/postgres/stream.hpp>
#include <dovetail/codec/postgres/wait_notification.hpp>

#include <support/postgres_rows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The server: its bytes, how many of them a read gives, and the action at which the client gives up.
struct peer {
  dt::byte_view bytes;
  std::size_t at_most;
  std::size_t given = 0;
  int stop_at = -1;
  int actions = 0;
  bool speaks_meanwhile = false;  ///< half of what is written leaves when there are bytes to be read

  std::size_t give(dt::byte_span into) {
    const std::size_t size = (std::min)({bytes.size() - given, into.size(), at_most});
    std::memcpy(into.data(), bytes.data() + given, size);
    given += size;
    return size;
  }
};

template <class Machine>
bool drive(pg::session& session, Machine dialogue, peer& from) {
  dt::event happened;
  for (int steps = 0;; ++steps) {
    require(steps < 200'000);
    const dt::action next = dialogue.resume(happened);
    happened = {};
    const auto health = session.health();
    if (next.what() == dt::verb::done) {
      const dt::error_info failure = dt::failure_of(dialogue, next.error());
      require(static_cast<bool>(failure) == static_cast<bool>(next.error()));
      const bool is_ready = health == dt::session_health::idle || health == dt::session_health::in_transaction;
      require(!is_ready || (session.owed() == 0 && !session.needs_sync()));
      require(session.facts.input.capacity() <= (std::max)(std::size_t{64} * 1024, 4 * from.given));
      if (!next.error()) static_cast<void>(std::move(dialogue).value());
      return !next.error();
    }
    const bool stops = ++from.actions == from.stop_at;
    switch (next.what()) {
      case dt::verb::write:
        require(!next.output().empty());
        happened.bytes = stops ? next.output().size() / 2 : next.output().size();
        break;
      case dt::verb::exchange:
        require(!next.output().empty());
        if (from.speaks_meanwhile) happened.received = from.give(next.input());
        happened.bytes = stops || happened.received != 0 ? next.output().size() / 2 : next.output().size();
        if (next.awaits_answer() && happened.bytes == next.output().size() && steps % 2 == 0) {
          happened.received = from.give(next.input());
          if (happened.received == 0) happened.ec = dt::errc::connection_closed;
        }
        break;
      case dt::verb::read:
        require(!next.input().empty());
        happened.bytes = from.give(next.input());
        if (happened.bytes == 0) happened.ec = dt::errc::connection_closed;
        break;
      case dt::verb::look:
        require(!next.input().empty());
        happened.bytes = from.give(next.input());
        break;
      default:
        require(false);
    }
    if (stops) {
      happened.cancelled = true;
      happened.ec = dt::errc::cancelled;
    }
  }
}

dt::error_info produce(void* state, dt::byte_buffer& out, const pg::copy_format&, bool& is_last) {
  int& left = *static_cast<int*>(state);
  out.append(std::string_view{"1\tone\n"});
  is_last = --left == 0;
  return {};
}

bool next_arguments(void* state, pg::parameter_list& to, dt::error_info&) {
  int& left = *static_cast<int*>(state);
  if (left-- == 0) return false;
  const std::string value(left == 0 ? 70'000 : 1, 'x');
  for (std::uint32_t number = 1; number <= 2; ++number) {
    dt::byte_buffer& out = to.begin(number);
    out.append_big(static_cast<std::uint32_t>(value.size()));
    out.append(std::string_view{value});
    to.end(true);
  }
  return true;
}

dt::error_info take_copy(void* state, dt::byte_view data, const pg::copy_format&) {
  *static_cast<std::size_t*>(state) += data.size();
  return {};
}

void talk(unsigned what, peer from) {
  pg::session session{(what & 0x40) != 0 ? std::size_t{0} : std::size_t{2}, false, 1 << 20};
  session.facts.health = dt::session_health::idle;
  if ((what & 0x80) != 0) session.defer("begin");
  dt::test::text_rows rows;
  const dt::test::text_arguments arguments{{"a", "b"}, {2, 1}};
  pg::statement_request asked{.text = "select $1, $2", .arguments = arguments.writer()};
  const pg::statement_request plain{.text = "select 1"};
  for (int round = 0; round < 4; ++round) {
    switch (what % 9) {
      case 0:
        drive(session, pg::execute_dialogue{session, asked, rows.sink()}, from);
        break;
      case 1:
        drive(session, pg::script_dialogue{session, "commit", pg::script_purpose::commit, rows.sink()}, from);
        break;
      case 2: {
        pg::portal portal;
        asked.row_limit = 2;
        const bool runs_ahead = (what & 0x20) != 0;
        if (runs_ahead) portal.run_ahead();
        const pg::row_sink leaves{&rows, nullptr, [](void*, dt::byte_view, bool&) { return std::size_t{0}; }, nullptr};
        drive(session, pg::execute_dialogue{session, asked, rows.sink(), portal}, from);
        for (int batch = 0; batch < 3 && portal.is_open(); ++batch) {
          drive(session, pg::stream_dialogue{session, portal, runs_ahead ? leaves : rows.sink()}, from);
          if (!runs_ahead || !portal.is_open() || !session.is_portal_open()) continue;
          bool failed = false;
          session.facts.input.consume(rows.sink().take(&rows, session.facts.input.committed(), failed));
        }
        if (portal.is_open()) drive(session, pg::stream_dialogue{session, portal}, from);
        break;
      }
      case 3: {
        int left = 3;
        drive(session, pg::copy_in_dialogue{session, "copy t from stdin", {&left, &produce}}, from);
        break;
      }
      case 4: {
        std::size_t bytes = 0;
        drive(session, pg::copy_out_dialogue{session, "copy t to stdout", {&bytes, &take_copy}}, from);
        break;
      }
      case 5:
      case 6: {
        std::vector<pg::pipeline_item> items;
        items.push_back({.asked = asked, .rows = rows.sink()});
        items.push_back({.asked = plain});
        items.push_back({.asked = asked, .rows = rows.sink()});
        items.push_back({.asked = asked, .rows = rows.sink(), .is_as_before = true});
        const auto sync = what % 9 == 5 ? pg::pipeline_sync::each : pg::pipeline_sync::once;
        drive(session, pg::pipeline_dialogue{session, items, sync}, from);
        break;
      }
      case 7: {
        int left = 3;
        drive(session, pg::execute_many_dialogue{session, asked, {&left, &next_arguments}}, from);
        break;
      }
      default:
        drive(session, pg::wait_notification_dialogue{session}, from);
        break;
    }
    if (session.can_drain()) drive(session, pg::drain_dialogue{session}, from);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const dt::byte_view input{reinterpret_cast<const std::byte*>(data) + 2, size - 2};
  const int stop_at = data[1] < 32 ? data[1] : -1;
  for (const std::size_t at_most : {size, std::size_t{1}, std::size_t{7}}) {
    talk(data[0], {input, at_most, 0, stop_at, 0, at_most == 7});
  }
  return 0;
}
