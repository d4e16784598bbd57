// Has the server describe a statement, and executes nothing.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/row_target.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/session.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres {

/// A column as the server describes it, and where it comes from.
struct described_origin {
  column_info column;  ///< its name is in `name`
  std::string name;
  std::uint32_t table = 0;  ///< OID; 0: it is an expression
  std::int16_t attribute = 0;
};

/// The columns of a statement with `$1` for parameters. An operation.
struct describe_statement {
  using value_type = std::vector<described_origin>;
  static constexpr std::string_view name = "describe";
  std::string text;
  bool is_idempotent() const noexcept { return true; }
};

namespace detail {

/// Prepares the statement, and takes it back when it is described. Does not move once it has begun.
class describe_call {
 public:
  using value_type = describe_statement::value_type;

  describe_call(session& on, std::string_view text) noexcept : on_(&on), text_(text) {}

  action resume(const event& ev);
  error_info failure(std::error_code ec) const { return running_ ? running_->failure(ec) : error_info{ec}; }
  value_type value() && { return std::move(columns_); }

 private:
  // A failure keeps the statement from being executed: that is what is wanted here.
  static error_info take(void* state, statement_description& of);

  session* on_;
  std::string_view text_;
  v0::detail::later<execute_dialogue> running_;
  value_type columns_;
  bool is_described_ = false;
};

}  // namespace detail
}  // namespace postgres
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres {
namespace detail {

DOVETAIL_DEFINE action describe_call::resume(const event& ev) {
  if (!running_) {
    running_.emplace(*on_, statement_request{.text = text_, .is_read_only = true, .is_kept = false},
                     row_sink{.state = this, .describe = &take});
  }
  const action next = running_->resume(ev);
  if (next.what() != verb::done) return next;
  return action::done(is_described_ ? std::error_code{} : next.error());
}

DOVETAIL_DEFINE error_info describe_call::take(void* state, statement_description& of) {
  auto& self = *static_cast<describe_call*>(state);
  const std::vector<column_info> known = columns_of(of);
  self.columns_.clear();
  for (std::size_t i = 0; i < known.size(); ++i) {
    self.columns_.push_back({known[i], std::string{known[i].name}, of.columns()[i].table, of.columns()[i].attribute});
  }
  self.is_described_ = true;
  return errc::cancelled;
}

}  // namespace detail
}  // namespace postgres
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
