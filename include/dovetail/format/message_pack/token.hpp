// The heads of MessagePack values: what kind of value comes, and how long it is.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/byte_source.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// The families of formats of the MessagePack specification.
enum class pack_family : std::uint8_t {
  nil,
  boolean,
  unsigned_integer,
  negative_integer,
  real32,
  real64,
  text,
  bytes,
  array,
  map,
  extension,
  invalid
};

/// The head of a value. `value` is the number, or the length of what follows in bytes, elements or pairs.
struct pack_token {
  pack_family family = pack_family::invalid;
  std::int8_t extension_type = 0;
  std::uint64_t value = 0;  // a negative number, or a real one: its bits

  double real() const noexcept {
    return family == pack_family::real32 ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(value)))
                                         : std::bit_cast<double>(value);
  }
};

inline std::string_view name_of(pack_family family) noexcept {
  switch (family) {
    case pack_family::nil:
      return "nil";
    case pack_family::boolean:
      return "a boolean";
    case pack_family::unsigned_integer:
    case pack_family::negative_integer:
      return "a whole number";
    case pack_family::real32:
    case pack_family::real64:
      return "a real number";
    case pack_family::text:
      return "a string";
    case pack_family::bytes:
      return "bytes";
    case pack_family::array:
      return "an array";
    case pack_family::map:
      return "a map";
    case pack_family::extension:
      return "an extension";
    case pack_family::invalid:
      break;
  }
  return "the unused byte 0xc1";
}

template <std::unsigned_integral T>
[[gnu::always_inline]] inline T load_big_from(const char* at) noexcept {
  return load_big<T>(reinterpret_cast<const std::byte*>(at));
}

/// What follows the first byte from 0xc0 to 0xdf.
struct pack_layout {
  pack_family family;
  std::uint8_t size;       // bytes of the number or length
  std::uint8_t fixed = 0;  // length of fixext
  bool is_signed = false;
};

inline constexpr pack_layout pack_layouts[32] = {
    {pack_family::nil, 0},
    {pack_family::invalid, 0},
    {pack_family::boolean, 0},
    {pack_family::boolean, 0, 1},
    {pack_family::bytes, 1},
    {pack_family::bytes, 2},
    {pack_family::bytes, 4},
    {pack_family::extension, 1},
    {pack_family::extension, 2},
    {pack_family::extension, 4},
    {pack_family::real32, 4},
    {pack_family::real64, 8},
    {pack_family::unsigned_integer, 1},
    {pack_family::unsigned_integer, 2},
    {pack_family::unsigned_integer, 4},
    {pack_family::unsigned_integer, 8},
    {pack_family::unsigned_integer, 1, 0, true},
    {pack_family::unsigned_integer, 2, 0, true},
    {pack_family::unsigned_integer, 4, 0, true},
    {pack_family::unsigned_integer, 8, 0, true},
    {pack_family::extension, 0, 1},
    {pack_family::extension, 0, 2},
    {pack_family::extension, 0, 4},
    {pack_family::extension, 0, 8},
    {pack_family::extension, 0, 16},
    {pack_family::text, 1},
    {pack_family::text, 2},
    {pack_family::text, 4},
    {pack_family::array, 2},
    {pack_family::array, 4},
    {pack_family::map, 2},
    {pack_family::map, 4},
};

/// Reads a head of more than one byte, or from 0xc0 to 0xdf.
[[gnu::noinline]] inline const char* read_long_pack_token(byte_source& in, const char* at, pack_token& token) {
  const pack_layout layout = pack_layouts[static_cast<unsigned char>(*at) - 0xC0];
  if (layout.family == pack_family::invalid) return in.fail(at, in.malformed, "the byte 0xc1 begins no value");
  const bool is_extension = layout.family == pack_family::extension;
  if (in.left(at) < std::size_t{1} + layout.size + is_extension) return in.fail_short(at, name_of(layout.family));
  ++at;
  token.family = layout.family;
  switch (layout.size) {
    case 0:
      token.value = layout.fixed;
      break;
    case 1:
      token.value = load_big_from<std::uint8_t>(at);
      break;
    case 2:
      token.value = load_big_from<std::uint16_t>(at);
      break;
    case 4:
      token.value = load_big_from<std::uint32_t>(at);
      break;
    default:
      token.value = load_big_from<std::uint64_t>(at);
  }
  if (layout.is_signed) {
    const int unused = 64 - 8 * layout.size;
    token.value = static_cast<std::uint64_t>(static_cast<std::int64_t>(token.value << unused) >> unused);
    if (static_cast<std::int64_t>(token.value) < 0) token.family = pack_family::negative_integer;
  }
  at += layout.size;
  if (is_extension) token.extension_type = static_cast<std::int8_t>(*at++);
  return at;
}

/// Reads the head at `at`. For text, bytes, extensions, arrays and maps the length is checked against the bytes that
/// are left: an element takes one byte at least, a pair two.
[[gnu::always_inline]] inline const char* read_pack_token(byte_source& in, const char* at, pack_token& token) {
  if (at == in.end) [[unlikely]]
    return in.fail_short(at, "a value");
  const char* const begin = at;
  const auto first = static_cast<unsigned char>(*at);
  if (first < 0x80) {
    token.family = pack_family::unsigned_integer;
    token.value = first;
    return at + 1;
  }
  if (first >= 0xE0) {
    token.family = pack_family::negative_integer;
    token.value = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(first)));
    return at + 1;
  }
  if (first >= 0xC0) {
    at = read_long_pack_token(in, at, token);
    if (at == nullptr) [[unlikely]]
      return nullptr;
  } else {
    token.family = first < 0x90 ? pack_family::map : first < 0xA0 ? pack_family::array : pack_family::text;
    token.value = first & (first < 0xA0 ? 0x0Fu : 0x1Fu);
    ++at;
  }
  if (token.family >= pack_family::text) {
    const std::size_t most = token.family == pack_family::map ? in.left(at) / 2 : in.left(at);
    if (token.value > most) [[unlikely]]
      return in.fail_length(begin, token.value);
  }
  return at;
}

[[gnu::cold, gnu::noinline]] inline const char* fail_pack_type(byte_source& in, const char* at,
                                                               std::string_view expected, pack_family found) {
  return in.fail(at, found == pack_family::nil ? errc::unexpected_null : errc::malformed_value,
                 join_message({"expected ", expected, ", found ", name_of(found)}));
}

/// Walks over a value of any kind.
inline const char* skip_pack_value(byte_source& in, const char* at) {
  const char* const begin = at;
  pack_token token;
  at = read_pack_token(in, at, token);
  if (at == nullptr) return nullptr;
  if (token.family == pack_family::text || token.family == pack_family::bytes ||
      token.family == pack_family::extension) {
    return at + token.value;
  }
  if (token.family != pack_family::array && token.family != pack_family::map) return at;
  if (++in.depth > binary_maximum_depth) return in.fail_depth(begin);
  const std::uint64_t count = token.family == pack_family::map ? token.value * 2 : token.value;
  for (std::uint64_t i = 0; i < count; ++i) {
    at = skip_pack_value(in, at);
    if (at == nullptr) return nullptr;
  }
  --in.depth;
  return at;
}

}  // namespace dovetail::inline v0::detail
