// C++ values into MessagePack, each number and length in the shortest of its formats.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/utf8.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/message_pack/keys.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/format/sink.hpp>
#include <dovetail/format/text_form.hpp>
#include <dovetail/row/enums.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// How much room a writer finds before it is called.
inline constexpr std::size_t pack_value_room = 16;

template <class T>
char* write_pack(format_sink& to, char* out, const T& value);
template <class T>
[[gnu::always_inline]] inline char* write_pack_value(format_sink& to, char* out, const T& value);

/// Writes a first byte and a number behind it.
template <std::unsigned_integral T>
[[gnu::always_inline]] inline char* write_pack_head(char* out, unsigned first, T value) noexcept {
  *out = static_cast<char>(static_cast<unsigned char>(first));
  store_big(reinterpret_cast<std::byte*>(out + 1), value);
  return out + 1 + sizeof value;
}

[[gnu::always_inline]] inline char* write_pack_unsigned(char* out, std::uint64_t value) noexcept {
  if (value < 0x80) {
    *out = static_cast<char>(static_cast<unsigned char>(value));
    return out + 1;
  }
  if (value < 0x100) return write_pack_head(out, 0xCC, static_cast<std::uint8_t>(value));
  if (value < 0x10000) return write_pack_head(out, 0xCD, static_cast<std::uint16_t>(value));
  if (value < 0x100000000) return write_pack_head(out, 0xCE, static_cast<std::uint32_t>(value));
  return write_pack_head(out, 0xCF, value);
}

template <whole_number T>
[[gnu::always_inline]] inline char* write_pack_integer(char* out, T value) noexcept {
  if (value >= 0) return write_pack_unsigned(out, static_cast<std::uint64_t>(value));
  const auto negative = static_cast<std::int64_t>(value);
  if (negative >= -32) {
    *out = static_cast<char>(negative);
    return out + 1;
  }
  if (negative >= -0x80) return write_pack_head(out, 0xD0, static_cast<std::uint8_t>(negative));
  if (negative >= -0x8000) return write_pack_head(out, 0xD1, static_cast<std::uint16_t>(negative));
  if (negative >= -0x80000000LL) return write_pack_head(out, 0xD2, static_cast<std::uint32_t>(negative));
  return write_pack_head(out, 0xD3, static_cast<std::uint64_t>(negative));
}

/// Heads of arrays (0x90, 0xDC) and maps (0x80, 0xDE); null when there are too many elements.
inline char* write_pack_count(format_sink& to, char* out, unsigned compact, unsigned large, std::size_t count) {
  if (count < 16) {
    *out = static_cast<char>(static_cast<unsigned char>(compact | count));
    return out + 1;
  }
  if (count < 0x10000) return write_pack_head(out, large, static_cast<std::uint16_t>(count));
  if (count <= 0xFFFFFFFFu) return write_pack_head(out, large + 1, static_cast<std::uint32_t>(count));
  return to.fail(errc::value_out_of_range, "MessagePack holds at most 2^32-1 elements");
}

inline char* write_pack_text(format_sink& to, char* out, std::string_view text) {
  if (text.size() > 0xFFFFFFFFu) return to.fail(errc::value_out_of_range, "MessagePack holds at most 2^32-1 bytes");
  if (!is_valid_utf8(text)) return to.fail(errc::malformed_value, "the text is not UTF-8");
  return to.append(write_pack_text_head(out, text.size()), text);
}

inline char* write_pack_bytes(format_sink& to, char* out, byte_view bytes) {
  if (bytes.size() < 0x100) {
    out = write_pack_head(out, 0xC4, static_cast<std::uint8_t>(bytes.size()));
  } else if (bytes.size() < 0x10000) {
    out = write_pack_head(out, 0xC5, static_cast<std::uint16_t>(bytes.size()));
  } else if (bytes.size() <= 0xFFFFFFFFu) {
    out = write_pack_head(out, 0xC6, static_cast<std::uint32_t>(bytes.size()));
  } else {
    return to.fail(errc::value_out_of_range, "MessagePack holds at most 2^32-1 bytes");
  }
  return to.append(out, as_text(bytes));
}

template <class T>
char* write_pack_range(format_sink& to, char* out, const T& range) {
  out = write_pack_count(to, out, 0x90, 0xDC, count_elements(range));
  std::size_t index = 0;
  for (const auto& element : range) {
    if (out != nullptr) out = write_pack_value(to, to.room(out, pack_value_room), element);
    if (out == nullptr) [[unlikely]] {
      to.failure.inside_element(index);
      return nullptr;
    }
    ++index;
  }
  return out;
}

template <class T, std::size_t... I>
char* write_pack_tuple(format_sink& to, char* out, const T& tuple, std::index_sequence<I...>) {
  out = write_pack_count(to, out, 0x90, 0xDC, sizeof...(I));
  const auto write_one = [&](std::size_t index, const auto& element) {
    out = write_pack(to, to.room(out, pack_value_room), element);
    if (out == nullptr) to.failure.inside_element(index);
    return out != nullptr;
  };
  static_cast<void>((write_one(I, std::get<I>(tuple)) && ...));
  return out;
}

