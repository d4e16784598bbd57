// Opening a connection whose password comes from a source: asked for each connection, and forgotten after the log-in.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/codec/postgres/startup.hpp>

#include <system_error>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// Asks the options' source, if there is one, and puts what it gives in the place of every other password.
error_info fetch_password(connect_options& how, deadline by);

/// The dialogue of `startup`. Lifetime: borrows the password, which is wiped at the end, unless it is null.
class password_login {
 public:
  using value_type = void;

  password_login(startup inner, error_info refused, secret* password) noexcept
      : inner_(std::move(inner)), refused_(std::move(refused)), password_(password) {}

  action resume(const event& ev);
  error_info failure(std::error_code ec) const { return refused_ ? refused_ : inner_.failure(ec); }
  void value() && noexcept { std::move(inner_).value(); }

 private:
  startup inner_;
  error_info refused_;
  secret* password_;
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

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info fetch_password(connect_options& how, deadline by) {
  if (how.credentials == nullptr) return {};
  how.password = secret{};
  for (server_address& each : how.servers) each.password = secret{};
  if (by.has_passed()) return {make_error_code(errc::deadline_passed), "before the credential source was asked"};
  bool has_failed = false;
  try {
    how.password = how.credentials->fetch_by(by);
  } catch (...) {  // its text may hold what must not be seen
    has_failed = true;
  }
  if (by.has_passed()) {
    how.password = secret{};
    return {make_error_code(errc::deadline_passed), "while the credential source was asked"};
  }
  if (has_failed) {
    return {make_error_code(errc::login_refused),
            "the credential source failed; no earlier credential is used instead"};
  }
  if (!how.password.empty()) return {};
  return {make_error_code(errc::login_refused), "the credential source gave an empty secret"};
}

DOVETAIL_DEFINE action password_login::resume(const event& ev) {
  if (refused_) return action::done(refused_.code());
  const action next = inner_.resume(ev);
  if (next.what() == verb::done && password_ != nullptr) *password_ = secret{};
  return next;
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
