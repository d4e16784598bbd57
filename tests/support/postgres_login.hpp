// What a PostgreSQL server says while a client logs in, by hand from the documentation's chapter "Message Formats".
#pragma once

#include <support/postgres_wire.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace postgres_wire {

inline std::string authentication(int kind, std::string_view more = {}) {
  return message('R', int32(kind).append(more));
}
inline std::string key(std::uint32_t process, std::string_view secret) {
  return message('K', int32(process).append(secret));
}
/// ErrorResponse or NoticeResponse of these fields.
inline std::string report(char type, std::initializer_list<std::pair<char, std::string_view>> fields) {
  std::string body;
  for (const auto& each : fields) body += each.first + text(each.second);
  return message(type, body + '\0');
}
inline std::string fatal(std::string_view sqlstate, std::string_view words = "no") {
  return report('E', {{'S', "FATAL"}, {'V', "FATAL"}, {'C', sqlstate}, {'M', words}});
}

}  // namespace postgres_wire
