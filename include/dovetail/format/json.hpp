// JSON (RFC 8259) as a value format: structs, containers and scalars to text and back.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/format/json/read.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/json/write.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// The value format JSON. Structs are objects, by the names of `field_names<T>`; `std::optional` is the value or null;
/// vectors, sets, `std::array`, tuples and pairs are arrays; maps are objects; enums are their enumerator's name, or
/// the number when it has none (both are read); byte vectors are base64 (RFC 4648, with padding); dates, times, UUIDs
/// and decimal numbers are strings; `column<>` and `json_value<>` are what they hold; `json_text` is any JSON verbatim.
struct json {
  /// Reads one value, with nothing but white space around it. Members that are `std::optional` may be missing; keys
  /// that name no member are skipped (their values are checked); a member's key that comes twice is an error.
  /// Integers are exact or refused, doubles the nearest to the text. Strings must be UTF-8, as RFC 8259 wants it.
  /// Errors: errc::malformed_json (with more than 128 levels of nesting too), malformed_value (another type),
  /// value_out_of_range, unexpected_null, row_mismatch (missing keys); all with line, column and path.
  /// Cost: one pass; keys in the order of the members are recognised by one comparison. Arrays of structs whose objects
  /// have orders of their own take a second look at the text (docs/performance.md).
  template <class T>
  static result<T> decode(std::string_view text) {
    static_assert(std::is_default_constructible_v<T>, "dovetail: a type that is read must be default constructible");
    detail::json_source in(text);
    result<T> read{T{}};
    const char* at = detail::read_json(in, detail::skip_json_space(in.begin, in.end), *read);
    if (at != nullptr) {
      at = detail::skip_json_space(at, in.end);
      if (at == in.end) [[likely]]
        return read;
      in.fail_syntax(at, "the end of the text");
    }
    return detail::describe_read_of_text(in.failure, text);
  }

  /// Appends the text of `value` to `out`, without white space; doubles in the shortest form that reads back the same.
  /// Errors: errc::malformed_value (NaN, infinity, text that is not UTF-8), value_out_of_range (dates), with the path;
  /// `out` is as before then.
  template <class T>
  static result<void> encode(const T& value, std::string& out) {
    const std::size_t before = out.size();
    detail::format_sink to(out);
    char* const end = detail::write_json(to, to.begin(), value);
    if (end != nullptr) [[likely]] {
      to.flush(end);
      return {};
    }
    out.resize(before);
    return detail::describe_write(to.failure);
  }
};

}  // namespace dovetail::inline v0
