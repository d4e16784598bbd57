// Names of types as the programmer spells them, taken from the compiler.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

template <class T>
consteval auto type_signature() {
  return std::string_view{__PRETTY_FUNCTION__};
}

/// Where the type's name is in `type_signature`: as many characters lie around it for every type.
struct signature_frame {
  std::size_t before;
  std::size_t after;
};

consteval signature_frame find_signature_frame() {
  const std::string_view text = type_signature<double>();
  const std::size_t at = text.find("double");
  return {at, text.size() - at - 6};
}

template <class T>
consteval std::string_view raw_type_name() {
  constexpr signature_frame frame = find_signature_frame();
  const std::string_view text = type_signature<T>();
  return text.substr(frame.before, text.size() - frame.before - frame.after);
}

/// Drops what compilers print before the names of local types and of types in unnamed namespaces.
constexpr std::string_view without_local_scope(std::string_view name) noexcept {
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (depth == 0 && (c == ')' || c == '}') && name.substr(i + 1, 2) == "::") begin = i + 3;
  }
  return name.substr(begin);
}

template <class T>
consteval std::string_view short_type_name() {
  if constexpr (std::same_as<T, bool> || std::same_as<T, char> || std::floating_point<T>) {
    return raw_type_name<T>();
  } else if constexpr (std::same_as<T, int>) {
    return "int";
  } else if constexpr (std::same_as<T, unsigned>) {
    return "unsigned int";
  } else if constexpr (std::signed_integral<T>) {
    return sizeof(T) == 1 ? "std::int8_t" : sizeof(T) == 2 ? "std::int16_t" : "std::int64_t";
  } else if constexpr (std::unsigned_integral<T>) {
    return sizeof(T) == 1 ? "std::uint8_t" : sizeof(T) == 2 ? "std::uint16_t" : "std::uint64_t";
  } else if constexpr (std::same_as<T, std::string>) {
    return "std::string";
  } else if constexpr (std::same_as<T, std::string_view>) {
    return "std::string_view";
  } else {
    return without_local_scope(raw_type_name<T>());
  }
}

}  // namespace detail

/// The name of `T`: the same on every compiler for scalars, strings and plain structs (`std::int64_t`, `shop::order`);
/// for templates as the compiler spells it.
template <class T>
consteval std::string_view type_name() {
  return detail::short_type_name<T>();
}

}  // namespace dovetail::inline v0
