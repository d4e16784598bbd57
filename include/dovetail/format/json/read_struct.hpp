// JSON objects into structs, whatever the order of their keys.
#pragma once

#include <dovetail/base/similarity.hpp>
#include <dovetail/format/json/key_table.hpp>
#include <dovetail/format/json/keys.hpp>
#include <dovetail/format/json/read_marked.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/row/type_name.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

// Defined in read.hpp, for the values of the members.
template <class T>
const char* read_json(json_source& in, const char* at, T& out);
template <class T>
[[gnu::always_inline]] inline const char* read_json_value(json_source& in, const char* at, T& out);

/// Looks for keys of the object at `begin`, which is well-formed, that may be misspellings of the `missing` members.
[[gnu::cold, gnu::noinline]] inline std::string suggest_json_keys(const json_source& from, const char* begin,
                                                                  std::span<const std::string_view> names,
                                                                  std::span<const std::string_view> missing) {
  json_source in({begin, static_cast<std::size_t>(from.end - begin)});
  std::string space;
  std::string found;
  const char* at = skip_json_space(begin + 1, in.end);
  bool is_closed = *at == '}';
  while (!is_closed && found.size() < 500) {
    std::string_view key;
    at = view_json_key(in, at, space, key);
    if (at == nullptr) break;
    const bool is_known = find_member(names.data(), names.size(), key, 0) != names.size();
    if (const std::string_view meant = nearest(key, missing); !is_known && !meant.empty()) {
      found += join_message({"; is \"", key.substr(0, 64), "\" meant to be \"", meant, "\"?"});
    }
    at = skip_json_value(in, at);
    if (at == nullptr) break;
    at = read_json_separator(in, at, '}', is_closed);
    if (at == nullptr) break;
  }
  return found;
}

[[gnu::cold, gnu::noinline]] inline const char* fail_json_missing(json_source& in, const char* begin,
                                                                  std::string_view type,
                                                                  std::span<const std::string_view> names,
                                                                  std::span<const std::string_view> missing) {
  return in.fail(begin, errc::row_mismatch,
                 describe_missing(type, missing) + suggest_json_keys(in, begin, names, missing));
}

template <std::size_t Count>
[[gnu::cold, gnu::noinline]] const char* fail_json_twice(json_source& in, const char* at,
                                                         const std::array<std::string_view, Count>& names,
                                                         std::size_t index) {
  return in.fail(at, errc::malformed_value, join_message({"the key \"", names[index], "\" is given twice"}));
}

/// How far an object has been read.
template <class T>
struct json_object_state {
  const char* at;         // the next key, or behind the closing brace; null after a failure
  std::size_t index = 0;  // the member that is expected at `at`
  bool is_closed = false;
  member_set<field_count<T>> seen{};

  /// Goes over what follows a member; false when the object is read to its end, or a failure stops it.
  [[gnu::always_inline]] bool pass_separator(json_source& in, const char* behind_value) {
    if (behind_value != in.end && *behind_value == ',') [[likely]] {
      at = skip_json_space(behind_value + 1, in.end);
      return true;
    }
    bool closes = false;  // a local, so that the state's address is known nowhere and it stays in registers
    at = read_json_separator(in, behind_value, '}', closes);
    is_closed = closes;
    return at != nullptr && !closes;
  }
  bool is_over() const noexcept { return at == nullptr || is_closed; }
};

/// Reads member `I` if its key is next, and what follows it. False when another key is, or the object is over.
template <class T, std::size_t I, class Member>
[[gnu::always_inline]] inline bool read_json_member(json_source& in, json_object_state<T>& state, Member& member) {
  constexpr std::size_t size = json_key<T, I>.size() - 1;  // without the comma
  const char* at = state.at;
  state.index = I;
  if (static_cast<std::size_t>(in.end - at) < size || !equals_key<size>(at, json_key<T, I>.data() + 1)) return false;
  if (state.seen.contains(I)) [[unlikely]] {
    state.at = fail_json_twice(in, at, field_names<T>, I);
    return false;
  }
  state.seen.insert(I);
  at = read_json_value(in, skip_json_space(at + size, in.end), member);
  if (at == nullptr) [[unlikely]] {
    in.failure.inside_member(field_names<T>[I]);
    state.at = nullptr;
    return false;
  }
  return state.pass_separator(in, at);
}

/// Reads the member at `at` when its key is spaced out, written with escapes, or none that the struct has.
template <class T, std::size_t... I, class... Members>
[[gnu::noinline]] void read_json_other(std::index_sequence<I...>, json_source& in, json_object_state<T>& state,
                                       Members&... members) {
  const char* const key_at = state.at;
  std::string space;
  std::string_view key;
  const char* at = view_json_key(in, key_at, space, key);
  if (at != nullptr) {
    const std::size_t index = find_member(field_names<T>.data(), sizeof...(I), key, 0);
    if (index == sizeof...(I)) {
      at = skip_json_value(in, at);
      if (at == nullptr) in.failure.inside_member(key);
    } else if (state.seen.contains(index)) {
      at = fail_json_twice(in, key_at, field_names<T>, index);
    } else {
      state.seen.insert(index);
      static_cast<void>(((I == index ? (at = read_json(in, at, members), true) : false) || ...));
      if (at == nullptr) in.failure.inside_member(field_names<T>[index]);
      state.index = index + 1;
    }
  }
  if (at == nullptr) {
    state.at = nullptr;
  } else {
    state.pass_separator(in, at);
  }
}

