// MessagePack as a value format: structs as maps by name, every number and length in its shortest form.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/format/message_pack/read.hpp>
#include <dovetail/format/message_pack/write.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// The value format MessagePack. Structs are maps by the names of `field_names<T>` (arrays of all members in order are
/// read too, as some writers make them); `std::optional` is the value or nil; sequences, sets, `std::array`, tuples and
/// pairs are arrays; maps have keys of any type; byte containers are bin; enums are numbers (names are read too);
/// dates, times, UUIDs and decimal numbers are strings (UUIDs as bin of 16 bytes and points in time as the timestamp
/// extension are read too); `column<>` and `json_value<>` are what they hold; `json_text` is a string. Strings are
/// UTF-8.
struct message_pack {
  /// Reads one value; nothing may follow it. Any of a value's formats is taken, not only the shortest. Members that are
  /// `std::optional` may be missing, other keys are skipped, a member's key that comes twice is an error. Whole numbers
  /// are read into real ones, not the other way round. No memory is taken for lengths that the bytes cannot hold.
  /// Errors: errc::malformed_message_pack (with more than 128 levels of nesting too), malformed_value (another type),
  /// value_out_of_range, unexpected_null, row_mismatch (missing keys); all with byte position and path.
  template <class T>
  static result<T> decode(std::string_view bytes) {
    static_assert(std::is_default_constructible_v<T>, "dovetail: a type that is read must be default constructible");
    detail::byte_source in(bytes, errc::malformed_message_pack);
    result<T> read{T{}};
    const char* const at = detail::read_pack(in, in.begin, *read);
    if (at == in.end && !in.failure.is_set()) [[likely]]
      return read;
    if (at != nullptr) in.fail(at, in.malformed, "bytes are left behind the value");
    return detail::describe_read_of_bytes(in.failure, bytes);
  }

  /// Appends the bytes of `value` to `out`.
  /// Errors: errc::malformed_value (text that is not UTF-8), value_out_of_range (more than 2^32-1 elements or bytes, a
  /// date without text), with the path; `out` is as before then.
  template <class T>
  static result<void> encode(const T& value, std::string& out) {
    const std::size_t before = out.size();
    detail::format_sink to(out);
    char* const end = detail::write_pack(to, to.begin(), value);
    if (end != nullptr) [[likely]] {
      to.flush(end);
      return {};
    }
    out.resize(before);
    return detail::describe_write(to.failure);
  }
};

using msgpack = message_pack;

}  // namespace dovetail::inline v0
