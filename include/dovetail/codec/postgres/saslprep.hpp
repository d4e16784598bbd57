// SASLprep (RFC 4013) of a password, as far as it goes without Unicode's tables of normalization.
#pragma once

#include <dovetail/base/secret.hpp>
#include <dovetail/base/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// A password as SCRAM hashes it.
struct prepared_password {
  secret text;
  /// False when normalization could change it, which is not done for such characters: it is as it was given.
  bool is_certain = true;
};

/// Prepares a password as PostgreSQL does (`pg_saslprep` in its src/common/saslprep.c): one that is not UTF-8, or has a
/// character that SASLprep forbids, stays as it is. Invisible characters go, spaces become U+0020; Latin letters, signs
/// and digits of compatibility and full-width ones become the usual ones.
prepared_password prepare_password(std::string_view password);

/// Normalization form KC leaves them and what stands beside them alone, they are assigned in Unicode 3.2, and none is
/// written from right to left: Latin, Greek, Cyrillic, signs, kana, Han, Hangul. Made from the Unicode Character
/// Database.
bool stays_in_saslprep(std::uint32_t code) noexcept;

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres::detail {

enum class saslprep_fate : std::uint8_t {
  stays,      ///< whatever stands around it
  becomes,    ///< something else that stays
  forbidden,  ///< in tables C of RFC 3454, or unassigned in Unicode 3.2, and without a decomposition
  unknown,    ///< what becomes of it takes tables that are not here
};

struct code_range {
  std::uint32_t first;
  std::uint32_t last;
};

template <std::size_t Size>
bool is_in(const code_range (&ranges)[Size], std::uint32_t code) noexcept {
  return std::any_of(ranges, ranges + Size,
                     [code](const code_range& each) { return code >= each.first && code <= each.last; });
}

DOVETAIL_DEFINE bool stays_in_saslprep(std::uint32_t code) noexcept {
  static constexpr code_range ranges[] = {
      {0x00A1, 0x00A7}, {0x00A9, 0x00A9}, {0x00AB, 0x00AC}, {0x00AE, 0x00AE}, {0x00B0, 0x00B1}, {0x00B6, 0x00B7},
      {0x00BB, 0x00BB}, {0x00BF, 0x0131}, {0x0134, 0x013E}, {0x0141, 0x0148}, {0x014A, 0x017E}, {0x0180, 0x01C3},
      {0x01CD, 0x01F0}, {0x01F4, 0x0220}, {0x0222, 0x0233}, {0x0375, 0x0375}, {0x0386, 0x0386}, {0x0388, 0x038A},
      {0x038C, 0x038C}, {0x038E, 0x03A1}, {0x03A3, 0x03CE}, {0x03D7, 0x03EF}, {0x03F3, 0x03F3}, {0x03F6, 0x03F6},
      {0x0400, 0x0482}, {0x0488, 0x04CE}, {0x04D0, 0x04F5}, {0x04F8, 0x04F9}, {0x0500, 0x050F}, {0x1E00, 0x1E99},
      {0x1EA0, 0x1EF9}, {0x2010, 0x2010}, {0x2012, 0x2016}, {0x2018, 0x2023}, {0x2027, 0x2027}, {0x2030, 0x2032},
      {0x2035, 0x2035}, {0x2038, 0x203B}, {0x203D, 0x203D}, {0x203F, 0x2046}, {0x20A0, 0x20A7}, {0x20A9, 0x20B1},
      {0x2190, 0x222B}, {0x222E, 0x222E}, {0x2231, 0x22FF}, {0x2500, 0x2613}, {0x2616, 0x2617}, {0x2619, 0x267D},
      {0x2680, 0x2689}, {0x2701, 0x2704}, {0x2706, 0x2709}, {0x270C, 0x2727}, {0x2729, 0x274B}, {0x274D, 0x274D},
      {0x274F, 0x2752}, {0x2756, 0x2756}, {0x2758, 0x275E}, {0x2761, 0x2794}, {0x2798, 0x27AF}, {0x27B1, 0x27BE},
      {0x3001, 0x3029}, {0x3030, 0x3035}, {0x3037, 0x3037}, {0x303B, 0x303F}, {0x3041, 0x3096}, {0x309D, 0x309E},
      {0x30A0, 0x30FE}, {0x3400, 0x4DB5}, {0x4E00, 0x9FA5}, {0xAC00, 0xD7A3},
  };
  return is_in(ranges, code);
}

/// What becomes of one character, which is in UTF-8 at `given`; `into` gets what it becomes.
[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE saslprep_fate saslprep_of(std::uint32_t code, std::string& into) {
  // Tables C.1.2 (spaces), before B.1 as in PostgreSQL, and B.1 (nothing) of RFC 3454.
  static constexpr code_range spaces[] = {{0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200B},
                                          {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}};
  static constexpr code_range nothing[] = {{0xAD, 0xAD},     {0x34F, 0x34F},   {0x1806, 0x1806}, {0x180B, 0x180D},
                                           {0x200C, 0x200D}, {0x2060, 0x2060}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}};
  // Controls, directions, private use; pictures that Unicode 3.2 did not have.
  static constexpr code_range forbidden[] = {{0x00, 0x1F},       {0x7F, 0x9F},       {0x200E, 0x200F}, {0x2028, 0x202E},
                                             {0x2061, 0x2063},   {0x206A, 0x206F},   {0xE000, 0xF8FF}, {0xFFF9, 0xFFFF},
                                             {0x1F300, 0x1FAFF}, {0xF0000, 0x10FFFF}};
  static constexpr struct {
    std::uint16_t from;
    std::string_view to;
  } others[] = {{0x00A8, " \u0308"},  {0x00AA, "a"},        {0x00AF, " \u0304"},  {0x00B2, "2"},      {0x00B3, "3"},
                {0x00B4, " \u0301"},  {0x00B5, "\u03BC"},   {0x00B8, " \u0327"},  {0x00B9, "1"},      {0x00BA, "o"},
                {0x00BC, "1\u20444"}, {0x00BD, "1\u20442"}, {0x00BE, "3\u20444"}, {0x2011, "\u2010"}, {0x2026, "..."},
                {0x2122, "TM"},       {0xFB00, "ff"},       {0xFB01, "fi"},       {0xFB02, "fl"},     {0xFB03, "ffi"},
                {0xFB04, "ffl"},      {0xFB05, "st"},       {0xFB06, "st"}};
  const auto become = [&into](std::string_view text) { return into += text, saslprep_fate::becomes; };
  if (is_in(forbidden, code)) return saslprep_fate::forbidden;
  if (code < 0x80 || stays_in_saslprep(code)) return saslprep_fate::stays;
  if (is_in(spaces, code)) return become(" ");
  if (is_in(nothing, code)) return saslprep_fate::becomes;
  if (code >= 0xFF01 && code <= 0xFF5E) return into += static_cast<char>(code - 0xFEE0), saslprep_fate::becomes;
  for (const auto& each : others) {
    if (each.from == code) return become(each.to);
  }
  return saslprep_fate::unknown;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE prepared_password prepare_password(std::string_view password) {
  const auto as_given = [password](bool is_certain) {
    return prepared_password{secret{std::string{password}}, is_certain};
  };
  const bool is_ascii =
      std::none_of(password.begin(), password.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (is_ascii || !is_valid_utf8(password)) return as_given(true);
  std::string made;
  made.reserve(password.size() * 3);  // "½" takes most, 5 bytes for 2; nothing of it stays in memory that is given back
  bool is_known = true;
  bool is_forbidden = false;
  for (std::size_t at = 0; at < password.size();) {
    std::size_t end = at + 1;
    while (end < password.size() && !dovetail::detail::begins_character(password[end])) ++end;
    const auto lead = static_cast<unsigned char>(password[at]);
    std::uint32_t code = end - at == 1 ? lead : lead & (0xFFu >> (end - at + 1));
    for (std::size_t i = at + 1; i < end; ++i) code = code << 6 | (static_cast<unsigned char>(password[i]) & 0x3Fu);
    const saslprep_fate fate = saslprep_of(code, made);
    if (fate == saslprep_fate::stays) made += password.substr(at, end - at);
    is_forbidden = is_forbidden || fate == saslprep_fate::forbidden;
    is_known = is_known && fate != saslprep_fate::unknown;
    at = end;
  }
  secret prepared{std::move(made)};
  if (is_forbidden || !is_known || prepared.empty()) return as_given(is_forbidden || is_known);
  return {std::move(prepared), true};
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
