// What a LensDB server answers to a request: the ten operations on a store, in the real server's words.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/codec/lensdb/store.hpp>
#include <dovetail/format/lensdb/parse.hpp>
#include <dovetail/format/lensdb/reply.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0::lensdb {

namespace detail {

template <dialect D>
void append_reply(std::vector<std::byte>& out, const reply& answer) {
  const std::size_t before = out.size();
  out.resize(before + frame_size<D>(answer));
  frame<D>(answer, byte_span{out}.subspan(before));
}

/// The real server's text for a frame that it cannot read (V41, V44 to V57); `bytes` is what it looked at.
template <dialect D>
std::string complaint(frame_error error, byte_view bytes) {
  switch (error) {
    case frame_error::bad_magic:
      return "Invalid magic number: " + std::to_string(load_big<std::uint32_t>(bytes.data()));
    case frame_error::bad_version:
      return "Unsupported protocol version: " + std::to_string(std::to_integer<int>(bytes[4]));
    case frame_error::bad_number:
      return "Invalid message type: " + std::to_string(std::to_integer<int>(bytes[5]));
    case frame_error::over_limit:
      return "Invalid message format";
    case frame_error::incomplete:
    case frame_error::none:
      break;
  }
  return "not enough bytes";
}

}  // namespace detail

/// The real server has no statistics, but answers with this text (V23).
inline constexpr std::string_view stats_text = "Basic statistics placeholder";

/// Executes a request on `keys` and calls `reply_with(const reply&)` once; what the reply views is valid during the
/// call. SETEX stores for `flags` seconds from `now`.
template <class ReplyWith>
void answer(store& keys, const parsed_request& asked, clock::time_point now, ReplyWith&& reply_with) {
  const std::string_view key = as_text(asked.key);
  const reply not_found{.status = status::key_not_found, .data = {}, .message = "Key not found"};
  // The real server's own words for an empty key, with its status (V20 to V22).
  const reply empty_key{.status = status::internal_error, .data = {}, .message = "InvalidKey \"\""};
  const auto succeed = [&](std::string_view data) { reply_with(reply{.status = status::success, .data = data}); };
  switch (asked.code) {
    case operation::ping:
      return succeed("pong");
    case operation::get: {
      if (key.empty()) return reply_with(empty_key);
      const std::string* value = keys.find(key, now);
      return value == nullptr ? reply_with(not_found) : succeed(*value);
    }
    case operation::set:
    case operation::setex: {
      if (key.empty()) return reply_with(empty_key);
      std::optional<clock::time_point> expiry;
      if (asked.code == operation::setex) expiry = now + std::chrono::seconds{asked.header.flags};
      const status stored = keys.set(key, as_text(asked.value), expiry, now);
      if (stored != status::success) {
        return reply_with(reply{.status = stored, .data = {}, .message = "Storage full"});
      }
      return succeed("OK");
    }
    case operation::erase:
      if (key.empty()) return reply_with(empty_key);
      return keys.erase(key, now) ? succeed("OK") : reply_with(not_found);
    case operation::exists:
      return succeed(!key.empty() && keys.find(key, now) != nullptr ? "true" : "false");
    case operation::keys: {
      std::string joined;
      keys.for_each_key(now, [&joined](std::string_view each) {
        if (!joined.empty()) joined += '\n';  // there is no empty key
        joined += each;
      });
      return succeed(joined);
    }
    case operation::size:
      return succeed(std::to_string(keys.size(now)));
    case operation::clear:
      keys.clear();
      return succeed("OK");
    case operation::stats:
      return succeed(stats_text);
  }
}

}  // namespace dovetail::inline v0::lensdb
