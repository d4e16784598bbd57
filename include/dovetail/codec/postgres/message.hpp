// Messages of PostgreSQL's protocol 3: their types, finding one in a buffer, reading and writing their fields.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dovetail::inline v0::postgres::detail {

/// First bytes of the server's messages (PostgreSQL documentation, "Message Formats").
namespace from_server {
inline constexpr char authentication = 'R';
inline constexpr char backend_key_data = 'K';
inline constexpr char bind_complete = '2';
inline constexpr char close_complete = '3';
inline constexpr char command_complete = 'C';
inline constexpr char copy_both_response = 'W';
inline constexpr char copy_data = 'd';
inline constexpr char copy_done = 'c';
inline constexpr char copy_in_response = 'G';
inline constexpr char copy_out_response = 'H';
inline constexpr char data_row = 'D';
inline constexpr char empty_query_response = 'I';
inline constexpr char error_response = 'E';
inline constexpr char function_call_response = 'V';
inline constexpr char negotiate_protocol_version = 'v';
inline constexpr char no_data = 'n';
inline constexpr char notice_response = 'N';
inline constexpr char notification_response = 'A';
inline constexpr char parameter_description = 't';
inline constexpr char parameter_status = 'S';
inline constexpr char parse_complete = '1';
inline constexpr char portal_suspended = 's';
inline constexpr char ready_for_query = 'Z';
inline constexpr char row_description = 'T';
}  // namespace from_server

/// What the server may say at any time.
inline constexpr bool is_unasked(char type) noexcept {
  return type == from_server::notice_response || type == from_server::parameter_status ||
         type == from_server::notification_response;
}

/// First bytes of the client's messages; StartupMessage, SSLRequest and CancelRequest have none.
namespace from_client {
inline constexpr char bind = 'B';
inline constexpr char close = 'C';
inline constexpr char copy_data = 'd';
inline constexpr char copy_done = 'c';
inline constexpr char copy_fail = 'f';
inline constexpr char describe = 'D';
inline constexpr char execute = 'E';
inline constexpr char flush = 'H';
inline constexpr char parse = 'P';
inline constexpr char password = 'p';  ///< PasswordMessage, SASLInitialResponse, SASLResponse
inline constexpr char query = 'Q';
inline constexpr char sync = 'S';
inline constexpr char terminate = 'X';
}  // namespace from_client

/// One message of the server. Lifetime: borrows from the buffer that it was found in.
struct message {
  char type = 0;
  byte_view body{};      ///< behind the length
  std::size_t size = 0;  ///< of the whole message: type, length and body
};

enum class frame_status : std::uint8_t {
  whole,       ///< the message is there
  incomplete,  ///< `size` bytes are needed: 5 while the header is not there
  malformed,   ///< the length is not one
};

inline constexpr std::size_t header_size = 5;

