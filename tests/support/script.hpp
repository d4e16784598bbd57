// Plays the driver of a dialogue in tests: expects its actions, gives it events, fails or cancels each of its steps.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/health.hpp>
#include <dovetail/sansio/machine.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::test {

inline const char* name_of(verb what) {
  constexpr const char* names[] = {"done",           "read", "write", "connect", "start_tls",
                                   "shutdown_write", "wait", "close", "look",    "exchange"};
  return names[static_cast<std::size_t>(what)];
}

/// Bytes as text that a failed test can show.
inline std::string shown(byte_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text = std::to_string(bytes.size()) + " bytes:";
  for (const std::byte each : bytes.first(std::min<std::size_t>(bytes.size(), 96))) {
    const auto value = std::to_integer<unsigned>(each);
    text += ' ';
    text += digits[value >> 4];
    text += digits[value & 15];
  }
  return bytes.size() > 96 ? text + " …" : text;
}

/// Bytes from text, from a span or array of bytes, or from numbers: what a script writes and reads.
class script_bytes {
 public:
  script_bytes(std::string_view text) : bytes_(text) {}      // NOLINT: by purpose
  script_bytes(const char* text) : bytes_(text) {}           // NOLINT
  script_bytes(const std::string& text) : bytes_(text) {}    // NOLINT
  script_bytes(byte_view bytes) : bytes_(as_text(bytes)) {}  // NOLINT
  template <std::size_t N>
  script_bytes(const std::array<std::byte, N>& bytes) : bytes_(as_text(byte_view{bytes})) {}  // NOLINT
  script_bytes(const std::vector<std::byte>& bytes) : bytes_(as_text(byte_view{bytes})) {}    // NOLINT
  script_bytes(std::initializer_list<int> numbers) {
    for (const int each : numbers) bytes_ += static_cast<char>(each);
  }
  byte_view view() const { return as_byte_view(bytes_); }

 private:
  std::string bytes_;
};

/// The script of one dialogue. Describe what it must do, in order; then say how it is to be run:
///   script(read_reply{s}).read(reply).done();
///   script([&] { s = {}; return read_reply{s}; }).read_each_byte(reply).fail_each_step().leaves(s, desynchronised);
/// A script that runs more than once (`fail_each_step` and its like) makes a fresh dialogue for each run: give it a
/// callable that makes one, or a dialogue that can be copied.
template <class Make>
class script_of {
 public:
  using machine_type = std::invoke_result_t<Make&>;

  script_of(Make make, std::source_location where) : make_(std::move(make)), where_(where) {}
  script_of(const script_of&) = delete;
  script_of& operator=(const script_of&) = delete;
  ~script_of() {
    if (!has_run_) play_all();
  }

  // What the dialogue must do.

  /// Must write exactly these bytes in one action. When it awaits an answer, what the script reads next comes with it.
  script_of& write(script_bytes bytes) { return add({verb::write, std::move(bytes)}); }
  /// Must write something; `check(byte_view)` looks at it.
  template <class Check>
  requires std::invocable<Check&, byte_view> script_of& write_checked(Check check) {
    step made{verb::write, {}};
    made.check = std::move(check);
    return add(std::move(made));
  }
  /// Must write while it can read, and writes these bytes of what it offers; meanwhile those come.
  script_of& exchange(script_bytes sent, script_bytes received) {
    step made{verb::exchange, std::move(sent)};
    made.received = std::make_unique<script_bytes>(std::move(received));
    return add(std::move(made));
  }
  /// Must read, as often as it takes to get these bytes; a read gives what its buffer holds, never more than these.
  script_of& read(script_bytes bytes) { return add({verb::read, std::move(bytes)}); }
  /// The same, one byte a read.
  script_of& read_each_byte(script_bytes bytes) { return read_in_pieces(std::move(bytes), 1); }
  script_of& read_in_pieces(script_bytes bytes, std::size_t at_most) {
    step made{verb::read, std::move(bytes)};
    made.at_most = at_most;
    return add(std::move(made));
  }
  /// Must read, and finds the end of the stream.
  script_of& read_end() { return add({verb::read, {}}).failing(errc::connection_closed); }
  /// Must look, and finds these bytes. Where the script says nothing of a look, nothing has come.
  script_of& look(script_bytes bytes = {}) { return add({verb::look, std::move(bytes)}); }
  /// Must look, and finds the end of the stream.
  script_of& look_end() { return add({verb::look, {}}).failing(errc::connection_closed); }
  script_of& connect() { return add({verb::connect, {}}); }
  /// Must connect to the transport's peer of this number.
  script_of& connect(std::size_t target) {
    step made{verb::connect, {}};
    made.target = target;
    return add(std::move(made));
  }
  script_of& start_tls() { return add({verb::start_tls, {}}); }
  script_of& shutdown_write() { return add({verb::shutdown_write, {}}); }
  script_of& close() { return add({verb::close, {}}); }
  script_of& wait() { return add({verb::wait, {}}); }
  script_of& wait(clock::duration delay) {
    step made{verb::wait, {}};
    made.delay = delay;
    return add(std::move(made));
  }

