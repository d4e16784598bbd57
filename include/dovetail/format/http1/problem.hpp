// What may be wrong with an HTTP/1.1 message, in words and as the status that a server answers it with.
#pragma once

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// The first thing that is wrong with a message, or with what a message was to be written from.
enum class problem : std::uint8_t {
  none,
  bare_line_feed,
  bare_carriage_return,
  control_character,
  malformed_request_line,
  malformed_status_line,
  malformed_target,
  unsupported_version,
  head_too_large,
  target_too_long,
  too_many_fields,
  malformed_field,
  space_before_colon,
  folded_field,
  missing_host,
  repeated_host,
  malformed_host,
  malformed_content_length,
  repeated_content_length,
  length_with_transfer_encoding,
  malformed_transfer_encoding,
  unsupported_transfer_encoding,
  transfer_encoding_in_http10,
  malformed_chunk,
  malformed_trailer,
  body_too_large,
  truncated,
  refused_name,        ///< not written: not the name of a field
  refused_value,       ///< not written: a control character in a field's value
  refused_start_line,  ///< not written: method, target, status or reason have what they must not have
};

/// A sentence without a full stop; it quotes nothing of the message.
constexpr std::string_view text_of(problem what) noexcept {
  switch (what) {
    case problem::none:
      return "no problem";
    case problem::bare_line_feed:
      return "the message has a line feed without a carriage return";
    case problem::bare_carriage_return:
      return "the message has a carriage return without a line feed";
    case problem::control_character:
      return "the message has a control character in its head";
    case problem::malformed_request_line:
      return "the request line is not of the form METHOD target HTTP/1.1";
    case problem::malformed_status_line:
      return "the status line is not of the form HTTP/1.1 200 reason";
    case problem::malformed_target:
      return "the request target has a form or a character that it must not have";
    case problem::unsupported_version:
      return "the version is not HTTP/1.0 or HTTP/1.1";
    case problem::head_too_large:
      return "the head of the message is larger than the limit";
    case problem::target_too_long:
      return "the request target is longer than the limit";
    case problem::too_many_fields:
      return "the message has more header fields than the limit";
    case problem::malformed_field:
      return "a header field has no name, or a name with a character that it must not have";
    case problem::space_before_colon:
      return "a header field has white space in front of its colon";
    case problem::folded_field:
      return "a header field is folded over several lines";
    case problem::missing_host:
      return "the request has no Host";
    case problem::repeated_host:
      return "the request has more than one Host";
    case problem::malformed_host:
      return "the Host of the request is not a host name with an optional port";
    case problem::malformed_content_length:
      return "the Content-Length is not a number";
    case problem::repeated_content_length:
      return "the message has more than one Content-Length";
    case problem::length_with_transfer_encoding:
      return "the message has both Content-Length and Transfer-Encoding";
    case problem::malformed_transfer_encoding:
      return "the Transfer-Encoding does not end in chunked once";
    case problem::unsupported_transfer_encoding:
      return "the Transfer-Encoding is another than chunked";
    case problem::transfer_encoding_in_http10:
      return "a message of HTTP/1.0 has a Transfer-Encoding";
    case problem::malformed_chunk:
      return "a chunk of the body is malformed";
    case problem::malformed_trailer:
      return "the body ends in a trailer that it must not have";
    case problem::body_too_large:
      return "the body is larger than the limit";
    case problem::truncated:
      return "the connection ended in the middle of the message";
    case problem::refused_name:
      return "the name of a header field is empty or has a character that it must not have";
    case problem::refused_value:
      return "the value of a header field has a control character";
    case problem::refused_start_line:
      return "method, target, status or reason of the message are not what they must be";
  }
  return "?";
}

/// The status that a server answers a request with that it could not read (RFC 9112 section 3, RFC 6585 section 5).
constexpr unsigned status_for(problem what) noexcept {
  switch (what) {
    case problem::body_too_large:
      return 413;
    case problem::target_too_long:
      return 414;
    case problem::head_too_large:
    case problem::too_many_fields:
      return 431;
    case problem::unsupported_transfer_encoding:
      return 501;
    case problem::unsupported_version:
      return 505;
    default:
      return 400;
  }
}

/// How far reading has come.
enum class progress : std::uint8_t {
  need_more,  ///< every byte so far is good, and more must come
  complete,
  failed,
};

}  // namespace dovetail::inline v0::http1
