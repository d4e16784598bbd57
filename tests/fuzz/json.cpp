// Any bytes are read as JSON without harm, and what was read and written again reads as the same.
#include <dovetail/format/json.hpp>

#include "../support/format_values.hpp"
#include "../support/json_orders.hpp"

#include <cstdlib>
#include <cstring>

namespace {

template <class T>
void round_trip(std::string_view text) {
  const auto read = dovetail::json::decode<T>(text);
  if (!read) {
    if (read.error().message().empty()) std::abort();
    return;
  }
  std::string written;
  if (!dovetail::json::encode(*read, written)) std::abort();
  const auto again = dovetail::json::decode<T>(written);
  if (!again || !(*again == *read)) std::abort();
  std::string twice;
  if (!dovetail::json::encode(*again, twice) || twice != written) std::abort();
}

// Where the C library reads all of the text as a number, ours has to be the same one.
template <class T>
void compare_with_c(std::string_view text, T (*read_c)(const char*, char**)) {
  const auto read = dovetail::json::decode<T>(text);
  if (!read) return;
  const std::string copy(text);
  const T expected = read_c(copy.c_str(), nullptr);
  if (std::memcmp(&*read, &expected, sizeof expected) != 0) std::abort();
}

// The text among objects whose keys come in orders of their own is read as in a list without any memory of order.
void compare_orders(std::string_view text) {
  constexpr std::string_view before =
      R"([{"id":1,"on":true,"ratio":1,"note":"a"},{"note":"b","on":false,"ratio":2,"id":2},{"ratio":3,"id":3,"on":true},)";
  constexpr std::string_view after =
      R"({"on":true,"id":4,"ratio":4},{"ratio":5,"note":null,"on":false,"id":5},{"on":true,"id":6,"ratio":6})";
  std::string document{before};
  document += text;
  document += after;
  document += ']';
  document.append(2 * static_cast<std::size_t>(dovetail::detail::json_member_marks::margin), ' ');
  if (!json_orders::difference<json_orders::plain>(document).empty()) std::abort();
  if (!json_orders::difference<json_orders::plain>(text).empty()) std::abort();
  if (!json_orders::difference<json_orders::plain_kinds>(text).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip<format_values::everything>(text);
  round_trip<std::vector<format_values::everything>>(text);
  round_trip<format_values::tree>(text);
  round_trip<std::vector<format_values::point>>(text);
  round_trip<dovetail::json_text>(text);
  round_trip<std::vector<double>>(text);
  round_trip<std::vector<float>>(text);
  compare_with_c<double>(text, std::strtod);
  compare_with_c<float>(text, std::strtof);
  round_trip<std::map<std::string, std::optional<std::int64_t>>>(text);
  round_trip<std::vector<std::string>>(text);
  compare_orders(text);
  return 0;
}
