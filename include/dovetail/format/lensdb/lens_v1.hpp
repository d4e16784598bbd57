// The layout that the LensDB server speaks: 18-byte request header, 14-byte reply header with both lengths.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/lensdb/dialect.hpp>

namespace dovetail::inline v0::lensdb {

/// All integers are unsigned and big-endian.
/// Request: magic 4, version 1, type 1, key length 4, value length 4, flags 4, key, value.
/// Reply: magic 4, version 1, status 1, data length 4, message length 4, data, message.
/// Source: the server's own program as recorded in tests/data/lensdb-vectors.tsv (LensDB ff34125, January 2026).
struct lens_v1 {
  static constexpr std::string_view name = "lens_v1";
  static constexpr std::uint32_t magic = 0x4C454E53;  // "LENS"
  static constexpr std::uint8_t version = 1;
  static constexpr std::size_t request_header_size = 18;
  static constexpr std::size_t reply_header_size = 14;
  static constexpr std::size_t key_size_limit = 1024;           // the server's check, for every type (V36 to V38)
  static constexpr std::size_t value_size_limit = 1024 * 1024;  // the server's check
  static constexpr std::size_t default_request_limit = 4096;    // its receive buffer: one recv is one request
  static constexpr bool reply_ends_with_stream = false;
  static constexpr bool message_precedes_data = false;

  static constexpr std::optional<std::uint8_t> type_of(operation op) noexcept {
    return static_cast<std::uint8_t>(op);  // our table has this dialect's order
  }
  static constexpr std::optional<operation> operation_of(std::uint8_t type) noexcept {
    if (type >= operation_count) return std::nullopt;
    return static_cast<operation>(type);
  }
  static constexpr std::uint8_t number_of(status code) noexcept {
    return code == status::general_error ? static_cast<std::uint8_t>(status::internal_error)
                                         : static_cast<std::uint8_t>(code);
  }
  static constexpr std::optional<status> status_of(std::uint8_t number) noexcept {
    if (number > static_cast<std::uint8_t>(status::unsupported)) return std::nullopt;
    return static_cast<status>(number);
  }

  static constexpr void write(std::byte* to, const request_header& header) noexcept {
    store_big(to, header.magic);
    to[4] = std::byte{header.version};
    to[5] = std::byte{header.type};
    store_big(to + 6, header.key_size);
    store_big(to + 10, header.value_size);
    store_big(to + 14, header.flags);
  }
  static constexpr request_header read_request(const std::byte* from) noexcept {
    return {.magic = load_big<std::uint32_t>(from),
            .version = std::to_integer<std::uint8_t>(from[4]),
            .type = std::to_integer<std::uint8_t>(from[5]),
            .key_size = load_big<std::uint32_t>(from + 6),
            .value_size = load_big<std::uint32_t>(from + 10),
            .flags = load_big<std::uint32_t>(from + 14)};
  }
  static constexpr void write(std::byte* to, const reply_header& header) noexcept {
    store_big(to, header.magic);
    to[4] = std::byte{header.version};
    to[5] = std::byte{header.status};
    store_big(to + 6, header.data_size);
    store_big(to + 10, header.message_size);
  }
  static constexpr reply_header read_reply(const std::byte* from) noexcept {
    return {.magic = load_big<std::uint32_t>(from),
            .version = std::to_integer<std::uint8_t>(from[4]),
            .status = std::to_integer<std::uint8_t>(from[5]),
            .data_size = load_big<std::uint32_t>(from + 6),
            .message_size = load_big<std::uint32_t>(from + 10)};
  }
};

static_assert(dialect<lens_v1>);

}  // namespace dovetail::inline v0::lensdb
