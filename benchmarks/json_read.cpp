// What does it cost to read a JSON array of 10 000 objects into a vector of structs?
// The base is a parser written by hand for this one struct: keys in the assumed order, no white space, no escapes.
#include <dovetail/format/json.hpp>

#include "support/bench.hpp"
#include "support/json_rows.hpp"

#include <nlohmann/json.hpp>
#include <rapidjson/document.h>
#include <rapidjson/reader.h>
#include <simdjson.h>

#include <stdexcept>

using bench::json_row;

namespace {

// By hand. Each step checks the bounds of the text, and that what it assumes is there.
class by_hand {
 public:
  explicit by_hand(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::vector<json_row> read() {
    std::vector<json_row> rows;
    literal("[");
    if (peek() == ']') return rows;
    while (true) {
      json_row& row = rows.emplace_back();
      literal("{\"id\":");
      number(row.id);
      literal(",\"quantity\":");
      number(row.quantity);
      literal(",\"price\":");
      number(row.price);
      literal(",\"active\":");
      row.active = peek() == 't';
      literal(row.active ? "true" : "false");
      literal(",\"name\":");
      string(row.name);
      literal(",\"created\":");
      number(row.created);
      literal(",\"token\":");
      string(row.token);
      literal(",\"note\":");
      if (peek() == 'n') {
        literal("null");
      } else {
        string(row.note.emplace());
      }
      literal("}");
      if (peek() == ']') break;
      literal(",");
    }
    literal("]");
    if (at_ != end_) fail();
    return rows;
  }

 private:
  [[noreturn]] static void fail() { throw std::runtime_error("not the assumed JSON"); }
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  void literal(std::string_view text) {
    if (static_cast<std::size_t>(end_ - at_) < text.size() || std::memcmp(at_, text.data(), text.size()) != 0) fail();
    at_ += text.size();
  }
  template <class Number>
  void number(Number& value) {
    const auto [end, ec] = std::from_chars(at_, end_, value);
    if (ec != std::errc{}) fail();
    at_ = end;
  }
  void string(std::string& value) {
    literal("\"");
    const auto* quote = static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
    if (quote == nullptr) fail();
    const auto size = static_cast<std::size_t>(quote - at_);
    if (std::memchr(at_, '\\', size) != nullptr) fail();
    value.assign(at_, size);
    at_ = quote + 1;
  }

  const char* at_;
  const char* end_;
};

// RapidJSON's events, straight into the structs.
struct sax_handler : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, sax_handler> {
  std::vector<json_row> rows;
  int member = -1;

