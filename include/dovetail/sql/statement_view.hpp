// A checked statement without the types that it was checked for: what a backend looks at.
#pragma once

#include <dovetail/sql/placeholder_marks.hpp>
#include <dovetail/sql/text_facts.hpp>
#include <dovetail/sql/traits.hpp>

#include <source_location>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

/// Lifetime: borrows the text.
struct statement_view {
  std::string_view text;  ///< as the user wrote it
  statement_traits traits;
  bool is_literal = false;  ///< the text is a literal: its address stands for it as long as the program runs
  std::source_location where{};
  /// `mask_literals`, or null when there is nothing to mask.
  std::string (*mask)(dialect, std::string_view) = nullptr;
  detail::placeholder_marks marks{};
  detail::text_facts facts{};  ///< for `validate`, of a text that was made at run time under rules

  /// The text when its address can serve as key of a cache of prepared statements: a literal whose native text is
  /// always the same. Else empty.
  constexpr std::string_view key() const noexcept { return is_literal && !traits.expands ? text : std::string_view{}; }
};

}  // namespace dovetail::inline v0
