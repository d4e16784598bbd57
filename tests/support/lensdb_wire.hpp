// A bare client for tests of servers, over TCP or another stream: writes bytes, reads so many, or until the end.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/transport/blocking.hpp>
#include <dovetail/transport/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lensdb_test {

/// Every step has a minute; what takes longer is a failure of the test, seen as an error code.
template <class Stream>
class wire_over {
 public:
  template <class Endpoint>
  explicit wire_over(const Endpoint& where) : stream_(where) {
    ec_ = dovetail::connect(stream_, by());
  }

  std::error_code error() const noexcept { return ec_; }

  void send(dovetail::byte_view bytes) { dovetail::write_all(stream_, bytes, by(), ec_); }
  void send(std::string_view text) { send(dovetail::as_byte_view(text)); }
  void end() { ec_ = stream_.shutdown_write(); }
  void close() noexcept { stream_.close(); }
  Stream& stream() noexcept { return stream_; }

  /// Exactly so many bytes, or fewer when the stream ends or fails.
  std::vector<std::byte> read(std::size_t bytes) {
    std::vector<std::byte> got(bytes);
    std::size_t at = 0;
    while (at < bytes) {
      at += dovetail::read_some(stream_, dovetail::byte_span{got}.subspan(at), by(), ec_);
      if (ec_) break;
    }
    got.resize(at);
    return got;
  }

  /// Everything until the peer ends the stream (error() is then errc::connection_closed).
  std::vector<std::byte> read_all() {
    std::vector<std::byte> got;
    std::array<std::byte, 65536> chunk;
    for (;;) {
      const std::size_t bytes = dovetail::read_some(stream_, chunk, by(), ec_);
      got.insert(got.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(bytes));
      if (ec_) return got;
    }
  }

  /// Does nothing come for a moment?
  bool is_silent(std::chrono::milliseconds moment = std::chrono::milliseconds{60}) {
    std::array<std::byte, 1> one;
    dovetail::read_some(stream_, one, dovetail::deadline::after(moment), ec_);
    return ec_ == dovetail::errc::deadline_passed;
  }

 private:
  static dovetail::deadline by() { return dovetail::deadline::after(std::chrono::seconds{60}); }

  Stream stream_;
  std::error_code ec_;
};
using wire = wire_over<dovetail::tcp_stream>;

}  // namespace lensdb_test
