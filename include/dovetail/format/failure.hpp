// Why a value could not be read or written: where in the bytes, where in the value, and what was expected instead.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/base/error_info.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// A text or a whole number in a message.
class message_part {
 public:
  message_part(std::string_view text) noexcept : text_(text) {}    // NOLINT: implicit by purpose, as the others are
  message_part(const char* text) noexcept : text_(text) {}         // NOLINT
  message_part(const std::string& text) noexcept : text_(text) {}  // NOLINT
  template <std::integral Integer>
  message_part(Integer number) noexcept  // NOLINT
      : magnitude_(number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number)),
        is_number_(true),
        is_negative_(number < 0) {}

  void append_to(std::string& out) const {
    if (!is_number_) {
      out += text_;
      return;
    }
    char digits[21];
    char* begin = digits + sizeof digits;
    std::uint64_t rest = magnitude_;
    do {
      *--begin = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (is_negative_) *--begin = '-';
    out.append(begin, static_cast<std::size_t>(digits + sizeof digits - begin));
  }

 private:
  std::string_view text_;
  std::uint64_t magnitude_ = 0;
  bool is_number_ = false;
  bool is_negative_ = false;
};

/// One function for all messages: chains of `operator+` take the compiler longer than the code that they are for.
[[gnu::cold, gnu::noinline]] inline std::string join_message(std::initializer_list<message_part> parts) {
  std::string message;
  for (const message_part& part : parts) part.append_to(message);
  return message;
}

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
    path.insert(0, join_message({"[", index, "]"}));
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
[[gnu::cold, gnu::noinline]] inline error_info describe_write(const format_failure& failure) {
  return {failure.code, join_message({"cannot write $", failure.path, ": ", failure.what})};
}

/// A failure in text: line and column (in characters) are counted here, and only here.
[[gnu::cold, gnu::noinline]] inline error_info describe_read_of_text(const format_failure& failure,
                                                                     std::string_view text) {
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
  return {failure.code, join_message({"line ", line, ", column ", column, ", $", failure.path, ": ", failure.what})};
}

/// A failure in bytes, counted from 0; so many went `before` them.
[[gnu::cold, gnu::noinline]] inline error_info describe_read_of_bytes(const format_failure& failure,
                                                                      std::string_view bytes,
                                                                      std::uint64_t before = 0) {
  const auto offset = before + static_cast<std::size_t>(failure.at - bytes.data());
  return {failure.code, join_message({"byte ", offset, ", $", failure.path, ": ", failure.what})};
}

}  // namespace dovetail::inline v0::detail