  // What comes of the step named last, instead of success.

  /// It fails with `ec`, after `bytes` (of a write).
  script_of& failing(std::error_code ec, std::size_t bytes = 0) {
    steps_.back().trouble = event{ec, bytes, false};
    return *this;
  }
  /// It is cancelled, after `bytes` (of a write).
  script_of& cancelled(std::size_t bytes = 0) {
    steps_.back().trouble = event{make_error_code(errc::cancelled), bytes, true};
    return *this;
  }

  /// It succeeds, and the TLS connection has this binding.
  script_of& binding(script_bytes bytes) {
    bindings_.push_back(std::make_unique<script_bytes>(std::move(bytes)));
    steps_.back().trouble = event{.channel_binding = bindings_.back()->view()};
    return *this;
  }

  // How it is run.

  /// Every read gives one byte.
  script_of& one_byte_a_read() {
    for (step& each : steps_) each.at_most = 1;
    return *this;
  }
  /// Runs it well once, then once more for each of its actions, which fails; the dialogue must end with an error.
  script_of& fail_each_step(std::error_code ec = std::make_error_code(std::errc::connection_reset)) {
    troubles_.push_back({"failing", event{ec, 0, false}});
    return *this;
  }
  script_of& cancel_each_step() {
    troubles_.push_back({"cancelling", event{make_error_code(errc::cancelled), 0, true}});
    return *this;
  }
  script_of& time_out_each_step() { return fail_each_step(errc::deadline_passed); }

  // Ends of the script.

  /// The dialogue must end well.
  void done() { play_all(); }

  /// The dialogue must end with this code, or a code of this condition.
  template <class Code>
  void done_with(Code code) {
    if constexpr (std::is_error_condition_enum_v<Code>) {
      expected_ = [code](std::error_code ec) { return ec == make_error_condition(code); };
    } else {
      expected_ = [ec = std::error_code{code}](std::error_code got) { return got == ec; };
    }
    play_all();
  }

  /// The dialogue must end well; gives its value.
  auto value() requires value_machine<machine_type> {
    has_run_ = true;
    std::optional<machine_type> dialogue{make_()};
    std::error_code ec;
    play(*dialogue, no_step, {}, ec);
    EXPECT_FALSE(ec) << place() << "the dialogue failed: " << ec.message();
    return std::move(*dialogue).value();
  }

  /// The dialogue must fail; gives its failure.
  error_info failure() {
    has_run_ = true;
    std::optional<machine_type> dialogue{make_()};
    std::error_code ec;
    play(*dialogue, no_step, {}, ec);
    EXPECT_TRUE(ec) << place() << "the dialogue ended well";
    return dialogue->failure(ec);
  }

  /// `check()` or `check(machine)` holds after each run (for `fail_each_step`: after each failed one).
  template <class Check>
  void leaves(Check check) {
    if constexpr (std::same_as<Check, session_health>) {
      after_ = [this, check](machine_type& dialogue) {
        EXPECT_EQ(check, dialogue.health()) << place() << "health after " << run_;
      };
    } else if constexpr (std::invocable<Check&, machine_type&>) {
      after_ = std::move(check);
    } else {
      after_ = [check](machine_type&) mutable { check(); };
    }
    play_all();
  }
  /// `session.health()` is `health` after each run (for `fail_each_step`: after each failed one).
  template <class Session>
  void leaves(const Session& session, session_health health) {
    after_ = [this, &session, health](machine_type&) {
      EXPECT_EQ(health, session.health()) << place() << "health after " << run_;
    };
    play_all();
  }

 private:
  static constexpr std::size_t no_step = static_cast<std::size_t>(-1);

