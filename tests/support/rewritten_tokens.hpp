// Does the database read the text that we wrote as the one that was checked? Both are cut into tokens.
#pragma once

#include <dovetail/sql/validated_statement.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rewritten_tokens {

namespace dt = dovetail;

/// The style that the database takes.
constexpr bool is_native(dt::dialect d, dt::placeholder_style style) {
  if (d == dt::dialect::postgres) return style == dt::placeholder_style::dollar;
  return style == dt::placeholder_style::question ||
         (d == dt::dialect::sqlite && style == dt::placeholder_style::numbered);
}

/// The tokens as they are written, those that `is_placeholder` as one word each; "mistake" ends them, "escape" stands
/// for `??`, `%%` and `\:`. What may be a placeholder, and is none here, is cut into its words and symbols: a `:name`
/// of letters that no name may have too, which MySQL does not take for a parameter.
template <dt::dialect D, class IsPlaceholder>
std::vector<std::string> cut(std::string_view text, IsPlaceholder is_placeholder) {
  std::vector<std::string> all;
  dt::detail::lexer source{text, dt::lexis_of(D)};
  for (dt::detail::token each = source.next(); each.kind != dt::detail::token_kind::end; each = source.next()) {
    const std::string_view written = text.substr(each.begin, each.end - each.begin);
    if (each.kind == dt::detail::token_kind::escape) {
      all.emplace_back("escape");
    } else if (each.kind != dt::detail::token_kind::placeholder) {
      all.emplace_back(written);
    } else if (is_placeholder(each.style)) {
      all.emplace_back("placeholder");
    } else {
      bool is_in_word = false;
      for (const char c : written) {
        const bool continues = dt::detail::continues_word(c);
        if (!is_in_word || !continues) all.emplace_back();
        all.back() += c;
        is_in_word = continues;
      }
    }
  }
  const dt::sql_problem& found = source.problem();
  const bool is_name = found.what == dt::sql_mistake::invalid_parameter_name && text[found.at] == ':';
  if (D == dt::dialect::mysql && is_name && !is_placeholder(dt::placeholder_style::colon)) {
    all.emplace_back(":");
    for (std::string& each : cut<D>(text.substr(found.at + 1), is_placeholder)) all.push_back(std::move(each));
  } else if (found) {
    all.emplace_back("mistake");
  }
  return all;
}

/// The text that the database gets; empty when it is refused. The arguments are single values.
template <dt::dialect D, class... Args>
std::string native(std::string_view text, const Args&... args) {
  const dt::statement_for<D, void, Args...> made{dt::runtime(text)};
  return made.is_valid() ? made.native(args...)->text : std::string{};
}

/// True for a text that is refused or sent as it is, and for one with escapes too.
template <dt::dialect D, class... Args>
bool are_those_of_the_text(std::string_view text, const Args&... args) {
  const dt::statement_for<D, void, Args...> made{dt::runtime(text)};
  if (!made.is_valid() || made.view().traits.is_native) return true;
  const auto meant = cut<D>(text, [&](auto style) { return style == made.view().traits.style; });
  for (const std::string& each : meant) {
    if (each == "escape") return true;
  }
  return cut<D>(made.native(args...)->text, [](auto style) { return is_native(D, style); }) == meant;
}

}  // namespace rewritten_tokens
