// Text as a template argument: `dt::arg<"id">`, `dt::column<"first name", T>`, `dt::lensdb::get<"user:1">`.
#pragma once

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0 {

/// A string literal that can be a template argument. A structural type: compare and print it through `view()`.
template <std::size_t Size>
struct fixed_string {
  char characters[Size + 1]{};

  consteval fixed_string(const char (&literal)[Size + 1]) noexcept {  // NOLINT: implicit by purpose
    for (std::size_t i = 0; i < Size; ++i) characters[i] = literal[i];
  }
  constexpr explicit fixed_string(std::string_view text) noexcept {
    for (std::size_t i = 0; i < Size; ++i) characters[i] = text[i];
  }

  static constexpr std::size_t size() noexcept { return Size; }
  constexpr std::string_view view() const noexcept { return {characters, Size}; }

  template <std::size_t Other>
  constexpr bool operator==(const fixed_string<Other>& other) const noexcept {
    return view() == other.view();
  }
};

template <std::size_t SizeWithZero>
fixed_string(const char (&)[SizeWithZero]) -> fixed_string<SizeWithZero - 1>;

}  // namespace dovetail::inline v0
