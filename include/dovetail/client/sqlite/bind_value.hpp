// Arguments of a statement: how each C++ type is stored in SQLite.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/calendar.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/client/sqlite/library.hpp>
#include <dovetail/row/enums.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/json_format.hpp>
#include <dovetail/sql/argument.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

namespace sqlite::detail {

template <class T>
concept text_like = std::convertible_to<const T&, std::string_view>;

template <class T>
concept bytes_like = std::convertible_to<const T&, byte_view>;

/// Puts arguments into a prepared statement. Storage: integers, bool and enums as INTEGER, floating point as REAL, text
/// as TEXT, bytes as BLOB; uuid, decimal and JSON as TEXT; dates and times as ISO 8601 TEXT, points in time in UTC
/// without a zone (`2024-02-29`, `2024-02-29 12:30:00.000000`, `12:30:00`), as SQLite's own functions write and read
/// them.
/// Refused: unsigned integers above 2^63-1, NaN (SQLite would store null), dates that no calendar has.
class binder {
 public:
  /// `borrow`: text and bytes stay where they are until the statement has run; otherwise SQLite copies them.
  binder(sqlite3_stmt* statement, bool borrow) noexcept
      : statement_(statement), given_(borrow ? SQLITE_STATIC : SQLITE_TRANSIENT) {}

  /// SQLite's code when it refused an argument, and ours when we did.
  int code() const noexcept { return code_; }
  errc refused() const noexcept { return refused_; }
  /// Why we did.
  const char* reason() const noexcept { return reason_; }

  /// Binds parameter `index`, counted from 1. False when it was refused.
  template <class T>
  bool bind(int index, const T& value) {
    using type = std::remove_cv_t<T>;
    if constexpr (std::is_null_pointer_v<type> || std::same_as<type, std::nullopt_t>) {
      return null(index);
    } else if constexpr (is_optional<type>) {
      return value.has_value() ? bind(index, *value) : null(index);
    } else if constexpr (is_column<type>) {
      return bind(index, value.value);
    } else if constexpr (dovetail::detail::has_field_codec<type>) {
      return bind_encoded(index, field_codec<type>::encode(value));
    } else if constexpr (text_like<type>) {
      return text(index, value, given_);
    } else if constexpr (bytes_like<type>) {
      return bytes(index, value, given_);
    } else if constexpr (dovetail::detail::argument_range<type>) {
      return refuse(errc::operation_unsupported,
                    "SQLite has no lists: a range stands in in (?), or use dt::json_value");
    } else {
      return bind_kind<field_kind_of<type>>(index, value);
    }
  }

 private:
  template <field_kind Kind, class T>
  bool bind_kind(int index, const T& value) {
    if constexpr (Kind == field_kind::boolean || Kind == field_kind::integer) {
      return integer(index, value);
    } else if constexpr (Kind == field_kind::unsigned_integer) {
      return unsigned_integer(index, value);
    } else if constexpr (Kind == field_kind::real) {
      return real(index, static_cast<double>(value));
    } else if constexpr (Kind == field_kind::enumeration) {
      return bind(index, static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (Kind == field_kind::uuid) {
      char buffer[36];
      return made(index, buffer, format_uuid(buffer, value));
    } else if constexpr (Kind == field_kind::decimal) {
      return text(index, to_string(value), SQLITE_TRANSIENT);
    } else if constexpr (Kind == field_kind::json) {
      std::string encoded;
      using format = typename dovetail::detail::json_format<T>::type;
      if (!format::encode(value.value, encoded)) {
        return refuse(errc::malformed_value, "a value that JSON cannot hold: NaN, infinity, or text that is not UTF-8");
      }
      return text(index, encoded, SQLITE_TRANSIENT);
    } else if constexpr (Kind == field_kind::date) {
      char buffer[date_text_size];
      if constexpr (dovetail::detail::chrono_date<T>) {
        return made(index, buffer, format_date(buffer, value));
      } else {
        return made(index, buffer, format_date(buffer, std::chrono::year_month_day{value}));
      }
    } else if constexpr (Kind == field_kind::timestamp || Kind == field_kind::local_timestamp) {
      char buffer[timestamp_text_size];
      const std::chrono::local_time<typename T::duration> instant{value.time_since_epoch()};
      return made(index, buffer, format_local_timestamp(buffer, instant, ' '));
    } else if constexpr (Kind == field_kind::duration) {
      char buffer[duration_text_size];
      return made(index, buffer, format_duration(buffer, value));
    } else if constexpr (Kind == field_kind::time_of_day) {
      return bind_kind<field_kind::duration>(index, value.to_duration());
    } else {
      static_assert(Kind != Kind,
                    "dovetail: this type cannot be stored in a column; give it a dt::field_codec (a struct that is one "
                    "value needs a dt::json_value)");
    }
  }

  /// A codec's value is gone when `bind` returns: it is copied.
  template <class T>
  bool bind_encoded(int index, const T& value) {
    const sqlite3_destructor_type before = given_;
    given_ = SQLITE_TRANSIENT;
    const bool bound = bind(index, value);
    given_ = before;
    return bound;
  }

  bool null(int index) noexcept { return check(sqlite3_bind_null(statement_, index)); }
  bool integer(int index, std::int64_t value) noexcept { return check(sqlite3_bind_int64(statement_, index, value)); }
  bool unsigned_integer(int index, std::uint64_t value) noexcept {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) {
      return refuse(errc::value_out_of_range, "an integer above 2^63-1 cannot be stored");
    }
    return integer(index, static_cast<std::int64_t>(value));
  }
  bool real(int index, double value) noexcept {
    if (value != value) return refuse(errc::value_out_of_range, "NaN cannot be stored: it would become null");
    return check(sqlite3_bind_double(statement_, index, value));
  }
  bool text(int index, std::string_view value, sqlite3_destructor_type keep) noexcept {
    // A null pointer would be stored as null, and an empty text is none.
    const char* const at = value.data() == nullptr ? "" : value.data();
    return check(sqlite3_bind_text64(statement_, index, at, value.size(), keep, SQLITE_UTF8));
  }
  bool bytes(int index, byte_view value, sqlite3_destructor_type keep) noexcept {
    if (value.empty()) return check(sqlite3_bind_zeroblob(statement_, index, 0));
    return check(sqlite3_bind_blob64(statement_, index, value.data(), value.size(), keep));
  }
  bool made(int index, const char* begin, const char* end) noexcept {
    if (begin == end) return refuse(errc::value_out_of_range, "a date or time that cannot be written");
    return text(index, {begin, static_cast<std::size_t>(end - begin)}, SQLITE_TRANSIENT);
  }

  bool check(int code) noexcept {
    code_ = code;
    return code == SQLITE_OK;
  }
  bool refuse(errc why, const char* reason) noexcept {
    refused_ = why;
    reason_ = reason;
    return false;
  }

  sqlite3_stmt* statement_;
  sqlite3_destructor_type given_;
  int code_ = SQLITE_OK;
  errc refused_{};
  const char* reason_ = "";
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
