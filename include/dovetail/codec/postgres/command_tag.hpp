// The tag of a finished command: "INSERT 0 5", "SELECT 10", "COMMIT".
#pragma once

#include <dovetail/codec/postgres/message.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::postgres {

/// What a CommandComplete said, without allocation: tags are short, and longer ones are cut.
class command_tag {
 public:
  constexpr command_tag() noexcept = default;
  constexpr explicit command_tag(std::string_view text) noexcept { assign(text); }

  constexpr void assign(std::string_view text) noexcept {
    size_ = static_cast<std::uint8_t>(text.size() < sizeof text_ ? text.size() : sizeof text_);
    if (std::is_constant_evaluated()) {
      for (std::size_t i = 0; i < size_; ++i) text_[i] = text[i];
    } else if (size_ != 0) {
      std::memcpy(text_, text.data(), size_);
    }
  }

  /// Lifetime: borrows from the tag.
  constexpr std::string_view text() const noexcept { return {text_, size_}; }
  /// The command's name: all words but the numbers.
  constexpr std::string_view name() const noexcept {
    std::string_view rest = text();
    while (!rest.empty() && (rest.back() == ' ' || (rest.back() >= '0' && rest.back() <= '9'))) rest.remove_suffix(1);
    return rest;
  }
  /// The last number of the tag: rows that were returned, copied or changed; 0 when there is none, or it is too large.
  constexpr std::int64_t rows() const noexcept {
    std::int64_t count = 0;
    std::size_t at = size_;
    while (at != 0 && text_[at - 1] >= '0' && text_[at - 1] <= '9') --at;
    if (size_ - at > 18 || at == 0 || text_[at - 1] != ' ') return 0;
    for (; at < size_; ++at) count = count * 10 + (text_[at] - '0');
    return count;
  }
  /// Rows that were inserted, updated, deleted, merged or copied in; 0 for other commands.
  constexpr std::int64_t rows_affected() const noexcept {
    const std::string_view command = name();
    const bool changes =
        command == "INSERT" || command == "UPDATE" || command == "DELETE" || command == "MERGE" || command == "COPY";
    return changes ? rows() : 0;
  }

 private:
  char text_[64]{};
  std::uint8_t size_ = 0;
};

namespace detail {

/// Takes the body of a CommandComplete; false when it is malformed.
bool read_tag(byte_view body, command_tag& tag) noexcept;

}  // namespace detail

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

DOVETAIL_DEFINE bool read_tag(byte_view body, command_tag& tag) noexcept {
  // Tags are a few characters: a loop of our own costs less than calls that look for the zero byte and copy.
  if (body.empty() || body.back() != std::byte{0}) return false;
  for (const std::byte each : body.first(body.size() - 1)) {
    if (each == std::byte{0}) return false;
  }
  tag.assign(as_text(body.first(body.size() - 1)));
  return true;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
