// A LensDB client fed with arbitrary bytes for replies, in both dialects: it always ends, never believes what is not
// exactly one reply, and its session is idle afterwards only when it was.
#include <dovetail/codec/lensdb/session.hpp>
#include <dovetail/format/lensdb/ldbd_v1.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;

struct digits {
  template <class T>
  static void encode(const T& value, std::string& out) {
    out += std::to_string(value);
  }
  template <class T>
  static dt::result<T> decode(std::string_view text) {
    T value{};
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc{} || end != text.data() + text.size()) return dt::errc::malformed_value;
    return value;
  }
};

void require(bool holds) {
  if (!holds) std::abort();
}

template <class D, class Operation>
void ask(const Operation& asked, dt::byte_view input, std::size_t at_most) {
  lensdb::session<D> session{{.reply_data = 3000, .reply_message = 300, .has_setex = true}};
  session.state().set_health(dt::session_health::idle);
  auto dialogue = session.start(asked);
  dt::event happened;
  std::size_t given = 0;
  for (int steps = 0;; ++steps) {
    require(steps < 20'000);
    const dt::action next = dialogue.resume(happened);
    happened = {};
    if (next.what() == dt::verb::done) {
      const dt::error_info failure = dt::failure_of(dialogue, next.error());
      require(static_cast<bool>(failure) == static_cast<bool>(next.error()));
      if (!next.error()) static_cast<void>(std::move(dialogue).value());
      if constexpr (!D::reply_ends_with_stream) {
        // Idle means: exactly one well-formed reply was read, to its last byte and not further.
        const auto reply = lensdb::parse_reply<D>(input.first(given));
        const bool is_one_reply = reply.error == lensdb::frame_error::none && reply.size == given;
        require(session.health() != dt::session_health::idle || is_one_reply);
        require(next.error() || is_one_reply);
      } else {
        require(session.health() != dt::session_health::idle);
      }
      return;
    }
    switch (next.what()) {
      case dt::verb::write:
        happened.bytes = next.output().size();
        break;
      case dt::verb::read:
        require(!next.input().empty());
        happened.bytes = std::min({input.size() - given, next.input().size(), at_most});
        std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(given), happened.bytes, next.input().begin());
        given += happened.bytes;
        if (happened.bytes == 0) happened.ec = dt::errc::connection_closed;
        break;
      default:
        break;
    }
  }
}

template <class D>
void ask_everything(dt::byte_view input, std::size_t at_most) {
  ask<D>(lensdb::get_operation<std::string, digits>{.key = "k"}, input, at_most);
  ask<D>(lensdb::get_operation<int, digits>{.key = "k"}, input, at_most);
  ask<D>(lensdb::set_operation{.key = "k", .value = "v", .seconds = 1}, input, at_most);
  ask<D>(lensdb::erase_operation{.key = "k"}, input, at_most);
  ask<D>(lensdb::exists_operation{.key = "k"}, input, at_most);
  ask<D>(lensdb::keys_operation{}, input, at_most);
  ask<D>(lensdb::size_operation{}, input, at_most);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dt::byte_view input{reinterpret_cast<const std::byte*>(data), size};
  for (const std::size_t at_most : {size + 1, std::size_t{1}}) {
    ask_everything<lensdb::lens_v1>(input, at_most);
    ask_everything<lensdb::ldbd_v1>(input, at_most);
  }
  return 0;
}
