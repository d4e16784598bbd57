// Bytes written in hex or as text, and the recorded LensDB vectors by name, for tests at compile time and run time.
#pragma once

#include <support/lensdb_vectors.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace lensdb_vectors {

constexpr unsigned nibble(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

constexpr std::byte byte_at(std::string_view hex, std::size_t i) {
  return static_cast<std::byte>(nibble(hex[2 * i]) * 16 + nibble(hex[2 * i + 1]));
}

/// The bytes of some hex, with their number, as a value that the compiler can work with.
struct bytes {
  std::array<std::byte, 4200> data{};
  std::size_t count = 0;

  constexpr operator std::span<const std::byte>() const { return {data.data(), count}; }  // NOLINT
};

constexpr bytes from_hex(std::string_view hex) {
  bytes made;
  made.count = hex.size() / 2;
  for (std::size_t i = 0; i < made.count; ++i) made.data[i] = byte_at(hex, i);
  return made;
}

constexpr bytes from_text(std::string_view text) {
  bytes made;
  made.count = text.size();
  for (std::size_t i = 0; i < made.count; ++i) {
    made.data[i] = static_cast<std::byte>(static_cast<unsigned char>(text[i]));
  }
  return made;
}

inline std::vector<std::byte> to_vector(std::string_view hex) {
  std::vector<std::byte> made(hex.size() / 2);
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = byte_at(hex, i);
  return made;
}

constexpr bool same(std::span<const std::byte> a, std::span<const std::byte> b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

constexpr bool same(std::span<const std::byte> a, std::string_view hex) {
  if (a.size() * 2 != hex.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != byte_at(hex, i)) return false;
  }
  return true;
}

constexpr const vector& named(std::string_view id) {
  for (const vector& each : all) {
    if (each.id == id) return each;
  }
  throw "no vector of this name";
}

}  // namespace lensdb_vectors
