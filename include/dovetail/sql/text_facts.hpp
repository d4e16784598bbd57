// What a check of a statement's text has found for the rules of validation, kept so that they need no other look at it.
#pragma once

#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/statement_class.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// Of a text with one statement, all of whose quotes and comments end, without a conditional comment. Other texts have
/// none: they are looked at again. The members are those of `classification` that the rules ask for.
struct text_facts {
  const char* text = nullptr;  ///< null when there are none
  std::uint32_t size = 0;
  std::uint32_t risk_size = 0;
  dialect language = dialect::sqlite;
  statement_class what = statement_class::none;
  bool is_executed = false;
  bool is_server_object = false;
  bool is_server_setting = false;
  bool makes_table = false;
  bool has_comment = false;
  bool has_union = false;

  constexpr text_facts() noexcept = default;
  constexpr text_facts(dialect d, std::string_view of, const classification& found) noexcept
      : text(is_plain(found) ? of.data() : nullptr),
        size(static_cast<std::uint32_t>(of.size())),
        risk_size(found.risk_size),
        language(d),
        what(found.what),
        is_executed(found.is_executed),
        is_server_object(found.is_server_object),
        is_server_setting(found.is_server_setting),
        makes_table(found.makes_table),
        has_comment(found.has_comment),
        has_union(found.has_union) {}

  /// They tell of this text, in this dialect: the same characters at the same place.
  constexpr bool are_of(dialect d, std::string_view asked) const noexcept {
    return text != nullptr && text == asked.data() && size == asked.size() && language == d;
  }

 private:
  static constexpr bool is_plain(const classification& found) noexcept {
    return !found.problem && !found.has_conditional_comment && !found.has_more && found.what != statement_class::none;
  }
};

}  // namespace detail
}  // namespace dovetail::inline v0
