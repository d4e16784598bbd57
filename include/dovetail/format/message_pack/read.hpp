// MessagePack into C++ values: one function that picks the form of a type, and the forms that are not structs.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/format/byte_source.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/message_pack/read_struct.hpp>
#include <dovetail/format/message_pack/timestamp.hpp>
#include <dovetail/format/message_pack/token.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/format/text_form.hpp>
#include <dovetail/row/enums.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

template <whole_number T>
[[gnu::always_inline]] inline const char* read_pack_integer(byte_source& in, const char* at, T& out) {
  constexpr auto least = static_cast<std::int64_t>((std::numeric_limits<T>::min)());
  constexpr auto most = static_cast<std::uint64_t>((std::numeric_limits<T>::max)());
  pack_token token;
  const char* const after = read_pack_token(in, at, token);
  if (after == nullptr) [[unlikely]]
    return nullptr;
  if (token.family == pack_family::unsigned_integer) [[likely]] {
    if (token.value > most) [[unlikely]]
      return in.fail_range(at, least, most);
  } else if (token.family == pack_family::negative_integer) {
    if (static_cast<std::int64_t>(token.value) < least) [[unlikely]]
      return in.fail_range(at, least, most);
  } else {
    return fail_pack_type(in, at, "a whole number", token.family);
  }
  out = static_cast<T>(token.value);
  return after;
}

/// Whole numbers are real ones too: some writers store 5.0 as 5.
template <real_number T>
const char* read_pack_real(byte_source& in, const char* at, T& out) {
  pack_token token;
  const char* const after = read_pack_token(in, at, token);
  if (after == nullptr) return nullptr;
  switch (token.family) {
    case pack_family::real32:
    case pack_family::real64: {
      const double value = token.real();
      if constexpr (std::same_as<T, float>) {
        if (std::isfinite(value) && std::fabs(value) > static_cast<double>((std::numeric_limits<float>::max)())) {
          return in.fail(at, errc::value_out_of_range, "expected a number that a float can hold, found a larger one");
        }
      }
      out = static_cast<T>(value);
      return after;
    }
    case pack_family::unsigned_integer:
      out = static_cast<T>(token.value);
      return after;
    case pack_family::negative_integer:
      out = static_cast<T>(static_cast<std::int64_t>(token.value));
      return after;
    default:
      return fail_pack_type(in, at, "a number", token.family);
  }
}

/// Views the text at `at`. Lifetime: `text` borrows from the input.
inline const char* view_pack_text(byte_source& in, const char* at, std::string_view expected, std::string_view& text) {
  pack_token token;
  const char* const after = read_pack_token(in, at, token);
  if (after == nullptr) return nullptr;
  if (token.family != pack_family::text) return fail_pack_type(in, at, expected, token.family);
  text = {after, static_cast<std::size_t>(token.value)};
  if (!is_valid_utf8(text)) return in.fail_text(after + valid_utf8_prefix(text));
  return after + token.value;
}

[[gnu::always_inline]] inline const char* read_pack_string(byte_source& in, const char* at, std::string& out) {
  std::string_view text;
  at = view_pack_text(in, at, "a string", text);
  if (at != nullptr) [[likely]]
    out.assign(text);
  return at;
}

/// Byte containers take strings too: before 2013 MessagePack had one format for both.
template <class T>
const char* read_pack_bytes(byte_source& in, const char* at, T& out) {
  pack_token token;
  const char* const after = read_pack_token(in, at, token);
  if (after == nullptr) return nullptr;
  if (token.family != pack_family::bytes && token.family != pack_family::text) {
    return fail_pack_type(in, at, "bytes", token.family);
  }
  const auto size = static_cast<std::size_t>(token.value);
  if constexpr (is_std_array<T>) {
    if (size != out.size()) {
      return in.fail(at, errc::malformed_value, join_message({"expected ", out.size(), " bytes, found ", size}));
    }
  } else {
    out.resize(size);
  }
  if (size != 0) std::memcpy(out.data(), after, size);
  return after + size;
}

/// Reads the head of an array or map and enters it; the caller leaves it.
inline const char* enter_pack(byte_source& in, const char* at, pack_family family, std::size_t& count) {
  pack_token token;
  const char* const after = read_pack_token(in, at, token);
  if (after == nullptr) return nullptr;
  if (token.family != family) return fail_pack_type(in, at, name_of(family), token.family);
  if (++in.depth > binary_maximum_depth) return in.fail_depth(at);
  count = static_cast<std::size_t>(token.value);
  return after;
}

