#include <dovetail/sql/lexer.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using dt::dialect;
using dt::lexis_of;
using dt::detail::lexer;
using dt::detail::token;
using dt::detail::token_kind;

constexpr char letter_of(token_kind kind) {
  switch (kind) {
    case token_kind::end:
      return '.';
    case token_kind::word:
      return 'w';
    case token_kind::quoted:
      return 'q';
    case token_kind::string:
      return 's';
    case token_kind::number:
      return 'n';
    case token_kind::symbol:
      return 'o';
    case token_kind::cast:
      return 'c';
    case token_kind::placeholder:
      return 'p';
    case token_kind::escape:
      return 'e';
  }
  return '?';
}

// The kinds of all tokens; '!' at the end when the text has a mistake.
constexpr bool reads_as(dialect d, std::string_view text, std::string_view kinds) {
  lexer source{text, lexis_of(d)};
  for (const char expected : kinds) {
    if (expected == '!') return source.next().kind == token_kind::end && source.problem();
    if (letter_of(source.next().kind) != expected) return false;
  }
  return source.next().kind == token_kind::end && !source.problem();
}

struct reading {
  dialect language;
  std::string_view text;
  std::string_view kinds;
};

constexpr dialect pg = dialect::postgres;
constexpr dialect my = dialect::mysql;
constexpr dialect lite = dialect::sqlite;

constexpr reading readings[] = {
    {pg, "", ""},
    {pg, " \t\r\n\f\v ", ""},
    {pg, "select a.b, \"c\" from t", "wwowoqww"},
    {pg, "1 1.5 .5 1e3 1e-3 1E+10 0x1F 1_000", "nnnnnnnn"},
    {pg, "1-2 1e-x 0x1e-3", "nonnwownon"},
    {pg, "a--b", "w"},
    {my, "a--b -- c\nd --", "wooww"},
    {lite, "a--b\nc", "ww"},
    {pg, "a # b", "wow"},
    {my, "a # b\nc", "ww"},
    {pg, "a /* b /* c */ d */ e", "ww"},
    {lite, "a /* b /* c */ e", "ww"},
    {my, "a /*!50000 b */ c", "www"},
    {my, "a /*! b", "ww!"},
    {my, "a /*! b /* c */ d */ e", "wwww"},
    {pg, "'a''b' 'c'", "ss"},
    {pg, "''", "s"},
    {pg, "e'a\\'b' E'\\\\'", "ss"},
    {lite, "'a\\' 'b'", "ss"},
    {my, "'a\\'b' \"c\\\"d\"", "ss"},
    {pg, "'a", "!"},
    {pg, "u&'a' U&\"b\" x'1f' B'01' n'c'", "sqsss"},
    {pg, "case'a'", "ws"},
    {pg, "$$a$$ $x$b$$c$x$", "ss"},
    {pg, "a$$b", "w"},
    {pg, "$a", "!"},
    {pg, "a $ b", "w!"},
    {pg, "$?1", "!"},
    {pg, "$:a", "!"},
    {pg, "$", "!"},
    {pg, "a$ a$b$?", "wwp"},
    {my, "$:a", "oow"},
    {pg, "$x$a$y$", "!"},
    {lite, "`a``b` [c d] \"e\"", "qqq"},
    {pg, "a[1]", "wono"},
    {my, "`a` \"b\"", "qs"},
    {pg, "a::b := c", "wcwoow"},
    {pg, ":a :_b :c1", "ppp"},
    {pg, "a:b 1:c ::d \\:f", "wownowcwew"},
    {pg, "? ?? ?| ?& @?",
     "pe"
     "o"
     "o"
     "oo"},
    {pg, "?||'a' ?&&b",
     "poos"
     "poow"},
    {lite, "?? ?12", "ppp"},
    {pg, "$1 $22 ?3", "ppp"},
    {pg, "$0", "!"},
    {pg, "$1a", "!"},
    {pg, "%s %(a)s %% %d %(a)d x%s )%s", "ppeowoowowwowoow"},
    {lite, "@a $b", "pp"},
    {pg, "@a", "ow"},
    {my, "@a @@b", "owoow"},
    {lite, ":1", "!"},
    {pg, "\xC3\xA4 a\xC3\xA4", "ww"},
    {pg, ":a\xC3\xA4", "!"},
};

constexpr bool all_read_well() {
  for (const reading& one : readings) {
    if (!reads_as(one.language, one.text, one.kinds)) return false;
  }
  return true;
}

TEST(Lexer, CutsTextsAsTheServersDo) {
  for (const reading& one : readings) {
    std::string kinds;
    lexer source{one.text, lexis_of(one.language)};
    for (token found = source.next(); found.kind != token_kind::end; found = source.next()) {
      kinds += letter_of(found.kind);
    }
    if (source.problem()) kinds += '!';
    EXPECT_EQ(kinds, one.kinds) << one.text;
  }
}
static_assert(all_read_well());

TEST(Lexer, TokensFollowEachOtherInsideTheText) {
  for (const reading& one : readings) {
    for (const dialect d : {pg, my, lite}) {
      lexer source{one.text, lexis_of(d)};
      std::uint32_t before = 0;
      for (token found = source.next(); found.kind != token_kind::end; found = source.next()) {
        EXPECT_GE(found.begin, before);
        EXPECT_GT(found.end, found.begin);
        EXPECT_LE(found.end, one.text.size());
        before = found.end;
      }
    }
  }
}

