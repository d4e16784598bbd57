// Reads one row of a result into a row type: straight code when the columns have the order of the fields.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/report.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// The current row of a result: what a backend gives to `read_row`. Column numbers count from 0.
/// `read` sets `out` or gives an error: errc::unexpected_null for null, errc::value_out_of_range,
/// errc::malformed_value. It never sees `std::optional`, `column<>` or a type with a `field_codec`; enums and
/// `json_value<>` it does. A source may have `void explain(std::string_view)`: it is told what a codec says of a value
/// that it refuses.
///
/// If the compiler points here: the source lacks `bool is_null(int)`, or `errc read(int, std::int64_t&)`.
template <class Source>
concept row_source = requires(Source& source, int column, std::int64_t& value) {
  { source.is_null(column) } -> std::convertible_to<bool>;
  { source.read(column, value) } -> std::same_as<errc>;
};

namespace detail {

/// True for `dt::row`: a source has `errc read_all(row&)`.
template <class Row>
inline constexpr bool is_dynamic_row = false;

struct straight_columns {
  static constexpr int column(std::size_t leaf) noexcept { return static_cast<int>(leaf); }
};

struct mapped_columns {
  const std::uint16_t* columns;
  int column(std::size_t leaf) const noexcept { return columns[leaf]; }
};

template <class T, class Source>
errc read_value(Source& source, int column, T& out);

/// Reads through a codec: the stored type first, then the user's own, into `out` or into the optional that it is.
template <class T, class Source>
errc read_coded(Source& source, int column, T& out) {
  using codec = field_codec<typename unwrap_optional<T>::type>;
  typename codec::stored_type stored{};
  if (const errc code = read_value(source, column, stored); code != errc{}) return code;
  auto decoded = codec::decode(std::move(stored));
  if (decoded) {
    out = *std::move(decoded);
    return errc{};
  }
  if constexpr (requires { source.explain(decoded.error().context()); }) source.explain(decoded.error().context());
  const std::error_code code = decoded.error().code();
  return code.category() == error_category() ? static_cast<errc>(code.value()) : errc::malformed_value;
}

template <class T, class Source>
[[gnu::always_inline]] inline errc read_value(Source& source, int column, T& out) {
  static_assert(!std::is_const_v<T>,
                "dovetail: a const member cannot be read into; write a dt::describe<T> without it");
  if constexpr (has_field_codec<T>) {
    return read_coded(source, column, out);
  } else if constexpr (is_column<T>) {
    return read_value(source, column, out.value);
  } else if constexpr (is_optional<T>) {
    if (source.is_null(column)) {
      out.reset();
      return errc{};
    }
    if constexpr (has_field_codec<typename T::value_type>) {
      return read_coded(source, column, out);  // it need not have a default constructor
    } else {
      if (!out) out.emplace();
      return read_value(source, column, *out);
    }
  } else {
    return source.read(column, out);
  }
}

template <class Source, class Columns>
struct row_reader {
  Source& source;
  Columns columns;
  read_status status{};

  /// True when all columns of leaves First … First + Count - 1 are null.
  template <std::size_t First, std::size_t... I>
  bool are_null(std::index_sequence<I...>) const {
    return (source.is_null(columns.column(First + I)) && ...);
  }

  template <std::size_t First, class Member>
  [[gnu::always_inline]] bool read_member(Member& member) {
    if constexpr (is_column<Member>) {
      return read_member<First>(member.value);
    } else if constexpr (!node<Member>::is_struct) {
      status.code = read_value(source, columns.column(First), member);
      if (status.code == errc{}) [[likely]] {
        return true;
      }
      status.leaf = static_cast<int>(First);
      return false;
    } else if constexpr (is_optional<Member>) {
      if (are_null<First>(std::make_index_sequence<count_leaves_of<Member>()>{})) {
        member.reset();
        return true;
      }
      if (!member) member.emplace();
      return read_struct<First>(*member);
    } else {
      return read_struct<First>(member);
    }
  }

  template <std::size_t First, class... Members, std::size_t... I>
  [[gnu::always_inline]] bool read_each(std::index_sequence<I...>, Members&... members) {
    constexpr auto first = first_leaves<First, Members...>();
    return (read_member<first[I]>(members) && ...);
  }

  template <std::size_t First>
  struct members_reader {
    row_reader& reader;
    template <class... Members>
    [[gnu::always_inline]] bool operator()(Members&... members) const {
      return reader.template read_each<First>(std::index_sequence_for<Members...>{}, members...);
    }
  };

  template <std::size_t First, class Struct>
  [[gnu::always_inline]] bool read_struct(Struct& out) {
    return with_fields(out, members_reader<First>{*this});
  }

  template <class Value>
  [[gnu::always_inline]] bool read(Value& out) {
    if constexpr (is_row_tuple<Value>) {
      return std::apply(members_reader<0>{*this}, out);
    } else {
      return read_member<0>(out);
    }
  }
};

}  // namespace detail

/// Reads the row that `source` stands at, whose columns have the order of the leaves (`binding::is_in_order`).
/// Cost: one direct call a column; nothing is looked up.
template <class Row, row_source Source>
[[gnu::always_inline]] inline read_status read_row_in_order(row_value_t<Row>& out, Source& source) {
  if constexpr (detail::is_dynamic_row<Row>) {
    return {source.read_all(out), -1};
  } else {
    detail::row_reader<Source, detail::straight_columns> reader{source, {}};
    reader.read(out);
    return reader.status;
  }
}

/// Reads the row that `source` stands at, whatever the order of its columns.
template <class Row, row_source Source>
read_status read_row_mapped(row_value_t<Row>& out, Source& source, const binding& bound) {
  if constexpr (detail::is_dynamic_row<Row>) {
    return {source.read_all(out), -1};
  } else {
    detail::row_reader<Source, detail::mapped_columns> reader{source, {bound.columns().data()}};
    reader.read(out);
    return reader.status;
  }
}

/// Reads the row that `source` stands at. `bound` must come from `bind_row(row_plan<Row>::description, …)`.
/// Errors: the first value that does not fit; `value_error` puts it into words. `out` is partly overwritten then.
template <class Row, row_source Source>
[[gnu::always_inline]] inline read_status read_row(row_value_t<Row>& out, Source& source, const binding& bound) {
  if (bound.is_in_order()) [[likely]] {
    return read_row_in_order<Row>(out, source);
  }
  return read_row_mapped<Row>(out, source, bound);
}

}  // namespace dovetail::inline v0
