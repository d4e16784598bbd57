// Why a value could not be read or written: where in the bytes, where in the value, and what was expected instead.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/base/error_info.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Filled where reading or writing stops; the path grows while the callers return, from the inside to the outside.
struct format_failure {
  errc code{};
  const char* at = nullptr;  // in the input; null when writing
  std::string what;
  std::string path;

  bool is_set() const noexcept { return code != errc{}; }

  [[gnu::cold, gnu::noinline]] void set(errc why, const char* where, std::string_view text) {
    code = why;
    at = where;
    what = text;
    path.clear();
  }
  [[gnu::cold, gnu::noinline]] void inside_element(std::size_t index) {
    path.insert(0, "[" + std::to_string(index) + "]");
  }
  [[gnu::cold, gnu::noinline]] void inside_member(std::string_view name) {
    bool is_plain = !name.empty();
    for (const char c : name) {
      is_plain = is_plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
    }
    std::string step = is_plain ? "." : "[\"";
    step += name.substr(0, 64);
    if (!is_plain) step += "\"]";
    path.insert(0, step);
  }
};

/// What a user's `field_codec` said.
[[gnu::cold, gnu::noinline]] inline std::string describe_codec_failure(const error_info& error) {
  return error.context().empty() ? error.code().message() : std::string{error.context()};
}

/// A failure without a place, for what is found while writing.
inline error_info describe_write(const format_failure& failure) {
  return {failure.code, "cannot write $" + failure.path + ": " + failure.what};
}

/// A failure in text: line and column (in characters) are counted here, and only here.
inline error_info describe_read_of_text(const format_failure& failure, std::string_view text) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text.substr(0, static_cast<std::size_t>(failure.at - text.data()))) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return {failure.code, "line " + std::to_string(line) + ", column " + std::to_string(column) + ", $" + failure.path +
                            ": " + failure.what};
}

/// A failure in bytes, counted from 0.
inline error_info describe_read_of_bytes(const format_failure& failure, std::string_view bytes) {
  const auto offset = static_cast<std::size_t>(failure.at - bytes.data());
  return {failure.code, "byte " + std::to_string(offset) + ", $" + failure.path + ": " + failure.what};
}

}  // namespace dovetail::inline v0::detail
