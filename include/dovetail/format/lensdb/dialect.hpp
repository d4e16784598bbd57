// What the two wire dialects have in common: the concept that a dialect models, and its parsed headers.
#pragma once

#include <dovetail/format/lensdb/operation.hpp>
#include <dovetail/format/lensdb/status.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dovetail::inline v0::lensdb {

/// The fixed part of a request, in the fields that both dialects have; nothing in it is checked.
struct request_header {
  std::uint32_t magic = 0;
  std::uint8_t version = 0;
  std::uint8_t type = 0;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint32_t flags = 0;  ///< SETEX: time to live in seconds; 0 and ignored otherwise

  friend constexpr bool operator==(const request_header&, const request_header&) noexcept = default;
};

/// The fixed part of a reply; `data_size` stays 0 in a dialect whose data ends with the stream.
struct reply_header {
  std::uint32_t magic = 0;
  std::uint8_t version = 0;
  std::uint8_t status = 0;
  std::uint32_t data_size = 0;
  std::uint32_t message_size = 0;

  friend constexpr bool operator==(const reply_header&, const reply_header&) noexcept = default;
};

/// A layout of requests and replies on the wire: `lens_v1` or `ldbd_v1`.
template <class D>
concept dialect = requires(std::byte* to, const std::byte* from, const request_header& request,
                           const reply_header& reply, operation op, std::uint8_t number, status code) {
  // If the compiler points here: name, magic, version and the two header sizes must be static constants.
  { D::name } -> std::convertible_to<std::string_view>;
  { D::magic } -> std::convertible_to<std::uint32_t>;
  { D::version } -> std::convertible_to<std::uint8_t>;
  { D::request_header_size } -> std::convertible_to<std::size_t>;
  { D::reply_header_size } -> std::convertible_to<std::size_t>;
  // If the compiler points here: the largest key that the length field can say, and the usual limit of a request.
  { D::key_size_limit } -> std::convertible_to<std::size_t>;
  { D::default_request_limit } -> std::convertible_to<std::size_t>;
  // If the compiler points here: does a reply's data end with the stream, so that a connection serves one request?
  { D::reply_ends_with_stream } -> std::convertible_to<bool>;
  { D::message_precedes_data } -> std::convertible_to<bool>;
  // If the compiler points here: numbers must be translated both ways, and to nothing when there is no such number.
  { D::type_of(op) } -> std::same_as<std::optional<std::uint8_t>>;
  { D::operation_of(number) } -> std::same_as<std::optional<operation>>;
  { D::number_of(code) } -> std::same_as<std::uint8_t>;
  { D::status_of(number) } -> std::same_as<std::optional<status>>;
  // If the compiler points here: headers must be written to and read from exactly the header sizes.
  D::write(to, request);
  D::write(to, reply);
  { D::read_request(from) } -> std::same_as<request_header>;
  { D::read_reply(from) } -> std::same_as<reply_header>;
};

}  // namespace dovetail::inline v0::lensdb
