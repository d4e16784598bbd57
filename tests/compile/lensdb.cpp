// Values that set() stores as plain text or bytes, and get() could not make from them again.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/lensdb.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;

struct name {
  std::string text;
  operator std::string_view() const noexcept { return text; }
};

void usual(dt::lensdb::client& kv) {
  kv.set("k", name{"Ada"});
  kv.set("k", std::string_view{"Ada"});
  kv.get("k");
  kv.get<std::vector<std::byte>>("k");
  kv.get<std::array<std::byte, 3>>("k");
}

#if CASE == 1  // expect: set() stores this type as plain text or bytes, and it cannot be made from them again
void mistake(dt::lensdb::client& kv) { kv.get<std::string_view>("k"); }
#elif CASE == 2  // expect: set() stores this type as plain text or bytes, and it cannot be made from them again
void mistake(dt::lensdb::client& kv) { kv.get<std::span<const std::byte>>("k"); }
#elif CASE == 3  // expect: set() stores this type as plain text or bytes, and it cannot be made from them again
void mistake(dt::lensdb::client& kv) { kv.get_many<const char*>({"k"}); }
#elif CASE == 4  // expect: get a std::string, a std::vector<std::byte> or a std::array<std::byte, N>
void mistake(dt::lensdb::client& kv) { kv.get<name>("k"); }
#elif CASE == 5  // expect: dovetail:
                 // expect: nullptr
void mistake(dt::lensdb::client& kv) { kv.set("k", nullptr); }
#elif CASE == 6  // expect: this type cannot be written as JSON: give a class a dt::describe<T>
class hidden {
  int x = 0;
};
void mistake(dt::lensdb::client& kv) { kv.set("k", hidden{}); }
#elif CASE == 7  // expect: this type cannot be read from JSON: give a class a dt::describe<T>
class hidden {
  int x = 0;
};
void mistake(dt::lensdb::client& kv) { kv.get<hidden>("k"); }
#endif
