// Reads the body of a message into one piece, in place in the buffer that it came into.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/http1/body_reader.hpp>

#include <cstddef>
#include <cstring>

namespace dovetail::inline v0::http1 {

/// How far the collecting of a body has come. Lifetime: borrows from the bytes that were read.
struct body_progress {
  progress state = progress::need_more;
  problem why = problem::none;
  byte_view content{};     ///< so far, or all of it
  std::size_t used = 0;    ///< when complete: these bytes are the body's, and done with once `content` is
  std::size_t wanted = 0;  ///< while it needs more: so many bytes must come at least; the peer's word, so do not trust
                           ///< it with memory
  field_lines trailers{};  ///< when complete: the fields behind the last chunk
};

/// Moves the data of chunks together where they lie; a body with a length is not moved.
/// Cost: a byte of chunks is moved once; what is between them stays in the buffer until the body is complete, or until
/// `compact()`.
class body_collector {
 public:
  explicit body_collector(body_plan plan, const limits& bounds = {}) noexcept : reader_(plan, bounds) {}

  /// `bytes` are all that came from the body's first byte on, at each call, changed by nobody else in between.
  body_progress collect(byte_span bytes) noexcept {
    while (true) {
      const body_piece piece = reader_.next(as_text(bytes.subspan(at_)));
      if (!piece.content.empty()) {
        std::byte* const to = bytes.data() + size_;
        const auto* const from = reinterpret_cast<const std::byte*>(piece.content.data());
        if (to != from) std::memmove(to, from, piece.content.size());
        size_ += piece.content.size();
      }
      at_ += piece.used;
      const byte_view content{bytes.data(), size_};
      if (piece.state == progress::failed) return {progress::failed, piece.why, content};
      if (piece.state == progress::complete) {
        return {progress::complete, problem::none, content, at_, 0, piece.trailers};
      }
      if (piece.used == 0) {
        return {progress::need_more, problem::none, content, 0, static_cast<std::size_t>(reader_.wanted())};
      }
    }
  }

  /// Moves what was not read yet to the content, over what stood between chunks, and gives how many of `bytes` there
  /// are then: the caller forgets those behind them, and goes on. Lifetime: the content stays where it is.
  std::size_t compact(byte_span bytes) noexcept {
    const byte_span rest = bytes.subspan(at_);
    if (at_ != size_ && !rest.empty()) std::memmove(bytes.data() + size_, rest.data(), rest.size());
    at_ = size_;
    return size_ + rest.size();
  }

  /// The first `bytes` of the content are done with: the caller forgets them, which are the first that it has.
  void forget(std::size_t bytes) noexcept {
    size_ -= bytes;
    at_ -= bytes;
  }

  /// Bytes of the content that are here.
  std::size_t size() const noexcept { return size_; }

  /// The peer ended the stream: `none` when the body may end so, and then `collect` completes it.
  problem end_of_stream() noexcept { return reader_.end_of_stream(); }

 private:
  body_reader reader_;
  std::size_t size_ = 0;  // of the content, at the front
  std::size_t at_ = 0;    // where what was not read yet begins
};

}  // namespace dovetail::inline v0::http1
