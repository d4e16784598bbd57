// `dt::row`: a row of any statement, its columns found when the program runs.
#pragma once

#include <dovetail/base/decimal.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/read.hpp>
#include <dovetail/row/text_value.hpp>
#include <dovetail/row/value.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// A column of rows without a struct.
struct row_column {
  std::string name;
  std::string database_type;  ///< in the server's words; empty when it has none
};

/// One value of a `dt::row`: a number, bool, text or bytes; every other kind as the text that the database writes.
class row_value {
 public:
  row_value() noexcept = default;

  bool is_null() const noexcept { return is_null_; }
  /// What the database says that it is.
  field_kind kind() const noexcept { return kind_; }
  /// How the value is held: integers, reals and bools as such, everything else as text or bytes.
  std::int64_t integer() const noexcept { return integer_; }
  double real() const noexcept { return real_; }
  const std::string& text() const noexcept { return text_; }

  void set_null(field_kind kind) noexcept {
    kind_ = kind;
    is_null_ = true;
  }
  void set_boolean(bool value) noexcept {
    set(field_kind::boolean);
    integer_ = value ? 1 : 0;
  }
  void set_integer(std::int64_t value) noexcept {
    set(field_kind::integer);
    integer_ = value;
  }
  void set_real(double value) noexcept {
    set(field_kind::real);
    real_ = value;
  }
  /// `kind` is text, bytes, or what the text means.
  void set_text(field_kind kind, std::string_view value) {
    set(kind);
    text_.assign(value.data(), value.size());
  }

  /// Reads it as `T`. Errors: errc::unexpected_null, errc::malformed_value when it is of another kind,
  /// errc::value_out_of_range; nothing is cut or rounded.
  template <class T>
  errc read(T& out) const;

  /// How many bytes it takes, roughly: for limits.
  std::size_t size() const noexcept { return sizeof(*this) + text_.size(); }

  friend bool operator==(const row_value&, const row_value&) = default;

 private:
  void set(field_kind kind) noexcept {
    kind_ = kind;
    is_null_ = false;
  }

  field_kind kind_ = field_kind::text;
  bool is_null_ = true;
  std::int64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline error_info column_failure(errc code, std::string_view column,
                                                              std::string_view what) {
  std::string words{"column '"};
  words.append(column).append("'").append(what);
  return {code, std::move(words)};
}

}  // namespace detail

template <class T>
errc row_value::read(T& out) const {
  constexpr field_kind wanted = field_kind_of<T>;
  if constexpr (detail::has_field_codec<T>) {
    typename field_codec<T>::stored_type stored{};
    if (const errc failed = read(stored); failed != errc{}) return failed;
    auto decoded = field_codec<T>::decode(std::move(stored));
    if (!decoded) return errc::malformed_value;
    out = *std::move(decoded);
    return errc{};
  } else if constexpr (is_optional<T>) {
    if (is_null_) {
      out.reset();
      return errc{};
    }
    return read(out.emplace());
  } else {
    if (is_null_) return errc::unexpected_null;
    if constexpr (wanted == field_kind::boolean || wanted == field_kind::integer ||
                  wanted == field_kind::unsigned_integer) {
      if (kind_ == field_kind::integer || kind_ == field_kind::boolean) return assign_integer(integer_, out);
      return errc::malformed_value;
    } else if constexpr (wanted == field_kind::real) {
      if (kind_ == field_kind::real) return assign_real(real_, out);
      return kind_ == field_kind::integer ? assign_real(integer_, out) : errc::malformed_value;
    } else if constexpr (wanted == field_kind::enumeration) {
      if (kind_ == field_kind::integer) return assign_enum(integer_, out);
      return kind_ == field_kind::text ? assign_enum(std::string_view{text_}, out) : errc::malformed_value;
    } else if constexpr (wanted == field_kind::text) {
      const bool is_text = kind_ != field_kind::integer && kind_ != field_kind::real && kind_ != field_kind::boolean &&
                           kind_ != field_kind::bytes;
      return is_text ? assign_text(text_, out) : errc::malformed_value;
    } else if constexpr (wanted == field_kind::bytes) {
      const bool is_bytes = kind_ == field_kind::bytes || kind_ == field_kind::text;
      return is_bytes ? assign_bytes(as_byte_view(text_), out) : errc::malformed_value;
    } else {
      if constexpr (wanted == field_kind::decimal) {
        if (kind_ == field_kind::integer) return out = T{integer_}, errc{};
      }
      if (kind_ == field_kind::integer || kind_ == field_kind::real || kind_ == field_kind::bytes) {
        return errc::malformed_value;
      }
      static_assert(detail::is_kept_as_text(wanted),
                    "dovetail: a dt::row has no value of this type; read it as text, or into a struct");
      return detail::parse_text_value<wanted>(text_, out) ? errc{} : errc::malformed_value;
    }
  }
}

