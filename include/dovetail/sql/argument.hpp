// The arguments of a statement: named ones, the fields of structs, ranges.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/row/reflect.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// The argument of a `:name`. Made by `dt::arg<"name">(value)`.
template <fixed_string Name, class T>
struct named_argument {
  using value_type = std::remove_cvref_t<T>;
  static constexpr std::string_view name = Name.view();
  T value;  ///< a reference when `arg` was given an lvalue
};

/// Gives `value` to each placeholder with this name. Lifetime: borrows an lvalue, keeps a temporary.
template <fixed_string Name, class T>
constexpr named_argument<Name, T> arg(T&& value) noexcept(std::is_nothrow_constructible_v<T, T&&>) {
  return {std::forward<T>(value)};
}

/// The kinds of the arguments of one call.
enum class argument_style : std::uint8_t { none, positional, named, mixed };

/// One value that a placeholder can take: an argument, or a field of a struct given as argument.
struct argument_slot {
  std::string_view name;     ///< empty for a positional one
  bool is_range = false;     ///< may stand for several values in `in (…)`
  bool is_optional = false;  ///< a struct's field: need not be used
};

/// Which parameter of the statement a slot fills.
struct parameter_place {
  std::uint16_t number = 0;  ///< counted from 1; 0 when the slot is not used
  bool expands = false;      ///< a range that takes as many native parameters as it has elements

  friend constexpr bool operator==(const parameter_place&, const parameter_place&) = default;
};

namespace detail {

template <class T>
inline constexpr bool is_named_argument = false;
template <fixed_string Name, class T>
inline constexpr bool is_named_argument<named_argument<Name, T>> = true;

template <fixed_string Name, class T>
inline constexpr bool is_single_value<named_argument<Name, T>> = true;

/// Stand for any positional value and any range, so that calls that differ in value types share their checks.
struct one_value {};
struct range_of_values {};
template <>
inline constexpr bool is_single_value<one_value> = true;
template <>
inline constexpr bool is_single_value<range_of_values> = true;

template <class T>
inline constexpr bool is_byte_element = false;
template <>
inline constexpr bool is_byte_element<std::byte> = true;

/// A range that an `in (…)` can take: not text, not bytes, not a value of its own.
template <class T>
concept argument_range =
    !std::is_convertible_v<const T&, std::string_view> && !is_single_value<T> && requires(const T& range) {
  range.begin();
  range.end();
  requires !is_byte_element<std::remove_cvref_t<decltype(*range.begin())>>;
  requires !std::is_same_v<std::remove_cvref_t<decltype(*range.begin())>, T>;  // a path of the file system
};

template <class T>
inline constexpr bool is_range_argument = argument_range<T>;
template <>
inline constexpr bool is_range_argument<range_of_values> = true;

template <class T>
struct argument_shape {
  using value = std::conditional_t<is_range_argument<T>, range_of_values, one_value>;
  using type = std::conditional_t<reflectable<T>, T, value>;
};
template <>
struct argument_shape<one_value> {
  using type = one_value;
};
template <>
struct argument_shape<range_of_values> {
  using type = range_of_values;
};
template <fixed_string Name, class T>
struct argument_shape<named_argument<Name, T>> {
  using value = std::conditional_t<is_range_argument<std::remove_cvref_t<T>>, range_of_values, one_value>;
  using type = named_argument<Name, value>;
};

/// All that the checks of a statement need to know of an argument's type.
template <class T>
using argument_shape_t = typename argument_shape<std::remove_cvref_t<T>>::type;

template <class T>
struct argument_traits {
  static constexpr bool is_struct = reflectable<T>;
  static constexpr bool is_named = is_struct || is_named_argument<T>;
  static constexpr std::size_t argument_slots = [] {
    if constexpr (is_struct) {
      return field_count<T>;
    } else {
      return std::size_t{1};
    }
  }();

  static constexpr argument_slot* put(argument_slot* out) noexcept {
    if constexpr (is_struct) {
      put_fields(out, std::make_index_sequence<argument_slots>{});
    } else if constexpr (is_named_argument<T>) {
      *out = {.name = T::name, .is_range = is_range_argument<typename T::value_type>};
    } else {
      *out = {.name = {}, .is_range = is_range_argument<T>};
    }
    return out + argument_slots;
  }

 private:
  template <std::size_t... I>
  static constexpr void put_fields(argument_slot* out, std::index_sequence<I...>) noexcept {
    ((out[I] = {.name = field_names<T>[I],
                .is_range = is_range_argument<std::remove_cv_t<field_type<T, I>>>,
                .is_optional = true}),
     ...);
  }
};

/// What is known of a call's arguments from their types.
template <class... Args>
struct argument_pack {
  static constexpr std::size_t slot_count = (argument_traits<Args>::argument_slots + ... + 0);
  static constexpr argument_style style = [] {
    constexpr std::size_t named = (std::size_t{argument_traits<Args>::is_named} + ... + 0);
    if (sizeof...(Args) == 0) return argument_style::none;
    if (named == sizeof...(Args)) return argument_style::named;
    return named == 0 ? argument_style::positional : argument_style::mixed;
  }();
  static constexpr std::array<argument_slot, slot_count> argument_slots = [] {
    std::array<argument_slot, slot_count> all{};
    [[maybe_unused]] argument_slot* out = all.data();
    ((out = argument_traits<Args>::put(out)), ...);
    return all;
  }();
  static constexpr bool has_ranges = [] {
    for (const argument_slot& slot : argument_slots) {
      if (slot.is_range) return true;
    }
    return false;
  }();
};

/// Calls `visit(value)` with the value behind each slot of `argument`, in their order; stops at the first false.
template <class T, class F>
constexpr bool visit_slots(const T& argument, F& visit) {
  if constexpr (argument_traits<T>::is_struct) {
    return v0::with_fields(argument, [&](const auto&... fields) { return (visit(fields) && ...); });
  } else if constexpr (is_named_argument<T>) {
    return visit(argument.value);
  } else {
    return visit(argument);
  }
}

template <class T>
constexpr std::uint32_t range_size(const T& range) noexcept {
  if constexpr (requires { range.size(); }) {
    return static_cast<std::uint32_t>(range.size());
  } else {
    std::uint32_t size = 0;
    for (auto it = range.begin(); it != range.end(); ++it) ++size;
    return size;
  }
}

}  // namespace detail
}  // namespace dovetail::inline v0
