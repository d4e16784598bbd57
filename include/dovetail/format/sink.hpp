// Where a value is written to: a block of memory in front of a string, and what went wrong.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/format/failure.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Writers take a place in the block and return the place behind what they wrote; null after `fail`.
/// Cost: one comparison for a run of text whose size is bounded; one copy of each block into the string.
class format_sink {
 public:
  /// The most that `room` gives.
  static constexpr std::size_t block_size = 2048;

  explicit format_sink(std::string& out) noexcept : out_(out) {}
  format_sink(const format_sink&) = delete;
  format_sink& operator=(const format_sink&) = delete;

  char* begin() noexcept { return block_; }

  /// A place with at least `size` (at most `block_size`) characters of room.
  [[gnu::always_inline]] char* room(char* at, std::size_t size) {
    if (static_cast<std::size_t>(block_ + block_size - at) >= size) [[likely]]
      return at;
    return flush(at);
  }

  /// Puts what is written so far into the string.
  [[gnu::noinline]] char* flush(char* at) {
    out_.append(block_, static_cast<std::size_t>(at - block_));
    return block_;
  }

  /// Text of any size, as it is.
  char* append(char* at, std::string_view text) {
    if (text.size() <= block_size) {
      at = room(at, text.size());
      text.copy(at, text.size());
      return at + text.size();
    }
    at = flush(at);
    out_.append(text);
    return at;
  }

  [[gnu::cold, gnu::noinline]] char* fail(errc code, std::string_view what) {
    failure.set(code, nullptr, what);
    return nullptr;
  }

  format_failure failure;

 private:
  std::string& out_;
  char block_[block_size];
};

}  // namespace dovetail::inline v0::detail
