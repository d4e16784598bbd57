// What a LensDB server says came of a request, as an error code that maps to our conditions.
#pragma once

#include <dovetail/base/condition.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0::lensdb {

/// The outcomes of both dialects in one list; `Dialect::status_of` reads the wire's number.
/// The values up to `unsupported` are lens_v1's numbers on the wire; `general_error` exists in ldbd_v1 only.
enum class status : std::uint8_t {
  success = 0,
  key_not_found = 1,
  invalid_key = 2,
  storage_full = 3,
  invalid_message = 4,  ///< ldbd_v1 calls it an invalid request
  internal_error = 5,   ///< ldbd_v1 calls it a server error
  unsupported = 6,
  general_error = 7,
};

constexpr std::string_view name_of(status code) noexcept {
  switch (code) {
    case status::success:
      return "success";
    case status::key_not_found:
      return "key not found";
    case status::invalid_key:
      return "invalid key";
    case status::storage_full:
      return "storage full";
    case status::invalid_message:
      return "invalid message";
    case status::internal_error:
      return "internal error";
    case status::unsupported:
      return "unsupported";
    case status::general_error:
      return "general error";
  }
  return "unknown status";
}

namespace detail {

constexpr condition kind_of(status code) noexcept {
  switch (code) {
    case status::key_not_found:
      return condition::not_found;
    case status::invalid_key:
      return condition::misuse;
    case status::storage_full:
      return condition::limit;
    case status::invalid_message:
      return condition::protocol;
    case status::unsupported:
      return condition::unsupported;
    case status::success:
    case status::internal_error:
    case status::general_error:
      break;
  }
  return condition::server;
}

class status_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.lensdb"; }
  std::string message(int value) const override {
    std::string text = "LensDB: ";
    text += name_of(static_cast<status>(value));
    return text;
  }
  std::error_condition default_error_condition(int value) const noexcept override {
    return make_error_condition(kind_of(static_cast<status>(value)));
  }
};

}  // namespace detail

inline const std::error_category& status_category() noexcept {
  static const detail::status_category_type category;
  return category;
}

inline std::error_code make_error_code(status code) noexcept { return {static_cast<int>(code), status_category()}; }

}  // namespace dovetail::inline v0::lensdb

template <>
struct std::is_error_code_enum<dovetail::lensdb::status> : std::true_type {};