/// A row of any statement: `for (const dt::row& r : db.query<dt::row>("select * from t")) r.get<int>("id")`. The rows
/// of a result share their columns. Names that come twice are told apart by index. Threads: as a `const std::vector`.
class row {
 public:
  using columns_type = std::shared_ptr<const std::vector<row_column>>;

  row() = default;
  row(columns_type columns, std::vector<row_value> values) noexcept
      : columns_(std::move(columns)), values_(std::move(values)) {}

  std::size_t size() const noexcept { return values_.size(); }
  bool empty() const noexcept { return values_.empty(); }
  const std::vector<row_column>& columns() const noexcept {
    static const std::vector<row_column> none;
    return columns_ ? *columns_ : none;
  }
  const std::string& name(std::size_t column) const { return columns().at(column).name; }
  /// The values in the order of the columns.
  auto begin() const noexcept { return values_.begin(); }
  auto end() const noexcept { return values_.end(); }
  const row_value& operator[](std::size_t column) const { return values_.at(column); }
  /// Puts another value in the place of one.
  void replace(std::size_t column, row_value by) { values_.at(column) = std::move(by); }

  /// Errors: errc::row_mismatch when no column has the name, or several have it.
  result<std::size_t> find(std::string_view column) const {
    std::size_t found = size();
    for (std::size_t i = 0; i < size(); ++i) {
      if (columns()[i].name != column) continue;
      if (found != size()) {
        return detail::column_failure(errc::row_mismatch, column, " comes more than once: read it by its index");
      }
      found = i;
    }
    if (found == size()) return detail::column_failure(errc::row_mismatch, column, " is not in the result");
    return found;
  }
  bool contains(std::string_view column) const noexcept {
    for (const row_column& each : columns()) {
      if (each.name == column) return true;
    }
    return false;
  }

  /// Errors of the functions with a name: as `find`; with an index: errc::row_mismatch.
  bool is_null(std::string_view column) const { return values_[find(column).value()].is_null(); }
  bool is_null(std::size_t column) const { return values_.at(column).is_null(); }

  /// A value as `T`: numbers, bool, text, bytes, dates and times, `dt::uuid`, `dt::decimal`, enums, types with a
  /// `field_codec`, `std::optional` of them. Nothing is cut or rounded.
  /// Errors: throws errc::row_mismatch, errc::unexpected_null, errc::malformed_value, errc::value_out_of_range, with
  /// the column.
  template <class T>
  T get(std::string_view column) const {
    return try_get<T>(column).value();
  }
  template <class T>
  T get(std::size_t column) const {
    return try_get<T>(column).value();
  }
  template <class T>
  result<T> try_get(std::string_view column) const {
    const result<std::size_t> found = find(column);
    if (!found) return found.error();
    return try_get<T>(*found);
  }
  template <class T>
  result<T> try_get(std::size_t column) const {
    if (column >= size()) return error_info{errc::row_mismatch, "the row has fewer columns"};
    result<T> value{T{}};
    const errc failed = values_[column].read(*value);
    if (failed == errc{}) return value;
    return detail::column_failure(failed, columns()[column].name, " cannot be read as this type");
  }

  /// How many bytes it takes, roughly: for limits.
  std::size_t bytes() const noexcept {
    std::size_t sum = sizeof(*this);
    for (const row_value& each : values_) sum += each.size();
    return sum;
  }

  friend bool operator==(const row& a, const row& b) {
    if (a.values_ != b.values_) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (a.columns()[i].name != b.columns()[i].name) return false;
    }
    return true;
  }

 private:
  columns_type columns_;
  std::vector<row_value> values_;
};

/// A `dt::row` takes every column of every result.
template <>
struct row_plan<row> {
  using value_type = row;
  static constexpr std::size_t size = 0;
  static constexpr std::array<leaf, 0> leaves{};
  static constexpr std::array<leaf_group, 0> groups{};
  static constexpr row_description description{"dovetail::row", row_shape::by_name, {}, {}};
};

namespace detail {
template <>
inline constexpr bool is_dynamic_row<row> = true;
}  // namespace detail

}  // namespace dovetail::inline v0
