// DataRow messages into rows: one pass over the read buffer when the columns have the order of the fields.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/format/postgres/array.hpp>
#include <dovetail/format/postgres/datetime.hpp>
#include <dovetail/format/postgres/decode.hpp>
#include <dovetail/format/postgres/types.hpp>
#include <dovetail/format/postgres/value_ref.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/read.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {
namespace detail {

/// The number of bytes of a value of exactly this C++ type; 0 when it varies, or several types of columns fill it.
template <class T>
consteval std::size_t fixed_size() {
  using kind = std::remove_cv_t<T>;
  if constexpr (std::same_as<kind, bool>) {
    return 1;
  } else if constexpr (field_kind_of<kind> == field_kind::integer) {
    return sizeof(kind) > 1 ? sizeof(kind) : 0;
  } else if constexpr (field_kind_of<kind> == field_kind::real) {
    return sizeof(kind);
  } else if constexpr (field_kind_of<kind> == field_kind::timestamp ||
                       field_kind_of<kind> == field_kind::local_timestamp) {
    return 8;
  } else if constexpr (field_kind_of<kind> == field_kind::uuid) {
    return 16;
  } else if constexpr (field_kind_of<kind> == field_kind::date) {
    return 4;
  } else {
    return 0;
  }
}

template <class T>
[[gnu::always_inline]] inline errc load_fixed(const std::byte* from, T& out, std::string* words) {
  constexpr field_kind kind = field_kind_of<T>;
  if constexpr (kind == field_kind::boolean) {
    const auto byte = std::to_integer<unsigned>(*from);
    out = byte != 0;
    return byte <= 1 ? errc{} : errc::malformed_value;
  } else if constexpr (kind == field_kind::integer) {
    out = static_cast<T>(load_big<std::make_unsigned_t<T>>(from));
    return errc{};
  } else if constexpr (kind == field_kind::real) {
    using bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    out = std::bit_cast<T>(load_big<bits>(from));
    return errc{};
  } else if constexpr (kind == field_kind::uuid) {
    std::memcpy(out.bytes.data(), from, 16);
    return errc{};
  } else if constexpr (kind == field_kind::date) {
    return explained_date<T>(decode_date(static_cast<std::int32_t>(load_big<std::uint32_t>(from)), out), words);
  } else {
    return explained_point(static_cast<std::int64_t>(load_big<std::uint64_t>(from)), out, words);
  }
}

/// A value of a `dt::row`: numbers, bool, bytes and text in the format that `is_dynamic_binary` asks for, the rest as
/// the server's text.
template <class Value>
errc read_dynamic(const value_ref& from, Value& out) {
  const field_kind kind = dynamic_kind_of(from.type);
  if (from.is_null()) return out.set_null(kind), errc{};
  if (kind == field_kind::boolean) {
    bool value = false;
    const errc failed = decode_boolean(from, value);
    out.set_boolean(value);
    return failed;
  }
  if (kind == field_kind::integer) {
    std::int64_t value = 0;
    const errc failed = decode_integer(from, value);
    out.set_integer(value);
    return failed;
  }
  if (kind == field_kind::real) {
    double value = 0;
    const errc failed = decode_real(from, value);
    out.set_real(value);
    return failed;
  }
  out.set_text(kind, {reinterpret_cast<const char*>(from.data), static_cast<std::size_t>(from.size)});
  return errc{};
}

/// A DataRow whose values are read once, from the first to the last, all in the format that their fields want.
class row_cursor {
 public:
  row_cursor(const std::byte* begin, const std::byte* end, const column_type* columns, std::string* words) noexcept
      : at_(begin), end_(end), columns_(columns), words_(words) {}

  /// `column` is behind the last that was read. Looking ahead takes nothing.
  [[gnu::always_inline]] bool is_null(int column) const noexcept {
    const std::byte* const at = next_ == column ? at_ : skip(at_, end_, column - next_);
    return at != nullptr && end_ - at >= 4 && load_big<std::uint32_t>(at) == 0xFFFF'FFFF;
  }

