// Where the rows of a result go: a type-erased consumer that takes many DataRow messages straight from the read buffer.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/statement_description.hpp>

#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::postgres {

/// Functions and the state that they work on; a function that is null does nothing (rows are dropped).
/// Lifetime: the state must outlive the dialogue.
struct row_sink {
  void* state = nullptr;
  /// Told the columns before a statement is executed: compare them with the row type here. A failure keeps a prepared
  /// statement from being executed. May be called again before the first row, when the statement was prepared again.
  error_info (*describe)(void* state, statement_description& of) = nullptr;
  /// Takes whole DataRow messages off the front of `unread` (there is at least one), and gives the number of bytes
  /// taken; write it with `take_rows`. Sets `failed` to end the result: the rows behind are skipped. For a portal that
  /// runs ahead it may take none: then the dialogue is over for now, and the rows stay where they are until the next.
  std::size_t (*take)(void* state, byte_view unread, bool& failed) = nullptr;
  /// Why `take` failed.
  error_info (*failure)(void* state) = nullptr;
};

/// Calls `each(body)` for the whole DataRow messages at the front of `unread`, until one returns false; then `failed`
/// is set. Gives the number of bytes taken, the row that failed included.
template <class Each>
[[gnu::always_inline]] inline std::size_t take_rows(byte_view unread, bool& failed, Each&& each) {
  const std::byte* at = unread.data();
  const std::byte* const end = at + unread.size();
  while (static_cast<std::size_t>(end - at) >= detail::header_size) {
    if (static_cast<char>(*at) != detail::from_server::data_row) break;
    const std::size_t length = load_big<std::uint32_t>(at + 1);
    if (length < 4 || static_cast<std::size_t>(end - at) <= length) break;  // the dialogue sees what is wrong with it
    const byte_view body{at + detail::header_size, length - 4};
    at += length + 1;
    if (!each(body)) [[unlikely]] {
      failed = true;
      break;
    }
  }
  return static_cast<std::size_t>(at - unread.data());
}

namespace detail {

/// Rows that nobody wants.
inline std::size_t skip_rows(byte_view unread) noexcept {
  bool failed = false;
  return take_rows(unread, failed, [](byte_view) { return true; });
}

}  // namespace detail

}  // namespace dovetail::inline v0::postgres
