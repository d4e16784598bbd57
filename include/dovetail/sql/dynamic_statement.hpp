// A statement whose text and arguments are both made when the program runs, with the checks of `dt::runtime`.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/sql/analysis.hpp>
#include <dovetail/sql/mask.hpp>
#include <dovetail/sql/report.hpp>
#include <dovetail/sql/rewrite.hpp>
#include <dovetail/sql/sql_value.hpp>
#include <dovetail/sql/statement.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0 {

/// For each argument, the parameter that it fills.
using dynamic_places = std::vector<parameter_place>;

namespace detail {

/// What does not depend on the dialect's type.
class dynamic_check {
 public:
  [[gnu::noinline]] dynamic_check(dialect d, std::string_view text, const dynamic_arguments& given,
                                  std::source_location where)
      : view_{.text = text, .traits = {}, .is_literal = false, .where = where},
        dialect_(d),
        slots_(given.values.size()) {
    const bool is_named = !given.names.empty();
    for (std::size_t i = 0; is_named && i < slots_.size() && i < given.names.size(); ++i)
      slots_[i].name = given.names[i];
    places_.resize(slots_.size());
    output_column columns[select_list::capacity];
    const argument_style style = slots_.empty() ? argument_style::none
                                 : is_named     ? argument_style::named
                                                : argument_style::positional;
    // As many names as placeholders, each looked for among all, would take seconds of whoever serves strangers.
    std::vector<std::uint32_t> by_name;
    if (is_named && slots_.size() > few_) by_name = order_of_names();
    analyser found(text, d, lexis_of(d),
                   {.argument_slots = slots_.data(),
                    .count = slots_.size(),
                    .style = style,
                    .is_literal = false,
                    .by_name = by_name.empty() ? nullptr : by_name.data()},
                   places_.data(), columns);
    found.run();
    view_.traits = found.traits();
    view_.marks = found.marks();
    problem_ = found.problem();
    if (found.has_literals()) view_.mask = &mask_literals;
  }

  const statement_view& view() const noexcept { return view_; }
  const dynamic_places& places() const noexcept { return places_; }
  bool is_valid() const noexcept { return !problem_; }
  error_info failure(bool shows_text) const {
    return describe_mistake(problem_, dialect_, view_.text, shows_text, slots_, nullptr, view_.where);
  }
  native_statement native(dialect d) const {
    const std::vector<std::uint32_t> sizes(slots_.size(), 1);
    return native_text(d, view_, slots_, places_, sizes);
  }

 private:
  static constexpr std::size_t few_ = 16;

  // Of equal names the first one comes first.
  std::vector<std::uint32_t> order_of_names() const {
    std::vector<std::uint32_t> places(slots_.size());
    for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::uint32_t>(i);
    std::sort(places.begin(), places.end(), [this](std::uint32_t a, std::uint32_t b) {
      const int order = slots_[a].name.compare(slots_[b].name);
      return order < 0 || (order == 0 && a < b);
    });
    return places;
  }

  statement_view view_;
  dialect dialect_;
  std::vector<argument_slot> slots_;
  dynamic_places places_;
  sql_problem problem_{};
};

}  // namespace detail

/// For `sql_request`, with `std::tuple<dynamic_arguments>`. Placeholders may be `?`, `$1` or `:name`, as everywhere.
/// Lifetime: borrows the text and the names of the arguments.
template <dialect D>
class dynamic_statement {
 public:
  static constexpr dialect language = D;

  dynamic_statement(std::string_view text, const dynamic_arguments& given,
                    std::source_location where = std::source_location::current())
      : checked_(D, text, given, where) {}

  const statement_view& view() const noexcept { return checked_.view(); }
  operator const statement_view&() const noexcept { return view(); }  // NOLINT: a statement is a view of it
  const dynamic_places& places() const noexcept { return checked_.places(); }
  bool is_valid() const noexcept { return checked_.is_valid(); }
  error_info failure(bool shows_text = false) const { return checked_.failure(shows_text); }
  result<native_statement> native(const dynamic_arguments&) const {
    native_statement made = checked_.native(D);
    if (made.parameters > parameter_limit(D)) return error_info{errc::too_many_parameters};
    return made;
  }

 private:
  detail::dynamic_check checked_;
};

/// As the other `bind_parameters`, for arguments whose number is known when the program runs.
template <class F>
bool bind_parameters(const statement_traits&, const dynamic_places& places, F&& bind, const dynamic_arguments& given) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::uint32_t number = places[i].number;
    if (number == 0) continue;
    const bool bound = detail::visit_sql_value(
        given.values[i], [&](const auto& value) { return static_cast<bool>(bind(number, value)); });
    if (!bound) return false;
  }
  return true;
}

}  // namespace dovetail::inline v0
