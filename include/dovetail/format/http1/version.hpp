// The version in a start line (RFC 9112 section 2.3), and the progress of reading a head.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/format/http1/problem.hpp>

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// How far the reading of a head has come.
struct head_progress {
  progress state = progress::need_more;
  problem why = problem::none;
  std::size_t size = 0;  ///< bytes of the whole head, when it is complete
};

namespace detail {

inline constexpr std::size_t version_size = 8;  // HTTP/1.1

/// False when `text` is no version at all. A higher minor version is read as 1, which it must be compatible with
/// (RFC 9110 section 2.5).
constexpr bool read_version(std::string_view text, unsigned& major, unsigned& minor) noexcept {
  if (text.size() != version_size || !text.starts_with("HTTP/") || text[6] != '.') return false;
  if (!is_ascii_digit(text[5]) || !is_ascii_digit(text[7])) return false;
  major = static_cast<unsigned>(text[5] - '0');
  minor = text[7] == '0' ? 0 : 1;
  return true;
}

}  // namespace detail

}  // namespace dovetail::inline v0::http1
