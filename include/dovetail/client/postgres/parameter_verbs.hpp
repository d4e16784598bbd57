// What the server reports of itself and of the session: its version, the time zone, …
#pragma once

#include <optional>
#include <source_location>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {
namespace postgres {

/// Looks up a parameter that the server has reported.
struct parameter_of_server {
  using value_type = std::optional<std::string>;
  static constexpr std::string_view name = "parameter";
  std::string parameter;
  bool is_idempotent() const noexcept { return true; }
};

/// Part of `extra_verbs`.
template <class Base>
class parameter_verbs : public Base {
 public:
  /// A parameter that the server reports unasked, as it stands on the connection that is used: "server_version",
  /// "TimeZone", "DateStyle", "in_hot_standby", "is_superuser", … Nothing for another; ask by `show` then.
  /// (std::optional<std::string>) Cost: no round trip, but a connection.
  decltype(auto) parameter(std::string_view name, std::source_location where = std::source_location::current()) {
    return this->self().run(parameter_of_server{std::string{name}}, where);
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
