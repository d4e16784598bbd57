// Exact decimal numbers of any precision that keep their scale, as `numeric` columns and money need them.
#pragma once

#include <dovetail/base/decimal_notation.hpp>
#include <dovetail/base/name.hpp>

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0 {

namespace detail {

/// Integers that are numbers: not bool, not characters of text.
template <class T>
concept number_integer =
    std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

void decimal_literal_is_malformed();  // never defined: the compiler prints its name

}  // namespace detail

/// A decimal number, ±digits × 10^-scale, or NaN or ±Infinity (which PostgreSQL's numeric has). No arithmetic: values
/// are carried, compared, negated and rounded to a scale.
/// Comparison is by value (1.0 equals 1.00) and total: NaN equals itself and is above Infinity, as in PostgreSQL.
/// Cost: sixteen bytes; digits that make at most 2^64-1 are kept inside, longer ones on the heap.
class decimal {
 public:
  /// The limits of PostgreSQL's numeric; what is beyond them is refused.
  static constexpr int maximum_scale = 16383;
  static constexpr std::size_t maximum_whole_digits = 131072;
  static constexpr std::size_t maximum_digits = maximum_whole_digits + maximum_scale;

  constexpr decimal() noexcept : magnitude_(0) {}

  /// The integer, with scale 0.
  template <detail::number_integer Integer>
  constexpr decimal(Integer value) noexcept  // NOLINT: an integer is a decimal number
      : magnitude_(static_cast<std::uint64_t>(value)), is_negative_(std::cmp_less(value, 0)) {
    if (is_negative_) magnitude_ = 0 - magnitude_;
  }
  template <std::floating_point Real>
  decimal(Real) = delete;  // a double has no exact decimal text of sensible length: say which digits are meant

  /// A literal, read by the compiler: `dt::decimal{"9.90"}`. Up to about 19 digits.
  template <std::size_t Size>
  consteval explicit decimal(const char (&literal)[Size]) : magnitude_(0) {
    if (!parse_decimal({literal, Size - 1}, *this)) detail::decimal_literal_is_malformed();
  }

  static constexpr decimal nan() noexcept { return decimal{kind::nan, false}; }
  static constexpr decimal infinity() noexcept { return decimal{kind::infinite, false}; }
  static constexpr decimal negative_infinity() noexcept { return decimal{kind::infinite, true}; }

  constexpr decimal(const decimal& other)
      : magnitude_(0),
        length_(other.length_),
        scale_(other.scale_),
        kind_(other.kind_),
        is_negative_(other.is_negative_) {
    if (kind_ != kind::large) {
      magnitude_ = other.magnitude_;
    } else {
      digits_ = new char[length_];
      for (std::size_t i = 0; i < length_; ++i) digits_[i] = other.digits_[i];
    }
  }
  constexpr decimal(decimal&& other) noexcept : magnitude_(0) { swap(other); }
  constexpr decimal& operator=(const decimal& other) {
    if (this != &other) {
      decimal copy(other);
      swap(copy);
    }
    return *this;
  }
  constexpr decimal& operator=(decimal&& other) noexcept {
    swap(other);
    return *this;
  }
  constexpr ~decimal() {
    if (kind_ == kind::large) delete[] digits_;
  }

  constexpr bool is_finite() const noexcept { return kind_ == kind::compact || kind_ == kind::large; }
  constexpr bool is_nan() const noexcept { return kind_ == kind::nan; }
  constexpr bool is_infinite() const noexcept { return kind_ == kind::infinite; }
  constexpr bool is_zero() const noexcept { return kind_ == kind::compact && magnitude_ == 0; }
  /// Below zero; there is no negative zero.
  constexpr bool is_negative() const noexcept { return is_negative_; }

  /// How many digits are behind the decimal point.
  constexpr int scale() const noexcept { return scale_; }

  /// How many digits `copy_digits` writes: all without leading zeros, those behind the point included; 0 for zero.
  constexpr std::size_t digit_count() const noexcept {
    if (kind_ == kind::large) return length_;
    if (kind_ != kind::compact || magnitude_ == 0) return 0;
    std::size_t count = 1;
    for (std::uint64_t power = 10; count < 20 && magnitude_ >= power; power *= 10) ++count;
    return count;
  }

  /// Writes the digits, most significant first, without sign and point; returns their end.
  constexpr char* copy_digits(char* out) const noexcept {
    const std::size_t count = digit_count();
    if (kind_ == kind::large) {
      for (std::size_t i = 0; i < count; ++i) out[i] = digits_[i];
    } else {
      std::uint64_t rest = magnitude_;
      for (std::size_t i = count; i-- > 0; rest /= 10) out[i] = static_cast<char>('0' + rest % 10);
    }
    return out + count;
  }

  /// Makes this ±`digits` × 10^-`scale`. False, and this is as before, when one of `digits` is none, or a limit is
  /// passed.
  constexpr bool assign_digits(bool is_negative, std::string_view digits, int scale) {
    while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
    if (scale < 0 || scale > maximum_scale) return false;
    if (digits.size() > maximum_whole_digits + static_cast<std::size_t>(scale)) return false;
    std::uint64_t magnitude = 0;
    bool is_large = false;
    for (const char c : digits) {
      if (!is_ascii_digit(c)) return false;
      const auto digit = static_cast<unsigned>(c - '0');
      constexpr std::uint64_t most = (std::numeric_limits<std::uint64_t>::max)();
      is_large = is_large || magnitude > most / 10 || (magnitude == most / 10 && digit > most % 10);
      if (!is_large) magnitude = magnitude * 10 + digit;
    }
    decimal read;
    read.scale_ = static_cast<std::uint16_t>(scale);
    read.is_negative_ = is_negative && !digits.empty();
    if (!is_large) {
      read.magnitude_ = magnitude;
    } else {
      read.digits_ = new char[digits.size()];
      read.kind_ = kind::large;
      read.length_ = static_cast<std::uint32_t>(digits.size());
      for (std::size_t i = 0; i < digits.size(); ++i) read.digits_[i] = digits[i];
    }
    swap(read);
    return true;
  }

  /// Changes the scale: puts zeros behind, or rounds half away from zero as PostgreSQL's round() does.
  /// False, and this is as before, when it is not finite or a limit is passed.
  constexpr bool rescale(int scale) {
    if (!is_finite() || scale < 0 || scale > maximum_scale) return false;
    const std::size_t count = digit_count();
    const auto added = static_cast<std::size_t>(scale > scale_ ? scale - scale_ : 0);
    const auto dropped = static_cast<std::size_t>(scale_ > scale ? scale_ - scale : 0);
    digit_buffer buffer(count + added + 1);
    char* const first = buffer.data + 1;  // the place in front takes the carry of 9.9 → 10
    buffer.data[0] = '0';
    copy_digits(first);
    if (dropped > count) return assign_digits(false, {}, scale);
    std::size_t kept = count - dropped;
    if (dropped > 0 && first[kept] >= '5') {
      char* at = first + kept - 1;
      for (; *at == '9'; --at) *at = '0';
      ++*at;
    }
    for (std::size_t i = 0; i < added; ++i) first[kept++] = '0';
    return assign_digits(is_negative_, {buffer.data, kept + 1}, scale);
  }

  /// The same number with the other sign; NaN stays.
  constexpr decimal operator-() const {
    decimal negated(*this);
    negated.is_negative_ = !is_negative_ && !is_zero() && !is_nan();
    return negated;
  }

  /// False, and `value` is as before, when this has a fraction other than zeros, or does not fit `Integer`.
  template <detail::number_integer Integer>
  constexpr bool to_integer(Integer& value) const noexcept {
    if (!is_finite()) return false;
    std::uint64_t whole = 0;
    if (kind_ == kind::compact) {
      whole = magnitude_;
      for (int i = 0; i < scale_ && whole != 0; ++i, whole /= 10) {
        if (whole % 10 != 0) return false;
      }
    } else {
      if (scale_ >= length_) return false;
      const std::size_t kept = length_ - scale_;
      for (std::size_t i = kept; i < length_; ++i) {
        if (digits_[i] != '0') return false;
      }
      decimal shorter;
      if (kept > 20 || !shorter.assign_digits(false, {digits_, kept}, 0) || shorter.kind_ != kind::compact)
        return false;
      whole = shorter.magnitude_;
    }
    if (!is_negative_) {
      if (!std::in_range<Integer>(whole)) return false;
      value = static_cast<Integer>(whole);
      return true;
    }
    if (whole > std::uint64_t{1} << 63) return false;
    const auto negative = static_cast<std::int64_t>(0 - whole);
    if (!std::in_range<Integer>(negative)) return false;
    value = static_cast<Integer>(negative);
    return true;
  }

  /// The nearest double; ±infinity when this is out of its range.
  double to_double() const;

  friend constexpr bool operator==(const decimal& a, const decimal& b) { return (a <=> b) == 0; }
  friend constexpr std::weak_ordering operator<=>(const decimal& a, const decimal& b) {
    if (a.is_nan() || b.is_nan()) return a.is_nan() <=> b.is_nan();
    if (a.is_negative_ != b.is_negative_) return b.is_negative_ <=> a.is_negative_;
    return a.is_negative_ ? b.compare_magnitude(a) : a.compare_magnitude(b);
  }

 private:
  enum class kind : std::uint8_t { compact, large, infinite, nan };

  struct digit_buffer {
    constexpr explicit digit_buffer(std::size_t size) : data(new char[size]) {}
    constexpr ~digit_buffer() { delete[] data; }
    digit_buffer(const digit_buffer&) = delete;
    digit_buffer& operator=(const digit_buffer&) = delete;
    char* data;
  };

  constexpr decimal(kind what, bool is_negative) noexcept : magnitude_(0), kind_(what), is_negative_(is_negative) {}

  constexpr void swap(decimal& other) noexcept {
    const bool was_large = kind_ == kind::large;
    const bool becomes_large = other.kind_ == kind::large;
    char* const digits = was_large ? digits_ : nullptr;
    const std::uint64_t magnitude = was_large ? 0 : magnitude_;
    if (becomes_large) {
      digits_ = other.digits_;
    } else {
      magnitude_ = other.magnitude_;
    }
    if (was_large) {
      other.digits_ = digits;
    } else {
      other.magnitude_ = magnitude;
    }
    std::swap(length_, other.length_);
    std::swap(scale_, other.scale_);
    std::swap(kind_, other.kind_);
    std::swap(is_negative_, other.is_negative_);
  }

  constexpr std::weak_ordering compare_magnitude(const decimal& other) const noexcept {
    if (!is_finite() || !other.is_finite()) return is_infinite() <=> other.is_infinite();
    if (kind_ == kind::compact && other.kind_ == kind::compact && scale_ == other.scale_) {
      return magnitude_ <=> other.magnitude_;
    }
    if (is_zero() || other.is_zero()) return other.is_zero() <=> is_zero();
    char own[20]{};
    char others[20]{};
    const std::string_view x = digits_in(own);
    const std::string_view y = other.digits_in(others);
    const auto x_whole = static_cast<std::int64_t>(x.size()) - scale_;
    const auto y_whole = static_cast<std::int64_t>(y.size()) - other.scale_;
    if (x_whole != y_whole) return x_whole <=> y_whole;
    for (std::size_t i = 0; i < x.size() || i < y.size(); ++i) {
      const char c = i < x.size() ? x[i] : '0';
      const char d = i < y.size() ? y[i] : '0';
      if (c != d) return c <=> d;
    }
    return std::weak_ordering::equivalent;
  }

  constexpr std::string_view digits_in(char (&buffer)[20]) const noexcept {
    if (kind_ == kind::large) return {digits_, length_};
    return {buffer, static_cast<std::size_t>(copy_digits(buffer) - buffer)};
  }

  /// The usual case, and the fast one: at most 18 digits, with a point or without, nothing else.
  constexpr bool parse_short(std::string_view text) noexcept {
    const bool has_minus = text.starts_with('-');
    if (has_minus) text.remove_prefix(1);
    if (text.empty() || text.size() > 18) return false;
    std::uint64_t magnitude = 0;
    std::size_t point = text.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (is_ascii_digit(text[i])) {
        magnitude = magnitude * 10 + static_cast<unsigned>(text[i] - '0');
      } else if (text[i] == '.' && point == text.size()) {
        point = i;
      } else {
        return false;
      }
    }
    if (text == ".") return false;
    decimal read;
    read.magnitude_ = magnitude;
    read.scale_ = static_cast<std::uint16_t>(point == text.size() ? 0 : text.size() - point - 1);
    read.is_negative_ = has_minus && magnitude != 0;
    swap(read);
    return true;
  }

  friend constexpr bool parse_decimal(std::string_view text, decimal& value);

  union {
    std::uint64_t magnitude_;
    char* digits_;  // kind::large: `length_` characters without leading zeros
  };
  std::uint32_t length_ = 0;
  std::uint16_t scale_ = 0;
  kind kind_ = kind::compact;
  bool is_negative_ = false;
};

