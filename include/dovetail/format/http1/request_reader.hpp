// Reads the head of an HTTP/1.1 request from a growing buffer.
#pragma once

#include <dovetail/format/http1/fields.hpp>
#include <dovetail/format/http1/framing.hpp>
#include <dovetail/format/http1/limits.hpp>
#include <dovetail/format/http1/lines.hpp>
#include <dovetail/format/http1/problem.hpp>
#include <dovetail/format/http1/target.hpp>
#include <dovetail/format/http1/version.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// The head of a request. Lifetime: borrows from the bytes that were read.
struct request_head {
  std::string_view method{};
  std::string_view target{};
  std::string_view authority{};  ///< of an absolute target or of CONNECT, else what Host says; may be empty
  target_form form = target_form::origin;
  unsigned minor_version = 1;  ///< 0 or 1
  field_lines fields{};
  body_plan body{};
  bool keep_alive = true;         ///< the connection may take another request behind this one
  bool expects_continue = false;  ///< the client waits for "100 Continue" with its body
};

/// Reads requests strictly by RFC 9112: what two readers may understand differently is refused, not mended. One empty
/// line in front of a request is passed over (section 2.2).
/// Cost: every byte is looked at once for the ends of lines and once for its field, however the bytes come.
class request_reader {
 public:
  constexpr explicit request_reader(const limits& bounds = {}) noexcept : bounds_(bounds) {}

  /// `bytes` are all that came from the first byte of the message on, at each call. `out` is set when the head is
  /// complete. After a failure the connection has no more messages.
  constexpr head_progress read(std::string_view bytes, request_head& out) noexcept {
    bytes = bytes.substr(0, bounds_.head);
    while (true) {
      // A request line that is too long is told from other heads that are too large.
      const bool is_start = target_size_ == 0;
      const std::string_view window = is_start ? bytes.substr(0, longest_start()) : bytes;
      const detail::line_progress line = lines_.next(window);
      if (line.state == progress::failed) return fail(line.why);
      if (line.state == progress::need_more) {
        if (is_start && window.size() == longest_start()) return fail(problem::target_too_long);
        return bytes.size() == bounds_.head ? fail(problem::head_too_large) : head_progress{};
      }
      const problem why = is_start ? take_start(line.text) : take_field(line.text, bytes);
      if (why != problem::none) return fail(why);
      if (is_complete_) return complete(bytes, out);
    }
  }

  /// Begins with the next message.
  constexpr void restart() noexcept { *this = request_reader{bounds_}; }

 private:
  static constexpr std::size_t longest_method_ = 32;

  static constexpr head_progress fail(problem why) noexcept { return {progress::failed, why, 0}; }

  // One empty line, method, target, "HTTP/1.1", and what is between and behind them.
  constexpr std::size_t longest_start() const noexcept { return bounds_.target + longest_method_ + 14; }

  constexpr problem take_start(std::string_view line) noexcept {
    if (line.empty() && begin_ == 0) {
      begin_ = lines_.position();
      return problem::none;
    }
    const std::size_t behind_method = line.find(' ');
    const std::size_t behind_target = line.rfind(' ');
    if (behind_method == line.npos || behind_method == behind_target) return problem::malformed_request_line;
    const std::string_view method = line.substr(0, behind_method);
    const std::string_view target = line.substr(behind_method + 1, behind_target - behind_method - 1);
    if (!detail::is_token(method) || method.size() > longest_method_ || target.empty()) {
      return problem::malformed_request_line;
    }
    unsigned major = 0;
    if (!detail::read_version(line.substr(behind_target + 1), major, minor_version_)) {
      return problem::malformed_request_line;
    }
    if (major != 1) return problem::unsupported_version;
    if (target.size() > bounds_.target) return problem::target_too_long;
    std::string_view authority;
    if (!detail::read_target(method, target, form_, authority)) return problem::malformed_target;
    method_size_ = method.size();
    target_size_ = target.size();
    fields_begin_ = lines_.position();
    if (!authority.empty()) {
      authority_begin_ = begin_ + static_cast<std::size_t>(authority.data() - line.data());
      authority_size_ = authority.size();
    }
    return problem::none;
  }

  constexpr problem take_field(std::string_view line, std::string_view bytes) noexcept {
    if (line.empty()) {
      is_complete_ = true;
      if (!has_host_ && minor_version_ != 0) return problem::missing_host;
      return facts_.check(minor_version_);
    }
    field read;
    if (const problem why = detail::parse_field(line, read); why != problem::none) return why;
    if (++field_count_ > bounds_.fields) return problem::too_many_fields;
    name_sizes_ |= field_lines::name_size_bit(read.name.size());
    if (equals_ignoring_case(read.name, "Host")) {
      if (has_host_) return problem::repeated_host;
      has_host_ = true;
      if (!detail::is_authority(read.value, false)) return problem::malformed_host;
      if (authority_size_ == 0) {
        authority_begin_ = static_cast<std::size_t>(read.value.data() - bytes.data());
        authority_size_ = read.value.size();
      }
      return problem::none;
    }
    return facts_.add(read);
  }

  constexpr head_progress complete(std::string_view bytes, request_head& out) const noexcept {
    const std::size_t end = lines_.position();
    out.method = bytes.substr(begin_, method_size_);
    out.target = bytes.substr(begin_ + method_size_ + 1, target_size_);
    out.authority = bytes.substr(authority_begin_, authority_size_);
    out.form = form_;
    out.minor_version = minor_version_;
    out.fields = field_lines{bytes.substr(fields_begin_, end - 2 - fields_begin_), name_sizes_};
    out.keep_alive = facts_.keep_alive(minor_version_);
    out.expects_continue = facts_.expects_continue() && minor_version_ != 0;
    if (!detail::plan_body(facts_, bounds_, framing::none, out.body)) return fail(problem::body_too_large);
    return {progress::complete, problem::none, end};
  }

  limits bounds_;
  detail::line_scanner lines_;
  detail::framing_facts facts_;
  std::size_t begin_ = 0;  // of the request line
  std::size_t method_size_ = 0;
  std::size_t target_size_ = 0;
  std::size_t fields_begin_ = 0;
  std::size_t field_count_ = 0;
  std::uint64_t name_sizes_ = 0;
  std::size_t authority_begin_ = 0;
  std::size_t authority_size_ = 0;
  unsigned minor_version_ = 1;
  target_form form_ = target_form::origin;
  bool has_host_ = false;
  bool is_complete_ = false;
};

}  // namespace dovetail::inline v0::http1
