#include <dovetail/codec/postgres/message.hpp>

#include <support/postgres_login.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres::detail;
namespace wire = postgres_wire;

std::string_view text_of(const dt::byte_buffer& buffer) { return dt::as_text(buffer.view()); }

TEST(PostgresMessage, AWholeMessageIsFound) {
  const std::string bytes = wire::message('Z', "I") + "next";
  pg::message found;
  ASSERT_EQ(pg::next_message(dt::as_byte_view(bytes), found), pg::frame_status::whole);
  EXPECT_EQ('Z', found.type);
  EXPECT_EQ(6u, found.size);
  EXPECT_EQ("I", dt::as_text(found.body));
}

TEST(PostgresMessage, AMessageThatIsNotThereYetSaysHowMuchIsNeeded) {
  const std::string bytes = wire::message('D', "1234567");
  pg::message found;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(pg::next_message(dt::as_byte_view(bytes).first(size), found), pg::frame_status::incomplete) << size;
    EXPECT_EQ(size < 5 ? 5u : 12u, found.size) << size;
    EXPECT_EQ(size == 0 ? '\0' : 'D', found.type);
  }
  ASSERT_EQ(pg::next_message(dt::as_byte_view(bytes), found), pg::frame_status::whole);
}

TEST(PostgresMessage, AnEmptyBodyIsAMessage) {
  const std::string bytes{"1\0\0\0\4", 5};
  pg::message found;
  ASSERT_EQ(pg::next_message(dt::as_byte_view(bytes), found), pg::frame_status::whole);
  EXPECT_TRUE(found.body.empty());
}

TEST(PostgresMessage, ALengthThatIsNoneIsMalformed) {
  pg::message found;
  for (const std::uint32_t length : {0u, 1u, 3u, 0x80000000u, 0xFFFFFFFFu}) {
    const std::string bytes = 'D' + wire::int32(length) + "body";
    EXPECT_EQ(pg::next_message(dt::as_byte_view(bytes), found), pg::frame_status::malformed) << length;
  }
  const std::string largest = 'D' + wire::int32(0x7FFFFFFFu) + "body";
  EXPECT_EQ(pg::next_message(dt::as_byte_view(largest), found), pg::frame_status::incomplete);
  EXPECT_EQ(std::size_t{0x80000000u}, found.size);
}

TEST(PostgresMessage, FieldsAreTakenInOrder) {
  const std::string body =
      std::string{"\1"} + wire::int16(0xFFFE) + wire::int32(0x01020304) + wire::text("name") + wire::text("") + "rest";
  pg::message_reader reader{dt::as_byte_view(body)};
  std::uint8_t one = 0;
  std::int16_t two = 0;
  std::uint32_t three = 0;
  std::string_view name, empty = "x";
  dt::byte_view rest;
  EXPECT_TRUE(reader.u8(one) && reader.i16(two) && reader.u32(three) && reader.text(name) && reader.text(empty));
  EXPECT_EQ(1, one);
  EXPECT_EQ(-2, two);
  EXPECT_EQ(0x01020304u, three);
  EXPECT_EQ("name", name);
  EXPECT_EQ("", empty);
  EXPECT_EQ(4u, reader.left());
  EXPECT_TRUE(reader.bytes(4, rest));
  EXPECT_TRUE(reader.at_end());
}

TEST(PostgresMessage, FieldsThatAreNotThereTakeNothing) {
  const std::string body = "abc";
  pg::message_reader reader{dt::as_byte_view(body)};
  std::uint32_t number = 7;
  std::string_view text = "as before";
  dt::byte_view bytes;
  EXPECT_FALSE(reader.u32(number));
  EXPECT_FALSE(reader.text(text)) << "no zero byte";
  EXPECT_FALSE(reader.bytes(4, bytes));
  EXPECT_FALSE(reader.bytes(static_cast<std::size_t>(-1), bytes));
  EXPECT_EQ(7u, number);
  EXPECT_EQ("as before", text);
  EXPECT_EQ(3u, reader.left());
}

TEST(PostgresMessage, WritingFillsTheLength) {
  dt::byte_buffer buffer;
  pg::message_writer writer{buffer};
  EXPECT_TRUE(writer.begin('Q').text("select 1").end());
  EXPECT_EQ(text_of(buffer), (std::string_view{"Q\0\0\0\15select 1\0", 14}));
  EXPECT_TRUE(writer.begin('S').end());
  EXPECT_EQ(text_of(buffer).substr(14), (std::string_view{"S\0\0\0\4", 5}));
  buffer.clear();
  EXPECT_TRUE(writer.begin_untyped().u16(1).i32(-1).u8(2).bytes(dt::as_byte_view("xy")).end());
  EXPECT_EQ(text_of(buffer), (std::string_view{"\0\0\0\15\0\1\377\377\377\377\2xy", 13}));
}

// 0x3FFFFFFE: PQ_LARGE_MESSAGE_LIMIT, the length included.
TEST(PostgresMessage, WhatNoServerTakesIsNotSent) {
  dt::byte_buffer buffer;
  pg::message_writer writer{buffer};
  writer.begin('d');
  buffer.grow(0x3FFF'FFFE - 4);
  EXPECT_TRUE(writer.end());
  EXPECT_EQ(text_of(buffer).substr(0, 5), "d\x3F\xFF\xFF\xFE");
  buffer.grow(1);
  EXPECT_FALSE(writer.end());
}

TEST(PostgresMessage, AZeroByteIsNoText) {
  EXPECT_TRUE(pg::may_be_text("select 1"));
  EXPECT_TRUE(pg::may_be_text(""));
  EXPECT_FALSE(pg::may_be_text(std::string_view{"a\0b", 3}));
}

}  // namespace
