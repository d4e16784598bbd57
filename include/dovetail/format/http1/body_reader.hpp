// Reads the body of a message piece by piece, whatever ends it.
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/format/http1/chunk_line.hpp>
#include <dovetail/format/http1/fields.hpp>
#include <dovetail/format/http1/framing.hpp>
#include <dovetail/format/http1/limits.hpp>
#include <dovetail/format/http1/lines.hpp>
#include <dovetail/format/http1/problem.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// A piece of a body. Lifetime: borrows from the bytes that were read.
struct body_piece {
  progress state = progress::need_more;
  problem why = problem::none;
  std::size_t used = 0;        ///< of the bytes: they are done with once `content` is
  std::string_view content{};  ///< may come with any state but a failure
  field_lines trailers{};      ///< when complete: the fields behind the last chunk
};

/// Reads a body without a copy. Chunks are read strictly by RFC 9112 section 7.1.
class body_reader {
 public:
  constexpr explicit body_reader(body_plan plan, const limits& bounds = {}) noexcept : bounds_(bounds), plan_(plan) {
    left_ = plan.length;
    if (plan.kind == framing::none || plan.kind == framing::tunnel) step_ = step::done;
    if (plan.kind == framing::length && plan.length == 0) step_ = step::done;
  }

  /// Gives at most one piece. `bytes` begin behind what was used before. More bytes must come when it needs more and
  /// neither used any nor gave content.
  constexpr body_piece next(std::string_view bytes) noexcept {
    if (step_ == step::done) return {progress::complete};
    if (why_ != problem::none) return {progress::failed, why_};
    switch (plan_.kind) {
      case framing::length:
        return take_plain((std::min<std::uint64_t>)(left_, bytes.size()), bytes);
      case framing::until_close:
        if (bytes.size() > bounds_.body - total_) return fail(problem::body_too_large);
        total_ += bytes.size();
        if (has_ended_) step_ = step::done;
        return {has_ended_ ? progress::complete : progress::need_more, problem::none, bytes.size(), bytes};
      default:
        return take_chunked(bytes);
    }
  }

  /// The peer ended the stream behind the bytes that were given: `none` when the body may end so.
  constexpr problem end_of_stream() noexcept {
    has_ended_ = true;
    if (step_ == step::done || plan_.kind == framing::until_close) return problem::none;
    if (why_ == problem::none) why_ = problem::truncated;
    return why_;
  }

  /// How many bytes must come at least behind those that were used, as far as is known.
  constexpr std::uint64_t wanted() const noexcept {
    if (step_ == step::done) return 0;
    if (plan_.kind == framing::length) return left_;
    return step_ == step::data ? left_ + 2 : 1;
  }

 private:
  enum class step : std::uint8_t { size, data, behind_data, trailers, done };

  constexpr body_piece fail(problem why) noexcept {
    why_ = why;
    return {progress::failed, why};
  }

  constexpr body_piece take_plain(std::uint64_t count, std::string_view bytes) noexcept {
    const auto size = static_cast<std::size_t>(count);
    left_ -= size;
    if (left_ == 0) step_ = step::done;
    return {left_ == 0 ? progress::complete : progress::need_more, problem::none, size, bytes.substr(0, size)};
  }

  constexpr body_piece take_chunked(std::string_view bytes) noexcept {
    std::size_t at = 0;
    while (at < bytes.size()) {
      switch (step_) {
        case step::size: {
          const problem why = line_.take(bytes[at++]);
          if (why != problem::none) return fail(why);
          if (!spend(line_.is_in_extension() ? 1 : 0)) return fail(problem::malformed_chunk);
          if (!line_.is_complete()) break;
          left_ = line_.size();
          line_ = {};
          if (left_ > bounds_.body - total_) return fail(problem::body_too_large);
          total_ += left_;
          step_ = left_ == 0 ? step::trailers : step::data;
          break;
        }
        case step::data: {
          const auto size = static_cast<std::size_t>((std::min<std::uint64_t>)(left_, bytes.size() - at));
          left_ -= size;
          if (left_ == 0) step_ = step::behind_data;
          return {progress::need_more, problem::none, at + size, bytes.substr(at, size)};
        }
        case step::behind_data:
          if (bytes[at++] != (has_return_ ? '\n' : '\r')) return fail(problem::malformed_chunk);
          has_return_ = !has_return_;
          if (!has_return_) step_ = step::size;
          break;
        case step::trailers:
          return take_trailers(bytes, at);
        case step::done:
          return {progress::complete, problem::none, at};
      }
    }
    return {progress::need_more, problem::none, at};
  }

  // The section stays in the caller's bytes until it is whole.
  constexpr body_piece take_trailers(std::string_view bytes, std::size_t at) noexcept {
    const std::string_view section = bytes.substr(at, bounds_.chunk_overhead - overhead_);
    while (true) {
      const std::size_t begin = lines_.position();
      const line_progress line = lines_.next(section);
      if (line.state == progress::failed) return fail(line.why);
      if (line.state == progress::need_more) {
        if (section.size() == bounds_.chunk_overhead - overhead_) return fail(problem::malformed_trailer);
        return {progress::need_more, problem::none, at};
      }
      if (line.text.empty()) {
        step_ = step::done;
        return {progress::complete, problem::none, at + begin + 2, {}, field_lines{section.substr(0, begin)}};
      }
      field read;
      if (const problem why = detail::parse_field(line.text, read); why != problem::none) return fail(why);
      // What decides about framing and routing is no trailer (RFC 9110 section 6.5.1).
      for (const std::string_view name : {"Content-Length", "Transfer-Encoding", "Host"}) {
        if (equals_ignoring_case(read.name, name)) return fail(problem::malformed_trailer);
      }
      if (++trailer_count_ > bounds_.fields) return fail(problem::too_many_fields);
    }
  }

  constexpr bool spend(std::size_t bytes) noexcept {
    overhead_ += bytes;
    return overhead_ <= bounds_.chunk_overhead;
  }

  using line_progress = detail::line_progress;

  limits bounds_;
  body_plan plan_;
  std::uint64_t left_ = 0;   // of the length, or of the chunk
  std::uint64_t total_ = 0;  // of chunks, or until the end
  std::size_t overhead_ = 0;
  std::size_t trailer_count_ = 0;
  detail::chunk_line line_;
  detail::line_scanner lines_;
  step step_ = step::size;
  problem why_ = problem::none;
  bool has_return_ = false;
  bool has_ended_ = false;
};

}  // namespace dovetail::inline v0::http1
