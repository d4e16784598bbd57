// C++ values into JSON text, without white space.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/base64.hpp>
#include <dovetail/format/json/keys.hpp>
#include <dovetail/format/sink.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/json/write_number.hpp>
#include <dovetail/format/json/write_string.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/format/text_form.hpp>
#include <dovetail/row/enums.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// How much room a writer finds before it is called, for every type but texts.
inline constexpr std::size_t json_value_room = json_number_room;

template <class T>
char* write_json(format_sink& to, char* out, const T& value);

/// The room that the writer of `value` needs in front of it.
template <class T>
[[gnu::always_inline]] constexpr std::size_t json_room(const T& value) {
  if constexpr (has_field_codec<T>) {
    return json_value_room;
  } else if constexpr (text_like<T>) {
    const std::size_t size = std::string_view{value}.size();
    return json_value_room + (size <= short_json_string ? json_string_room(size) : 0);
  } else if constexpr (is_optional<T>) {
    return value ? json_room(*value) : json_value_room;
  } else if constexpr (is_transparent<T>) {
    return json_room(value.value);
  } else {
    return json_value_room;
  }
}

template <class T>
[[gnu::always_inline]] inline char* write_json_value(format_sink& to, char* out, const T& value);

template <class T>
char* write_json_range(format_sink& to, char* out, const T& range) {
  *out++ = '[';
  std::size_t index = 0;
  for (const auto& element : range) {
    out = to.room(out, 1 + json_room(element));
    if (index != 0) *out++ = ',';
    out = write_json_value(to, out, element);
    if (out == nullptr) [[unlikely]] {
      to.failure.inside_element(index);
      return nullptr;
    }
    ++index;
  }
  out = to.room(out, 1);
  *out++ = ']';
  return out;
}

template <std::size_t I, class T>
[[gnu::always_inline]] inline bool write_json_element(format_sink& to, char*& out, const T& element) {
  out = to.room(out, 1 + json_room(element));
  if (I != 0) *out++ = ',';
  out = write_json_value(to, out, element);
  if (out == nullptr) [[unlikely]]
    to.failure.inside_element(I);
  return out != nullptr;
}

template <class T, std::size_t... I>
char* write_json_tuple(format_sink& to, char* out, const T& tuple, std::index_sequence<I...>) {
  *out++ = '[';
  if (!(write_json_element<I>(to, out, std::get<I>(tuple)) && ...)) return nullptr;
  out = to.room(out, 1);
  *out++ = ']';
  return out;
}

template <class K>
char* write_json_key(format_sink& to, char* out, const K& key) {
  if constexpr (text_like<K>) {
    out = to.room(out, json_room(key));
    return write_json_string(to, out, key);
  } else if constexpr (whole_number<K>) {
    out = to.room(out, json_value_room + 2);
    *out++ = '"';
    out = write_integer(out, key);
    *out++ = '"';
    return out;
  } else if constexpr (std::is_enum_v<K>) {
    const std::string_view name = enum_name(key);
    return name.empty() ? write_json_key(to, out, static_cast<std::underlying_type_t<K>>(key))
                        : write_json_key(to, out, name);
  } else if constexpr (has_text_form<K>) {
    text_form_space space;
    const std::string_view text = write_text_form(key, space);
    return write_json_key(to, out, text);
  } else {
    static_assert(is_supported<K>, "dovetail: keys of JSON objects are std::string, integers, enums, dates, uuid");
    return nullptr;
  }
}

template <class T>
char* write_json_dictionary(format_sink& to, char* out, const T& entries) {
  *out++ = '{';
  bool is_first = true;
  for (const auto& [key, value] : entries) {
    out = to.room(out, 1);
    if (!is_first) *out++ = ',';
    is_first = false;
    out = write_json_key(to, out, key);
    if (out == nullptr) return nullptr;
    out = to.room(out, 1 + json_room(value));
    *out++ = ':';
    out = write_json_value(to, out, value);
    if (out == nullptr) {
      if constexpr (text_like<std::remove_cvref_t<decltype(key)>>) {
        to.failure.inside_member(key);
      } else {
        to.failure.inside_member("…");
      }
      return nullptr;
    }
  }
  out = to.room(out, 1);
  *out++ = '}';
  return out;
}

template <class T, std::size_t I, class Member>
[[gnu::always_inline]] inline bool write_json_member(format_sink& to, char*& out, const Member& member) {
  constexpr auto& key = json_key<T, I>;
  if constexpr (key.size() <= format_sink::block_size / 2) {
    out = to.room(out, key.size() + json_room(member));
    std::memcpy(out, key.data(), key.size());
    out += key.size();
  } else {
    out = to.append(out, {key.data(), key.size()});
    out = to.room(out, json_room(member));
  }
  out = write_json_value(to, out, member);
  if (out == nullptr) [[unlikely]]
    to.failure.inside_member(field_names<T>[I]);
  return out != nullptr;
}

