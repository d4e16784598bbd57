// LensDB as a codec: a dialect, a value format, and the parameters of a connection string.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/codec/lensdb/session.hpp>
#include <dovetail/codec/lensdb/value.hpp>
#include <dovetail/format/lensdb/lens_v1.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::lensdb {

/// The verbs of a client, `get`, `set` and so on, as a base class for it (client/lensdb_verbs.hpp).
template <class Self, class Format>
class verbs;

/// The language of a LensDB server for `dt::client`. `Dialect`: `lens_v1` (the real server) or `ldbd_v1` (its published
/// page); `Format`: dt::json, dt::message_pack, dt::bincode, dt::raw, or a user's own value_format.
template <dialect Dialect, value_format Format>
struct codec {
  using dialect_type = Dialect;
  using format_type = Format;
  using options = session_limits;
  using session = lensdb::session<Dialect>;
  template <class Self>
  using verbs = lensdb::verbs<Self, Format>;

  static constexpr std::string_view scheme = "lensdb";
  static constexpr std::uint16_t default_port = 8080;

  /// The real server forgets a connection that was silent for 300 s without closing it.
  static constexpr clock::duration idle_limit = std::chrono::seconds{235};

  /// Nothing comes unasked. What has come while a connection was idle is a reply too many, which would answer the next
  /// request, or the end of the stream, which would leave the outcome of the next change unknown.
  static constexpr bool is_silent_when_idle = true;

  /// Why the server must not be asked this; no failure when it may.
  template <class Operation>
  static error_info refusal(const options& how, const Operation& asked) {
    return detail::refusal_of_all<Dialect>(how.with_default(Dialect::default_request_limit), asked);
  }

  /// Reads `requestLimit`, `replyLimit` (bytes), `setex` and `dialect` (only to check that it is this one).
  static options read_options(const uri& where, option_reader& reader) {
    options read;
    read.request = Dialect::default_request_limit;
    reader.integer("requestLimit", read.request, Dialect::request_header_size, std::size_t{1} << 30);
    reader.integer("replyLimit", read.reply_data, 64, std::size_t{1} << 32);
    reader.boolean("setex", read.has_setex);
    std::string asked{Dialect::name};
    reader.text("dialect", asked);
    if (asked != Dialect::name) {
      reader.problem(errc::invalid_option, "parameter 'dialect' in the connection string must be '" +
                                               std::string{Dialect::name} + "', which this client's type speaks");
    }
    if (!where.path.empty() && where.path != "/") {
      reader.problem(errc::invalid_option,
                     where.has_authority ? "LensDB has no databases, so the connection string must not have a path"
                                         : "the host stands behind two slashes, as in 'lensdb://127.0.0.1:8080'");
    }
    if (!where.user.empty() || where.has_password) {
      reader.problem(errc::invalid_option, "LensDB knows no users, so the connection string must not have one");
    }
    return read;
  }
};

}  // namespace dovetail::inline v0::lensdb
