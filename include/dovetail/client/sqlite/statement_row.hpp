// Columns of the current row: how each value of SQLite becomes a C++ value.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/calendar.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/client/sqlite/library.hpp>
#include <dovetail/row/enums.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/json_format.hpp>
#include <dovetail/row/text_value.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

namespace sqlite::detail {

/// The text of a value, without the zero that SQLite would have to copy it for; in UTF-8 whatever the database has.
inline std::string_view text_of(sqlite3_value* value) noexcept {
#if SQLITE_VERSION_NUMBER >= 3040000
  const void* const at = sqlite3_value_encoding(value) == SQLITE_UTF8
                             ? sqlite3_value_blob(value)
                             : static_cast<const void*>(sqlite3_value_text(value));
#else
  const void* const at = sqlite3_value_text(value);
#endif
  return {static_cast<const char*>(at), static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

inline byte_view bytes_of(sqlite3_value* value) noexcept {
  const void* const at = sqlite3_value_blob(value);
  return {static_cast<const std::byte*>(at), static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

/// Not inlined: numbers that arrive in another form than the field's are rare.
[[gnu::noinline]] inline errc integer_from_other(sqlite3_value* value, int type, std::int64_t& out) noexcept {
  if (type == SQLITE_NULL) return errc::unexpected_null;
  if (type != SQLITE_FLOAT) return errc::malformed_value;
  const double real = sqlite3_value_double(value);
  if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0)) return errc::value_out_of_range;
  out = static_cast<std::int64_t>(real);
  return static_cast<double>(out) == real ? errc{} : errc::value_out_of_range;
}

[[gnu::noinline]] inline errc real_from_other(sqlite3_value* value, int type, double& out) noexcept {
  if (type == SQLITE_NULL) return errc::unexpected_null;
  if (type != SQLITE_INTEGER) return errc::malformed_value;
  const std::int64_t integer = sqlite3_value_int64(value);
  out = static_cast<double>(integer);
  // 2^63 is no int64: compare before the cast back.
  return out < 9223372036854775808.0 && static_cast<std::int64_t>(out) == integer ? errc{} : errc::value_out_of_range;
}

/// The shortest digits that give this number.
std::string_view real_text(double value, char (&buffer)[32]) noexcept;

/// The source that rows are read from: a statement that has just stepped on a row.
/// Takes: integers from INTEGER and from REAL without a fraction, reals from REAL and from INTEGER that fit exactly,
/// bool from 0 and 1, text from TEXT, bytes from BLOB and TEXT, dates and times from ISO 8601 TEXT (without a zone:
/// UTC) and points in time also from INTEGER (seconds since 1970), decimal from TEXT, INTEGER and REAL, uuid from TEXT
/// and BLOB of 16 bytes, enums by number and by name. Nothing is rounded or cut.
class statement_row {
 public:
  explicit statement_row(sqlite3_stmt* statement) noexcept : statement_(statement) {}

  bool is_null(int column) const noexcept { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

  /// Reads a value; errc{} on success. Text and bytes that are views borrow until the next step.
  template <class T>
  [[gnu::always_inline]] errc read(int column, T& out) {
    static_assert(field_kind_of<T> != field_kind::list,
                  "dovetail: SQLite has no lists; use dt::json_value<std::vector<T>>");
    return read_kind<field_kind_of<T>>(sqlite3_column_value(statement_, column), out);
  }

  /// Reads every column into a `dt::row`. (A template, so that the type may be incomplete here.)
  template <class Row>
  errc read_all(Row& out) {
    using columns_type = typename Row::columns_type;
    using value_type = std::remove_cvref_t<decltype(*out.begin())>;
    const int count = sqlite3_column_count(statement_);
    if (!columns_) columns_ = describe_columns<columns_type>(count);
    std::vector<value_type> values(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      read_dynamic(sqlite3_column_value(statement_, i), values[static_cast<std::size_t>(i)]);
    out = Row{std::static_pointer_cast<const typename columns_type::element_type>(columns_), std::move(values)};
    return {};
  }

  /// What a codec or the JSON reader said of a value that it refused.
  void explain(std::string_view words) { words_ = words; }
  const std::string& words() const noexcept { return words_; }

 private:
  template <field_kind Kind, class T>
  [[gnu::always_inline]] errc read_kind(sqlite3_value* value, T& out) {
    if constexpr (Kind == field_kind::integer) {
      std::int64_t read = 0;
      if (const errc failed = read_integer(value, read); failed != errc{}) return failed;
      if constexpr (sizeof(T) < sizeof read) {
        if (read < (std::numeric_limits<T>::min)() || read > (std::numeric_limits<T>::max)()) {
          return errc::value_out_of_range;
        }
      }
      out = static_cast<T>(read);
      return {};
    } else if constexpr (Kind == field_kind::unsigned_integer) {
      std::int64_t read = 0;
      if (const errc failed = read_integer(value, read); failed != errc{}) return failed;
      if (read < 0 || static_cast<std::uint64_t>(read) > (std::numeric_limits<T>::max)()) {
        return errc::value_out_of_range;
      }
      out = static_cast<T>(read);
      return {};
    } else if constexpr (Kind == field_kind::boolean) {
      std::int64_t read = 0;
      if (const errc failed = read_integer(value, read); failed != errc{}) return failed;
      if ((read & ~std::int64_t{1}) != 0) return errc::value_out_of_range;
      out = read != 0;
      return {};
    } else if constexpr (Kind == field_kind::real) {
      double read = 0;
      if (const errc failed = read_real(value, read); failed != errc{}) return failed;
      return narrow(read, out);
    } else if constexpr (Kind == field_kind::text) {
      const int type = sqlite3_value_type(value);
      if (type != SQLITE_TEXT) return type == SQLITE_NULL ? errc::unexpected_null : errc::malformed_value;
      return copy_text(text_of(value), out);
    } else if constexpr (Kind == field_kind::bytes) {
      const int type = sqlite3_value_type(value);
      if (type != SQLITE_BLOB && type != SQLITE_TEXT) {
        return type == SQLITE_NULL ? errc::unexpected_null : errc::malformed_value;
      }
      return copy_bytes(type == SQLITE_BLOB ? bytes_of(value) : as_byte_view(text_of(value)), out);
    } else if constexpr (Kind == field_kind::enumeration) {
      return read_enum(value, out);
    } else {
      return read_rare<Kind>(value, out);
    }
  }

  template <class Columns>
  [[gnu::cold]] std::shared_ptr<const void> describe_columns(int count) const {
    auto made = std::make_shared<std::remove_const_t<typename Columns::element_type>>(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      auto& column = (*made)[static_cast<std::size_t>(i)];
      if (const char* const name = sqlite3_column_name(statement_, i)) column.name = name;
      if (const char* const type = sqlite3_column_decltype(statement_, i)) column.database_type = type;
    }
    return made;
  }
  template <class Value>
  static void read_dynamic(sqlite3_value* value, Value& out) {
    switch (sqlite3_value_type(value)) {
      case SQLITE_INTEGER:
        return out.set_integer(sqlite3_value_int64(value));
      case SQLITE_FLOAT:
        return out.set_real(sqlite3_value_double(value));
      case SQLITE_TEXT:
        return out.set_text(field_kind::text, text_of(value));
      case SQLITE_BLOB: {
        const byte_view bytes = bytes_of(value);
        return out.set_text(field_kind::bytes, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      }
      default:
        return out.set_null(field_kind::text);
    }
  }

  [[gnu::always_inline]] static errc read_integer(sqlite3_value* value, std::int64_t& out) noexcept {
    const int type = sqlite3_value_type(value);
    if (type != SQLITE_INTEGER) [[unlikely]]
      return integer_from_other(value, type, out);
    out = sqlite3_value_int64(value);
    return {};
  }
  [[gnu::always_inline]] static errc read_real(sqlite3_value* value, double& out) noexcept {
    const int type = sqlite3_value_type(value);
    if (type != SQLITE_FLOAT) [[unlikely]]
      return real_from_other(value, type, out);
    out = sqlite3_value_double(value);
    return {};
  }

  static errc narrow(double read, double& out) noexcept {
    out = read;
    return {};
  }
  static errc narrow(double read, float& out) noexcept {
    const float narrowed = static_cast<float>(read);
    // Fewer digits are what a float is for; another magnitude is not.
    if (narrowed - narrowed != 0 && read - read == 0) return errc::value_out_of_range;
    out = narrowed;
    return {};
  }

  template <class T>
  static errc copy_text(std::string_view text, T& out) {
    if constexpr (std::is_array_v<T>) {
      if (text.size() >= std::size(out)) return errc::value_out_of_range;
      if (!text.empty()) std::memcpy(out, text.data(), text.size());
      std::memset(out + text.size(), 0, std::size(out) - text.size());
    } else if constexpr (std::same_as<T, std::string>) {
      out.assign(text.data() == nullptr ? "" : text.data(), text.size());
    } else {
      out = T{text};
    }
    return {};
  }
  template <class T>
  static errc copy_bytes(byte_view bytes, T& out) {
    if constexpr (std::constructible_from<T, byte_view>) {
      out = T{bytes};
    } else if constexpr (requires { out.assign(bytes.begin(), bytes.end()); }) {
      out.assign(bytes.begin(), bytes.end());
    } else {  // std::array<std::byte, N>
      if (bytes.size() != out.size()) return errc::value_out_of_range;
      for (std::size_t i = 0; i < bytes.size(); ++i) out[i] = bytes[i];
    }
    return {};
  }

  template <class E>
  [[gnu::noinline]] errc read_enum(sqlite3_value* value, E& out) {
    if (sqlite3_value_type(value) == SQLITE_TEXT) {
      const auto named = enum_value<E>(text_of(value));
      if (named) return out = *named, errc{};
      // A text column turns the numbers that enums are stored as into digits.
      std::underlying_type_t<E> digits{};
      if (!parse_integer(text_of(value), digits)) return errc::malformed_value;
      return out = static_cast<E>(digits), errc{};
    }
    std::underlying_type_t<E> number{};
    const errc failed = read_kind<field_kind_of<std::underlying_type_t<E>>>(value, number);
    if (failed == errc{}) out = static_cast<E>(number);
    return failed;
  }

  template <field_kind Kind, class T>
  [[gnu::noinline]] errc read_rare(sqlite3_value* value, T& out) {
    const int type = sqlite3_value_type(value);
    if (type == SQLITE_NULL) return errc::unexpected_null;
    if constexpr (Kind == field_kind::timestamp) {
      if (type == SQLITE_INTEGER) return timestamp_from_seconds(sqlite3_value_int64(value), out);
    } else if constexpr (Kind == field_kind::uuid) {
      if (type == SQLITE_BLOB) {
        const byte_view bytes = bytes_of(value);
        if (bytes.size() != out.bytes.size()) return errc::malformed_value;
        for (std::size_t i = 0; i < bytes.size(); ++i) out.bytes[i] = bytes[i];
        return {};
      }
    } else if constexpr (Kind == field_kind::decimal) {
      if (type == SQLITE_INTEGER) {
        out = T{sqlite3_value_int64(value)};
        return {};
      }
      if (type == SQLITE_FLOAT) {
        char buffer[32];
        return from_text<Kind>(real_text(sqlite3_value_double(value), buffer), out);
      }
    }
    if (type != SQLITE_TEXT) return errc::malformed_value;
    return from_text<Kind>(text_of(value), out);
  }

  template <class T>
  static errc timestamp_from_seconds(std::int64_t seconds, T& out) noexcept {
    using duration = typename T::duration;
    constexpr std::int64_t per_second = duration::period::den / duration::period::num;
    static_assert(duration::period::num == 1, "dovetail: a point in time must be in seconds or finer");
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)() / per_second;
    if (seconds > most || seconds < -most) return errc::value_out_of_range;
    out = T{duration{seconds * per_second}};
    return {};
  }

  template <field_kind Kind, class T>
  errc from_text(std::string_view text, T& out) {
    if constexpr (dovetail::detail::is_kept_as_text(Kind)) {
      if (dovetail::detail::parse_text_value<Kind>(text, out)) return {};
      explain(dovetail::detail::words_of_refused<Kind, T>(text));
      return errc::malformed_value;
    } else if constexpr (Kind == field_kind::json) {
      using format = typename dovetail::detail::json_format<T>::type;
      auto decoded = format::template decode<typename T::value_type>(text);
      if (!decoded) {
        explain(decoded.error().context());
        return errc::malformed_json;
      }
      out.value = *std::move(decoded);
      return {};
    } else {
      static_assert(Kind != Kind, "dovetail: SQLite has no value for this type; give it a dt::field_codec");
    }
  }

  sqlite3_stmt* statement_;
  std::string words_;
  std::shared_ptr<const void> columns_;  // of dynamic rows
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <charconv>

namespace dovetail::inline v0::sqlite::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string_view real_text(double value, char (&buffer)[32]) noexcept {
  const char* const end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

}  // namespace dovetail::inline v0::sqlite::detail
#undef DOVETAIL_DEFINE
#endif
