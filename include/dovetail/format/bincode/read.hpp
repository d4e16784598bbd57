// Bincode into C++ values: nothing in the bytes says what they are, so that the type alone decides.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/format/byte_source.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/format/text_form.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

template <class T>
const char* read_bincode(byte_source& in, const char* at, T& out);

/// The unsigned integer that holds the bits of a number.
template <class T>
using bincode_bits =
    std::conditional_t<sizeof(T) == 1, std::uint8_t,
                       std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                          std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <class T>
[[gnu::always_inline]] inline const char* read_bincode_number(byte_source& in, const char* at, T& out) {
  if (in.left(at) < sizeof(T)) [[unlikely]]
    return in.fail_short(at, join_message({"a number of ", sizeof(T), " bytes"}));
  out = std::bit_cast<T>(load_little<bincode_bits<T>>(reinterpret_cast<const std::byte*>(at)));
  return at + sizeof(T);
}

/// A byte that is 0 or 1: booleans, and the mark in front of optional values.
[[gnu::always_inline]] inline const char* read_bincode_mark(byte_source& in, const char* at, bool& out) {
  if (at == in.end) [[unlikely]]
    return in.fail_short(at, "a byte that is 0 or 1");
  if (static_cast<unsigned char>(*at) > 1) [[unlikely]]
    return in.fail(at, in.malformed, "expected a byte that is 0 or 1");
  out = *at != '\0';
  return at + 1;
}

/// A length, in elements of which each takes a byte at least.
[[gnu::always_inline]] inline const char* read_bincode_length(byte_source& in, const char* at, std::size_t& length) {
  if (in.left(at) < 8) [[unlikely]]
    return in.fail_short(at, "a length of 8 bytes");
  const auto announced = load_little<std::uint64_t>(reinterpret_cast<const std::byte*>(at));
  if (announced > in.left(at + 8)) [[unlikely]]
    return in.fail_length(at, announced);
  length = static_cast<std::size_t>(announced);
  return at + 8;
}

inline const char* view_bincode_text(byte_source& in, const char* at, std::string_view& text) {
  std::size_t size = 0;
  at = read_bincode_length(in, at, size);
  if (at == nullptr) return nullptr;
  text = {at, size};
  if (!is_valid_utf8(text)) return in.fail_text(at + valid_utf8_prefix(text));
  return at + size;
}

[[gnu::always_inline]] inline const char* read_bincode_string(byte_source& in, const char* at, std::string& out) {
  std::string_view text;
  at = view_bincode_text(in, at, text);
  if (at != nullptr) [[likely]]
    out.assign(text);
  return at;
}

/// `std::array` has no length in front.
template <class T>
const char* read_bincode_bytes(byte_source& in, const char* at, T& out) {
  if constexpr (is_std_array<T>) {
    if (in.left(at) < out.size()) return in.fail_short(at, join_message({out.size(), " bytes"}));
  } else {
    std::size_t size = 0;
    at = read_bincode_length(in, at, size);
    if (at == nullptr) return nullptr;
    out.resize(size);
  }
  if (!out.empty()) std::memcpy(out.data(), at, out.size());
  return at + out.size();
}

template <class T>
inline constexpr bool takes_no_bytes = false;
template <reflectable T>
inline constexpr bool takes_no_bytes<T> = field_count<T> == 0;
template <class T>
inline constexpr bool takes_no_bytes<std::array<T, 0>> = true;
template <>
inline constexpr bool takes_no_bytes<std::tuple<>> = true;

template <class T>
const char* read_bincode_sequence(byte_source& in, const char* at, T& out) {
  static_assert(!takes_no_bytes<typename T::value_type>, "dovetail: elements that take no bytes have no bincode form");
  std::size_t count = 0;
  const char* const begin = at;
  at = read_bincode_length(in, at, count);
  if (at == nullptr) return nullptr;
  if (++in.depth > binary_maximum_depth) return in.fail_depth(begin);
  out.clear();
  if constexpr (requires { out.reserve(count); }) {
    out.reserve(elements_to_reserve(in, at, count, sizeof(typename T::value_type)));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (set_like<T> || std::same_as<typename T::value_type, bool>) {
      typename T::value_type element{};
      at = read_bincode(in, at, element);
      if (at != nullptr) out.insert(out.end(), std::move(element));
    } else {
      at = read_bincode(in, at, out.emplace_back());
    }
    if (at == nullptr) [[unlikely]] {
      in.failure.inside_element(i);
      return nullptr;
    }
  }
  --in.depth;
  return at;
}

template <dictionary T>
const char* read_bincode_dictionary(byte_source& in, const char* at, T& out) {
  static_assert(!takes_no_bytes<typename T::key_type>, "dovetail: keys that take no bytes have no bincode form");
  std::size_t count = 0;
  const char* const begin = at;
  at = read_bincode_length(in, at, count);
  if (at == nullptr) return nullptr;
  if (++in.depth > binary_maximum_depth) return in.fail_depth(begin);
  out.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const char* const key_at = at;
    typename T::key_type key{};
    at = read_bincode(in, at, key);
    if (at != nullptr) {
      const auto [entry, is_new] = out.try_emplace(std::move(key));
      at = is_new ? read_bincode(in, at, entry->second) : in.fail(key_at, in.malformed, "the key is given twice");
    }
    if (at == nullptr) {
      in.failure.inside_element(i);
      return nullptr;
    }
  }
  --in.depth;
  return at;
}

template <class T>
const char* read_bincode_std_array(byte_source& in, const char* at, T& out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    at = read_bincode(in, at, out[i]);
    if (at == nullptr) {
      in.failure.inside_element(i);
      return nullptr;
    }
  }
  return at;
}