  template <class T>
  [[gnu::always_inline]] errc read(int column, T& out) {
    if (next_ != column) skip_to(column);
    constexpr std::size_t size = fixed_size<T>();
    if constexpr (size != 0) {
      if (end_ - at_ >= static_cast<std::ptrdiff_t>(4 + size) && load_big<std::uint32_t>(at_) == size) [[likely]] {
        const std::byte* const from = at_ + 4;
        at_ = from + size;
        next_ = column + 1;
        return load_fixed(from, out, words_);
      }
    }
    if (end_ - at_ < 4) [[unlikely]]
      return errc::malformed_frame;
    const auto length = static_cast<std::int32_t>(load_big<std::uint32_t>(at_));
    if (length > end_ - at_ - 4 || length < -1) [[unlikely]]
      return errc::malformed_frame;
    const std::byte* const from = at_ + 4;
    at_ = from + (length < 0 ? 0 : length);
    next_ = column + 1;
    if constexpr (field_kind_of<T> == field_kind::text) {
      if (length < 0) return errc::unexpected_null;
      return assign_text({reinterpret_cast<const char*>(from), static_cast<std::size_t>(length)}, out);
    } else {
      return read_other(from, length, columns_[column].type, words_, out);
    }
  }

  void explain(std::string_view words) { *words_ = words; }

  /// True when the values up to `columns` take all of the message.
  [[gnu::always_inline]] bool ends_at(int columns) noexcept {
    if (next_ != columns) skip_to(columns);
    return at_ == end_ && at_ != nullptr;
  }

 private:
  template <class T>
  [[gnu::noinline]] static errc read_other(const std::byte* data, std::int32_t size, oid type, std::string* words,
                                           T& out) {
    decode_context context{words};
    return decode_value(value_ref{data, size, type, true}, out, context);
  }

  /// Where the value behind `count` others begins; null when a length does not fit. Static, so that the cursor stays in
  /// registers.
  static const std::byte* skip(const std::byte* at, const std::byte* end, int count) noexcept;
  /// After a length that does not fit there are no bytes, and the next read fails.
  [[gnu::always_inline]] void skip_to(int column) noexcept {
    const bool is_one_null = column - next_ == 1 && end_ - at_ >= 4 && load_big<std::uint32_t>(at_) == 0xFFFF'FFFF;
    at_ = is_one_null ? at_ + 4 : skip(at_, end_, column - next_);
    next_ = column;
    if (at_ == nullptr) end_ = nullptr;
  }

  const std::byte* at_;
  const std::byte* end_;
  const column_type* columns_;
  std::string* words_;
  int next_ = 0;
};

}  // namespace detail

/// The rows of one result: gets the columns once, then the bodies of the DataRow messages.
/// Lifetime: text and bytes that fields borrow point into the body.
class row_source {
 public:
  row_source() = default;

  /// Says what the rows are; `bound` is how they go to the row type.
  void describe(std::vector<column_type> columns, const row_description& row, const binding& bound);
  void describe(std::vector<column_type> columns) {
    columns_ = std::move(columns);
    is_straight_ = false;
    values_.clear();
    for (const column_type& column : columns_) values_.push_back({nullptr, -1, column.type, column.is_binary});
  }
  const std::vector<column_type>& columns() const noexcept { return columns_; }

  /// Goes to a row: checks the number of values and every length once.
  /// Errors: errc::malformed_frame; there is no row then.
  errc reset(byte_view body);

  bool is_null(int column) const noexcept { return values_[static_cast<std::size_t>(column)].is_null(); }
  /// A value that has not been decoded.
  const value_ref& value(int column) const noexcept { return values_[static_cast<std::size_t>(column)]; }

  template <class T>
  errc read(int column, T& out) {
    const value_ref& value = values_[static_cast<std::size_t>(column)];
    if constexpr (detail::fixed_size<T>() != 0) {
      if (value.is_binary && value.size == static_cast<std::int32_t>(detail::fixed_size<T>())) [[likely]] {
        return detail::load_fixed(value.data, out, &words_);
      }
    }
    detail::decode_context context{&words_};
    return detail::decode_value(value, out, context);
  }

