// `parameter_types`: the SQL types of parameters by name or position, for where the database would take them for
// others.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/parameter_hints.hpp>
#include <dovetail/format/postgres/typed.hpp>
#include <dovetail/sql/lexer.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql {

/// The type of one parameter: `{"meta", "jsonb"}`, or by its number counted from 0, `{0, "uuid"}`.
struct parameter_type {
  parameter_type(std::string_view of, std::string_view as) : name(of), type(as) {}
  template <std::integral Number>
  parameter_type(Number of, std::string_view as) : name(std::to_string(of)), type(as) {}

  std::string name;
  std::string type;
};

namespace detail {

/// Takes an identifier off the front, plain or in quotes; false when there is none.
[[gnu::cold, gnu::noinline]] inline bool take_identifier(std::string_view& text) noexcept {
  std::size_t end = 0;
  if (text.starts_with('"')) {
    for (end = 1; end < text.size(); ++end) {
      if (text[end] == '\0') return false;
      if (text[end] != '"') continue;
      if (!text.substr(end + 1).starts_with('"')) break;
      ++end;
    }
    if (end < 2 || end >= text.size()) return false;
    ++end;
  } else {
    while (end < text.size() &&
           (is_ascii_letter(text[end]) || text[end] == '_' || (end != 0 && is_ascii_digit(text[end])))) {
      ++end;
    }
  }
  text.remove_prefix(end);
  return end != 0 && end <= 130;
}

[[gnu::cold, gnu::noinline]] inline void skip_blanks(std::string_view& text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

/// Takes one of these words, in any case, off the front.
[[gnu::cold, gnu::noinline]] inline bool take_words(std::string_view& text, std::string_view words) noexcept {
  std::string_view rest = text;
  for (const char c : words) {
    if (c == ' ') {
      if (!rest.starts_with(' ')) return false;
      skip_blanks(rest);
      continue;
    }
    if (rest.empty() || (rest.front() | 0x20) != c) return false;
    rest.remove_prefix(1);
  }
  if (!rest.empty() && (is_ascii_letter(rest.front()) || is_ascii_digit(rest.front()) || rest.front() == '_')) {
    return false;
  }
  text = rest;
  return true;
}

[[gnu::cold, gnu::noinline]] inline bool take_number(std::string_view& text) noexcept {
  skip_blanks(text);
  std::size_t digits = 0;
  while (digits < text.size() && is_ascii_digit(text[digits])) ++digits;
  text.remove_prefix(digits);
  skip_blanks(text);
  return digits != 0 && digits <= 9;
}

/// "(10)", "(10, 2)" or nothing.
[[gnu::cold, gnu::noinline]] inline bool take_precision(std::string_view& text) noexcept {
  std::string_view rest = text;
  skip_blanks(rest);
  if (!rest.starts_with('(')) return true;
  rest.remove_prefix(1);
  if (!take_number(rest)) return false;
  if (rest.starts_with(',')) {
    rest.remove_prefix(1);
    if (!take_number(rest)) return false;
  }
  if (!rest.starts_with(')')) return false;
  text = rest.substr(1);
  return true;
}

}  // namespace detail

/// Whether a text names a type and is nothing else, so that it may stand behind a `::`: an identifier with or without a
/// schema, or the types of several words that SQL has; then a precision; then any number of "[]".
[[gnu::cold, gnu::noinline]] inline bool is_type_name(std::string_view text) noexcept {
  detail::skip_blanks(text);
  bool is_known = false;
  bool has_precision = false;
  for (const std::string_view words : {"double precision", "character varying", "bit varying"}) {
    is_known = is_known || detail::take_words(text, words);
  }
  if (!is_known) {
    std::string_view rest = text;
    const bool is_time = detail::take_words(rest, "timestamp") || detail::take_words(rest, "time");
    if (!detail::take_identifier(text)) return false;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      if (!detail::take_identifier(text)) return false;
    } else if (is_time) {
      if (!detail::take_precision(text)) return false;
      detail::skip_blanks(text);
      if (!detail::take_words(text, "with time zone")) detail::take_words(text, "without time zone");
      has_precision = true;
    }
  }
  if (!has_precision && !detail::take_precision(text)) return false;
  for (detail::skip_blanks(text); text.starts_with('['); detail::skip_blanks(text)) {
    text.remove_prefix(1);
    if (!text.starts_with(']') && !detail::take_number(text)) return false;
    if (!text.starts_with(']')) return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

/// Types of parameters, of a session (`settings.parameter_types = {{"meta", "jsonb"}}`) or of one call
/// (`db.with(parameter_types{{"meta", "jsonb"}}).execute(…)`), which win over the session's name by name.
/// Names that a statement does not have are ignored: a session's hints are for many statements.
/// PostgreSQL: the parameter is declared as the type, and its value sent as one; a type that is not built in, or has a
/// precision, becomes a cast at each place of the parameter. SQLite has no types of parameters: values are stored
/// by their C++ types, and hints change nothing.
/// Errors, of the statements before any I/O: errc::invalid_option for a text that is no type's name, on every database.
class parameter_types : private dovetail::detail::parameter_hints {
 public:
  parameter_types() noexcept : parameter_hints{&apply_hints} {}
  parameter_types(std::initializer_list<parameter_type> types) : parameter_types() {
    for (const parameter_type& each : types) set(each);
  }
  /// The types of the parameters in their order; an empty one says nothing.
  static parameter_types positional(std::initializer_list<std::string_view> types) {
    parameter_types all;
    std::size_t number = 0;
    for (const std::string_view each : types) {
      if (!each.empty()) all.set({number, each});
      ++number;
    }
    return all;
  }

  /// Adds a type, or replaces the one that the parameter had.
  [[gnu::cold]] parameter_types& set(parameter_type one);
  /// These, and for names that these do not have those of `other`.
  [[gnu::cold]] parameter_types over(const parameter_types& other) const;

  bool empty() const noexcept { return types_.empty(); }
  const std::vector<parameter_type>& all() const noexcept { return types_; }
  /// What is wrong with the types; empty when nothing is.
  error_info problem() const { return is_wrong_ ? describe() : error_info{}; }

  /// For connections; null when there is none.
  const dovetail::detail::parameter_hints* hints() const noexcept { return types_.empty() ? nullptr : this; }

 private:
  [[gnu::cold]] static bool apply_hints(const parameter_hints& self, const dovetail::detail::hinted_call& of,
                                        std::span<std::uint32_t> types, std::string& native);
  [[gnu::cold]] error_info describe() const;
  const std::string* find(std::string_view name, std::size_t number) const noexcept;

  std::vector<parameter_type> types_;
  bool is_wrong_ = false;
};

[[gnu::noinline]] inline parameter_types& parameter_types::set(parameter_type one) {
  std::erase_if(types_, [&one](const parameter_type& each) { return each.name == one.name; });
  types_.push_back(std::move(one));
  is_wrong_ = false;
  for (const parameter_type& each : types_) is_wrong_ = is_wrong_ || !is_type_name(each.type);
  return *this;
}

[[gnu::noinline]] inline parameter_types parameter_types::over(const parameter_types& other) const {
  parameter_types all{other};
  for (const parameter_type& each : types_) all.set(each);
  return all;
}

[[gnu::noinline]] inline error_info parameter_types::describe() const {
  for (const parameter_type& each : types_) {
    if (is_type_name(each.type)) continue;
    std::string text;
    dovetail::detail::append_parts(text, {"parameter_types: what is given for '", each.name,
                                          "' is not the name of a type, such as jsonb, numeric(10,2) or app.mood[]"});
    return {make_error_code(errc::invalid_option), std::move(text)};
  }
  return {};
}

[[gnu::noinline]] inline const std::string* parameter_types::find(std::string_view name,
                                                                  std::size_t number) const noexcept {
  char digits[20];
  if (name.empty()) {  // by position
    char* at = digits + sizeof digits;
    do *--at = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    name = {at, static_cast<std::size_t>(digits + sizeof digits - at)};
  }
  for (const parameter_type& each : types_) {
    if (each.name == name) return &each.type;
  }
  return nullptr;
}

[[gnu::noinline]] inline bool parameter_types::apply_hints(const parameter_hints& self,
                                                           const dovetail::detail::hinted_call& of,
                                                           std::span<std::uint32_t> types, std::string& native) {
  const auto& own = static_cast<const parameter_types&>(self);
  std::vector<const std::string*> casts(types.size(), nullptr);
  bool has_casts = false;
  const auto width = [&of](std::size_t i) -> std::size_t {
    return of.places[i].expands && !of.sizes.empty() ? of.sizes[i] : 1;
  };
  for (std::size_t i = 0; i < of.arguments.size(); ++i) {
    if (of.places[i].number == 0) continue;
    const std::string* const type = own.find(of.arguments[i].name, i);
    if (type == nullptr) continue;
    std::size_t first = 0;  // behind all values of the parameters with smaller numbers
    for (std::size_t j = 0; j < of.arguments.size(); ++j) {
      if (of.places[j].number != 0 && of.places[j].number < of.places[i].number) first += width(j);
    }
    const std::uint32_t declared = postgres::detail::type_named(*type);
    for (std::size_t k = 0; k < width(i) && first + k < types.size(); ++k) {
      types[first + k] = declared;  // 0: the server takes it from the cast
      if (declared == 0) {
        casts[first + k] = type;
        has_casts = true;
      }
    }
  }
  if (!has_casts) return false;
  std::string cast;
  std::size_t copied = 0;
  dovetail::detail::lexer tokens{native, lexis_of(dialect::postgres)};
  for (auto each = tokens.next(); each.kind != dovetail::detail::token_kind::end; each = tokens.next()) {
    const bool is_number = each.kind == dovetail::detail::token_kind::placeholder &&
                           each.style == placeholder_style::dollar && each.number <= casts.size();
    if (!is_number || casts[each.number - 1] == nullptr) continue;
    // In parentheses: what stands behind, an element's `[1]` or a field's `.name`, is the value's and not the type's.
    dovetail::detail::append_parts(
        cast, {std::string_view{native}.substr(copied, each.begin - copied), "(",
               std::string_view{native}.substr(each.begin, each.end - each.begin), "::", *casts[each.number - 1], ")"});
    copied = each.end;
  }
  cast.append(native, copied);
  native = std::move(cast);
  return true;
}

}  // namespace dovetail::inline v0::asyncsql
