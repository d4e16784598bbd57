// Bincode as a value format, in the layout of Rust's bincode 1 with its plain functions `serialize` and `deserialize`.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/format/bincode/read.hpp>
#include <dovetail/format/bincode/write.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// The value format bincode 1, configured as its functions `serialize` and `deserialize` are: little-endian, integers
/// of fixed width, no size limit. Structs and tuples are their members one after the other; `bool` is a byte 0 or 1;
/// texts, byte vectors, sequences, sets and maps have their length in front as 64 bits, `std::array` has none;
/// `std::optional` is a byte 0, or 1 and the value; enums are their number as 32 bits, which is Rust's variant index
/// when the enumerators count from 0. UUIDs are 16 bytes behind their length, dates, times and decimal numbers strings,
/// as Rust's crates for them have it; `column<>` and `json_value<>` are what they hold; `json_text` is a string.
/// Integers must have the same width on both sides: use `std::int64_t`, not `long`.
struct bincode {
  /// Reads one value; unlike Rust's `deserialize`, refuses bytes behind it. No memory is taken for lengths that the
  /// bytes cannot hold.
  /// Errors: errc::malformed_bincode (with more than 128 levels of nesting too), malformed_value, value_out_of_range,
  /// all with byte position and path.
  template <class T>
  static result<T> decode(std::string_view bytes) {
    static_assert(std::is_default_constructible_v<T>, "dovetail: a type that is read must be default constructible");
    detail::byte_source in(bytes, errc::malformed_bincode);
    result<T> read{T{}};
    const char* const at = detail::read_bincode(in, in.begin, *read);
    if (at == in.end && !in.failure.is_set()) [[likely]]
      return read;
    if (at != nullptr) in.fail(at, in.malformed, "bytes are left behind the value");
    return detail::describe_read_of_bytes(in.failure, bytes);
  }

  /// Appends the bytes of `value` to `out`.
  /// Errors: errc::malformed_value (text that is not UTF-8), value_out_of_range (an enum's number below 0, a date
  /// without text), with the path; `out` is as before then.
  template <class T>
  static result<void> encode(const T& value, std::string& out) {
    const std::size_t before = out.size();
    detail::format_sink to(out);
    char* const end = detail::write_bincode(to, to.begin(), value);
    if (end != nullptr) [[likely]] {
      to.flush(end);
      return {};
    }
    out.resize(before);
    return detail::describe_write(to.failure);
  }
};

}  // namespace dovetail::inline v0
