// Objects of plain values whose keys come in an order that changes from one to the next.
#pragma once

#include <dovetail/format/json/key_table.hpp>
#include <dovetail/format/json/keys.hpp>
#include <dovetail/format/json/member_marks.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/format/text_form.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

// Defined in read.hpp, for the values of the members.
template <class T>
[[gnu::always_inline]] inline const char* read_json_value(json_source& in, const char* at, T& out);

/// Types that are one string, number, boolean or null in JSON, and that no code of a program reads.
template <class T>
consteval bool is_plain_json() {
  if constexpr (has_field_codec<T>) {
    return false;
  } else if constexpr (is_optional<T>) {
    return is_plain_json<typename T::value_type>();
  } else if constexpr (is_transparent<T>) {
    return is_plain_json<decltype(T::value)>();
  } else {
    return std::same_as<T, bool> || whole_number<T> || real_number<T> || std::same_as<T, std::string> ||
           has_text_form<T> || (std::is_enum_v<T> && !std::same_as<T, std::byte>) || is_byte_container<T>;
  }
}

template <class T, std::size_t... I>
consteval bool can_read_json_marked(std::index_sequence<I...>) {
  return ((is_plain_json<std::remove_cv_t<field_type<T, I>>>() && json_keys<T>[I].size() < json_member_marks::margin) &&
          ...);
}

/// Structs that can be read by their marks. With one or two members there is nothing to win.
template <class T>
consteval bool is_marked_json() {
  if constexpr (reflectable<T> && std::is_default_constructible_v<T> && std::is_move_assignable_v<T> &&
                !has_field_codec<T> && !is_transparent<T> && !has_text_form<T> && !std::same_as<T, json_text> &&
                !sequence<T> && !set_like<T> && !dictionary<T>) {
    constexpr std::size_t count = field_count<T>;
    if constexpr (count > 2 && count <= json_member_marks::most_wanted) {
      return can_read_json_marked<T>(std::make_index_sequence<count>{});
    }
  }
  return false;
}

/// Where each member of an object lies, from its brace or comma to the next one.
template <std::size_t Count>
struct json_member_bounds {
  std::uint64_t seen = 0;
  const char* begins[Count + 1];  // the last one is for keys that are no member's
  const char* ends[Count + 1];
};

template <class T, std::size_t I, class Member>
[[gnu::always_inline]] inline bool read_json_bounded(json_source& in, const json_member_bounds<field_count<T>>& bounds,
                                                     Member& member) {
  if constexpr (may_be_missing<Member>) {
    if ((bounds.seen >> I & 1) == 0) return true;
  }
  constexpr std::size_t size = json_key<T, I>.size() - 1;  // without the comma
  const char* const at = bounds.begins[I] + 1;
  if (!equals_key<size>(at, json_key<T, I>.data() + 1)) [[unlikely]]
    return false;
  return read_json_value(in, at + size, member) == bounds.ends[I];
}

template <class T>
struct json_bounded_reader {
  json_source& in;
  const json_member_bounds<field_count<T>>& bounds;

  template <class... Members>
  [[gnu::always_inline]] bool operator()(Members&... members) const {
    return read(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }
  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] bool read(std::index_sequence<I...>, Members&... members) const {
    return (read_json_bounded<T, I>(in, bounds, members) && ...);
  }
};

/// The object's closing brace, when the next object's opening one is at `next` and only a comma between them.
[[gnu::always_inline]] inline const char* find_brace_before(const char* next) noexcept {
  const auto skip_back = [&next] {
    do --next;
    while (is_json_space(*next));
    return *next;
  };
  return skip_back() == ',' && skip_back() == '}' ? next : nullptr;
}

/// A key inside of another value may have been taken for the object's: what was written to `out` is undone.
template <class T>
[[gnu::cold, gnu::noinline]] const char* give_up_json(json_source& in, T& out) {
  in.failure = {};
  out = T();
  return nullptr;
}

/// Reads the object at `at` into `out`, which is as `T()` makes it, when the keys at its marks and the values up to the
/// next ones make it up without a rest, no key twice and none missing. Null in all other cases, whatever they are:
/// `out` is as it was and the object is to be read key by key.
/// Cost: that keys come in any order takes no branch that depends on it: all of them are looked up first, and what
/// they name is read in the order of the members.
template <reflectable T>
[[gnu::noinline]] const char* read_json_marked(json_source& in, const char* at, T& out, json_member_marks& marks) {
  constexpr std::size_t count = field_count<T>;
  static_assert(1 + json_member_table<T>.reach() <= json_member_marks::margin);
  constexpr std::uint64_t required = required_members<T>.bits[0];
  const char* const* mark = marks.find(at, in.end, count);
  if (mark == nullptr || *at != '{' || in.depth >= json_maximum_depth) [[unlikely]]
    return nullptr;
  json_member_bounds<count> bounds;
  const char* const* const first = mark;
  std::uint64_t seen = 0;
  std::size_t index;
  const char* next = *mark;
  do {
    index = look_up_json_member<T>(next + 1);
    seen |= std::uint64_t{1} << index;
    bounds.begins[index] = next;
    next = *++mark;
    bounds.ends[index] = next;
  } while (*next == ',');
  const char* const brace = find_brace_before(next);
  // As many keys as bits are one for each member that is there.
  constexpr std::uint64_t all = (std::uint64_t{1} << count) - 1;
  const bool is_whole = seen == all ? mark - first == count
                                    : (required & ~seen) == 0 && seen < all && mark - first == std::popcount(seen);
  if (!is_whole || brace == nullptr) [[unlikely]]
    return nullptr;
  bounds.ends[index] = brace;
  bounds.seen = seen;
  if (!v0::with_fields(out, json_bounded_reader<T>{in, bounds})) [[unlikely]] {
    return give_up_json(in, out);
  }
  marks.pass(mark - first);
  return brace + 1;
}

}  // namespace dovetail::inline v0::detail
