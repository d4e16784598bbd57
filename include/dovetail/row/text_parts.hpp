// Names of types and of leaves, as messages show them.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/row/description.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

constexpr bool is_word_character(char c) noexcept {
  return is_ascii_letter(c) || is_ascii_digit(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// A type's name as programmers write it, from what compilers print.
std::string tidy_type_name(std::string_view name);

}  // namespace dovetail::inline v0::detail

namespace dovetail::inline v0 {

namespace detail {

inline void append_groups(std::string& text, const row_description& row, std::uint16_t group) {
  if (group == leaf::no_group) return;
  append_groups(text, row, row.groups[group].parent);
  if (!row.groups[group].name.empty()) append_parts(text, {row.groups[group].name, "."});
}

}  // namespace detail

/// The name of a leaf with those of the structs around it, joined by dots; a leaf without a name is `#2`, counted
/// from 1.
std::string path_of(const row_description& row, std::size_t index);

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string tidy_type_name(std::string_view name) {
  struct replacement {
    std::string_view from;
    std::string_view to;
  };
  static constexpr replacement replacements[] = {
      {"std::__cxx11::", "std::"},
      {"std::__1::", "std::"},
      {"dovetail::v0::", "dt::"},
      {"dovetail::", "dt::"},
      {"{anonymous}::", ""},
      {"(anonymous namespace)::", ""},
      {"std::basic_string<char>", "std::string"},
      {"std::basic_string_view<char>", "std::string_view"},
      {"long long unsigned int", "std::uint64_t"},
      {"unsigned long long", "std::uint64_t"},
      {"long unsigned int", "std::uint64_t"},
      {"unsigned long", "std::uint64_t"},
      {"long long int", "std::int64_t"},
      {"long long", "std::int64_t"},
      {"long int", "std::int64_t"},
      {"long", "std::int64_t"},
      {"short unsigned int", "std::uint16_t"},
      {"unsigned short", "std::uint16_t"},
      {"short int", "std::int16_t"},
      {"short", "std::int16_t"},
      {"unsigned char", "std::uint8_t"},
      {"signed char", "std::int8_t"},
      {" >", ">"},
      {"std::chrono::_V2::", "std::chrono::"},
      {"std::chrono::duration<std::int64_t, std::ratio<1, 1000000000>>", "std::chrono::nanoseconds"},
      {"std::chrono::duration<std::int64_t, std::ratio<1, 1000000>>", "std::chrono::microseconds"},
      {"std::chrono::duration<std::int64_t, std::ratio<1, 1000>>", "std::chrono::milliseconds"},
      {"std::chrono::duration<std::int64_t>", "std::chrono::seconds"},
      {"std::chrono::duration<std::int64_t, std::ratio<60>>", "std::chrono::minutes"},
      {"std::chrono::duration<std::int64_t, std::ratio<3600>>", "std::chrono::hours"},
      {"std::chrono::duration<std::int64_t, std::ratio<86400>>", "std::chrono::days"},
      {"std::chrono::time_point<std::chrono::system_clock, ", "std::chrono::sys_time<"},
      {"std::chrono::time_point<std::chrono::local_t, ", "std::chrono::local_time<"},
      {"std::chrono::sys_time<std::chrono::seconds>", "std::chrono::sys_seconds"},
      {"std::chrono::sys_time<std::chrono::days>", "std::chrono::sys_days"},
      {"std::chrono::local_time<std::chrono::seconds>", "std::chrono::local_seconds"},
      {"std::chrono::local_time<std::chrono::days>", "std::chrono::local_days"},
  };
  static constexpr std::string_view dropped[] = {", std::allocator<", ", std::char_traits<"};  // arguments by default
  std::string text{name};
  for (const std::string_view start : dropped) {
    for (std::size_t at = 0; (at = std::string_view{text}.find(start, at)) != std::string_view::npos;) {
      std::size_t end = at + start.size();
      for (int depth = 1; end < text.size() && depth > 0; ++end) {
        depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
      }
      while (end < text.size() && text[end] == ' ') ++end;
      replace_part(text, at, end - at, {});
    }
  }
  for (const replacement& each : replacements) {
    for (std::size_t at = 0; (at = std::string_view{text}.find(each.from, at)) != std::string_view::npos;) {
      const std::size_t end = at + each.from.size();
      const bool is_part_of_word =
          (at > 0 && is_word_character(text[at]) && is_word_character(text[at - 1])) ||
          (end < text.size() && is_word_character(text[end - 1]) && is_word_character(text[end]));
      if (is_part_of_word) {
        at = end;
      } else {
        replace_part(text, at, each.from.size(), each.to);
        at += each.to.size();
      }
    }
  }
  return text;
}

}  // namespace dovetail::inline v0::detail
namespace dovetail::inline v0 {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string path_of(const row_description& row, std::size_t index) {
  std::string path;
  const leaf& field = row.leaves[index];
  if (field.name.empty()) {
    detail::append_parts(path, {"#", detail::number_text{index + 1}});
  } else {
    detail::append_groups(path, row, field.group);
    detail::append_parts(path, {field.name});
  }
  return path;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
