// Where rows of a PostgreSQL result go: into structs, straight from the read buffer.
#pragma once

#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/row_sink.hpp>
#include <dovetail/codec/postgres/statement_description.hpp>
#include <dovetail/format/postgres/types.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/row/bound_rows.hpp>
#include <dovetail/row/read.hpp>
#include <dovetail/row/rows.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres::detail {

using dovetail::detail::row_tag;

std::vector<column_info> columns_of(const statement_description& of);

using names_maker = std::shared_ptr<const void> (*)(const statement_description& of);

template <class Row>
std::shared_ptr<const void> make_names(const statement_description& of) {
  using names_type = std::remove_const_t<typename Row::columns_type::element_type>;
  auto names = std::make_shared<names_type>(of.columns().size());
  for (std::size_t i = 0; i < names->size(); ++i) {
    (*names)[i].name = of.columns()[i].name;
    (*names)[i].database_type = type_name_of(of.columns()[i].type);
  }
  return names;
}
template <class Row>
constexpr names_maker names_maker_of() noexcept {
  if constexpr (dovetail::detail::is_dynamic_row<Row>) {
    return &make_names<Row>;
  } else {
    return nullptr;
  }
}

/// The part of a row target that knows no row type. Lifetime: stays where it is from `describe` on.
class row_target {
 public:
  /// `names_of`: makes the columns that dynamic rows share; null for other rows.
  row_target(const char* tag, const row_description& row, name_style style, names_maker names_of) noexcept
      : tag_(tag), row_(&row), style_(style), names_of_(names_of) {}

  std::size_t rows_read() const noexcept { return number_; }
  error_info take_failure() { return std::move(failure_); }

 protected:
  ~row_target() = default;

  row_sink sink_of(std::size_t (*take)(void*, byte_view, bool&)) noexcept {
    return {this, [](void* state, statement_description& of) { return static_cast<row_target*>(state)->describe(of); },
            take, [](void* state) { return std::move(static_cast<row_target*>(state)->failure_); }};
  }

  /// Reads one DataRow.
  template <class Row>
  [[gnu::always_inline]] bool read(byte_view body, row_value_t<Row>& out) {
    ++number_;
    const read_status status = bound_->source.template read_row<Row>(body, out, bound_->columns);
    if (status) [[likely]]
      return true;
    return fail_value(status);
  }
  bool fail(error_info failure) {
    failure_ = std::move(failure);
    return false;
  }
  /// The next row is the first of another result.
  void count_anew() noexcept { number_ = 0; }
  /// Compares the columns with the row type, once per prepared statement, and chooses their formats.
  error_info describe(statement_description& of);
  bound_source* bound() const noexcept { return bound_; }

 private:
  error_info bind(statement_description& of);
  void choose_formats(statement_description& of) const;
  [[gnu::cold]] bool fail_value(read_status status);

  const char* tag_;
  const row_description* row_;
  name_style style_;
  names_maker names_of_;
  statement_description* of_ = nullptr;
  bound_source* bound_ = nullptr;
  std::size_t number_ = 0;
  error_info failure_;
};

/// All rows.
template <class Row>
class all_rows final : public row_target {
 public:
  using value_type = rows<row_value_t<Row>>;

  all_rows() noexcept
      : row_target(&row_tag<Row>, row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()) {}
  row_sink sink() noexcept { return sink_of(&take); }
  error_info finish(const execution&) {
    if (bound() != nullptr) bound()->gave(rows_read());
    return {};
  }
  value_type&& value() { return std::move(all_); }

 private:
  static std::size_t take(void* state, byte_view unread, bool& failed) {
    auto& self = *static_cast<all_rows*>(static_cast<row_target*>(state));
    if (self.rows_read() == 0) {
      if (const std::size_t likely = self.bound()->likely_rows(); likely > 1) self.all_.reserve(likely);
    }
    return take_rows(unread, failed, [&self](byte_view body) {
      return v0::detail::append_row(self.all_,
                                    [&](row_value_t<Row>& out) { return self.template read<Row>(body, out); });
    });
  }