template <class T>
struct bincode_members_reader {
  byte_source& in;
  const char* at;

  template <class... Members>
  [[gnu::always_inline]] const char* operator()(Members&... members) {
    return read(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }
  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] const char* read(std::index_sequence<I...>, Members&... members) {
    return (read_one<I>(members) && ...) ? at : nullptr;
  }
  template <std::size_t I, class Member>
  [[gnu::always_inline]] bool read_one(Member& member);
};

template <class T, std::size_t... I>
const char* read_bincode_tuple(byte_source& in, const char* at, T& out, std::index_sequence<I...>) {
  const auto read_one = [&](std::size_t index, auto& element) {
    at = read_bincode(in, at, element);
    if (at == nullptr) in.failure.inside_element(index);
    return at != nullptr;
  };
  static_cast<void>((read_one(I, std::get<I>(out)) && ...));
  return at;
}

/// The number of a variant, 32 bits.
template <class E>
const char* read_bincode_enum(byte_source& in, const char* at, E& out) {
  std::uint32_t number = 0;
  const char* const after = read_bincode_number(in, at, number);
  if (after == nullptr) return nullptr;
  using limits = std::numeric_limits<std::underlying_type_t<E>>;
  if (number > static_cast<std::uint64_t>((limits::max)())) {
    return in.fail_range(at, 0, static_cast<std::uint64_t>((limits::max)()));
  }
  out = static_cast<E>(number);
  return after;
}

template <has_text_form T>
const char* read_bincode_text_form(byte_source& in, const char* at, T& out) {
  if constexpr (kind_of<T>() == field_kind::uuid) {
    std::size_t size = 0;
    const char* const after = read_bincode_length(in, at, size);
    if (after == nullptr) return nullptr;
    if (size != sizeof out.bytes) return in.fail(at, in.malformed, "expected a UUID, 16 bytes behind their length");
    std::memcpy(out.bytes.data(), after, sizeof out.bytes);
    return after + size;
  } else {
    std::string_view text;
    const char* const after = view_bincode_text(in, at, text);
    if (after == nullptr) return nullptr;
    if (!read_text_form(text, out)) {
      return in.fail(at, errc::malformed_value, join_message({"expected ", text_form_name<T>()}));
    }
    return after;
  }
}

template <class T>
const char* read_bincode_codec(byte_source& in, const char* at, T& out) {
  typename field_codec<T>::stored_type stored{};
  const char* const after = read_bincode(in, at, stored);
  if (after == nullptr) return nullptr;
  result<T> decoded = field_codec<T>::decode(std::move(stored));
  if (!decoded) return in.fail(at, errc::malformed_value, describe_codec_failure(decoded.error()));
  out = *std::move(decoded);
  return after;
}

/// Reads a value of any supported type.
template <class T>
[[gnu::always_inline]] inline const char* read_bincode_value(byte_source& in, const char* at, T& out) {
  if constexpr (has_field_codec<T>) {
    return read_bincode_codec(in, at, out);
  } else if constexpr (std::same_as<T, bool>) {
    return read_bincode_mark(in, at, out);
  } else if constexpr (whole_number<T> || real_number<T>) {
    return read_bincode_number(in, at, out);
  } else if constexpr (std::same_as<T, std::string>) {
    return read_bincode_string(in, at, out);
  } else if constexpr (is_optional<T>) {
    bool has_value = false;
    at = read_bincode_mark(in, at, has_value);
    if (at == nullptr) [[unlikely]]
      return nullptr;
    if (has_value) return read_bincode_value(in, at, out.emplace());
    out.reset();
    return at;
  } else if constexpr (is_transparent<T>) {
    return read_bincode_value(in, at, out.value);
  } else if constexpr (std::same_as<T, json_text>) {
    return read_bincode_string(in, at, out.text);
  } else if constexpr (has_text_form<T>) {
    return read_bincode_text_form(in, at, out);
  } else if constexpr (std::is_enum_v<T> && !std::same_as<T, std::byte>) {
    return read_bincode_enum(in, at, out);
  } else if constexpr (is_byte_container<T>) {
    return read_bincode_bytes(in, at, out);
  } else if constexpr (is_std_array<T>) {
    return read_bincode_std_array(in, at, out);
  } else if constexpr (is_std_tuple<T>) {
    return read_bincode_tuple(in, at, out, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (dictionary<T>) {
    return read_bincode_dictionary(in, at, out);
  } else if constexpr (set_like<T> || sequence<T>) {
    return read_bincode_sequence(in, at, out);
  } else if constexpr (reflectable<T>) {
    return v0::with_fields(out, bincode_members_reader<T>{in, at});
  } else {
    // If the compiler points here: T is no struct that reflection sees, and has neither dt::describe nor
    // dt::field_codec.
    static_assert(is_supported<T>,
                  "dovetail: this type cannot be read from bincode: give a class a dt::describe<T>, a value a "
                  "dt::field_codec<T>");
    return nullptr;
  }
}

template <class T>
template <std::size_t I, class Member>
inline bool bincode_members_reader<T>::read_one(Member& member) {
  if constexpr (std::is_arithmetic_v<Member>) {
    at = read_bincode_value(in, at, member);
  } else {
    at = read_bincode(in, at, member);
  }
  if (at == nullptr) [[unlikely]]
    in.failure.inside_member(field_names<T>[I]);
  return at != nullptr;
}

template <class T>
[[gnu::noinline]] const char* read_bincode(byte_source& in, const char* at, T& out) {
  return read_bincode_value(in, at, out);
}

}  // namespace dovetail::inline v0::detail
