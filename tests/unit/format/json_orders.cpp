#include <dovetail/format/json/member_marks.hpp>
#include <dovetail/format/json/read_marked.hpp>

#include "../../support/json_orders.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

namespace {

namespace dt = dovetail;
namespace detail = dovetail::detail;
using json_orders::difference;
using json_orders::plain;
using json_orders::plain_kinds;

const std::string tail(2 * static_cast<std::size_t>(detail::json_member_marks::margin), ' ');

TEST(JsonMemberMarks, AreTheBracesAndCommasWithAQuoteBehindThem) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::string text = "{\"";
    while (text.size() < 3000) text += std::string_view{"{{,,\"\"\":a\xAC\xFB"}[random() % 10];
    std::vector<const char*> expected;
    for (const char& c : text) {
      if ((c == '{' || c == ',') && (&c)[1] == '"') expected.push_back(&c);
    }
    detail::json_member_marks marks;
    const char* const end = text.data() + text.size();
    // As many as asked for are there, as long as the text goes on behind them.
    for (std::size_t i = 0; i < expected.size(); i += 1 + random() % 5) {
      const std::size_t wanted = random() % (detail::json_member_marks::most_wanted + 1);
      const char* const* found = marks.find(expected[i], end, wanted);
      if (found == nullptr) {
        EXPECT_LT(end - expected[i], 64 + detail::json_member_marks::margin);
        break;
      }
      const std::size_t left = expected.size() - i;
      for (std::size_t j = 0; j <= wanted && j < left; ++j) {
        if (found[j] < text.data() || found[j] >= end) {  // the stop
          EXPECT_EQ(*found[j], '{');
          EXPECT_LT(end - expected[i + j], 64 + detail::json_member_marks::margin);
          break;
        }
        ASSERT_EQ(found[j], expected[i + j]);
        EXPECT_GE(end - found[j], detail::json_member_marks::margin);
      }
    }
  }
}

TEST(JsonMemberMarks, AreUnknownForAPlaceThatIsNone) {
  const std::string text = R"({ "a":1,"b":2,"c":3},{"a":4})" + tail;
  detail::json_member_marks marks;
  EXPECT_EQ(marks.find(text.data(), text.data() + text.size(), 3), nullptr);
  EXPECT_NE(marks.find(text.data() + 21, text.data() + text.size(), 3), nullptr);
  EXPECT_EQ(marks.find(text.data() + 22, text.data() + text.size(), 3), nullptr);
}

TEST(JsonOrderWatch, WantsTwoOrdersAfterEachOtherThatDiffer) {
  detail::json_order_watch watch;
  for (int i = 0; i < 100; ++i) watch.note_order(0);
  for (int i = 0; i < 100; ++i) watch.note_order(5);  // another order, but one
  watch.note_order(0);
  EXPECT_FALSE(watch.is_varying());
  watch.note_order(5);
  watch.note_order(0);
  watch.note_order(5);
  EXPECT_FALSE(watch.is_varying());
  watch.note_order(6);
  EXPECT_TRUE(watch.is_varying());
}

TEST(JsonOrderWatch, LooksAgainAfterSomeObjectsAndGivesUpWhereNoneCanBeRead) {
  detail::json_order_watch watch;
  std::uint64_t order = 0;
  const auto count_until_varying = [&] {
    int count = 0;
    for (; !watch.is_varying() && count < 100000; ++count) watch.note_order(++order);
    return count;
  };
  EXPECT_EQ(count_until_varying(), 2);
  int read = 0;
  for (; watch.is_varying(); ++read) watch.note_read();
  EXPECT_EQ(read, 256);
  EXPECT_EQ(count_until_varying(), 2);
  for (int i = 0; i < 4; ++i) watch.note_refusal();
  EXPECT_EQ(count_until_varying(), 8);
  for (int i = 0; i < 4; ++i) watch.note_refusal();
  EXPECT_EQ(count_until_varying(), 32);
  for (int i = 0; i < 100; ++i) watch.note_read();
  for (int i = 0; i < 3; ++i) watch.note_refusal();
  EXPECT_EQ(count_until_varying(), 2);
}

/// The first object of `text` by its marks; nothing when it cannot be read so.
template <class T>
std::optional<T> read_marked(std::string_view text, std::string_view* rest = nullptr) {
  detail::json_source in(text);
  detail::json_member_marks marks;
  T out{};
  const char* const at = detail::read_json_marked(in, in.begin, out, marks);
  EXPECT_FALSE(in.failure.is_set());
  if (at == nullptr) {
    EXPECT_EQ(out, T{});
    return std::nullopt;
  }
  if (rest != nullptr) *rest = {at, static_cast<std::size_t>(in.end - at)};
  return out;
}

