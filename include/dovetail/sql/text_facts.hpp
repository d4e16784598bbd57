// What a check of a statement's text has found for the rules of validation, kept so that they need no other look at it.
#pragma once

#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/statement_class.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// Of a text with one statement, all of whose quotes and comments end, without a conditional comment. Other texts have
/// none: they are looked at again.
class text_facts {
 public:
  constexpr text_facts() noexcept = default;
  constexpr text_facts(dialect d, std::string_view text, const classification& found) noexcept
      : text_(is_plain(found) ? text.data() : nullptr),
        size_(static_cast<std::uint32_t>(text.size())),
        language_(d),
        what_(found.what),
        is_executed_(found.is_executed),
        is_server_object_(found.is_server_object),
        is_server_setting_(found.is_server_setting),
        makes_table_(found.makes_table),
        has_comment_(found.has_comment),
        has_union_(found.has_union),
        has_risk_(found.risk_size != 0) {}

  /// They tell of this text, in this dialect: the same characters at the same place.
  constexpr bool are_of(dialect d, std::string_view text) const noexcept {
    return text_ != nullptr && text_ == text.data() && size_ == text.size() && language_ == d;
  }

  /// What the rules ask for; without tables and places.
  constexpr classification found() const noexcept {
    classification all;
    all.what = what_;
    all.is_executed = is_executed_;
    all.is_server_object = is_server_object_;
    all.is_server_setting = is_server_setting_;
    all.makes_table = makes_table_;
    all.has_comment = has_comment_;
    all.has_union = has_union_;
    all.risk_size = has_risk_ ? 1 : 0;
    return all;
  }

 private:
  static constexpr bool is_plain(const classification& found) noexcept {
    return !found.problem && !found.has_conditional_comment && !found.has_more && found.what != statement_class::none;
  }

  const char* text_ = nullptr;
  std::uint32_t size_ = 0;
  dialect language_ = dialect::sqlite;
  statement_class what_ = statement_class::none;
  bool is_executed_ = false;
  bool is_server_object_ = false;
  bool is_server_setting_ = false;
  bool makes_table_ = false;
  bool has_comment_ = false;
  bool has_union_ = false;
  bool has_risk_ = false;
};

}  // namespace detail
}  // namespace dovetail::inline v0