  struct step {
    verb what;
    script_bytes bytes;
    std::size_t at_most = no_step;
    std::optional<event> trouble{};
    std::optional<clock::duration> delay{};
    std::optional<std::size_t> target{};
    std::function<void(byte_view)> check{};
    std::unique_ptr<script_bytes> received{};
  };
  struct trouble {
    const char* what;
    event happened;
  };

  script_of& add(step next) {
    steps_.push_back(std::move(next));
    return *this;
  }

  std::string place() const { return std::string{where_.file_name()} + ":" + std::to_string(where_.line()) + ": "; }

  void play_all() {
    has_run_ = true;
    run_ = "the run without trouble";
    std::error_code ec;
    std::size_t actions = 0;
    {
      std::optional<machine_type> dialogue{make_()};
      actions = play(*dialogue, no_step, {}, ec);
      if (expected_) {
        EXPECT_TRUE(expected_(ec)) << place() << "the dialogue ended with: " << ec.message();
      } else {
        EXPECT_FALSE(ec) << place() << "the dialogue failed: " << ec.message();
      }
      if (after_ && troubles_.empty()) after_(*dialogue);
    }
    make_trouble(actions);
    if (!has_answered_ || troubles_.empty()) return;
    answers_at_once_ = false;  // once more, by a driver that is asked for each read
    run_ = "the run that is asked for each read";
    std::optional<machine_type> dialogue{make_()};
    actions = play(*dialogue, no_step, {}, ec);
    make_trouble(actions);
  }

  void make_trouble(std::size_t actions) {
    std::error_code ec;
    for (const trouble& each : troubles_) {
      for (std::size_t at = 0; at < actions && !::testing::Test::HasFatalFailure(); ++at) {
        run_ = std::string{each.what} + " action " + std::to_string(at + 1) + " of " + std::to_string(actions);
        std::optional<machine_type> dialogue{make_()};
        play(*dialogue, at, each.happened, ec);
        EXPECT_TRUE(ec) << place() << "the dialogue ended well after " << run_;
        if (after_) after_(*dialogue);
      }
    }
  }

  /// A request that awaits an answer is written, and the script goes on with a read: both are told at once, as drivers
  /// do it. True when that was all of the read, or its trouble.
  bool answer(const action& next, const step& wanted, std::size_t& given, event& last) {
    has_answered_ = true;
    if (wanted.trouble) {
      last.ec = wanted.trouble->ec;
      last.cancelled = wanted.trouble->cancelled;
      return true;
    }
    const byte_view bytes = wanted.bytes.view();
    given = last.received = std::min({bytes.size(), next.input().size(), wanted.at_most});
    std::copy_n(bytes.data(), given, next.input().data());
    return given == bytes.size();
  }

