// Any bytes are read as bincode without harm, and what was read and written again reads as the same.
#include <dovetail/format/bincode.hpp>

#include "../support/format_values.hpp"

#include <cstdlib>

namespace {

// Compared by the bytes that are written, since NaN is not equal to itself.
template <class T>
void round_trip(std::string_view bytes) {
  const auto read = dovetail::bincode::decode<T>(bytes);
  if (!read) {
    if (read.error().message().empty()) std::abort();
    return;
  }
  std::string written;
  if (!dovetail::bincode::encode(*read, written)) std::abort();
  const auto again = dovetail::bincode::decode<T>(written);
  std::string twice;
  if (!again || !dovetail::bincode::encode(*again, twice) || twice != written) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  round_trip<format_values::everything>(bytes);
  round_trip<std::vector<format_values::point>>(bytes);
  round_trip<format_values::tree>(bytes);
  round_trip<std::vector<double>>(bytes);
  round_trip<std::vector<std::optional<std::int16_t>>>(bytes);
  round_trip<std::map<std::string, std::optional<std::int64_t>>>(bytes);
  round_trip<std::vector<std::string>>(bytes);
  return 0;
}
