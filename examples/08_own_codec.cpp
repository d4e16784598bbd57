// A codec of one's own, over a child process: it writes a line and reads a line. The peer is `cat`, which says it all
// again.
#include <dovetail/base/buffer.hpp>
#include <dovetail/client/client.hpp>
#include <dovetail/transport/pipe.hpp>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace dt = dovetail;

//[codec_session
struct line_options {
  std::size_t longest = 4096;
};

struct line_session {  // what one connection remembers
  explicit line_session(const line_options& options) : input(options.longest) {}
  dt::read_buffer input;
  dt::session_health state = dt::session_health::closed;

  class connect;
  class exchange;
  connect open();
  exchange ping();
  template <class Op>
  exchange start(const Op& op);
  dt::session_health health() const noexcept { return state; }
};
//]

//[codec_machines
class line_session::connect {  // a dialogue says what to do next, and gets told what came of it
 public:
  explicit connect(line_session& session) : session_(&session) {}
  dt::action resume(const dt::event& ev) {
    if (std::exchange(asked_, true)) {
      if (!ev.ec) session_->state = dt::session_health::idle;
      return dt::action::done(ev.cancelled ? make_error_code(dt::errc::cancelled) : ev.ec);
    }
    return dt::action::connect();
  }

 private:
  line_session* session_;
  bool asked_ = false;
};

class line_session::exchange {
 public:
  using value_type = std::string;
  exchange(line_session& session, std::string request) : session_(&session), text_(std::move(request) + '\n') {}

  dt::action resume(const dt::event& ev) {
    if (ev.cancelled) return dt::action::done(dt::errc::cancelled);
    if (ev.ec) return dt::action::done(ev.ec);
    if (step_ == step::begin) {
      step_ = step::written;
      session_->state = dt::session_health::desynchronised;  // until the whole answer is here
      return dt::action::write(dt::as_byte_view(text_));
    }
    if (std::exchange(step_, step::reading) == step::reading) session_->input.commit(ev.bytes);
    const std::string_view got = dt::as_text(session_->input.committed());
    if (const auto end = got.find('\n'); end != got.npos) {
      text_ = got.substr(0, end);
      session_->input.consume(end + 1);
      session_->state = dt::session_health::idle;
      return dt::action::done();
    }
    if (!session_->input.prepare(1)) return dt::action::done(dt::errc::frame_too_large);
    return dt::action::read(session_->input.free());
  }
  std::string value() && { return std::move(text_); }

 private:
  enum class step { begin, written, reading };
  line_session* session_;
  std::string text_;
  step step_ = step::begin;
};
//]

//[codec_itself
struct say {  // an operation: a plain value
  using value_type = std::string;
  static constexpr std::string_view name = "say";
  std::string line;
  bool is_idempotent() const noexcept { return true; }
};

struct line_codec {
  using options = line_options;
  using session = line_session;
  template <class Self>
  struct verbs {  // becomes part of the client
    auto say(std::string line, std::source_location where = std::source_location::current()) {
      return static_cast<Self&>(*this).run(::say{std::move(line)}, where);
    }
  };
};
//]

//[codec_starts
line_session::connect line_session::open() { return connect{*this}; }
line_session::exchange line_session::ping() { return {*this, ""}; }
template <class Op>
line_session::exchange line_session::start(const Op& op) {
  return {*this, op.line};
}
//]

int main() {
  //[codec_use
  dt::client<dt::stdio_pipe, line_codec> peer{{dt::pipe_endpoint{{"cat"}}, {.longest = 1024}}};
  const std::string answer = peer.say("hello");
  //]
  std::printf("%s\n", answer.c_str());
  return answer == "hello" ? 0 : 1;
}
