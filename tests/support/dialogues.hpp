// Small dialogues that tests drive: send a line and read one, connect first, wait, read until the end.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/base/health.hpp>
#include <dovetail/sansio/machine.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::test {

/// A text in which a lost or a doubled piece is seen.
inline std::string patterned_text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i + i / 26) % 26);
  return text;
}

/// Buffers and state of the line dialogues, as a codec's session has them.
struct line_session {
  std::string out;
  std::string in;
  std::array<std::byte, 64> chunk{};
  session_health state = session_health::closed;

  session_health health() const noexcept { return state; }
};

/// Connects.
class open_line {
 public:
  explicit open_line(line_session& s) noexcept : session_(&s) {}
  action resume(const event& happened) {
    if (happened.ec || has_begun_) {
      session_->state = happened.ec ? session_health::closed : session_health::idle;
      return action::done(happened.ec);
    }
    has_begun_ = true;
    return action::connect();
  }

 private:
  line_session* session_;
  bool has_begun_ = false;
};

/// Sends a line and reads lines until `replies` of them came; the value is all of them.
class exchange_lines {
 public:
  using value_type = std::string;

  exchange_lines(line_session& s, std::string_view line, std::size_t replies = 1) : session_(&s), left_(replies) {
    s.out = line;
    s.out += '\n';
    s.in.clear();
  }

  action resume(const event& happened) {
    if (happened.ec) {
      session_->state = session_health::desynchronised;
      return action::done(happened.ec);
    }
    if (!has_written_) {
      has_written_ = true;
      return action::write(as_byte_view(session_->out));
    }
    for (std::size_t i = 0; i < happened.bytes && has_asked_; ++i) {
      const char each = static_cast<char>(session_->chunk[i]);
      session_->in += each;
      if (each == '\0') return fail(errc::malformed_frame);
      if (each == '\n' && --left_ == 0) {
        if (i + 1 != happened.bytes) return fail(errc::unexpected_message);
        session_->state = session_health::idle;
        return action::done();
      }
    }
    has_asked_ = true;
    return action::read(session_->chunk);
  }
  value_type value() && { return session_->in; }

 private:
  action fail(errc code) {
    session_->state = session_health::desynchronised;
    return action::done(code);
  }

  line_session* session_;
  std::size_t left_;
  bool has_written_ = false;
  bool has_asked_ = false;
};

/// Ends our half, then reads until the peer ends its own; the value is what it sent.
class read_to_end {
 public:
  using value_type = std::string;

  explicit read_to_end(line_session& s) : session_(&s) { s.in.clear(); }
  action resume(const event& happened) {
    if (happened.ec == errc::connection_closed && has_shut_down_) return action::done();
    if (happened.ec) return action::done(happened.ec);
    if (!has_shut_down_) {
      has_shut_down_ = true;
      return action::shutdown_write();
    }
    session_->in += as_text(byte_view{session_->chunk}.first(happened.bytes));
    return action::read(session_->chunk);
  }
  value_type value() && { return session_->in; }

 private:
  line_session* session_;
  bool has_shut_down_ = false;
};

/// Lets a time pass; has no value.
class take_a_break {
 public:
  explicit take_a_break(clock::duration delay) noexcept : delay_(delay) {}
  action resume(const event& happened) {
    if (happened.ec || std::exchange(has_begun_, true)) return action::done(happened.ec);
    return action::wait(delay_);
  }

 private:
  clock::duration delay_;
  bool has_begun_ = false;
};

/// Connects, reads, and when the deadline has ended that, says so in `in` and connects once more.
class connect_again {
 public:
  explicit connect_again(line_session& s) noexcept : session_(&s) {}
  action resume(const event& happened) {
    switch (step_++) {
      case 0:
        return action::connect();
      case 1:
        return happened.ec ? action::done(happened.ec) : action::read(session_->chunk);
      case 2:
        if (happened.ec != errc::deadline_passed) return action::done(happened.ec);
        session_->in = "late";
        return action::connect();
      default:
        return action::done(happened.ec);
    }
  }

 private:
  line_session* session_;
  int step_ = 0;
};

/// Looks once; its value is what was there.
class glance {
 public:
  using value_type = std::string;

  explicit glance(line_session& s) noexcept : session_(&s) {}
  action resume(const event& happened) {
    if (!std::exchange(has_begun_, true)) return action::look(session_->chunk);
    session_->in = as_text(byte_view{session_->chunk}.first(happened.bytes));
    return action::done(happened.ec);
  }
  value_type value() && { return session_->in; }

 private:
  line_session* session_;
  bool has_begun_ = false;
};

/// Sends a text to a peer that gives it back and reads no more than it has written; the value is what has come when it
/// is all of it.
class pass_through {
 public:
  using value_type = std::string;

  /// `asks`: it awaits an answer.
  explicit pass_through(line_session& s, std::string text, bool connects = false, bool asks = false)
      : session_(&s), text_(std::move(text)), connects_(connects), asks_(asks) {
    s.in.clear();
  }
  action resume(const event& happened) {
    if (is_writing_) sent_ += happened.bytes;
    session_->in += as_text(byte_view{chunk_}.first(is_writing_ ? happened.received : happened.bytes));
    if (happened.ec) return action::done(happened.ec);
    if (std::exchange(connects_, false)) return action::connect();
    is_writing_ = sent_ != text_.size();
    const byte_view rest = as_byte_view(text_).subspan(sent_);
    if (is_writing_) return asks_ ? action::ask(rest, chunk_) : action::exchange(rest, chunk_);
    return session_->in.size() == text_.size() ? action::done() : action::read(chunk_);
  }
  value_type value() && { return std::move(session_->in); }

 private:
  line_session* session_;
  std::string text_;
  std::vector<std::byte> chunk_ = std::vector<std::byte>(4096);
  std::size_t sent_ = 0;
  bool connects_;
  bool asks_;
  bool is_writing_ = false;
};

/// Never ends by itself: reads again after every failure, as a broken dialogue would.
class stubborn_reader {
 public:
  explicit stubborn_reader(line_session& s) noexcept : session_(&s) {}
  action resume(const event&) { return action::read(session_->chunk); }

 private:
  line_session* session_;
};

/// Has a value that can only be moved, and can only be moved itself.
class boxed_exchange {
 public:
  using value_type = std::unique_ptr<std::string>;

  explicit boxed_exchange(line_session& s, std::string_view line) : inner_(std::make_unique<exchange_lines>(s, line)) {}
  action resume(const event& happened) { return inner_->resume(happened); }
  value_type value() && { return std::make_unique<std::string>(std::move(*inner_).value()); }
  error_info failure(std::error_code ec) const { return error_info{ec, "exchanging a line"}; }

 private:
  std::unique_ptr<exchange_lines> inner_;
};

}  // namespace dovetail::test
