#include <dovetail/base/uuid.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>

namespace {

namespace dt = dovetail;

constexpr std::string_view usual_form = "01234567-89ab-cdef-0123-456789abcdef";

constexpr dt::uuid sample = [] {
  dt::uuid value;
  for (std::size_t i = 0; i < 16; ++i) value.bytes[i] = static_cast<std::byte>((i % 8) * 0x22 + 1);
  return value;
}();

constexpr bool reads_as_sample(std::string_view text) {
  dt::uuid value;
  return dt::parse_uuid(text, value) && value == sample;
}

constexpr bool every_form_is_read() {
  return reads_as_sample("01234567-89ab-cdef-0123-456789abcdef") &&
         reads_as_sample("01234567-89AB-CDEF-0123-456789ABCDEF") &&
         reads_as_sample("{01234567-89ab-cdef-0123-456789abcdef}") &&
         reads_as_sample("0123456789abcdef0123456789abcdef");
}
static_assert(every_form_is_read());

TEST(Uuid, HyphenatedBracedAndBareDigitsOfEitherCaseAreRead) { EXPECT_TRUE(every_form_is_read()); }

constexpr std::string_view malformed[] = {
    "",
    "01234567-89ab-cdef-0123-456789abcde",
    "01234567-89ab-cdef-0123-456789abcdef0",
    "01234567-89ab-cdef-0123-456789abcdeg",
    "01234567989ab-cdef-0123-456789abcdef",
    "0123456-789ab-cdef-0123-456789abcdef",
    "01234567-89ab-cdef-01234-56789abcdef",
    "{01234567-89ab-cdef-0123-456789abcdef",
    "{01234567-89ab-cdef-0123-456789abcdef)",
    "{0123456789abcdef0123456789abcdef}",
    "0123456789abcdef0123456789abcde-",
    " 1234567-89ab-cdef-0123-456789abcdef",
};

constexpr bool every_malformed_text_is_refused() {
  for (const std::string_view text : malformed) {
    dt::uuid value = sample;
    if (dt::parse_uuid(text, value) || value != sample) return false;
  }
  return true;
}
static_assert(every_malformed_text_is_refused());

TEST(Uuid, OtherTextsAreRefusedAndLeaveTheValueAlone) { EXPECT_TRUE(every_malformed_text_is_refused()); }

constexpr bool text_is_the_usual_form() {
  char text[dt::uuid::text_size]{};
  return dt::format_uuid(text, sample) == text + dt::uuid::text_size &&
         std::string_view{text, dt::uuid::text_size} == usual_form;
}
static_assert(text_is_the_usual_form());

TEST(Uuid, TextIsTheUsualFormInLowerCase) {
  EXPECT_TRUE(text_is_the_usual_form());
  EXPECT_EQ(to_string(sample), usual_form);
  EXPECT_EQ(to_string(dt::uuid{}), "00000000-0000-0000-0000-000000000000");
}

constexpr bool literals_are_read_by_the_compiler() {
  constexpr dt::uuid usual{"00112233-4455-6677-8899-aabbccddeeff"};
  constexpr dt::uuid braced{"{00112233-4455-6677-8899-AABBCCDDEEFF}"};
  constexpr dt::uuid bare{"00112233445566778899aabbccddeeff"};
  std::array<std::byte, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 0x11);
  return usual.bytes == bytes && braced == usual && bare == usual && dt::uuid{bytes} == usual &&
         dt::uuid{"00000000-0000-0000-0000-000000000000"}.is_nil();
}
static_assert(literals_are_read_by_the_compiler());

TEST(Uuid, LiteralsAreReadByTheCompiler) { EXPECT_TRUE(literals_are_read_by_the_compiler()); }

constexpr bool order_is_that_of_the_text() {
  dt::uuid low;
  dt::uuid high;
  return dt::parse_uuid("00000000-0000-0000-8000-000000000000", low) &&
         dt::parse_uuid("00000000-0000-0001-0000-000000000000", high) && low < high && low != high &&
         dt::uuid{} < low && dt::uuid{}.is_nil() && !low.is_nil() && low == low;
}
static_assert(order_is_that_of_the_text());

TEST(Uuid, OrderIsThatOfTheText) { EXPECT_TRUE(order_is_that_of_the_text()); }

TEST(Uuid, EqualOnesAreFoundInAHashedSet) {
  std::unordered_set<dt::uuid> seen{sample, dt::uuid{}};
  EXPECT_TRUE(seen.contains(sample));
  EXPECT_EQ(seen.size(), 2u);
}

}  // namespace
