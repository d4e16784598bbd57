// A wire connection for asynchronous clients: the same codec and session, on a stream bound to an executor.
#pragma once

#include <dovetail/client/wire_connection.hpp>
#include <dovetail/transport/async_stream.hpp>

#include <asio/any_io_executor.hpp>

#include <utility>

namespace dovetail::inline v0 {

/// Codec × transport × executor; what drives it is `async_client`. One operation at a time.
template <transport Transport, codec Codec>
class async_wire_connection {
 public:
  using wire = wire_connection<Transport, Codec>;
  using codec_type = Codec;
  static constexpr clock::duration idle_limit = wire::idle_limit;

  struct options {
    typename wire::options how;
    asio::any_io_executor executor;
  };

  template <class Self>
  using verbs = typename wire::template verbs<Self>;

  template <operation Op>
    requires requires(const typename wire::options& how, const Op& op) { wire::refusal(how, op); }
  static error_info refusal(const options& with, const Op& op) { return wire::refusal(with.how, op); }

  explicit async_wire_connection(const options& with)
      : stream_(with.executor, with.how.endpoint), session_(with.how.codec) {}

  session_health health() const noexcept { return stream_.is_open() ? session_.health() : session_health::closed; }
  bool is_stale() const noexcept requires detail::silent_when_idle<Codec, typename Transport::stream> {
    return !stream_.next_layer().is_silent();
  }
  void close() noexcept { stream_.close(); }

  async_stream<Transport>& stream() noexcept { return stream_; }
  typename Codec::session& session() noexcept { return session_; }
  traffic& moved() noexcept { return moved_; }

 private:
  async_stream<Transport> stream_;
  typename Codec::session session_;
  traffic moved_;
};

}  // namespace dovetail::inline v0
