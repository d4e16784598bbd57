// Optimistic locking's statements as operations of a client.
#pragma once

#include <dovetail/client/sql_operations.hpp>
#include <dovetail/sql/lock_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// `Row` void: the statement returns none.
template <dialect D, class Row, class... Args>
auto lock_request(const std::string& text, std::source_location where, Args... args) {
  return sql_request<statement_for<D, Row, Args...>, std::tuple<Args...>>{{runtime{text}, where}, {std::move(args)...}};
}

/// A request that tells which members of a struct it sends: all of them, or key and version.
template <class Statement, class Arguments, class Layout, bool WithPayload>
struct lock_change : sql_request<Statement, Arguments> {
  static constexpr auto columns = [] {
    constexpr const auto& names = field_names<typename Layout::row_type>;
    if constexpr (WithPayload) {
      return names;
    } else {
      return std::array{names[Layout::key], names[Layout::version]};
    }
  }();
  static constexpr std::span<const std::string_view> columns_from_struct() noexcept { return columns; }
};

template <dialect D, class Row, class Layout, bool WithPayload, class... Args>
auto lock_change_request(const std::string& text, std::source_location where, Args... args) {
  return lock_change<statement_for<D, Row, Args...>, std::tuple<Args...>, Layout, WithPayload>{
      {{runtime{text}, where}, {std::move(args)...}}};
}

/// The version that a row has now. A struct, for its column has a name: sessions that hide columns look at names.
template <class Version>
struct version_row {
  Version version;
};

/// Makes operations. Lifetime: they borrow the text that they are given.
template <dialect D, class Layout>
struct lock_calls {
  using row_type = typename Layout::row_type;
  using texts = lock_statements<D, Layout>;
  using version_type = without_optional<typename Layout::version_type>;
  using now_type = version_row<version_type>;

  static auto read(const std::string& text, const typename Layout::key_type& key, std::source_location where) {
    auto request = lock_request<D, row_type>(text, where, key);
    return sql_query_optional<row_type, decltype(request)>{std::move(request)};
  }
  static auto erase(const std::string& text, const row_type& row, std::source_location where) {
    auto request =
        lock_change_request<D, void, Layout, false>(text, where, Layout::key_of(row), Layout::version_of(row));
    return sql_execute<decltype(request)>{std::move(request)};
  }
  static auto erase_any(const std::string& text, const row_type& row, std::source_location where) {
    auto request = lock_change_request<D, void, Layout, false>(text, where, Layout::key_of(row));
    return sql_execute<decltype(request)>{std::move(request)};
  }
  /// Gives the new version: a trigger may have chosen another one.
  static auto write(const std::string& text, const row_type& row, std::source_location where) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      auto request = lock_change_request<D, now_type, Layout, true>(text, where, member_at<Layout::payload[I]>(row)...,
                                                                    Layout::key_of(row), Layout::version_of(row));
      return sql_query_optional<now_type, decltype(request)>{std::move(request)};
    }
    (std::make_index_sequence<Layout::payload.size()>{});
  }
  /// What `write` gave.
  static std::optional<version_type> version_in(const std::optional<now_type>& now) {
    if (!now) return std::nullopt;
    return now->version;
  }
  static auto force(const std::string& text, const row_type& row, std::source_location where) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      auto request = lock_change_request<D, row_type, Layout, true>(text, where, member_at<Layout::payload[I]>(row)...,
                                                                    Layout::key_of(row));
      return sql_query_optional<row_type, decltype(request)>{std::move(request)};
    }
    (std::make_index_sequence<Layout::payload.size()>{});
  }
};

/// The texts for one table.
template <dialect D, class Layout>
struct lock_texts {
  using parts = lock_statements<D, Layout>;

  static std::string join(std::string_view before, std::string_view table, std::string_view behind,
                          std::string_view end = {}) {
    std::string text;
    text.reserve(before.size() + table.size() + behind.size() + end.size());
    text.append(before).append(table).append(behind).append(end);
    return text;
  }
  static std::string read(std::string_view table) { return join(parts::select, table, parts::by_key); }
  static std::string write(std::string_view table) { return join("update ", table, parts::set, parts::new_version); }
  static std::string force(std::string_view table) {
    return join("update ", table, parts::force, returning_tail<D, typename Layout::row_type>);
  }
  static std::string erase(std::string_view table) { return join("delete from ", table, parts::by_version); }
  static std::string erase_any(std::string_view table) { return join("delete from ", table, parts::by_key); }
};

}  // namespace dovetail::inline v0::detail
