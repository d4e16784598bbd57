// JSON text into C++ values: one function that picks the form of a type, and the forms that are not structs.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/format/base64.hpp>
#include <dovetail/format/json/keys.hpp>
#include <dovetail/format/json/number.hpp>
#include <dovetail/format/json/read_marked.hpp>
#include <dovetail/format/json/read_struct.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/json/string.hpp>
#include <dovetail/format/json/text.hpp>
#include <dovetail/format/shape.hpp>
#include <dovetail/format/text_form.hpp>
#include <dovetail/row/enums.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// `at` is the opening bracket; `read_next(at)` reads one element and adds to the failure's path by itself.
template <class ReadNext>
const char* read_json_array(json_source& in, const char* at, ReadNext read_next) {
  if (at == in.end || *at != '[') [[unlikely]]
    return in.fail_expected(at, "an array");
  if (++in.depth > json_maximum_depth) [[unlikely]]
    return in.fail_depth(at);
  at = skip_json_space(at + 1, in.end);
  bool is_closed = at != in.end && *at == ']';
  if (is_closed) ++at;
  while (!is_closed) {
    at = read_next(at);
    if (at == nullptr) [[unlikely]]
      return nullptr;
    at = read_json_separator(in, at, ']', is_closed);
    if (at == nullptr) [[unlikely]]
      return nullptr;
  }
  --in.depth;
  return at;
}

/// How many more elements the text may hold, as the first ones suggest; memory for them is at most some times the text.
inline std::size_t estimate_elements(const char* first, const char* at, const char* end, std::size_t read,
                                     std::size_t element_size) noexcept {
  const auto used = static_cast<std::size_t>(at - first);
  const auto left = static_cast<std::size_t>(end - at);
  const std::size_t by_text = static_cast<std::size_t>(static_cast<double>(left) / static_cast<double>(used) *
                                                       static_cast<double>(read) * 1.05);
  const std::size_t by_memory = left * 4 / element_size;
  return by_text < by_memory ? by_text : by_memory;
}

/// One element of an array; `watch` is for all of them.
template <class T>
[[gnu::always_inline]] inline const char* read_json_element(json_source& in, const char* at, T& out,
                                                            json_order_watch& watch) {
  if (watch.is_varying()) {
    if (const char* const behind = read_json_marked(in, at, out, watch.marks)) {
      watch.note_read();
      return behind;
    }
    watch.note_refusal();
  }
  in.order = 0;
  at = read_json(in, at, out);
  watch.note_order(in.order);
  return at;
}

template <sequence T>
const char* read_json_sequence(json_source& in, const char* at, T& out) {
  constexpr std::size_t sample = 16;
  out.clear();
  std::size_t count = 0;
  const char* const first = at;
  constexpr bool is_marked = is_marked_json<typename T::value_type>();
  [[maybe_unused]] std::conditional_t<is_marked, json_order_watch, no_order_watch> watch;
  return read_json_array(in, at, [&](const char* next) {
    if constexpr (requires { out.reserve(count); }) {
      // Only for the outermost array: a guess for each of many inner ones would add up to many times the text.
      if (count == sample && in.depth == 1) {
        out.reserve(sample + estimate_elements(first, next, in.end, sample, sizeof(typename T::value_type)));
      }
    }
    if constexpr (std::same_as<typename T::value_type, bool>) {
      bool element = false;
      next = read_json(in, next, element);
      if (next != nullptr) out.push_back(element);
    } else if constexpr (is_marked) {
      next = read_json_element(in, next, out.emplace_back(), watch);
    } else {
      next = read_json(in, next, out.emplace_back());
    }
    if (next == nullptr) [[unlikely]]
      in.failure.inside_element(count);
    ++count;
    return next;
  });
}

template <class T>
const char* read_json_set(json_source& in, const char* at, T& out) {
  out.clear();
  std::size_t count = 0;
  return read_json_array(in, at, [&](const char* next) {
    typename T::value_type element{};
    next = read_json(in, next, element);
    if (next == nullptr) {
      in.failure.inside_element(count);
    } else {
      out.insert(std::move(element));
    }
    ++count;
    return next;
  });
}

/// Fixed numbers of elements: `std::array`, `std::tuple`, `std::pair`. `read_at(i, at)` reads element `i`.
template <class ReadAt>
const char* read_json_fixed(json_source& in, const char* at, std::size_t size, ReadAt read_at) {
  const char* const begin = at;
  std::size_t count = 0;
  at = read_json_array(in, at, [&](const char* next) -> const char* {
    if (count == size) return in.fail_expected(next, join_message({"the end of an array of ", size, " elements"}));
    next = read_at(count, next);
    if (next == nullptr) in.failure.inside_element(count);
    ++count;
    return next;
  });
  if (at != nullptr && count != size) {
    return in.fail(begin, errc::malformed_value,
                   join_message({"expected an array of ", size, " elements, found ", count}));
  }
  return at;
}

