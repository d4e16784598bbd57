// Which member a JSON key names: one multiplication over its first characters, found by the compiler for each struct.
#pragma once

#include <dovetail/format/json/keys.hpp>
#include <dovetail/format/json/scan.hpp>
#include <dovetail/row/reflect.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::detail {

/// The characters of `eight` up to the first quote and with it, the others zero; all of them when there is none.
[[gnu::always_inline]] constexpr std::uint64_t keep_to_quote(std::uint64_t eight, bool& has_quote) noexcept {
  const std::uint64_t others = eight ^ (every_byte * '"');
  const std::uint64_t quotes = (others - every_byte) & ~others & every_high_bit;  // exact for the lowest mark
  has_quote = quotes != 0;
  return eight & (quotes ^ (quotes - 1));
}

/// How much of the keys is looked at.
enum class json_key_window : unsigned char {
  common,  // as many characters as all keys have there, the closing quote included
  eight,   // eight, less what is behind the closing quote
  sixteen
};

/// A perfect hash over the characters of the keys that begin `offset` characters behind the opening quote.
/// Keys that are the same there, and the few that no multiplier told apart, are not in the table: they are looked for
/// otherwise. What is in the table is a guess too, until the whole key has been compared.
template <std::size_t Count>
struct json_key_table {
  using index_type = std::conditional_t<(Count < 255), std::uint8_t, std::uint16_t>;
  static constexpr std::size_t wanted = Count * Count / 2;
  static constexpr std::size_t places = std::bit_ceil(wanted < 8     ? std::size_t{8}
                                                      : wanted > 512 ? 2 * Count + 448
                                                                     : wanted);
  static constexpr int shift = 64 - std::countr_zero(places);

  std::uint64_t multiplier = 0;
  std::size_t offset = 0;
  json_key_window window = json_key_window::common;
  std::array<index_type, places> members{};

  /// How many characters, with the opening quote, must be there.
  constexpr std::size_t reach() const noexcept { return 1 + offset + (window == json_key_window::sixteen ? 16 : 8); }

  [[gnu::always_inline]] constexpr std::size_t slot(std::uint64_t first, std::uint64_t second) const noexcept {
    if (window != json_key_window::common) {  // else the multiplier's trailing zeros drop what is behind
      bool has_quote = false;
      first = keep_to_quote(first, has_quote);
      if (window == json_key_window::sixteen) {
        bool is_ended = false;
        second = keep_to_quote(second, is_ended);
        first += std::rotl((has_quote ? 0 : second) * multiplier, 29);
      }
    }
    return static_cast<std::size_t>(first * multiplier >> shift);
  }
};

/// Eight characters of `text`, zeros behind its end; what `load_eight` gives, for the compiler.
consteval std::uint64_t gather_eight(std::string_view text, std::size_t from) {
  std::uint64_t eight = 0;
  for (std::size_t i = 0; i < 8 && from + i < text.size(); ++i) {
    eight |= std::uint64_t{static_cast<unsigned char>(text[from + i])} << (8 * i);
  }
  return eight;
}

/// How many of the `keys` (name, quote and colon) have the same characters in the window as one before them.
/// `common` is how many characters of it all keys have.
template <std::size_t Count>
consteval std::size_t count_equal_windows(const std::array<std::string_view, Count>& keys, std::size_t offset,
                                          json_key_window window, std::size_t common) {
  std::array<std::uint64_t, 2 * Count + 1> seen{};
  std::size_t equal = 0;
  for (std::size_t i = 0; i < Count; ++i) {
    bool is_ended = false;
    std::uint64_t& first = seen[2 * i];
    first = gather_eight(keys[i], offset);
    if (window == json_key_window::common) {
      first <<= 64 - 8 * common;
    } else {
      first = keep_to_quote(first, is_ended);
      if (window == json_key_window::sixteen && !is_ended) {
        seen[2 * i + 1] = keep_to_quote(gather_eight(keys[i], offset + 8), is_ended);
      }
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (seen[2 * j] == first && seen[2 * j + 1] == seen[2 * i + 1]) {
        ++equal;
        break;
      }
    }
  }
  return equal;
}

template <std::size_t Count>
consteval auto make_json_key_table(std::array<std::string_view, Count> keys) {
  using index_type = typename json_key_table<Count>::index_type;
  json_key_table<Count> table;
  std::size_t shortest = 16;
  for (std::string_view& key : keys) {
    key.remove_prefix(1);
    std::size_t size = 0;  // by hand: under UBSan, GCC does not take `find` for constant
    while (key[size] != '"') ++size;
    if (size < shortest) shortest = size;
  }
  const auto common_at = [shortest](std::size_t offset) {
    return shortest + 1 - offset < 8 ? shortest + 1 - offset : 8;
  };
  std::size_t least = Count + 1;
  for (const auto window : {json_key_window::common, json_key_window::eight, json_key_window::sixteen}) {
    for (std::size_t offset = 0; offset <= shortest && least != 0; ++offset) {
      const std::size_t equal = count_equal_windows(keys, offset, window, common_at(offset));
      if (equal >= least) continue;
      least = equal;
      table.offset = offset;
      table.window = window;
    }
  }
  const std::size_t unused = table.window == json_key_window::common ? 64 - 8 * common_at(table.offset) : 0;
  std::uint64_t state = 0x9E3779B97F4A7C15u;
  json_key_table<Count> attempt = table;
  std::size_t best = Count + 1;
  for (int tries = 0; tries < 64 && best > least; ++tries) {
    state = (state ^ (state >> 29)) * 0xBF58476D1CE4E5B9u;
    attempt.multiplier = (state | 1) << unused;
    for (index_type& member : attempt.members) member = static_cast<index_type>(Count);
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < Count; ++i) {
      index_type& member =
          attempt.members[attempt.slot(gather_eight(keys[i], table.offset), gather_eight(keys[i], table.offset + 8))];
      if (member == Count) {
        member = static_cast<index_type>(i);
      } else {
        ++left_out;
      }
    }
    if (left_out < best) {
      best = left_out;
      table = attempt;
    }
  }
  return table;
}

template <class T>
inline constexpr auto json_member_table = make_json_key_table(json_keys<T>);

/// The same for the last characters of the text, which the wide loads would pass.
template <class Table>
[[gnu::noinline]] std::size_t guess_last_json_member(const Table& table, const char* at, std::size_t left) noexcept {
  char copy[64]{};
  std::memcpy(copy, at, left);
  at = copy + 1 + table.offset;
  return table.members[table.slot(load_eight(at), load_eight(at + 8))];
}

/// The index of the only member whose key can begin at `at`, a quote as it should be; `field_count<T>` when none is
/// known. As many characters as the table's `reach` are there.
template <class T>
[[gnu::always_inline]] inline std::size_t look_up_json_member(const char* at) noexcept {
  constexpr auto& table = json_member_table<T>;
  at += 1 + table.offset;
  return table.members[table.slot(load_eight(at), table.window == json_key_window::sixteen ? load_eight(at + 8) : 0)];
}

/// The same in a text that ends at `end`.
template <class T>
[[gnu::always_inline]] inline std::size_t guess_json_member(const char* at, const char* end) noexcept {
  constexpr auto& table = json_member_table<T>;
  constexpr std::size_t reach = table.reach();
  const auto left = static_cast<std::size_t>(end - at);
  if (left < reach) [[unlikely]]
    return detail::guess_last_json_member(table, at, left);
  return look_up_json_member<T>(at);
}

}  // namespace dovetail::inline v0::detail
