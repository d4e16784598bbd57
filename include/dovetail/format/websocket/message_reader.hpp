// Reads WebSocket messages from a growing buffer, for either side.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/base/utf8_checker.hpp>
#include <dovetail/format/websocket/close_code.hpp>
#include <dovetail/format/websocket/frame.hpp>
#include <dovetail/format/websocket/mask.hpp>
#include <dovetail/format/websocket/problem.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::websocket {

/// Which side we are.
enum class role : std::uint8_t { client, server };

/// What a peer's message may have at most.
struct reader_limits {
  std::uint64_t message = 16 * 1024 * 1024;  ///< bytes of all fragments together
};

/// What came.
enum class received : std::uint8_t { need_more, text, binary, ping, pong, close, failed };

/// What came of reading. Lifetime: the payload is valid until the next `read`, and while the bytes are.
struct reading {
  received what = received::need_more;
  problem why = problem::none;
  byte_view payload{};                      ///< of the message; of a close frame its reason
  close_code code = close_code::no_status;  ///< of a close frame
  std::size_t used = 0;    ///< of the bytes: they are done with once the payload is; also when more is needed
  std::size_t wanted = 0;  ///< when more is needed: so many bytes must come at least behind the rest; the peer's word
};

/// Puts fragments together, takes masks away in place, and refuses what RFC 6455 forbids as soon as it is seen: a mask
/// that is missing or too much, fragments out of order, text that is not UTF-8.
/// Cost: a message of one frame is not copied; fragments are, once, into memory of the reader.
class message_reader {
 public:
  explicit message_reader(role ours, const reader_limits& bounds = {}) noexcept : bounds_(bounds), ours_(ours) {}

  /// Gives one message or control frame. `bytes` begin behind what was used before, and bytes that were given before
  /// are as this left them. After a close or a failure nothing more is to be read.
  reading read(byte_span bytes) {
    if (is_delivered_) forget();
    std::size_t at = 0;
    while (true) {
      const byte_span rest = bytes.subspan(at);
      if (header_size_ == 0) {
        const frame_progress header = read_frame_header(rest, header_);
        if (header.why != problem::none) return fail(header.why);
        if (header.size == 0) return {received::need_more, problem::none, {}, close_code::no_status, at, header.wanted};
        if (const problem why = check_header(); why != problem::none) return fail(why);
        header_size_ = header.size;
      }
      const auto there =
          static_cast<std::size_t>((std::min<std::uint64_t>)(header_.length, rest.size() - header_size_));
      const byte_span payload = rest.subspan(header_size_, there);
      if (const problem why = take_payload(payload); why != problem::none) return fail(why);
      if (there < header_.length) {
        const std::uint64_t wanted = header_.length - there;
        return {received::need_more, problem::none, {}, close_code::no_status, at, static_cast<std::size_t>(wanted)};
      }
      at += header_size_ + there;
      header_size_ = 0;
      done_ = 0;
      reading found = is_control(header_.code) ? finish_control(payload) : finish_data(payload);
      found.used = found.what == received::failed ? 0 : at;
      if (found.what != received::need_more) return found;
    }
  }

 private:
  static reading fail(problem why) noexcept { return {received::failed, why}; }

  problem check_header() const noexcept {
    if (ours_ == role::server && !header_.is_masked) return problem::mask_missing;
    if (ours_ == role::client && header_.is_masked) return problem::mask_forbidden;
    if (is_control(header_.code)) return problem::none;
    const bool continues = header_.code == opcode::continuation;
    if (continues && !is_inside_message_) return problem::nothing_to_continue;
    if (!continues && is_inside_message_) return problem::message_unfinished;
    return header_.length > bounds_.message - message_.size() ? problem::message_too_large : problem::none;
  }

  // Looks at what is new of the payload.
  problem take_payload(byte_span payload) noexcept {
    const byte_span fresh = payload.subspan(done_);
    if (header_.is_masked) apply_mask(fresh, header_.key, done_);
    done_ = payload.size();
    if (is_control(header_.code)) return problem::none;
    const bool is_text = header_.code == opcode::text || (header_.code == opcode::continuation && is_text_);
    return is_text && !text_.take(as_text(fresh)) ? problem::invalid_utf8 : problem::none;
  }

  reading finish_control(byte_view payload) const noexcept {
    if (header_.code == opcode::ping) return {received::ping, problem::none, payload};
    if (header_.code == opcode::pong) return {received::pong, problem::none, payload};
    if (payload.empty()) return {received::close};
    if (payload.size() == 1) return fail(problem::malformed_close);
    const auto code = static_cast<close_code>(load_big<std::uint16_t>(payload.data()));
    if (!may_be_sent(code)) return fail(problem::malformed_close);
    if (!is_valid_utf8(as_text(payload.subspan(2)))) return fail(problem::invalid_utf8);
    return {received::close, problem::none, payload.subspan(2), code};
  }

  reading finish_data(byte_view payload) {
    if (!is_inside_message_) is_text_ = header_.code == opcode::text;
    if (is_inside_message_ || !header_.is_final) {
      message_.append(payload);
      payload = message_.view();
    }
    is_inside_message_ = !header_.is_final;
    if (is_inside_message_) return {};
    is_delivered_ = true;
    if (is_text_ && !text_.is_whole()) return fail(problem::invalid_utf8);
    return {is_text_ ? received::text : received::binary, problem::none, payload};
  }

  // The message that was given last; the memory of an unusually large one is given back.
  void forget() noexcept {
    if (message_.capacity() > kept_) {
      message_.release();
    } else {
      message_.clear();
    }
    text_ = {};
    is_delivered_ = false;
  }

  static constexpr std::size_t kept_ = 64 * 1024;

  reader_limits bounds_;
  role ours_;
  bool is_inside_message_ = false;
  bool is_text_ = false;
  bool is_delivered_ = false;
  utf8_checker text_;
  frame_header header_;
  std::size_t header_size_ = 0;  // of the frame that is being read, once its header is known
  std::size_t done_ = 0;         // of its payload, unmasked and looked at
  byte_buffer message_;          // the fragments so far
};

}  // namespace dovetail::inline v0::websocket