TEST(JsonReadMarked, EveryOrderOfKeysIsRead) {
  std::array<std::string, 4> members{R"("id":-1)", R"("note":"a,b{c\"\\")", R"("on":true)", R"("ratio":1.5)"};
  do {
    for (const std::string between : {",", " \n,\n\t "}) {
      const std::string object = "{" + members[0] + "," + members[1] + "," + members[2] + "," + members[3] + "}";
      std::string_view rest;
      const std::string text = object + between + "{\"id\":2}" + tail;
      EXPECT_EQ(read_marked<plain>(text, &rest), (plain{-1, "a,b{c\"\\", 1.5, true})) << object;
      EXPECT_EQ(rest, std::string_view{text}.substr(object.size()));
    }
  } while (std::next_permutation(members.begin(), members.end()));
}

TEST(JsonReadMarked, MembersThatMayBeMissingAreLeftAsTheyAre) {
  EXPECT_EQ(read_marked<plain>(R"({"ratio":1,"on":false,"id":7},{"id")" + tail), (plain{7, std::nullopt, 1, false}));
  EXPECT_EQ(read_marked<plain>(R"({"ratio":1,"id":7},{"id")" + tail), std::nullopt);
}

TEST(JsonReadMarked, WhateverElseIsLeftToTheReaderKeyByKey) {
  for (const std::string_view object : {
           R"({"on":true,"ratio":1,"id":7,"id":8})",              // a key twice, as many as there are members
           R"({"on":true,"ratio":1,"id":7,"id":8,"note":null})",  // and more
           R"({"on":true,"ratio":1,"id":7,"odd":8})",             // a key that is no member's
           R"({"on":true,"ratio":1,"id":7,"note":"ends with,"})",
           R"({"on":true,"ratio":1, "id":7})",
           R"({"on":true,"ratio": 1,"id":7})",
           R"({"on":true,"ratio":1,"id":7 })",
           R"({ "on":true,"ratio":1,"id":7})",
           R"({"on":true,"ratio":1,"\u0069d":7})",
           R"({"on":true,"ratio":"1","id":7})",
           R"({"on":true,"ratio":01,"id":7})",
           R"({"on":true,"ratio":1,"id":7,})",
           R"({"on":true,"ratio":1,"id":7]})",
           R"({"on":true,"ratio":1,"id":7)",
           R"({"on":true,"ratio":1,"id":7,"note":"\x"})",
           R"({"on":true,"ratio":1,"id":7,"note":{"id":1}})",
           R"([])",
       }) {
    EXPECT_EQ(read_marked<plain>(std::string{object} + R"(,{"id":2,"note":"")" + tail), std::nullopt) << object;
  }
  // Nothing is known of the last objects of a text.
  EXPECT_EQ(read_marked<plain>(R"({"on":true,"ratio":1,"id":7})" + tail), std::nullopt);
  EXPECT_EQ(read_marked<plain>(R"({"on":true,"ratio":1,"id":7},{"id":2})"), std::nullopt);
}

TEST(JsonReadMarked, AKeyInsideOfAnotherValueIsNotTheObjects) {
  // Spaced so that the marks are those of "name" and "x", one of which belongs to a value that is skipped.
  struct row {
    std::optional<int> x = 3;
    std::optional<int> y;
    std::string name;
    bool operator==(const row&) const = default;
  };
  const std::string trap = R"({"name":"a", "z":{ "p":1,"x":5}})";
  EXPECT_EQ(read_marked<row>(trap + R"(,{"x":1})" + tail), std::nullopt);
  const std::string before = R"({"name":"b","y":1,"x":1},{"y":2,"name":"c","x":2},{"y":2,"x":4,"name":"d"},)";
  const auto read = dt::json::decode<std::vector<row>>("[" + before + trap + "," + before + trap + "]" + tail);
  ASSERT_EQ(read->size(), 8U);
  EXPECT_EQ((*read)[3], (row{3, std::nullopt, "a"}));
}

TEST(JsonReadMarked, TypesThatAreNoPlainValuesAreNotTried) {
  struct with_list {
    int a, b;
    std::vector<int> c;
  };
  struct two_members {
    int a, b;
  };
  struct with_text {
    int a, b;
    dt::json_text c;
  };
  static_assert(detail::is_marked_json<plain>() && detail::is_marked_json<plain_kinds>());
  static_assert(!detail::is_marked_json<with_list>() && !detail::is_marked_json<with_text>());
  static_assert(!detail::is_marked_json<two_members>() && !detail::is_marked_json<std::array<int, 3>>());
  static_assert(!detail::is_marked_json<dt::uuid>() && !detail::is_marked_json<format_values::everything>());
}

/// Documents of `plain_kinds`, most of them as they should be, and what can be wrong with one.
class documents {
 public:
  std::string make() {
    is_wrong_ = one_in(2);
    std::string text = "[";
    const auto objects = 5 + random_() % 30;
    for (std::size_t i = 0; i < objects; ++i) {
      if (i != 0) text += pick({",", ",", ",", " ,\n"});
      put_object(text);
    }
    text += "]";
    if (one_in(3)) text += tail;
    if (harms(6)) text[random_() % text.size()] = "\",:{}[]\\ 1e-"[random_() % 12];
    if (harms(8)) text.resize(random_() % text.size());
    return text;
  }

 private:
  bool one_in(std::size_t n) { return random_() % n == 0; }
  bool harms(std::size_t n) { return is_wrong_ && one_in(n); }
  std::string pick(std::vector<std::string> texts) { return texts[random_() % texts.size()]; }
  std::string number() { return pick({"", "-"}) + std::to_string(random_() >> random_() % 32); }
  std::string string() {
    return pick({R"("")", R"("a")", R"("some text that is longer than sixteen")", R"("\"x\":1,\"")", R"("\\")",
                 R"("a}, {b")", one_in(30) ? R"("ends,")" : R"("b")", R"("[,:]")", "\"gr\u00fc\u00df\"",
                 R"("\ud83d\ude00,{")"});
  }

  void put_object(std::string& text) {
    std::vector<std::string> members;
    const auto put = [&](std::string_view key, std::string value, bool is_needed) {
      if (is_needed ? harms(2000) : one_in(4)) return;
      if (harms(1000))
        value = pick({"null", "{}", R"({"x":1,"name":""})", "[1,\"x\",2]", "\"ends,\"", "01", "1.5", "tru"});
      members.push_back("\"" + std::string{key} + "\":" + (one_in(200) ? " " : "") + value + (one_in(200) ? " " : ""));
    };
    put("x", pick({number().substr(0, 8), "null"}), false);
    put("name", string(), true);
    put("note", pick({string(), "null"}), false);
    put("on", pick({"true", "false"}), true);
    put("octet", std::to_string(random_() % (harms(100) ? 300 : 256)), true);
    put("f", std::to_string(random_() % 1000) + pick({"", ".25", "e3", "E-2"}), true);
    put("d", pick({"null", "0.1", "-12345678901234567890.5", "1e300"}), false);
    put("paint", pick({"\"red\"", "\"green\"", "200", "1"}), true);
    put("price", pick({"\"12.50\"", "-3", "1e2"}), true);
    put("key", "\"01234567-89ab-cdef-0123-456789abcdef\"", true);
    put("day", pick({"\"2026-11-22\"", "null"}), false);
    put("blob", pick({"\"\"", "\"AAEC\""}), true);
    if (one_in(100))
      put("unknown", pick({number(), string(), R"({"name":1})", R"({ "p":1,"x":5})", R"([{},{"x":5}])"}), false);
    if (harms(200)) members.push_back(members[random_() % members.size()]);
    if (!one_in(10)) std::shuffle(members.begin(), members.end(), random_);
    text += one_in(100) ? "{ " : "{";
    for (const std::string& member : members) {
      text += member;
      if (&member != &members.back()) text += one_in(100) ? ", " : ",";
    }
    text += harms(200) ? pick({",}", " }", "", "]"}) : "}";
  }

  bool is_wrong_ = false;
  std::mt19937 random_{20'261'122};
};

TEST(JsonReadMarked, TheSameIsReadAndRefusedAsKeyByKey) {
  documents source;
  int accepted = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = source.make();
    const std::unique_ptr<char[]> exact(new char[text.size()]);  // so that a read behind the end is seen
    std::copy(text.begin(), text.end(), exact.get());
    const std::string_view view(exact.get(), text.size());
    ASSERT_EQ(difference<plain_kinds>(view), "") << text;
    accepted += dt::json::decode<std::vector<plain_kinds>>(view).has_value();
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_LT(accepted, 3000);
}

TEST(JsonReadMarked, EveryCutAndEveryWrongCharacterGivesTheSameError) {
  std::string text = "[";
  std::array<std::string, 4> members{R"("id":1)", R"("note":"two, three")", R"("on":false)", R"("ratio":0.5)"};
  std::mt19937 random(7);
  for (int i = 0; i < 12; ++i) {
    std::shuffle(members.begin(), members.end(), random);
    text += "{" + members[0] + "," + members[1] + "," + members[2] + "," + members[3] + "},";
  }
  text.back() = ']';
  text += tail;
  ASSERT_EQ(dt::json::decode<std::vector<plain>>(text)->size(), 12U);
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_EQ(difference<plain>(std::string_view{text}.substr(0, i)), "") << i;
    for (const char c : {'"', ',', '{', '}', ':', '\\', ' ', '7', 'i', '\xFF'}) {
      std::string changed = text;
      changed[i] = c;
      EXPECT_EQ(difference<plain>(changed), "") << i << ' ' << c;
    }
  }
}

}  // namespace
