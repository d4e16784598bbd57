// The text that a database takes: placeholders in its own style, ranges of `in (…)` written out.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0 {

/// A statement as the database takes it.
struct native_statement {
  std::string text;
  std::uint32_t parameters = 0;  ///< native ones
  /// Only for MySQL, which counts occurrences: for each `?` the number of the value that it takes, counted from 1 in
  /// the order of `bind_parameters`. Empty when that is 1, 2, 3 ….
  std::vector<std::uint32_t> order;
};

namespace detail {

/// Where the values of a parameter begin among the native ones, and how many they are.
struct native_range {
  std::uint32_t first = 0;
  std::uint32_t size = 1;
  bool expands = false;
};

/// Lays out the native parameters; `sizes` has the number of elements of each slot. Returns their number.
inline std::uint32_t lay_out(std::span<const parameter_place> places, std::span<const std::uint32_t> sizes,
                             std::vector<native_range>& ranges) {
  std::uint32_t highest = 0;
  for (const parameter_place& place : places) highest = place.number > highest ? place.number : highest;
  ranges.assign(highest, {});
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].number != 0 && places[i].expands) ranges[places[i].number - 1u] = {0, sizes[i], true};
  }
  std::uint32_t next = 1;
  for (native_range& range : ranges) {
    range.first = next;
    next += range.size;
  }
  return next - 1;
}

/// Writes the native text in one pass. For statements without a mistake only.
class rewriter {
 public:
  rewriter(dialect d, const statement_view& statement, std::span<const argument_slot> argument_slots,
           std::span<const parameter_place> places, std::span<const std::uint32_t> sizes)
      : statement_(statement),
        dialect_(d),
        text_(statement.text),
        style_(statement.traits.style),
        slots_(argument_slots),
        places_(places) {
    out_.parameters = lay_out(places, sizes, ranges_);
    numbers_ = d == dialect::sqlite && (statement.traits.expands || style_ != placeholder_style::format);
  }

  native_statement run() {
    out_.text.reserve(text_.size() + 32);
    statement_.traits.expands || !statement_.marks.are_known() ? read_all() : read_marked();
    copy_to(static_cast<std::uint32_t>(text_.size()));
    drop_plain_order();
    return std::move(out_);
  }

 private:
  void read_all() {
    lexer source{text_, lexis_of(dialect_)};
    source.read(*found_);
    for (std::uint32_t seen = 0; found_->kind != token_kind::end;) {
      source.read(*following_);
      take(seen);
      token* const oldest = older_;
      older_ = before_;
      before_ = previous_;
      previous_ = found_;
      found_ = following_;
      following_ = oldest;
    }
  }

  // Without ranges, the tokens around a placeholder tell nothing.
  void read_marked() {
    lexer source{text_, lexis_of(dialect_)};
    std::uint32_t seen = 0;
    for (std::size_t i = 0; i < statement_.marks.size(); ++i) {
      source.read_at(statement_.marks[i], *found_);
      take(seen);
    }
  }

  void take(std::uint32_t& seen) {
    const token& found = *found_;
    if (found.kind == token_kind::escape) {
      write_escape(found);
    } else if (found.kind == token_kind::placeholder && found.style == style_) {
      write_placeholder(found, *following_, range_of(found, seen));
    }
  }

  void copy_to(std::uint32_t end) {
    if (end > copied_) out_.text.append(text_, copied_, end - copied_);
    copied_ = end;
  }

  void write_escape(const token& found) {
    const char meant = text_[found.end - 1];
    const bool is_format = style_ == placeholder_style::format || style_ == placeholder_style::pyformat;
    if (meant == '%' && !is_format) return;
    copy_to(found.begin);
    copied_ = found.end - 1;
  }

  const native_range& range_of(const token& found, std::uint32_t& seen) const {
    if (is_named(style_)) {
      const std::string_view name = placeholder_name(text_, found);
      std::size_t slot = 0;
      while (slots_[slot].name != name) ++slot;
      return ranges_[places_[slot].number - 1u];
    }
    if (style_ == placeholder_style::question || style_ == placeholder_style::format) return ranges_[seen++];
    return ranges_[found.number - 1];
  }

