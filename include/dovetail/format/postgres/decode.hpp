// One value of a result into one field, whatever the types of both.
#pragma once

#include <dovetail/base/calendar.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/format/postgres/datetime.hpp>
#include <dovetail/format/postgres/decode_scalar.hpp>
#include <dovetail/format/postgres/interval.hpp>
#include <dovetail/format/postgres/native.hpp>
#include <dovetail/format/postgres/types.hpp>
#include <dovetail/format/postgres/value_ref.hpp>
#include <dovetail/row/json_format.hpp>
#include <dovetail/row/enums.hpp>
#include <dovetail/row/read.hpp>
#include <dovetail/row/time_loss.hpp>
#include <dovetail/row/value.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <ratio>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

namespace postgres::detail {

template <class T>
errc decode_list(const value_ref& value, T& out, decode_context& context);

/// A value as a source of its own, so that `std::optional`, `column<>` and codecs are unwrapped by the row layer.
struct single_value {
  const value_ref& value;
  decode_context& context;

  bool is_null(int) const noexcept { return value.is_null(); }
  template <class T>
  errc read(int, T& out);
  void explain(std::string_view words) {
    if (context.words != nullptr) *context.words = words;
  }
};

/// Decodes an element of a compound value.
template <class T>
errc decode_nested(const value_ref& value, T& out, decode_context& context) {
  single_value source{value, context};
  return v0::detail::read_value(source, 0, out);
}

/// True when values of this type can go to a `T`, as far as types tell. Types that are not built in may.
template <class T>
constexpr bool takes_type(oid type) noexcept {
  using stored = stored_t<T>;
  if constexpr (field_kind_of<stored> == field_kind::native) {
    return native_codec<stored>::takes(type);
  } else if constexpr (field_kind_of<stored> == field_kind::list) {
    using element = typename stored::value_type;
    if (find_type(type).is_known == false) return true;
    if constexpr (field_kind_of<stored_t<element>> == field_kind::list) {
      return takes_type<element>(type);  // an array's type says nothing of its dimensions
    } else {
      return find_type(type).is_array && takes_type<element>(element_of(type));
    }
  } else {
    return kinds_of(type).contains(field_kind_of<stored>);
  }
}

template <class T>
errc decode_real_as(const value_ref& value, T& out) {
  double real = 0;
  if (const errc failed = decode_real(value, real); failed != errc{}) return failed;
  return assign_real(real, out);
}

template <class T>
errc decode_text_as(const value_ref& value, T& out, decode_context& context) {
  if (!value.is_null() && (!value.is_binary || value.type == oids::text || value.type == oids::varchar)) [[likely]] {
    return assign_text(value.text(), out);
  }
  std::string space;
  std::string_view text;
  constexpr bool can_copy = !std::same_as<T, std::string_view>;
  if (const errc failed = decode_text(value, text, can_copy ? &space : nullptr); failed != errc{}) {
    if (failed == errc::malformed_value)
      context.explain("its binary form is no text; cast it in the query: ::text, ::text[]");
    return failed;
  }
  return assign_text(text, out);
}

template <class T>
errc decode_bytes_as(const value_ref& value, T& out) {
  std::string space;
  byte_view bytes;
  constexpr bool can_copy = !std::same_as<T, byte_view>;
  if (const errc failed = decode_bytes(value, bytes, can_copy ? &space : nullptr); failed != errc{}) return failed;
  return assign_bytes(bytes, out);
}

/// The enumerators that a text could have named; the text itself may be a secret.
template <class E>
[[gnu::cold, gnu::noinline]] errc refuse_label(decode_context& context) {
  if (context.words != nullptr) {
    std::string_view before = "its text is none of the enumerators '";
    context.words->clear();
    for (const auto& entry : v0::detail::enumerator_list<E>) {
      context.words->append(before).append(entry.name).append("'");
      before = ", '";
    }
  }
  return errc::malformed_value;
}

template <class E>
errc decode_enum(const value_ref& value, E& out, decode_context& context) {
  if (value.type == oids::int2 || value.type == oids::int4 || value.type == oids::int8) {
    std::int64_t number = 0;
    if (const errc failed = decode_integer(value, number); failed != errc{}) return failed;
    return assign_enum(number, out);
  }
  std::string_view name;
  if (const errc failed = decode_plain_text(value, name); failed != errc{}) return failed;
  const errc failed = assign_enum(name, out);
  return failed == errc{} ? failed : refuse_label<E>(context);
}

[[gnu::cold, gnu::noinline]] inline void explain_date(std::string* words) {
  if (words == nullptr || !words->empty()) return;
  *words = "it is infinity, or beyond std::chrono::year; std::chrono::sys_days has room for both";
}

/// A date that does not fit: only std::chrono::year_month_day has no room for some.
template <class T>
[[gnu::always_inline]] inline errc explained_date(errc failed, std::string* words) {
  if constexpr (!v0::detail::chrono_time_point<T>) {
    if (failed == errc::value_out_of_range) [[unlikely]]
      explain_date(words);
  }
  return failed;
}

template <class T>
errc decode_date_as(const value_ref& value, T& out) {
  if (value.is_null()) return errc::unexpected_null;
  if (value.is_binary) {
    if (value.size != 4) return errc::malformed_value;
    return decode_date(static_cast<std::int32_t>(load_big<std::uint32_t>(value.data)), out);
  }
  const std::string_view text = value.text();
  if (text == "infinity") return decode_date(most_32, out);
  if (text == "-infinity") return decode_date(least_32, out);
  std::chrono::year_month_day date{};
  if (!parse_date(text, date)) return errc::malformed_value;
  if constexpr (v0::detail::chrono_time_point<T>) {
    out = T{std::chrono::sys_days{date}.time_since_epoch()};
  } else {
    out = date;
  }
  return errc{};
}

/// Why a value that came as microseconds does not fit `T`.
template <class T>
[[gnu::cold, gnu::noinline]] errc explain_lost_part(std::int64_t microseconds, std::string* words) {
  v0::detail::second_parts exact;
  static_cast<void>(v0::detail::to_parts(std::chrono::duration<std::int64_t, std::micro>{microseconds}, exact));
  if (words != nullptr) *words = v0::detail::lost_part_of<T>(exact);
  return errc::value_out_of_range;
}

/// A point in time from the wire's number, and what it would lose in a type that is too coarse.
template <class T>
[[gnu::always_inline]] inline errc explained_point(std::int64_t count, T& out, std::string* words) {
  const errc failed = decode_point(count, out);
  if (failed == errc{} || count > most_64 - epoch_microseconds) [[likely]]
    return failed;
  return explain_lost_part<T>(count + epoch_microseconds, words);
}

template <class T>
errc decode_point_as(const value_ref& value, T& out, decode_context& context) {
  if (value.is_null()) return errc::unexpected_null;
  if (value.is_binary) {
    if (value.size != 8) return errc::malformed_value;
    return explained_point(static_cast<std::int64_t>(load_big<std::uint64_t>(value.data)), out, context.words);
  }
  std::string_view text = value.text();
  if (text == "infinity") return decode_point(most_64, out);
  if (text == "-infinity") return decode_point(least_64, out);
  if constexpr (field_kind_of<T> == field_kind::timestamp) {
    if (parse_timestamp(text, out)) return errc{};
  } else {
    if (parse_local_timestamp(text, out)) return errc{};
  }
  if (context.words != nullptr) *context.words = v0::detail::lost_part_of<T>(text);
  return errc::malformed_value;
}

/// A span from time or from interval; one with months has no fixed length: errc::value_out_of_range.
errc decode_span(const value_ref& value, bool must_be_time, std::int64_t& microseconds, decode_context& context);

template <class T>
errc decode_span_as(const value_ref& value, T& out, decode_context& context) {
  std::int64_t microseconds = 0;
  if constexpr (field_kind_of<T> == field_kind::time_of_day) {
    if (const errc failed = decode_span(value, true, microseconds, context); failed != errc{}) return failed;
    typename T::precision since_midnight{};
    if (from_microseconds(microseconds, since_midnight) != errc{})
      return explain_lost_part<T>(microseconds, context.words);
    out = T{since_midnight};
    return errc{};
  } else {
    if (const errc failed = decode_span(value, false, microseconds, context); failed != errc{}) return failed;
    return from_microseconds(microseconds, out) == errc{} ? errc{} : explain_lost_part<T>(microseconds, context.words);
  }
}

template <class T>
errc decode_json(const value_ref& value, T& out, decode_context& context) {
  std::string_view text;
  if (const errc failed = decode_plain_text(value, text); failed != errc{}) return failed;
  using format = typename v0::detail::json_format<T>::type;
  auto decoded = format::template decode<typename T::value_type>(text);
  if (!decoded) {
    if (context.words != nullptr) *context.words = decoded.error().context();
    return errc::malformed_json;
  }
  out.value = *std::move(decoded);
  return errc{};
}

/// Reads a value into a field's type; `value.type` must be one that it takes (`takes_type`), otherwise the outcome is
/// an error or another number, but never worse. Errors: errc::unexpected_null, value_out_of_range, malformed_value,
/// malformed_json.
template <class T>
errc decode_value(const value_ref& value, T& out, decode_context& context) {
  constexpr field_kind kind = field_kind_of<T>;
  if constexpr (kind == field_kind::integer) {
    std::int64_t number = 0;
    if (const errc failed = decode_integer(value, number); failed != errc{}) return failed;
    return assign_integer(number, out);
  } else if constexpr (kind == field_kind::unsigned_integer) {
    std::uint64_t number = 0;
    if (const errc failed = decode_unsigned(value, number); failed != errc{}) return failed;
    return assign_integer(number, out);
  } else if constexpr (kind == field_kind::boolean) {
    return decode_boolean(value, out);
  } else if constexpr (kind == field_kind::real) {
    return decode_real_as(value, out);
  } else if constexpr (kind == field_kind::text) {
    return decode_text_as(value, out, context);
  } else if constexpr (kind == field_kind::bytes) {
    return decode_bytes_as(value, out);
  } else if constexpr (kind == field_kind::enumeration) {
    return decode_enum(value, out, context);
  } else if constexpr (kind == field_kind::uuid) {
    return decode_uuid(value, out);
  } else if constexpr (kind == field_kind::decimal) {
    return decode_decimal(value, out);
  } else if constexpr (kind == field_kind::date) {
    return explained_date<T>(decode_date_as(value, out), context.words);
  } else if constexpr (kind == field_kind::timestamp || kind == field_kind::local_timestamp) {
    return decode_point_as(value, out, context);
  } else if constexpr (kind == field_kind::duration || kind == field_kind::time_of_day) {
    return decode_span_as(value, out, context);
  } else if constexpr (kind == field_kind::json) {
    return decode_json(value, out, context);
  } else if constexpr (kind == field_kind::list) {
    if (value.is_null()) return errc::unexpected_null;
    return decode_list(value, out, context);
  } else if constexpr (kind == field_kind::native) {
    if (value.is_null()) return errc::unexpected_null;
    if (!native_codec<T>::takes(value.type)) {
      context.explain("the column has another type");
      return errc::malformed_value;
    }
    if constexpr (!requires { native_codec<T>::reads_text; }) {
      if (!value.is_binary) {
        context.explain("the value came as text; read it into a std::string");
        return errc::malformed_value;
      }
    }
    return native_codec<T>::decode(value, out, context);
  } else {
    static_assert(sizeof(T) == 0, "dovetail: PostgreSQL has no value for this type; give it a dt::field_codec");
  }
}

template <class T>
errc single_value::read(int, T& out) {
  return decode_value(value, out, context);
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_span(const value_ref& value, bool must_be_time,
                                                   std::int64_t& microseconds, decode_context& context) {
  if (value.is_null()) return errc::unexpected_null;
  if (value.type == oids::interval) {
    if (must_be_time) return errc::malformed_value;
    interval span;
    if (const errc failed = decode_interval(value, span); failed != errc{}) return failed;
    if (!span.to_microseconds(microseconds)) {
      context.explain("an interval with months has no fixed length; use dt::postgres::interval");
      return errc::value_out_of_range;
    }
    return errc{};
  }
  if (value.is_binary) {
    if (value.size != 8) return errc::malformed_value;
    microseconds = static_cast<std::int64_t>(load_big<std::uint64_t>(value.data));
  } else {
    std::chrono::duration<std::int64_t, std::micro> span{};
    if (!parse_duration(value.text(), span)) return errc::malformed_value;
    microseconds = span.count();
  }
  return is_time_of_day(microseconds) ? errc{} : errc::malformed_value;
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