template <class T, std::size_t... I>
const char* read_json_tuple(json_source& in, const char* at, T& out, std::index_sequence<I...>) {
  return read_json_fixed(in, at, sizeof...(I), [&](std::size_t index, const char* next) {
    const char* after = nullptr;
    static_cast<void>(((I == index ? (after = read_json(in, next, std::get<I>(out)), true) : false) || ...));
    return after;
  });
}

/// A key of a dictionary, which is always text in JSON.
template <class K>
bool read_json_key(std::string_view text, K& key) {
  if constexpr (std::same_as<K, std::string>) {
    key = text;
    return true;
  } else if constexpr (whole_number<K>) {
    return parse_integer(text, key);
  } else if constexpr (std::is_enum_v<K>) {
    const std::optional<K> named = enum_value<K>(text);
    std::underlying_type_t<K> number{};
    if (!named && !parse_integer(text, number)) return false;
    key = named ? *named : static_cast<K>(number);
    return true;
  } else if constexpr (has_text_form<K>) {
    return read_text_form(text, key);
  } else {
    static_assert(is_supported<K>, "dovetail: keys of JSON objects are std::string, integers, enums, dates, uuid");
    return false;
  }
}

template <dictionary T>
const char* read_json_dictionary(json_source& in, const char* at, T& out) {
  if (at == in.end || *at != '{') return in.fail_expected(at, "an object");
  if (++in.depth > json_maximum_depth) return in.fail_depth(at);
  out.clear();
  std::string space;
  at = skip_json_space(at + 1, in.end);
  bool is_closed = at != in.end && *at == '}';
  if (is_closed) ++at;
  while (!is_closed) {
    const char* const key_at = at;
    std::string_view text;
    at = view_json_key(in, at, space, text);
    if (at == nullptr) return nullptr;
    typename T::key_type key{};
    if (!read_json_key(text, key))
      return in.fail(key_at, errc::malformed_value, "the key is not of its C++ type's form");
    const auto [entry, is_new] = out.try_emplace(std::move(key));
    if (!is_new)
      return in.fail(key_at, errc::malformed_value,
                     join_message({"the key \"", text.substr(0, 64), "\" is given twice"}));
    at = read_json(in, at, entry->second);
    if (at == nullptr) {
      in.failure.inside_member(text.data() == space.data() ? std::string_view{space} : text);
      return nullptr;
    }
    at = read_json_separator(in, at, '}', is_closed);
    if (at == nullptr) return nullptr;
  }
  --in.depth;
  return at;
}

/// The names that an enum has, for messages.
template <class E>
[[gnu::cold, gnu::noinline]] std::string expected_enumerators() {
  std::string text;
  for (const auto& entry : enumerator_list<E>) {
    if (text.size() > 200) return "expected one of " + text + ", …";
    if (!text.empty()) text += ", ";
    text += '"';
    text += entry.name;
    text += '"';
  }
  return text.empty() ? "expected the number of an enumerator" : "expected one of " + text;
}

template <class E>
const char* read_json_enum(json_source& in, const char* at, E& out) {
  if (at != in.end && *at == '"') {
    std::string space;
    std::string_view name;
    const char* const begin = at;
    at = view_json_string(in, at, space, name);
    if (at == nullptr) return nullptr;
    const std::optional<E> value = enum_value<E>(name);
    if (!value) return in.fail(begin, errc::malformed_value, expected_enumerators<E>() + ", found another name");
    out = *value;
    return at;
  }
  if (at == in.end || (*at != '-' && (*at < '0' || *at > '9'))) return in.fail_expected(at, "a name or number");
  std::underlying_type_t<E> number{};
  at = read_json_integer(in, at, number);
  out = static_cast<E>(number);
  return at;
}

/// Byte containers are base64 strings.
template <class T>
const char* read_json_bytes(json_source& in, const char* at, T& out) {
  std::string space;
  std::string_view text;
  const char* const begin = at;
  at = view_json_string(in, at, space, text);
  if (at == nullptr) return nullptr;
  if constexpr (is_std_array<T>) {
    if (base64_byte_count(text) != out.size()) {
      return in.fail(begin, errc::malformed_value, join_message({"expected base64 of ", out.size(), " bytes"}));
    }
  } else {
    out.resize(base64_byte_count(text));
  }
  if (!read_base64(text, out)) return in.fail(begin, errc::malformed_value, "expected base64 with padding");
  return at;
}

