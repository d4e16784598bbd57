// The texts of tests/data/injection.txt, and the statements that a careless program makes of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::test {

inline int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                : -1;
}

inline std::string unescape(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      text += line[i];
      continue;
    }
    constexpr std::string_view letters = "nrtvf0\\";
    constexpr std::string_view meant{"\n\r\t\v\f\0\\", 7};
    const char letter = line[++i];
    if (letter == 'x') {
      const int high = i + 2 < line.size() ? hex_digit(line[i + 1]) : -1;
      const int low = i + 2 < line.size() ? hex_digit(line[i + 2]) : -1;
      if (high < 0 || low < 0) {
        text += "\\x";
        continue;
      }
      text += static_cast<char>(high * 16 + low);
      i += 2;
      continue;
    }
    const std::size_t at = letters.find(letter);
    if (at == std::string_view::npos) {
      text += '\\';
      text += letter;
    } else {
      text += meant[at];
    }
  }
  return text;
}

/// Run in the tests' folder. Throws when the file is not there.
inline const std::vector<std::string>& injections() {
  static const std::vector<std::string> all = [] {
    std::ifstream file{"data/injection.txt", std::ios::binary};
    if (!file) throw std::runtime_error("data/injection.txt is not in this folder");
    std::vector<std::string> texts;
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && !line.starts_with("## ")) texts.push_back(unescape(line));
    }
    return texts;
  }();
  return all;
}

/// Very long ones.
inline std::vector<std::string> long_injections() {
  const auto repeated = [](std::string_view part, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += part;
    return text;
  };
  return {repeated("a", 200'000) + "'; drop table canary; --",   repeated("'", 50'001) + "; drop table canary; --",
          repeated("(", 20'000) + "select 1; drop table canary", repeated("/*", 20'000) + "; drop table canary",
          repeated("/**/", 20'000) + "; drop table canary",      repeated(";", 50'000) + "drop table canary",
          repeated("--\n", 20'000) + "; drop table canary",      repeated("case ", 10'000) + "end; drop table canary",
          repeated("\\", 50'001) + "'; drop table canary; --",   repeated("$$", 20'001) + "; drop table canary; --",
          repeated("\"", 50'001) + "; drop table canary; --",    repeated("1 union select ", 300) + "name from canary"};
}

/// Where such a text is pasted: what stands before it and behind it.
struct paste {
  std::string_view before;
  std::string_view behind;
};
inline constexpr std::array<paste, 15> pastes{{
    {"select name from item where name = '", "'"},
    {"select name from item where name = '", "' and id > 0"},
    {"select name from item where name = \"", "\""},
    {"select name from item where name = `", "`"},
    {"select name from item where name = [", "]"},
    {"select name from item where name = $$", "$$"},
    {"select name from item where name = E'", "'"},
    {"select name from item where id in (", ")"},
    {"select name from item where id = ", ""},
    {"select name from item where id = ", " order by id limit 5"},
    {"select name from item order by ", " desc"},
    {"select name from item /* ", " */ where id = 1"},
    {"select name from item where id = 1 -- ", "\n and name <> 'x'"},
    {"insert into item(name) values ('", "')"},
    {"select name from ", ""},
}};

inline std::string pasted(const paste& where, std::string_view text) {
  std::string all{where.before};
  return all.append(text).append(where.behind);
}

/// Pieces of the texts put together at random, behind a query; the same for the same seed.
class splicer {
 public:
  explicit splicer(std::uint32_t seed) : random_(seed) {}
  std::string next() {
    std::string text{pastes[random_() % pastes.size()].before};
    const std::size_t pieces = 1 + random_() % 4;
    for (std::size_t i = 0; i < pieces; ++i) {
      const std::string& from = injections()[random_() % injections().size()];
      const std::size_t begin = random_() % 3 != 0 ? 0 : random_() % from.size();
      const std::size_t size = random_() % 3 != 0 ? from.size() - begin : 1 + random_() % (from.size() - begin);
      text.append(from, begin, size);
      constexpr std::string_view between[] = {"", " ", "\n", "'", ";", "\r", "/**/", "\xEF\xBB\xBF"};
      text += between[random_() % std::size(between)];
    }
    return text.append(pastes[random_() % pastes.size()].behind);
  }

 private:
  std::mt19937 random_;
};

}  // namespace dovetail::test
