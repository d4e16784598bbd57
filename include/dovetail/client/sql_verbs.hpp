// The verbs of every SQL client: execute, query, query_one, query_optional, query_value, insert, script; what is
// blocking about streams and transactions is in `sql_blocking_verbs`.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/insert_text.hpp>
#include <dovetail/sql/statement.hpp>
#include <dovetail/sql/transaction_end.hpp>
#include <dovetail/sql/validation_rule.hpp>

#include <cstddef>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// Whether an operation holds its arguments by value, because it may run after the call has returned.
enum class argument_storage : unsigned char { borrowed, owned };

namespace detail {

template <class T>
struct owned_value {
  using type = std::conditional_t<
      std::is_convertible_v<const T&, std::string_view>, std::string,
      std::conditional_t<std::is_convertible_v<const T&, byte_view> && !std::is_class_v<typename unwrap_codec<T>::type>,
                         std::vector<std::byte>, std::decay_t<T>>>;
  static type make(const T& value) { return type(value); }
};
template <>
struct owned_value<byte_view> {
  using type = std::vector<std::byte>;
  static type make(byte_view value) { return {value.begin(), value.end()}; }
};
template <fixed_string Name, class T>
struct owned_value<named_argument<Name, T>> {
  using inner = owned_value<std::remove_cvref_t<T>>;
  using type = named_argument<Name, typename inner::type>;
  static type make(const named_argument<Name, T>& value) { return {inner::make(value.value)}; }
};

template <argument_storage Storage, class... Args>
struct argument_tuple {
  using type = std::tuple<const Args&...>;
  static type make(const Args&... args) noexcept { return type{args...}; }
};
template <class... Args>
struct argument_tuple<argument_storage::owned, Args...> {
  using type = std::tuple<typename owned_value<Args>::type...>;
  static type make(const Args&... args) { return type{owned_value<Args>::make(args)...}; }
};

/// Rows for `insert`: a range of structs, not one struct, not text.
template <class T>
concept row_range = !reflectable<T> && requires(const T& range) {
  range.begin();
  range.end();
  requires reflectable<std::remove_cvref_t<decltype(*range.begin())>>;
};

/// What a verb takes for its statement. A client type with rules about texts, which it names as
/// `guard_type::literals`, takes validated ones.
template <class Self, dialect D, class Row, class... Args>
struct verb_statement {
  using type = statement_for<D, Row, Args...>;
};
template <class Self, dialect D, class Row, class... Args>
  requires requires { Self::guard_type::literals; }
struct verb_statement<Self, D, Row, Args...> {
  using type = validated_statement<Self::guard_type::literals, D, Row, argument_shape_t<Args>...>;
};
template <class Self, dialect D, class Row, class... Args>
using statement_of = typename verb_statement<Self, D, Row, Args...>::type;

template <class Range>
using row_of = std::remove_cvref_t<decltype(*std::declval<const Range&>().begin())>;

}  // namespace detail

/// Base class of clients, their views, and transactions. What a verb returns is the client's business: T,
/// `dt::result<T>`, or what a completion token makes of it. Statements are string literals, checked by the compiler
/// against row type and arguments, or `dt::runtime(text)`, checked before any I/O.
/// Arguments: values for `?`, `?1` or `$1` in their order; `dt::arg<"name">(value)` for `:name`; or one struct whose
/// fields have the names. A range expands in `in (?)`.
/// Rows that a verb gives own what they hold: a `std::string_view` or `byte_view` field stops the compiler, but in
/// `stream()`.
/// Errors, of every verb: errc::malformed_statement and its like for a runtime text; errc::row_mismatch with all that
/// does not fit, before the first row is read; errc::unexpected_null, errc::value_out_of_range, errc::malformed_value
/// with row, field and column; the database's codes; errors of the pool.
template <class Self, dialect D, argument_storage Storage>
class sql_verbs {
 public:
  using place = std::source_location;
  static constexpr dialect speaks = D;  ///< for code that is generic over databases

  /// Runs a statement that returns no rows (or drops them). (summary)
  template <class... Args>
  decltype(auto) execute(detail::statement_of<Self, D, void, Args...> sql, const Args&... args) {
    return self().run(sql_execute<request_of<void, Args...>>{ask<void>(sql, args...)}, sql.view().where);
  }

  /// All rows. (rows<Row>)
  template <class Row, class... Args>
  decltype(auto) query(detail::statement_of<Self, D, Row, Args...> sql, const Args&... args) {
    return self().run(sql_query<Row, request_of<Row, Args...>>{ask<Row>(sql, args...)}, sql.view().where);
  }

  /// The only row. Errors: errc::no_row, errc::too_many_rows. (Row)
  template <class Row, class... Args>
  decltype(auto) query_one(detail::statement_of<Self, D, Row, Args...> sql, const Args&... args) {
    return self().run(sql_query_one<Row, request_of<Row, Args...>>{ask<Row>(sql, args...)}, sql.view().where);
  }

