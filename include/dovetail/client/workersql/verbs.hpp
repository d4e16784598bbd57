// The verbs of WorkerSQL clients beyond those of every SQL client: batches, answers with facts, prepared, health.
#pragma once

#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/client/workersql/operations.hpp>
#include <dovetail/client/workersql/result_cache.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/sql/statement.hpp>

#include <source_location>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::workersql {
namespace detail {

/// The statement that one element of a range gives the arguments of: a tuple its elements, a struct its fields.
template <class Element>
struct rows_statement {
  using type = statement_for<dialect::sqlite, void, Element>;
  using request = sql_request<type, std::tuple<const Element&>>;
  static request make(const type& sql, const Element& row) { return {sql, std::tuple<const Element&>{row}}; }
};
template <class... Elements>
struct rows_statement<std::tuple<Elements...>> {
  using type = statement_for<dialect::sqlite, void, Elements...>;
  using request = sql_request<type, std::tuple<const Elements&...>>;
  static request make(const type& sql, const std::tuple<Elements...>& row) {
    return std::apply(
        [&sql](const auto&... each) {
          return request{sql, std::tuple<const Elements&...>{each...}};
        },
        row);
  }
};
template <class First, class Second>
struct rows_statement<std::pair<First, Second>> {
  using type = statement_for<dialect::sqlite, void, First, Second>;
  using request = sql_request<type, std::tuple<const First&, const Second&>>;
  static request make(const type& sql, const std::pair<First, Second>& row) {
    return {sql, std::tuple<const First&, const Second&>{row.first, row.second}};
  }
};

/// The connection options of a client, blocking or not.
template <class Core>
const options& options_of(Core& core) {
  if constexpr (requires { core->connections(); }) {
    return core->connections().connection_options().how;
  } else {
    return core.connections().connection_options();
  }
}

template <class Range>
using element_of = std::remove_cvref_t<decltype(*std::declval<const Range&>().begin())>;

}  // namespace detail

/// A statement that was checked once and is asked often; the gateway has no statements of its own, so this is a handle
/// on the client's side. Lifetime: borrows the client, and the text of `dt::runtime`.
template <class Client, class Row, class... Args>
class prepared {
 public:
  using statement_type = statement_for<dialect::sqlite, Row, Args...>;

  prepared(Client& on, const statement_type& sql) noexcept : on_(&on), sql_(sql) {}

  /// All rows; a summary when there is no row type.
  decltype(auto) operator()(const Args&... args) const {
    if constexpr (std::is_void_v<Row>) {
      return on_->execute(sql_, args...);
    } else {
      return on_->template query<Row>(sql_, args...);
    }
  }
  decltype(auto) one(const Args&... args) const { return on_->template query_one<Row>(sql_, args...); }
  decltype(auto) optional(const Args&... args) const { return on_->template query_optional<Row>(sql_, args...); }

 private:
  Client* on_;
  statement_type sql_;
};

/// Base class of clients and their views, on top of `Base`, which has the verbs of every SQL client.
template <class Self, class Base>
class extra_verbs : public Base {
 public:
  using typename Base::place;

  /// All rows with what the gateway says of them: whether they came from its cache, and how long it took.
  /// (query_response<Row>) `how`: consistency and cache for this query alone.
  template <class Row, class... Args>
  decltype(auto) request(const query_options& how, statement_for<dialect::sqlite, Row, Args...> sql,
                         const Args&... args) {
    return run_with_facts<Row>(how, sql, args...);
  }
  template <class Row, class... Args>
  decltype(auto) request(statement_for<dialect::sqlite, Row, Args...> sql, const Args&... args) {
    return run_with_facts<Row>(query_options{}, sql, args...);
  }

  /// Executes the statements of a batch together: all, or none. (batch_summary)
  /// Errors: errc::operation_unsupported for what a batch cannot hold; workersql::gateway_errc::batch_failed.
  decltype(auto) batch(workersql::batch work, place where = place::current()) {
    return this->self().run(workersql::execute_batch{std::move(work)}, where);
  }

  /// Executes one statement for each row of a range, as one batch: all, or none. A row is a tuple or pair of arguments,
  /// or a struct whose fields have the names of the parameters. (summary)
  template <class Range>
  decltype(auto) execute_many(typename detail::rows_statement<detail::element_of<Range>>::type sql, const Range& rows) {
    workersql::batch work;
    for (const auto& row : rows) work.append(detail::rows_statement<detail::element_of<Range>>::make(sql, row));
    return this->self().run(execute_rows{std::move(work)}, sql.view().where);
  }

  /// A handle on a statement that is asked often: `auto find = db.prepare<user, int>("select …"); find(7)`.
  template <class Row, class... Args>
  prepared<Self, Row, Args...> prepare(statement_for<dialect::sqlite, Row, Args...> sql) {
    return {this->self(), sql};
  }

  /// What the gateway says of itself. (gateway_health)
  decltype(auto) health(place where = place::current()) { return this->self().run(ask_health{}, where); }
  /// Asks the gateway for a sign of life. (void)
  decltype(auto) ping(place where = place::current()) { return this->self().run(ask_ping{}, where); }

  /// Counters of the client's cache of results (`cacheTtl=` in the connection string); zeros without one.
  cache_statistics get_cache_stats() {
    const result_cache* const cache = detail::options_of(this->self().core()).cache.get();
    return cache == nullptr ? cache_statistics{} : cache->statistics();
  }
  /// Forgets the answers that depend on a table, or all: after a write that this client knows nothing of.
  void forget_cached(std::string_view table) {
    table_set written;
    written.add(detail::cached_table_name(table));
    if (result_cache* const cache = detail::options_of(this->self().core()).cache.get()) cache->invalidate(written);
  }
  void forget_cached() {
    if (result_cache* const cache = detail::options_of(this->self().core()).cache.get()) cache->clear();
  }

 private:
  template <class Row, class... Args>
  decltype(auto) run_with_facts(const query_options& how, const statement_for<dialect::sqlite, Row, Args...>& sql,
                                const Args&... args) {
    using request_type = typename Base::template request_of<Row, Args...>;
    return this->self().run(query_with_facts<Row, request_type>{Base::template ask<Row>(sql, args...), how},
                            sql.view().where);
  }
};

}  // namespace dovetail::inline v0::workersql
