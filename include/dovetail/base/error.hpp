// The one exception type of the library.
#pragma once

#include <dovetail/base/error_info.hpp>

#include <exception>
#include <string>
#include <system_error>
#include <utility>

namespace dovetail::inline v0 {

/// Thrown by every verb that was not asked for `dt::as_result`. Holds all that is known of the failure.
class error : public std::system_error {
 public:
  explicit error(error_info info) : std::system_error(info.code()), info_(std::move(info)) {
    std::string whole = info_.message();
    info_.mutable_details().whole = std::move(whole);
  }

  const error_info& info() const noexcept { return info_; }
  condition kind() const noexcept { return info_.kind(); }
  bool is_transient() const noexcept { return info_.is_transient(); }
  const server_fields& server() const noexcept { return info_.server(); }
  const char* what() const noexcept override { return info_.details_ != nullptr ? info_.details_->whole.c_str() : ""; }

 private:
  error_info info_;  // with the whole text, shared, so that copying the exception cannot throw
};

namespace detail {

/// Not inlined into templates: keeps the code of a throw out of every instantiation.
[[noreturn, gnu::cold]] void throw_error(error_info info);

/// The failure as an `error`.
[[gnu::cold]] std::exception_ptr exception_of(error_info&& failure);

/// The failure that the exception being handled stands for; errc::invalid_state when it is not one of ours.
[[gnu::cold]] error_info current_failure();

}  // namespace detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::noinline]] DOVETAIL_DEFINE void throw_error(error_info info) { throw error(std::move(info)); }

[[gnu::noinline]] DOVETAIL_DEFINE std::exception_ptr exception_of(error_info&& failure) {
  return std::make_exception_ptr(error{std::move(failure)});
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info current_failure() {
  try {
    throw;
  } catch (const error& failed) {
    return failed.info();
  } catch (const std::exception& thrown) {  // std::bad_alloc, or what code of the user threw
    return {make_error_code(errc::invalid_state), thrown.what()};
  } catch (...) {
    return make_error_code(errc::invalid_state);
  }
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
