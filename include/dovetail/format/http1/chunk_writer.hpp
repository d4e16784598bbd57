// Writes chunks (RFC 9112 section 7.1).
#pragma once

#include <dovetail/base/byte_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// How many characters `write_chunk_head` writes at most.
inline constexpr std::size_t chunk_head_size = 18;
/// What stands behind the data of a chunk.
inline constexpr std::string_view chunk_end = "\r\n";
/// The end of a chunked body without trailers.
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

/// Writes the line in front of `size` bytes of data at `out`; gives its end.
constexpr char* write_chunk_head(char* out, std::uint64_t size) noexcept {
  int shift = 60;
  while (shift > 0 && (size >> shift) == 0) shift -= 4;
  for (; shift >= 0; shift -= 4) *out++ = "0123456789abcdef"[size >> shift & 15];
  *out++ = '\r';
  *out++ = '\n';
  return out;
}

/// Adds `data` as one chunk; nothing when there is none, because an empty chunk ends the body.
inline void append_chunk(byte_buffer& out, byte_view data) {
  if (data.empty()) return;
  char head[chunk_head_size];
  const char* const end = write_chunk_head(head, data.size());
  out.append(std::string_view{head, static_cast<std::size_t>(end - head)});
  out.append(data);
  out.append(chunk_end);
}

}  // namespace dovetail::inline v0::http1
