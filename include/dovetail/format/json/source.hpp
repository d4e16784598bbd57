// The JSON text that is being read: its bounds, how deep the reader is in it, and what went wrong.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/format/failure.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Arrays and objects within each other; more is an error, so that hostile text cannot exhaust the stack.
inline constexpr int json_maximum_depth = 128;

/// What a character begins, in words.
inline std::string_view name_of_json(const char* at, const char* end) noexcept {
  if (at == end) return "the end of the text";
  switch (*at) {
    case '"':
      return "a string";
    case '{':
      return "an object";
    case '[':
      return "an array";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    case '-':
      return "a number";
    default:
      return *at >= '0' && *at <= '9' ? "a number" : "";
  }
}

/// Which member's key followed which one when the keys were not in the order of the members: objects of one text mostly
/// have the same order. Only a guess, for the struct that it was learnt from; the key itself decides.
class json_key_order {
 public:
  /// Forgets what was learnt from another struct, which is known by the address of its names.
  void begin(const void* names) noexcept {
    if (names_ == names) return;
    names_ = names;
    for (std::size_t i = 0; i <= most; ++i) next_[i] = static_cast<std::uint8_t>(i);
  }
  std::size_t guess(std::size_t after) const noexcept { return after <= most ? next_[after] : after; }
  void learn(std::size_t after, std::size_t index) noexcept {
    if (after <= most && index <= most) next_[after] = static_cast<std::uint8_t>(index);
  }

 private:
  static constexpr std::size_t most = 64;
  const void* names_ = nullptr;
  std::uint8_t next_[most + 1]{};  // by the index of the member before, plus one; 0 at the beginning
};

/// Readers take a place in the text and return the place behind what they read; null after `fail`.
struct json_source {
  const char* begin;
  const char* end;
  int depth = 0;
  json_key_order order;
  format_failure failure;

  explicit json_source(std::string_view text) noexcept : begin(text.data()), end(text.data() + text.size()) {}

  [[gnu::cold, gnu::noinline]] const char* fail(const char* at, errc code, std::string_view what) {
    failure.set(code, at, what);
    return nullptr;
  }

  /// The text has something else than the `expected` value or token here.
  [[gnu::cold, gnu::noinline]] const char* fail_expected(const char* at, std::string_view expected) {
    std::string what = "expected ";
    what += expected;
    what += ", found ";
    const std::string_view found = name_of_json(at, end);
    if (!found.empty()) {
      what += found;
    } else if (*at > ' ' && *at < 0x7F) {
      what += '\'';
      what += *at;
      what += '\'';
    } else {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(*at);
      what += "the byte 0x";
      what += digits[byte >> 4];
      what += digits[byte & 15];
    }
    const bool is_null = end - at >= 4 && std::string_view{at, 4} == "null";
    const errc code = is_null                      ? errc::unexpected_null
                      : found.empty() || at == end ? errc::malformed_json
                                                   : errc::malformed_value;
    return fail(at, code, what);
  }

  /// The text is not JSON here, whatever type is read.
  [[gnu::cold, gnu::noinline]] const char* fail_syntax(const char* at, std::string_view expected) {
    fail_expected(at, expected);
    failure.code = errc::malformed_json;
    return nullptr;
  }

  [[gnu::cold, gnu::noinline]] const char* fail_depth(const char* at) {
    return fail(at, errc::malformed_json, join_message({"nested deeper than ", json_maximum_depth, " levels"}));
  }
};

[[gnu::always_inline]] inline bool is_json_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// The first character in [at, end) that is no white space.
[[gnu::always_inline]] inline const char* skip_json_space(const char* at, const char* end) noexcept {
  while (at != end && is_json_space(*at)) ++at;
  return at;
}

}  // namespace dovetail::inline v0::detail
