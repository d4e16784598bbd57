// Reads the head of a response, and passes over the informational ones in front of it.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/format/http1/limits.hpp>
#include <dovetail/format/http1/response_reader.hpp>

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::workersql {

/// What came of reading. `text` says why it failed; `why` is none when that is no fault of one head.
struct final_head_reading {
  http1::progress state = http1::progress::need_more;
  std::size_t size = 0;  ///< of the head, when it is complete
  http1::problem why = http1::problem::none;
  std::string_view text{};
};

/// Answers of 1xx say nothing to this client (RFC 9110 section 15.2), and a peer that sends nothing else is left.
class final_head {
 public:
  explicit final_head(http1::request_kind what = http1::request_kind::ordinary,
                      const http1::limits& bounds = {}) noexcept
      : reader_(what, bounds) {}

  /// `from` begins with the answer; its informational ones are consumed, the head that is found is not.
  final_head_reading read(read_buffer& from, http1::response_head& out) noexcept {
    for (;;) {
      const http1::head_progress got = reader_.read(as_text(from.committed()), out);
      if (got.state == http1::progress::failed) return {got.state, 0, got.why, http1::text_of(got.why)};
      if (got.state == http1::progress::need_more || !out.is_informational()) return {got.state, got.size};
      if (++passed_ > most_passed) {
        return {http1::progress::failed, 0, http1::problem::none, "too many informational answers (1xx)"};
      }
      from.consume(got.size);
      reader_.restart();
    }
  }

 private:
  static constexpr int most_passed = 8;

  http1::response_reader reader_;
  int passed_ = 0;
};

}  // namespace dovetail::inline v0::workersql
