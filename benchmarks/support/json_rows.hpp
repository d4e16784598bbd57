// The rows of the JSON benchmarks: 10 000 objects of eight mixed members, their text, and a checksum over all values.
#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

struct json_row {
  std::int64_t id;
  std::int32_t quantity;
  double price;  // of full precision: 16 or 17 digits
  bool active;
  std::string name;                 // 20 characters
  std::int64_t created;             // microseconds since 1970
  std::string token;                // the 36 characters of a UUID
  std::optional<std::string> note;  // 24 characters in every second row
};

inline constexpr std::size_t json_row_count = 10'000;

inline std::vector<json_row> make_json_rows() {
  std::mt19937_64 random(20'261'121);
  const auto letters = [&](std::size_t count, std::string_view alphabet) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += alphabet[random() % alphabet.size()];
    return text;
  };
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz ";
  constexpr std::string_view digits = "0123456789abcdef";
  std::vector<json_row> rows;
  for (std::size_t i = 0; i < json_row_count; ++i) {
    json_row row{};
    row.id = static_cast<std::int64_t>(i * 7919 + 1);
    row.quantity = static_cast<std::int32_t>(random() % 2'000'000) - 1'000'000;
    row.price = std::uniform_real_distribution<double>(0.0, 100'000.0)(random);
    row.active = random() % 2 == 0;
    row.name = letters(20, alphabet);
    row.created = 1'760'000'000'000'000 + static_cast<std::int64_t>(random() % 30'000'000'000'000);
    row.token = letters(8, digits) + '-' + letters(4, digits) + '-' + letters(4, digits) + '-' + letters(4, digits) +
                '-' + letters(12, digits);
    if (i % 2 == 0) row.note = letters(24, alphabet);
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Writes all rows by hand into `out`, which has room for them; returns the end. Nothing in them needs an escape, and
/// it is checked nevertheless.
inline char* write_json_rows(char* out, const std::vector<json_row>& rows) {
  const auto literal = [&out](std::string_view text) {
    std::memcpy(out, text.data(), text.size());
    out += text.size();
  };
  const auto string = [&](std::string_view text) {
    unsigned escapes = 0;
    for (const char c : text) escapes |= unsigned{c == '"'} | unsigned{c == '\\'} | unsigned{c < ' '};
    if (escapes != 0) std::abort();  // the rows have none
    *out++ = '"';
    literal(text);
    *out++ = '"';
  };
  const auto number = [&out](auto value) { out = std::to_chars(out, out + 32, value).ptr; };
  *out++ = '[';
  for (const json_row& row : rows) {
    if (&row != &rows.front()) *out++ = ',';
    literal("{\"id\":");
    number(row.id);
    literal(",\"quantity\":");
    number(row.quantity);
    literal(",\"price\":");
    number(row.price);
    literal(",\"active\":");
    literal(row.active ? "true" : "false");
    literal(",\"name\":");
    string(row.name);
    literal(",\"created\":");
    number(row.created);
    literal(",\"token\":");
    string(row.token);
    literal(",\"note\":");
    if (row.note) {
      string(*row.note);
    } else {
      literal("null");
    }
    *out++ = '}';
  }
  *out++ = ']';
  return out;
}

inline std::string make_json_text(const std::vector<json_row>& rows) {
  std::string text(rows.size() * 512, '\0');
  text.resize(static_cast<std::size_t>(write_json_rows(text.data(), rows) - text.data()));
  return text;
}

/// The same objects, the keys of each in an order of its own.
inline std::string shuffle_json_keys(std::string_view text) {
  std::mt19937_64 random(1);
  std::string out;
  std::vector<std::string_view> members;
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '{') {
      members.clear();
      from = at + 1;
    } else if ((c == ',' && from != 0) || c == '}') {  // no value has a comma or a brace
      members.push_back(text.substr(from, at - from));
      from = at + 1;
    }
    if (from == 0) out += c;
    if (c != '}') continue;
    out += '{';
    for (std::size_t left = members.size(); left != 0; --left) {
      std::swap(members[random() % left], members[left - 1]);
      out += members[left - 1];
      out += left == 1 ? '}' : ',';
    }
    from = 0;
  }
  return out;
}

inline std::uint64_t checksum(const std::vector<json_row>& rows) {
  std::uint64_t sum = rows.size();
  const auto add = [&sum](std::uint64_t value) { sum = std::rotl(sum, 5) ^ (value * 0x9E3779B97F4A7C15u); };
  const auto add_text = [&add](const std::string& text) {
    std::uint64_t hash = 1469598103934665603u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    add(hash);
  };
  for (const json_row& row : rows) {
    add(static_cast<std::uint64_t>(row.id));
    add(static_cast<std::uint64_t>(row.quantity));
    add(std::bit_cast<std::uint64_t>(row.price));
    add(row.active);
    add_text(row.name);
    add(static_cast<std::uint64_t>(row.created));
    add_text(row.token);
    if (row.note) add_text(*row.note);
  }
  return sum;
}

}  // namespace bench