/// Reads `[±]digits[.digits][e[±]digits]` (digits on one side of the point suffice), `NaN`, or `[±]Infinity` or
/// `[±]inf` in any case. The scale is the number of digits behind the point, less the exponent, at least 0. False, and
/// `value` is as before, when `text` is anything else, or a limit is passed.
constexpr bool parse_decimal(std::string_view text, decimal& value) {
  using form = detail::decimal_notation::form;
  if (value.parse_short(text)) return true;
  const detail::decimal_notation read =
      detail::read_decimal_notation(text, decimal::maximum_scale, decimal::maximum_digits);
  if (read.what == form::malformed) return false;
  if (read.what == form::nan) {
    value = decimal::nan();
    return true;
  }
  if (read.what == form::infinity) {
    value = read.is_negative ? decimal::negative_infinity() : decimal::infinity();
    return true;
  }
  decimal::digit_buffer digits(read.digit_count() + 1);
  std::size_t size = 0;
  for (const char c : read.whole) digits.data[size++] = c;
  for (const char c : read.fraction) digits.data[size++] = c;
  for (std::size_t i = 0; i < read.zeros; ++i) digits.data[size++] = '0';
  return value.assign_digits(read.is_negative, {digits.data, size}, read.scale);
}

/// How many characters `format_decimal` writes for this value.
constexpr std::size_t decimal_text_size(const decimal& value) noexcept {
  const std::size_t sign = value.is_negative() ? 1 : 0;
  if (value.is_nan()) return 3;
  if (value.is_infinite()) return sign + 8;
  const auto scale = static_cast<std::size_t>(value.scale());
  const std::size_t count = value.digit_count();
  return sign + (count > scale ? count : scale + 1) + (scale > 0 ? 1 : 0);
}

