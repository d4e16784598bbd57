// Bytes as requests and replies: views into the bytes, with the first thing that is wrong with them.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/lensdb/lens_v1.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::lensdb {

/// The first thing that is wrong with a frame, in the order in which the real server looks (V44 to V57).
enum class frame_error : std::uint8_t {
  none,
  incomplete,  ///< every byte so far is good, and more must come
  bad_magic,
  bad_version,
  bad_number,  ///< no such type (request) or status (reply)
  over_limit,  ///< the key or the value is longer than the dialect allows
};

constexpr std::string_view name_of(frame_error error) noexcept {
  switch (error) {
    case frame_error::none:
      return "no error";
    case frame_error::incomplete:
      return "the frame is cut short";
    case frame_error::bad_magic:
      return "wrong magic number";
    case frame_error::bad_version:
      return "unsupported protocol version";
    case frame_error::bad_number:
      return "unknown type or status";
    case frame_error::over_limit:
      return "key or value too long";
  }
  return "?";
}

/// A request as it lies in memory. Lifetime: key and value borrow from the parsed bytes.
struct parsed_request {
  frame_error error = frame_error::incomplete;
  bool has_header = false;  ///< all bytes of the header were there, and `header` and `size` are known
  request_header header{};
  std::uint64_t size = 0;  ///< of the whole frame
  operation code = operation::ping;
  byte_view key{};
  byte_view value{};
};

/// A reply as it lies in memory. Lifetime: data and message borrow from the parsed bytes.
struct parsed_reply {
  frame_error error = frame_error::incomplete;
  bool has_header = false;  ///< all bytes of the header were there, and `header` and `size` are known
  reply_header header{};
  std::uint64_t size = 0;  ///< of the whole frame; of header and message in a dialect whose data ends with the stream
  lensdb::status status = lensdb::status::success;
  byte_view data{};
  byte_view message{};
};

namespace detail {

/// Looks at magic, version and number as soon as each of them is there.
template <dialect D>
constexpr frame_error check_start(byte_view bytes, auto number_is_known) noexcept {
  if (bytes.size() < 4) return frame_error::incomplete;
  if (load_big<std::uint32_t>(bytes.data()) != D::magic) return frame_error::bad_magic;
  if (bytes.size() < 5) return frame_error::incomplete;
  if (std::to_integer<std::uint8_t>(bytes[4]) != D::version) return frame_error::bad_version;
  if (bytes.size() < 6) return frame_error::incomplete;
  if (!number_is_known(std::to_integer<std::uint8_t>(bytes[5]))) return frame_error::bad_number;
  return frame_error::none;
}

}  // namespace detail

/// Reads the request at the front of `bytes`. `over_limit` is said only of a whole frame, as the real server does;
/// a server with framing can tell from `has_header` and `header` before the rest has come.
template <dialect D = lens_v1>
constexpr parsed_request parse_request(byte_view bytes) noexcept {
  parsed_request parsed;
  const bool has_header = bytes.size() >= D::request_header_size;
  if (has_header) {
    parsed.has_header = true;
    parsed.header = D::read_request(bytes.data());
    parsed.size = D::request_header_size + std::uint64_t{parsed.header.key_size} + parsed.header.value_size;
  }
  parsed.error = detail::check_start<D>(bytes, [](std::uint8_t type) { return D::operation_of(type).has_value(); });
  if (parsed.error != frame_error::none) return parsed;
  parsed.code = *D::operation_of(std::to_integer<std::uint8_t>(bytes[5]));
  if (!has_header || bytes.size() < parsed.size) {
    parsed.error = frame_error::incomplete;
    return parsed;
  }
  parsed.key = bytes.subspan(D::request_header_size, parsed.header.key_size);
  parsed.value = bytes.subspan(D::request_header_size + parsed.header.key_size, parsed.header.value_size);
  if (parsed.header.key_size > D::key_size_limit || parsed.header.value_size > D::value_size_limit) {
    parsed.error = frame_error::over_limit;
  }
  return parsed;
}

/// Reads the reply at the front of `bytes`. In a dialect whose data ends with the stream, `bytes` must be all that came
/// until its end: everything behind the message is data.
template <dialect D = lens_v1>
[[gnu::always_inline]] constexpr parsed_reply parse_reply(byte_view bytes) noexcept {
  parsed_reply parsed;
  if (bytes.size() < D::reply_header_size) {
    parsed.error = detail::check_start<D>(bytes, [](std::uint8_t number) { return D::status_of(number).has_value(); });
    if (parsed.error == frame_error::none) parsed.error = frame_error::incomplete;
    return parsed;
  }
  parsed.has_header = true;
  parsed.header = D::read_reply(bytes.data());
  parsed.size = D::reply_header_size + std::uint64_t{parsed.header.data_size} + parsed.header.message_size;
  // One test after the other, each a jump that is not taken: joined by &&, GCC 12 keeps their outcomes in registers.
  if (parsed.header.magic != D::magic) [[unlikely]] {
    parsed.error = frame_error::bad_magic;
    return parsed;
  }
  if (parsed.header.version != D::version) [[unlikely]] {
    parsed.error = frame_error::bad_version;
    return parsed;
  }
  if (!D::status_of(parsed.header.status).has_value()) [[unlikely]] {
    parsed.error = frame_error::bad_number;
    return parsed;
  }
  if (bytes.size() < parsed.size) [[unlikely]]
    return parsed;
  parsed.error = frame_error::none;
  parsed.status = *D::status_of(parsed.header.status);
  const byte_view rest = bytes.subspan(D::reply_header_size);
  const std::size_t data_size =
      D::reply_ends_with_stream ? rest.size() - parsed.header.message_size : std::size_t{parsed.header.data_size};
  parsed.data = rest.subspan(D::message_precedes_data ? parsed.header.message_size : 0, data_size);
  parsed.message = rest.subspan(D::message_precedes_data ? 0 : data_size, parsed.header.message_size);
  return parsed;
}

}  // namespace dovetail::inline v0::lensdb
