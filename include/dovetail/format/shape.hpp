// What a type looks like to the value formats: sequence, dictionary, bytes, optional, tuple, text.
#pragma once

#include <dovetail/row/field.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t N>
inline constexpr bool is_std_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_std_tuple = false;
template <class... Types>
inline constexpr bool is_std_tuple<std::tuple<Types...>> = true;
template <class A, class B>
inline constexpr bool is_std_tuple<std::pair<A, B>> = true;

/// `column<>` and `json_value<>`: the formats see the value inside.
template <class T>
inline constexpr bool is_transparent = is_column<T> || is_json_value<T>;

/// True when a member may be missing: it is empty then.
template <class T>
inline constexpr bool may_be_missing = is_optional<T>;
template <fixed_string Name, class T>
inline constexpr bool may_be_missing<column<Name, T>> = may_be_missing<T>;
template <class T>
inline constexpr bool may_be_missing<json_value<T>> = may_be_missing<T>;

template <class T>
concept character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
    std::same_as<T, char16_t> || std::same_as<T, char32_t>;

/// Every integer but `bool` and characters, which are neither numbers nor texts here.
template <class T>
concept whole_number = std::integral<T> && !std::same_as<T, bool> && !character<T>;

template <class T>
concept real_number = std::same_as<T, float> || std::same_as<T, double>;

/// What can be written as text as it is.
template <class T>
concept text_like = std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>;

/// A growing container of elements.
template <class T>
concept sequence = requires(T& container) {
  typename T::value_type;
  container.begin() != container.end();
  container.emplace_back();
  container.clear();
}
&&!text_like<T>;

/// `std::set` and its relatives.
template <class T>
concept set_like = requires(T& container, typename T::value_type value) {
  typename T::key_type;
  container.insert(std::move(value));
  container.clear();
}
&&!requires { typename T::mapped_type; };

/// `std::map` and its relatives, without duplicate keys.
template <class T>
concept dictionary = requires(T& container, typename T::key_type key) {
  typename T::mapped_type;
  container.try_emplace(std::move(key)).second;
  container.clear();
};

/// Anything that can be looped over, for writing.
template <class T>
concept loopable = requires(const T& range) {
  range.begin() != range.end();
  *range.begin();
}
&&!text_like<T>;

template <class T>
inline constexpr bool is_byte_container = false;
template <class Allocator>
inline constexpr bool is_byte_container<std::vector<std::byte, Allocator>> = true;
template <std::size_t N>
inline constexpr bool is_byte_container<std::array<std::byte, N>> = true;
template <std::size_t Extent>
inline constexpr bool is_byte_container<std::span<const std::byte, Extent>> = true;
template <std::size_t Extent>
inline constexpr bool is_byte_container<std::span<std::byte, Extent>> = true;

/// The number of elements of something that can be looped over.
template <class T>
constexpr std::size_t count_elements(const T& range) {
  if constexpr (requires { range.size(); }) {
    return static_cast<std::size_t>(range.size());
  } else {
    std::size_t count = 0;
    for (auto at = range.begin(); at != range.end(); ++at) ++count;
    return count;
  }
}

/// Always false, and depends on T: for the branch that no type should reach.
template <class T>
inline constexpr bool is_supported = false;

/// Which members of a struct have been read: one bit each.
template <std::size_t Count>
struct member_set {
  static constexpr std::size_t words = (Count + 63) / 64;
  std::uint64_t bits[words == 0 ? 1 : words]{};

  constexpr void insert(std::size_t i) noexcept { bits[i / 64] |= std::uint64_t{1} << (i % 64); }
  constexpr bool contains(std::size_t i) const noexcept { return (bits[i / 64] >> (i % 64) & 1) != 0; }
  constexpr bool contains_all(const member_set& others) const noexcept {
    for (std::size_t i = 0; i < words; ++i) {
      if ((others.bits[i] & ~bits[i]) != 0) return false;
    }
    return true;
  }
};

template <class T, std::size_t... I>
consteval auto find_required_members(std::index_sequence<I...>) {
  member_set<sizeof...(I)> required;
  ((may_be_missing<std::remove_cv_t<field_type<T, I>>> ? void() : required.insert(I)), ...);
  return required;
}

template <class T>
inline constexpr auto required_members = find_required_members<T>(std::make_index_sequence<field_count<T>>{});

/// The names of the members that are required and were not there.
template <std::size_t Count>
class missing_members {
 public:
  [[gnu::cold, gnu::noinline]] missing_members(const std::array<std::string_view, Count>& names,
                                               const member_set<Count>& seen, const member_set<Count>& required) {
    for (std::size_t i = 0; i < Count; ++i) {
      if (!seen.contains(i) && required.contains(i)) names_[count_++] = names[i];
    }
  }
  std::span<const std::string_view> list() const noexcept { return {names_.data(), count_}; }

 private:
  std::array<std::string_view, Count> names_{};
  std::size_t count_ = 0;
};

/// missing "a", "b" of type
[[gnu::cold, gnu::noinline]] inline std::string describe_missing(std::string_view type,
                                                                 std::span<const std::string_view> missing) {
  std::string text = "missing ";
  for (std::size_t i = 0; i < missing.size(); ++i) {
    text += i == 0 ? "\"" : ", \"";
    text += missing[i];
    text += '"';
  }
  text += " of ";
  text += type;
  return text;
}

}  // namespace dovetail::inline v0::detail
