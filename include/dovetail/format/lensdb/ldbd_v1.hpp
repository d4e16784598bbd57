// The layout of LensDB's published protocol page: 16-byte request header, replies that end with the stream.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/lensdb/dialect.hpp>

namespace dovetail::inline v0::lensdb {

/// All integers are unsigned and big-endian.
/// Request: magic 4, version 1, type 1, key length 2, value length 4, flags 4, key, value.
/// Reply: magic 4, version 1, status 1, message length 2, message, data up to the end of the stream.
/// Source: the tables "Message Format", "Response Format", "Message Types" and "Response Status Codes" of the page
/// (LensDB's examples/README.md). What the page leaves open is read like this:
/// * byte order: not stated; big-endian, as its magic "0x4C444244 (LDBD)" is spelled and as the real server has it;
/// * where the data ends: not stated and without a length field; so at the end of the stream, which makes a connection
///   serve one request; the client ends its own half after it, so that the server need not guess either;
/// * order of message and data: the page draws the message first, other than the real server;
/// * STATS: no number on the page, so that operation does not exist here;
/// * data of a success: the page's client returns GET's data and compares nothing else; the real server's texts
///   ("OK", "true", "false", "pong", keys joined by a line feed, decimal size) are taken for all other types;
/// * unit of the TTL in flags: the page says "TTL"; whole seconds, as the real server's client and core have it.
struct ldbd_v1 {
  static constexpr std::string_view name = "ldbd_v1";
  static constexpr std::uint32_t magic = 0x4C444244;  // "LDBD"
  static constexpr std::uint8_t version = 1;
  static constexpr std::size_t request_header_size = 16;
  static constexpr std::size_t reply_header_size = 8;
  static constexpr std::size_t key_size_limit = 0xFFFF;         // what the length field can say
  static constexpr std::size_t value_size_limit = 1024 * 1024;  // not stated; the real server's
  static constexpr std::size_t default_request_limit = request_header_size + key_size_limit + value_size_limit;
  static constexpr bool reply_ends_with_stream = true;
  static constexpr bool message_precedes_data = true;

  static constexpr std::optional<std::uint8_t> type_of(operation op) noexcept {
    switch (op) {
      case operation::get:
        return std::uint8_t{1};
      case operation::set:
        return std::uint8_t{2};
      case operation::erase:
        return std::uint8_t{3};
      case operation::exists:
        return std::uint8_t{4};
      case operation::keys:
        return std::uint8_t{5};
      case operation::size:
        return std::uint8_t{6};
      case operation::clear:
        return std::uint8_t{7};
      case operation::setex:
        return std::uint8_t{8};
      case operation::ping:
        return std::uint8_t{9};
      case operation::stats:
        break;
    }
    return std::nullopt;
  }
  static constexpr std::optional<operation> operation_of(std::uint8_t type) noexcept {
    for (std::uint8_t i = 0; i < operation_count; ++i) {
      if (type_of(static_cast<operation>(i)) == type) return static_cast<operation>(i);
    }
    return std::nullopt;
  }
  static constexpr std::uint8_t number_of(status code) noexcept {
    switch (code) {
      case status::success:
        return 0;
      case status::key_not_found:
        return 2;
      case status::invalid_key:
      case status::invalid_message:
      case status::unsupported:
        return 3;
      case status::internal_error:
        return 4;
      case status::storage_full:
      case status::general_error:
        break;
    }
    return 1;
  }
  static constexpr std::optional<status> status_of(std::uint8_t number) noexcept {
    switch (number) {
      case 0:
        return status::success;
      case 1:
        return status::general_error;
      case 2:
        return status::key_not_found;
      case 3:
        return status::invalid_message;
      case 4:
        return status::internal_error;
      default:
        return std::nullopt;
    }
  }

  static constexpr void write(std::byte* to, const request_header& header) noexcept {
    store_big(to, header.magic);
    to[4] = std::byte{header.version};
    to[5] = std::byte{header.type};
    store_big(to + 6, static_cast<std::uint16_t>(header.key_size));
    store_big(to + 8, header.value_size);
    store_big(to + 12, header.flags);
  }
  static constexpr request_header read_request(const std::byte* from) noexcept {
    return {.magic = load_big<std::uint32_t>(from),
            .version = std::to_integer<std::uint8_t>(from[4]),
            .type = std::to_integer<std::uint8_t>(from[5]),
            .key_size = load_big<std::uint16_t>(from + 6),
            .value_size = load_big<std::uint32_t>(from + 8),
            .flags = load_big<std::uint32_t>(from + 12)};
  }
  static constexpr void write(std::byte* to, const reply_header& header) noexcept {
    store_big(to, header.magic);
    to[4] = std::byte{header.version};
    to[5] = std::byte{header.status};
    store_big(to + 6, static_cast<std::uint16_t>(header.message_size));
  }
  static constexpr reply_header read_reply(const std::byte* from) noexcept {
    return {.magic = load_big<std::uint32_t>(from),
            .version = std::to_integer<std::uint8_t>(from[4]),
            .status = std::to_integer<std::uint8_t>(from[5]),
            .data_size = 0,
            .message_size = load_big<std::uint16_t>(from + 6)};
  }
};

static_assert(dialect<ldbd_v1>);

}  // namespace dovetail::inline v0::lensdb
