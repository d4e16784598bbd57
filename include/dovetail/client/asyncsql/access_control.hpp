// Access control: a program's own answer to who may run which class of statement on which tables.
#pragma once

#include <dovetail/sql/statement_class.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {

/// A table that a statement names, as `comparable_name` gives it. `name` is what the text has, with a schema or
/// without: decide by `table()`, for "ledger", "main.ledger" and "public.ledger" may be the same one. Which schema a
/// name without one means, the database knows (PostgreSQL's search_path).
struct touched_table {
  std::string name;
  bool is_written = false;

  /// The last part of the name. Lifetime: a view into `name`.
  constexpr std::string_view table() const noexcept { return std::string_view{name}.substr(table_begin()); }
  /// What stands before it, "main" or "app.public"; empty when the text has no schema.
  constexpr std::string_view schema() const noexcept {
    const std::size_t begin = table_begin();
    return std::string_view{name}.substr(0, begin == 0 ? 0 : begin - 1);
  }

 private:
  constexpr std::size_t table_begin() const noexcept {
    std::size_t begin = 0;
    bool is_quoted = false;  // a dot in quotes is a part's own
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (name[i] == '"') is_quoted = !is_quoted;
      if (name[i] == '.' && !is_quoted) begin = i + 1;
    }
    return begin;
  }
};

/// What is asked. Lifetime: borrowed for the call.
struct access_request {
  std::string_view user;  ///< never empty: without a user nobody is asked, and the statement is refused
  statement_class what = statement_class::none;
  tri_state read_only = tri_state::unknown;
  std::span<const touched_table> tables{};
  bool has_all_tables = false;  ///< false: there may be tables that the text does not tell
  std::string_view session{};   ///< the session's name
  std::source_location where{};
};

/// The answer; the reason is for the error's text.
struct access_decision {
  bool is_allowed = false;
  std::string reason{};

  static access_decision allow() { return {true, {}}; }
  static access_decision deny(std::string reason) { return {false, std::move(reason)}; }
};

/// Decides about statements. Threads: called by several at once; it must not call the session.
class access_control {
 public:
  access_control() = default;
  access_control(const access_control&) = delete;
  access_control& operator=(const access_control&) = delete;
  virtual ~access_control() = default;
  virtual access_decision decide(const access_request& asked) const = 0;
};

/// An access control that calls `decide(const access_request&)`, which gives an `access_decision`.
/// When it throws, the statement is refused.
template <class Fn>
  requires std::convertible_to<std::invoke_result_t<const Fn&, const access_request&>, access_decision>
      std::shared_ptr<const access_control> make_access_control(Fn decide) {
    class asks final : public access_control {
     public:
      explicit asks(Fn with) : with_(std::move(with)) {}
      access_decision decide(const access_request& asked) const override { return with_(asked); }

     private:
      Fn with_;
    };
    return std::make_shared<asks>(std::move(decide));
  }

}  // namespace dovetail::inline v0::asyncsql
