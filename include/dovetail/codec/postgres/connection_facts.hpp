// What a connection to a PostgreSQL server knows of itself, from its start-up on: buffers, parameters, key, status.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/health.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/base/text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// What a CancelRequest has to show: 4 bytes in protocol 3.0, up to 256 in 3.2.
struct backend_key {
  static constexpr std::size_t longest = 256;

  std::uint32_t process = 0;
  std::uint16_t size = 0;
  std::array<std::byte, longest> bytes{};

  byte_view secret_bytes() const noexcept { return {bytes.data(), size}; }
  /// False when the key is longer than the protocol allows.
  bool assign(std::uint32_t backend, byte_view key) noexcept;
  void clear() noexcept { *this = backend_key{}; }
};

namespace detail {

/// The words for a session whose texts are not read as they were judged.
error_info misread_texts(errc code);

/// Is this a name of UTF-8? "UNICODE" is what servers that stem from PostgreSQL 8.0 call it.
bool is_utf8_name(std::string_view encoding) noexcept;

}  // namespace detail

/// The parameters that the server reports of itself and of the session (ParameterStatus).
class parameter_status {
 public:
  /// Empty when the server has not reported it. Lifetime: until the next `set` or `clear`.
  std::string_view find(std::string_view name) const noexcept;
  /// False when a server reports more parameters than any has.
  bool set(std::string_view name, std::string_view value);
  void clear() noexcept;
  const std::vector<std::pair<std::string, std::string>>& all() const noexcept { return values_; }

  /// False when the session reads texts otherwise than they are checked here: `standard_conforming_strings` is off, so
  /// that a backslash keeps the quote behind it in a literal, or `client_encoding` is not UTF-8: others have characters
  /// with a backslash in them, and all make other texts of ours. What was judged to be one statement may be another
  /// then.
  bool are_texts_as_judged() const noexcept { return are_backslashes_bare_ && is_encoding_ours_; }

 private:
  static constexpr std::size_t limit = 256;
  std::vector<std::pair<std::string, std::string>> values_;
  bool are_backslashes_bare_ = true;
  bool is_encoding_ours_ = true;
};

/// Who is told of the server's notices. May be empty.
struct notice_receiver {
  void* state = nullptr;
  void (*take)(void* state, server_fields&& notice) = nullptr;

  void operator()(server_fields&& notice) const {
    if (take != nullptr) take(state, std::move(notice));
  }
};

/// One connection's memory. `startup` fills it; the dialogues that follow use it, one after the other.
struct connection_facts {
  explicit connection_facts(std::size_t message_limit = std::size_t{1} << 30) : input(message_limit, 64 * 1024) {}

  read_buffer input;   ///< what was read and is not used yet
  byte_buffer output;  ///< what is being written
  parameter_status parameters;
  backend_key key;
  char transaction_status = 'I';  ///< of the last ReadyForQuery: 'I' idle, 'T' in a transaction, 'E' in a failed one
  session_health health = session_health::closed;
  std::size_t server = 0;  ///< which of the options' servers is connected
  bool is_encrypted = false;
  notice_receiver notices;

  /// 150004 for version 15.4, 0 when it is not known.
  int server_version() const noexcept;

  /// For a fresh connection; buffers keep their memory.
  void forget() noexcept;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info detail::misread_texts(errc code) {
  return {
      code,
      "the server's session has standard_conforming_strings off, or a client_encoding other than UTF8: it would read "
      "texts otherwise than they are checked here, so the connection is not used"};
}

DOVETAIL_DEFINE bool detail::is_utf8_name(std::string_view encoding) noexcept {
  return equals_ignoring_case(encoding, "UTF8") || equals_ignoring_case(encoding, "UTF-8") ||
         equals_ignoring_case(encoding, "UNICODE");
}

DOVETAIL_DEFINE bool backend_key::assign(std::uint32_t backend, byte_view key) noexcept {
  if (key.size() > longest) return false;
  process = backend;
  size = static_cast<std::uint16_t>(key.size());
  for (std::size_t i = 0; i < key.size(); ++i) bytes[i] = key[i];
  return true;
}

DOVETAIL_DEFINE std::string_view parameter_status::find(std::string_view name) const noexcept {
  for (const auto& each : values_) {
    if (each.first == name) return each.second;
  }
  return {};
}

DOVETAIL_DEFINE bool parameter_status::set(std::string_view name, std::string_view value) {
  if (name == "standard_conforming_strings") are_backslashes_bare_ = value == "on";
  if (name == "client_encoding") is_encoding_ours_ = detail::is_utf8_name(value);
  for (auto& each : values_) {
    if (each.first == name) return each.second = value, true;
  }
  if (values_.size() == limit) return false;
  values_.emplace_back(name, value);
  return true;
}

DOVETAIL_DEFINE int connection_facts::server_version() const noexcept {
  std::string_view text = parameters.find("server_version");
  int parts[2] = {0, 0};
  for (int& part : parts) {
    std::size_t digits = 0;
    while (digits < text.size() && digits < 4 && is_ascii_digit(text[digits])) ++digits;
    if (!parse_integer(text.substr(0, digits), part)) break;
    text.remove_prefix(digits);
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return parts[0] * 10000 + parts[1];
}

DOVETAIL_DEFINE void connection_facts::forget() noexcept {
  input.clear();
  output.clear();
  parameters.clear();
  key.clear();
  transaction_status = 'I';
  health = session_health::closed;
  is_encrypted = false;
}

}  // namespace dovetail::inline v0::postgres
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE void parameter_status::clear() noexcept {
  values_.clear();
  are_backslashes_bare_ = is_encoding_ours_ = true;
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
