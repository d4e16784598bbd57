// Every recorded vector, checked by the compiler and again at run time: requests and replies, both ways.
#include <dovetail/format/lensdb/frame.hpp>
#include <dovetail/format/lensdb/ldbd_v1.hpp>
#include <dovetail/format/lensdb/parse.hpp>
#include <dovetail/format/lensdb/reply.hpp>

#include <support/lensdb_bytes.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>

namespace {

namespace dt = dovetail;
namespace lensdb = dovetail::lensdb;
using dovetail::byte_view;
using lensdb::frame_error;
using lensdb_vectors::all;
using lensdb_vectors::from_hex;
using lensdb_vectors::named;
using lensdb_vectors::same;

constexpr std::size_t vector_count = std::size(all);
static_assert(vector_count == 69);

// Text of parsed bytes, for constant evaluation, where bytes cannot be viewed as characters.
struct text {
  char characters[4200]{};
  std::size_t count = 0;
  constexpr explicit text(byte_view from) : count(from.size()) {
    for (std::size_t i = 0; i < count; ++i) characters[i] = static_cast<char>(std::to_integer<unsigned char>(from[i]));
  }
  constexpr operator std::string_view() const { return {characters, count}; }  // NOLINT
};

/// A request that can be read is written again as the same bytes, and its length is exact.
constexpr bool request_round_trips(std::string_view hex) {
  const auto bytes = from_hex(hex);
  const byte_view view = bytes;
  const lensdb::parsed_request parsed = lensdb::parse_request(view);
  if (parsed.error != frame_error::none && parsed.error != frame_error::over_limit) return true;
  const text key{parsed.key};
  const text value{parsed.value};
  const lensdb::any_request asked{.code = parsed.code, .key = key, .value = value, .flags = parsed.header.flags};
  std::array<std::byte, 4200> again{};
  if (parsed.error == frame_error::over_limit) return lensdb::frame(asked, again).empty();
  return same(lensdb::frame(asked, again), view.first(static_cast<std::size_t>(parsed.size)));
}

/// A reply, or several, is read to its last byte, and written again as the same bytes.
constexpr bool reply_round_trips(std::string_view hex) {
  const auto bytes = from_hex(hex);
  byte_view rest = bytes;
  while (!rest.empty()) {
    const lensdb::parsed_reply parsed = lensdb::parse_reply(rest);
    if (parsed.error != frame_error::none) return false;
    if ((parsed.status == lensdb::status::success) != parsed.message.empty()) return false;
    if (parsed.status != lensdb::status::success && !parsed.data.empty()) return false;
    const text data{parsed.data};
    const text message{parsed.message};
    std::array<std::byte, 4200> again{};
    const auto size = static_cast<std::size_t>(parsed.size);
    if (!same(lensdb::frame(lensdb::reply{parsed.status, data, message}, again), rest.first(size))) return false;
    for (std::size_t cut = 0; cut < 14; ++cut) {
      if (lensdb::parse_reply(rest.first(cut)).error != frame_error::incomplete) return false;
    }
    if (size > 14 && lensdb::parse_reply(rest.first(size - 1)).error != frame_error::incomplete) return false;
    rest = rest.subspan(size);
  }
  return true;
}

template <std::size_t I>
struct checked {
  static_assert(request_round_trips(all[I].request));
  static_assert(reply_round_trips(all[I].response));
  static constexpr bool value = true;
};

template <std::size_t... I>
constexpr bool all_checked(std::index_sequence<I...>) {
  return (checked<I>::value && ...);
}
static_assert(all_checked(std::make_index_sequence<vector_count>{}));

TEST(LensVectors, EveryRequestAndReplyRoundTripsAtRunTimeToo) {
  for (const auto& each : all) {
    EXPECT_TRUE(request_round_trips(each.request)) << each.id;
    EXPECT_TRUE(reply_round_trips(each.response)) << each.id;
  }
}

// The vectors whose requests can be written with our own operations, as frames that the compiler built.
#define DOVETAIL_TEST_FRAME(id, ...)                                          \
  static_assert(same(lensdb::frame(lensdb::__VA_ARGS__), named(id).request)); \
  frames.emplace_back(id, to_vector(lensdb::frame(lensdb::__VA_ARGS__)))

template <std::size_t Size>
std::vector<std::byte> to_vector(const std::array<std::byte, Size>& from) {
  return {from.begin(), from.end()};
}

TEST(LensVectors, FramesOfLiteralsAreTheRecordedBytes) {
  std::vector<std::pair<std::string_view, std::vector<std::byte>>> frames;
  DOVETAIL_TEST_FRAME("V01", clear{});
  DOVETAIL_TEST_FRAME("V02", ping{});
  DOVETAIL_TEST_FRAME("V03", size{});
  DOVETAIL_TEST_FRAME("V04", keys{});
  DOVETAIL_TEST_FRAME("V05", get{"nokey"});
  DOVETAIL_TEST_FRAME("V06", set{"a", "1"});
  DOVETAIL_TEST_FRAME("V07", get{"a"});
  DOVETAIL_TEST_FRAME("V08", set{"a", "hello world"});
  DOVETAIL_TEST_FRAME("V09", get{"a"});
  DOVETAIL_TEST_FRAME("V10", exists{"a"});
  DOVETAIL_TEST_FRAME("V11", exists{"zz"});
  DOVETAIL_TEST_FRAME("V12", exists{""});
  DOVETAIL_TEST_FRAME("V13", keys{});
  DOVETAIL_TEST_FRAME("V14", size{});
  DOVETAIL_TEST_FRAME("V15", set{"e", ""});
  DOVETAIL_TEST_FRAME("V16", get{"e"});
  DOVETAIL_TEST_FRAME("V17", size{});
  DOVETAIL_TEST_FRAME("V18", erase{"e"});
  DOVETAIL_TEST_FRAME("V19", erase{"e"});
  DOVETAIL_TEST_FRAME("V23", stats{});
  DOVETAIL_TEST_FRAME("V28", set{"\0\n\xFF", "\0\xFF\n"});
  DOVETAIL_TEST_FRAME("V29", get{"\0\n\xFF"});
  DOVETAIL_TEST_FRAME("V30", clear{});
  DOVETAIL_TEST_FRAME("V31", set{"x\ny", "1"});
  DOVETAIL_TEST_FRAME("V32", keys{});
  DOVETAIL_TEST_FRAME("V33", clear{});
  DOVETAIL_TEST_FRAME("V40", get{"b"});
  DOVETAIL_TEST_FRAME("V42", get{"b"});
  DOVETAIL_TEST_FRAME("V59", get{"q"});
  DOVETAIL_TEST_FRAME("V66", get{"p"});
  DOVETAIL_TEST_FRAME("V68", clear{});
  DOVETAIL_TEST_FRAME("V69", setex{"t", "v", 60});
  for (const auto& [id, built] : frames) {
    EXPECT_TRUE(same(built, named(id).request)) << id;
  }
}

#undef DOVETAIL_TEST_FRAME

// The vectors that our operations would not send, as the requests that they are.
constexpr bool writes(std::string_view id, const lensdb::any_request& asked) {
  std::array<std::byte, 4200> to{};
  return same(lensdb::frame(asked, to), named(id).request);
}
using lensdb::operation;
static_assert(writes("V20", {.code = operation::set, .key = {}, .value = "x", .flags = 0}));
static_assert(writes("V21", {.code = operation::get, .key = {}, .value = {}, .flags = 0}));
static_assert(writes("V22", {.code = operation::erase, .key = {}, .value = {}, .flags = 0}));
static_assert(writes("V24", {.code = operation::ping, .key = "k", .value = "v", .flags = 0xDEADBEEF}));
static_assert(writes("V25", {.code = operation::set, .key = "a", .value = "2", .flags = 0xFFFFFFFF}));
static_assert(writes("V26", {.code = operation::get, .key = "a", .value = "junk", .flags = 0}));
static_assert(writes("V27", {.code = operation::size, .key = "a", .value = {}, .flags = 0}));

template <std::size_t Size>
struct repeated {
  char characters[Size]{};
  constexpr explicit repeated(char c) {
    for (char& each : characters) each = c;
  }
  constexpr operator std::string_view() const { return {characters, Size}; }  // NOLINT
};
constexpr repeated<1024> long_key{'k'};
constexpr repeated<4077> long_value{'z'};
static_assert(writes("V34", {.code = operation::set, .key = long_key, .value = "v", .flags = 0}));
static_assert(writes("V35", {.code = operation::get, .key = long_key, .value = {}, .flags = 0}));
static_assert(writes("V39", {.code = operation::set, .key = "b", .value = long_value, .flags = 0}));

/// What is wrong with a recorded request, and whether the server's reply says the same.
constexpr frame_error error_of(std::string_view id) { return lensdb::parse_request(from_hex(named(id).request)).error; }
static_assert(error_of("V36") == frame_error::over_limit && error_of("V37") == frame_error::over_limit &&
              error_of("V38") == frame_error::over_limit);
static_assert(error_of("V44") == frame_error::bad_magic && error_of("V45") == frame_error::bad_magic &&
              error_of("V60") == frame_error::bad_magic && error_of("V62") == frame_error::bad_magic);
static_assert(error_of("V46") == frame_error::incomplete && error_of("V47") == frame_error::incomplete &&
              error_of("V48") == frame_error::incomplete && error_of("V54") == frame_error::incomplete &&
              error_of("V55") == frame_error::incomplete && error_of("V56") == frame_error::incomplete &&
              error_of("V57") == frame_error::incomplete && error_of("V61") == frame_error::incomplete);
static_assert(error_of("V49") == frame_error::bad_version && error_of("V50") == frame_error::bad_version &&
              error_of("V53") == frame_error::bad_version && error_of("V67") == frame_error::bad_version);
static_assert(error_of("V51") == frame_error::bad_number && error_of("V52") == frame_error::bad_number);

constexpr bool starts_one_request(std::string_view id, operation code, std::size_t size) {
  const auto bytes = from_hex(named(id).request);
  const lensdb::parsed_request parsed = lensdb::parse_request(bytes);
  return parsed.error == frame_error::none && parsed.code == code && parsed.size == size && bytes.count > size;
}
static_assert(starts_one_request("V58", operation::set, 20));
static_assert(starts_one_request("V63", operation::ping, 18));
static_assert(starts_one_request("V64", operation::ping, 18));
static_assert(starts_one_request("V65", operation::set, 20));

// V60 is the seed page's layout: our second dialect reads and writes it.
constexpr bool v60_is_ldbd() {
  const auto bytes = from_hex(named("V60").request);
  const lensdb::parsed_request parsed = lensdb::parse_request<lensdb::ldbd_v1>(bytes);
  return parsed.error == frame_error::none && parsed.code == operation::get && parsed.size == bytes.count &&
         same(lensdb::frame<lensdb::ldbd_v1>(lensdb::get{"a"}), named("V60").request);
}
static_assert(v60_is_ldbd());

TEST(LensVectors, RequestsThatAreWrongAreWrongInTheRecordedWayAtRunTimeToo) {
  const std::pair<std::string_view, frame_error> expected[] = {
      {"V36", frame_error::over_limit},  {"V44", frame_error::bad_magic},  {"V46", frame_error::incomplete},
      {"V50", frame_error::bad_version}, {"V51", frame_error::bad_number}, {"V52", frame_error::bad_number},
      {"V53", frame_error::bad_version}, {"V55", frame_error::incomplete}, {"V58", frame_error::none}};
  for (const auto& [id, error] : expected) EXPECT_EQ(error_of(id), error) << id;
  EXPECT_TRUE(writes("V24", {.code = operation::ping, .key = "k", .value = "v", .flags = 0xDEADBEEF}));
  EXPECT_TRUE(writes("V39", {.code = operation::set, .key = "b", .value = long_value, .flags = 0}));
  EXPECT_TRUE(v60_is_ldbd());
}

TEST(LensVectors, TheHeaderHoldsWhatTheRecordingHolds) {
  std::ifstream recording("data/lensdb-vectors.tsv");
  ASSERT_TRUE(recording) << "run from the tests folder";
  std::string line;
  std::getline(recording, line);
  std::size_t i = 0;
  for (; std::getline(recording, line); ++i) {
    ASSERT_LT(i, vector_count);
    const std::string expected = std::string{all[i].id} + '\t' + std::string{all[i].title} + '\t' +
                                 std::string{all[i].request} + '\t' + std::string{all[i].response} + '\t';
    EXPECT_EQ(line.substr(0, expected.size()), expected) << "run tools/lensdb_vectors.py";
  }
  EXPECT_EQ(i, vector_count);
}

}  // namespace