template <class T>
char* write_pack_dictionary(format_sink& to, char* out, const T& entries) {
  out = write_pack_count(to, out, 0x80, 0xDE, entries.size());
  std::size_t index = 0;
  for (const auto& [key, value] : entries) {
    if (out != nullptr) out = write_pack_value(to, to.room(out, pack_value_room), key);
    if (out != nullptr) out = write_pack_value(to, to.room(out, pack_value_room), value);
    if (out == nullptr) {
      if constexpr (text_like<std::remove_cvref_t<decltype(key)>>) {
        to.failure.inside_member(key);
      } else {
        to.failure.inside_element(index);
      }
      return nullptr;
    }
    ++index;
  }
  return out;
}

template <class T, std::size_t I, class Member>
[[gnu::always_inline]] inline bool write_pack_member(format_sink& to, char*& out, const Member& member) {
  constexpr auto& key = pack_key<T, I>;
  if constexpr (key.size() <= format_sink::block_size / 2) {
    out = to.room(out, key.size() + pack_value_room);
    std::memcpy(out, key.data(), key.size());
    out += key.size();
  } else {
    out = to.room(to.append(out, {key.data(), key.size()}), pack_value_room);
  }
  out = write_pack_value(to, out, member);
  if (out == nullptr) [[unlikely]]
    to.failure.inside_member(field_names<T>[I]);
  return out != nullptr;
}

template <class T>
struct pack_members_writer {
  format_sink& to;
  char*& out;

  template <class... Members>
  [[gnu::always_inline]] bool operator()(const Members&... members) const {
    return write(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }
  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] bool write(std::index_sequence<I...>, const Members&... members) const {
    return (write_pack_member<T, I>(to, out, members) && ...);
  }
};

template <reflectable T>
char* write_pack_struct(format_sink& to, char* out, const T& object) {
  out = write_pack_count(to, out, 0x80, 0xDE, field_count<T>);
  return v0::with_fields(object, pack_members_writer<T>{to, out}) ? out : nullptr;
}

/// Writes a value of any supported type; the caller has made room for `pack_value_room` bytes.
template <class T>
[[gnu::always_inline]] inline char* write_pack_value(format_sink& to, char* out, const T& value) {
  if constexpr (has_field_codec<T>) {
    const auto& stored = field_codec<T>::encode(value);
    return write_pack(to, out, stored);
  } else if constexpr (std::same_as<T, bool>) {
    *out = value ? '\xC3' : '\xC2';
    return out + 1;
  } else if constexpr (whole_number<T>) {
    return write_pack_integer(out, value);
  } else if constexpr (std::same_as<T, float>) {
    return write_pack_head(out, 0xCA, std::bit_cast<std::uint32_t>(value));
  } else if constexpr (std::same_as<T, double>) {
    return write_pack_head(out, 0xCB, std::bit_cast<std::uint64_t>(value));
  } else if constexpr (text_like<T>) {
    return write_pack_text(to, out, value);
  } else if constexpr (is_optional<T>) {
    if (value) return write_pack_value(to, out, *value);
    *out = '\xC0';
    return out + 1;
  } else if constexpr (is_transparent<T>) {
    return write_pack_value(to, out, value.value);
  } else if constexpr (std::same_as<T, json_text>) {
    return write_pack_text(to, out, value.text);
  } else if constexpr (has_text_form<T>) {
    text_form_space space;
    const std::string_view text = write_text_form(value, space);
    if (text.empty()) return to.fail(errc::value_out_of_range, "the value has no text form");
    return write_pack_text(to, out, text);
  } else if constexpr (std::is_enum_v<T> && !std::same_as<T, std::byte>) {
    return write_pack_integer(out, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (is_byte_container<T>) {
    return write_pack_bytes(to, out, value);
  } else if constexpr (is_std_tuple<T>) {
    return write_pack_tuple(to, out, value, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (dictionary<T>) {
    return write_pack_dictionary(to, out, value);
  } else if constexpr (loopable<T>) {
    return write_pack_range(to, out, value);
  } else if constexpr (reflectable<T>) {
    return write_pack_struct(to, out, value);
  } else {
    // If the compiler points here: T is no struct that reflection sees, and has neither dt::describe nor
    // dt::field_codec.
    static_assert(is_supported<T>,
                  "dovetail: this type cannot be written as MessagePack: give a class a dt::describe<T>, a value a "
                  "dt::field_codec<T>");
    return nullptr;
  }
}

template <class T>
[[gnu::noinline]] char* write_pack(format_sink& to, char* out, const T& value) {
  return write_pack_value(to, out, value);
}

}  // namespace dovetail::inline v0::detail
