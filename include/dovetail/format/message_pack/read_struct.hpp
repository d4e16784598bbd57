// MessagePack maps into structs by name, arrays into structs by position.
#pragma once

#include <dovetail/format/byte_source.hpp>
#include <dovetail/format/key_search.hpp>
#include <dovetail/format/message_pack/keys.hpp>
#include <dovetail/format/message_pack/token.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/row/type_name.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

// Defined in read.hpp, for the values of the members.
template <class T>
const char* read_pack(byte_source& in, const char* at, T& out);
template <class T>
[[gnu::always_inline]] inline const char* read_pack_value(byte_source& in, const char* at, T& out);

/// Reads member `I` if its key is next and pairs are left; false after a failure.
template <class T, std::size_t I, class Member>
[[gnu::always_inline]] inline bool read_pack_predicted(byte_source& in, const char*& at, std::size_t& pairs,
                                                       member_set<field_count<T>>& seen, Member& member) {
  constexpr std::size_t size = pack_key<T, I>.size();
  if (pairs == 0 || in.left(at) < size || !equals_key<size>(at, pack_key<T, I>.data())) return true;
  at = read_pack_value(in, at + size, member);
  if (at == nullptr) [[unlikely]] {
    in.failure.inside_member(field_names<T>[I]);
    return false;
  }
  seen.insert(I);
  --pairs;
  return true;
}

/// Reads the members that did not come in their order.
template <class T, std::size_t... I, class... Members>
[[gnu::noinline]] const char* read_pack_members(std::index_sequence<I...>, byte_source& in, const char* at,
                                                std::size_t pairs, member_set<field_count<T>>& seen,
                                                Members&... members) {
  constexpr std::size_t count = sizeof...(I);
  std::size_t hint = 0;
  for (; pairs != 0; --pairs) {
    const char* const key_at = at;
    pack_token token;
    const char* const after = read_pack_token(in, at, token);
    if (after == nullptr) return nullptr;
    if (token.family != pack_family::text) {  // a key that is no text names no member
      at = skip_pack_value(in, at);
      if (at != nullptr) at = skip_pack_value(in, at);
      if (at == nullptr) return nullptr;
      continue;
    }
    const std::string_view key(after, static_cast<std::size_t>(token.value));
    at = after + token.value;
    const std::size_t index = find_member(field_names<T>.data(), count, key, hint);
    if (index == count) {
      at = skip_pack_value(in, at);
      if (at == nullptr) in.failure.inside_member(key);
    } else if (seen.contains(index)) {
      at = in.fail(key_at, errc::malformed_value, join_message({"the key \"", key, "\" is given twice"}));
    } else {
      static_cast<void>(((I == index ? (at = read_pack(in, at, members), true) : false) || ...));
      if (at == nullptr) in.failure.inside_member(key);
      seen.insert(index);
      hint = index + 1;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

template <class T>
struct pack_map_reader {
  byte_source& in;
  const char* at;
  std::size_t pairs;
  member_set<field_count<T>>& seen;

  template <class... Members>
  [[gnu::always_inline]] const char* operator()(Members&... members) {
    return read(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }
  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] const char* read(std::index_sequence<I...> indices, Members&... members) {
    if (!(read_pack_predicted<T, I>(in, at, pairs, seen, members) && ...)) return nullptr;
    return pairs == 0 ? at : read_pack_members<T>(indices, in, at, pairs, seen, members...);
  }
};

template <class T>
struct pack_array_reader {
  byte_source& in;
  const char* at;

  template <class... Members>
  const char* operator()(Members&... members) {
    return read(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }
  template <std::size_t... I, class... Members>
  const char* read(std::index_sequence<I...>, Members&... members) {
    return (read_one<I>(members) && ...) ? at : nullptr;
  }
  template <std::size_t I, class Member>
  bool read_one(Member& member) {
    at = read_pack(in, at, member);
    if (at == nullptr) in.failure.inside_member(field_names<T>[I]);
    return at != nullptr;
  }
};

template <reflectable T>
const char* read_pack_struct(byte_source& in, const char* at, T& out) {
  const char* const begin = at;
  pack_token token;
  at = read_pack_token(in, at, token);
  if (at == nullptr) return nullptr;
  if (token.family != pack_family::map && token.family != pack_family::array) {
    return fail_pack_type(in, begin, "a map", token.family);
  }
  if (++in.depth > binary_maximum_depth) return in.fail_depth(begin);
  if (token.family == pack_family::map) {
    member_set<field_count<T>> seen;
    at = v0::with_fields(out, pack_map_reader<T>{in, at, static_cast<std::size_t>(token.value), seen});
    if (at != nullptr && !seen.contains_all(required_members<T>)) [[unlikely]] {
      const missing_members missing(field_names<T>, seen, required_members<T>);
      return in.fail(begin, errc::row_mismatch, describe_missing(type_name<T>(), missing.list()));
    }
  } else {
    if (token.value != field_count<T>) {
      return in.fail(begin, errc::row_mismatch,
                     join_message({"expected a map, or an array of ", field_count<T>, " elements, found ", token.value,
                                   " elements"}));
    }
    at = v0::with_fields(out, pack_array_reader<T>{in, at});
  }
  --in.depth;
  return at;
}

}  // namespace dovetail::inline v0::detail
