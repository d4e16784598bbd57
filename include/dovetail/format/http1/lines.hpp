// Finds the lines of a head in bytes that come bit by bit, and refuses what could end a line for one reader and not for
// another.
#pragma once

#include <dovetail/format/http1/characters.hpp>
#include <dovetail/format/http1/problem.hpp>

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::http1::detail {

struct line_progress {
  progress state;
  problem why = problem::none;
  std::string_view text{};  // without its CR LF
};

/// Looks at every byte once, however the bytes come. Refuses CR without LF, LF without CR, and control characters but
/// HTAB, as soon as they are seen (RFC 9112 section 2.2, RFC 9110 section 5.5).
class line_scanner {
 public:
  /// The next whole line. `bytes` are all that came from the first line on.
  constexpr line_progress next(std::string_view bytes) noexcept {
    for (;;) {
      at_ = find_control(bytes, at_);
      if (at_ >= bytes.size()) return {progress::need_more};
      switch (bytes[at_]) {
        case '\t':
          ++at_;
          continue;
        case '\n':
          return {progress::failed, problem::bare_line_feed};
        case '\r':
          break;
        default:
          return {progress::failed, problem::control_character};
      }
      if (at_ + 1 == bytes.size()) return {progress::need_more};
      if (bytes[at_ + 1] != '\n') return {progress::failed, problem::bare_carriage_return};
      const std::string_view text{bytes.data() + begin_, at_ - begin_};
      at_ += 2;
      begin_ = at_;
      return {progress::complete, problem::none, text};
    }
  }

  /// Where the next line begins.
  constexpr std::size_t position() const noexcept { return begin_; }

 private:
  std::size_t at_ = 0;
  std::size_t begin_ = 0;
};

}  // namespace dovetail::inline v0::http1::detail
