// The list of a program's SQL literals, each of which puts itself there before main() when that was asked for.
#pragma once

#include <dovetail/row/column.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/rewrite.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dovetail::inline v0 {

/// One literal, as a verb uses it. Lifetime: the program's.
struct registered_query {
  dialect language{};
  statement_view view{};
  const row_description* row = nullptr;  ///< what the rows are read into; null: nothing
  name_style style = name_style::exact;
  std::string (*native)() = nullptr;  ///< the text that the database takes; ranges in it have one element
  const registered_query* next = nullptr;
};

namespace detail {

// Constant-initialized, so that it is there for every registration, whichever file comes first.
inline constinit const registered_query* first_registered_query = nullptr;

/// The text of a statement with one element for each range.
template <class Statement>
std::string native_text_of(const Statement& of) {
  if (of.view().traits.is_native) return std::string{of.view().text};
  const std::vector<std::uint32_t> ones(Statement::slot_count, 1);
  return native_text(Statement::language, of.view(), Statement::argument_slots(), of.places(), ones).text;
}

/// `entry` is one object for the whole program, whatever number of files use the statement; a verb that refers to it
/// makes it register itself.
template <class Text, class Statement, class Row>
struct query_registration {
  struct node : registered_query {
    node() noexcept {
      const Statement of{Text{}().text, Text{}().where};
      language = Statement::language;
      view = of.view();
      if constexpr (!std::is_void_v<Row>) {
        row = &row_plan<Row>::description;
        style = name_style_of<row_value_t<Row>>;
      }
      native = [] { return native_text_of(Statement{Text{}().text, Text{}().where}); };
      next = first_registered_query;
      first_registered_query = this;
    }
  };
  static inline const node entry{};
};

}  // namespace detail
}  // namespace dovetail::inline v0
