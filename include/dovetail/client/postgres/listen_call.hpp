// The operations behind `listen`: asking for channels, and waiting for the next notification.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/codec/postgres/notification.hpp>
#include <dovetail/codec/postgres/wait_notification.hpp>
#include <dovetail/sql/identifier.hpp>

#include <concepts>
#include <cstddef>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

namespace dovetail::inline v0::postgres {

/// Listens to channels, on a connection of its own.
struct listen_channels {
  using value_type = void;
  static constexpr std::string_view name = "listen";
  std::string text;
  bool is_idempotent() const noexcept { return true; }
};

/// Waits for a notification, or takes one that has come.
struct next_notification {
  using value_type = notification;
  static constexpr std::string_view name = "notification";
  bool only_looks = false;
  bool is_idempotent() const noexcept { return true; }
};

/// The first channel of a call, and the place of that call.
struct channel_name {
  template <std::convertible_to<std::string_view> Name>
  channel_name(const Name& name, std::source_location place = std::source_location::current())  // NOLINT: it is a name
      : text(name), where(place) {}

  std::string_view text;
  std::source_location where;
};

namespace detail {

/// The statements that listen. Channels are taken as they are written, capitals and blanks too.
/// Errors: errc::malformed_statement for a name that the server would not take, or not whole.
result<std::string> listen_text(std::span<const std::string_view> channels);

}  // namespace detail
}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

DOVETAIL_DEFINE result<std::string> listen_text(std::span<const std::string_view> channels) {
  constexpr std::size_t longest = 63;  // NAMEDATALEN - 1: identifiers are cut there
  std::string text;
  for (const std::string_view channel : channels) {
    if (channel.size() > longest) {
      return error_info{make_error_code(errc::malformed_statement), "the name of a channel has more than 63 bytes"};
    }
    result<std::string> quoted = quote_identifier(dialect::postgres, channel);
    if (!quoted) return quoted;
    text += "listen ";
    text += *quoted;
    text += ';';
  }
  return text;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
