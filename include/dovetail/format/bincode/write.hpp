// C++ values into bincode: fixed-width little-endian numbers, one after the other.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/utf8.hpp>
#include <dovetail/format/bincode/read.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/format/sink.hpp>
#include <dovetail/format/text_form.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// How much room a writer finds before it is called.
inline constexpr std::size_t bincode_value_room = 16;

template <class T>
char* write_bincode(format_sink& to, char* out, const T& value);

template <class T>
[[gnu::always_inline]] inline char* write_bincode_number(char* out, T value) noexcept {
  store_little(reinterpret_cast<std::byte*>(out), std::bit_cast<bincode_bits<T>>(value));
  return out + sizeof value;
}

[[gnu::always_inline]] inline char* write_bincode_length(char* out, std::size_t length) noexcept {
  return write_bincode_number(out, std::uint64_t{length});
}

inline char* write_bincode_text(format_sink& to, char* out, std::string_view text) {
  if (!is_valid_utf8(text)) [[unlikely]]
    return to.fail(errc::malformed_value, "the text is not UTF-8");
  return to.append(write_bincode_length(out, text.size()), text);
}

template <class T>
[[gnu::always_inline]] inline bool write_bincode_element(format_sink& to, char*& out, std::size_t index,
                                                         const T& element) {
  out = write_bincode(to, to.room(out, bincode_value_room), element);
  if (out == nullptr) [[unlikely]]
    to.failure.inside_element(index);
  return out != nullptr;
}

template <class T>
char* write_bincode_range(format_sink& to, char* out, const T& range) {
  if constexpr (!is_std_array<T>) out = write_bincode_length(out, count_elements(range));
  std::size_t index = 0;
  for (const auto& element : range) {
    if (!write_bincode_element(to, out, index, element)) return nullptr;
    ++index;
  }
  return out;
}

template <class T>
char* write_bincode_dictionary(format_sink& to, char* out, const T& entries) {
  out = write_bincode_length(out, entries.size());
  std::size_t index = 0;
  for (const auto& [key, value] : entries) {
    if (!write_bincode_element(to, out, index, key) || !write_bincode_element(to, out, index, value)) return nullptr;
    ++index;
  }
  return out;
}

template <class T, std::size_t... I>
char* write_bincode_tuple(format_sink& to, char* out, const T& tuple, std::index_sequence<I...>) {
  return (write_bincode_element(to, out, I, std::get<I>(tuple)) && ...) ? out : nullptr;
}

template <class T>
struct bincode_members_writer {
  format_sink& to;
  char*& out;

  template <class... Members>
  [[gnu::always_inline]] bool operator()(const Members&... members) const {
    return write(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }
  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] bool write(std::index_sequence<I...>, const Members&... members) const {
    return (write_one<I>(members) && ...);
  }
  template <std::size_t I, class Member>
  [[gnu::always_inline]] bool write_one(const Member& member) const;
};

/// Writes a value of any supported type; the caller has made room for `bincode_value_room` bytes.
template <class T>
[[gnu::always_inline]] inline char* write_bincode_value(format_sink& to, char* out, const T& value) {
  if constexpr (has_field_codec<T>) {
    const auto& stored = field_codec<T>::encode(value);
    return write_bincode(to, out, stored);
  } else if constexpr (std::same_as<T, bool>) {
    *out = value ? '\1' : '\0';
    return out + 1;
  } else if constexpr (whole_number<T> || real_number<T>) {
    return write_bincode_number(out, value);
  } else if constexpr (text_like<T>) {
    return write_bincode_text(to, out, value);
  } else if constexpr (is_optional<T>) {
    *out++ = value ? '\1' : '\0';
    return value ? write_bincode(to, to.room(out, bincode_value_room), *value) : out;
  } else if constexpr (is_transparent<T>) {
    return write_bincode_value(to, out, value.value);
  } else if constexpr (std::same_as<T, json_text>) {
    return write_bincode_text(to, out, value.text);
  } else if constexpr (has_text_form<T> && kind_of<T>() == field_kind::uuid) {
    return to.append(write_bincode_length(out, sizeof value.bytes), as_text(value.bytes));
  } else if constexpr (has_text_form<T>) {
    text_form_space space;
    const std::string_view text = write_text_form(value, space);
    if (text.empty()) return to.fail(errc::value_out_of_range, "the value has no text form");
    return write_bincode_text(to, out, text);
  } else if constexpr (std::is_enum_v<T> && !std::same_as<T, std::byte>) {
    const auto number = static_cast<std::underlying_type_t<T>>(value);
    if (!std::in_range<std::uint32_t>(number)) {
      return to.fail(errc::value_out_of_range, "bincode numbers the values of enums from 0 to 2^32-1");
    }
    return write_bincode_number(out, static_cast<std::uint32_t>(number));
  } else if constexpr (is_byte_container<T>) {
    if constexpr (!is_std_array<T>) out = write_bincode_length(out, value.size());
    return to.append(out, as_text(value));
  } else if constexpr (is_std_tuple<T>) {
    return write_bincode_tuple(to, out, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (dictionary<T>) {
    return write_bincode_dictionary(to, out, value);
  } else if constexpr (loopable<T>) {
    return write_bincode_range(to, out, value);
  } else if constexpr (reflectable<T>) {
    return v0::with_fields(value, bincode_members_writer<T>{to, out}) ? out : nullptr;
  } else {
    // If the compiler points here: T is no struct that reflection sees, and has neither dt::describe nor
    // dt::field_codec.
    static_assert(is_supported<T>,
                  "dovetail: this type cannot be written as bincode: give a class a dt::describe<T>, a value a "
                  "dt::field_codec<T>");
    return nullptr;
  }
}

template <class T>
template <std::size_t I, class Member>
inline bool bincode_members_writer<T>::write_one(const Member& member) const {
  out = to.room(out, bincode_value_room);
  if constexpr (std::is_arithmetic_v<Member>) {
    out = write_bincode_value(to, out, member);
  } else {
    out = write_bincode(to, out, member);
  }
  if (out == nullptr) [[unlikely]]
    to.failure.inside_member(field_names<T>[I]);
  return out != nullptr;
}

template <class T>
[[gnu::noinline]] char* write_bincode(format_sink& to, char* out, const T& value) {
  return write_bincode_value(to, out, value);
}

}  // namespace dovetail::inline v0::detail
