// What does it cost to write a vector of 10 000 structs as a JSON array?
// The base is a writer written by hand for this one struct, with std::to_chars, into memory that is large enough.
#include <dovetail/format/json.hpp>

#include "support/bench.hpp"
#include "support/json_rows.hpp"

#include <nlohmann/json.hpp>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

using bench::json_row;

namespace {

void write_with_rapidjson(rapidjson::StringBuffer& out, const std::vector<json_row>& rows) {
  const auto size = [](const std::string& text) { return static_cast<rapidjson::SizeType>(text.size()); };
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  writer.StartArray();
  for (const json_row& row : rows) {
    writer.StartObject();
    writer.Key("id");
    writer.Int64(row.id);
    writer.Key("quantity");
    writer.Int(row.quantity);
    writer.Key("price");
    writer.Double(row.price);
    writer.Key("active");
    writer.Bool(row.active);
    writer.Key("name");
    writer.String(row.name.data(), size(row.name));
    writer.Key("created");
    writer.Int64(row.created);
    writer.Key("token");
    writer.String(row.token.data(), size(row.token));
    writer.Key("note");
    if (row.note) {
      writer.String(row.note->data(), size(*row.note));
    } else {
      writer.Null();
    }
    writer.EndObject();
  }
  writer.EndArray();
}

std::string write_with_nlohmann(const std::vector<json_row>& rows) {
  nlohmann::json document = nlohmann::json::array();
  for (const json_row& row : rows) {
    document.push_back({{"id", row.id},
                        {"quantity", row.quantity},
                        {"price", row.price},
                        {"active", row.active},
                        {"name", row.name},
                        {"created", row.created},
                        {"token", row.token},
                        {"note", row.note ? nlohmann::json(*row.note) : nlohmann::json()}});
  }
  return document.dump();
}

}  // namespace

int main() {
  const std::vector<json_row> rows = bench::make_json_rows();
  const std::uint64_t expected = bench::checksum(rows);

  // What each one wrote is read back and compared once, before the clock runs.
  const auto check = [&](const char* who, std::string_view text) {
    if (bench::checksum(dovetail::json::decode<std::vector<json_row>>(text).value()) == expected) return;
    std::fprintf(stderr, "json_write: %s lost something\n", who);
    std::exit(1);
  };
  std::vector<char> memory(rows.size() * 512);
  std::string text;
  rapidjson::StringBuffer buffer;
  check("by hand",
        {memory.data(), static_cast<std::size_t>(bench::write_json_rows(memory.data(), rows) - memory.data())});
  dovetail::json::encode(rows, text).value();
  check("dovetail", text);
  write_with_rapidjson(buffer, rows);
  check("RapidJSON", {buffer.GetString(), buffer.GetSize()});
  check("nlohmann", write_with_nlohmann(rows));

  bench::task task("json_write");
  task.add("by hand, to_chars", rows.size(), [&] { bench::keep(*bench::write_json_rows(memory.data(), rows)); });
  task.add("dovetail", rows.size(), [&] {
    text.clear();
    dovetail::json::encode(rows, text).value();
    bench::keep(text);
  });
  task.add("RapidJSON Writer", rows.size(), [&] {
    buffer.Clear();
    write_with_rapidjson(buffer, rows);
    bench::keep(buffer);
  });
  task.add("nlohmann", rows.size(), [&] { bench::keep(write_with_nlohmann(rows)); });
  return task.run();
}