/// Writes `[-]digits[.digits]` with `scale()` digits behind the point, `NaN`, `Infinity` or `-Infinity` at `out`, which
/// has room for `decimal_text_size(value)` characters; returns the end. `parse_decimal` gives the same number and
/// scale.
constexpr char* format_decimal(char* out, const decimal& value) noexcept {
  if (value.is_negative()) *out++ = '-';
  if (!value.is_finite()) {
    for (const char c : std::string_view{value.is_nan() ? "NaN" : "Infinity"}) *out++ = c;
    return out;
  }
  const auto scale = static_cast<std::size_t>(value.scale());
  const std::size_t count = value.digit_count();
  char* digits = out;
  for (std::size_t i = count; i < scale + 1; ++i) *digits++ = '0';
  digits = value.copy_digits(digits);
  if (scale == 0) return digits;
  for (std::size_t i = 0; i < scale; ++i) *(digits - i) = *(digits - i - 1);
  *(digits - scale) = '.';
  return digits + 1;
}

/// The text that `format_decimal` writes.
inline std::string to_string(const decimal& value) {
  std::string text(decimal_text_size(value), '\0');
  format_decimal(text.data(), value);
  return text;
}

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <dovetail/base/real_text.hpp>

#include <limits>

namespace dovetail::inline v0 {

DOVETAIL_DEFINE double decimal::to_double() const {
  const double infinite = std::numeric_limits<double>::infinity();
  if (is_nan()) return std::numeric_limits<double>::quiet_NaN();
  if (is_infinite()) return is_negative_ ? -infinite : infinite;
  const std::string text = to_string(*this);
  double value = 0;
  if (detail::real_from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{}) return value;
  if (digit_count() <= static_cast<std::size_t>(scale_)) return 0;  // too compact, not too large
  return is_negative_ ? -infinite : infinite;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
