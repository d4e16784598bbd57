// Numbers, text and bytes from a value of any format: compiled once, whatever the field's type.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/real_text.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/format/postgres/numeric.hpp>
#include <dovetail/format/postgres/value_ref.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0::postgres::detail {

/// The number of bytes that values of a number's type have in binary format; 0 for other types.
constexpr std::int32_t width_of(oid type) noexcept {
  switch (type) {
    case oids::int2:
      return 2;
    case oids::int4:
    case oids::float4:
      return 4;
    case oids::int8:
    case oids::float8:
      return 8;
    default:
      return 0;
  }
}

/// From smallint, integer, bigint.
errc decode_integer(const value_ref& value, std::int64_t& out) noexcept;

/// From the same when not negative, from oid and the like, which have no sign, and from numeric without a fraction.
errc decode_unsigned(const value_ref& value, std::uint64_t& out);

errc decode_real(const value_ref& value, double& out) noexcept;

errc decode_boolean(const value_ref& value, bool& out) noexcept;

/// True when the value's bytes in binary format are its text. Types that are not built in are taken for such: enums,
/// citext, domains over text are.
constexpr bool is_plain_text(oid type) noexcept {
  switch (type) {
    case oids::text:
    case oids::varchar:
    case oids::bpchar:
    case oids::name:
    case oids::char_:
    case oids::json:
    case oids::xml:
    case oids::unknown:
    case oids::void_:
    case 1790:  // refcursor
      return true;
    default:
      return type == 0 || type >= first_user_type;
  }
}

/// The text of a value: as it lies there, without the version of jsonb, or written into `space`.
/// Errors: errc::malformed_value for binary forms that are not put into words here, among them those of types that are
/// not built in, as far as their bytes show it: most begin with a count or a version, or have a zero byte (hstore,
/// ltree).
errc decode_text(const value_ref& value, std::string_view& out, std::string* space);

/// The text of a value that is text, an enum or JSON. Errors: as `decode_text`.
[[gnu::noinline]] inline errc decode_plain_text(const value_ref& value, std::string_view& out) {
  return decode_text(value, out, nullptr);
}

/// The bytes of a bytea; in text format (`\x…`) they are written into `space`.
errc decode_bytes(const value_ref& value, byte_view& out, std::string* space);

errc decode_uuid(const value_ref& value, uuid& out) noexcept;

