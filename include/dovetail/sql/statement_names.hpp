// What the names in a statement tell beside its tables: functions that reach beyond the data, settings that are
// changed.
#pragma once

#include <dovetail/sql/function_words.hpp>
#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/statement_class.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// Judges names one by one, and keeps what is found of the statement. Base of the classifier, which knows where names
/// are looked for.
class statement_names {
 protected:
  constexpr explicit statement_names(std::string_view text) noexcept : text_(text) {}

  constexpr std::string_view text_of(const token& at) const noexcept {
    return text_.substr(at.begin, at.end - at.begin);
  }
  constexpr bool is_word(const token& at, std::string_view word) const noexcept {
    return at.kind == token_kind::word && equals_ignoring_case(text_of(at), word);
  }
  /// Behind U&"…", and its uescape '!'.
  constexpr bool is_spelt() const noexcept { return is_spelt_; }

  // A function's name.
  constexpr void judge_name(const token& name) noexcept {
    const std::string_view word = text_of(name);
    const bool is_quoted = name.kind == token_kind::quoted;
    const bool is_risky = is_quoted ? is_unicode_text(text_of(name)) ||
                                          (word.size() > 2 && is_risky_function(word.substr(1, word.size() - 2)))
                                    : is_risky_function(word);
    if (is_risky) note_risk(name);
    if (is_quoted || !is_pure_function(name.key, word)) found_.calls_functions = true;
  }
  constexpr void note_risk(const token& name) noexcept {
    found_.calls_functions = true;
    v0::detail::note_risk(found_, name);
  }

  // PostgreSQL: (x).f and $1.f call f as f(x) does, and so does x.f where x has no column f; U&"…" uescape '!' may be
  // any name; and a row of pg_settings that is written changes the setting. Source:
  // https://www.postgresql.org/docs/15/sql-expressions.html and …/rowtypes.html
  constexpr void see_name(const token& at) noexcept {
    if (at.is('.')) {
      selects_ = selects_ || !is_name(*previous_);
      is_spelt_ = false;
      is_behind_dot_ = true;
      return;
    }
    is_behind_dot_ = false;
    if (!is_name(at)) {
      selects_ = false;
      is_spelt_ = is_spelt_ && at.kind == token_kind::string;
    } else {
      selects_ = selects_ && previous_->is('.');
      if (selects_) judge_name(at);
      const bool spells = at.kind == token_kind::quoted && is_unicode_text(text_of(at));
      is_spelt_ = spells || (is_spelt_ && is_word(at, "uescape"));
      const std::string_view name = bare_identifier(text_of(at));
      const bool is_attribute = previous_->is('.') && (spells || is_risky_attribute(name));
      if (is_attribute || is_risky_view(name)) note_risk(at);
      names_settings_ = names_settings_ || spells || equals_ignoring_case(name, settings_table);
      if (found_.what == statement_class::setting && (spells || decides_reading(at, name)))
        found_.is_server_setting = true;
    }
  }
  // `see_name` has seen the beginning of something.
  constexpr bool awaits_name() const noexcept {
    return selects_ || is_spelt_ || is_behind_dot_ || found_.what == statement_class::setting;
  }
  constexpr bool writes_settings() const noexcept {
    if (!names_settings_ || found_.what > statement_class::merge) return false;
    if (!found_.has_all_tables) return found_.read_only != tri_state::yes;
    for (std::uint32_t i = 0; i < found_.table_count; ++i) {
      const table_place& at = found_.tables[i];
      if (at.is_written && is_table_of_settings(text_.substr(at.begin, at.end - at.begin))) return true;
    }
    return false;
  }

  std::string_view text_;
  classification found_;
  const token* previous_ = nullptr;  // of the token that is taken

 private:
  static constexpr std::string_view settings_table = "pg_settings";

  static constexpr bool is_name(const token& at) noexcept {
    return at.kind == token_kind::word || at.kind == token_kind::quoted;
  }
  constexpr bool decides_reading(const token& at, std::string_view name) const noexcept {
    const std::uint64_t before = previous_->key;
    const bool is_first = before == word_key("set") || before == word_key("local") || before == word_key("session");
    return is_reading_setting(name) || (is_first && is_word(at, "names"));
  }

  bool selects_ = false;         // in (x).a.b
  bool is_behind_dot_ = false;   // `see_name` has seen one
  bool is_spelt_ = false;        // behind U&"…", and its uescape '!'
  bool names_settings_ = false;  // pg_settings, or what may be it
};

}  // namespace detail
}  // namespace dovetail::inline v0
