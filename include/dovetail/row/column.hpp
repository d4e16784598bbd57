// Wrappers of row types and fields that say how columns are found: `column<>`, `json_value<>`, `by_position<>`.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/row/json_format.hpp>

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// How the name of a member becomes the name of a column or key.
enum class name_style : std::uint8_t {
  exact,       ///< as it is spelled
  snake_case,  ///< `userName` and `UserName` become `user_name`
};

/// The style of a struct's members; specialise it for a struct of yours:
/// `template <> inline constexpr dt::name_style dt::name_style_of<order> = dt::name_style::snake_case;`
template <class T>
inline constexpr name_style name_style_of = name_style::exact;

namespace detail {

/// Only what converts to every type converts to this one: the probes with which reflection counts members.
struct anything {};

}  // namespace detail

/// A field whose column or key has a name that no member can have: `dt::column<"first name", std::string> first;`.
/// Converts to and from its value.
template <fixed_string Name, class T>
struct column {
  using value_type = T;

  T value{};

  static constexpr std::string_view name() noexcept { return Name.view(); }

  constexpr column() = default;
  constexpr column(const T& initial) : value(initial) {}        // NOLINT: implicit by purpose
  constexpr column(T&& initial) : value(std::move(initial)) {}  // NOLINT
  template <class U>
    requires(!std::is_same_v<std::remove_cvref_t<U>, column> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_convertible_v<U, detail::anything> && std::is_convertible_v<U, T>)
  constexpr column(U&& initial) : value(std::forward<U>(initial)) {}  // NOLINT

  constexpr operator T&() & noexcept { return value; }               // NOLINT
  constexpr operator const T&() const& noexcept { return value; }    // NOLINT
  constexpr operator T&&() && noexcept { return std::move(value); }  // NOLINT
  constexpr T& operator*() noexcept { return value; }
  constexpr const T& operator*() const noexcept { return value; }
  constexpr T* operator->() noexcept { return &value; }
  constexpr const T* operator->() const noexcept { return &value; }

  friend constexpr bool operator==(const column& a, const column& b) { return a.value == b.value; }
  template <class U>
    requires(!std::is_same_v<U, column>)
  friend constexpr bool operator==(const column& a, const U& b) { return a.value == b; }
};

/// A value that is kept as JSON text in one column.
template <class T>
struct json_value {
  using value_type = T;

  T value{};

  constexpr T& operator*() noexcept { return value; }
  constexpr const T& operator*() const noexcept { return value; }
  constexpr T* operator->() noexcept { return &value; }
  constexpr const T* operator->() const noexcept { return &value; }

  friend constexpr bool operator==(const json_value& a, const json_value& b) { return a.value == b.value; }
};

template <class T>
json_value(T) -> json_value<T>;

/// A row type whose members take the columns in order, whatever their names are: `db.query<dt::by_position<point>>(…)`
/// gives rows of `point`.
template <class T>
struct by_position {
  using row_type = T;
};

}  // namespace dovetail::inline v0
