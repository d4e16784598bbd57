// The rows of a binary COPY … TO STDOUT, framed as the rows of a query are.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/postgres/message.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::postgres::detail {

/// A binary COPY begins with this: signature, flags, no extension. Source: documentation of COPY, "Binary Format".
inline constexpr std::string_view copy_header{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};

/// Finds the tuples in the data of a binary COPY, however it is cut into messages. A tuple is laid out as the body of a
/// DataRow is: a count, then values with their lengths.
class copy_tuples {
 public:
  explicit copy_tuples(std::size_t tuple_limit) noexcept : limit_(tuple_limit) {}

  /// Appends the tuples that `data` completes to `rows` as DataRow messages, and adds their number to `count`.
  /// Errors: errc::malformed_frame, errc::frame_too_large. Cost: each tuple is copied once.
  error_info take(byte_view data, byte_buffer& rows, std::size_t& count);

  /// The end of the data was there, and nothing behind it.
  bool is_complete() const noexcept { return step_ == step::behind && kept_.empty(); }

 private:
  enum class step : std::uint8_t { header, extension, tuples, behind };
  static constexpr std::uint16_t trailer = 0xFFFF;

  /// How many bytes at the front of `data` are done with. Sets `needed_`: so many bytes from there on are wanted.
  std::size_t parse(byte_view data, byte_buffer& rows, std::size_t& count);

  std::size_t read_header(const std::byte* from) noexcept;

  /// The size of the tuple, or more than is there: what is known of it so far.
  std::size_t tuple_size(const std::byte* from, std::size_t left) noexcept;

  byte_buffer kept_;  // the beginning of a tuple
  std::size_t limit_;
  std::size_t needed_ = 0;
  std::size_t extension_ = 0;
  step step_ = step::header;
  const char* fault_ = nullptr;
};

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE error_info copy_tuples::take(byte_view data, byte_buffer& rows, std::size_t& count) {
  if (kept_.empty()) {
    const std::size_t used = parse(data, rows, count);
    kept_.append(data.subspan(used));
  } else {
    kept_.append(data);
    if (kept_.size() < needed_) return {};
    const std::size_t used = parse(kept_.view(), rows, count);
    if (used == kept_.size()) {
      kept_.clear();
    } else if (used != 0) {
      byte_buffer rest;
      rest.append(kept_.view().subspan(used));
      kept_ = std::move(rest);
    }
  }
  if (fault_ != nullptr) return {errc::malformed_frame, fault_};
  if (needed_ > limit_) return {errc::frame_too_large, "a row of the copy is larger than the limit"};
  return {};
}

DOVETAIL_DEFINE std::size_t copy_tuples::parse(byte_view data, byte_buffer& rows, std::size_t& count) {
  std::size_t at = 0;
  while (fault_ == nullptr) {
    const std::byte* const from = data.data() + at;
    const std::size_t left = data.size() - at;
    switch (step_) {
      case step::header:
        if (left < (needed_ = copy_header.size())) return at;
        at += read_header(from);
        break;
      case step::extension:
        if (left < (needed_ = extension_)) return at;
        at += extension_;
        step_ = step::tuples;
        break;
      case step::tuples: {
        if (left < (needed_ = 2)) return at;
        if (load_big<std::uint16_t>(from) == trailer) {
          at += 2;
          step_ = step::behind;
          break;
        }
        const std::size_t size = tuple_size(from, left);
        if (fault_ != nullptr || left < (needed_ = size) || size > limit_) return at;
        *rows.grow(1) = std::byte{static_cast<unsigned char>(from_server::data_row)};
        rows.append_big(static_cast<std::uint32_t>(size + 4));
        rows.append(byte_view{from, size});
        ++count;
        at += size;
        break;
      }
      case step::behind:
        needed_ = 0;
        if (left != 0) fault_ = "there is data behind the end of the copy";
        return at;
    }
  }
  return at;
}

DOVETAIL_DEFINE std::size_t copy_tuples::read_header(const std::byte* from) noexcept {
  constexpr std::size_t signature = 11;
  if (as_text({from, signature}) != copy_header.substr(0, signature)) {
    fault_ = "the data of the copy does not begin as binary data does";
  } else if (load_big<std::uint32_t>(from + signature) >> 16 != 0) {
    fault_ = "the data of the copy is of a kind that is not known";  // flags of this half must be understood
  }
  extension_ = load_big<std::uint32_t>(from + signature + 4);
  step_ = step::extension;
  return copy_header.size();
}

DOVETAIL_DEFINE std::size_t copy_tuples::tuple_size(const std::byte* from, std::size_t left) noexcept {
  std::size_t at = 2;
  for (std::size_t fields = load_big<std::uint16_t>(from); fields != 0; --fields) {
    if (left < at + 4) return at + 4 * fields;
    const auto length = static_cast<std::int32_t>(load_big<std::uint32_t>(from + at));
    at += 4;
    if (length > 0) {
      at += static_cast<std::size_t>(length);
    } else if (length < -1) {
      fault_ = "a value of the copy has an impossible length";
      return at;
    }
  }
  return at;
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
