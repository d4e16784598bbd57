// Arguments of a statement as JSON: what a WorkerSQL gateway stores without changing it, and nothing else.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/calendar.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/format/json.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/sql/argument.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dovetail::inline v0::workersql::detail {

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view>;

template <class T>
concept bytes_like = std::convertible_to<const T&, byte_view>;

/// Appends values to a JSON text. What the gateway makes of them (observed): a boolean becomes the text "true", so it
/// goes as 1 or 0; a number beyond 2^53 is rounded, so it goes as a string, and the statement makes an integer of it
/// (`wide()`, `with_casts`). Floating-point numbers have a point or an exponent, for without one our gateway takes an
/// integer, and 1.0 / 2 is not 1 / 2.
/// Decimals, UUIDs, dates and times go as strings, points in time in UTC without a zone, as SQLite's own functions
/// write and read them; `json_value<>` as its text.
/// Refused: bytes (there is no parameter for them), ranges outside of `in (…)`, NaN and infinity, text that is not
/// UTF-8, unsigned integers above 2^63-1, dates that no calendar has.
class value_writer {
 public:
  explicit value_writer(std::string& out) noexcept : out_(&out) {}

  /// The number of the parameter that is written next.
  void set_number(std::uint32_t number) noexcept { number_ = number; }
  /// The numbers of the parameters that are integers in strings.
  const std::vector<std::uint32_t>& wide() const noexcept { return wide_; }

  dovetail::errc refused() const noexcept { return refused_; }
  /// Why it was refused; holds no value.
  const char* reason() const noexcept { return reason_; }

  /// False when it was refused; part of it may have been appended then.
  template <class T>
  bool write(const T& value) {
    using type = std::remove_cv_t<T>;
    if constexpr (std::is_null_pointer_v<type> || std::same_as<type, std::nullopt_t>) {
      return plain("null");
    } else if constexpr (is_optional<type>) {
      return value.has_value() ? write(*value) : plain("null");
    } else if constexpr (is_column<type>) {
      return write(value.value);
    } else if constexpr (dovetail::detail::has_field_codec<type>) {
      return write(field_codec<type>::encode(value));
    } else if constexpr (text_like<type>) {
      return text(value);
    } else if constexpr (bytes_like<type>) {
      return refuse(dovetail::errc::operation_unsupported,
                    "bytes cannot be sent: write x'…' into the statement, or send them as text (hexadecimal, base64)");
    } else if constexpr (dovetail::detail::argument_range<type>) {
      return refuse(dovetail::errc::operation_unsupported,
                    "the gateway has no lists: a range stands in in (?), or use dt::json_value");
    } else {
      return write_kind<field_kind_of<type>>(value);
    }
  }

 private:
  template <field_kind Kind, class T>
  bool write_kind(const T& value) {
    if constexpr (Kind == field_kind::boolean) {
      return plain(value ? "1" : "0");
    } else if constexpr (Kind == field_kind::integer) {
      return integer(value);
    } else if constexpr (Kind == field_kind::unsigned_integer) {
      if (static_cast<std::uint64_t>(value) > static_cast<std::uint64_t>(INT64_MAX)) {
        return refuse(dovetail::errc::value_out_of_range, "an integer above 2^63-1 cannot be stored");
      }
      return integer(static_cast<std::int64_t>(value));
    } else if constexpr (Kind == field_kind::real) {
      return real(static_cast<double>(value));
    } else if constexpr (Kind == field_kind::enumeration) {
      return write(static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (Kind == field_kind::uuid) {
      char buffer[36];
      return made(buffer, format_uuid(buffer, value));
    } else if constexpr (Kind == field_kind::decimal) {
      return text(to_string(value));
    } else if constexpr (Kind == field_kind::json) {
      std::string encoded;
      if (!json::encode(value.value, encoded)) {
        return refuse(dovetail::errc::malformed_value,
                      "a value that JSON cannot hold: NaN, infinity, or text that is not UTF-8");
      }
      return text(encoded);
    } else if constexpr (Kind == field_kind::date) {
      char buffer[date_text_size];
      if constexpr (dovetail::detail::chrono_date<T>) {
        return made(buffer, format_date(buffer, value));
      } else {
        return made(buffer, format_date(buffer, std::chrono::year_month_day{value}));
      }
    } else if constexpr (Kind == field_kind::timestamp || Kind == field_kind::local_timestamp) {
      char buffer[timestamp_text_size];
      const std::chrono::local_time<typename T::duration> instant{value.time_since_epoch()};
      return made(buffer, format_local_timestamp(buffer, instant, ' '));
    } else if constexpr (Kind == field_kind::duration) {
      char buffer[duration_text_size];
      return made(buffer, format_duration(buffer, value));
    } else if constexpr (Kind == field_kind::time_of_day) {
      return write_kind<field_kind::duration>(value.to_duration());
    } else {
      static_assert(Kind != Kind, "dovetail: this type cannot be sent to a gateway; give it a dt::field_codec");
    }
  }

  bool plain(std::string_view written) {
    out_->append(written.data(), written.size());
    return true;
  }
  bool integer(std::int64_t value) {
    constexpr std::int64_t exact = std::int64_t{1} << 53;
    char digits[24];
    const char* const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    const std::string_view written{digits, static_cast<std::size_t>(end - digits)};
    if (value >= -exact && value <= exact) return plain(written);
    wide_.push_back(number_);
    dovetail::detail::append_parts(*out_, {"\"", written, "\""});
    return true;
  }
  bool real(double value) {
    if (value - value != 0) {
      return refuse(dovetail::errc::value_out_of_range, "NaN and infinity cannot be sent: they would become null");
    }
    const std::size_t begin = out_->size();
    if (!json::encode(value, *out_)) return false;
    if (std::string_view{*out_}.substr(begin).find_first_of(".e") == std::string_view::npos) *out_ += ".0";
    return true;
  }
  [[gnu::noinline]] bool text(std::string_view value) {
    if (json::encode(value, *out_)) return true;
    return refuse(dovetail::errc::malformed_value, "text that is not UTF-8 cannot be sent");
  }
  /// Digits and marks, which need no escapes.
  bool made(const char* begin, const char* end) {
    if (begin == end) return refuse(dovetail::errc::value_out_of_range, "a date or time that cannot be written");
    dovetail::detail::append_parts(*out_, {"\"", {begin, static_cast<std::size_t>(end - begin)}, "\""});
    return true;
  }
  bool refuse(dovetail::errc why, const char* reason) noexcept {
    refused_ = why;
    reason_ = reason;
    return false;
  }

  std::string* out_;
  std::uint32_t number_ = 0;
  std::vector<std::uint32_t> wide_;
  dovetail::errc refused_{};
  const char* reason_ = "";
};

}  // namespace dovetail::inline v0::workersql::detail
