// The three-way merge of a row: what I changed and what somebody else changed since the base, field by field.
#pragma once

#include <dovetail/client/asyncsql/lock_outcome.hpp>
#include <dovetail/sql/lock_text.hpp>

#include <concepts>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

template <class T>
inline constexpr bool is_summable =
    (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T> || std::same_as<T, decimal>;

/// a + b, or a - b; false where the sum does not fit.
template <class T>
bool sum_fields(const T& a, const T& b, bool subtract, T& out) {
  if constexpr (std::integral<T>) {
    return subtract ? !__builtin_sub_overflow(a, b, &out) : !__builtin_add_overflow(a, b, &out);
  } else {
    out = subtract ? static_cast<T>(a - b) : static_cast<T>(a + b);
    return true;
  }
}

[[gnu::cold, gnu::noinline]] inline merge_rule rule_of(const lock_settings& how, std::string_view field) noexcept {
  for (const field_rule& each : how.rules) {
    if (each.field == field) return each.rule;
  }
  return how.default_rule;
}

/// Whether the same new value from both sides is two changes: two deposits of 10 are 20.
[[gnu::cold, gnu::noinline]] inline bool are_two_changes(const lock_settings& how, std::string_view field) noexcept {
  return how.adds_equal_deltas && rule_of(how, field) == merge_rule::numeric_delta;
}

/// theirs + (mine - base); false where it does not fit. An unsigned field may decrease.
template <class T>
bool add_delta(const T& base, const T& mine, const T& theirs, T& out) {
  T change{};
  if constexpr (std::unsigned_integral<T>) {
    if (mine < base) return sum_fields(base, mine, true, change) && sum_fields(theirs, change, true, out);
  }
  return sum_fields(mine, base, true, change) && sum_fields(theirs, change, false, out);
}

/// Whether a field has the same value: a NaN is the same as a NaN, though it is not equal to one.
template <class T>
bool is_same_value(const T& a, const T& b) {
  if constexpr (std::floating_point<T>) {
    return a == b || (a != a && b != b);
  } else if constexpr (is_optional<T>) {
    return a.has_value() == b.has_value() && (!a || is_same_value(*a, *b));
  } else if constexpr (is_vector<T>) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!is_same_value<typename T::value_type>(a[i], b[i])) return false;
    }
    return true;
  } else {
    return a == b;
  }
}

/// theirs, and what mine has behind the base; all of mine where it does not begin with the base.
template <class T>
void append_list(const T* base, const T& mine, const T& theirs, T& out) {
  auto from = mine.begin();
  if (base != nullptr && base->size() <= mine.size()) {
    bool begins = true;
    for (std::size_t i = 0; i < base->size(); ++i)
      begins = begins && is_same_value<typename T::value_type>((*base)[i], mine[i]);
    if (begins) from += static_cast<std::ptrdiff_t>(base->size());
  }
  T all = theirs;
  all.insert(all.end(), from, mine.end());
  out = std::move(all);
}

/// Applies a rule to one field; false when it cannot be applied.
template <class T>
bool apply_rule(merge_rule rule, const T* base, const T& mine, const T& theirs, T& out) {
  switch (rule) {
    case merge_rule::conflict:
      return false;
    case merge_rule::last_writer_wins:
      out = mine;
      return true;
    case merge_rule::keep_current:
      out = theirs;
      return true;
    case merge_rule::numeric_add:
      if constexpr (is_summable<T>) return sum_fields(theirs, mine, false, out);
      return false;
    case merge_rule::numeric_delta:
      if constexpr (is_summable<T>) return base != nullptr && add_delta(*base, mine, theirs, out);
      return false;
    case merge_rule::list_append:
      if constexpr (is_vector<T>) {
        append_list(base, mine, theirs, out);
        return true;
      }
      return false;
  }
  return false;
}

/// What a merge found.
struct merge_outcome {
  std::vector<std::string_view> conflicts{};
  bool is_changed = false;  ///< the merged row differs from theirs
};

/// Merges the payloads into `out`, which starts as theirs. Without a base every difference is a meeting of both.
/// `uses_rules` false: fields that both have changed are conflicts, those that have the same new value too: nobody
/// knows whether that is one change or two, such as two deposits of 10.
template <class Layout>
merge_outcome merge_rows(const typename Layout::row_type* base, const typename Layout::row_type& mine,
                         const typename Layout::row_type& theirs, const lock_settings& how, bool uses_rules,
                         typename Layout::row_type& out) {
  merge_outcome done;
  Layout::for_payload([&](auto index) {
    constexpr std::size_t i = index;
    const auto& my = member_at<i>(mine);
    const auto& their = member_at<i>(theirs);
    using type = std::remove_cvref_t<decltype(my)>;
    static_assert(std::equality_comparable<type>,
                  "dovetail: optimistic locking compares fields: give the member's type an operator==");
    const type* const old = base == nullptr ? nullptr : &member_at<i>(*base);
    auto& merged = member_at<i>(out);
    if (old != nullptr && is_same_value(my, *old)) return;
    constexpr std::string_view name = field_names<typename Layout::row_type>[i];
    // In a merge the same value from both is one change, but not where it stands for what each has added.
    if (is_same_value(my, their) && (old == nullptr || (uses_rules && !are_two_changes(how, name)))) return;
    if (old != nullptr && is_same_value(their, *old)) {
      merged = my;
    } else if (!uses_rules || !apply_rule(rule_of(how, name), old, my, their, merged)) {
      done.conflicts.push_back(name);
      return;
    }
    if (!is_same_value(merged, their)) done.is_changed = true;
  });
  return done;
}

}  // namespace dovetail::inline v0::detail
