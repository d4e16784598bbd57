// Everything that is known of one failure: code, kind, text, the server's own fields, the caller's place.
#pragma once

#include <dovetail/base/caret.hpp>
#include <dovetail/base/condition.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/function_text.hpp>
#include <dovetail/base/parts.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0 {

/// The fields that a server may send with an error; empty (or zero) when it sent none.
struct server_fields {
  std::string severity;
  std::string sqlstate;
  std::string message;
  std::string detail;  ///< may quote values, "Key (email)=(…) already exists": in messages only with statement texts
  std::string hint;
  std::string schema;
  std::string table;
  std::string column;
  std::string constraint;
  std::string datatype;
  int position = 0;           ///< of the mistake in the statement as the user wrote it, counted in characters from 1
  std::int64_t copy_row = 0;  ///< of a COPY that failed: which of its rows, counted from 1
  /// What the server was at, lines with the innermost first: "PL/pgSQL function f() line 3 at RAISE". Quotes statements
  /// and values: in messages only with statement texts.
  std::string context{};
};

/// A failure as a value; `dt::error` is the same as an exception. Cheap to copy.
/// Never holds a secret, a parameter or a SQL text, unless the user asked for statement texts in errors.
class error_info {
 public:
  /// No failure.
  error_info() noexcept = default;
  error_info(std::error_code code) noexcept
      : value_(code.value()), category_(&code.category()) {}  // NOLINT: a bare code is a failure without details
  error_info(errc code) noexcept : error_info(make_error_code(code)) {}      // NOLINT
  [[gnu::cold]] error_info(std::error_code code, std::string_view context);  // a view: the callers' code is smaller
  error_info(const error_info& other) noexcept
      : value_(other.value_), category_(other.category_), details_(other.details_) {
    if (details_ != nullptr) details_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  error_info(error_info&& other) noexcept
      : value_(other.value_), category_(other.category_), details_(std::exchange(other.details_, nullptr)) {}
  error_info& operator=(error_info other) noexcept {
    value_ = other.value_;
    category_ = other.category_;
    std::swap(details_, other.details_);
    return *this;
  }
  ~error_info() {
    if (details_ != nullptr) release(details_);
  }

  explicit operator bool() const noexcept { return value_ != 0; }
  std::error_code code() const noexcept {
    return category_ == nullptr ? std::error_code{} : std::error_code{value_, *category_};
  }

  /// The kind to branch on.
  condition kind() const noexcept { return condition_of(code()); }

  /// True when the same operation may succeed if it is repeated as a whole, some time later.
  bool is_transient() const noexcept {
    switch (kind()) {
      case condition::timeout:
      case condition::connection:
      case condition::serialization:
      case condition::busy:
        return true;
      default:
        return false;
    }
  }

  /// What went wrong here, in words; without the code's own text.
  std::string_view context() const noexcept {
    return details_ ? std::string_view{details_->context} : std::string_view{};
  }

  /// The server's fields; all empty when the failure is not a server's. Lifetime: borrows from this object.
  const server_fields& server() const noexcept {
    static const server_fields none;
    return details_ ? details_->server : none;
  }

  /// Where in the user's program the operation was called; line() is 0 when that is not known.
  std::source_location where() const noexcept { return details_ ? details_->where : std::source_location{}; }

  /// The statement's text: only when the client was told to keep it (`include_statement_text`).
  std::string_view statement() const noexcept {
    return details_ ? std::string_view{details_->statement} : std::string_view{};
  }

  /// What failed behind it, in one line: the rollback of its transaction. Empty when nothing did.
  std::string_view suppressed() const noexcept {
    return details_ ? std::string_view{details_->suppressed} : std::string_view{};
  }

  /// `context` is no text that this failure holds.
  [[gnu::cold]] error_info& with_context(std::string_view context);
  [[gnu::cold]] error_info& with_server(server_fields fields);
  /// The server's fields, to be filled in. Lifetime: until this failure is copied or changed otherwise.
  [[gnu::cold]] server_fields& edit_server();
  [[gnu::cold]] error_info& with_statement(std::string text);
  /// Remembers a failure that came behind this one and must not hide it. Of several the first.
  [[gnu::cold]] error_info& with_suppressed(const error_info& later);
  /// Sets the caller's place unless one is set already.
  [[gnu::cold]] error_info& with_location(std::source_location where);

  /// The whole failure as text: context, server's message, code, and the caller's place. Of a failure of the kind
  /// condition::connection or condition::timeout that word is in the first line, whoever wrote the other words.
  [[gnu::cold]] std::string message() const;
  /// The same with the line of `sql` that the server complains of, and a caret under the place, when it named one.
  [[gnu::cold]] std::string describe(std::string_view sql) const;

 private:
  friend class error;

  struct details {
    std::string context;
    std::string statement;
    std::string suppressed;
    server_fields server;
    std::source_location where{};
    std::string whole;  // for `error::what()`
    std::atomic<std::uint32_t> owners{1};

    details() = default;
    details(const details& other)
        : context(other.context), statement(other.statement), suppressed(other.suppressed), where(other.where) {
      // In a loop: a copy of eleven strings is much code for something that is hardly ever needed.
      static constexpr std::string server_fields::*texts[] = {
          &server_fields::severity,   &server_fields::sqlstate, &server_fields::message, &server_fields::detail,
          &server_fields::hint,       &server_fields::schema,   &server_fields::table,   &server_fields::column,
          &server_fields::constraint, &server_fields::datatype, &server_fields::context};
      for (const auto text : texts) server.*text = std::string_view{other.server.*text};
      server.position = other.server.position;
      server.copy_row = other.server.copy_row;
    }
  };

  [[gnu::cold]] static void append(std::string& text, std::string_view before, std::string_view part,
                                   std::string_view after = {});
  /// Writes the word that names the kind into the first line, if it has to be there and is not.
  [[gnu::cold]] static void name_kind(std::string& text, condition kind);

  [[gnu::cold]] static void release(details* of) noexcept;

  /// Not shared with other copies of this failure.
  [[gnu::cold]] details& mutable_details();

  int value_ = 0;  // with the category an error code: no failure, the usual case, asks for no category
  const std::error_category* category_ = nullptr;
  details* details_ = nullptr;
};

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

[[gnu::noinline]] DOVETAIL_DEFINE error_info::error_info(std::error_code code, std::string_view context)
    : error_info(code) {
  with_context(context);
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info& error_info::with_context(std::string_view context) {
  mutable_details().context = context;
  return *this;
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info& error_info::with_server(server_fields fields) {
  mutable_details().server = std::move(fields);
  return *this;
}

[[gnu::noinline]] DOVETAIL_DEFINE server_fields& error_info::edit_server() { return mutable_details().server; }

[[gnu::noinline]] DOVETAIL_DEFINE error_info& error_info::with_statement(std::string text) {
  mutable_details().statement = std::move(text);
  return *this;
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info& error_info::with_suppressed(const error_info& later) {
  if (!later || !suppressed().empty()) return *this;
  std::string text = later.message();
  text.resize(text.find('\n') == std::string::npos ? text.size() : text.find('\n'));
  mutable_details().suppressed = std::move(text);
  return *this;
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info& error_info::with_location(std::source_location where) {
  if (this->where().line() == 0 && where.line() != 0) mutable_details().where = where;
  return *this;
}

[[gnu::noinline]] DOVETAIL_DEFINE std::string error_info::message() const {
  std::string text{context()};
  const server_fields& fields = server();
  append(text, ": ", fields.message);
  // A report of several lines says it all, and so does a question; otherwise the code's own text completes the
  // sentence.
  const bool is_report = context().find('\n') != std::string_view::npos || context().ends_with('?');
  if (text.empty() || (fields.message.empty() && !is_report)) append(text, ": ", code().message());
  name_kind(text, kind());
  append(text, " [SQLSTATE ", fields.sqlstate, "]");
  if (!statement().empty()) {  // they may quote values
    append(text, "\n  detail: ", fields.detail);
    append(text, "\n  context: ", fields.context);
  }
  append(text, "\n  hint: ", fields.hint);
  append(text, "\n  constraint: ", fields.constraint);
  append(text, "\n  table: ", fields.table);
  append(text, "\n  column: ", fields.column);
  append(text, "\n  and then: ", suppressed());
  append(text, "\n  SQL: ", statement());
  detail::append_caret(text, statement(), fields.position);
  if (const std::source_location at = where(); at.line() != 0) {
    append(text, "\n  at: ", at.file_name());
    detail::append_parts(text, {":", detail::number_text{at.line()}});
    append(text, " ", detail::function_text(at.function_name()));
  }
  return text;
}

[[gnu::noinline]] DOVETAIL_DEFINE std::string error_info::describe(std::string_view sql) const {
  std::string text = message();
  if (statement().empty()) detail::append_caret(text, sql, server().position);
  return text;
}

[[gnu::noinline]] DOVETAIL_DEFINE void error_info::append(std::string& text, std::string_view before,
                                                          std::string_view part, std::string_view after) {
  if (!part.empty()) detail::append_parts(text, {text.empty() ? std::string_view{} : before, part, after});
}

[[gnu::noinline]] DOVETAIL_DEFINE void error_info::name_kind(std::string& text, condition kind) {
  if (kind != condition::connection && kind != condition::timeout) return;
  const std::string_view word = detail::name_of(kind);
  std::size_t line = text.find('\n');
  if (line == std::string::npos) line = text.size();
  if (std::string_view{text}.substr(0, line).find(word) != std::string_view::npos) return;
  std::string named;
  detail::append_parts(named, {" (", word, ")"});
  detail::replace_part(text, line, 0, named);
}

[[gnu::noinline]] DOVETAIL_DEFINE void error_info::release(details* of) noexcept {
  if (of->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete of;
}

[[gnu::noinline]] DOVETAIL_DEFINE auto error_info::mutable_details() -> details& {
  if (details_ == nullptr) {
    details_ = new details;
  } else if (details_->owners.load(std::memory_order_acquire) > 1) {
    details* const own = new details(*details_);
    release(details_);
    details_ = own;
  }
  return *details_;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
