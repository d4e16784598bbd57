// The ten things that can be asked of a LensDB server, independent of how a dialect numbers them.
#pragma once

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::lensdb {

/// What a request asks for. The values are the index of our own tables; `Dialect::type_of` gives the wire's number.
enum class operation : std::uint8_t { ping, get, set, erase, exists, keys, size, clear, stats, setex };

inline constexpr std::uint8_t operation_count = 10;

/// The protocol's own name of an operation, as its documents spell it.
constexpr std::string_view name_of(operation op) noexcept {
  switch (op) {
    case operation::ping:
      return "PING";
    case operation::get:
      return "GET";
    case operation::set:
      return "SET";
    case operation::erase:
      return "DELETE";
    case operation::exists:
      return "EXISTS";
    case operation::keys:
      return "KEYS";
    case operation::size:
      return "SIZE";
    case operation::clear:
      return "CLEAR";
    case operation::stats:
      return "STATS";
    case operation::setex:
      return "SETEX";
  }
  return "?";
}

/// Does the server change its store for this operation? Then a lost reply leaves the outcome unknown.
constexpr bool changes_the_store(operation op) noexcept {
  return op == operation::set || op == operation::erase || op == operation::clear || op == operation::setex;
}

/// Does the operation look at the request's key?
constexpr bool uses_key(operation op) noexcept {
  return op == operation::get || op == operation::set || op == operation::erase || op == operation::exists ||
         op == operation::setex;
}

/// Does the operation look at the request's value?
constexpr bool uses_value(operation op) noexcept { return op == operation::set || op == operation::setex; }

}  // namespace dovetail::inline v0::lensdb
