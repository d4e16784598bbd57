// Bit strings: bit and bit varying.
#pragma once

#include <dovetail/format/postgres/native.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// A string of bits of any length.
class bits {
 public:
  bits() = default;
  explicit bits(std::vector<bool> values) noexcept : values_(std::move(values)) {}
  /// Each character that is not '0' is a one.
  explicit bits(std::string_view zeros_and_ones) : values_(zeros_and_ones.size()) {
    for (std::size_t i = 0; i < zeros_and_ones.size(); ++i) values_[i] = zeros_and_ones[i] != '0';
  }

  std::size_t size() const noexcept { return values_.size(); }
  /// The bit written first is bit 0.
  bool operator[](std::size_t i) const { return values_[i]; }
  const std::vector<bool>& values() const noexcept { return values_; }

  friend bool operator==(const bits&, const bits&) = default;

 private:
  std::vector<bool> values_;
};

}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <>
inline constexpr bool detail::is_native_value<postgres::bits> = true;

namespace postgres::detail {

template <>
struct native_codec<bits> {
  static constexpr bool takes(oid type) noexcept { return type == oids::bit || type == oids::varbit; }
  static constexpr oid type() noexcept { return oids::varbit; }
  [[gnu::noinline]] static errc decode(const value_ref& value, bits& out, decode_context&) {
    part_reader reader{value.bytes()};
    std::uint32_t count = 0;
    if (!reader.take(count) || reader.left() != (std::uint64_t{count} + 7) / 8) return errc::malformed_value;
    std::vector<bool> values(count);
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = ((std::to_integer<unsigned>(value.data[4 + i / 8]) >> (7 - i % 8)) & 1) != 0;
    }
    out = bits{std::move(values)};
    return errc{};
  }
  [[gnu::noinline]] static errc encode(byte_buffer& out, const bits& value, oid wanted, encode_context& context) {
    if (!takes(wanted)) return context.refuse("bits can be sent to bit and bit varying only", errc::malformed_value);
    if (value.size() > 0x7FFF'FFFF) return context.refuse("there are more bits than PostgreSQL takes");
    out.append_big(static_cast<std::uint32_t>(value.size()));
    const std::size_t size = (value.size() + 7) / 8;
    std::byte* const at = out.grow(size);
    for (std::size_t i = 0; i < size; ++i) at[i] = std::byte{0};
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i]) at[i / 8] |= std::byte{static_cast<unsigned char>(0x80 >> (i % 8))};
    }
    return errc{};
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
