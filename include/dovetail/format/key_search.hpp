// Comparison of keys whose size the compiler knows, and the search for a member by its key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dovetail::inline v0::detail {

template <class Word>
[[gnu::always_inline]] inline Word load_word(const char* from) noexcept {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

/// True when the `Size` characters at `a` and `b` are the same; overlapping words, so that it is a few instructions.
template <std::size_t Size>
[[gnu::always_inline]] inline bool equals_key(const char* a, const char* b) noexcept {
  if constexpr (Size > 32) {
    return std::memcmp(a, b, Size) == 0;
  } else if constexpr (Size >= 8) {
    std::uint64_t difference = load_word<std::uint64_t>(a + Size - 8) ^ load_word<std::uint64_t>(b + Size - 8);
    for (std::size_t i = 0; i + 8 < Size; i += 8) {
      difference |= load_word<std::uint64_t>(a + i) ^ load_word<std::uint64_t>(b + i);
    }
    return difference == 0;
  } else if constexpr (Size >= 4) {
    return ((load_word<std::uint32_t>(a) ^ load_word<std::uint32_t>(b)) |
            (load_word<std::uint32_t>(a + Size - 4) ^ load_word<std::uint32_t>(b + Size - 4))) == 0;
  } else {
    return std::memcmp(a, b, Size) == 0;
  }
}

/// The index of `key` among `names`, looked for from `hint` on, around; `count` when it is none.
inline std::size_t find_member(const std::string_view* names, std::size_t count, std::string_view key,
                               std::size_t hint) noexcept {
  for (std::size_t i = hint; i < count; ++i) {
    if (names[i] == key) return i;
  }
  for (std::size_t i = 0; i < hint && i < count; ++i) {
    if (names[i] == key) return i;
  }
  return count;
}

}  // namespace dovetail::inline v0::detail
