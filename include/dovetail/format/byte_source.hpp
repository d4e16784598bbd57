// The bytes of a binary format that are being read: their bounds, the depth in them, and what went wrong.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/utf8.hpp>
#include <dovetail/format/failure.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Arrays and maps within each other; more is an error, so that hostile bytes cannot exhaust the stack.
inline constexpr int binary_maximum_depth = 128;

/// Readers take a place in the bytes and return the place behind what they read; null after `fail`.
struct byte_source {
  const char* begin;
  const char* end;
  errc malformed;  // the format's own code
  int depth = 0;
  format_failure failure;

  byte_source(std::string_view bytes, errc malformed_code) noexcept
      : begin(bytes.data()), end(bytes.data() + bytes.size()), malformed(malformed_code) {}

  std::size_t left(const char* at) const noexcept { return static_cast<std::size_t>(end - at); }

  [[gnu::cold, gnu::noinline]] const char* fail(const char* at, errc code, std::string_view what) {
    failure.set(code, at, what);
    return nullptr;
  }
  [[gnu::cold, gnu::noinline]] const char* fail_short(const char* at, std::string_view what) {
    return fail(at, malformed, join_message({"expected ", what, ", found the end of the bytes"}));
  }
  [[gnu::cold, gnu::noinline]] const char* fail_depth(const char* at) {
    return fail(at, malformed, join_message({"nested deeper than ", binary_maximum_depth, " levels"}));
  }
  [[gnu::cold, gnu::noinline]] const char* fail_range(const char* at, std::int64_t least, std::uint64_t most) {
    return fail(at, errc::value_out_of_range,
                join_message({"expected a whole number from ", least, " to ", most, ", found one beyond"}));
  }
  [[gnu::cold, gnu::noinline]] const char* fail_text(const char* at) {
    return fail(at, malformed, "a string must be UTF-8");
  }
  /// A length that the bytes behind it cannot hold: nothing is allocated for it.
  [[gnu::cold, gnu::noinline]] const char* fail_length(const char* at, std::uint64_t length) {
    return fail(at, malformed,
                join_message({"a length of ", length, " is announced, and only ", left(at), " bytes are left"}));
  }
};

/// Copies `size` bytes of text, which are there, into `out`; they must be UTF-8.
inline const char* read_checked_text(byte_source& in, const char* at, std::size_t size, std::string& out) {
  const std::string_view text(at, size);
  if (!is_valid_utf8(text)) [[unlikely]]
    return in.fail_text(at + valid_utf8_prefix(text));
  out.assign(text);
  return at + size;
}

/// How many elements to make room for: no more than announced, and not much more memory than the bytes that are there.
inline std::size_t elements_to_reserve(const byte_source& in, const char* at, std::uint64_t announced,
                                       std::size_t element_size) noexcept {
  const std::size_t by_memory = 16 + in.left(at) * 4 / element_size;
  return announced < by_memory ? static_cast<std::size_t>(announced) : by_memory;
}

}  // namespace dovetail::inline v0::detail
