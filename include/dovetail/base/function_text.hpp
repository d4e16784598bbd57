// A function's name for messages: what `std::source_location` says, without what compilers add to it.
#pragma once

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::detail {

/// A part of `name`, without the template arguments that stand behind it (`f(T) [with T = int]`, Clang: `f(T) [T =
/// int]`), and, of the frame that GCC names in a coroutine (`void app::f(f(int)::_ZN3app1fEi.Frame*)`), the function:
/// `f(int)`.
std::string_view function_text(std::string_view name) noexcept;

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string_view function_text(std::string_view name) noexcept {
  if (name.ends_with(']')) {
    const std::size_t arguments = name.find(" [");
    if (arguments != name.npos && name.find(" = ", arguments) != name.npos) name = name.substr(0, arguments);
  }
  if (!name.ends_with(".Frame*)")) return name;
  const std::size_t mangled = name.rfind("::_Z");
  if (mangled == name.npos) return name;
  // The function stands behind the only parenthesis that is still open.
  std::size_t closed = 0;
  for (std::size_t at = mangled; at != 0; --at) {
    const char c = name[at - 1];
    if (c == ')') ++closed;
    if (c == '(' && closed-- == 0) return name.substr(at, mangled - at);
  }
  return name;
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
