// Values as they are: text and bytes verbatim, numbers as decimal text.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/real_text.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/format/shape.hpp>

#include <charconv>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace dovetail::inline v0 {

/// The value format without a format: text and byte containers go out and come back byte for byte; numbers are their
/// shortest decimal text, as counters are kept in key-value stores, and `bool` is 0 or 1. Nothing else has a raw form.
struct raw {
  /// Reads `std::string`, `std::vector<std::byte>`, `std::array<std::byte, N>` (exactly N bytes), or a number.
  /// Errors: errc::malformed_value (no number, or another size), value_out_of_range.
  template <class T>
  static result<T> decode(std::string_view bytes) {
    if constexpr (std::same_as<T, std::string>) {
      return T{bytes};
    } else if constexpr (detail::is_byte_container<T>) {
      T value{};
      if constexpr (detail::is_std_array<T>) {
        if (bytes.size() != value.size()) return failure(errc::malformed_value, "the value has another size");
      } else {
        value.resize(bytes.size());
      }
      if (!bytes.empty()) std::memcpy(value.data(), bytes.data(), bytes.size());
      return value;
    } else if constexpr (std::same_as<T, bool>) {
      if (bytes != "0" && bytes != "1") return failure(errc::malformed_value, "expected 0 or 1");
      return bytes == "1";
    } else if constexpr (detail::whole_number<T> || detail::real_number<T>) {
      T value{};
      const auto [end, ec] = [&value, begin = bytes.data(), end_of = bytes.data() + bytes.size()] {
        if constexpr (detail::real_number<T>) {
          return detail::real_from_chars(begin, end_of, value);
        } else {
          return std::from_chars(begin, end_of, value);
        }
      }();
      if (ec == std::errc::result_out_of_range) return failure(errc::value_out_of_range, "the number does not fit");
      if (ec != std::errc{} || end != bytes.data() + bytes.size()) {
        return failure(errc::malformed_value, "expected a decimal number");
      }
      return value;
    } else {
      static_assert(detail::is_supported<T>,
                    "dovetail: dt::raw holds text, bytes and numbers; use dt::json for others");
      return errc::malformed_value;
    }
  }

  /// Appends the raw form of `value` to `out`.
  template <class T>
  static void encode(const T& value, std::string& out) {
    if constexpr (detail::text_like<T>) {
      out += std::string_view{value};
    } else if constexpr (std::convertible_to<const T&, byte_view>) {
      out += as_text(byte_view{value});
    } else if constexpr (std::same_as<T, bool>) {
      out += value ? '1' : '0';
    } else if constexpr (detail::whole_number<T> || detail::real_number<T>) {
      char text[32];
      out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
    } else {
      static_assert(detail::is_supported<T>,
                    "dovetail: dt::raw holds text, bytes and numbers; use dt::json for others");
    }
  }

 private:
  static error_info failure(errc code, const char* what) { return {code, what}; }
};

}  // namespace dovetail::inline v0
