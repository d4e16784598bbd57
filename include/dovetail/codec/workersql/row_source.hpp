// One row of an answer, a JSON object, as the source that rows are read from.
#pragma once

#include <dovetail/base/calendar.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/format/base64.hpp>
#include <dovetail/format/json/read.hpp>
#include <dovetail/row/enums.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/text_value.hpp>
#include <dovetail/row/value.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::detail {

using dovetail::detail::json_source;

/// The values of the current row, by column: places in the answer's text, each read once, straight into its field.
/// Takes: integers from whole numbers, from numbers in quotes (so those beyond 2^53 come exactly) and from booleans;
/// reals from numbers; bool from true, false, 0, 1 and the texts "true" and "false", which the gateway makes of
/// booleans; text from strings; dates, times and UUIDs from strings (without a zone: UTC); decimal from strings and
/// numbers; bytes from base64; enums by number and by name; `json_value<>` from any value, or from a text that holds
/// one; lists from arrays. Nothing is rounded or cut.
class row_source {
 public:
  using errc = dovetail::errc;

  /// Where column `c` has its value; null when the row lacks it, which counts as null.
  std::vector<const char*> values;
  const char* end = nullptr;  ///< of the answer's text

  bool is_null(int column) const noexcept {
    const char* const at = values[static_cast<std::size_t>(column)];
    return at == nullptr || *at == 'n';
  }

  template <class T>
  [[gnu::always_inline]] errc read(int column, T& out) {
    static_assert(!std::is_same_v<T, std::string_view> && !std::is_same_v<T, byte_view>,
                  "dovetail: rows of a gateway cannot hold views: JSON strings have escapes; use std::string");
    const char* const at = values[static_cast<std::size_t>(column)];
    if (at == nullptr || *at == 'n') return errc::unexpected_null;
    return read_at(at, out);
  }

  /// Reads the value at `at`, which is not null.
  template <class T>
  [[gnu::always_inline]] errc read_at(const char* at, T& out) {
    in_.begin = at;
    in_.end = end;
    return read_kind<field_kind_of<T>>(in_, out);
  }

  /// Reads every column into a `dt::row`. (A template, so that the type may be incomplete here.)
  template <class Row>
  errc read_all(Row& out) {
    using columns_type = typename Row::columns_type;
    using value_type = std::remove_cvref_t<decltype(*out.begin())>;
    std::vector<value_type> all(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (const errc failed = read_dynamic(values[i], all[i]); failed != errc{}) return failed;
    }
    out = Row{std::static_pointer_cast<const typename columns_type::element_type>(shared_columns), std::move(all)};
    return errc{};
  }
  std::shared_ptr<const void> shared_columns;  ///< of dynamic rows

  /// What a codec or the JSON reader said of a value that it refused.
  void explain(std::string_view words) { words_ = words; }
  const std::string& words() const noexcept { return words_; }

 private:
  errc outcome(const char* at, const json_source& in) {
    if (at != nullptr) return errc{};
    words_ = in.failure.what;
    return in.failure.code == errc::malformed_json ? errc::malformed_value : in.failure.code;
  }

  /// The text of a string; null when the value is another one.
  const char* view(json_source& in, std::string& space, std::string_view& text) {
    if (*in.begin != '"') {
      if (*in.begin == '{') words_ = "an object came, which is what the gateway sends for bytes: select hex(column)";
      return nullptr;
    }
    return dovetail::detail::view_json_string(in, in.begin, space, text);
  }

  errc integer_in_quotes(json_source& in, std::int64_t& out) {
    std::string space;
    std::string_view digits;
    if (view(in, space, digits) == nullptr || !parse_integer(digits, out)) return errc::malformed_value;
    return errc{};
  }

  template <class T>
  [[gnu::noinline]] errc integer_from_other(json_source& in, T& out) {
    std::int64_t value = 0;
    if (*in.begin == '"') {
      if (const errc failed = integer_in_quotes(in, value); failed != errc{}) return failed;
    } else if (*in.begin == 't' || *in.begin == 'f') {
      value = *in.begin == 't' ? 1 : 0;
    } else {
      double real = 0;  // 1e3 and 5.0 are whole numbers too
      if (const errc failed = outcome(dovetail::detail::read_json_real(in, in.begin, real), in); failed != errc{}) {
        return failed;
      }
      if (!(real >= -9007199254740992.0 && real <= 9007199254740992.0)) return errc::value_out_of_range;
      value = static_cast<std::int64_t>(real);
      if (static_cast<double>(value) != real) return errc::value_out_of_range;
    }
    return assign_integer(value, out);
  }

  template <field_kind Kind, class T>
  [[gnu::always_inline]] errc read_kind(json_source& in, T& out) {
    if constexpr (Kind == field_kind::integer || Kind == field_kind::unsigned_integer) {
      const bool is_number = *in.begin == '-' || is_ascii_digit(*in.begin);
      if (is_number) {
        if (dovetail::detail::read_json_integer(in, in.begin, out) != nullptr) [[likely]]
          return errc{};
        if (in.failure.code == errc::value_out_of_range) return errc::value_out_of_range;
        in.failure = {};
      }
      return integer_from_other(in, out);
    } else if constexpr (Kind == field_kind::real) {
      if (*in.begin != '-' && !is_ascii_digit(*in.begin)) return errc::malformed_value;
      return outcome(dovetail::detail::read_json_real(in, in.begin, out), in);
    } else if constexpr (Kind == field_kind::text && std::is_same_v<T, std::string>) {
      if (*in.begin != '"') return errc::malformed_value;
      return outcome(dovetail::detail::read_json_string(in, in.begin, out), in);
    } else {
      return read_rare<Kind>(in, out);
    }
  }

