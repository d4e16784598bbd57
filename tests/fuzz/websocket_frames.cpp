// Any bytes as WebSocket frames, for both sides: however they come the same messages come out, text is UTF-8, limits
// hold, and what was read can be written and read again. The first byte tells the side.
#include <dovetail/format/websocket.hpp>

#include <dovetail/base/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
namespace websocket = dovetail::websocket;
using websocket::received;
using websocket::role;

constexpr std::size_t message_limit = 400;

void require(bool holds) {
  if (!holds) std::abort();
}

struct happening {
  received what;
  websocket::problem why;
  websocket::close_code code;
  std::string payload;

  friend bool operator==(const happening&, const happening&) = default;
};

std::vector<happening> listen(role ours, std::string_view stream, std::size_t step) {
  websocket::message_reader reader{ours, {.message = message_limit}};
  std::vector<happening> all;
  std::vector<std::byte> pending;
  std::size_t given = 0;
  while (true) {
    const websocket::reading found = reader.read(pending);
    require(found.used <= pending.size());
    if (found.what != received::need_more) {
      require((found.what == received::failed) == (found.why != websocket::problem::none));
      require(found.payload.size() <= message_limit);
      const std::string_view payload = dt::as_text(found.payload);
      if (found.what == received::text || found.what == received::close) require(dt::is_valid_utf8(payload));
      all.push_back({found.what, found.why, found.code, std::string{payload}});
      if (found.what == received::close || found.what == received::failed) return all;
    }
    std::vector<std::byte> rest(pending.begin() + static_cast<std::ptrdiff_t>(found.used), pending.end());
    if (found.what == received::need_more) {
      require(found.wanted > 0);
      if (given == stream.size()) return all;
      const dt::byte_view bytes = dt::as_byte_view(stream.substr(given, step == 0 ? stream.size() : step));
      given += bytes.size();
      rest.insert(rest.end(), bytes.begin(), bytes.end());
    }
    pending.swap(rest);
    pending.shrink_to_fit();
  }
}

void write_again(role ours, const std::vector<happening>& all) {
  constexpr websocket::masking_key key{std::byte{1}, std::byte{0xFE}, std::byte{0}, std::byte{0x80}};
  const websocket::masking_key* const mask = ours == role::server ? &key : nullptr;
  dt::byte_buffer out;
  std::vector<happening> good;
  for (const happening& each : all) {
    const dt::byte_view payload = dt::as_byte_view(each.payload);
    switch (each.what) {
      case received::text:
        websocket::append_frame(out, websocket::opcode::text, payload, mask);
        break;
      case received::binary:
        websocket::append_frame(out, websocket::opcode::binary, payload.first(payload.size() / 2), mask, false);
        websocket::append_frame(out, websocket::opcode::continuation, payload.subspan(payload.size() / 2), mask);
        break;
      case received::ping:
        websocket::append_frame(out, websocket::opcode::ping, payload, mask);
        break;
      case received::pong:
        websocket::append_frame(out, websocket::opcode::pong, payload, mask);
        break;
      case received::close:
        websocket::append_close(out, each.code, each.payload, mask);
        break;
      default:
        continue;
    }
    good.push_back(each);
  }
  require(listen(ours, dt::as_text(out.view()), 11) == good);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view stream(reinterpret_cast<const char*>(data), size);
  if (stream.empty()) return 0;
  const role ours = stream.front() == 's' ? role::server : role::client;
  stream.remove_prefix(1);
  const std::vector<happening> whole = listen(ours, stream, 0);
  require(listen(ours, stream, 1) == whole);
  require(listen(ours, stream, 5) == whole);
  write_again(ours, whole);
  return 0;
}