  value_type all_;
};

/// The only row, or none.
template <class Row, bool MayBeNone>
class one_row final : public row_target {
 public:
  using value_type = std::conditional_t<MayBeNone, std::optional<row_value_t<Row>>, row_value_t<Row>>;

  one_row() noexcept
      : row_target(&row_tag<Row>, row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()) {}
  row_sink sink() noexcept { return sink_of(&take); }
  error_info finish(const execution&) {
    if constexpr (!MayBeNone) {
      if (rows_read() == 0) return errc::no_row;
    }
    return {};
  }
  value_type&& value() requires(!MayBeNone) { return std::move(row_); }
  value_type value() requires MayBeNone {
    if (rows_read() == 0) return std::nullopt;
    return std::move(row_);
  }

 private:
  static std::size_t take(void* state, byte_view unread, bool& failed) {
    auto& self = *static_cast<one_row*>(static_cast<row_target*>(state));
    return take_rows(unread, failed, [&self](byte_view body) {
      if (self.rows_read() != 0) return self.fail(errc::too_many_rows);
      return self.template read<Row>(body, self.row_);
    });
  }

  row_value_t<Row> row_{};
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::vector<column_info> columns_of(const statement_description& of) {
  std::vector<column_info> columns(of.columns().size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const column_description& from = of.columns()[i];
    columns[i] = {from.name, type_name_of(from.type), kinds_of(from.type), nullability::unknown, advice_of(from.type)};
    columns[i].type = from.type;
    if (const oid element = element_of(from.type); element != 0) {
      columns[i].elements = kinds_of(element);
      columns[i].element_type = element;
    }
  }
  return columns;
}

DOVETAIL_DEFINE error_info row_target::describe(statement_description& of) {
  of_ = &of;
  bound_ = of.bindings.find(tag_);
  if (bound_ == nullptr) return bind(of);
  if (of.formats_of != tag_) choose_formats(of);
  return {};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info row_target::bind(statement_description& of) {
  result<binding> made = bind_row(*row_, columns_of(of), {.style = style_});
  if (!made) return std::move(made).error();
  bound_ = of.bindings.remember(tag_, *std::move(made));
  choose_formats(of);
  std::vector<column_type> types;
  types.reserve(of.columns().size());
  for (const column_description& each : of.columns()) types.push_back({each.type, each.is_binary});
  if (row_->leaves.empty()) {
    bound_->source.describe(std::move(types));
    if (names_of_ != nullptr) bound_->source.set_names(names_of_(of));
  } else {
    bound_->source.describe(std::move(types), *row_, bound_->columns);
  }
  return {};
}

[[gnu::noinline]] DOVETAIL_DEFINE void row_target::choose_formats(statement_description& of) const {
  const bool is_dynamic = row_->leaves.empty();
  for (std::size_t column = 0; column < of.columns().size(); ++column) {
    of.ask_for(column, !is_dynamic || is_dynamic_binary(of.columns()[column].type));
  }
  for (std::size_t leaf = 0; leaf < row_->leaves.size(); ++leaf) {
    const auto column = static_cast<std::size_t>(bound_->columns.column(leaf));
    const oid type = of.columns()[column].type;
    const auto& field = row_->leaves[leaf];
    const bool is_text = field.kind == field_kind::native && field.native->is_read_as_text != nullptr &&
                         field.native->is_read_as_text(type);
    if (is_text || !is_asked_in_binary(type, field.kind)) of.ask_for(column, false);
  }
  of.formats_of = tag_;
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
namespace dovetail::inline v0::postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool row_target::fail_value(read_status status) {
  if (status.leaf < 0) return fail({errc::malformed_frame, "a row that is none of this result"});
  return fail(value_error(*row_, bound_->columns, columns_of(*of_), status, number_, bound_->source.words()));
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
