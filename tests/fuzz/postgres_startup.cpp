// The dialogue that opens a PostgreSQL connection, fed with arbitrary bytes for servers: it always ends, lets nobody in
// who has not logged us in, never says a password, and reads no byte from in front of TLS as one from behind it.
// Connection strings of words are read from the same bytes.
#include <dovetail/codec/postgres/cancel_request.hpp>
#include <dovetail/codec/postgres/startup.hpp>
#include <dovetail/codec/postgres/words.hpp>
#include <dovetail/sansio/machine.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;

constexpr std::string_view password = "Tr0ub4dor&3";

void require(bool holds) {
  if (!holds) std::abort();
}

/// Weak functions, so that arbitrary bytes get as far as a server that knows the password.
const pg::crypto_functions weak{
    [](dt::byte_view, pg::sha256_digest& out) noexcept { return out = {}, true; },
    [](dt::byte_view, dt::byte_view, pg::sha256_digest& out) noexcept { return out = {}, true; },
    [](dt::byte_view, dt::byte_view, std::uint32_t, pg::sha256_digest& out) noexcept { return out = {}, true; },
    [](dt::byte_view, pg::md5_digest& out) noexcept { return out = {}, true; },
    [](dt::byte_span out) noexcept {
      std::fill(out.begin(), out.end(), std::byte{});
      return true;
    },
};

struct choices {
  std::array<std::uint8_t, 4> bytes{};
  bool flag(int bit) const { return (bytes[3] >> bit & 1) != 0; }
};

void open(const choices& chosen, dt::byte_view input, std::size_t at_most) {
  pg::connect_options how;
  how.servers.push_back({"one", {}, 1, {}});
  if (chosen.flag(0)) how.servers.push_back({"/two", {}, 2, {}});
  how.user = "user";
  how.password = dt::secret{std::string{password}};
  how.tls = static_cast<pg::ssl_mode>(chosen.bytes[0] % 6);
  how.binding = static_cast<pg::channel_binding>(chosen.bytes[1] % 3);
  how.target = static_cast<pg::target_session>(chosen.bytes[2] % 6);
  if (chosen.flag(1)) how.allowed_authentication = {"md5", "scram-sha-256"};
  if (chosen.flag(2)) how.newest_protocol = pg::protocol_version::v3_2;
  if (chosen.flag(3)) how.tls_negotiation = pg::ssl_negotiation::direct;
  pg::connection_facts facts;
  pg::startup dialogue{facts, how, weak};
  const std::array<std::byte, 32> binding{};

  dt::event happened;
  std::size_t given = 0;
  int connects = 0;
  bool is_encrypted = false;
  std::string seen;
  for (int steps = 0;; ++steps) {
    require(steps < 100'000);
    const dt::action next = dialogue.resume(happened);
    happened = {};
    switch (next.what()) {
      case dt::verb::done: {
        const dt::error_info failure = dt::failure_of(dialogue, next.error());
        require(static_cast<bool>(failure) == static_cast<bool>(next.error()));
        const bool is_told = dt::as_text(input).find(password) != std::string_view::npos;  // then it may be quoted
        require(is_told || failure.message().find(password) == std::string::npos);
        require((facts.health == dt::session_health::idle) == !next.error());
        if (next.error()) return;
        // AuthenticationOk is among the bytes of this very connection, behind TLS where there is any.
        require(seen.find(std::string_view{"R\0\0\0\10\0\0\0\0", 9}) != std::string::npos);
        require(facts.is_encrypted == is_encrypted);
        require(is_encrypted || how.tls < pg::ssl_mode::require || how.servers[facts.server].is_unix_socket());
        require(how.binding != pg::channel_binding::require || is_encrypted);
        require(facts.key.size <= pg::backend_key::longest);
        return;
      }
      case dt::verb::connect:
        require(next.target() < how.servers.size());
        require(++connects <= 12);
        is_encrypted = false;
        seen.clear();
        if (chosen.flag(4) && connects == 1) happened.ec = std::make_error_code(std::errc::connection_refused);
        break;
      case dt::verb::start_tls:
        require(how.tls != pg::ssl_mode::disable && !is_encrypted);
        require(facts.input.committed().empty());
        seen.clear();
        is_encrypted = true;
        happened.channel_binding = binding;
        if (chosen.flag(5) && connects == 1) happened = {.ec = dt::make_error_code(dt::errc::connection_lost)};
        break;
      case dt::verb::write:
        happened.bytes = next.output().size();
        require(happened.bytes != 0);
        break;
      case dt::verb::read: {
        require(!next.input().empty());
        happened.bytes = std::min({input.size() - given, next.input().size(), at_most});
        const dt::byte_view part = input.subspan(given, happened.bytes);
        std::copy(part.begin(), part.end(), next.input().begin());
        seen.append(dt::as_text(part));
        given += happened.bytes;
        if (happened.bytes == 0) happened.ec = dt::errc::connection_closed;
        break;
      }
      default:
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices chosen;
  if (size < chosen.bytes.size()) return 0;
  std::copy_n(data, chosen.bytes.size(), chosen.bytes.begin());
  const dt::byte_view input =
      dt::byte_view{reinterpret_cast<const std::byte*>(data), size}.subspan(chosen.bytes.size());
  for (const std::size_t at_most : {size, std::size_t{1}}) open(chosen, input, at_most);

  const auto words = pg::detail::parse_words(dt::as_text(input));
  require(words || words.error().code() == dt::errc::malformed_connection_string);

  const dt::secret known{std::string{password}};
  pg::detail::scram exchange{weak, known, pg::detail::scram::binding::unused, {}};
  std::string message;
  require(!exchange.first(message));
  if (!exchange.prove(dt::as_text(input), message)) {
    require(message.starts_with("c=eSws,r="));
    static_cast<void>(exchange.verify(dt::as_text(input)));
  }
  return 0;
}
