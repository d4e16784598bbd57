// Any bytes as a stream of HTTP/1.1 requests: however they come they are read alike, and what was read can be written
// and read again.
#include <dovetail/format/http1.hpp>

#include "../support/http1_fuzz.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace http1_fuzz;

std::size_t check_request(std::string_view bytes) {
  http1::request_reader reader{bounds};
  http1::request_head head;
  const http1::head_progress how = reader.read(bytes, head);
  require((how.state == progress::failed) == (how.why != http1::problem::none));

  http1::request_reader slow{bounds};
  http1::request_head slow_head;
  http1::head_progress slowly;
  std::vector<char> window;
  for (std::size_t size = 0; size <= bytes.size() && slowly.state == progress::need_more; ++size) {
    window.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    slowly = slow.read({window.data(), window.size()}, slow_head);
  }
  require(slowly.state == how.state && slowly.why == how.why && slowly.size == how.size);
  if (how.state != progress::complete) return 0;
  require(slow_head.method == head.method && slow_head.target == head.target && slow_head.authority == head.authority &&
          slow_head.form == head.form && slow_head.fields.text() == head.fields.text() && slow_head.body == head.body &&
          slow_head.keep_alive == head.keep_alive);
  require(head.method.size() + head.target.size() <= how.size && how.size <= bounds.head);
  require(head.body.kind != http1::framing::until_close && head.body.kind != http1::framing::tunnel);

  dt::byte_buffer out;
  http1::head_writer writer{out};
  writer.request(head.method, head.target);
  write_fields(writer, head.fields);
  require(writer.end() == http1::problem::none);
  http1::request_head again;
  http1::request_reader second{{.head = 2 * bounds.head, .target = bounds.target}};
  const auto how_again = second.read(dt::as_text(out.view()), again);
  if (head.minor_version == 1) {  // what 1.0 may leave away, 1.1 must have
    require(how_again.state == progress::complete && how_again.size == out.size());
    require(again.method == head.method && again.target == head.target && again.authority == head.authority &&
            again.body == head.body && again.keep_alive == head.keep_alive && are_same(again.fields, head.fields));
  }
  const http1::target_parts parts = http1::split_target(head.target);
  std::string plain;
  if (head.form == http1::target_form::origin || head.form == http1::target_form::absolute) {
    require(parts.path.starts_with('/') && http1::unescape(parts.path, plain));
    std::string escaped = "/";
    http1::append_escaped(escaped, plain);
    std::string twice;
    require(http1::unescape(escaped, twice) && twice == "/" + plain);
  }
  http1::find_query_parameter(parts.query, "a", plain);
  const std::size_t body = check_body(head.body, bytes.substr(how.size));
  return body != 0 || head.body.kind == http1::framing::none ? how.size + body : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (int messages = 0; messages < 4 && !bytes.empty(); ++messages) {
    const std::size_t used = check_request(bytes);
    if (used == 0) break;
    bytes.remove_prefix(used);
  }
  return 0;
}
