// What the server says of the data of a COPY.
#pragma once

#include <dovetail/codec/postgres/message.hpp>

#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::postgres {

struct copy_format {
  bool is_binary = false;
  std::uint16_t columns = 0;
};

namespace detail {

/// Takes the body of a CopyInResponse or CopyOutResponse; false when it is malformed.
inline bool read_copy_format(byte_view body, copy_format& format) noexcept {
  message_reader reader{body};
  std::uint8_t whole = 0;
  if (!reader.u8(whole) || whole > 1 || !reader.u16(format.columns)) return false;
  format.is_binary = whole == 1;
  return reader.left() == std::size_t{format.columns} * 2;  // the formats of the columns, which are all the same
}

}  // namespace detail

}  // namespace dovetail::inline v0::postgres
