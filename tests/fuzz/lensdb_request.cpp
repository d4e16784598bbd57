// A LensDB server fed with arbitrary bytes: it never reads outside its buffers, it always ends, and however the bytes
// are cut into reads it answers the same.
#include <dovetail/codec/lensdb/serve.hpp>
#include <dovetail/codec/lensdb/serve_per_recv.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;

dt::clock::time_point fixed_now() noexcept { return dt::clock::time_point{std::chrono::hours{1}}; }

void require(bool holds) {
  if (!holds) std::abort();
}

/// Plays the driver; reads give at most `at_most` bytes. Gives everything that the server wrote.
template <class Dialogue>
std::vector<std::byte> serve(dt::byte_view input, std::size_t at_most, const lensdb::serve_rules& rules) {
  lensdb::store keys{{.memory = 10'000, .keys = 100}};
  lensdb::serve_counters counters;
  Dialogue dialogue{keys, rules, counters};
  std::vector<std::byte> written;
  dt::event happened;
  int steps_without_input = 0;
  for (;;) {
    const dt::action next = dialogue.resume(happened);
    happened = {};
    require(++steps_without_input < 10'000);
    switch (next.what()) {
      case dt::verb::read: {
        require(!next.input().empty());
        happened.bytes = std::min({input.size(), next.input().size(), at_most});
        std::copy_n(input.begin(), happened.bytes, next.input().begin());
        input = input.subspan(happened.bytes);
        if (happened.bytes == 0) {
          happened.ec = dt::errc::connection_closed;
        } else {
          steps_without_input = 0;
        }
        break;
      }
      case dt::verb::write:
        written.insert(written.end(), next.output().begin(), next.output().end());
        happened.bytes = next.output().size();
        break;
      case dt::verb::wait:
        happened.ec = dt::errc::deadline_passed;
        break;
      case dt::verb::done:
        if (dialogue.is_over()) return written;
        break;
      default:
        break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const dt::byte_view input{reinterpret_cast<const std::byte*>(data), size};
  const lensdb::serve_rules exact{.output_limit = 256, .discard_limit = 2000, .now = fixed_now};
  const auto whole = serve<lensdb::serve_exact>(input, size + 1, exact);
  require(serve<lensdb::serve_exact>(input, 1, exact) == whole);
  require(serve<lensdb::serve_exact>(input, 7, exact) == whole);

  // Replies are frames of the dialect that the input began with.
  dt::byte_view rest{whole};
  while (!rest.empty()) {
    const auto lens = lensdb::parse_reply<lensdb::lens_v1>(rest);
    if (lens.error != lensdb::frame_error::none) {
      require(lensdb::parse_reply<lensdb::ldbd_v1>(rest).error == lensdb::frame_error::none);
      break;
    }
    rest = rest.subspan(static_cast<std::size_t>(lens.size));
  }

  const lensdb::serve_rules per_recv{.framing = lensdb::framing::one_per_recv, .receive_size = 64, .now = fixed_now};
  serve<lensdb::serve_per_recv>(input, 64, per_recv);
  serve<lensdb::serve_per_recv>(input, 5, per_recv);
  return 0;
}
