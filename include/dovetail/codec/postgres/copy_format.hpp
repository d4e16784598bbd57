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
bool read_copy_format(byte_view body, copy_format& format) noexcept;

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

DOVETAIL_DEFINE bool read_copy_format(byte_view body, copy_format& format) noexcept {
  message_reader reader{body};
  std::uint8_t whole = 0;
  if (!reader.u8(whole) || whole > 1 || !reader.u16(format.columns)) return false;
  format.is_binary = whole == 1;
  return reader.left() == std::size_t{format.columns} * 2;  // the formats of the columns, which are all the same
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