  bool Default() { return false; }
  bool StartArray() { return true; }
  bool EndArray(rapidjson::SizeType) { return true; }
  bool StartObject() {
    rows.emplace_back();
    return true;
  }
  bool EndObject(rapidjson::SizeType) { return true; }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view key(text, size);
    constexpr std::string_view names[] = {"id", "quantity", "price", "active", "name", "created", "token", "note"};
    for (int i = 0; i < 8; ++i) {
      if (names[i] == key) {
        member = i;
        return true;
      }
    }
    return false;
  }
  bool Null() { return member == 7; }
  bool Bool(bool value) {
    rows.back().active = value;
    return member == 3;
  }
  bool integer(std::int64_t value) {
    json_row& row = rows.back();
    if (member == 0) row.id = value;
    if (member == 1) row.quantity = static_cast<std::int32_t>(value);
    if (member == 2) row.price = static_cast<double>(value);
    if (member == 5) row.created = value;
    return true;
  }
  bool Int(int value) { return integer(value); }
  bool Uint(unsigned value) { return integer(value); }
  bool Int64(std::int64_t value) { return integer(value); }
  bool Uint64(std::uint64_t value) { return integer(static_cast<std::int64_t>(value)); }
  bool Double(double value) {
    rows.back().price = value;
    return member == 2;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    json_row& row = rows.back();
    if (member == 4) row.name.assign(text, size);
    if (member == 6) row.token.assign(text, size);
    if (member == 7) row.note.emplace(text, size);
    return true;
  }
};

std::vector<json_row> read_with_rapidjson(const std::string& text) {
  sax_handler handler;
  rapidjson::Reader reader;
  rapidjson::StringStream stream(text.c_str());
  if (!reader.Parse<rapidjson::kParseFullPrecisionFlag>(stream, handler)) throw std::runtime_error("rapidjson");
  return std::move(handler.rows);
}

std::vector<json_row> read_with_simdjson(simdjson::ondemand::parser& parser, const simdjson::padded_string& text) {
  std::vector<json_row> rows;
  simdjson::ondemand::document document = parser.iterate(text);
  for (simdjson::ondemand::object object : document.get_array()) {
    json_row& row = rows.emplace_back();
    row.id = object["id"].get_int64();
    row.quantity = static_cast<std::int32_t>(std::int64_t{object["quantity"].get_int64()});
    row.price = object["price"].get_double();
    row.active = object["active"].get_bool();
    row.name = std::string_view{object["name"].get_string()};
    row.created = object["created"].get_int64();
    row.token = std::string_view{object["token"].get_string()};
    simdjson::ondemand::value note = object["note"];
    if (!note.is_null()) row.note = std::string_view{note.get_string()};
  }
  return rows;
}

std::vector<json_row> read_with_nlohmann(const std::string& text) {
  const nlohmann::json document = nlohmann::json::parse(text);
  std::vector<json_row> rows;
  for (const auto& object : document) {
    json_row& row = rows.emplace_back();
    object.at("id").get_to(row.id);
    object.at("quantity").get_to(row.quantity);
    object.at("price").get_to(row.price);
    object.at("active").get_to(row.active);
    object.at("name").get_to(row.name);
    object.at("created").get_to(row.created);
    object.at("token").get_to(row.token);
    if (const auto& note = object.at("note"); !note.is_null()) row.note = note.get<std::string>();
  }
  return rows;
}

// The same members with the keys of the text in another order than the struct's.
struct reordered_row {
  std::optional<std::string> note;
  std::string token;
  std::int64_t created;
  std::string name;
  bool active;
  double price;
  std::int32_t quantity;
  std::int64_t id;
};

}  // namespace

int main() {
  const std::vector<json_row> rows = bench::make_json_rows();
  const std::string text = bench::make_json_text(rows);
  const std::string shuffled = bench::shuffle_json_keys(text);
  const simdjson::padded_string padded(text);
  const simdjson::padded_string padded_shuffled(shuffled);
  simdjson::ondemand::parser parser;
  const std::uint64_t expected = bench::checksum(rows);

  // The values are compared once, before the clock runs.
  const auto check = [&](const char* who, const std::vector<json_row>& read) {
    if (bench::checksum(read) == expected) return;
    std::fprintf(stderr, "json_read: %s lost something\n", who);
    std::exit(1);
  };
  check("by hand", by_hand(text).read());
  check("dovetail", dovetail::json::decode<std::vector<json_row>>(text).value());
  check("dovetail", dovetail::json::decode<std::vector<json_row>>(shuffled).value());
  check("simdjson", read_with_simdjson(parser, padded_shuffled));
  check("RapidJSON", read_with_rapidjson(text));
  check("simdjson", read_with_simdjson(parser, padded));
  check("nlohmann", read_with_nlohmann(text));

  bench::task task("json_read");
  task.add("by hand, assumed order", rows.size(), [&] { return by_hand(text).read().size(); });
  task.add("dovetail", rows.size(), [&] { return dovetail::json::decode<std::vector<json_row>>(text).value().size(); });
  task.add("dovetail, keys in reverse order", rows.size(),
           [&] { return dovetail::json::decode<std::vector<reordered_row>>(text).value().size(); });
  task.add("dovetail, keys of each object in an order of its own", rows.size(),
           [&] { return dovetail::json::decode<std::vector<json_row>>(shuffled).value().size(); });
  task.add("simdjson on-demand, keys of each object in an order of its own", rows.size(),
           [&] { return read_with_simdjson(parser, padded_shuffled).size(); });
  task.add("RapidJSON SAX", rows.size(), [&] { return read_with_rapidjson(text).size(); });
  task.add("simdjson on-demand", rows.size(), [&] { return read_with_simdjson(parser, padded).size(); });
  task.add("nlohmann", rows.size(), [&] { return read_with_nlohmann(text).size(); });
  return task.run();
}
