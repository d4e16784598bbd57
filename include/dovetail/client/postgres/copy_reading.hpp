// COPY … TO STDOUT into rows: a look at the columns, then batches of rows as they come.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/later.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/postgres/copy_out.hpp>
#include <dovetail/codec/postgres/copy_tuples.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/sql/identifier.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// What is copied: some columns of a table, or what a query gives.
class copy_origin {
 public:
  /// `columns`: `column_list<dialect::postgres, Row>`. Errors: those of `quote_qualified`.
  static result<copy_origin> of_table(std::string_view table, std::string_view columns);
  static copy_origin of_query(std::string_view query);

  /// Has the columns, and no rows.
  std::string look() const;
  /// A binary COPY has all columns in binary; what the row type takes as text is made text by the server.
  std::string copy(const statement_description& of) const;

 private:
  std::string source_;
  std::string columns_;
  bool is_query_ = false;
};

/// A copy that is being read. Lifetime: stays where it is, and borrows the buffer and the sink's state.
class copy_reading {
 public:
  /// Rows are appended to `batch` as DataRow messages; `rows.describe` is told the columns.
  copy_reading(copy_origin from, const row_sink& rows, byte_buffer& batch, std::size_t& count)
      : from_(std::move(from)), look_(from_.look()), rows_(rows), batch_(&batch), count_(&count) {}
  copy_reading(const copy_reading&) = delete;
  copy_reading& operator=(const copy_reading&) = delete;

  bool is_over() const noexcept { return is_over_; }

  /// Goes on until there are rows that wait to be read, or the copy has ended: then it is done for now, and the session
  /// is in the middle of an answer.
  /// `is_first`: of a step.
  action resume(session& on, const event& ev, bool is_first);
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }

 private:
  action go_on(const action& next);
  action end(error_info why);

  row_sink described() noexcept;
  static error_info take(void* state, byte_view data, const copy_format&) {
    auto& self = *static_cast<copy_reading*>(state);
    return self.tuples_->take(data, *self.batch_, *self.count_);
  }

  copy_origin from_;
  std::string look_;
  std::string text_;
  row_sink rows_;
  byte_buffer* batch_;
  std::size_t* count_;
  v0::detail::later<execute_dialogue> looking_;  // keeps the statement, whose description the rows are read by
  v0::detail::later<copy_out_dialogue> copying_;
  v0::detail::later<copy_tuples> tuples_;
  error_info failure_;
  bool is_over_ = false;
};

/// One step of a copy, as a dialogue.
class copy_step {
 public:
  using value_type = void;

  copy_step(copy_reading& of, session& on) noexcept : of_(&of), on_(&on) {}
  action resume(const event& ev) { return of_->resume(*on_, ev, !std::exchange(has_begun_, true)); }
  error_info failure(std::error_code ec) const { return of_->failure(ec); }
  void value() && noexcept {}

 private:
  copy_reading* of_;
  session* on_;
  bool has_begun_ = false;
};

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE result<copy_origin> copy_origin::of_table(std::string_view table, std::string_view columns) {
  result<std::string> quoted = quote_qualified(dialect::postgres, table);
  if (!quoted) return std::move(quoted).error();
  copy_origin made;
  made.source_ = *std::move(quoted);
  made.columns_ = columns.substr(2, columns.size() - 3);
  return made;
}

DOVETAIL_DEFINE copy_origin copy_origin::of_query(std::string_view query) {
  while (!query.empty() && (query.back() == ';' || query.back() == ' ' || query.back() == '\n')) {
    query.remove_suffix(1);
  }
  copy_origin made;
  dovetail::detail::append_parts(made.source_, {"(", query, "\n) as copied"});  // it may end with a comment
  made.columns_ = "*";
  made.is_query_ = true;
  return made;
}

DOVETAIL_DEFINE std::string copy_origin::look() const {
  std::string text;
  dovetail::detail::append_parts(text, {"select ", columns_, " from ", source_, " where false"});
  return text;
}

DOVETAIL_DEFINE std::string copy_origin::copy(const statement_description& of) const {
  std::string text = "copy (select ";
  std::string names;
  std::size_t number = 0;
  for (const column_description& each : of.columns()) {
    if (!names.empty()) names += ", ", text += ", ";
    const std::size_t at = names.size();
    if (is_query_) {  // its columns may share a name
      dovetail::detail::append_parts(names, {"c", dovetail::detail::number_text{++number}});
    } else if (auto name = quote_identifier(dialect::postgres, each.name)) {
      names += *name;
    }
    text.append(names, at);
    if (!each.is_binary) text += "::text";
  }
  dovetail::detail::append_parts(text, {" from ", source_});
  if (is_query_) dovetail::detail::append_parts(text, {"(", names, ")"});
  text += ") to stdout (format binary)";
  return text;
}

DOVETAIL_DEFINE action copy_reading::resume(session& on, const event& ev, bool is_first) {
  if (is_over_) return action::done();
  if (is_first && copying_ && !on.can_drain()) {  // nothing of it is on its way any more
    return end({errc::invalid_state, "another statement was begun on the connection, which ended the copy"});
  }
  if (!copying_) {
    if (!looking_) looking_.emplace(on, statement_request{.text = look_, .is_read_only = true}, described());
    const action next = looking_->resume(ev);
    if (next.what() != verb::done) return next;
    if (next.error()) return end(looking_->failure(next.error()));
    tuples_.emplace(on.facts.input.maximum());
    copying_.emplace(on, text_, copy_sink{this, &take});
    return go_on(copying_->resume({}));
  }
  return go_on(copying_->resume(ev));
}

DOVETAIL_DEFINE action copy_reading::go_on(const action& next) {
  if (next.what() == verb::read && !batch_->empty()) return action::done();
  if (next.what() != verb::done) return next;
  if (next.error()) return end(copying_->failure(next.error()));
  if (!tuples_->is_complete()) return end({errc::malformed_frame, "the data of the copy ends in the middle"});
  is_over_ = true;
  return action::done();
}

DOVETAIL_DEFINE action copy_reading::end(error_info why) {
  is_over_ = true;
  looking_.reset();  // while the connection, whose statement it uses, is still ours
  failure_ = std::move(why);
  return action::done(failure_.code());
}

DOVETAIL_DEFINE row_sink copy_reading::described() noexcept {
  return {this, [](void* state, statement_description& of) {
            auto& self = *static_cast<copy_reading*>(state);
            error_info failure = self.rows_.describe(self.rows_.state, of);
            if (!failure) self.text_ = self.from_.copy(of);
            return failure;
          }};
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
