// The heads and keys of MessagePack that are known when the program is compiled.
#pragma once

#include <dovetail/row/reflect.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Writes the head of a text of `size` bytes; returns its end.
constexpr char* write_pack_text_head(char* out, std::size_t size) noexcept {
  const auto put = [&out](std::size_t byte) { *out++ = static_cast<char>(static_cast<unsigned char>(byte)); };
  if (size < 32) {
    put(0xA0 | size);
  } else if (size < 0x100) {
    put(0xD9);
    put(size);
  } else if (size < 0x10000) {
    put(0xDA);
    put(size >> 8);
    put(size & 0xFF);
  } else {
    put(0xDB);
    for (int shift = 24; shift >= 0; shift -= 8) put(size >> shift & 0xFF);
  }
  return out;
}

template <class T, std::size_t I>
consteval auto make_pack_key() {
  constexpr std::string_view name = field_names<T>[I];
  constexpr std::size_t head = name.size() < 32 ? 1 : name.size() < 0x100 ? 2 : 3;
  static_assert(name.size() < 0x10000, "dovetail: the name of a member is longer than 65535 bytes");
  std::array<char, head + name.size()> key{};
  char* out = write_pack_text_head(key.data(), name.size());
  for (const char c : name) *out++ = c;
  return key;
}

/// The name of member `I` as a MessagePack string.
template <class T, std::size_t I>
inline constexpr auto pack_key = make_pack_key<T, I>();

}  // namespace dovetail::inline v0::detail
