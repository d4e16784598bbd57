// Any bytes as a gateway's answers, to every dialogue of the client: over HTTP, also while a large request is sent,
// through a proxy, inside of a transaction over WebSocket, as a stream, and as the JSON of an answer alone. Each ends;
// a connection counts as idle only when nothing is left over; an answer means the same however it is cut, and a stream
// of it has the rows that a query has; nothing is a success that does not say so; texts are UTF-8. The first byte tells
// the dialogue, the second what else happens.
#include <dovetail/client/workersql/calls.hpp>

#include <dovetail/base/utf8.hpp>
#include <dovetail/row/row.hpp>

#include <support/workersql_session.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace workersql_test;
namespace calls = dovetail::workersql::detail;

constexpr std::size_t most = 16 * 1024;

void require(bool holds) {
  if (!holds) std::abort();
}

enum class colour { red, green };

struct person {
  std::int64_t id;
  std::string name;
};
struct everything {
  std::optional<std::int16_t> small;
  std::optional<std::uint64_t> large;
  std::optional<double> real;
  std::optional<bool> active;
  std::optional<std::string> text;
  std::optional<dt::decimal> price;
  std::optional<dt::uuid> id;
  std::optional<std::chrono::year_month_day> day;
  std::optional<std::chrono::sys_time<std::chrono::microseconds>> ts;
  std::optional<std::chrono::local_seconds> local;
  std::optional<std::chrono::milliseconds> lasts;
  std::optional<std::vector<std::byte>> bin;
  std::optional<std::vector<int>> list;
  std::optional<dt::json_value<std::map<std::string, int>>> json;
  std::optional<colour> shade;
};

/// The gateway: its bytes, how many of them a read gives, and what else it does.
struct peer {
  std::string_view bytes;
  std::size_t at_most;
  bool speaks_first = false;  // bytes are there when the client looks
  int stop_at = -1;           // the action at which the client gives up
  std::size_t given = 0;
  int actions = 0;

  dt::event give(dt::byte_span into, bool may_end) {
    require(!into.empty());
    dt::event happened;
    happened.bytes = (std::min)({bytes.size() - given, into.size(), at_most});
    std::memcpy(into.data(), bytes.data() + given, happened.bytes);
    given += happened.bytes;
    if (happened.bytes == 0 && may_end) happened.ec = dt::errc::connection_closed;
    return happened;
  }
};

