// JSON objects into structs: the keys in the order of the members are the predicted case, any order is accepted.
#pragma once

#include <dovetail/base/similarity.hpp>
#include <dovetail/format/json/keys.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/row/type_name.hpp>

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

/// How far an object has been read.
struct json_object_state {
  const char* at;  // the next key, or behind the closing brace; null after a failure
  bool is_closed = false;
};

/// Reads member `I` if its key is next. False when the object is read to its end, or a failure stops it.
template <class T, std::size_t I, class Member>
[[gnu::always_inline]] inline bool read_json_predicted(json_source& in, json_object_state& state,
                                                       member_set<field_count<T>>& seen, Member& member) {
  constexpr std::size_t size = json_key<T, I>.size() - 1;  // without the comma
  const char* at = state.at;
  if (static_cast<std::size_t>(in.end - at) < size || !equals_key<size>(at, json_key<T, I>.data() + 1)) return true;
  at = read_json_value(in, skip_json_space(at + size, in.end), member);
  if (at == nullptr) [[unlikely]] {
    in.failure.inside_member(field_names<T>[I]);
    state.at = nullptr;
    return false;
  }
  seen.insert(I);
  if (at != in.end && *at == ',') [[likely]] {
    state.at = skip_json_space(at + 1, in.end);
    return true;
  }
  state.at = read_json_separator(in, at, '}', state.is_closed);
  return state.at != nullptr && !state.is_closed;
}

/// Reads the members that did not come in their order.
template <class T, std::size_t... I, class... Members>
[[gnu::noinline]] void read_json_members(std::index_sequence<I...>, json_source& in, json_object_state& state,
                                         member_set<field_count<T>>& seen, Members&... members) {
  constexpr std::size_t count = sizeof...(I);
  std::string space;
  std::size_t previous = 0;
  in.order.begin(field_names<T>.data());
  while (!state.is_closed) {
    const char* const key_at = state.at;
    std::string_view key;
    std::size_t index = in.order.guess(previous);
    const char* at = key_at;
    if (index < count && begins_with_key(at, in.end, json_keys<T>[index])) [[likely]] {
      at = skip_json_space(at + json_keys<T>[index].size(), in.end);
    } else {
      at = view_json_key(in, key_at, space, key);
      index = find_member(field_names<T>.data(), count, key, in.order.guess(previous));
    }
    if (at != nullptr) {
      if (index == count) {
        at = skip_json_value(in, at);
        if (at == nullptr) in.failure.inside_member(key);
      } else if (seen.contains(index)) {
        at = in.fail(key_at, errc::malformed_value,
                     join_message({"the key \"", field_names<T>[index], "\" is given twice"}));
      } else {
        static_cast<void>(((I == index ? (at = read_json(in, at, members), true) : false) || ...));
        if (at == nullptr) in.failure.inside_member(field_names<T>[index]);
        seen.insert(index);
        in.order.learn(previous, index);
        previous = index + 1;
      }
    }
    if (at == nullptr) [[unlikely]] {
      state.at = nullptr;
      return;
    }
    if (at != in.end && *at == ',') [[likely]] {
      state.at = skip_json_space(at + 1, in.end);
      continue;
    }
    state.at = read_json_separator(in, at, '}', state.is_closed);
    if (state.at == nullptr) [[unlikely]]
      return;
  }
}

template <class T>
struct json_members_reader {
  json_source& in;
  json_object_state& state;
  member_set<field_count<T>>& seen;

  template <class... Members>
  [[gnu::always_inline]] void operator()(Members&... members) const {
    read(std::make_index_sequence<sizeof...(Members)>{}, members...);
  }

  template <std::size_t... I, class... Members>
  [[gnu::always_inline]] void read(std::index_sequence<I...> indices, Members&... members) const {
    if ((read_json_predicted<T, I>(in, state, seen, members) && ...)) {
      read_json_members<T>(indices, in, state, seen, members...);
    }
  }
};

template <reflectable T>
const char* read_json_struct(json_source& in, const char* at, T& out) {
  if (at == in.end || *at != '{') [[unlikely]]
    return in.fail_expected(at, "an object");
  if (++in.depth > json_maximum_depth) [[unlikely]]
    return in.fail_depth(at);
  member_set<field_count<T>> seen;
  json_object_state state{skip_json_space(at + 1, in.end)};
  if (state.at != in.end && *state.at == '}') {
    ++state.at;
  } else {
    v0::with_fields(out, json_members_reader<T>{in, state, seen});
    if (state.at == nullptr) [[unlikely]]
      return nullptr;
  }
  if (!seen.contains_all(required_members<T>)) [[unlikely]] {
    const missing_members missing(field_names<T>, seen, required_members<T>);
    return fail_json_missing(in, at, type_name<T>(), field_names<T>, missing.list());
  }
  --in.depth;
  return state.at;
}

}  // namespace dovetail::inline v0::detail
