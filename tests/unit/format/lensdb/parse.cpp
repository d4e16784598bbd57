#include <dovetail/format/lensdb/parse.hpp>

#include <dovetail/format/lensdb/frame.hpp>
#include <dovetail/format/lensdb/ldbd_v1.hpp>
#include <dovetail/format/lensdb/reply.hpp>

#include <support/lensdb_bytes.hpp>

#include <gtest/gtest.h>

namespace {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;
using lensdb::frame_error;
using lensdb_vectors::from_hex;
using lensdb_vectors::from_text;
using lensdb_vectors::same;

/// Every shorter part of a request is incomplete; the whole one is not.
template <class D, std::size_t Size>
constexpr bool every_cut_is_incomplete(const std::array<std::byte, Size>& frame) {
  for (std::size_t cut = 0; cut < Size; ++cut) {
    const lensdb::parsed_request part = lensdb::parse_request<D>(dt::byte_view{frame}.first(cut));
    if (part.error != frame_error::incomplete) return false;
    if (part.has_header != (cut >= D::request_header_size)) return false;
  }
  return lensdb::parse_request<D>(dt::byte_view{frame}).error == frame_error::none;
}
static_assert(every_cut_is_incomplete<lensdb::lens_v1>(lensdb::frame(lensdb::set{"key", "value"})));
static_assert(every_cut_is_incomplete<lensdb::ldbd_v1>(lensdb::frame<lensdb::ldbd_v1>(lensdb::set{"key", "value"})));

constexpr bool reads_setex() {
  const auto frame = lensdb::frame(lensdb::setex{"k", "vw", 7});
  const lensdb::parsed_request parsed = lensdb::parse_request(dt::byte_view{frame});
  return parsed.code == lensdb::operation::setex && same(parsed.key, from_text("k")) &&
         same(parsed.value, from_text("vw")) && parsed.header.flags == 7 && parsed.size == 21;
}
static_assert(reads_setex());

// Lengths that do not fit the memory of any machine must not wrap round.
constexpr bool huge_lengths_are_incomplete() {
  const auto bytes = from_hex("4c454e530102ffffffffffffffff000000006b76");
  const lensdb::parsed_request parsed = lensdb::parse_request(bytes);
  return parsed.error == frame_error::incomplete && parsed.size == 18 + 2 * 0xFFFF'FFFFULL;
}
static_assert(huge_lengths_are_incomplete());

constexpr frame_error reply_error(std::string_view hex) { return lensdb::parse_reply(from_hex(hex)).error; }
static_assert(reply_error("4c454e530100000000000000000000000000") == frame_error::none);
static_assert(reply_error("4c454e530107") == frame_error::bad_number);
static_assert(reply_error("4c454e530107000000000000000000000000") == frame_error::bad_number);
static_assert(reply_error("4c454e5302") == frame_error::bad_version);
static_assert(reply_error("4c454e53020000000000000000000000") == frame_error::bad_version);
static_assert(reply_error("48545450") == frame_error::bad_magic);
static_assert(reply_error("485454502f312e312034303020426164") == frame_error::bad_magic);

// ldbd_v1: message first, then data up to the end of the stream.
constexpr bool reads_ldbd_reply() {
  const auto bytes = from_hex(
      "4c44424401020003"
      "6e6f21"
      "646174610a");
  const lensdb::parsed_reply parsed = lensdb::parse_reply<lensdb::ldbd_v1>(bytes);
  return parsed.error == frame_error::none && parsed.status == lensdb::status::key_not_found &&
         same(parsed.message, from_text("no!")) && same(parsed.data, from_text("data\n"));
}
static_assert(reads_ldbd_reply());
static_assert(lensdb::parse_reply<lensdb::ldbd_v1>(from_hex("4c444244010200036e6f")).error == frame_error::incomplete);
static_assert(lensdb::parse_reply<lensdb::ldbd_v1>(from_hex("4c4442440105")).error == frame_error::bad_number);
static_assert(lensdb::parse_reply<lensdb::ldbd_v1>(from_hex("4c454e53")).error == frame_error::bad_magic);

TEST(LensParse, WhatTheCompilerFoundHoldsAtRunTimeToo) {
  EXPECT_TRUE(every_cut_is_incomplete<lensdb::lens_v1>(lensdb::frame(lensdb::set{"key", "value"})));
  EXPECT_TRUE(every_cut_is_incomplete<lensdb::ldbd_v1>(lensdb::frame<lensdb::ldbd_v1>(lensdb::set{"key", "value"})));
  EXPECT_TRUE(reads_setex());
  EXPECT_TRUE(huge_lengths_are_incomplete());
  EXPECT_TRUE(reads_ldbd_reply());
  EXPECT_EQ(reply_error("4c454e530107"), frame_error::bad_number);
}

TEST(LensParse, EveryTypeAndStatusOfBothDialectsIsKnownAndNoOther) {
  int lens_types = 0, ldbd_types = 0, lens_statuses = 0, ldbd_statuses = 0;
  for (int i = 0; i < 256; ++i) {
    const auto number = static_cast<std::uint8_t>(i);
    if (const auto op = lensdb::lens_v1::operation_of(number)) {
      ++lens_types;
      EXPECT_EQ(lensdb::lens_v1::type_of(*op), number);
    }
    if (const auto op = lensdb::ldbd_v1::operation_of(number)) {
      ++ldbd_types;
      EXPECT_EQ(lensdb::ldbd_v1::type_of(*op), number);
    }
    if (const auto code = lensdb::lens_v1::status_of(number)) {
      ++lens_statuses;
      EXPECT_EQ(lensdb::lens_v1::number_of(*code), number);
    }
    if (const auto code = lensdb::ldbd_v1::status_of(number)) {
      ++ldbd_statuses;
      EXPECT_EQ(lensdb::ldbd_v1::number_of(*code), number);
    }
  }
  EXPECT_EQ(lens_types, 10);
  EXPECT_EQ(ldbd_types, 9);  // the page has no STATS
  EXPECT_EQ(lens_statuses, 7);
  EXPECT_EQ(ldbd_statuses, 5);
}

TEST(LensParse, EveryErrorHasAName) {
  for (const frame_error each : {frame_error::none, frame_error::incomplete, frame_error::bad_magic,
                                 frame_error::bad_version, frame_error::bad_number, frame_error::over_limit}) {
    EXPECT_GT(lensdb::name_of(each).size(), 5u);
  }
}

}  // namespace