[[gnu::noinline]] inline errc decode_decimal(const value_ref& value, decimal& out) {
  if (value.is_null()) return errc::unexpected_null;
  if (value.is_binary) return decode_numeric(value.bytes(), out);
  return parse_decimal(value.text(), out) ? errc{} : errc::malformed_value;
}

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_integer(const value_ref& value, std::int64_t& out) noexcept {
  if (value.is_null()) return errc::unexpected_null;
  if (!value.is_binary) return parse_integer(value.text(), out) ? errc{} : errc::malformed_value;
  if (value.size != width_of(value.type)) return errc::malformed_value;
  if (value.size == 8) {
    out = static_cast<std::int64_t>(load_big<std::uint64_t>(value.data));
  } else if (value.size == 4) {
    out = static_cast<std::int32_t>(load_big<std::uint32_t>(value.data));
  } else if (value.size == 2) {
    out = static_cast<std::int16_t>(load_big<std::uint16_t>(value.data));
  } else {
    return errc::malformed_value;
  }
  return errc{};
}

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_unsigned(const value_ref& value, std::uint64_t& out) {
  if (value.is_null()) return errc::unexpected_null;
  const bool is_signed = value.type == oids::int2 || value.type == oids::int4 || value.type == oids::int8;
  if (value.type == oids::numeric) {
    decimal number;
    if (value.is_binary) {
      if (const errc failed = decode_numeric(value.bytes(), number); failed != errc{}) return failed;
    } else if (!parse_decimal(value.text(), number)) {
      return errc::malformed_value;
    }
    return number.to_integer(out) ? errc{} : errc::value_out_of_range;
  }
  if (!is_signed && value.is_binary) {
    if (value.size != 4 && value.size != 8) return errc::malformed_value;
    out = value.size == 4 ? load_big<std::uint32_t>(value.data) : load_big<std::uint64_t>(value.data);
    return errc{};
  }
  if (!is_signed) return parse_integer(value.text(), out) ? errc{} : errc::malformed_value;
  std::int64_t number = 0;
  if (const errc failed = decode_integer(value, number); failed != errc{}) return failed;
  if (number < 0) return errc::value_out_of_range;
  out = static_cast<std::uint64_t>(number);
  return errc{};
}

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_real(const value_ref& value, double& out) noexcept {
  if (value.is_null()) return errc::unexpected_null;
  if (value.is_binary) {
    if (value.size != width_of(value.type)) return errc::malformed_value;
    if (value.size == 8) {
      out = std::bit_cast<double>(load_big<std::uint64_t>(value.data));
    } else if (value.size == 4) {
      out = static_cast<double>(std::bit_cast<float>(load_big<std::uint32_t>(value.data)));
    } else {
      return errc::malformed_value;
    }
    return errc{};
  }
  const std::string_view text = value.text();
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") {
    using limits = std::numeric_limits<double>;
    out = text == "NaN" ? limits::quiet_NaN() : text[0] == '-' ? -limits::infinity() : limits::infinity();
    return errc{};
  }
  const auto [end, ec] = v0::detail::real_from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size() ? errc{} : errc::malformed_value;
}

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_boolean(const value_ref& value, bool& out) noexcept {
  if (value.is_null()) return errc::unexpected_null;
  if (value.size != 1) return errc::malformed_value;
  const char c = static_cast<char>(*value.data);
  if (c != (value.is_binary ? '\1' : 't') && c != (value.is_binary ? '\0' : 'f')) return errc::malformed_value;
  out = c == '\1' || c == 't';
  return errc{};
}

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_text(const value_ref& value, std::string_view& out, std::string* space) {
  if (value.is_null()) return errc::unexpected_null;
  out = value.text();
  if (!value.is_binary) return errc{};
  if (is_plain_text(value.type)) {
    if (value.type < first_user_type || out.empty()) return errc{};
    const char first = out[0];
    const bool begins_as_text =
        static_cast<unsigned char>(first) >= 0x20 || first == '\t' || first == '\n' || first == '\r';
    return begins_as_text && out.find('\0') == std::string_view::npos ? errc{} : errc::malformed_value;
  }
  if (value.type == oids::jsonb) {
    if (out.empty() || out[0] != '\1') return errc::malformed_value;
    out.remove_prefix(1);
    return errc{};
  }
  if (space == nullptr) return errc::malformed_value;
  if (value.type == oids::uuid && value.size == 16) {
    uuid id;
    for (std::size_t i = 0; i < 16; ++i) id.bytes[i] = value.data[i];
    *space = to_string(id);
  } else if (value.type == oids::numeric) {
    decimal number;
    if (const errc failed = decode_numeric(value.bytes(), number); failed != errc{}) return failed;
    *space = to_string(number);
  } else {
    return errc::malformed_value;
  }
  out = *space;
  return errc{};
}

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_bytes(const value_ref& value, byte_view& out, std::string* space) {
  if (value.is_null()) return errc::unexpected_null;
  out = value.bytes();
  if (value.is_binary) return errc{};
  std::string_view text = value.text();
  if (space == nullptr || !text.starts_with("\\x") || text.size() % 2 != 0) return errc::malformed_value;
  text.remove_prefix(2);
  space->resize(text.size() / 2);
  if (!parse_hex(text, {reinterpret_cast<std::byte*>(space->data()), space->size()})) return errc::malformed_value;
  out = as_byte_view(*space);
  return errc{};
}

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_uuid(const value_ref& value, uuid& out) noexcept {
  if (value.is_null()) return errc::unexpected_null;
  if (!value.is_binary) return parse_uuid(value.text(), out) ? errc{} : errc::malformed_value;
  if (value.size != 16) return errc::malformed_value;
  for (std::size_t i = 0; i < 16; ++i) out.bytes[i] = value.data[i];
  return errc{};
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