template <std::size_t I, class Member>
struct json_member_place {
  Member& member;
};

/// References to all members, of which one is taken by its index.
template <class Indices, class... Members>
struct json_member_places;
template <std::size_t... I, class... Members>
struct json_member_places<std::index_sequence<I...>, Members...> : json_member_place<I, Members>... {};

template <std::size_t I, class Member>
[[gnu::always_inline]] inline Member& pick_json_member(const json_member_place<I, Member>& place) noexcept {
  return place.member;
}

/// Reads members from `state.index` on, which is one of the sixteen from `Base` on, as long as they come in their
/// order.
template <class T, std::size_t Base, class Places>
[[gnu::always_inline]] inline void read_json_run(json_source& in, json_object_state<T>& state, const Places& places) {
  constexpr std::size_t count = field_count<T>;
#define DOVETAIL_JSON_MEMBER(i)                                                                  \
  case Base + i:                                                                                 \
    if constexpr (Base + i < count) {                                                            \
      if (!read_json_member<T, Base + i>(in, state, pick_json_member<Base + i>(places))) return; \
    } else {                                                                                     \
      break;                                                                                     \
    }                                                                                            \
    [[fallthrough]];
  switch (state.index) {
    DOVETAIL_JSON_MEMBER(0)
    DOVETAIL_JSON_MEMBER(1)
    DOVETAIL_JSON_MEMBER(2)
    DOVETAIL_JSON_MEMBER(3)
    DOVETAIL_JSON_MEMBER(4)
    DOVETAIL_JSON_MEMBER(5)
    DOVETAIL_JSON_MEMBER(6)
    DOVETAIL_JSON_MEMBER(7)
    DOVETAIL_JSON_MEMBER(8)
    DOVETAIL_JSON_MEMBER(9)
    DOVETAIL_JSON_MEMBER(10)
    DOVETAIL_JSON_MEMBER(11)
    DOVETAIL_JSON_MEMBER(12)
    DOVETAIL_JSON_MEMBER(13)
    DOVETAIL_JSON_MEMBER(14)
    DOVETAIL_JSON_MEMBER(15)
    default:
      break;
  }
#undef DOVETAIL_JSON_MEMBER
  state.index = Base + 16 < count ? Base + 16 : count;
}

/// Reads members to the end of the object, and says how it went.
/// Cost: members in their order are read one after the other; a key that comes otherwise is one multiplication and one
/// jump, which nothing can foretell when each object has an order of its own: see read_marked.hpp.
template <class T>
struct json_members_reader {
  json_source& in;
  const char* at;

  template <class... Members>
  [[gnu::always_inline]] json_object_state<T> operator()(Members&... members) const {
    return read(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }

  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] json_object_state<T> read(std::index_sequence<I...> indices, Members&... members) const {
    const json_member_places<std::index_sequence<I...>, Members...> places{{members}...};
    json_object_state<T> state{at};
    while (true) {
      read_runs(state, places, std::make_index_sequence<(sizeof...(I) + 15) / 16>{});
      if (state.is_over()) return state;
      const std::size_t index = guess_json_member<T>(state.at, in.end);
      if (index != state.index && index != sizeof...(I)) [[likely]] {
        if constexpr (is_marked_json<T>()) in.order = in.order * 2 + (index < state.index);
        state.index = index;
        continue;
      }
      json_object_state<T> apart = state;  // so that only the copy's address is known elsewhere
      read_json_other<T>(indices, in, apart, members...);
      state = apart;
      if (state.is_over()) return state;
    }
  }

  template <class Places, std::size_t... Run>
  [[gnu::always_inline]] void read_runs(json_object_state<T>& state, const Places& places,
                                        std::index_sequence<Run...>) const {
    // One after the other: a run that ends in order leaves the next one's first member as what is expected.
    (static_cast<void>(state.index / 16 == Run && (read_json_run<T, Run * 16>(in, state, places), true)), ...);
  }
};

template <reflectable T>
const char* read_json_struct(json_source& in, const char* at, T& out) {
  const char* const begin = at;
  if (at == in.end || *at != '{') [[unlikely]]
    return in.fail_expected(at, "an object");
  if (++in.depth > json_maximum_depth) [[unlikely]]
    return in.fail_depth(at);
  at = skip_json_space(at + 1, in.end);
  json_object_state<T> state{at};
  if (at != in.end && *at == '}') {
    ++state.at;
  } else {
    state = v0::with_fields(out, json_members_reader<T>{in, at});
    if (state.at == nullptr) [[unlikely]]
      return nullptr;
  }
  if (!state.seen.contains_all(required_members<T>)) [[unlikely]] {
    const missing_members missing(field_names<T>, state.seen, required_members<T>);
    return fail_json_missing(in, begin, type_name<T>(), field_names<T>, missing.list());
  }
  --in.depth;
  return state.at;
}

}  // namespace dovetail::inline v0::detail
