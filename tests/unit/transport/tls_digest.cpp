#include <dovetail/transport/tls_digest.hpp>

#include <dovetail/base/text.hpp>
#include <dovetail/format/websocket/handshake.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;

std::string sha1_of(std::string_view text) {
  std::array<std::byte, 20> hash{};
  EXPECT_TRUE(dt::detail::sha1(dt::as_byte_view(text), hash));
  return dt::to_hex(hash);
}

TEST(TlsDigest, Sha1GivesTheStandardsExamples) {
  // FIPS 180-4, examples of NIST
  EXPECT_EQ(sha1_of("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

TEST(TlsDigest, Sha1AnswersTheKeyOfTheWebSocketStandard) {
  // RFC 6455 section 1.3
  dt::websocket::accept_text accept{};
  ASSERT_TRUE(dt::websocket::make_accept("dGhlIHNhbXBsZSBub25jZQ==", &dt::detail::sha1, accept));
  EXPECT_EQ(std::string_view(accept.data(), accept.size()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
