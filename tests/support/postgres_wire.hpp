// The server's side of PostgreSQL's protocol by hand, from the documentation's chapter "Message Formats"; nothing of
// the library's own writers is used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postgres_wire {

inline std::string int16(int value) {
  return {static_cast<char>((value >> 8) & 0xFF), static_cast<char>(value & 0xFF)};
}
inline std::string int32(std::int64_t value) {
  return int16(static_cast<int>(value >> 16)) + int16(static_cast<int>(value));
}
inline std::string text(std::string_view value) { return std::string{value} + '\0'; }
inline std::string message(char type, std::string_view body = {}) {
  return type + int32(static_cast<std::int64_t>(body.size()) + 4).append(body);
}

// What the server says.

inline std::string ready(char status = 'I') { return message('Z', {&status, 1}); }
inline std::string parse_complete() { return message('1'); }
inline std::string bind_complete() { return message('2'); }
inline std::string close_complete() { return message('3'); }
inline std::string no_data() { return message('n'); }
inline std::string suspended() { return message('s'); }
inline std::string complete(std::string_view tag) { return message('C', text(tag)); }
inline std::string parameters(const std::vector<std::uint32_t>& types) {
  std::string body = int16(static_cast<int>(types.size()));
  for (const std::uint32_t each : types) body += int32(each);
  return message('t', body);
}
/// Columns of type text.
inline std::string columns(const std::vector<std::string>& names, int format = 0) {
  std::string body = int16(static_cast<int>(names.size()));
  for (const std::string& name : names) {
    body += text(name) + int32(0) + int16(0) + int32(25) + int16(-1) + int32(-1) + int16(format);
  }
  return message('T', body);
}
inline std::string row(const std::vector<std::string>& values) {
  std::string body = int16(static_cast<int>(values.size()));
  for (const std::string& value : values) body += int32(static_cast<std::int64_t>(value.size())) + value;
  return message('D', body);
}
inline std::string error(std::string_view sqlstate, std::string_view severity = "ERROR") {
  const std::string word{severity};
  return message('E', "S" + text(word) + "V" + text(word) + "C" + text(sqlstate) + "M" + text("it failed") + '\0');
}
inline std::string notice() {
  return message('N',
                 "S" + text("NOTICE") + "V" + text("NOTICE") + "C" + text("00000") + "M" + text("by the way") + '\0');
}
inline std::string parameter(std::string_view name, std::string_view value) {
  return message('S', text(name) + text(value));
}
inline std::string notification(std::string_view channel, std::string_view payload) {
  return message('A', int32(7) + text(channel) + text(payload));
}
inline std::string copy_in(int format = 0) {
  return message('G', static_cast<char>(format) + int16(1) + int16(format));
}
inline std::string copy_out(int format = 0) {
  return message('H', static_cast<char>(format) + int16(1) + int16(format));
}

// What the client says.

inline std::string sync() { return message('S'); }
inline std::string flush() { return message('H'); }
inline std::string parse(std::string_view name, std::string_view sql, const std::vector<std::uint32_t>& types = {}) {
  std::string body = text(name) + text(sql) + int16(static_cast<int>(types.size()));
  for (const std::uint32_t each : types) body += int32(each);
  return message('P', body);
}
inline std::string describe(std::string_view name) { return message('D', 'S' + text(name)); }
inline std::string close(std::string_view name, char what = 'S') { return message('C', what + text(name)); }
/// Values as text, results in binary.
inline std::string bind(std::string_view statement, const std::vector<std::string>& values = {},
                        std::string_view portal = {}) {
  std::string body = text(portal) + text(statement) + int16(static_cast<int>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) body += int16(0);
  body += int16(static_cast<int>(values.size()));
  for (const std::string& value : values) body += int32(static_cast<std::int64_t>(value.size())) + value;
  return message('B', body + int16(1) + int16(1));
}
inline std::string execute(int limit = 0, std::string_view portal = {}) {
  return message('E', text(portal) + int32(limit));
}
inline std::string query(std::string_view sql) { return message('Q', text(sql)); }
inline std::string copy_data(std::string_view data) { return message('d', data); }
/// A statement without parameters and rows in front of another.
inline std::string deferred(std::string_view sql) {
  return parse("", sql) + message('B', text("") + text("") + int16(0) + int16(0) + int16(0)) + execute();
}

}  // namespace postgres_wire
