// Strings of JSON into UTF-8: escapes, surrogate pairs, validation.
#pragma once

#include <dovetail/format/json/scan.hpp>
#include <dovetail/format/json/source.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// The length of the well-formed UTF-8 sequence above ASCII at `at`; 0 when there is none (RFC 3629).
inline int utf8_sequence_length(const char* at, const char* end) noexcept {
  const auto byte = [at](int i) { return static_cast<unsigned char>(at[i]); };
  const auto continues = [&byte](int i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  const auto left = end - at;
  if (lead < 0xE0) return lead >= 0xC2 && left >= 2 && continues(1) ? 2 : 0;
  if (lead < 0xF0) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    const bool is_overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool is_surrogate = lead == 0xED && byte(1) > 0x9F;
    return is_overlong || is_surrogate ? 0 : 3;
  }
  if (lead > 0xF4 || left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
  const bool is_overlong = lead == 0xF0 && byte(1) < 0x90;
  const bool is_beyond = lead == 0xF4 && byte(1) > 0x8F;
  return is_overlong || is_beyond ? 0 : 4;
}

/// Four hexadecimal digits; -1 when they are none.
inline int read_four_hex(const char* at, const char* end) noexcept {
  if (end - at < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = at[i];
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

inline void append_utf8(std::string& out, int point) {
  const auto put = [&out](int byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | (point >> 6));
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | (point >> 18));
    put(0x80 | (point >> 12 & 0x3F));
    put(0x80 | (point >> 6 & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

/// Reads the four digits of a Unicode escape, or two of them that make one character; `at` is behind the 'u'.
inline const char* read_json_code_point(json_source& in, const char* at, std::string& out) {
  int point = read_four_hex(at, in.end);
  if (point < 0) return in.fail(at, errc::malformed_json, "expected four hexadecimal digits behind \\u");
  if (point >= 0xD800 && point <= 0xDFFF) {
    const bool has_second = point < 0xDC00 && in.end - at >= 6 && at[4] == '\\' && at[5] == 'u';
    const int low = has_second ? read_four_hex(at + 6, in.end) : -1;
    if (low < 0xDC00 || low > 0xDFFF) {
      return in.fail(at, errc::malformed_json, "half of a surrogate pair stands alone behind \\u");
    }
    point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    at += 6;
  }
  append_utf8(out, point);
  return at + 4;
}

/// Reads one escape; `at` is behind the backslash.
inline const char* read_json_escape(json_source& in, const char* at, std::string& out) {
  if (at == in.end) return in.fail_syntax(at, "an escape");
  switch (*at) {
    case '"':
    case '\\':
    case '/':
      out += *at;
      return at + 1;
    case 'b':
      out += '\b';
      return at + 1;
    case 'f':
      out += '\f';
      return at + 1;
    case 'n':
      out += '\n';
      return at + 1;
    case 'r':
      out += '\r';
      return at + 1;
    case 't':
      out += '\t';
      return at + 1;
    case 'u':
      return read_json_code_point(in, at + 1, out);
    default:
      return in.fail(at - 1, errc::malformed_json, "expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u");
  }
}

/// The rest of a string that is not plain ASCII: `from` is behind its quote, `at` the first character that is not
/// plain.
[[gnu::noinline]] inline const char* read_json_string_rest(json_source& in, const char* from, const char* at,
                                                           std::string& out) {
  out.clear();
  while (true) {
    at = find_string_special(at, in.end);
    if (at == in.end)
      return in.fail(at, errc::malformed_json, "expected the end of a string, found the end of the text");
    if (*at == '"') {
      out.append(from, at);
      return at + 1;
    }
    if (*at == '\\') {
      out.append(from, at);
      at = read_json_escape(in, at + 1, out);
      if (at == nullptr) return nullptr;
      from = at;
    } else if (static_cast<unsigned char>(*at) < 0x20) {
      return in.fail(at, errc::malformed_json, "a control character in a string must be escaped");
    } else {
      do {
        const int length = utf8_sequence_length(at, in.end);
        if (length == 0) return in.fail(at, errc::malformed_json, "a string must be UTF-8");
        at += length;
      } while (at != in.end && static_cast<unsigned char>(*at) >= 0x80);
    }
  }
}

/// Copies [from, at) into `out`. A string without room gets just the room that it needs, and none of its old text.
[[gnu::always_inline]] inline void assign_json_text(std::string& out, const char* from, const char* at) {
  const auto size = static_cast<std::size_t>(at - from);
  if (size > out.capacity()) {
    out = std::string(from, size);
  } else {
    out.assign(from, size);
  }
}

/// Reads the string whose opening quote is at `at`.
[[gnu::always_inline]] inline const char* read_json_string(json_source& in, const char* at, std::string& out) {
  if (at == in.end || *at != '"') [[unlikely]]
    return in.fail_expected(at, "a string");
  const char* const from = at + 1;
  at = find_string_special(from, in.end);
  if (at != in.end && *at == '"') [[likely]] {
    assign_json_text(out, from, at);
    return at + 1;
  }
  return read_json_string_rest(in, from, at, out);
}

/// Reads the string at `at` without copying it when it is plain. Lifetime: `text` borrows from the input or `space`.
inline const char* view_json_string(json_source& in, const char* at, std::string& space, std::string_view& text) {
  if (at == in.end || *at != '"') return in.fail_expected(at, "a string");
  const char* const from = at + 1;
  at = find_string_special(from, in.end);
  if (at != in.end && *at == '"') {
    text = {from, static_cast<std::size_t>(at - from)};
    return at + 1;
  }
  at = read_json_string_rest(in, from, at, space);
  text = space;
  return at;
}

}  // namespace dovetail::inline v0::detail
