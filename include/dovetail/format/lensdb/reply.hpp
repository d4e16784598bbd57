// Replies as bytes, the way a server writes them.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/lensdb/frame.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::lensdb {

/// A reply to write. Lifetime: data and message are borrowed.
struct reply {
  lensdb::status status = lensdb::status::success;
  std::string_view data{};
  std::string_view message{};
};

/// How many bytes the frame of a reply has.
template <dialect D = lens_v1>
constexpr std::size_t frame_size(const reply& answer) noexcept {
  return D::reply_header_size + answer.data.size() + answer.message.size();
}

/// Writes the frame of a reply into `to`; returns the part that was written, or an empty view when the frame is larger
/// than `to`, or a length does not fit its field.
template <dialect D = lens_v1>
constexpr byte_view frame(const reply& answer, byte_span to) noexcept {
  const std::size_t bytes = frame_size<D>(answer);
  const std::size_t message_limit = D::message_precedes_data ? 0xFFFF : 0xFFFF'FFFF;
  if (bytes > to.size() || answer.message.size() > message_limit || answer.data.size() > 0xFFFF'FFFF) return {};
  D::write(to.data(), reply_header{.magic = D::magic,
                                   .version = D::version,
                                   .status = D::number_of(answer.status),
                                   .data_size = static_cast<std::uint32_t>(answer.data.size()),
                                   .message_size = static_cast<std::uint32_t>(answer.message.size())});
  const std::string_view first = D::message_precedes_data ? answer.message : answer.data;
  const std::string_view second = D::message_precedes_data ? answer.data : answer.message;
  std::byte* at = detail::append_text(to.data() + D::reply_header_size, first.data(), first.size());
  detail::append_text(at, second.data(), second.size());
  return to.first(bytes);
}

}  // namespace dovetail::inline v0::lensdb
