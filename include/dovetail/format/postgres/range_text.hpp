// A range as text: what is read where the type of the bounds is not known.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/format/postgres/native.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace dovetail::inline v0::postgres::detail {

/// A range as the server writes it: `empty`, or [lower,upper) with bounds that may stand in quotes.
struct range_text {
  std::optional<std::string> bounds[2] = {};
  bool is_inclusive[2] = {};
  bool is_empty = false;
};

/// Takes a range off the front of `rest`; false when there is none.
bool take_range(std::string_view& rest, range_text& out);

errc refuse_binary_range(decode_context& context);
errc refuse_bound(decode_context& context, errc failed, bool is_upper);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool take_range(std::string_view& rest, range_text& out) {
  if (rest.starts_with("empty")) {
    rest.remove_prefix(5);
    return out.is_empty = true;
  }
  if (!rest.starts_with('[') && !rest.starts_with('(')) return false;
  out.is_inclusive[0] = rest.front() == '[';
  std::size_t at = 1;
  for (std::size_t i = 0; i < 2; ++i) {
    bool is_quoted = false;
    for (; at < rest.size(); ++at) {
      const char c = rest[at];
      const bool ends = i == 0 ? c == ',' : c == ')' || c == ']';
      if (!is_quoted && ends) break;
      if (!out.bounds[i]) out.bounds[i].emplace();
      if (c == '"') {
        const bool is_doubled = is_quoted && at + 1 < rest.size() && rest[at + 1] == '"';
        if (!is_doubled) {
          is_quoted = !is_quoted;
          continue;
        }
        ++at;
      } else if (c == '\\' && ++at == rest.size()) {
        return false;
      }
      out.bounds[i]->push_back(rest[at]);
    }
    if (at == rest.size()) return false;
    if (i == 1) out.is_inclusive[1] = rest[at] == ']';
    ++at;
  }
  rest.remove_prefix(at);
  return true;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE errc refuse_binary_range(decode_context& context) {
  context.explain(
      "a range of a type that is not built in is read from a column of its own, not from an array or a composite: cast "
      "it in the query, ::text");
  return errc::malformed_value;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE errc refuse_bound(decode_context& context, errc failed, bool is_upper) {
  if (context.words != nullptr && context.words->empty()) {
    *context.words = is_upper ? "its upper bound is no value of the field's type"
                              : "its lower bound is no value of the field's type";
  }
  return failed;
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