  /// Plays one run; action `trouble_at` gets `happened` instead of success. Gives the number of actions.
  std::size_t play(machine_type& dialogue, std::size_t trouble_at, const event& happened, std::error_code& ec) {
    std::size_t actions = 0;
    std::size_t at = 0;
    std::size_t given = 0;  // of the read that is going on
    event last;
    for (;;) {
      const action next = dialogue.resume(last);
      if (next.what() == verb::done) {
        ec = next.error();
        if (trouble_at == no_step && at != steps_.size()) {
          ADD_FAILURE() << place() << "the dialogue was done (" << ec.message() << ") before its step " << at + 1
                        << ", " << name_of(steps_[at].what) << ", in " << run_;
        }
        return actions;
      }
      if (next.what() == verb::look && (at == steps_.size() || steps_[at].what != verb::look)) {
        last = event{};
        continue;
      }
      if (actions == trouble_at) return after_trouble(dialogue, happened, ec), actions;
      ++actions;
      // Where nothing is said of what comes meanwhile, nothing has come: then it is a write.
      const bool is_write = next.what() == verb::exchange && at != steps_.size() && steps_[at].what == verb::write;
      if (at == steps_.size() || (steps_[at].what != next.what() && !is_write)) {
        ADD_FAILURE() << place() << "the dialogue's action " << actions << " was " << name_of(next.what()) << ", not "
                      << (at == steps_.size() ? "done" : name_of(steps_[at].what)) << ", in " << run_;
        ec = make_error_code(errc::invalid_state);
        return actions;
      }
      const step& wanted = steps_[at];
      last = wanted.trouble.value_or(event{});
      const byte_view bytes = wanted.bytes.view();
      switch (wanted.what) {
        case verb::exchange: {
          const byte_view received = wanted.received->view();
          if (next.output().size() < bytes.size() || !std::ranges::equal(bytes, next.output().first(bytes.size()))) {
            ADD_FAILURE() << place() << "the dialogue wrote\n  " << shown(next.output())
                          << "\nwhich does not begin with\n  " << shown(bytes);
          }
          if (next.input().size() < received.size()) {
            ADD_FAILURE() << place() << "the dialogue has no room for what comes, in " << run_;
          } else if (!wanted.trouble) {
            last.bytes = bytes.size();
            last.received = received.size();
            std::copy_n(received.data(), received.size(), next.input().data());
          }
          break;
        }
        case verb::write:
          if (wanted.check) {
            wanted.check(next.output());
          } else if (!std::ranges::equal(bytes, next.output())) {
            ADD_FAILURE() << place() << "the dialogue wrote\n  " << shown(next.output()) << "\nnot\n  " << shown(bytes);
          }
          if (wanted.trouble) break;
          last.bytes = next.output().size();
          if (!answers_at_once_ || !next.awaits_answer() || at + 1 == steps_.size()) break;
          if (steps_[at + 1].what != verb::read) break;
          if (actions == trouble_at) {
            event late = happened;
            late.bytes = last.bytes;
            return after_trouble(dialogue, late, ec), actions;
          }
          ++actions;
          ++at;
          if (!answer(next, steps_[at], given, last)) continue;
          break;
        case verb::read:
          if (!wanted.trouble) {
            last.bytes = std::min({bytes.size() - given, next.input().size(), wanted.at_most});
            std::copy_n(bytes.data() + given, last.bytes, next.input().data());
            given += last.bytes;
            if (next.input().empty()) {
              ADD_FAILURE() << place() << "the dialogue read into an empty buffer, in " << run_;
              ec = make_error_code(errc::invalid_state);
              return actions;
            }
            if (given != bytes.size()) continue;
          }
          break;
        case verb::look:
          if (next.input().empty()) {
            ADD_FAILURE() << place() << "the dialogue looks into an empty buffer, in " << run_;
          } else if (!wanted.trouble) {
            last.bytes = std::min(bytes.size(), next.input().size());
            std::copy_n(bytes.data(), last.bytes, next.input().data());
          }
          break;
        case verb::wait:
          if (wanted.delay) {
            EXPECT_EQ(wanted.delay->count(), next.delay().count()) << place() << "the delay of wait";
          }
          break;
        case verb::connect:
          if (wanted.target) {
            EXPECT_EQ(*wanted.target, next.target()) << place() << "the target of action " << actions;
          }
          break;
        default:
          break;
      }
      given = 0;
      ++at;
    }
  }

  /// After trouble everything else fails too; the dialogue may still close, and must end soon.
  void after_trouble(machine_type& dialogue, event happened, std::error_code& ec) {
    for (int more = 0; more < 8; ++more) {
      const action next = dialogue.resume(happened);
      if (next.what() == verb::done) {
        ec = next.error();
        return;
      }
      happened = next.what() == verb::close ? event{} : event{make_error_code(errc::connection_lost), 0, false};
    }
    ADD_FAILURE() << place() << "the dialogue does not end after " << run_;
    ec = make_error_code(errc::invalid_state);
  }

  Make make_;
  std::source_location where_;
  std::vector<step> steps_;
  std::vector<std::unique_ptr<script_bytes>> bindings_;
  std::vector<trouble> troubles_;
  std::function<bool(std::error_code)> expected_;
  std::function<void(machine_type&)> after_;
  std::string run_;
  bool has_run_ = false;
  bool answers_at_once_ = true;
  bool has_answered_ = false;
};

/// A script of a dialogue that can be copied, or runs once.
template <machine Machine>
auto script(Machine dialogue, std::source_location where = std::source_location::current()) {
  auto make = [dialogue = std::move(dialogue)]() mutable -> Machine {
    if constexpr (std::copy_constructible<Machine>) {
      return dialogue;
    } else {
      return std::move(dialogue);
    }
  };
  return script_of<decltype(make)>{std::move(make), where};
}

/// A script of the dialogues that `make` makes.
template <class Make>
  requires machine<std::invoke_result_t<Make&>>
auto script(Make make, std::source_location where = std::source_location::current()) {
  return script_of<Make>{std::move(make), where};
}

}  // namespace dovetail::test