/// Looks at the front of what was read. Nothing is allocated or copied, whatever length is announced.
[[gnu::always_inline]] inline frame_status next_message(byte_view unread, message& found) noexcept {
  if (unread.size() < header_size) {
    found.type = unread.empty() ? char{0} : static_cast<char>(unread[0]);
    found.size = header_size;
    return frame_status::incomplete;
  }
  const auto length = load_big<std::uint32_t>(unread.data() + 1);
  found.type = static_cast<char>(unread[0]);
  found.size = std::size_t{length} + 1;
  if (length - 4 > 0x7FFF'FFFFu - 4) return frame_status::malformed;  // below 4, or negative
  if (unread.size() < found.size) return frame_status::incomplete;
  found.body = unread.subspan(header_size, length - 4);
  return frame_status::whole;
}

/// `whole`: a constant.
[[gnu::always_inline]] inline bool starts_with(const std::byte* at, std::size_t left, std::string_view whole) noexcept {
  return left >= whole.size() && std::memcmp(at, whole.data(), whole.size()) == 0;
}

/// Takes fields off the front of a message's body; a false answer takes nothing.
/// Lifetime: what it gives borrows from the body.
class message_reader {
 public:
  explicit message_reader(byte_view body) noexcept : rest_(body) {}

  bool u8(std::uint8_t& value) noexcept { return integer(value); }
  bool u16(std::uint16_t& value) noexcept { return integer(value); }
  bool u32(std::uint32_t& value) noexcept { return integer(value); }
  bool i16(std::int16_t& value) noexcept {
    std::uint16_t raw = 0;
    const bool is_there = integer(raw);
    if (is_there) value = static_cast<std::int16_t>(raw);
    return is_there;
  }
  bool i32(std::int32_t& value) noexcept {
    std::uint32_t raw = 0;
    const bool is_there = integer(raw);
    if (is_there) value = static_cast<std::int32_t>(raw);
    return is_there;
  }

  /// The text in front of the next zero byte, which is taken too.
  bool text(std::string_view& value) noexcept {
    if (rest_.empty()) return false;
    const void* const zero = std::memchr(rest_.data(), 0, rest_.size());
    if (zero == nullptr) return false;
    const auto size = static_cast<std::size_t>(static_cast<const std::byte*>(zero) - rest_.data());
    value = as_text(rest_.first(size));
    rest_ = rest_.subspan(size + 1);
    return true;
  }

  bool bytes(std::size_t count, byte_view& value) noexcept {
    if (count > rest_.size()) return false;
    value = rest_.first(count);
    rest_ = rest_.subspan(count);
    return true;
  }

  byte_view rest() const noexcept { return rest_; }
  std::size_t left() const noexcept { return rest_.size(); }
  bool at_end() const noexcept { return rest_.empty(); }

 private:
  template <class Integer>
  bool integer(Integer& value) noexcept {
    if (rest_.size() < sizeof(Integer)) return false;
    value = load_big<Integer>(rest_.data());
    rest_ = rest_.subspan(sizeof(Integer));
    return true;
  }

  byte_view rest_;
};

/// The longest length that servers take; a longer one costs the connection, and they do not say why.
/// Source: PQ_LARGE_MESSAGE_LIMIT in PostgreSQL's src/include/libpq/libpq.h.
inline constexpr std::size_t largest_request = 0x3FFF'FFFE;

/// Appends messages to a buffer: `begin`, the fields, `end`, which fills in the length.
/// Lifetime: borrows the buffer; others may append to it between `begin` and `end`.
class message_writer {
 public:
  explicit message_writer(byte_buffer& out) noexcept : out_(&out) {}

  message_writer& begin(char type) {
    u8(static_cast<std::uint8_t>(type));
    return begin_untyped();
  }
  /// For StartupMessage and its like, which have no type in front of the length.
  message_writer& begin_untyped() {
    length_at_ = out_->size();
    return u32(0);
  }

  message_writer& u8(std::uint8_t value) { return *out_->grow(1) = std::byte{value}, *this; }
  message_writer& u16(std::uint16_t value) { return out_->append_big(value), *this; }
  message_writer& u32(std::uint32_t value) { return out_->append_big(value), *this; }
  message_writer& i16(std::int16_t value) { return u16(static_cast<std::uint16_t>(value)); }
  message_writer& i32(std::int32_t value) { return u32(static_cast<std::uint32_t>(value)); }
  message_writer& bytes(byte_view value) { return out_->append(value), *this; }
  /// Text and a zero byte. The caller has made sure that there is no zero byte in the text (`may_be_text`).
  message_writer& text(std::string_view value) { return out_->append(value), u8(0); }

  /// False when the message is larger than a server takes (1 GiB); it must not be sent then.
  bool end() noexcept {
    const std::size_t length = out_->size() - length_at_;
    store_big(out_->data() + length_at_, static_cast<std::uint32_t>(length));
    return length <= largest_request;
  }

  byte_buffer& buffer() noexcept { return *out_; }

 private:
  byte_buffer* out_;
  std::size_t length_at_ = 0;
};

/// A zero byte would end a text early, and what is behind it would be read as something else.
inline bool may_be_text(std::string_view value) noexcept { return value.find('\0') == std::string_view::npos; }

}  // namespace dovetail::inline v0::postgres::detail