template <class T>
const char* read_pack_sequence(byte_source& in, const char* at, T& out) {
  std::size_t count = 0;
  at = enter_pack(in, at, pack_family::array, count);
  if (at == nullptr) return nullptr;
  out.clear();
  if constexpr (requires { out.reserve(count); }) {
    out.reserve(elements_to_reserve(in, at, count, sizeof(typename T::value_type)));
  }
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (set_like<T> || std::same_as<typename T::value_type, bool>) {
      typename T::value_type element{};
      at = read_pack(in, at, element);
      if (at != nullptr) out.insert(out.end(), std::move(element));
    } else {
      at = read_pack(in, at, out.emplace_back());
    }
    if (at == nullptr) [[unlikely]] {
      in.failure.inside_element(i);
      return nullptr;
    }
  }
  --in.depth;
  return at;
}

/// Reads the head of an array of exactly `size` elements and enters it.
inline const char* enter_pack_fixed(byte_source& in, const char* at, std::size_t size) {
  std::size_t count = 0;
  const char* const after = enter_pack(in, at, pack_family::array, count);
  if (after != nullptr && count != size) {
    return in.fail(at, errc::malformed_value,
                   join_message({"expected an array of ", size, " elements, found ", count}));
  }
  return after;
}

template <class T>
[[gnu::always_inline]] inline bool read_pack_element(byte_source& in, const char*& at, std::size_t index, T& element) {
  at = read_pack(in, at, element);
  if (at == nullptr) [[unlikely]]
    in.failure.inside_element(index);
  return at != nullptr;
}

template <class T, std::size_t... I>
const char* read_pack_tuple(byte_source& in, const char* at, T& out, std::index_sequence<I...>) {
  at = enter_pack_fixed(in, at, sizeof...(I));
  if (at == nullptr || !(read_pack_element(in, at, I, std::get<I>(out)) && ...)) return nullptr;
  --in.depth;
  return at;
}

template <class T>
const char* read_pack_std_array(byte_source& in, const char* at, T& out) {
  at = enter_pack_fixed(in, at, out.size());
  for (std::size_t i = 0; at != nullptr && i < out.size(); ++i) read_pack_element(in, at, i, out[i]);
  --in.depth;
  return at;
}

template <dictionary T>
const char* read_pack_dictionary(byte_source& in, const char* at, T& out) {
  std::size_t count = 0;
  at = enter_pack(in, at, pack_family::map, count);
  if (at == nullptr) return nullptr;
  out.clear();
  for (std::size_t i = 0; i < count; ++i) {
    const char* const key_at = at;
    typename T::key_type key{};
    at = read_pack(in, at, key);
    if (at == nullptr) return nullptr;
    const auto [entry, is_new] = out.try_emplace(std::move(key));
    if (!is_new) return in.fail(key_at, errc::malformed_value, "the key is given twice");
    at = read_pack(in, at, entry->second);
    if (at == nullptr) {
      if constexpr (std::same_as<typename T::key_type, std::string>) {
        in.failure.inside_member(entry->first);
      } else {
        in.failure.inside_element(i);
      }
      return nullptr;
    }
  }
  --in.depth;
  return at;
}

template <class E>
const char* read_pack_enum(byte_source& in, const char* at, E& out) {
  pack_token token;
  if (read_pack_token(in, at, token) == nullptr) return nullptr;
  if (token.family == pack_family::text) {
    std::string_view name;
    const char* const after = view_pack_text(in, at, "a name", name);
    if (after == nullptr) return nullptr;
    const std::optional<E> value = enum_value<E>(name);
    if (!value) return in.fail(at, errc::malformed_value, "expected the name of an enumerator, found another name");
    out = *value;
    return after;
  }
  std::underlying_type_t<E> number{};
  at = read_pack_integer(in, at, number);
  out = static_cast<E>(number);
  return at;
}