  /// The only row, or nothing. Errors: errc::too_many_rows. (std::optional<Row>)
  template <class Row, class... Args>
  decltype(auto) query_optional(detail::statement_of<Self, D, Row, Args...> sql, const Args&... args) {
    return self().run(sql_query_optional<Row, request_of<Row, Args...>>{ask<Row>(sql, args...)}, sql.view().where);
  }

  /// The only value of the only row. Errors: errc::no_row, errc::too_many_rows. (T)
  template <class T, class... Args>
    requires(row_plan<T>::size == 1)  // If the compiler points here: a value is one column; query_one takes structs.
  decltype(auto) query_value(detail::statement_of<Self, D, T, Args...> sql, const Args&... args) {
    return query_one<T>(sql, args...);
  }

  /// Inserts a struct: its fields name the columns. The table's name may have a schema: "main.city". (summary)
  template <reflectable Struct>
  decltype(auto) insert(std::string_view table, const Struct& row, place where = place::current()) {
    return insert_with<insert_tail<D, Struct>>(table, std::span<const Struct, 1>{&row, 1}, where);
  }
  /// Inserts all structs of a range, or none: one prepared statement, one transaction. (summary)
  template <detail::row_range Range>
  decltype(auto) insert(std::string_view table, const Range& rows, place where = place::current()) {
    return insert_with<insert_tail<D, detail::row_of<Range>>>(table, rows, where);
  }

  /// As `insert`, but a row that is there already gets the new values; `Keys` are the columns that tell:
  /// `upsert<"id">`. (summary)
  template <fixed_string... Keys, reflectable Struct>
  decltype(auto) upsert(std::string_view table, const Struct& row, place where = place::current()) {
    return insert_with<insert_tail<D, Struct, on_conflict::update, Keys...>>(table, std::span<const Struct, 1>{&row, 1},
                                                                             where);
  }
  template <fixed_string... Keys, detail::row_range Range>
  decltype(auto) upsert(std::string_view table, const Range& rows, place where = place::current()) {
    return insert_with<insert_tail<D, detail::row_of<Range>, on_conflict::update, Keys...>>(table, rows, where);
  }

  /// Inserts a struct and gives the row as the database made it, with its defaults and generated keys: `Row` (by
  /// default the struct's own type) says which columns come back. (Row)
  template <class Row = void, reflectable Struct>
  decltype(auto) insert_returning(std::string_view table, const Struct& row, place where = place::current()) {
    using wanted = std::conditional_t<std::is_void_v<Row>, Struct, Row>;
    static_assert(reflectable<wanted>,
                  "dovetail: insert_returning gives a struct: one value is a struct of one member");
    using held = std::conditional_t<Storage == argument_storage::owned, Struct, const Struct&>;
    return self().run(
        sql_insert_returning<wanted, held>{std::string{table}, insert_tail<D, Struct>, returning_tail<D, wanted>, row},
        where);
  }

  /// Runs each statement of a text that has no parameters. What ran before a mistake stays, unless the text has a
  /// transaction of its own. The text is a run-time one, literals too: it is not checked, and a session's guard judges
  /// each of its statements before any is sent. (void)
  decltype(auto) script(std::string_view text, place where = place::current()) {
    return self().run(sql_script{std::string{text}, detail::ends_transaction(D, text)}, where);
  }
  decltype(auto) script(runtime sql, place where = place::current()) { return script(sql.text, where); }

 protected:
  sql_verbs() = default;
  sql_verbs(const sql_verbs&) = default;
  sql_verbs& operator=(const sql_verbs&) = default;
  ~sql_verbs() = default;

  Self& self() noexcept { return static_cast<Self&>(*this); }

  // Where the arguments are borrowed, so is the statement: a copy would cost more than all else that is done with it.
  template <class Row, class... Args>
  using request_of =
      sql_request<std::conditional_t<Storage == argument_storage::borrowed, const statement_for<D, Row, Args...>&,
                                     statement_for<D, Row, Args...>>,
                  typename detail::argument_tuple<Storage, Args...>::type>;

  template <const std::string_view& Tail, class Range>
  decltype(auto) insert_with(std::string_view table, const Range& rows, place where) {
    if constexpr (Storage == argument_storage::owned) {
      using held = std::vector<detail::row_of<Range>>;
      return self().run(sql_insert<held>{std::string{table}, Tail, held(rows.begin(), rows.end())}, where);
    } else {
      return self().run(sql_insert<const Range&>{std::string{table}, Tail, rows}, where);
    }
  }

  template <class Row, class... Args>
  static request_of<Row, Args...> ask(const statement_for<D, Row, Args...>& sql, const Args&... args) {
    detail::note_use(sql);
    return {sql, detail::argument_tuple<Storage, Args...>::make(args...)};
  }
};

}  // namespace dovetail::inline v0
