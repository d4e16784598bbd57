// COPY of structs into a table: binary, in messages of 64 KiB, after a look at the table's columns.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/postgres/arguments.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/postgres/copy_in.hpp>
#include <dovetail/codec/postgres/copy_tuples.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/row/written.hpp>
#include <dovetail/sql/identifier.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres {

/// Copies all rows of a range into a table, or none. `Range` is a reference or a value.
template <class Range>
struct copy_rows {
  using value_type = summary;
  static constexpr std::string_view name = "copy_in";
  std::string table;
  std::string_view columns;  ///< `column_list<dialect::postgres, Row>`
  Range rows;
  /// Nothing is copied, and the answer's count is -1, where a COPY would not do what INSERT does: into views, past
  /// rules and row security, with values for columns that the server generates.
  bool only_as_insert = false;
  bool is_idempotent() const noexcept { return false; }
};

namespace detail {

/// The part of a copy that knows no row type.
class copy_writer {
 public:
  error_info make_texts(std::string_view table, std::string_view columns);
  /// The look tells as well what `is_as_insert` says, in the same round trip.
  void ask_whether_as_insert(std::string_view table, std::span<const std::string_view> names);
  bool is_as_insert() const noexcept { return !asks_ || is_as_insert_; }
  const std::string& look() const noexcept { return look_; }
  const std::string& copy() const noexcept { return copy_; }

  row_sink types_sink() noexcept;

  /// Lists for arrays that are not built in: their elements' types must be known before.
  template <class Row>
  bool needs_elements() const noexcept {
    if (types_.size() != column_count_of<Row>) return false;
    return [this]<std::size_t... I>(std::index_sequence<I...>) {
      return ((list_like<stored_t<written_type<Row, I>>> && !find_type(types_[I]).is_known) || ...);
    }
    (std::make_index_sequence<column_count_of<Row>>{});
  }
  const std::string& ask_for_elements();
  row_sink elements_sink() noexcept;

  /// The values of one row, each of the type of its column.
  class row_output {
   public:
    row_output(copy_writer& of, byte_buffer& to) noexcept : of_(of), to_(to) {}

    template <class... Members>
    bool operator()(const Members&... members) {
      return (write(members) && ...);
    }

   private:
    template <class T>
    bool write(const T& value) {
      const char* why = "";
      const std::size_t column = of_.column_++;
      errc code{};
      if constexpr (list_like<stored_t<T>>) {
        code = write_copy_value(to_, value, of_.types_[column], why, of_.array(column));
      } else {
        code = write_copy_value(to_, value, of_.types_[column], why);
      }
      if (code == errc{}) [[likely]]
        return true;
      of_.code_ = code;
      of_.why_ = why;
      return false;
    }

    copy_writer& of_;
    byte_buffer& to_;
  };

  /// Writes a row; false when a value of it does not fit.
  template <class Row>
  bool write_row(const Row& row, byte_buffer& to) {
    column_ = 0;
    ++row_;
    row_output out{*this, to};
    to.append_big(static_cast<std::uint16_t>(column_count_of<Row>));
    return write_columns(row, out);
  }
  [[gnu::cold, gnu::noinline]] error_info value_failure(std::string_view field) const {
    std::string which = "row " + std::to_string(row_) + ", field '";
    return argument_failure(code_, which, field, "'", types_[column_ - 1], why_);
  }
  std::size_t column() const noexcept { return column_ - 1; }

  /// Compares the fields' types with the columns', as far as these are the server's own. Errors: errc::row_mismatch
  /// with all that do not fit.
  template <class Row>
  error_info compare() const {
    if (types_.size() != column_count_of<Row>) return errc::row_mismatch;
    return [this]<std::size_t... I>(std::index_sequence<I...>) {
      std::string misfits;
      ((!find_type(types_[I]).is_known || can_send<written_type<Row, I>>(types_[I])
            ? void()
            : add_misfit(misfits, column_names<Row>[I], types_[I])),
       ...);
      return misfits.empty() ? error_info{} : error_info{errc::row_mismatch, std::move(misfits)};
    }
    (std::make_index_sequence<column_count_of<Row>>{});
  }

  /// Says of a refusal by the server which text was sent as the binary form of a type that we do not know.
  template <class Row>
  [[gnu::cold, gnu::noinline]] error_info explain(error_info failure) const {
    if (types_.size() != column_count_of<Row> || !is_of_binary_form(failure)) return failure;
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((text_like<typename list_element<stored_t<written_type<Row, I>>>::type> && types_[I] >= first_user_type
            ? add_text_in_binary(failure, column_names<Row>[I])
            : void()),
       ...);
      return std::move(failure);
    }
    (std::make_index_sequence<column_count_of<Row>>{});
  }

