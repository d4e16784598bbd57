// Which of several servers will do: their order, and whether one is in the wanted role (target_session_attrs).
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/codec/postgres/connection_facts.hpp>
#include <dovetail/codec/postgres/crypto.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres::detail {

/// The order in which the servers are tried; twice when a standby is only preferred.
class server_order {
 public:
  /// False when there are no random numbers to shuffle with.
  bool begin(const connect_options& how, const crypto_functions& crypto);

  /// Of the server that is tried now.
  std::size_t number() const noexcept { return numbers_[position_]; }

  /// Goes on to the next one; false when all have been tried.
  bool next() noexcept;

  /// No server was in the preferred role: every one will do.
  bool takes_any() const noexcept { return takes_any_; }

 private:
  std::vector<std::size_t> numbers_;
  std::size_t position_ = 0;
  bool is_preference_ = false;
  bool takes_any_ = false;
};

/// What is asked of a server that does not report its role (before PostgreSQL 14); the answer is one word.
std::string_view role_question(target_session wanted) noexcept;

/// Does a server fit that answers `is_on` (read-only, or in recovery)?
bool fits(target_session wanted, bool is_on) noexcept;

std::string_view name_of(target_session wanted) noexcept;

enum class role_verdict : std::uint8_t { unknown, fits, does_not };

/// What the parameters say that the server has reported; unknown before PostgreSQL 14 and behind some poolers.
role_verdict judge_role(target_session wanted, const parameter_status& reported) noexcept;

/// Reads the answer to `role_question`: one row with one word.
class role_answer {
 public:
  enum class state : std::uint8_t { more, over, malformed };

  state take(const message& found);
  bool is_on() const noexcept { return is_on_; }

 private:
  bool is_known_ = false;
  bool is_on_ = false;
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

DOVETAIL_DEFINE bool server_order::begin(const connect_options& how, const crypto_functions& crypto) {
  is_preference_ = how.target == target_session::prefer_standby;
  numbers_.resize(how.servers.size());
  for (std::size_t i = 0; i < numbers_.size(); ++i) numbers_[i] = i;
  if (how.balance != load_balance::random) return true;
  for (std::size_t left = numbers_.size(); left > 1; --left) {
    std::array<std::byte, 8> random{};
    if (!crypto.random_bytes(random)) return false;
    std::swap(numbers_[left - 1], numbers_[load_big<std::uint64_t>(random.data()) % left]);
  }
  return true;
}

DOVETAIL_DEFINE bool server_order::next() noexcept {
  if (++position_ < numbers_.size()) return true;
  if (!std::exchange(is_preference_, false)) return false;
  position_ = 0;
  return takes_any_ = true;
}

DOVETAIL_DEFINE std::string_view role_question(target_session wanted) noexcept {
  return wanted == target_session::read_write || wanted == target_session::read_only
             ? "show transaction_read_only"
             : "select case when pg_catalog.pg_is_in_recovery() then 'on' else 'off' end";
}

DOVETAIL_DEFINE bool fits(target_session wanted, bool is_on) noexcept {
  switch (wanted) {
    case target_session::read_only:
    case target_session::standby:
    case target_session::prefer_standby:
      return is_on;
    case target_session::read_write:
    case target_session::primary:
      return !is_on;
    case target_session::any:
      break;
  }
  return true;
}

DOVETAIL_DEFINE std::string_view name_of(target_session wanted) noexcept {
  static constexpr std::string_view names[] = {"any",     "read-write", "read-only",
                                               "primary", "standby",    "prefer-standby"};
  return names[static_cast<std::size_t>(wanted)];
}

DOVETAIL_DEFINE role_verdict judge_role(target_session wanted, const parameter_status& reported) noexcept {
  if (wanted == target_session::any) return role_verdict::fits;
  const bool asks_for_writes = wanted == target_session::read_write || wanted == target_session::read_only;
  const std::string_view standby = reported.find("in_hot_standby");
  const std::string_view read_only = reported.find("default_transaction_read_only");
  if (standby.empty() || (asks_for_writes && read_only.empty())) return role_verdict::unknown;
  const bool is_on = standby == "on" || (asks_for_writes && read_only == "on");
  return fits(wanted, is_on) ? role_verdict::fits : role_verdict::does_not;
}

DOVETAIL_DEFINE role_answer::state role_answer::take(const message& found) {
  message_reader reader{found.body};
  std::uint16_t columns = 0;
  std::uint32_t size = 0;
  byte_view value;
  switch (found.type) {
    case from_server::row_description:
    case from_server::command_complete:
    case from_server::parameter_status:
      return state::more;
    case from_server::data_row:
      if (!reader.u16(columns) || columns != 1 || !reader.u32(size) || !reader.bytes(size, value)) break;
      is_known_ = as_text(value) == "on" || as_text(value) == "off";
      is_on_ = as_text(value) == "on";
      return state::more;
    case from_server::ready_for_query:
      return is_known_ ? state::over : state::malformed;
    default:
      break;
  }
  return state::malformed;
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
