// Keeps SQLite from writing while the statements of somebody run who may only read.
#pragma once

#include <dovetail/base/error_info.hpp>

#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// SQLite's transactions know no "read only", and a select may write there by a table that is a pragma
/// (`pragma_optimize`), or by a function of the program. `pragma query_only` refuses that, for the connection: it ends
/// with this object, whatever has become of the transaction, or the connection ends.
/// Lifetime: goes before the transaction's scope does.
template <class Connection>
class query_only {
 public:
  query_only() noexcept = default;
  query_only(const query_only&) = delete;
  query_only& operator=(const query_only&) = delete;
  ~query_only() { end(); }

  /// From here on nothing is written; `of` is a transaction's scope. A connection that the program has set so itself
  /// stays so. Errors: SQLite's.
  template <class Scope>
  error_info begin(Scope& of) {
    auto on = of.hold(of.start_call(std::source_location::current()));
    if (!on) return std::move(on).error();
    const auto is_set = of.template query_value<int>("pragma query_only");
    if (!is_set) return is_set.error();
    if (*is_set != 0) return {};
    on_ = &**on;  // first: whatever comes of the next line, it is undone
    return on_->handle().run_script("pragma query_only=1").error();
  }

  void end() noexcept {
    Connection* const on = std::exchange(on_, nullptr);
    if (on == nullptr) return;
    try {
      auto& session = on->handle();
      const typename std::remove_cvref_t<decltype(session)>::limits_scope unhurried{session, {}};
      if (session.run_script("pragma query_only=0")) return;
    } catch (...) {  // out of memory
    }
    on->close();
  }

 private:
  Connection* on_ = nullptr;
};

/// For databases whose read-only transactions are kept by the server.
class no_query_only {
 public:
  template <class Scope>
  error_info begin(Scope&) noexcept {
    return {};
  }
  void end() noexcept {}
};

/// `Connection` is SQLite's when its handle runs pragmas.
template <class Connection>
struct query_only_of {
  using type = no_query_only;
};
template <class Connection>
  requires requires(Connection& on) { on.handle().run_script("pragma query_only=0"); }
struct query_only_of<Connection> {
  using type = query_only<Connection>;
};

}  // namespace dovetail::inline v0::workersql::serving
