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

/// An alert or a handshake of TLS (RFC 8446 section 5.1), where the beginning of an answer should be.
inline bool is_tls_record(byte_view begun) noexcept {
  constexpr std::byte alert{21}, handshake{22}, version{3};
  return begun.size() >= 2 && (begun[0] == alert || begun[0] == handshake) && begun[1] == version;
}

/// Answers of 1xx say nothing to this client (RFC 9110 section 15.2), and a peer that sends nothing else is left. One
/// that speaks TLS is told from other garbage.
class final_head {
 public:
  explicit final_head(http1::request_kind what = http1::request_kind::ordinary,
                      const http1::limits& bounds = {}) noexcept
      : reader_(what, bounds), is_proxy_(what == http1::request_kind::connect) {}

  /// `from` begins with the answer; its informational ones are consumed, the head that is found is not.
  final_head_reading read(read_buffer& from, http1::response_head& out) noexcept {
    if (is_tls_record(from.committed())) {
      return {http1::progress::failed, 0, http1::problem::malformed_status_line, is_proxy_ ? tls_proxy : tls_peer};
    }
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
  static constexpr std::string_view tls_peer =
      "the peer speaks TLS, and was spoken to in clear text: ssl=true, or an apiEndpoint that begins with https";
  static constexpr std::string_view tls_proxy = "it speaks TLS, and is spoken to in clear text";

  http1::response_reader reader_;
  bool is_proxy_;
  int passed_ = 0;
};

}  // namespace dovetail::inline v0::workersql
