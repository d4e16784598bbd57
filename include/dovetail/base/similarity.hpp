// Did-you-mean: how far apart two names are, and which of several is the one that was meant.
#pragma once

#include <dovetail/base/name.hpp>

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0 {

/// The number of single-character insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`,
/// not regarding ASCII case; `limit + 1` when there are more than `limit` of them, or a name is longer than 128
/// characters.
constexpr std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) noexcept {
  constexpr std::size_t longest = 128;
  if (a.size() > b.size()) {
    const std::string_view shorter = b;
    b = a;
    a = shorter;
  }
  if (b.size() > longest || b.size() - a.size() > limit) return limit + 1;
  // Rows of the dynamic programme: the one being filled, and the two before it (a swap looks back two rows).
  std::size_t rows[3][longest + 1]{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t* const now = rows[i % 3];
    const std::size_t* const before = rows[(i + 2) % 3];
    const std::size_t* const earlier = rows[(i + 1) % 3];
    std::size_t least = now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = ascii_lower(a[i - 1]);
      const char y = ascii_lower(b[j - 1]);
      std::size_t best = before[j - 1] + (x == y ? 0 : 1);
      if (before[j] + 1 < best) best = before[j] + 1;
      if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
      if (i > 1 && j > 1 && x == ascii_lower(b[j - 2]) && y == ascii_lower(a[i - 2]) && earlier[j - 2] + 1 < best) {
        best = earlier[j - 2] + 1;
      }
      now[j] = best;
      if (best < least) least = best;
    }
    // A swap may still come from the row before, and costs one.
    if (least > limit + 1) return limit + 1;
  }
  const std::size_t distance = rows[a.size() % 3][b.size()];
  return distance > limit ? limit + 1 : distance;
}

/// True when two names differ in ASCII case and underscores at most: `max_connections` and `maxConnections`.
constexpr bool equals_in_words(std::string_view a, std::string_view b) noexcept {
  std::size_t i = 0;
  std::size_t j = 0;
  while (true) {
    while (i < a.size() && a[i] == '_') ++i;
    while (j < b.size() && b[j] == '_') ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (ascii_lower(a[i++]) != ascii_lower(b[j++])) return false;
  }
}

namespace detail {

/// The nearest of the candidates that were offered so far.
struct nearest_search {
  std::string_view name;
  std::string_view best{};
  std::size_t limit = name.size() < 6 ? 1 : name.size() / 3;
  bool is_found = false;  // no other can be nearer

  constexpr void offer(std::string_view candidate) noexcept {
    if (is_found || candidate.empty()) return;
    if (equals_in_words(name, candidate)) {
      best = candidate;
      is_found = true;
      return;
    }
    const std::size_t distance = edit_distance(name, candidate, limit);
    if (distance > limit || distance >= candidate.size()) return;
    best = candidate;
    is_found = distance == 0;
    limit = distance == 0 ? 0 : distance - 1;
  }
};

}  // namespace detail

/// The candidate that somebody who wrote `name` most likely meant; empty when none is near (one edit for every three
/// characters of `name`, at least one). The first of equally near ones wins. `Names` is a range of things that convert
/// to `std::string_view`. Lifetime: borrows from `candidates`.
template <class Names>
constexpr std::string_view nearest(std::string_view name, const Names& candidates) noexcept {
  detail::nearest_search search{name};
  for (const auto& each : candidates) search.offer(each);
  return search.best;
}

}  // namespace dovetail::inline v0
