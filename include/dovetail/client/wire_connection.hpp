// A connection put together from a transport and a codec: a stream of bytes, and the language spoken on it.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/client/connection.hpp>
#include <dovetail/client/read_settings.hpp>
#include <dovetail/driver/run.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// A language spoken over a stream: its session keeps what one connection remembers, and makes the dialogues.
template <class C>
concept codec = requires {
  // If the compiler points here: a codec names its options and its session.
  typename C::options;
  typename C::session;
  requires std::constructible_from<typename C::session, const typename C::options&>;
}
&&requires(typename C::session& s, const typename C::session& cs) {
  // If the compiler points here: open() must give the dialogue that connects and logs in.
  { s.open() } -> machine;
  // If the compiler points here: ping() must give the dialogue that asks for a sign of life.
  { s.ping() } -> machine;
  // If the compiler points here: health() must say what may be done with the connection now.
  { cs.health() }
  noexcept->std::same_as<session_health>;
};

namespace detail {

/// Can be told of an idle connection whether something came that nobody has asked for?
template <class Codec, class Stream>
concept silent_when_idle = requires(const Stream& stream) {
  requires Codec::is_silent_when_idle;
  stream.is_silent();
};

/// The endpoint that a connection string names: host and port, or the path of a socket.
template <class Endpoint>
Endpoint endpoint_of(const uri& where, std::uint16_t default_port, option_reader& reader) {
  if constexpr (std::constructible_from<Endpoint, std::string, std::uint16_t>) {
    if (where.hosts.size() > 1) reader.problem(errc::invalid_option, "this database takes one host");
    if (where.hosts.empty()) return Endpoint{"127.0.0.1", default_port};
    const uri_host& host = where.hosts.front();
    return Endpoint{host.name.empty() ? "127.0.0.1" : host.name, host.port == 0 ? default_port : host.port};
  } else {
    static_assert(
        std::constructible_from<Endpoint, std::string>,
        "this transport's endpoint cannot be made from a connection string: construct the client from options");
    if (!where.hosts.empty() && !where.hosts.front().name.empty()) {
      reader.problem(errc::invalid_option, "a socket's path goes behind the third slash, without a host");
    }
    if (where.path.empty()) reader.problem(errc::malformed_connection_string, "the path of the socket is missing");
    return Endpoint{where.path};
  }
}

}  // namespace detail

/// Codec × transport. One operation at a time; the second one of two threads is the pool's fault, and undefined.
template <transport Transport, codec Codec>
class wire_connection {
 public:
  using transport_type = Transport;
  using codec_type = Codec;
  using stream_type = typename Transport::stream;

  /// After this time of silence the pool retires the connection, whatever its policy says; most databases set none.
  static constexpr clock::duration idle_limit = [] {
    if constexpr (requires { Codec::idle_limit; }) {
      return clock::duration{Codec::idle_limit};
    } else {
      return (clock::duration::max)();
    }
  }();

  /// Where the peer is, and how to speak to it.
  struct options {
    typename Transport::endpoint endpoint;
    typename Codec::options codec;
  };

  /// The verbs of a client of this connection, as a base class for it.
  template <class Self>
  using verbs = typename Codec::template verbs<Self>;

  /// Reads a connection string. The codec offers `scheme`, `default_port` and `read_options(uri, option_reader&)` for
  /// it. Errors: one failure that names every mistake, and prints no password.
  static result<parsed_string<options>> parse(std::string_view text) requires
      requires(const uri& where, option_reader& reader) {
    { Codec::read_options(where, reader) } -> std::same_as<typename Codec::options>;
  }
  {
    result<uri> where = parse_uri(text);
    if (!where) return std::move(where).error();
    option_reader reader{*where};
    reader.scheme({Codec::scheme});
    string_settings said = read_settings(reader);
    typename Codec::options spoken = Codec::read_options(*where, reader);
    auto endpoint = detail::endpoint_of<typename Transport::endpoint>(*where, Codec::default_port, reader);
    if (result<void> done = reader.finish(); !done) return std::move(done).error();
    return parsed_string<options>{{std::move(endpoint), std::move(spoken)}, said};
  }

  /// Why `op` must not be sent, when the codec can tell from its options: `Codec::refusal(options, op)`.
  template <operation Op>
    requires requires(const typename Codec::options& how, const Op& op) { Codec::refusal(how, op); }
  static error_info refusal(const options& how, const Op& op) { return Codec::refusal(how.codec, op); }

  explicit wire_connection(const options& how) : stream_(how.endpoint), session_(how.codec) {}

  result<void> open(deadline by) { return without_value(drive(session_.open(), by)); }
  result<void> ping(deadline by) { return without_value(drive(session_.ping(), by)); }

  template <operation Op>
  result<typename Op::value_type> perform(Op& op, deadline by) {
    return drive(session_.start(op), by);
  }

  session_health health() const noexcept { return stream_.is_open() ? session_.health() : session_health::closed; }
  /// For the pool, of an idle connection: has the peer ended it, or said something unasked?
  bool is_stale() const noexcept requires detail::silent_when_idle<Codec, stream_type> { return !stream_.is_silent(); }
  traffic last_traffic() const noexcept { return moved_; }
  void close() noexcept { stream_.close(); }

  /// The parts, for the asynchronous client, which drives them with its own loop.
  stream_type& stream() noexcept { return stream_; }
  typename Codec::session& session() noexcept { return session_; }
  traffic& moved() noexcept { return moved_; }

 private:
  template <class T>
  static result<void> without_value(result<T> answer) {
    if (!answer) return std::move(answer).error();
    return {};
  }

  template <class Machine>
  auto drive(Machine&& dialogue, deadline by) {
    moved_ = {};
    return run(stream_, std::forward<Machine>(dialogue), by, moved_);
  }

  stream_type stream_;
  typename Codec::session session_;
  traffic moved_;
};

}  // namespace dovetail::inline v0