template <class Machine>
std::error_code drive(workersql::session& on, Machine& dialogue, peer& from) {
  dt::event happened;
  for (int steps = 0;; ++steps) {
    require(steps < 100'000);
    const dt::action next = dialogue.resume(happened);
    happened = {};
    if (next.what() == dt::verb::done) {
      const dt::error_info failure = dt::failure_of(dialogue, next.error());
      require(static_cast<bool>(failure) == static_cast<bool>(next.error()));
      require(on.input().capacity() <= most + 512 * 1024);
      return next.error();
    }
    const bool stops = ++from.actions == from.stop_at;
    switch (next.what()) {
      case dt::verb::write:
        require(!next.output().empty());
        happened.bytes = stops ? next.output().size() / 2 : next.output().size();
        break;
      case dt::verb::exchange: {  // a part leaves, and a part comes; all leaves when nothing comes any more
        const dt::event came = from.give(next.input(), false);
        happened.received = came.bytes;
        happened.bytes = stops || came.bytes != 0 ? next.output().size() / 3 : next.output().size();
        break;
      }
      case dt::verb::read:
        happened = from.give(next.input(), true);
        break;
      case dt::verb::look:
        if (from.speaks_first) happened = from.give(next.input(), false);
        break;
      case dt::verb::connect:
      case dt::verb::start_tls:
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

workersql::options how(bool has_proxy) {
  workersql::options made = plain_options();
  made.response_limit = most;
  if (has_proxy) made.proxy_host = "proxy";
  return made;
}

/// Of a request that is not sent at once: answers may come before all of it has left.
const std::string large_body(100'000, ' ');

/// Answers over HTTP, one after the other; gives what was understood of the first. (Bytes behind it answer the next one
/// only when they come late.)
std::string talk_http(char what, peer from) {
  session_maker sessions{how(what == 'p')};
  workersql::session& on = sessions.fresh(what == 'p' ? dt::session_health::closed : dt::session_health::idle);
  std::string first;
  if (what == 'p') {
    workersql::startup opening{on};
    if (drive(on, opening, from)) return "refused";
    require(on.health() == dt::session_health::idle);
  }
  for (int round = 0; round < 3 && on.health() == dt::session_health::idle; ++round) {
    on.body() = what == 'e' ? large_body : "{}";
    workersql::exchange asking{on, {workersql::endpoint_kind::query, round == 1, "k"}};
    const std::error_code ec = drive(on, asking, from);
    require(!ec || on.health() != dt::session_health::idle || from.stop_at >= 0);
    if (round == 0) first = ec ? ec.message() : std::to_string(asking.answer().status);
    if (ec) continue;
    const workersql::http_answer got = std::move(asking).value();
    require(got.body.size() <= most && got.status >= 200 && got.status <= 999);
    workersql::reply_facts said;
    bool is_stopped = false;
    if (!workersql::read_answer(got, {}, said, is_stopped)) {
      require(got.status / 100 == 2 && said.is_success && said.tells_outcome() && !said.error.is_set);
    }
    if (round == 0) (first += got.body) += std::to_string(said.rows_affected());
  }
  return first;
}

std::string talk_health(peer from) {
  session_maker sessions{how(false)};
  workersql::session& on = sessions.fresh();
  calls::health_call asking{on};
  const std::error_code ec = drive(on, asking, from);
  if (ec) return ec.message();
  const workersql::gateway_health got = std::move(asking).value();
  require(dt::is_valid_utf8(got.status));
  return got.status;
}

std::string talk_batch(peer from) {
  session_maker sessions{how(false)};
  workersql::session& on = sessions.fresh();
  workersql::execute_batch op;
  for (int id = 0; id < 2; ++id) op.work.append_row("insert into t values (?, ?)", person{id, "x"});
  calls::batch_call asking{on, op};
  if (const std::error_code ec = drive(on, asking, from)) return ec.message();
  const workersql::batch_summary done = std::move(asking).value();
  require(!done.results.empty());
  return std::to_string(done.rows_affected);
}

/// A transaction: from the handshake on, or from the first message; gives what came of the first statement.
std::string talk_socket(char what, peer from) {
  session_maker sessions{how(false)};
  workersql::session& on = sessions.fresh();
  const auto is_open = [&on] { return on.health() == dt::session_health::in_transaction; };
  std::string first;
  if (what == 'w') {
    calls::begin_call beginning{on, dt::sql_begin{}};
    const std::error_code ec = drive(on, beginning, from);
    require(!ec == is_open());
    if (ec) return {};
  } else {
    on.open_socket();
    on.set_health(dt::session_health::in_transaction);
  }
  if (is_open()) {
    dt::repeat_key key;
    const person row{1, "Ann"};
    calls::insert_call<person, calls::one_row<person, false>> inserting{on, "t", "", "", row, key};
    const std::error_code ec = drive(on, inserting, from);
    first = ec.message();
    if (!ec) {
      const person got = std::move(inserting).value();
      require(is_open() && dt::is_valid_utf8(got.name));
      first += got.name;
    }
  }
  if (is_open()) {
    calls::end_call ending{on, true, 0};
    drive(on, ending, from);
    require(!is_open() || from.stop_at >= 0);
  }
  return what == 't' ? first : std::string{};
}

void append_row(std::string& text, const person& row) { ((text += std::to_string(row.id)) += row.name) += ';'; }

/// A stream, read to its end or dropped in the middle; gives its rows and how it ended.
std::string talk_stream(peer from, int most_rows) {
  using rows_type = calls::stream_state<person>;
  using request_type = dt::sql_request<dt::statement_for<dt::dialect::sqlite, person>, std::tuple<>>;
  session_maker sessions{how(false)};
  workersql::session& on = sessions.fresh();
  rows_type rows;
  const request_type asked{"select * from t", {}};
  calls::stream_open_call<person, request_type> opening{on, asked, rows};
  if (const std::error_code ec = drive(on, opening, from)) return ec.message();
  std::string text;
  for (person row; most_rows-- != 0;) {
    const dt::stream_step came = rows.next(row);
    if (came == dt::stream_step::done) {
      return text + "end";
    }
    if (came == dt::stream_step::failed) {
      const dt::error_info why = rows.take_failure();
      require(static_cast<bool>(why));
      return text + why.code().message();
    }
    if (came == dt::stream_step::row) {
      require(dt::is_valid_utf8(row.name));
      append_row(text, row);
      continue;
    }
    calls::stream_fetch_call fetching{rows.answer()};
    if (const std::error_code ec = drive(on, fetching, from)) return text + ec.message();
  }
  return text;
}

/// What a query makes of the same bytes: its rows, or nothing when it fails.
std::optional<std::string> query_rows(peer from) {
  session_maker sessions{how(false)};
  workersql::session& on = sessions.fresh();
  on.body() = "{}";
  workersql::exchange asking{on, {}};
  if (drive(on, asking, from)) return {};
  calls::all_rows<person> target;
  workersql::reply_facts said;
  bool is_stopped = false;
  if (workersql::read_answer(asking.answer(), target.sink(), said, is_stopped) || is_stopped) return {};
  if (target.finish(said)) return {};
  std::string text;
  for (const person& each : target.value()) append_row(text, each);
  return text + "end";
}

template <class Target>
std::string read_rows(unsigned status, std::string_view body, Target target) {
  workersql::reply_facts said;
  bool is_stopped = false;
  dt::error_info failure = workersql::read_answer({status, body, "id"}, target.sink(), said, is_stopped);
  if (is_stopped) {
    failure = target.take_failure();
    require(static_cast<bool>(failure));
  }
  if (!failure) {
    require(said.is_success && !said.error.is_set && said.tells_outcome());
    failure = target.finish(said);
  }
  if (!failure) static_cast<void>(target.value());
  return failure.message();
}

void read_json(unsigned status, std::string_view body) {
  // In memory of its own, so that a byte read behind it is seen.
  const std::vector<char> exact(body.begin(), body.end());
  const std::string_view text{exact.data(), exact.size()};
  calls::all_rows<person> people;
  read_rows(status, text, std::move(people));
  read_rows(status, text, calls::all_rows<everything>{});
  read_rows(status, text, calls::all_rows<dt::row>{2});
  read_rows(status, text, calls::one_row<std::int64_t, true>{});
  read_rows(status, text, calls::one_row<std::string, false>{});
  read_rows(status, text, calls::response_target<std::tuple<std::string, double>>{});
  read_rows(status, text, calls::summary_target{});
}

std::string talk(char what, const peer& from) {
  switch (what) {
    case 'w':
    case 't':
      return talk_socket(what, from);
    case 'b':
      return talk_batch(from);
    case 'l':
      return talk_health(from);
    case 's':
      return talk_stream(from, -1);
    default:
      return talk_http(what, from);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
  const char what = static_cast<char>(data[0]);
  if (what == 'j') {
    static constexpr unsigned statuses[] = {200, 200, 200, 201, 400, 401, 413, 429, 500, 503, 302};
    read_json(statuses[data[1] % std::size(statuses)], bytes);
    return 0;
  }
  const bool speaks_first = (data[1] & 1) != 0;
  const int stop_at = (data[1] & 2) != 0 ? data[1] >> 2 : -1;
  // With a proxy or a handshake it counts what comes together with their answer.
  const bool is_the_same = !speaks_first && stop_at < 0 && what != 'p' && what != 'w';
  const std::string whole = talk(what, {bytes, bytes.size(), speaks_first, stop_at});
  if (what == 's') {
    static_cast<void>(talk_stream({bytes, 7, speaks_first, stop_at}, data[1] >> 2));
    const std::optional<std::string> rows = query_rows({bytes, bytes.size(), speaks_first, stop_at});
    require(!is_the_same || !rows || *rows == whole);                                 // more may be streamed
    require(!is_the_same || rows || !whole.ends_with("end") || bytes.size() > most);  // than fits into an answer
  }
  for (const std::size_t at_most : {std::size_t{1}, std::size_t{7}}) {
    const std::string cut = talk(what, {bytes, at_most, speaks_first, stop_at});
    require(!is_the_same || cut == whole);
  }
  return 0;
}