template <class T>
struct json_members_writer {
  format_sink& to;
  char*& out;

  template <class... Members>
  [[gnu::always_inline]] bool operator()(const Members&... members) const {
    return write(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }

  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] bool write(std::index_sequence<I...>, const Members&... members) const {
    return (write_json_member<T, I>(to, out, members) && ...);
  }
};

template <reflectable T>
char* write_json_struct(format_sink& to, char* out, const T& object) {
  if constexpr (field_count<T> == 0) {
    *out++ = '{';
  } else {
    if (!v0::with_fields(object, json_members_writer<T>{to, out})) return nullptr;
  }
  out = to.room(out, 1);
  *out++ = '}';
  return out;
}

inline char* write_json_bytes(format_sink& to, char* out, byte_view bytes) {
  constexpr std::size_t piece = 768;  // 1024 characters; a multiple of 3, so that only the last piece has padding
  *out++ = '"';
  do {
    const byte_view now = bytes.first(bytes.size() < piece ? bytes.size() : piece);
    out = write_base64(to.room(out, base64_size(piece)), now);
    bytes = bytes.subspan(now.size());
  } while (!bytes.empty());
  out = to.room(out, 1);
  *out++ = '"';
  return out;
}

/// Writes text as it is, after a check that it is JSON.
inline char* write_json_verbatim(format_sink& to, char* out, std::string_view text) {
  json_source in(text);
  const char* at = skip_json_value(in, skip_json_space(in.begin, in.end));
  if (at == nullptr || skip_json_space(at, in.end) != in.end) {
    return to.fail(errc::malformed_json, "the text of a dt::json_text is not JSON");
  }
  return to.append(out, text);
}

/// Writes a value of any supported type; the caller has made room for `json_room(value)` characters.
template <class T>
[[gnu::always_inline]] inline char* write_json_value(format_sink& to, char* out, const T& value) {
  if constexpr (has_field_codec<T>) {
    const auto& stored = field_codec<T>::encode(value);
    out = to.room(out, json_room(stored));
    return write_json(to, out, stored);
  } else if constexpr (std::same_as<T, bool>) {
    std::memcpy(out, value ? "true\0" : "false", 5);
    return out + (value ? 4 : 5);
  } else if constexpr (whole_number<T>) {
    return write_integer(out, value);
  } else if constexpr (real_number<T>) {
    // Without <cmath>, which costs more to compile than the rest of this file.
    constexpr T largest = (std::numeric_limits<T>::max)();
    if (!(value >= -largest && value <= largest)) [[unlikely]] {
      return to.fail(errc::malformed_value, "JSON has no form for NaN and infinity");
    }
    return write_real(out, value);
  } else if constexpr (text_like<T>) {
    return write_json_string(to, out, value);
  } else if constexpr (is_optional<T>) {
    if (value) return write_json_value(to, out, *value);
    std::memcpy(out, "null", 4);
    return out + 4;
  } else if constexpr (is_transparent<T>) {
    return write_json_value(to, out, value.value);
  } else if constexpr (std::same_as<T, json_text>) {
    return write_json_verbatim(to, out, value.text);
  } else if constexpr (has_text_form<T>) {
    text_form_space space;
    const std::string_view text = write_text_form(value, space);
    if (text.empty()) [[unlikely]]
      return to.fail(errc::value_out_of_range, "the value has no text form");
    out = to.room(out, json_room(text));
    return write_json_string(to, out, text);
  } else if constexpr (std::is_enum_v<T> && !std::same_as<T, std::byte>) {
    const std::string_view name = enum_name(value);
    if (name.empty()) return write_integer(out, static_cast<std::underlying_type_t<T>>(value));
    out = to.room(out, json_room(name));
    return write_json_string(to, out, name);
  } else if constexpr (is_byte_container<T>) {
    return write_json_bytes(to, out, value);
  } else if constexpr (is_std_tuple<T>) {
    return write_json_tuple(to, out, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (dictionary<T>) {
    return write_json_dictionary(to, out, value);
  } else if constexpr (loopable<T>) {
    return write_json_range(to, out, value);
  } else if constexpr (reflectable<T>) {
    return write_json_struct(to, out, value);
  } else {
    // If the compiler points here: T is no struct that reflection sees, and has neither dt::describe nor
    // dt::field_codec.
    static_assert(
        is_supported<T>,
        "dovetail: this type cannot be written as JSON: give a class a dt::describe<T>, a value a dt::field_codec<T>");
    return nullptr;
  }
}

template <class T>
[[gnu::noinline]] char* write_json(format_sink& to, char* out, const T& value) {
  return write_json_value(to, out, value);
}

}  // namespace dovetail::inline v0::detail
