// Text as JSON strings: plain ASCII copied eight characters at a time, the rest escaped or checked to be UTF-8.
#pragma once

#include <dovetail/format/json/keys.hpp>
#include <dovetail/format/json/scan.hpp>
#include <dovetail/format/sink.hpp>
#include <dovetail/format/json/string.hpp>
#include <dovetail/format/json/write_number.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Writes text of any kind and size between quotes.
[[gnu::noinline]] inline char* write_any_json_string(format_sink& to, char* out, std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out = to.room(out, 8);
  *out++ = '"';
  while (at != end) {
    const char* const special = find_string_special(at, end);
    out = to.append(out, {at, static_cast<std::size_t>(special - at)});
    at = special;
    while (at != end && is_string_special(*at)) {
      out = to.room(out, 8);
      if (static_cast<unsigned char>(*at) < 0x80) {
        out += put_json_character(out, *at++);
      } else {
        const int length = utf8_sequence_length(at, end);
        if (length == 0) return to.fail(errc::malformed_value, "the text is not UTF-8");
        for (int i = 0; i < length; ++i) *out++ = *at++;
      }
    }
  }
  out = to.room(out, 1);
  *out++ = '"';
  return out;
}

/// Texts up to this size are written in one go.
inline constexpr std::size_t short_json_string = 512;

/// How much room `write_short_json_string` needs.
[[gnu::always_inline]] constexpr std::size_t json_string_room(std::size_t size) noexcept { return size + 2; }

/// Copies a text that is plain ASCII behind a quote; null when it is not plain.
[[gnu::always_inline]] inline char* copy_plain_json_string(char* out, std::string_view text) noexcept {
  const char* at = text.data();
  const std::size_t size = text.size();
  *out++ = '"';
  if (size >= 8) {
    std::uint64_t marks = 0;
    std::size_t i = 0;
    for (; i + 8 < size; i += 8) {
      const std::uint64_t eight = load_eight(at + i);
      marks |= mark_string_specials(eight);
      store_eight(out + i, eight);
    }
    const std::uint64_t last = load_eight(at + size - 8);  // may overlap what was copied already
    marks |= mark_string_specials(last);
    store_eight(out + size - 8, last);
    if (marks != 0) return nullptr;
  } else if (size >= 4) {
    const auto first = load_word<std::uint32_t>(at);
    const auto last = load_word<std::uint32_t>(at + size - 4);
    if (mark_string_specials(std::uint64_t{first} << 32 | last) != 0) return nullptr;
    std::memcpy(out, &first, sizeof first);
    std::memcpy(out + size - 4, &last, sizeof last);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      if (is_string_special(at[i])) return nullptr;
      out[i] = at[i];
    }
  }
  out[size] = '"';
  return out + size + 1;
}

/// Writes a text between quotes; the caller has made room for `json_string_room(text.size())` characters when the text
/// is not larger than `short_json_string`.
[[gnu::always_inline]] inline char* write_json_string(format_sink& to, char* out, std::string_view text) {
  if (text.size() <= short_json_string) [[likely]] {
    if (char* const end = copy_plain_json_string(out, text)) [[likely]]
      return end;
  }
  return write_any_json_string(to, out, text);
}

}  // namespace dovetail::inline v0::detail
