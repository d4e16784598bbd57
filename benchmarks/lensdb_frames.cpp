// LensDB frames: is encoding and decoding as cheap as memcpy and byte swaps written by hand, and a compile-time frame
// as cheap as its copy?
#include <support/bench.hpp>

#include <dovetail/format/lensdb/frame.hpp>
#include <dovetail/format/lensdb/parse.hpp>
#include <dovetail/format/lensdb/reply.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace lensdb = dovetail::lensdb;

constexpr std::size_t items = 20'000;
constexpr std::size_t rounds_an_item = 10;  // so that a round is long enough for the clock

struct entry {
  std::string key;
  std::string value;
};

std::vector<entry> make_entries() {
  std::vector<entry> entries;
  for (std::size_t i = 0; i < items; ++i) {
    entries.push_back({"user:" + std::to_string(i * 7919), std::string(20 + i % 100, static_cast<char>('a' + i % 26))});
  }
  return entries;
}

// By hand, as one would write it for this one protocol: no checks but that of the buffer.
inline void put32(unsigned char* to, std::uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(to, &value, 4);
}

inline std::uint32_t get32(const unsigned char* from) {
  std::uint32_t value;
  std::memcpy(&value, from, 4);
  return __builtin_bswap32(value);
}

inline std::size_t encode_by_hand(unsigned char* to, std::size_t room, std::string_view key, std::string_view value) {
  const std::size_t bytes = 18 + key.size() + value.size();
  if (bytes > room || key.size() > 1024) return 0;
  std::memcpy(to, "LENS\x01\x02", 6);
  put32(to + 6, static_cast<std::uint32_t>(key.size()));
  put32(to + 10, static_cast<std::uint32_t>(value.size()));
  put32(to + 14, 0);
  std::memcpy(to + 18, key.data(), key.size());
  std::memcpy(to + 18 + key.size(), value.data(), value.size());
  return bytes;
}

struct decoded {
  const unsigned char* data;
  std::size_t size;
  unsigned char status;
};

inline bool decode_by_hand(const unsigned char* from, std::size_t bytes, decoded& out) {
  if (bytes < 14 || std::memcmp(from, "LENS\x01", 5) != 0 || from[5] > 6) return false;
  const std::size_t data = get32(from + 6);
  const std::size_t message = get32(from + 10);
  if (bytes < 14 + data + message) return false;
  out = {from + 14, data, from[5]};
  return true;
}

int encode() {
  const std::vector<entry> entries = make_entries();
  std::array<std::byte, 4096> buffer;
  bench::task task{"lensdb_frames"};
  task.add("encode: memcpy by hand", items * rounds_an_item, [&] {
    std::uint64_t sum = 0;
    for (std::size_t round = 0; round < rounds_an_item; ++round) {
      for (const entry& each : entries) {
        sum += encode_by_hand(reinterpret_cast<unsigned char*>(buffer.data()), buffer.size(), each.key, each.value);
        bench::keep(buffer);
      }
    }
    return sum;
  });
  task.add("dovetail", items * rounds_an_item, [&] {
    std::uint64_t sum = 0;
    for (std::size_t round = 0; round < rounds_an_item; ++round) {
      for (const entry& each : entries) {
        sum += lensdb::frame(lensdb::set{each.key, each.value}, buffer).size();
        bench::keep(buffer);
      }
    }
    return sum;
  });
  return task.run();
}

int decode() {
  const std::vector<entry> entries = make_entries();
  std::vector<std::vector<std::byte>> replies;
  for (const entry& each : entries) {
    const lensdb::reply answer{lensdb::status::success, each.value, {}};
    replies.emplace_back(lensdb::frame_size(answer));
    lensdb::frame(answer, replies.back());
  }
  bench::task task{"lensdb_frames"};
  task.add("decode: memcpy by hand", items * rounds_an_item, [&] {
    std::uint64_t sum = 0;
    for (std::size_t round = 0; round < rounds_an_item; ++round) {
      for (const auto& each : replies) {
        decoded reply;
        if (decode_by_hand(reinterpret_cast<const unsigned char*>(each.data()), each.size(), reply)) {
          sum += reply.size + reply.data[0];
        }
      }
    }
    return sum;
  });
  task.add("dovetail", items * rounds_an_item, [&] {
    std::uint64_t sum = 0;
    for (std::size_t round = 0; round < rounds_an_item; ++round) {
      for (const auto& each : replies) {
        const lensdb::parsed_reply reply = lensdb::parse_reply(dovetail::byte_view{each});
        if (reply.error == lensdb::frame_error::none) {
          sum += reply.data.size() + std::to_integer<std::uint64_t>(reply.data[0]);
        }
      }
    }
    return sum;
  });
  return task.run();
}

int constant() {
  constexpr std::size_t copies = 2'000'000;
  static const unsigned char by_hand[24] = {'L', 'E', 'N', 'S', 1, 1, 0,   0,   0,   6,   0,   0,
                                            0,   0,   0,   0,   0, 0, 'u', 's', 'e', 'r', ':', '1'};
  std::array<std::byte, 64> buffer;
  bench::task task{"lensdb_frames"};
  task.add("constant: one copy of 24 bytes", copies, [&] {
    for (std::size_t i = 0; i < copies; ++i) {
      std::memcpy(buffer.data(), by_hand, sizeof by_hand);
      bench::keep(buffer);
    }
    return std::uint64_t{static_cast<unsigned char>(buffer[23])};
  });
  task.add("dovetail", copies, [&] {
    for (std::size_t i = 0; i < copies; ++i) {
      constexpr auto frame = lensdb::frame(lensdb::get{"user:1"});
      std::memcpy(buffer.data(), frame.data(), frame.size());
      bench::keep(buffer);
    }
    return std::uint64_t{static_cast<unsigned char>(buffer[23])};
  });
  task.add("dovetail, frame() at run time", copies, [&] {
    for (std::size_t i = 0; i < copies; ++i) {
      lensdb::frame(lensdb::get{"user:1"}, buffer);
      bench::keep(buffer);
    }
    return std::uint64_t{static_cast<unsigned char>(buffer[23])};
  });
  return task.run();
}

}  // namespace

int main() { return encode() | decode() | constant(); }
