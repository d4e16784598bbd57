// The list of a program's SQL literals, each of which puts itself there when that was asked for: before main() where
// its type tells the text, with its first use where it does not.
#pragma once

#include <dovetail/row/column.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/rewrite.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <atomic>
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
  /// The text that the database takes; ranges in it have one element.
  std::string (*native)(const registered_query& self) = nullptr;
  const registered_query* next = nullptr;
};

namespace detail {

// Constant-initialized, so that it is there for every registration, whichever file comes first.
inline constinit std::atomic<const registered_query*> first_registered_query{nullptr};

/// Threads: any. `made` lives as long as the program.
inline void register_query(registered_query& made) noexcept {
  const registered_query* first = first_registered_query.load(std::memory_order_relaxed);
  do {
    made.next = first;
  } while (!first_registered_query.compare_exchange_weak(first, &made, std::memory_order_release,
                                                         std::memory_order_relaxed));
}

/// True when the literal at this address is in the list, for this database and these rows.
inline bool is_registered(dialect language, const statement_view& view, const row_description* row) noexcept {
  for (auto* at = first_registered_query.load(std::memory_order_acquire); at != nullptr; at = at->next) {
    if (at->language == language && at->view.text.data() == view.text.data() && at->row == row) return true;
  }
  return false;
}

/// The text of a statement with one element for each range.
template <class Statement>
std::string native_text_of(const Statement& of) {
  if (of.view().traits.is_native) return std::string{of.view().text};
  const std::vector<std::uint32_t> ones(Statement::slot_count, 1);
  return native_text(Statement::language, of.view(), Statement::argument_slots(), of.places(), ones).text;
}

/// A literal and what a verb wants of it.
template <class Statement>
struct query_node : registered_query {
  explicit query_node(const Statement& used) : statement(used) {
    using row_type = typename Statement::row_type;
    language = Statement::language;
    view = used.view();
    if constexpr (!std::is_void_v<row_type>) {
      row = &row_plan<row_type>::description;
      style = name_style_of<row_value_t<row_type>>;
    }
    native = [](const registered_query& self) {
      return native_text_of(static_cast<const query_node&>(self).statement);
    };
  }
  Statement statement;
};

/// `entry` is one object for the whole program, whatever number of files use the statement; a verb that refers to it
/// makes it register itself.
template <class Text, class Statement>
struct query_registration {
  struct node : query_node<Statement> {
    node() : query_node<Statement>(Statement{Text{}().text, Text{}().where}) { register_query(*this); }
  };
  static inline node entry{};
};

/// With DOVETAIL_REGISTER_QUERIES: a plain literal that reads or changes rows is in the list from its first use on.
/// (Definitions are not: preparing `create table` where the table is fails.) Two threads that meet at it put it there
/// twice, which is no harm.
template <class Statement>
void note_use([[maybe_unused]] const Statement& used) {
#if defined(DOVETAIL_REGISTER_QUERIES)
  const row_description* row = nullptr;
  if constexpr (!std::is_void_v<typename Statement::row_type>)
    row = &row_plan<typename Statement::row_type>::description;
  const statement_kind kind = used.view().traits.kind;
  const bool is_of_rows = kind == statement_kind::select || kind == statement_kind::insert ||
                          kind == statement_kind::update || kind == statement_kind::remove;
  if (used.view().is_literal && is_of_rows && !is_registered(Statement::language, used.view(), row)) {
    register_query(*new query_node<Statement>(used));  // until the program ends, as the list
  }
#endif
}

}  // namespace detail
}  // namespace dovetail::inline v0
