// Text whose length is part of its type, so that a frame of literals is an array built by the compiler.
#pragma once

#include <concepts>
#include <cstddef>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::lensdb {

/// A copy of a string literal without its final zero; other zeros in it are kept.
template <std::size_t Size>
struct literal {
  char characters[Size == 0 ? 1 : Size]{};

  constexpr literal() noexcept = default;
  constexpr literal(const char (&text)[Size + 1]) noexcept {  // NOLINT: implicit by purpose
    for (std::size_t i = 0; i < Size; ++i) characters[i] = text[i];
  }

  static constexpr std::size_t size() noexcept { return Size; }
  constexpr const char* data() const noexcept { return characters; }
  constexpr operator std::string_view() const noexcept { return {characters, Size}; }  // NOLINT
};

namespace detail {

template <class T>
struct frame_text {
  using type = std::string_view;
};
template <std::size_t SizeWithZero>
struct frame_text<const char (&)[SizeWithZero]> {
  using type = literal<SizeWithZero - 1>;
};
template <std::size_t Size>
struct frame_text<const literal<Size>&> {
  using type = literal<Size>;
};

/// How an operation keeps an argument: a string literal by value (its length is known), everything else as a view.
/// An array that is not const is a buffer, not a literal: it is taken up to its first zero.
template <class T>
using frame_text_t = typename frame_text<T>::type;

template <class T>
concept text_argument = std::convertible_to<T, std::string_view>;

template <class T>
inline constexpr bool is_literal = false;
template <std::size_t Size>
inline constexpr bool is_literal<literal<Size>> = true;

}  // namespace detail
}  // namespace dovetail::inline v0::lensdb