  /// Reads every column into a `dt::row`. (A template, so that the type may be incomplete here.)
  template <class Row>
  errc read_all(Row& out) {
    using columns_type = typename Row::columns_type;
    std::vector<std::remove_cvref_t<decltype(*out.begin())>> values(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (const errc failed = detail::read_dynamic(values_[i], values[i]); failed != errc{}) return failed;
    }
    out = Row{std::static_pointer_cast<const typename columns_type::element_type>(names_), std::move(values)};
    return errc{};
  }
  /// The columns that such rows share.
  const std::shared_ptr<const void>& names() const noexcept { return names_; }
  void set_names(std::shared_ptr<const void> names) noexcept { names_ = std::move(names); }

  /// What a codec or the JSON reader said of the value that was refused last.
  void explain(std::string_view words) { words_ = words; }
  const std::string& words() const noexcept { return words_; }

  /// Reads the body of a DataRow message into a row. Errors: that of the first value that does not fit, or
  /// errc::malformed_frame when the message is no row of this result.
  template <class Row>
  [[gnu::always_inline]] read_status read_row(byte_view body, row_value_t<Row>& out, const binding& bound) {
    if (!is_straight_) [[unlikely]]
      return read_row_mapped_<Row>(body, out, bound);
    if constexpr (v0::detail::is_dynamic_row<Row>) {
      return {errc::malformed_frame, -1};  // is never straight
    } else {
      if (body.size() < 2 || load_big<std::uint16_t>(body.data()) != columns_.size()) [[unlikely]]
        return {errc::malformed_frame, -1};
      if (!words_.empty()) [[unlikely]]
        words_.clear();
      detail::row_cursor cursor{body.data() + 2, body.data() + body.size(), columns_.data(), &words_};
      read_status status = read_row_in_order<Row>(out, cursor);
      if (status.code == errc{} && !cursor.ends_at(static_cast<int>(columns_.size()))) [[unlikely]]
        status = {errc::malformed_frame, -1};
      return status;
    }
  }

 private:
  template <class Row>
  [[gnu::noinline]] read_status read_row_mapped_(byte_view body, row_value_t<Row>& out, const binding& bound) {
    if (const errc failed = reset(body); failed != errc{}) return {failed, -1};
    return v0::read_row_mapped<Row>(out, *this, bound);
  }

  std::vector<column_type> columns_;
  std::vector<value_ref> values_;
  std::string words_;
  std::shared_ptr<const void> names_;  // of dynamic rows
  bool is_straight_ = false;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

[[gnu::noinline]] DOVETAIL_DEFINE const std::byte* row_cursor::skip(const std::byte* at, const std::byte* end,
                                                                    int count) noexcept {
  for (; count > 0; --count) {
    const std::ptrdiff_t left = end - at;
    const std::int32_t length = left < 4 ? -2 : static_cast<std::int32_t>(load_big<std::uint32_t>(at));
    if (length < -1 || length > left - 4) return nullptr;
    at += 4 + (length < 0 ? 0 : length);
  }
  return at;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE void row_source::describe(std::vector<column_type> columns, const row_description& row,
                                          const binding& bound) {
  describe(std::move(columns));
  is_straight_ = bound.is_in_order();
  for (std::size_t i = 0; i < row.leaves.size() && is_straight_; ++i) {
    const column_type& column = columns_[i];
    const bool is_text = row.leaves[i].kind == field_kind::text;
    is_straight_ = is_text ? !column.is_binary || detail::is_plain_text(column.type) : column.is_binary;
  }
}

[[gnu::noinline]] DOVETAIL_DEFINE errc row_source::reset(byte_view body) {
  words_.clear();
  detail::part_reader reader{body};
  std::uint16_t count = 0;
  if (!reader.take(count) || count != values_.size()) return errc::malformed_frame;
  for (value_ref& value : values_) {
    if (!reader.take(value)) return errc::malformed_frame;
  }
  return reader.at_end() ? errc{} : errc::malformed_frame;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
