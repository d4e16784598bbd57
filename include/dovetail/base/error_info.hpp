// Everything that is known of one failure: code, kind, text, the server's own fields, the caller's place.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/errc.hpp>

#include <memory>
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
  std::string detail;
  std::string hint;
  std::string schema;
  std::string table;
  std::string column;
  std::string constraint;
  std::string datatype;
  int position = 0;  ///< of the mistake in the statement, counted in characters from 1
};

/// A failure as a value; `dt::error` is the same as an exception. Cheap to copy.
/// Never holds a secret, a parameter or a SQL text, unless the user asked for statement texts in errors.
class error_info {
 public:
  /// No failure.
  error_info() noexcept = default;
  error_info(std::error_code code) noexcept : code_(code) {}  // NOLINT: a bare code is a failure without details
  error_info(errc code) noexcept : code_(code) {}             // NOLINT
  error_info(std::error_code code, std::string context) : code_(code) {
    mutable_details().context = std::move(context);
  }

  explicit operator bool() const noexcept { return static_cast<bool>(code_); }
  const std::error_code& code() const noexcept { return code_; }

  /// The kind to branch on.
  condition kind() const noexcept { return condition_of(code_); }

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

  error_info& with_context(std::string context) {
    mutable_details().context = std::move(context);
    return *this;
  }
  error_info& with_server(server_fields fields) {
    mutable_details().server = std::move(fields);
    return *this;
  }
  error_info& with_statement(std::string text) {
    mutable_details().statement = std::move(text);
    return *this;
  }
  /// Sets the caller's place unless one is set already.
  error_info& with_location(std::source_location where) {
    if (this->where().line() == 0 && where.line() != 0) mutable_details().where = where;
    return *this;
  }

  /// The whole failure as text: context, server's message, code, and the caller's place.
  std::string message() const {
    std::string text{context()};
    const auto append = [&text](std::string_view part, std::string_view before) {
      if (part.empty()) return;
      if (!text.empty()) text += before;
      text += part;
    };
    const server_fields& fields = server();
    append(fields.message, ": ");
    // A report of several lines says it all; otherwise the code's own text completes the sentence.
    const bool is_report = context().find('\n') != std::string_view::npos;
    if (text.empty() || (fields.message.empty() && !is_report)) append(code_.message(), ": ");
    if (!fields.sqlstate.empty()) append(fields.sqlstate, " [SQLSTATE "), text += ']';
    append(fields.detail, "\n  detail: ");
    append(fields.hint, "\n  hint: ");
    append(fields.constraint, "\n  constraint: ");
    append(fields.table, "\n  table: ");
    append(fields.column, "\n  column: ");
    append(statement(), "\n  SQL: ");
    if (const std::source_location at = where(); at.line() != 0) {
      append(at.file_name(), "\n  at: ");
      text += ':';
      text += std::to_string(at.line());
      append(at.function_name(), " ");
    }
    return text;
  }

 private:
  struct details {
    std::string context;
    std::string statement;
    server_fields server;
    std::source_location where{};
  };

  details& mutable_details() {
    if (!details_) {
      details_ = std::make_shared<details>();
    } else if (details_.use_count() > 1) {
      details_ = std::make_shared<details>(*details_);
    }
    return *details_;
  }

  std::error_code code_;
  std::shared_ptr<details> details_;
};

}  // namespace dovetail::inline v0
