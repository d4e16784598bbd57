// Values of any type as they came: for types that nobody has taught us.
#pragma once

#include <dovetail/format/postgres/native.hpp>

#include <vector>

namespace dovetail::inline v0::postgres {

/// The bytes of a value and the type that they are of. Sent back, they go to a parameter of the same type.
struct raw {
  oid type = 0;
  std::vector<std::byte> bytes;
  bool is_binary = true;  ///< false: the bytes are the value's text

  friend bool operator==(const raw&, const raw&) = default;
};

}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <>
inline constexpr bool detail::is_native_value<postgres::raw> = true;

namespace postgres::detail {

template <>
struct native_codec<raw> {
  static constexpr bool reads_text = true;

  static constexpr bool takes(oid) noexcept { return true; }
  static constexpr oid type() noexcept { return oids::unspecified; }
  [[gnu::noinline]] static errc decode(const value_ref& value, raw& out, decode_context&) {
    const byte_view bytes = value.bytes();
    out.type = value.type;
    out.bytes.assign(bytes.begin(), bytes.end());
    out.is_binary = value.is_binary;
    return errc{};
  }
  [[gnu::noinline]] static errc encode(byte_buffer& out, const raw& value, oid wanted, encode_context& context) {
    if (wanted != 0 && value.type != 0 && wanted != value.type) {
      return context.refuse("the raw value is of another type than the parameter", errc::malformed_value);
    }
    context.is_text = !value.is_binary;
    return out.append(byte_view{value.bytes}), errc{};
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
