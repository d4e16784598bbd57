// How the body of a message ends, by RFC 9112 section 6.3, where everything that two readers may read differently is
// refused.
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/format/http1/fields.hpp>
#include <dovetail/format/http1/limits.hpp>
#include <dovetail/format/http1/problem.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// What ends the body of a message.
enum class framing : std::uint8_t {
  none,         ///< there is no body
  length,       ///< a number of bytes
  chunked,      ///< its last chunk
  until_close,  ///< the end of the stream (responses only)
  tunnel,       ///< 101, or 2xx to CONNECT: what follows is another protocol
};

/// The body that follows a head.
struct body_plan {
  framing kind = framing::none;
  std::uint64_t length = 0;  ///< of framing::length

  friend bool operator==(const body_plan&, const body_plan&) = default;
};

namespace detail {

/// What the fields that concern the connection say.
class framing_facts {
 public:
  constexpr problem add(const field& each) noexcept {
    switch (each.name.size()) {
      case 6:
        if (is_named(each.name, "Expect")) expects_continue_ |= has_element(each.value, "100-continue");
        return problem::none;
      case 10:
        if (is_named(each.name, "Connection")) {
          closes_ |= has_element(each.value, "close");
          keeps_alive_ |= has_element(each.value, "keep-alive");
        }
        return problem::none;
      case 14:
        return is_named(each.name, "Content-Length") ? add_length(each.value) : problem::none;
      case 17:
        return is_named(each.name, "Transfer-Encoding") ? add_encoding(each.value) : problem::none;
      default:
        return problem::none;
    }
  }

  /// What is wrong with all of them together.
  constexpr problem check(unsigned minor_version) const noexcept {
    if (!has_encoding_) return problem::none;
    if (minor_version == 0) return problem::transfer_encoding_in_http10;
    if (has_length_) return problem::length_with_transfer_encoding;
    if (!ends_chunked_) return problem::malformed_transfer_encoding;
    return has_other_encoding_ ? problem::unsupported_transfer_encoding : problem::none;
  }

  constexpr bool has_length() const noexcept { return has_length_; }
  constexpr bool has_encoding() const noexcept { return has_encoding_; }
  constexpr std::uint64_t length() const noexcept { return length_; }
  constexpr bool expects_continue() const noexcept { return expects_continue_; }
  /// RFC 9112 section 9.3.
  constexpr bool keep_alive(unsigned minor_version) const noexcept {
    return !closes_ && (minor_version != 0 || keeps_alive_);
  }

 private:
  constexpr problem add_length(std::string_view value) noexcept {
    // Equal values in one field or in several may be one by RFC 9110 section 8.6; nobody honest sends them.
    if (has_length_) return problem::repeated_content_length;
    has_length_ = true;
    if (value.find(',') != value.npos) return problem::repeated_content_length;
    if (value.empty() || !is_ascii_digit(value.front())) return problem::malformed_content_length;
    return parse_integer(value, length_) ? problem::none : problem::malformed_content_length;
  }

  constexpr problem add_encoding(std::string_view value) noexcept {
    has_encoding_ = true;
    while (true) {
      const std::size_t comma = value.find(',');
      const std::string_view coding = trimmed(value.substr(0, comma));
      if (ends_chunked_ || coding.empty()) return problem::malformed_transfer_encoding;
      if (equals_ignoring_case(coding, "chunked")) {
        ends_chunked_ = true;
      } else if (is_token(coding)) {
        has_other_encoding_ = true;
      } else {
        return problem::malformed_transfer_encoding;
      }
      if (comma == value.npos) return problem::none;
      value.remove_prefix(comma + 1);
    }
  }

  std::uint64_t length_ = 0;
  bool has_length_ = false;
  bool has_encoding_ = false;
  bool ends_chunked_ = false;
  bool has_other_encoding_ = false;
  bool closes_ = false;
  bool keeps_alive_ = false;
  bool expects_continue_ = false;
};

/// Lets the body be as the facts say; false when it is over the limit. `otherwise` is what a message has without them.
constexpr bool plan_body(const framing_facts& facts, const limits& bounds, framing otherwise,
                         body_plan& plan) noexcept {
  if (facts.has_encoding()) {
    plan = {framing::chunked, 0};
  } else if (facts.has_length()) {
    plan = {framing::length, facts.length()};
    return facts.length() <= bounds.body;
  } else {
    plan = {otherwise, 0};
  }
  return true;
}

}  // namespace detail

}  // namespace dovetail::inline v0::http1