TEST(Lexer, AfterAMistakeOnlyTheEndComes) {
  lexer source{"select 'a", lexis_of(pg)};
  static_cast<void>(source.next());
  EXPECT_EQ(source.next().kind, token_kind::end);
  EXPECT_EQ(source.next().kind, token_kind::end);
  EXPECT_EQ(source.problem().what, dt::sql_mistake::quote_not_closed);
}

TEST(Lexer, WordsOfUpToEightLettersHaveAKeyInLowerCase) {
  using dt::detail::word_key;
  lexer source{"SeLeCt truncate recursive", lexis_of(pg)};
  EXPECT_EQ(source.next().key, word_key("select"));
  EXPECT_EQ(source.next().key, word_key("truncate"));
  EXPECT_EQ(source.next().key, 0u);
}

TEST(Lexer, TheNameOfAPlaceholderIsWithoutItsMarks) {
  const std::string_view text = ":abc %(def)s";
  lexer source{text, lexis_of(pg)};
  EXPECT_EQ(dt::detail::placeholder_name(text, source.next()), "abc");
  EXPECT_EQ(dt::detail::placeholder_name(text, source.next()), "def");
}

// Texts that a database cuts in another way than most others do: what is a literal here must be one there.
constexpr reading odd_readings[] = {
    {pg, "1 -- c\r, w", "now"},
    {lite, "1 -- c\r, w", "n"},
    {my, "1 -- c\r, w", "n"},
    {pg, "E'a'\n'\\' , ' w --'", "sw"},
    {pg, "E'a' -- c\n-- d\n'\\''w", "sw"},
    {pg, "e'a'\r'\\''", "s"},
    {pg, "E'a' '\\' 'b'", "sss"},
    {pg, "E'a' -- '\n w", "sw"},
    {pg, "'a'\n'\\' w", "ssw"},
    {lite, "E'a'\n'\\' w", "wssw"},
    {lite, ":a(')", "!"},
    {lite, "@a(')", "!"},
    {lite, ":a::b", "!"},
    {lite, "#a(')", "!"},
    {lite, "# a", "ow"},
    {my, "1 #a(')", "n"},
    {pg, ":a(w)", "powo"},
    {pg, "1from t", "nww"},
    {my, "1.from t", "nww"},
    {pg, "1.e t", "nww"},
    {pg, "1e5from t", "nww"},
    {pg, "1e+w", "nwow"},
    {pg, "1E'\\''", "ns"},
    {pg, "1e-3 1.5E+10 .5 1. 1_000", "nnnnn"},
    {pg, "0x1F 0b01 0o17 0", "nnnn"},
    {pg, "1..2", "nn"},
    {lite, "\xEF\xBB\xBF", ""},
    {pg, "\xEF\xBB\xBF", "w"},
};

TEST(Lexer, LiteralsAndCommentsEndWhereTheDatabaseEndsThem) {
  for (const reading& one : odd_readings) EXPECT_TRUE(reads_as(one.language, one.text, one.kinds)) << one.text;
}
static_assert([] {
  for (const reading& one : odd_readings) {
    if (!reads_as(one.language, one.text, one.kinds)) return false;
  }
  return true;
}());

TEST(Lexer, AByteOrderMarkBelongsToNoWordOfSqlite) {
  lexer source{"\xEF\xBB\xBFselect", lexis_of(lite)};
  EXPECT_EQ(source.next().key, dt::detail::word_key("select"));
  lexer inside{"a\xEF\xBB\xBFselect", lexis_of(lite)};
  EXPECT_EQ(inside.next().end, 10u);
}

// Running programs look at 64 characters at once: no word may be cut where they end, and none be longer than the text.
TEST(Lexer, WordsAndGapsAreTheSameWhereverTheyStand) {
  for (const std::size_t length : {1u, 2u, 7u, 8u, 9u, 16u, 63u, 64u, 65u, 200u}) {
    const std::string word = std::string{"SeLeCt_$9"}.substr(0, length) + std::string(length > 9 ? length - 9 : 0, 'X');
    for (std::size_t ahead = 0; ahead < 140; ++ahead) {
      const std::string text = std::string(ahead, ahead % 2 == 0 ? ' ' : '\n') + word;
      lexer source{text, lexis_of(dialect::postgres)};
      const token found = source.next();
      ASSERT_EQ(found.kind, token_kind::word);
      ASSERT_EQ(found.begin, ahead);
      ASSERT_EQ(found.end, text.size());
      ASSERT_EQ(found.key, length == 1   ? dt::detail::word_key("s")
                           : length == 2 ? dt::detail::word_key("se")
                           : length == 7 ? dt::detail::word_key("select_")
                           : length == 8 ? dt::detail::word_key("select_$")
                                         : 0u);
      ASSERT_EQ(source.next().kind, token_kind::end);
    }
  }
}

TEST(Lexer, EachCharacterIsTheSameAloneAndAmongOthers) {
  for (int c = 0; c < 256; ++c) {
    char some[16] = {'a', ' ', static_cast<char>(c), 'Z', '.', '\t', '9', static_cast<char>(255 - c)};
    char lower[16], expected[16];
    const dt::detail::character_bits found = dt::detail::look_at_sixteen(some, lower);
    const dt::detail::character_bits wanted = dt::detail::look_at_each(some, expected);
    EXPECT_EQ(found.words, wanted.words) << c;
    EXPECT_EQ(found.spaces, wanted.spaces) << c;
    for (int i = 0; i < 16; ++i) {
      if ((wanted.words >> i & 1) != 0) {
        EXPECT_EQ(lower[i], expected[i]) << c;
      }
    }
  }
}

}  // namespace