  template <field_kind Kind, class T>
  [[gnu::noinline]] errc read_rare(json_source& in, T& out) {
    if constexpr (Kind == field_kind::boolean) {
      return read_boolean(in, out);
    } else if constexpr (Kind == field_kind::list) {
      if (*in.begin != '[') return errc::malformed_value;
      return outcome(dovetail::detail::read_json(in, in.begin, out), in);
    } else {
      std::string space;
      std::string_view text;
      if (*in.begin == '"') {
        if (const errc failed = outcome(view(in, space, text), in); failed != errc{}) return failed;
        return from_text<Kind>(text, out);
      }
      if constexpr (Kind == field_kind::json) {
        return outcome(dovetail::detail::read_json(in, in.begin, out.value), in);
      } else if constexpr (Kind == field_kind::enumeration) {
        std::underlying_type_t<T> number{};
        const errc failed = integer_from_other(in, number);
        if (failed == errc{}) out = static_cast<T>(number);
        return failed;
      } else if constexpr (Kind == field_kind::decimal) {
        if (*in.begin != '-' && !is_ascii_digit(*in.begin)) return errc::malformed_value;
        return outcome(dovetail::detail::read_json(in, in.begin, out), in);
      } else if constexpr (Kind == field_kind::timestamp) {
        std::int64_t seconds = 0;
        if (const errc failed = integer_from_other(in, seconds); failed != errc{}) return failed;
        using duration = typename T::duration;
        constexpr std::int64_t per_second = duration::period::den / duration::period::num;
        constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)() / (per_second == 0 ? 1 : per_second);
        if (seconds > most || seconds < -most) return errc::value_out_of_range;
        out = T{std::chrono::duration_cast<duration>(std::chrono::seconds{seconds})};
        return errc{};
      } else {
        view(in, space, text);  // says so of an object
        return errc::malformed_value;
      }
    }
  }

  errc read_boolean(json_source& in, bool& out) {
    if (*in.begin == '"') {
      std::string space;
      std::string_view text;
      if (const errc failed = outcome(view(in, space, text), in); failed != errc{}) return failed;
      if (text != "true" && text != "false") return errc::malformed_value;
      out = text == "true";
      return errc{};
    }
    return integer_from_other(in, out);
  }

  template <field_kind Kind, class T>
  errc from_text(std::string_view text, T& out) {
    if constexpr (Kind == field_kind::text) {
      return assign_text(text, out);
    } else if constexpr (Kind == field_kind::bytes) {
      std::vector<std::byte> bytes(dovetail::detail::base64_byte_count(text));
      if (!dovetail::detail::read_base64(text, bytes)) {
        words_ = "bytes come as base64 with padding";
        return errc::malformed_value;
      }
      return assign_bytes(bytes, out);
    } else if constexpr (Kind == field_kind::enumeration) {
      if (assign_enum(text, out) == errc{}) return errc{};
      std::underlying_type_t<T> number{};
      if (!parse_integer(text, number)) return errc::malformed_value;
      out = static_cast<T>(number);
      return errc{};
    } else if constexpr (Kind == field_kind::json) {
      json_source in{text};
      const char* at = dovetail::detail::read_json(in, dovetail::detail::skip_json_space(in.begin, in.end), out.value);
      if (at != nullptr && dovetail::detail::skip_json_space(at, in.end) != in.end) {
        at = in.fail_syntax(at, "the end of the text");
      }
      return at == nullptr ? (words_ = in.failure.what, errc::malformed_json) : errc{};
    } else if constexpr (dovetail::detail::is_kept_as_text(Kind)) {
      if (dovetail::detail::parse_text_value<Kind>(text, out)) return errc{};
      words_ = dovetail::detail::words_of_refused<Kind, T>(text);
      return errc::malformed_value;
    } else {
      static_assert(Kind != Kind, "dovetail: a gateway has no value for this type; give it a dt::field_codec");
    }
  }

  template <class Value>
  errc read_dynamic(const char* at, Value& out) {
    if (at == nullptr || *at == 'n') return out.set_null(field_kind::text), errc{};
    json_source in{{at, static_cast<std::size_t>(end - at)}};
    if (*at == '"') {
      std::string space;
      std::string_view text;
      if (const errc failed = outcome(view(in, space, text), in); failed != errc{}) return failed;
      out.set_text(field_kind::text, text);
    } else if (*at == 't' || *at == 'f') {
      out.set_boolean(*at == 't');
    } else if (*at == '{' || *at == '[') {
      const char* const behind = dovetail::detail::skip_json_value(in, at);
      if (const errc failed = outcome(behind, in); failed != errc{}) return failed;
      out.set_text(field_kind::json, {at, static_cast<std::size_t>(behind - at)});
    } else {
      std::int64_t whole = 0;
      if (dovetail::detail::read_json_integer(in, at, whole) != nullptr) return out.set_integer(whole), errc{};
      in.failure = {};
      double real = 0;
      if (const errc failed = outcome(dovetail::detail::read_json_real(in, at, real), in); failed != errc{}) {
        return failed;
      }
      out.set_real(real);
    }
    return errc{};
  }

  std::string words_;
  json_source in_{std::string_view{}};  // one for all values: it is dear to make
};

}  // namespace dovetail::inline v0::workersql::detail
