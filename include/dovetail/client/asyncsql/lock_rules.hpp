// Mistakes in the rules of a merge, which are found when the rules are given.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/client/asyncsql/lock_merge.hpp>
#include <dovetail/client/asyncsql/lock_outcome.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

/// Which rules a field can follow.
struct mergeable_field {
  bool is_number = false;
  bool is_list = false;
};

template <class Layout>
inline constexpr auto mergeable_fields = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<mergeable_field, sizeof...(I)>{mergeable_field{
      is_summable<member_type<typename Layout::row_type, I>>, is_vector<member_type<typename Layout::row_type, I>>}...};
}
(std::make_index_sequence<Layout::size>{});

constexpr bool wants_number(merge_rule rule) noexcept {
  return rule == merge_rule::numeric_add || rule == merge_rule::numeric_delta;
}

/// The mistake in a rule of a merge; empty when there is none.
[[gnu::cold, gnu::noinline]] inline error_info wrong_rule(const lock_settings& how,
                                                          std::span<const std::string_view> fields,
                                                          std::span<const mergeable_field> kinds, std::string_view key,
                                                          std::string_view version) {
  for (const field_rule& each : how.rules) {
    std::size_t at = fields.size();
    nearest_search search{each.field};
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i] == each.field) at = i;
      search.offer(fields[i]);
    }
    std::string text;
    if (at == fields.size()) {
      append_parts(text, {"a merge rule for '", each.field, "', which is no field of the row"});
      if (!search.best.empty()) append_parts(text, {"; did you mean '", search.best, "'?"});
    } else if (each.field == key || each.field == version) {
      append_parts(text, {"a merge rule for '", each.field, "', which is the key or the version of the row"});
    } else if (wants_number(each.rule) && !kinds[at].is_number) {
      append_parts(text, {"a merge rule that adds for '", each.field,
                          "', which is no number (one that may be null is none either)"});
    } else if (each.rule == merge_rule::list_append && !kinds[at].is_list) {
      append_parts(text, {"a merge rule that appends for '", each.field, "', which is no list"});
    } else {
      continue;
    }
    return {make_error_code(errc::invalid_option), std::move(text)};
  }
  return {};
}

}  // namespace dovetail::inline v0::detail
