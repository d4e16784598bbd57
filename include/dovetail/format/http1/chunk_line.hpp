// The line in front of a chunk: its size in hexadecimal digits, extensions, CR LF (RFC 9112 section 7.1).
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/format/http1/characters.hpp>
#include <dovetail/format/http1/problem.hpp>

#include <cstdint>

namespace dovetail::inline v0::http1::detail {

/// Takes the line character by character. Extensions are checked by their grammar and passed over.
class chunk_line {
 public:
  constexpr problem take(char c) noexcept {
    switch (step_) {
      case step::size:
        if (const int digit = hex_value(c); digit >= 0) {
          if (digit_count_ == 16) return problem::malformed_chunk;
          ++digit_count_;
          size_ = size_ << 4 | static_cast<std::uint64_t>(digit);
          return problem::none;
        }
        if (digit_count_ == 0) return problem::malformed_chunk;
        return end_of_part(c, step::before_semicolon);
      case step::before_semicolon:
        return end_of_part_after_space(c);
      case step::before_name:
        if (is_space(c)) return problem::none;
        return begin_token(c, step::name);
      case step::name:
        if (is_in(c, token_character)) return problem::none;
        return c == '=' ? go(step::before_value) : end_of_part(c, step::behind_name);
      case step::behind_name:
        if (is_space(c)) return problem::none;
        return c == '=' ? go(step::before_value) : c == ';' ? go(step::before_name) : problem::malformed_chunk;
      case step::before_value:
        if (is_space(c)) return problem::none;
        return c == '"' ? go(step::quoted) : begin_token(c, step::value);
      case step::value:
        if (is_in(c, token_character)) return problem::none;
        return end_of_part(c, step::before_semicolon);
      case step::quoted:
        if (c == '"') return go(step::behind_quoted);
        if (c == '\\') return go(step::escape);
        return is_in(c, value_character) ? problem::none : problem_of(c);
      case step::escape:
        return is_in(c, value_character) ? go(step::quoted) : problem_of(c);
      case step::behind_quoted:
        return end_of_part(c, step::before_semicolon);
      case step::line_feed:
        return c == '\n' ? go(step::complete) : problem::bare_carriage_return;
      case step::complete:
        break;
    }
    return problem::malformed_chunk;
  }

  constexpr bool is_complete() const noexcept { return step_ == step::complete; }
  constexpr bool is_in_extension() const noexcept { return step_ != step::size && step_ < step::line_feed; }
  constexpr std::uint64_t size() const noexcept { return size_; }

 private:
  enum class step : std::uint8_t {
    size,
    before_semicolon,  // a space came, which only an extension may follow
    before_name,
    name,
    behind_name,
    before_value,
    value,
    quoted,
    escape,
    behind_quoted,
    line_feed,
    complete
  };

  constexpr problem go(step next) noexcept {
    step_ = next;
    return problem::none;
  }
  static constexpr problem problem_of(char c) noexcept {
    return c == '\n' ? problem::bare_line_feed : problem::malformed_chunk;
  }
  constexpr problem begin_token(char c, step next) noexcept {
    return is_in(c, token_character) ? go(next) : problem_of(c);
  }
  constexpr problem end_of_part_after_space(char c) noexcept {
    if (is_space(c)) return problem::none;
    return c == ';' ? go(step::before_name) : problem_of(c);
  }
  constexpr problem end_of_part(char c, step after_space) noexcept {
    if (c == '\r') return go(step::line_feed);
    if (c == ';') return go(step::before_name);
    return is_space(c) ? go(after_space) : problem_of(c);
  }

  std::uint64_t size_ = 0;
  unsigned digit_count_ = 0;
  step step_ = step::size;
};

}  // namespace dovetail::inline v0::http1::detail
