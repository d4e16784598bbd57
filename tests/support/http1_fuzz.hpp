// What the fuzz targets of HTTP/1.1 have in common: bodies read in three ways, and heads written and read again.
#pragma once

#include <dovetail/format/http1.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace http1_fuzz {

namespace dt = dovetail;
namespace http1 = dovetail::http1;
using http1::progress;

inline constexpr http1::limits bounds{.head = 2000, .target = 300, .fields = 20, .body = 500, .chunk_overhead = 200};

inline void require(bool holds) {
  if (!holds) std::abort();
}

struct body_read {
  progress state = progress::need_more;
  http1::problem why = http1::problem::none;
  std::string content;
  std::string trailers;
  std::size_t used = 0;
};

/// By pieces of at most `step` bytes; everything at once for 0.
inline body_read stream(http1::body_plan plan, std::string_view bytes, std::size_t step) {
  http1::body_reader reader{plan, bounds};
  body_read made;
  std::size_t there = step == 0 ? bytes.size() : 0;
  while (true) {
    // A copy of exact size, so that a look behind the end is found out.
    const std::vector<char> window(bytes.begin() + static_cast<std::ptrdiff_t>(made.used),
                                   bytes.begin() + static_cast<std::ptrdiff_t>(there));
    const http1::body_piece piece = reader.next({window.data(), window.size()});
    require(piece.used <= window.size() && piece.content.size() <= piece.used);
    made.content += piece.content;
    made.used += piece.used;
    made.state = piece.state;
    made.why = piece.why;
    made.trailers = piece.trailers.text();
    require((piece.state == progress::failed) == (piece.why != http1::problem::none));
    if (piece.state != progress::need_more) break;
    if (piece.used != 0) continue;
    if (there == bytes.size()) {
      if (reader.end_of_stream() == http1::problem::none) {
        require(reader.next({}).state == progress::complete);
        made.state = progress::complete;
      }
      break;
    }
    there = std::min(there + step, bytes.size());
  }
  require(made.content.size() <= bounds.body);
  return made;
}

inline body_read collect(http1::body_plan plan, std::string_view bytes, std::size_t step) {
  http1::body_collector collector{plan, bounds};
  std::vector<std::byte> buffer;
  body_read made;
  while (true) {
    const http1::body_progress how = collector.collect(buffer);
    if (how.state != progress::need_more) {
      return {how.state, how.why, std::string{dt::as_text(how.content)}, std::string{how.trailers.text()}, how.used};
    }
    require(how.wanted > 0);
    if (buffer.size() == bytes.size()) {
      made.used = buffer.size();
      if (collector.end_of_stream() != http1::problem::none) return made;
      continue;
    }
    std::vector<std::byte> larger(buffer);  // elsewhere, and of exact size
    const dt::byte_view all = dt::as_byte_view(bytes);
    const std::size_t count = std::min(step, bytes.size() - buffer.size());
    larger.insert(larger.end(), all.begin() + static_cast<std::ptrdiff_t>(buffer.size()),
                  all.begin() + static_cast<std::ptrdiff_t>(buffer.size() + count));
    buffer.swap(larger);
  }
}

/// Reads a body in all ways, which must agree; gives its size, or 0 when nothing follows it.
inline std::size_t check_body(http1::body_plan plan, std::string_view bytes) {
  const body_read whole = stream(plan, bytes, 0);
  for (const std::size_t step : {1u, 7u}) {
    const body_read slowly = stream(plan, bytes, step);
    const body_read collected = collect(plan, bytes, step);
    require(slowly.state == whole.state && slowly.why == whole.why);
    require(collected.state == whole.state && collected.why == whole.why);
    if (whole.state != progress::complete) continue;
    require(slowly.content == whole.content && slowly.used == whole.used && slowly.trailers == whole.trailers);
    require(collected.content == whole.content && collected.used == whole.used && collected.trailers == whole.trailers);
  }
  if (whole.state != progress::complete || plan.kind != http1::framing::chunked) {
    return whole.state == progress::complete ? whole.used : 0;
  }
  dt::byte_buffer out;
  http1::append_chunk(out, dt::as_byte_view(whole.content));
  out.append(http1::last_chunk);
  require(stream(plan, dt::as_text(out.view()), 0).content == whole.content);
  return whole.used;
}

inline void write_fields(http1::head_writer& writer, const http1::field_lines& fields) {
  for (const http1::field& each : fields) {
    require(!each.name.empty() && each.value.find_first_of(std::string_view{"\r\n\0", 3}) == each.value.npos);
    require(fields.find(each.name).has_value() && fields.count(each.name) > 0);
    writer.field(each.name, each.value);
  }
}

inline bool are_same(const http1::field_lines& a, const http1::field_lines& b) {
  auto other = b.begin();
  for (const http1::field& each : a) {
    if (other == b.end() || other->name != each.name || other->value != each.value) return false;
    ++other;
  }
  return other == b.end();
}

}  // namespace http1_fuzz