 private:
  static bool is_of_binary_form(const error_info& failure) noexcept;
  static void add_text_in_binary(error_info& to, std::string_view field);
  static void add_misfit(std::string& to, std::string_view field, oid type);
  std::size_t take_fact(byte_view unread, bool& failed);
  std::size_t take_elements(byte_view unread, bool& failed);
  user_array array(std::size_t column) const noexcept {
    return column < arrays_.size() ? arrays_[column] : user_array{};
  }

  std::string look_;
  std::string copy_;
  std::string elements_text_;
  std::vector<oid> types_;
  std::vector<user_array> arrays_;  // of the columns, when it was asked for them
  std::size_t column_ = 0;
  std::size_t row_ = 0;
  bool asks_ = false;
  bool is_as_insert_ = false;
  errc code_{};
  const char* why_ = "";
};

/// Looks at the columns' types, then copies.
template <class Range>
class copy_call {
  using range_type = std::remove_cvref_t<Range>;
  using row_type = std::remove_cvref_t<decltype(*std::declval<const range_type&>().begin())>;
  using iterator = decltype(std::declval<const range_type&>().begin());

 public:
  using value_type = summary;

  copy_call(session& on, const copy_rows<Range>& op) noexcept : on_(&on), op_(&op) {}

  action resume(const event& ev) {
    if (!looking_) {
      if (failure_ = writer_.make_texts(op_->table, op_->columns); failure_) return action::done(failure_.code());
      if (op_->only_as_insert) writer_.ask_whether_as_insert(op_->table, column_names<row_type>);
      looking_.emplace(*on_, statement_request{.text = writer_.look(), .is_read_only = true}, writer_.types_sink());
    }
    if (!copying_) {
      const action next = looking_->resume(ev);
      if (next.what() != verb::done) return next;
      if (next.error()) return end(looking_->failure(next.error()));
      if (!writer_.is_as_insert()) return action::done();
      if (error_info misfit = writer_.template compare<row_type>()) return end(std::move(misfit));
      if (!has_asked_ && writer_.template needs_elements<row_type>()) {
        has_asked_ = true;
        looking_.emplace(*on_,
                         statement_request{.text = writer_.ask_for_elements(), .is_read_only = true, .is_kept = false},
                         writer_.elements_sink());
        return resume({});
      }
      at_.emplace(op_->rows.begin());
      copying_.emplace(*on_, writer_.copy(), copy_source{this, &produce});
      return go_on(copying_->resume({}));
    }
    return go_on(copying_->resume(ev));
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  summary value() && noexcept {
    if (!copying_) return {-1, std::nullopt};
    return {std::move(*copying_).value().rows_affected(), std::nullopt};
  }

 private:
  action go_on(const action& next) {
    if (next.what() != verb::done || !next.error()) return next;
    return end(writer_.template explain<row_type>(copying_->failure(next.error())));
  }
  action end(error_info why) {
    failure_ = std::move(why);
    return action::done(failure_.code());
  }

  static error_info produce(void* state, byte_buffer& out, const copy_format&, bool& is_last) {
    auto& self = *static_cast<copy_call*>(state);
    if (!self.has_begun_) {
      self.has_begun_ = true;
      out.append(copy_header);
    }
    const auto end = self.op_->rows.end();
    for (int i = 0; i < 64 && *self.at_ != end; ++i, ++*self.at_) {
      if (!self.writer_.write_row(**self.at_, out)) {
        return self.writer_.value_failure(column_names<row_type>[self.writer_.column()]);
      }
    }
    is_last = *self.at_ == end;
    if (is_last) out.append_big(static_cast<std::uint16_t>(0xFFFF));  // the trailer: -1
    return {};
  }

  session* on_;
  const copy_rows<Range>* op_;
  copy_writer writer_;
  v0::detail::later<execute_dialogue> looking_;
  v0::detail::later<copy_in_dialogue> copying_;
  std::optional<iterator> at_;
  error_info failure_;
  bool has_begun_ = false;
  bool has_asked_ = false;  // for the elements of arrays
};

}  // namespace detail
}  // namespace postgres
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres {
namespace detail {

DOVETAIL_DEFINE error_info copy_writer::make_texts(std::string_view table, std::string_view columns) {
  result<std::string> quoted = quote_qualified(dialect::postgres, table);
  if (!quoted) return std::move(quoted).error();
  look_ = "select ";
  look_.append(columns.substr(2, columns.size() - 3)).append(" from ").append(*quoted).append(" where false");
  copy_ = "copy ";
  copy_.append(*quoted).append(columns).append(" from stdin (format binary)");
  return {};
}

/// Of a table's name or a column's, whatever standard_conforming_strings says.
[[gnu::cold, gnu::noinline]] inline void append_literal(std::string& to, std::string_view name) {
  to += "E'";
  for (const char c : name) {
    if (c == '\'' || c == '\\') to += c;
    to += c;
  }
  to += '\'';
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void copy_writer::ask_whether_as_insert(
    std::string_view table, std::span<const std::string_view> names) {
  asks_ = true;
  // Tables, their partitioned kind and foreign ones; ev_type 3: on insert. By to_jsonb, because older servers lack some
  // of the columns.
  std::string text =
      "select f.fact, t.* from (select case when c.relkind in ('r', 'p', 'f') and not "
      "pg_catalog.row_security_active(c.oid) and not exists (select from pg_catalog.pg_rewrite r where r.ev_class = "
      "c.oid and r.ev_type = '3') and not exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and "
      "(pg_catalog.to_jsonb(a)->>'attidentity' = 'a' or pg_catalog.to_jsonb(a)->>'attgenerated' <> '') and "
      "a.attname::text in (";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) text += ", ";
    append_literal(text, names[i]);
  }
  text += ")) then 'y' else 'n' end::text from pg_catalog.pg_class c where c.oid = ";
  const result<std::string> quoted = quote_qualified(dialect::postgres, table);
  append_literal(text, quoted ? std::string_view{*quoted} : std::string_view{});
  text.append("::pg_catalog.regclass) f(fact) left join (").append(look_).append(") t on true");
  look_ = std::move(text);
}

DOVETAIL_DEFINE std::size_t copy_writer::take_fact(byte_view unread, bool& failed) {
  return take_rows(unread, failed, [&](byte_view body) {
    // The number of values, the first one's length, and its only letter.
    is_as_insert_ = body.size() > 6 && static_cast<char>(body[6]) == 'y';
    return true;
  });
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE const std::string& copy_writer::ask_for_elements() {
  elements_text_ =
      "select t.oid, e.oid, "
      "(with recursive form(oid, kind, base) as (select e.oid, e.typtype, e.typbasetype "
      "union all select b.oid, b.typtype, b.typbasetype from form f "
      "join pg_catalog.pg_type b on f.kind = 'd' and b.oid = f.base) "
      "select form.oid from form where form.kind <> 'd') "
      "from pg_catalog.pg_type t join pg_catalog.pg_type e on e.oid = t.typelem "
      "where t.typlen = -1 and t.oid in (";
  for (std::size_t i = 0; i < types_.size(); ++i) {
    dovetail::detail::append_parts(elements_text_, {i == 0 ? "" : ", ", dovetail::detail::number_text{types_[i]}});
  }
  arrays_.assign(types_.size(), {});
  return elements_text_ += ')';
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::size_t copy_writer::take_elements(byte_view unread, bool& failed) {
  return take_rows(unread, failed, [&](byte_view body) {
    if (body.size() != 2 + 3 * 8) return false;
    const std::byte* const at = body.data() + 2;
    for (std::size_t i = 0; i < types_.size(); ++i) {
      if (types_[i] == load_big<std::uint32_t>(at + 4)) {
        arrays_[i] = {load_big<std::uint32_t>(at + 12), load_big<std::uint32_t>(at + 20)};
      }
    }
    return true;
  });
}

DOVETAIL_DEFINE row_sink copy_writer::elements_sink() noexcept {
  row_sink to{this};
  to.take = [](void* state, byte_view unread, bool& failed) {
    return static_cast<copy_writer*>(state)->take_elements(unread, failed);
  };
  return to;
}

DOVETAIL_DEFINE row_sink copy_writer::types_sink() noexcept {
  row_sink to{this, [](void* state, statement_description& of) {
                auto& self = *static_cast<copy_writer*>(state);
                self.types_.clear();
                for (const column_description& each : of.columns()) self.types_.push_back(each.type);
                if (self.asks_ && !self.types_.empty()) self.types_.erase(self.types_.begin());  // the fact's
                self.is_as_insert_ = false;
                return error_info{};
              }};
  if (asks_) {
    to.take = [](void* state, byte_view unread, bool& failed) {
      return static_cast<copy_writer*>(state)->take_fact(unread, failed);
    };
  }
  return to;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool copy_writer::is_of_binary_form(const error_info& failure) noexcept {
  const std::string_view state = failure.server().sqlstate;
  return state == "22P03" || state == "08P01" || state.starts_with("54") || state.starts_with("XX");
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void copy_writer::add_text_in_binary(error_info& to,
                                                                                  std::string_view field) {
  std::string text{to.context()};
  dovetail::detail::append_parts(
      text, {text.empty() ? "" : "; ", "the text of field '", field,
             "' went as the binary form of a user-defined type, which it is of enums and types like citext only: use "
             "insert(), or copy_in_text()"});
  to.with_context(std::move(text));
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void copy_writer::add_misfit(std::string& to, std::string_view field,
                                                                          oid type) {
  if (to.empty()) to = "the struct does not fit the table's columns";
  dovetail::detail::append_parts(
      to, {"\n  field '", field, "': its type has no place in a column of the type ", type_name_of(type)});
}

}  // namespace detail
}  // namespace postgres
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
