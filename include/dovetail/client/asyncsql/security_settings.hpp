// What a session's guard is told: the rules about texts, who asks, who decides, who is told of it.
#pragma once

#include <dovetail/client/asyncsql/access_control.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/sql/validation_rule.hpp>

#include <memory>
#include <string>
#include <utility>

namespace dovetail::inline v0::asyncsql {

/// Sees the audit events of sessions: observations of the kind `observed::audit`, never contents.
class audit_sink {
 public:
  audit_sink() = default;
  audit_sink(const audit_sink&) = delete;
  audit_sink& operator=(const audit_sink&) = delete;
  virtual ~audit_sink() = default;
  virtual void on(const observation& seen) noexcept = 0;
};

/// An audit that any observer of the library receives: `make_audit(dt::log_observer{…})`.
template <observer Observer>
std::shared_ptr<audit_sink> make_audit(Observer watcher) {
  class to_observer final : public audit_sink {
   public:
    explicit to_observer(Observer of) : of_(std::move(of)) {}
    void on(const observation& seen) noexcept override { of_.on(seen); }

   private:
    Observer of_;
  };
  return std::make_shared<to_observer>(std::move(watcher));
}

/// The settings of a `guard`. They hold for texts made at run time; literals have been judged by the compiler.
struct security_settings {
  bool validate_queries = true;  ///< false: the profile is `off`, and the rule of one statement stays
  validation_profile profile = validation_profile::standard;
  bool allow_admin = false;
  bool allow_ddl = false;
  bool allow_calls = false;
  bool allow_settings = false;
  bool allow_notifications = false;
  bool allow_risky_functions = false;
  std::string user{};                              ///< who asks, for access control and audit
  std::shared_ptr<const access_control> access{};  ///< null: everybody may do what the rules allow
  std::shared_ptr<audit_sink> audit{};             ///< null: nobody is told

  /// The rules that these settings stand for.
  validation rules() const noexcept {
    return {.profile = validate_queries ? profile : validation_profile::off,
            .allow_admin = allow_admin,
            .allow_ddl = allow_ddl,
            .allow_calls = allow_calls,
            .allow_settings = allow_settings,
            .allow_notifications = allow_notifications,
            .allow_risky_functions = allow_risky_functions};
  }
};

}  // namespace dovetail::inline v0::asyncsql
