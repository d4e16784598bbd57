// Any bytes as a stream of HTTP/1.1 responses: however they come they are read alike, and what was read can be written
// and read again. The first byte tells what was asked.
#include <dovetail/format/http1.hpp>

#include "../support/http1_fuzz.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace {

using namespace http1_fuzz;

std::size_t check_response(std::string_view bytes, http1::request_kind kind) {
  http1::response_reader reader{kind, bounds};
  http1::response_head head;
  const http1::head_progress how = reader.read(bytes, head);
  require((how.state == progress::failed) == (how.why != http1::problem::none));

  http1::response_reader slow{kind, bounds};
  http1::response_head slow_head;
  http1::head_progress slowly;
  std::vector<char> window;
  for (std::size_t size = 0; size <= bytes.size() && slowly.state == progress::need_more; ++size) {
    window.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    slowly = slow.read({window.data(), window.size()}, slow_head);
  }
  require(slowly.state == how.state && slowly.why == how.why && slowly.size == how.size);
  if (how.state != progress::complete) return 0;
  require(slow_head.status == head.status && slow_head.reason == head.reason &&
          slow_head.fields.text() == head.fields.text() && slow_head.body == head.body &&
          slow_head.keep_alive == head.keep_alive);
  require(head.status >= 100 && head.status <= 999 && how.size <= bounds.head);
  require(head.body.kind != http1::framing::until_close || !head.keep_alive);

  if (head.minor_version == 1) {
    dt::byte_buffer out;
    http1::head_writer writer{out};
    writer.response(head.status, head.reason);
    write_fields(writer, head.fields);
    require(writer.end() == http1::problem::none);
    http1::response_head again;
    http1::response_reader second{kind, {.head = 2 * bounds.head}};
    const auto how_again = second.read(dt::as_text(out.view()), again);
    require(how_again.state == progress::complete && how_again.size == out.size());
    require(again.status == head.status && again.reason == head.reason && again.body == head.body &&
            again.keep_alive == head.keep_alive && are_same(again.fields, head.fields));
  }
  if (const auto retry = head.fields.find("Retry-After")) {
    std::chrono::seconds delay{-1};
    const std::chrono::sys_seconds now{std::chrono::seconds{1'795'280'400}};
    if (http1::parse_retry_after(*retry, now, delay)) require(delay.count() >= 0);
    std::chrono::sys_seconds date;
    if (http1::parse_http_date(*retry, now, date)) {
      char text[http1::http_date_size];
      require(http1::write_http_date(text, date) == text + sizeof text);
      std::chrono::sys_seconds again;
      require(http1::parse_http_date({text, sizeof text}, now, again) && again == date);
    }
  }
  if (head.body.kind == http1::framing::tunnel) return 0;
  const std::size_t body = check_body(head.body, bytes.substr(how.size));
  return body != 0 || head.body.kind == http1::framing::none ? how.size + body : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const auto kind = bytes.front() == 'h'   ? http1::request_kind::head
                    : bytes.front() == 'c' ? http1::request_kind::connect
                                           : http1::request_kind::ordinary;
  bytes.remove_prefix(1);
  for (int messages = 0; messages < 4 && !bytes.empty(); ++messages) {
    const std::size_t used = check_response(bytes, kind);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  return 0;
}
