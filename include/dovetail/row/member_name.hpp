// The names of a struct's members, read from the compiler's spelling of their addresses.
#pragma once

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::detail {

#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif

template <class T>
struct unborn {
  T object;
};

/// Declared and never defined: only the addresses of its members are used, at compile time.
template <class T>
extern const unborn<T> unborn_object;

template <class T>
constexpr const T& unborn_instance() noexcept {
  return unborn_object<T>.object;
}

#if defined(__clang__)
#pragma clang diagnostic pop
#endif

/// Clang 16 takes the address of a member as a template argument only inside of a class.
template <class Pointer>
struct member_address {
  Pointer pointer;
};

template <member_address Address>
consteval auto member_signature() {
  return std::string_view{__PRETTY_FUNCTION__};
}

constexpr bool is_identifier_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// The last identifier of a text that may end in brackets.
constexpr std::string_view last_identifier(std::string_view text) noexcept {
  std::size_t end = text.size();
  while (end > 0 && !is_identifier_character(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_identifier_character(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

}  // namespace dovetail::inline v0::detail
