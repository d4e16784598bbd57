// The operations of a LensDB client as plain values: what to ask, and how to read the answer.
#pragma once

#include <dovetail/codec/lensdb/value.hpp>
#include <dovetail/format/lensdb/parse.hpp>
#include <dovetail/format/lensdb/reply_data.hpp>
#include <dovetail/format/lensdb/request.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::lensdb {

namespace detail {

inline error_info malformed_data(operation code) {
  return {errc::malformed_value, std::string{name_of(code)} + ": the data of the reply is not of its form"};
}

/// What a reply with a status other than success becomes. Keeps the server's own text.
inline error_info status_failure(operation code, const parsed_reply& reply) {
  error_info failure{make_error_code(reply.status), std::string{name_of(code)}};
  if (!reply.message.empty()) {
    server_fields fields;
    fields.message = as_text(reply.message);
    failure.with_server(std::move(fields));
  }
  return failure;
}

/// Success is all there is to learn: SET, SETEX, CLEAR, PING.
inline error_info accept_success(operation code, const parsed_reply& reply) {
  return reply.status == status::success ? error_info{} : status_failure(code, reply);
}

}  // namespace detail

/// GET: the value, or nothing when the key is not there.
template <class Value, class Format>
struct get_operation {
  using value_type = std::optional<Value>;
  static constexpr std::string_view name = "get";
  std::string key{};

  static constexpr bool is_idempotent() noexcept { return true; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::get, .key = key}; }
  error_info accept(std::size_t, const parsed_reply& reply, value_type& into) const {
    into.reset();
    if (reply.status == status::key_not_found) return {};
    if (reply.status != status::success) return detail::status_failure(operation::get, reply);
    result<Value> value = decode_value<Format, Value>(reply.data);
    if (!value) return std::move(value).error();
    into.emplace(*std::move(value));
    return {};
  }
};

/// SET, or SETEX when there is a time to live.
struct set_operation {
  using value_type = void;
  static constexpr std::string_view name = "set";
  std::string key{};
  std::string value{};
  std::optional<std::uint32_t> seconds{};
  error_info refused{};  ///< why there is nothing to send: the value or the time to live has no stored form

  static constexpr bool is_idempotent() noexcept { return false; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept {
    return {
        .code = seconds ? operation::setex : operation::set, .key = key, .value = value, .flags = seconds.value_or(0)};
  }
  error_info accept(std::size_t, const parsed_reply& reply) const {
    return detail::accept_success(seconds ? operation::setex : operation::set, reply);
  }
};

/// DELETE: was the key there?
struct erase_operation {
  using value_type = bool;
  static constexpr std::string_view name = "erase";
  std::string key{};

  static constexpr bool is_idempotent() noexcept { return false; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::erase, .key = key}; }
  error_info accept(std::size_t, const parsed_reply& reply, bool& into) const {
    into = reply.status == status::success;
    if (into || reply.status == status::key_not_found) return {};
    return detail::status_failure(operation::erase, reply);
  }
};

/// EXISTS: is the key there?
struct exists_operation {
  using value_type = bool;
  static constexpr std::string_view name = "exists";
  std::string key{};

  static constexpr bool is_idempotent() noexcept { return true; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::exists, .key = key}; }
  error_info accept(std::size_t, const parsed_reply& reply, bool& into) const {
    if (reply.status != status::success) return detail::status_failure(operation::exists, reply);
    const std::optional<bool> truth = parse_truth(reply.data);
    if (!truth) return detail::malformed_data(operation::exists);
    into = *truth;
    return {};
  }
};

/// KEYS: all keys, in the server's order. A key that holds a line feed comes as two: the protocol cannot tell.
struct keys_operation {
  using value_type = std::vector<std::string>;
  static constexpr std::string_view name = "keys";

  static constexpr bool is_idempotent() noexcept { return true; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::keys}; }
  error_info accept(std::size_t, const parsed_reply& reply, value_type& into) const {
    into.clear();
    if (reply.status != status::success) return detail::status_failure(operation::keys, reply);
    for_each_key(reply.data, [&into](byte_view key) { into.emplace_back(as_text(key)); });
    return {};
  }
};

/// SIZE: the number of keys.
struct size_operation {
  using value_type = std::uint64_t;
  static constexpr std::string_view name = "size";

  static constexpr bool is_idempotent() noexcept { return true; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::size}; }
  error_info accept(std::size_t, const parsed_reply& reply, value_type& into) const {
    if (reply.status != status::success) return detail::status_failure(operation::size, reply);
    const std::optional<std::uint64_t> count = parse_count(reply.data);
    if (!count) return detail::malformed_data(operation::size);
    into = *count;
    return {};
  }
};

/// CLEAR: removes all keys.
struct clear_operation {
  using value_type = void;
  static constexpr std::string_view name = "clear";

  static constexpr bool is_idempotent() noexcept { return false; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::clear}; }
  error_info accept(std::size_t, const parsed_reply& reply) const {
    return detail::accept_success(operation::clear, reply);
  }
};

/// PING: does the server answer?
struct ping_operation {
  using value_type = void;
  static constexpr std::string_view name = "ping";

  static constexpr bool is_idempotent() noexcept { return true; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::ping}; }
  error_info accept(std::size_t, const parsed_reply& reply) const {
    return detail::accept_success(operation::ping, reply);
  }
};

/// STATS: a text for people; the real server has a constant one.
struct stats_operation {
  using value_type = std::string;
  static constexpr std::string_view name = "stats";

  static constexpr bool is_idempotent() noexcept { return true; }
  static constexpr std::size_t request_count() noexcept { return 1; }
  any_request request(std::size_t) const noexcept { return {.code = operation::stats}; }
  error_info accept(std::size_t, const parsed_reply& reply, value_type& into) const {
    if (reply.status != status::success) return detail::status_failure(operation::stats, reply);
    into.assign(as_text(reply.data));
    return {};
  }
};

/// Which part of a larger whole an operation of many requests is: failures count within the whole. Keys are data, and
/// are not in messages; the number leads to them.
struct share_of_many {
  std::size_t before = 0;  ///< requests of the whole that come before these
  std::size_t total = 0;   ///< requests of the whole; 0: these are all
};

/// GET for many keys over one connection, one after the other: values in the order of the keys.
template <class Value, class Format>
struct get_many_operation {
  using value_type = std::vector<std::optional<Value>>;
  static constexpr std::string_view name = "get_many";
  std::vector<std::string> keys{};
  share_of_many share{};
  error_info refused{};  ///< why nothing is sent: what is wrong with a request of any share

  static constexpr bool is_idempotent() noexcept { return true; }
  std::size_t request_count() const noexcept { return keys.size(); }
  any_request request(std::size_t i) const noexcept { return {.code = operation::get, .key = keys[i]}; }
  error_info accept(std::size_t i, const parsed_reply& reply, value_type& into) const {
    into.resize(keys.size());
    return get_operation<Value, Format>{}.accept(0, reply, into[i]);
  }
};

/// SET for many keys over one connection, one after the other; stops at the first failure and says where that was.
struct set_many_operation {
  using value_type = void;
  static constexpr std::string_view name = "set_many";
  std::vector<set_operation> entries{};
  share_of_many share{};
  error_info refused{};  ///< why nothing is sent: what is wrong with a request of any share

  static constexpr bool is_idempotent() noexcept { return false; }
  std::size_t request_count() const noexcept { return entries.size(); }
  any_request request(std::size_t i) const noexcept { return entries[i].request(0); }
  error_info accept(std::size_t i, const parsed_reply& reply) const { return entries[i].accept(0, reply); }
};

}  // namespace dovetail::inline v0::lensdb
