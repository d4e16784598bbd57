// A statement's text as errors may show it: without its literals.
#pragma once

#include <dovetail/sql/lexer.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

/// The text with `…` for its literals; empty when it cannot be told what is one.
[[gnu::cold]] std::string mask_literals(dialect d, std::string_view text);

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

[[gnu::noinline]] DOVETAIL_DEFINE std::string mask_literals(dialect d, std::string_view text) {
  std::string masked;
  std::size_t copied = 0;
  detail::lexer tokens{text, lexis_of(d)};
  for (detail::token at = tokens.next(); at.kind != detail::token_kind::end; at = tokens.next()) {
    if (at.kind != detail::token_kind::string && at.kind != detail::token_kind::number) continue;
    masked.append(text, copied, at.begin - copied);
    masked += at.kind == detail::token_kind::string ? "'…'" : "…";
    copied = at.end;
  }
  if (tokens.problem()) return {};
  return masked.append(text, copied, text.size() - copied);
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