template <has_text_form T>
const char* read_json_text_form(json_source& in, const char* at, T& out) {
  std::string space;
  std::string_view text;
  const char* const begin = at;
  if (kind_of<T>() == field_kind::decimal && at != in.end && *at != '"') {
    json_number number;  // a decimal number may stand without quotes; its digits are taken exactly
    at = scan_json_number(in, at, number);
    if (at == nullptr) return nullptr;
    text = {begin, static_cast<std::size_t>(at - begin)};
  } else {
    at = view_json_string(in, at, space, text);
    if (at == nullptr) return nullptr;
  }
  if (!read_text_form(text, out)) {
    return in.fail(begin, errc::malformed_value, join_message({"expected ", text_form_name<T>()}));
  }
  return at;
}

[[gnu::always_inline]] inline const char* read_json_bool(json_source& in, const char* at, bool& out) {
  if (in.end - at >= 5) [[likely]] {  // nothing here branches on the value, which is as good as random
    const bool is_true = equals_key<4>(at, "true");
    if (is_true | equals_key<5>(at, "false")) [[likely]] {
      out = is_true;
      return at + 5 - is_true;
    }
  }
  if (in.end - at >= 4 && equals_key<4>(at, "true")) {
    out = true;
    return at + 4;
  }
  if (in.end - at >= 5 && equals_key<5>(at, "false")) {
    out = false;
    return at + 5;
  }
  return in.fail_expected(at, "true or false");
}

template <class T>
const char* read_json_codec(json_source& in, const char* at, T& out) {
  typename field_codec<T>::stored_type stored{};
  const char* const begin = at;
  at = read_json(in, at, stored);
  if (at == nullptr) return nullptr;
  result<T> decoded = field_codec<T>::decode(std::move(stored));
  if (!decoded) return in.fail(begin, errc::malformed_value, describe_codec_failure(decoded.error()));
  out = *std::move(decoded);
  return at;
}

/// Reads a value of any supported type; `at` is the first character that is no white space.
template <class T>
[[gnu::always_inline]] inline const char* read_json_value(json_source& in, const char* at, T& out) {
  if constexpr (has_field_codec<T>) {
    return read_json_codec(in, at, out);
  } else if constexpr (std::same_as<T, bool>) {
    return read_json_bool(in, at, out);
  } else if constexpr (whole_number<T>) {
    return read_json_integer(in, at, out);
  } else if constexpr (real_number<T>) {
    return read_json_real(in, at, out);
  } else if constexpr (std::same_as<T, std::string>) {
    return read_json_string(in, at, out);
  } else if constexpr (is_optional<T>) {
    if (in.end - at >= 4 && equals_key<4>(at, "null")) {
      out.reset();
      return at + 4;
    }
    return read_json_value(in, at, out.emplace());
  } else if constexpr (is_transparent<T>) {
    return read_json_value(in, at, out.value);
  } else if constexpr (std::same_as<T, json_text>) {
    const char* const begin = at;
    at = skip_json_value(in, at);
    if (at != nullptr) out.text.assign(begin, at);
    return at;
  } else if constexpr (has_text_form<T>) {
    return read_json_text_form(in, at, out);
  } else if constexpr (std::is_enum_v<T> && !std::same_as<T, std::byte>) {
    return read_json_enum(in, at, out);
  } else if constexpr (is_byte_container<T>) {
    return read_json_bytes(in, at, out);
  } else if constexpr (is_std_array<T>) {
    return read_json_fixed(in, at, out.size(),
                           [&](std::size_t i, const char* next) { return read_json(in, next, out[i]); });
  } else if constexpr (is_std_tuple<T>) {
    return read_json_tuple(in, at, out, std::make_index_sequence<std::tuple_size_v<T>>{});
  } else if constexpr (dictionary<T>) {
    return read_json_dictionary(in, at, out);
  } else if constexpr (set_like<T>) {
    return read_json_set(in, at, out);
  } else if constexpr (sequence<T>) {
    return read_json_sequence(in, at, out);
  } else if constexpr (reflectable<T>) {
    return read_json_struct(in, at, out);
  } else {
    // If the compiler points here: T is no struct that reflection sees, and has neither dt::describe nor
    // dt::field_codec.
    static_assert(
        is_supported<T>,
        "dovetail: this type cannot be read from JSON: give a class a dt::describe<T>, a value a dt::field_codec<T>");
    return nullptr;
  }
}

template <class T>
[[gnu::noinline]] const char* read_json(json_source& in, const char* at, T& out) {
  return read_json_value(in, at, out);
}

}  // namespace dovetail::inline v0::detail
