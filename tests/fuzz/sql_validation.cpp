// Any text goes through classification and validation in every dialect: no crash, places inside of the text, and
// verdicts that agree with each other: what a looser policy refuses, a tighter one refuses too; a statement made of
// the text is judged as the text is, by what its check has kept; and what is sent has the tokens that were judged.
#include <dovetail/sql/validated_statement.hpp>
#include <dovetail/sql/validation.hpp>

#include "support/rewritten_tokens.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(dt::dialect d, std::string_view text) {
  const dt::classification found = dt::classify(d, text);
  require(found.begin <= text.size() && found.more_at <= text.size() && found.comment_at <= text.size());
  require(found.risk_at + found.risk_size <= text.size() && found.table_count <= found.tables.size());
  for (std::size_t i = 0; i < found.table_count; ++i) {
    const dt::table_place& at = found.tables[i];
    require(at.begin < at.end && at.end <= text.size());
    static_cast<void>(dt::comparable_name(d, text.substr(at.begin, at.end - at.begin)));
    if (at.is_written && found.is_executed) require(found.read_only != dt::tri_state::yes);
  }
  if (found.has_more) require(found.more_at > found.begin && found.more_at < text.size());

  constexpr dt::validation off{.profile = dt::validation_profile::off};
  constexpr dt::validation admin{.allow_admin = true, .allow_risky_functions = true};
  constexpr dt::validation standard{};
  constexpr dt::validation strict{.profile = dt::validation_profile::strict};
  constexpr dt::validation script{.allow_scripts = true};
  const bool is_off = dt::validate(d, text, off).is_allowed();
  const bool is_admin = dt::validate(d, text, admin).is_allowed();
  const bool is_standard = dt::validate(d, text, standard).is_allowed();
  require(!dt::validate(d, text, strict).is_allowed() || is_standard);
  require(!is_standard || (is_admin && dt::validate(d, text, script).is_allowed()));
  require(!is_admin || is_off);
  const dt::validation_verdict said = dt::validate(d, text, script);
  require(said.at <= text.size() && said.at + said.size <= text.size() + 5);
  require(!dt::words_of(said.rule).empty() && !dt::to_string(said.rule).empty());
  if (is_off) {  // one statement stays one with a comment and semicolons behind it
    std::string longer{text};
    longer += "\n;;";
    require(!dt::classify(d, longer).has_more);
  }
}

template <dt::dialect D>
void check_statement(std::string_view text) {
  const dt::validated_statement<dt::validation{}, D, void, dt::detail::one_value> made{dt::runtime(text)};
  const dt::statement_for<D, void, int> plain{dt::runtime(text)};
  require(made.problem().what == plain.problem().what && made.problem().at == plain.problem().at);
  require(made.view().traits == plain.view().traits && made.places() == plain.places());
  require(rewritten_tokens::are_those_of_the_text<D>(text, 1));
  require(rewritten_tokens::are_those_of_the_text<D>(text, 1, 2));
  require(rewritten_tokens::are_those_of_the_text<D>(text, dt::arg<"a">(1)));
  for (const auto profile :
       {dt::validation_profile::off, dt::validation_profile::standard, dt::validation_profile::strict}) {
    for (const bool is_admin : {false, true}) {
      const dt::validation may{.profile = profile, .allow_admin = is_admin, .allow_risky_functions = is_admin};
      require(dt::validate(D, made.view(), may) == dt::validate(D, text, may));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  check(dt::dialect::sqlite, text);
  check(dt::dialect::postgres, text);
  check(dt::dialect::mysql, text);
  check_statement<dt::dialect::sqlite>(text);
  check_statement<dt::dialect::postgres>(text);
  check_statement<dt::dialect::mysql>(text);
  return 0;
}