  void write_placeholder(const token& found, const token& following, const native_range& range) {
    const bool is_bare = previous_->key == word_key("in") && previous_->kind == token_kind::word;
    if (range.expands && range.size == 0) {
      return write_empty(found, following, is_bare);
    }
    copy_to(found.begin);
    copied_ = found.end;
    // PostgreSQL's $1 would go on with a word: limit?1 is no limit$1, and a$?1 no a$$1.
    if (dialect_ == dialect::postgres && !out_.text.empty() && continues_word(out_.text.back())) out_.text += ' ';
    if (range.expands && is_bare) out_.text += '(';
    for (std::uint32_t i = 0; i < range.size; ++i) {
      if (i != 0) out_.text += ", ";
      write_one(range.first + i);
    }
    if (range.expands && is_bare) out_.text += ')';
    if (copied_ < text_.size() && continues_word(text_[copied_])) out_.text += ' ';
  }

  // Nothing is in an empty range, and everything is not in it, null included.
  void write_empty(const token& found, const token& following, bool is_bare) {
    if (dialect_ != dialect::postgres) {
      copy_to(found.begin);
      copied_ = found.end;
      const std::string_view none =
          dialect_ == dialect::mysql ? "select null from dual where 1 = 0" : "select null where 1 = 0";
      if (is_bare) out_.text += '(';
      out_.text += none;
      if (is_bare) out_.text += ')';
      return;
    }
    // PostgreSQL would give the null of a subquery the type text; the literal '{}' takes the type of the left side.
    const token& in = is_bare ? *previous_ : *before_;
    const token& ahead = is_bare ? *before_ : *older_;
    const bool is_negated = ahead.kind == token_kind::word && ahead.key == word_key("not");
    copy_to(is_negated ? ahead.begin : in.begin);
    out_.text += is_negated ? "<> all('{}')" : "= any('{}')";
    copied_ = is_bare ? found.end : following.end;
  }

  void write_one(std::uint32_t number) {
    switch (dialect_) {
      case dialect::postgres:
        out_.text += '$';
        return write_number(number);
      case dialect::mysql:
        out_.text += '?';
        out_.order.push_back(number);
        return;
      case dialect::sqlite:
        out_.text += '?';
        if (numbers_) write_number(number);
        return;
    }
  }

  void write_number(std::uint32_t number) { out_.text.append(std::string_view{number_text{number}}); }

  void drop_plain_order() {
    if (dialect_ != dialect::mysql) return;
    const auto occurrences = static_cast<std::uint32_t>(out_.order.size());
    bool is_plain = occurrences == out_.parameters;
    for (std::uint32_t i = 0; i < occurrences; ++i) is_plain = is_plain && out_.order[i] == i + 1;
    out_.parameters = occurrences;
    if (is_plain) out_.order.clear();
  }

  const statement_view& statement_;
  dialect dialect_;
  std::string_view text_;
  placeholder_style style_;
  bool numbers_ = false;
  std::span<const argument_slot> slots_;
  std::span<const parameter_place> places_;
  std::vector<native_range> ranges_;
  native_statement out_;
  token five_[5];
  token* following_ = &five_[0];
  token* found_ = &five_[1];
  token* previous_ = &five_[2];
  token* before_ = &five_[3];
  token* older_ = &five_[4];
  std::uint32_t copied_ = 0;
};

}  // namespace detail

/// The text and parameters that the database takes. `sizes` holds the number of elements for each slot (see
/// `slot_sizes`); it is used only when `statement.traits.expands`. For statements without a mistake only.
/// Cost: copies the text; reads it once more when it `traits.expands`, or has many placeholders or 64 KiB.
native_statement native_text(dialect d, const statement_view& statement, std::span<const argument_slot> argument_slots,
                             std::span<const parameter_place> places, std::span<const std::uint32_t> sizes = {});

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE native_statement native_text(dialect d, const statement_view& statement,
                                             std::span<const argument_slot> argument_slots,
                                             std::span<const parameter_place> places,
                                             std::span<const std::uint32_t> sizes) {
  if (statement.traits.is_native) return {std::string{statement.text}, statement.traits.parameters, {}};
  return detail::rewriter{d, statement, argument_slots, places, sizes}.run();
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
