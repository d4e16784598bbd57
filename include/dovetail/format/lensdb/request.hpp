// The ten requests as plain values: `get{"user:1"}`, `set{"k", "v"}`, `setex{"k", "v", 60}`, `ping{}`.
#pragma once

#include <dovetail/format/lensdb/literal.hpp>
#include <dovetail/format/lensdb/operation.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::lensdb {

/// Asks for the value of a key. Lifetime: a key that is no string literal is borrowed.
template <class Key = std::string_view>
struct get {
  static constexpr operation code = operation::get;
  Key key;
};
template <detail::text_argument Key>
get(Key&&) -> get<detail::frame_text_t<Key>>;

/// Stores a value under a key, and takes its time to live away if it had one.
template <class Key = std::string_view, class Value = std::string_view>
struct set {
  static constexpr operation code = operation::set;
  Key key;
  Value value;
};
template <detail::text_argument Key, detail::text_argument Value>
set(Key&&, Value&&) -> set<detail::frame_text_t<Key>, detail::frame_text_t<Value>>;

/// Removes a key; the protocol calls it DELETE.
template <class Key = std::string_view>
struct erase {
  static constexpr operation code = operation::erase;
  Key key;
};
template <detail::text_argument Key>
erase(Key&&) -> erase<detail::frame_text_t<Key>>;

/// Asks whether a key is there.
template <class Key = std::string_view>
struct exists {
  static constexpr operation code = operation::exists;
  Key key;
};
template <detail::text_argument Key>
exists(Key&&) -> exists<detail::frame_text_t<Key>>;

/// Stores a value for `seconds`, counted by the server's clock; 0 is over at once.
template <class Key = std::string_view, class Value = std::string_view>
struct setex {
  static constexpr operation code = operation::setex;
  Key key;
  Value value;
  std::uint32_t seconds;
};
template <detail::text_argument Key, detail::text_argument Value, class Seconds>
setex(Key&&, Value&&, Seconds) -> setex<detail::frame_text_t<Key>, detail::frame_text_t<Value>>;

/// Asks for all keys.
struct keys {
  static constexpr operation code = operation::keys;
};

/// Asks for the number of keys.
struct size {
  static constexpr operation code = operation::size;
};

/// Removes all keys.
struct clear {
  static constexpr operation code = operation::clear;
};

/// Asks whether the server is there.
struct ping {
  static constexpr operation code = operation::ping;
};

/// Asks for the server's statistics, a text for people.
struct stats {
  static constexpr operation code = operation::stats;
};

/// Any request whose fields are only known when the program runs. Lifetime: key and value are borrowed.
struct any_request {
  operation code = operation::ping;
  std::string_view key{};
  std::string_view value{};
  std::uint32_t flags = 0;
};

namespace detail {

template <class Request>
constexpr auto key_of(const Request& request) noexcept {
  if constexpr (requires { request.key; }) {
    return std::string_view{request.key};
  } else {
    return literal<0>{};
  }
}

template <class Request>
constexpr auto value_of(const Request& request) noexcept {
  if constexpr (requires { request.value; }) {
    return std::string_view{request.value};
  } else {
    return literal<0>{};
  }
}

template <class Request>
constexpr std::uint32_t flags_of(const Request& request) noexcept {
  if constexpr (requires { request.seconds; }) {
    return request.seconds;
  } else if constexpr (requires { request.flags; }) {
    return request.flags;
  } else {
    return 0;
  }
}

/// The number of bytes of a member that is a literal, or that is not there; nothing (false) for a view.
template <class Request>
constexpr bool has_fixed_key() noexcept {
  if constexpr (requires(const Request& r) { r.key; }) {
    return is_literal<decltype(Request::key)>;
  } else {
    return true;
  }
}
template <class Request>
constexpr bool has_fixed_value() noexcept {
  if constexpr (requires(const Request& r) { r.value; }) {
    return is_literal<decltype(Request::value)>;
  } else {
    return true;
  }
}
template <class Request>
constexpr std::size_t fixed_payload() noexcept {
  std::size_t bytes = 0;
  if constexpr (requires(const Request& r) { r.key; }) bytes += decltype(Request::key)::size();
  if constexpr (requires(const Request& r) { r.value; }) bytes += decltype(Request::value)::size();
  return bytes;
}

}  // namespace detail

/// One of the ten requests, or any_request.
template <class R>
concept request = requires(const R& asked) {
  // If the compiler points here: use one of dt::lensdb's requests (get, set, erase, exists, keys, size, clear, …).
  { asked.code } -> std::convertible_to<operation>;
};

/// A request made of string literals only: the length of its frame is known to the compiler.
template <class R>
concept fixed_request = request<R> && detail::has_fixed_key<R>() && detail::has_fixed_value<R>();

}  // namespace dovetail::inline v0::lensdb
