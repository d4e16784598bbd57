// A checked statement without what is found again when it is asked for: for who keeps many of them.
#pragma once

#include <dovetail/sql/statement.hpp>

#include <cstddef>
#include <source_location>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

/// What a program asks of a `checked_statement` again and again, in little more than half of its bytes. `native` and
/// `failure` look at the text once more. Lifetime: borrows the text.
template <dialect D, class Row, class... Shapes>
class brief_statement<checked_statement<D, Row, Shapes...>> {
 public:
  using whole_type = checked_statement<D, Row, Shapes...>;
  using places_type = typename whole_type::places_type;

  constexpr brief_statement(const whole_type& of) noexcept  // NOLINT: the same in short
      : text_(of.view_.text),
        where_(of.view_.where),
        mask_(of.view_.mask),
        describe_(of.describe_),
        rewrite_(of.rewrite_),
        traits_(by_member(of.view_.traits)),
        problem_(by_member(of.problem_)),
        is_literal_(of.view_.is_literal) {
    take_places(of.places_);
  }
  // Member by member: GCC then writes a literal's where they are wanted, and copies no whole object.
  constexpr brief_statement(const brief_statement& of) noexcept
      : text_(of.text_),
        where_(of.where_),
        mask_(of.mask_),
        describe_(of.describe_),
        rewrite_(of.rewrite_),
        traits_(by_member(of.traits_)),
        problem_(by_member(of.problem_)),
        is_literal_(of.is_literal_) {
    take_places(of.places_);
  }
  constexpr brief_statement& operator=(const brief_statement&) noexcept = default;

  constexpr statement_view view() const noexcept {
    return {.text = text_, .traits = traits_, .is_literal = is_literal_, .where = where_, .mask = mask_};
  }
  /// `statement_view::key`.
  constexpr std::string_view key() const noexcept {
    return is_literal_ && !traits_.expands ? text_ : std::string_view{};
  }
  constexpr const places_type& places() const noexcept { return places_; }
  constexpr bool is_read_only() const noexcept { return traits_.read_only == tri_state::yes; }
  constexpr bool is_valid() const noexcept { return !problem_; }

  template <class... Args>
  result<native_statement> native(const Args&... args) const {
    return whole().native(args...);
  }
  error_info failure(bool shows_text = false) const { return whole().failure(shows_text); }

 private:
  constexpr void take_places(const places_type& of) noexcept {
    for (std::size_t i = 0; i < places_.size(); ++i) {
      places_[i].number = of[i].number;
      places_[i].expands = of[i].expands;
    }
  }
  static constexpr statement_traits by_member(const statement_traits& of) noexcept {
    return {of.kind, of.read_only, of.returns_rows, of.style, of.parameters, of.is_native, of.expands};
  }
  static constexpr sql_problem by_member(const sql_problem& of) noexcept {
    return {of.what, of.at, of.size, of.expected, of.given};
  }
  constexpr whole_type whole() const noexcept { return {view(), places_, problem_, describe_, rewrite_}; }

  std::string_view text_;
  std::source_location where_;
  std::string (*mask_)(dialect, std::string_view);
  decltype(&detail::describe_mistake) describe_;
  decltype(&native_text) rewrite_;
  statement_traits traits_;
  places_type places_{};
  sql_problem problem_;
  bool is_literal_;
};

}  // namespace dovetail::inline v0
