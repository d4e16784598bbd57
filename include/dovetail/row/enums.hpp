// Enumerators by name: the names of an enum's values as the programmer spelled them.
#pragma once

#include <dovetail/row/describe.hpp>
#include <dovetail/row/member_name.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wenum-constexpr-conversion"  // a warning up to Clang 19, then no constant any more
#endif

template <class E, int Value>
concept enum_may_hold = requires {
  typename std::integral_constant<E, static_cast<E>(Value)>;
};

/// An enum without a fixed type holds no more than the bits of its enumerators can express.
template <class E, int Bits = 7>
consteval int last_value_of() {
  if constexpr (Bits == 0 || enum_may_hold<E, (1 << Bits) - 1>) {
    return (1 << Bits) - 1;
  } else {
    return last_value_of<E, Bits - 1>();
  }
}

template <class E>
consteval int first_value_of() {
  if constexpr (std::is_unsigned_v<std::underlying_type_t<E>>) {
    return 0;
  } else {
    return -last_value_of<E>() - 1;
  }
}

/// Without the compilers' warnings about values that are no enumerator.
template <class E>
constexpr E enum_from_bits(int value) {
  return std::bit_cast<E>(static_cast<std::underlying_type_t<E>>(value));
}

template <class E, E... Values>
consteval auto enumerator_signature() {
  return std::string_view{__PRETTY_FUNCTION__};
}

/// The part of a signature with the values: one of an enumerator is its qualified name, another one is a cast "(E)5".
template <class E, std::size_t... I>
consteval std::string_view enumerator_spelling(std::index_sequence<I...>) {
  const std::string_view text =
      enumerator_signature<E, enum_from_bits<E>(first_value_of<E>() + static_cast<int>(I))...>();
  const std::size_t key = text.rfind("Values = ");
  return text.substr(key + 10, text.size() - key - 12);  // behind "{" or "<", and without "}]" or ">]"
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

/// Cuts the next value off `text` and gives its last identifier; empty when the value has no name.
constexpr std::string_view next_enumerator(std::string_view& text) noexcept {
  std::size_t end = 0;
  int depth = 0;
  std::size_t name = 0;
  bool is_cast = !text.empty() && text[0] == '(';
  for (; end < text.size() && (depth > 0 || text[end] != ','); ++end) {
    const char c = text[end];
    if (c == '(' || c == '<' || c == '{') ++depth;
    if (c == ')' || c == '>' || c == '}') {
      --depth;
      // "(anonymous namespace)::red" is a name, "(color)5" is not
      if (depth == 0 && c == ')' && is_cast && end + 1 < text.size() && text[end + 1] == ':') is_cast = false;
    }
    if (depth == 0 && c == ':') name = end + 1;
  }
  const std::string_view found = is_cast ? std::string_view{} : text.substr(name, end - name);
  text.remove_prefix(end + 2 < text.size() ? end + 2 : text.size());
  return found;
}

template <class E>
struct enum_entry {
  E value;
  std::string_view name;
};

template <class E, std::size_t Count, std::size_t Size>
struct packed_enum {
  std::array<E, Count> values{};
  std::array<std::size_t, Count + 1> ends{};
  std::array<char, Size> text{};

  constexpr std::string_view name(std::size_t i) const noexcept {
    return {text.data() + ends[i], ends[i + 1] - ends[i]};
  }
};

struct enum_size {
  std::size_t count = 0;
  std::size_t characters = 0;
};

consteval enum_size measure_enumerators(std::string_view text) {
  enum_size size;
  while (!text.empty()) {
    const std::string_view name = next_enumerator(text);
    if (name.empty()) continue;
    ++size.count;
    size.characters += name.size();
  }
  return size;
}

template <class E>
consteval auto pack_enumerators() {
  constexpr std::size_t span = static_cast<std::size_t>(last_value_of<E>() - first_value_of<E>() + 1);
  constexpr std::string_view spelling = enumerator_spelling<E>(std::make_index_sequence<span>{});
  constexpr enum_size size = measure_enumerators(spelling);
  packed_enum<E, size.count, size.characters> packed;
  std::string_view text = spelling;
  std::size_t found = 0;
  std::size_t end = 0;
  for (int value = first_value_of<E>(); value <= last_value_of<E>(); ++value) {
    const std::string_view name = next_enumerator(text);
    if (name.empty()) continue;
    for (const char c : name) packed.text[end++] = c;
    packed.values[found++] = enum_from_bits<E>(value);
    packed.ends[found] = end;
  }
  return packed;
}

template <class E>
inline constexpr auto enumerators_of = pack_enumerators<E>();

template <class E>
consteval auto list_enumerators() {
  if constexpr (described_enum<E>) {
    constexpr auto& described = v0::describe<E>::enumerators;
    std::array<enum_entry<E>, std::size(described)> list{};
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = {described[i].value, described[i].name};
    return list;
  } else {
    constexpr auto& packed = enumerators_of<E>;
    std::array<enum_entry<E>, packed.values.size()> list{};
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = {packed.values[i], packed.name(i)};
    return list;
  }
}

template <class E>
inline constexpr auto enumerator_list = list_enumerators<E>();

}  // namespace detail

/// The name of an enumerator; empty when `value` is none. Enumerators from -128 to 127 are found by themselves, others
/// (and other spellings) need a `dt::describe<E>`.
template <class E>
  requires std::is_enum_v<E>
constexpr std::string_view enum_name(E value) noexcept {
  for (const auto& entry : detail::enumerator_list<E>) {
    if (entry.value == value) return entry.name;
  }
  return {};
}

/// The enumerator that `name` names exactly; nothing when there is none.
template <class E>
  requires std::is_enum_v<E>
constexpr std::optional<E> enum_value(std::string_view name) noexcept {
  for (const auto& entry : detail::enumerator_list<E>) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

}  // namespace dovetail::inline v0
