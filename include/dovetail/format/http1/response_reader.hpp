// Reads the head of an HTTP/1.1 response from a growing buffer.
#pragma once

#include <dovetail/format/http1/fields.hpp>
#include <dovetail/format/http1/framing.hpp>
#include <dovetail/format/http1/limits.hpp>
#include <dovetail/format/http1/lines.hpp>
#include <dovetail/format/http1/problem.hpp>
#include <dovetail/format/http1/version.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// What a response needs to know of its request.
enum class request_kind : std::uint8_t { ordinary, head, connect };

constexpr request_kind kind_of(std::string_view method) noexcept {
  return method == "HEAD" ? request_kind::head : method == "CONNECT" ? request_kind::connect : request_kind::ordinary;
}

/// The head of a response. Lifetime: borrows from the bytes that were read.
struct response_head {
  unsigned status = 0;  ///< 100 to 999
  std::string_view reason{};
  unsigned minor_version = 1;  ///< 0 or 1
  field_lines fields{};
  body_plan body{};
  bool keep_alive = true;  ///< the connection may take another request behind this response

  /// Another response follows (1xx, but for 101).
  constexpr bool is_informational() const noexcept { return status < 200 && status != 101; }
};

/// Reads responses strictly by RFC 9112: what two readers may understand differently is refused, not mended.
/// Cost: as request_reader.
class response_reader {
 public:
  constexpr explicit response_reader(request_kind kind = request_kind::ordinary, const limits& bounds = {}) noexcept
      : bounds_(bounds), kind_(kind) {}

  /// `bytes` are all that came from the first byte of the message on, at each call. `out` is set when the head is
  /// complete. After a failure the connection has no more messages.
  constexpr head_progress read(std::string_view bytes, response_head& out) noexcept {
    if (bytes.size() > bounds_.head) bytes = {bytes.data(), bounds_.head};
    while (true) {
      const detail::line_progress line = lines_.next(bytes);
      if (line.state == progress::failed) return fail(line.why);
      if (line.state == progress::need_more) {
        return bytes.size() == bounds_.head ? fail(problem::head_too_large) : head_progress{};
      }
      const problem why = fields_begin_ == 0 ? take_start(line.text) : take_field(line.text);
      if (why != problem::none) return fail(why);
      if (is_complete_) return complete(bytes, out);
    }
  }

  /// Begins with the next response to the same request, or to another.
  constexpr void restart() noexcept { restart(kind_); }
  constexpr void restart(request_kind kind) noexcept { *this = response_reader{kind, bounds_}; }

 private:
  static constexpr std::size_t reason_begin_ = 13;  // HTTP/1.1 200 OK

  static constexpr head_progress fail(problem why) noexcept { return {progress::failed, why, 0}; }

  constexpr problem take_start(std::string_view line) noexcept {
    unsigned major = 0;
    if (!detail::read_version(line.substr(0, detail::version_size), major, minor_version_)) {
      return problem::malformed_status_line;
    }
    if (major != 1) return problem::unsupported_version;
    // The space behind the status must be there, also without a reason (RFC 9112 section 4).
    if (line.size() < reason_begin_ || line[8] != ' ' || line[12] != ' ') return problem::malformed_status_line;
    for (const char digit : line.substr(9, 3)) {
      if (!is_ascii_digit(digit)) return problem::malformed_status_line;
      status_ = status_ * 10 + static_cast<unsigned>(digit - '0');
    }
    if (status_ < 100) return problem::malformed_status_line;
    reason_size_ = line.size() - reason_begin_;
    fields_begin_ = lines_.position();
    return problem::none;
  }

  constexpr problem take_field(std::string_view line) noexcept {
    if (line.empty()) {
      is_complete_ = true;
      return facts_.check(minor_version_);
    }
    field read;
    if (const problem why = detail::parse_field(line, read); why != problem::none) return why;
    if (++field_count_ > bounds_.fields) return problem::too_many_fields;
    name_sizes_ |= field_lines::name_size_bit(read.name.size());
    return facts_.add(read);
  }

  constexpr head_progress complete(std::string_view bytes, response_head& out) const noexcept {
    const std::size_t end = lines_.position();
    out.status = status_;
    out.reason = bytes.substr(reason_begin_, reason_size_);
    out.minor_version = minor_version_;
    out.fields = field_lines{bytes.substr(fields_begin_, end - 2 - fields_begin_), name_sizes_};
    out.keep_alive = facts_.keep_alive(minor_version_);
    out.body = {};
    if (status_ == 101 || (kind_ == request_kind::connect && status_ / 100 == 2)) {
      out.body.kind = framing::tunnel;
      out.keep_alive = false;
    } else if (status_ < 200 || status_ == 204) {
      // There is no body, whatever is said of one; but who says so may send one.
      out.keep_alive = out.keep_alive && !facts_.has_encoding() && facts_.length() == 0;
    } else if (status_ != 304 && kind_ != request_kind::head) {
      if (!detail::plan_body(facts_, bounds_, framing::until_close, out.body)) return fail(problem::body_too_large);
      out.keep_alive = out.keep_alive && out.body.kind != framing::until_close;
    }
    return {progress::complete, problem::none, end};
  }

  limits bounds_;
  detail::line_scanner lines_;
  detail::framing_facts facts_;
  std::size_t reason_size_ = 0;
  std::size_t fields_begin_ = 0;
  std::size_t field_count_ = 0;
  std::uint64_t name_sizes_ = 0;
  unsigned status_ = 0;
  unsigned minor_version_ = 1;
  request_kind kind_;
  bool is_complete_ = false;
};

}  // namespace dovetail::inline v0::http1
