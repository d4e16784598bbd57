// One value as it lies in a message, and a reader of the parts of compound ones that checks every length.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/format/postgres/oids.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::postgres {

/// The type of a column's values, and the format in which they come.
struct column_type {
  oid type = 0;
  bool is_binary = true;
};

/// A value that has not been decoded. Lifetime: borrows from the message.
struct value_ref {
  const std::byte* data = nullptr;
  std::int32_t size = -1;  ///< negative: null
  oid type = 0;
  bool is_binary = true;

  constexpr bool is_null() const noexcept { return size < 0; }
  constexpr byte_view bytes() const noexcept { return {data, static_cast<std::size_t>(size < 0 ? 0 : size)}; }
  std::string_view text() const noexcept { return as_text(bytes()); }
};

namespace detail {

/// Takes parts off the front of a value's bytes; after the first one that is not there all fail.
class part_reader {
 public:
  explicit part_reader(byte_view bytes) noexcept : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  bool at_end() const noexcept { return at_ == end_; }

  template <std::unsigned_integral T>
  bool take(T& value) noexcept {
    if (left() < sizeof(T)) return fail();
    value = load_big<T>(at_);
    at_ += sizeof(T);
    return true;
  }
  template <std::signed_integral T>
  bool take(T& value) noexcept {
    std::make_unsigned_t<T> bits{};
    if (!take(bits)) return false;
    value = static_cast<T>(bits);
    return true;
  }
  bool take(double& value) noexcept {
    std::uint64_t bits = 0;
    if (!take(bits)) return false;
    value = std::bit_cast<double>(bits);
    return true;
  }
  bool take(std::size_t count, byte_view& bytes) noexcept {
    if (left() < count) return fail();
    bytes = {at_, count};
    at_ += count;
    return true;
  }
  /// A length and as many bytes; -1 is null.
  bool take(value_ref& value) noexcept;

 private:
  bool fail() noexcept {
    at_ = end_;
    return false;
  }

  const std::byte* at_;
  const std::byte* end_;
};

}  // namespace detail
}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

DOVETAIL_DEFINE bool part_reader::take(value_ref& value) noexcept {
  std::int32_t size = 0;
  if (!take(size) || size < -1 || (size > 0 && left() < static_cast<std::size_t>(size))) return fail();
  value.data = at_;
  value.size = size;
  if (size > 0) at_ += size;
  return true;
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
