// Reads a row whose keys have the order of its struct's fields in one go: each value where it comes, into its field.
#pragma once

#include <dovetail/codec/workersql/expected_keys.hpp>
#include <dovetail/codec/workersql/row_source.hpp>
#include <dovetail/format/json/number.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/json/string.hpp>
#include <dovetail/row/field.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::workersql::detail {

/// A source for `read_row_in_order` that walks over the row while it is read, so that it is walked over once. It gives
/// up on whatever is not as expected, be it another key, a null or a mistake, and says nothing of it: who asked reads
/// the row again then by `row_source`, which knows every form and all the words.
/// Lifetime: borrows all that it is given.
class row_cursor {
 public:
  using errc = dovetail::errc;

  /// `at` is the first character behind the row's opening brace that is no white space.
  row_cursor(json_source& in, const char* at, const row_key* keys, row_source& others) noexcept
      : in_(&in), at_(at), keys_(keys), others_(&others) {}

  bool is_null(int column) {
    const char* const at = value_of(column);
    if (at == nullptr) return true;
    if (*at != 'n') return false;
    take(dovetail::detail::skip_json_word(*in_, at, "null"));
    return true;
  }

  template <class T>
  [[gnu::always_inline]] errc read(int column, T& out) {
    const char* const at = value_of(column);
    if (at == nullptr || *at == 'n') return give_up();
    constexpr field_kind kind = field_kind_of<T>;
    if constexpr (kind == field_kind::integer || kind == field_kind::unsigned_integer) {
      if (*at == '-' || is_ascii_digit(*at)) {
        if (const char* const behind = dovetail::detail::read_json_integer(*in_, at, out)) [[likely]]
          return take(behind);
        in_->failure = {};
      }
    } else if constexpr (kind == field_kind::real) {
      if (*at != '-' && !is_ascii_digit(*at)) return give_up();
      return take(dovetail::detail::read_json_real(*in_, at, out));
    } else if constexpr (kind == field_kind::text && std::is_same_v<T, std::string>) {
      if (*at != '"') return give_up();
      return take(dovetail::detail::read_json_string(*in_, at, out));
    }
    return read_other(at, out);
  }

  /// The place behind the row; null when it was given up, or has more columns.
  const char* end() const noexcept { return is_closed_ ? at_ : nullptr; }

 private:
  errc give_up() noexcept {
    at_ = nullptr;
    return errc::malformed_value;
  }

  /// Where the value of the next column is, which must be `column`; null when it is not there.
  const char* value_of(int column) {
    if (is_at_value_ && column == column_) return at_;
    if (at_ == nullptr || is_closed_ || is_at_value_ || column != column_) return at_ = nullptr;
    const std::string_view key = keys_[static_cast<std::size_t>(column)].written;
    if (static_cast<std::size_t>(in_->end - at_) <= key.size() || std::memcmp(at_, key.data(), key.size()) != 0) {
      return at_ = nullptr;
    }
    at_ = dovetail::detail::skip_json_space(at_ + key.size(), in_->end);
    if (at_ == in_->end) return at_ = nullptr;
    is_at_value_ = true;
    return at_;
  }

  /// The value ends at `behind`; it was none when that is null.
  errc take(const char* behind) {
    is_at_value_ = false;
    ++column_;
    if (behind != nullptr) behind = dovetail::detail::read_json_separator(*in_, behind, '}', is_closed_);
    at_ = behind;
    return behind != nullptr ? errc{} : errc::malformed_value;
  }

  template <class T>
  [[gnu::noinline]] errc read_other(const char* at, T& out) {
    const char* const behind = dovetail::detail::skip_json_value(*in_, at);
    if (behind == nullptr || others_->read_at(at, out) != errc{}) return give_up();
    return take(behind);
  }

  json_source* in_;
  const char* at_;  // null: given up
  const row_key* keys_;
  row_source* others_;
  int column_ = 0;
  bool is_at_value_ = false;
  bool is_closed_ = false;
};

}  // namespace dovetail::inline v0::workersql::detail