/// Text, but for UUIDs of 16 bytes and for points in time in MessagePack's own extension.
template <has_text_form T>
const char* read_pack_text_form(byte_source& in, const char* at, T& out) {
  pack_token token;
  const char* after = read_pack_token(in, at, token);
  if (after == nullptr) return nullptr;
  if constexpr (kind_of<T>() == field_kind::uuid) {
    if (token.family == pack_family::bytes && token.value == sizeof out.bytes) {
      std::memcpy(out.bytes.data(), after, sizeof out.bytes);
      return after + sizeof out.bytes;
    }
  }
  if constexpr (chrono_sys_time<T>) {
    if (token.family == pack_family::extension && token.extension_type == pack_timestamp_type) {
      typename T::duration since_epoch{};
      second_parts parts;
      if (!read_pack_timestamp(after, static_cast<std::size_t>(token.value), parts)) {
        return in.fail(at, in.malformed, "a timestamp extension has 4, 8 or 12 bytes and less than 10^9 nanoseconds");
      }
      if (!to_duration(parts, since_epoch)) {
        return in.fail(at, errc::value_out_of_range, join_message({"expected ", text_form_name<T>()}));
      }
      out = T{since_epoch};
      return after + token.value;
    }
  }
  std::string_view text;
  after = view_pack_text(in, at, text_form_name<T>(), text);
  if (after == nullptr) return nullptr;
  if (!read_text_form(text, out)) {
    return in.fail(at, errc::malformed_value, join_message({"expected ", text_form_name<T>()}));
  }
  return after;
}

inline const char* read_pack_bool(byte_source& in, const char* at, bool& out) {
  pack_token token;
  const char* const after = read_pack_token(in, at, token);
  if (after == nullptr) return nullptr;
  if (token.family != pack_family::boolean) return fail_pack_type(in, at, "a boolean", token.family);
  out = token.value != 0;
  return after;
}

template <class T>
const char* read_pack_codec(byte_source& in, const char* at, T& out) {
  typename field_codec<T>::stored_type stored{};
  const char* const after = read_pack(in, at, stored);
  if (after == nullptr) return nullptr;
  result<T> decoded = field_codec<T>::decode(std::move(stored));
  if (!decoded) return in.fail(at, errc::malformed_value, describe_codec_failure(decoded.error()));
  out = *std::move(decoded);
  return after;
}

/// Reads a value of any supported type.
template <class T>
[[gnu::always_inline]] inline const char* read_pack_value(byte_source& in, const char* at, T& out) {
  if constexpr (has_field_codec<T>) {
    return read_pack_codec(in, at, out);
  } else if constexpr (std::same_as<T, bool>) {
    return read_pack_bool(in, at, out);
  } else if constexpr (whole_number<T>) {
    return read_pack_integer(in, at, out);
  } else if constexpr (real_number<T>) {
    return read_pack_real(in, at, out);
  } else if constexpr (std::same_as<T, std::string>) {
    return read_pack_string(in, at, out);
  } else if constexpr (is_optional<T>) {
    if (at != in.end && *at == '\xC0') {
      out.reset();
      return at + 1;
    }
    return read_pack_value(in, at, out.emplace());
  } else if constexpr (is_transparent<T>) {
    return read_pack_value(in, at, out.value);
  } else if constexpr (std::same_as<T, json_text>) {
    return read_pack_string(in, at, out.text);
  } else if constexpr (has_text_form<T>) {
    return read_pack_text_form(in, at, out);
  } else if constexpr (std::is_enum_v<T> && !std::same_as<T, std::byte>) {
    return read_pack_enum(in, at, out);
  } else if constexpr (is_byte_container<T>) {
    return read_pack_bytes(in, at, out);
  } else if constexpr (is_std_array<T>) {
    return read_pack_std_array(in, at, out);
  } else if constexpr (is_std_tuple<T>) {
    return read_pack_tuple(in, at, out, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (dictionary<T>) {
    return read_pack_dictionary(in, at, out);
  } else if constexpr (set_like<T> || sequence<T>) {
    return read_pack_sequence(in, at, out);
  } else if constexpr (reflectable<T>) {
    return read_pack_struct(in, at, out);
  } else {
    // If the compiler points here: T is no struct that reflection sees, and has neither dt::describe nor
    // dt::field_codec.
    static_assert(is_supported<T>,
                  "dovetail: this type cannot be read from MessagePack: give a class a dt::describe<T>, a value a "
                  "dt::field_codec<T>");
    return nullptr;
  }
}

template <class T>
[[gnu::noinline]] const char* read_pack(byte_source& in, const char* at, T& out) {
  return read_pack_value(in, at, out);
}

}  // namespace dovetail::inline v0::detail
