// What went wrong while a connection was opened, with each of the servers, as one failure.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// Collects one failure a server. Users and databases are named, passwords never.
class connect_report {
 public:
  void add(const server_address& server, const connect_options& how, error_info why);

  /// The last server's failure, in words those of all.
  error_info take();

 private:
  std::string earlier_;
  error_info last_;
};

[[gnu::cold, gnu::noinline]] inline error_info not_postgres() {
  return {errc::malformed_frame, "the peer does not speak PostgreSQL's protocol"};
}

/// An error as protocol 2 had it: 'E', a text, a zero byte. Servers still say so when they cannot start a process
/// (`report_fork_failure_to_client` in PostgreSQL's postmaster.c).
class bare_error {
 public:
  explicit bare_error(byte_view said) noexcept;

  /// It may be one, and its end has not come.
  bool is_unfinished() const noexcept { return is_one_ && end_ == std::string_view::npos && text_.size() < longest; }
  error_info failure() const;

 private:
  static constexpr std::size_t longest = 1000;

  std::string_view text_;
  std::size_t end_ = std::string_view::npos;
  bool is_one_ = false;
};

error_info unexpected_message(char type);

/// TLS could not be made: names the files where one of them cannot be read, and the authorities where the server's
/// certificate is not accepted.
error_info tls_failure(std::error_code why, const connect_options& how);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void connect_report::add(const server_address& server,
                                                                      const connect_options& how, error_info why) {
  std::string text;
  dovetail::detail::append_parts(
      text, {"cannot connect to ", server.text(), " (user '", how.user, "', database '", how.database_name(), "')"});
  if (!why.context().empty()) dovetail::detail::append_parts(text, {": ", why.context()});
  if (last_) dovetail::detail::append_parts(earlier_, {last_.message(), "\n"});
  last_ = std::move(why);
  last_.with_context(std::move(text));
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info connect_report::take() {
  if (!earlier_.empty()) {
    std::string text;
    dovetail::detail::append_parts(text, {earlier_, last_.context()});
    // A report of several lines is not completed with the code's own words.
    if (last_.server().message.empty()) dovetail::detail::append_parts(text, {": ", last_.code().message()});
    last_.with_context(std::move(text));
  }
  return std::move(last_);
}

DOVETAIL_DEFINE bare_error::bare_error(byte_view said) noexcept : text_(as_text(said)) {
  if (text_.size() < 2 || text_[0] != from_server::error_response || text_[1] < ' ' || text_[1] > '~') return;
  is_one_ = true;
  text_.remove_prefix(1);
  end_ = text_.find_first_of(std::string_view{"\n\0", 2});
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info bare_error::failure() const {
  if (!is_one_ || end_ > longest) return not_postgres();
  return {errc::connection_closed, "the server says: " + dovetail::detail::printable(text_.substr(0, end_), 200)};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info unexpected_message(char type) {
  std::string text{"the server sent a malformed or unexpected message "};
  if (type > ' ' && type <= '~') {
    dovetail::detail::append_parts(text, {"'", std::string_view{&type, 1}, "'"});
  } else {
    dovetail::detail::append_parts(text, {"of type ", dovetail::detail::number_text{static_cast<unsigned char>(type)}});
  }
  return {errc::unexpected_message, text.append(" while the connection was opened")};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info tls_failure(std::error_code why, const connect_options& how) {
  std::string text = "TLS";
  if (why == condition::configuration) {
    for (const std::string* file : {&how.tls_authorities, &how.tls_certificate, &how.tls_key}) {
      if (!file->empty()) dovetail::detail::append_parts(text, {text.size() == 3 ? " with the files " : ", ", *file});
    }
    if (!how.tls_certificate.empty() && how.tls_key.empty()) {
      dovetail::detail::append_parts(text, {", which holds the private key too unless sslkey names another file"});
    } else if (!how.tls_key.empty() && how.tls_key_password.empty()) {
      dovetail::detail::append_parts(text, {" (no sslpassword for the private key)"});
    }
  } else if (why == condition::authentication) {
    if (how.tls_authorities.empty()) {
      dovetail::detail::append_parts(text, {" with the system's authorities (sslrootcert names a file of others)"});
    } else {
      dovetail::detail::append_parts(text, {" with the authorities of ", how.tls_authorities});
    }
  }
  return {why, std::move(text)};
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
