// Building messages out of parts, in few and small functions: they are compiled into every program and rarely run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

[[gnu::cold, gnu::noinline]] inline void append_parts(std::string& text,
                                                      std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) text.append(part.data(), part.size());
}

/// Puts `by` in the place of `count` bytes of the text. `by` is no piece of it.
[[gnu::cold, gnu::noinline]] inline void replace_part(std::string& text, std::size_t at, std::size_t count,
                                                      std::string_view by) {
  const std::string_view old = text;
  std::string changed;
  append_parts(changed, {old.substr(0, at), by, old.substr(at + count)});
  text = std::move(changed);
}

/// The beginning of what somebody else wrote, without what could spoil a terminal or a log.
[[gnu::cold, gnu::noinline]] inline std::string printable(std::string_view text, std::size_t longest) {
  std::string shown{text.substr(0, longest)};
  for (char& each : shown) {
    if (each < ' ' || each > '~') each = '?';
  }
  return shown;
}

/// The digits of a number, as a part.
class number_text {
 public:
  [[gnu::cold, gnu::noinline]] explicit number_text(std::uint64_t number) noexcept {
    do {
      digits_[--begin_] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
  }
  operator std::string_view() const noexcept { return {digits_ + begin_, sizeof digits_ - begin_}; }  // NOLINT

 private:
  char digits_[20];
  std::size_t begin_ = sizeof digits_;
};

}  // namespace dovetail::inline v0::detail
