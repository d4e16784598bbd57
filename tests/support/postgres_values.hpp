// Bytes recorded from PostgreSQL 15, and tests that decode and encode them.
#pragma once

#include <dovetail/format/postgres/value_reader.hpp>
#include <dovetail/format/postgres/value_writer.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace recorded {

namespace dt = dovetail;
namespace pg = dovetail::postgres;

inline std::vector<std::byte> bytes(std::string_view hex) {
  std::vector<std::byte> read(hex.size() / 2);
  EXPECT_TRUE(dt::parse_hex(hex, read)) << hex;
  return read;
}

template <class T>
dt::errc decode(pg::oid type, std::string_view hex, T& out, std::string* words = nullptr) {
  const auto data = bytes(hex);
  pg::detail::decode_context context{words};
  const pg::value_ref value{data.data(), static_cast<std::int32_t>(data.size()), type, true};
  return pg::detail::decode_value(value, out, context);
}

template <class T>
dt::errc decode_text(pg::oid type, std::string_view text, T& out) {
  pg::detail::decode_context context;
  const pg::value_ref value{dt::as_byte_view(text).data(), static_cast<std::int32_t>(text.size()), type, false};
  return pg::detail::decode_value(value, out, context);
}

/// The hexadecimal digits of a parameter without its length; "null", or "refused: " and the reason.
template <class T>
std::string encode(const T& value, pg::oid wanted = pg::parameter_oid<T>()) {
  dt::byte_buffer out;
  out.append(std::string_view{"before"});
  bool is_text = false;
  const char* why = "";
  if (pg::write_parameter(out, value, wanted, is_text, why) != dt::errc{}) {
    EXPECT_EQ(out.size(), 6u) << "what is refused leaves nothing";
    return std::string{"refused: "} + why;
  }
  const auto length = dt::load_big<std::uint32_t>(out.data() + 6);
  if (length == 0xFFFF'FFFF) return out.size() == 10 ? "null" : "bytes behind null";
  EXPECT_EQ(length, out.size() - 10);
  return (is_text ? "text: " : "") + dt::to_hex(out.view().subspan(10));
}

/// The bytes give the value, the value gives the bytes, and every shorter form is refused without harm.
template <class T>
void both_ways(pg::oid type, std::string_view hex, const T& value) {
  T read{};
  EXPECT_EQ(decode(type, hex, read), dt::errc{}) << hex;
  EXPECT_EQ(read, value) << hex;
  EXPECT_EQ(encode(value, type), hex);
  if (!pg::detail::is_plain_text(type) && type != pg::oids::bytea) {
    for (std::size_t size = 0; size < hex.size(); size += 2) {
      T cut{};
      EXPECT_NE(decode(type, hex.substr(0, size), cut), dt::errc{}) << hex << " cut to " << size / 2;
    }
  }
}

}  // namespace recorded
