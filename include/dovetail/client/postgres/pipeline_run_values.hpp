// What statements of one text give, one after the other: each value is made when its answer comes.
#pragma once

#include <dovetail/client/postgres/row_target.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/postgres/command_tag.hpp>

#include <cstddef>
#include <optional>
#include <type_traits>

namespace dovetail::inline v0::postgres::detail {

/// Fits where `std::vector<bool>` has no place for a value.
struct boxed_bool {
  bool value = false;
};

/// `begin`, `row` for each row, `finish` for each statement; a statement that `may_end` has nothing against its end.
template <class Op>
class run_values;

template <class Request>
class run_values<sql_execute<Request>> {
 public:
  using stored_type = summary;
  static constexpr bool has_rows = false;

  error_info describe(statement_description&) noexcept { return {}; }
  void begin() noexcept {}
  bool row(stored_type&, byte_view) noexcept { return true; }  // nobody wants it
  bool may_end() const noexcept { return true; }
  error_info finish(stored_type& of, const command_tag& with) noexcept {
    of.rows_affected = with.rows_affected();
    return {};
  }
  error_info take_failure() noexcept { return {}; }
};

template <class Row, class Request>
class run_values<sql_query<Row, Request>> final : public row_target {
 public:
  using stored_type = rows<row_value_t<Row>>;
  static constexpr bool has_rows = true;

  run_values() noexcept
      : row_target(&row_tag<Row>, row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()) {}

  using row_target::describe;
  void begin() noexcept { this->count_anew(); }
  [[gnu::always_inline]] bool row(stored_type& of, byte_view body) {
    if (this->rows_read() == 0) {
      if (const std::size_t likely = this->bound()->likely_rows(); likely > 1) of.reserve(likely);
    }
    return v0::detail::append_row(of, [&](row_value_t<Row>& out) { return this->template read<Row>(body, out); });
  }
  bool may_end() const noexcept { return true; }
  error_info finish(stored_type&, const command_tag&) noexcept {
    this->bound()->gave(this->rows_read());
    return {};
  }
};

template <class Row, bool MayBeNone>
class pipelined_row : public row_target {
 public:
  using value_type = std::conditional_t<MayBeNone, std::optional<row_value_t<Row>>, row_value_t<Row>>;
  using stored_type = std::conditional_t<std::is_same_v<value_type, bool>, boxed_bool, value_type>;
  static constexpr bool has_rows = true;

  pipelined_row() noexcept
      : row_target(&row_tag<Row>, row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()) {}

  using row_target::describe;
  void begin() noexcept { this->count_anew(); }
  [[gnu::always_inline]] bool row(stored_type& of, byte_view body) {
    if (this->rows_read() != 0) [[unlikely]]
      return this->fail(errc::too_many_rows);
    if constexpr (MayBeNone) {
      return this->template read<Row>(body, of.emplace());
    } else if constexpr (std::is_same_v<value_type, bool>) {
      return this->template read<Row>(body, of.value);
    } else {
      return this->template read<Row>(body, of);
    }
  }
  bool may_end() const noexcept { return MayBeNone || this->rows_read() != 0; }
  error_info finish(stored_type&, const command_tag&) noexcept {
    return may_end() ? error_info{} : error_info{errc::no_row};
  }
};
template <class Row, class Request>
class run_values<sql_query_one<Row, Request>> final : public pipelined_row<Row, false> {};
template <class Row, class Request>
class run_values<sql_query_optional<Row, Request>> final : public pipelined_row<Row, true> {};

}  // namespace dovetail::inline v0::postgres::detail
