#include <dovetail/client/operation_memory.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>

namespace {

using dovetail::detail::operation_allocator;
using dovetail::detail::spare_memory;

struct alignas(128) wide {
  char bytes[256];
};

/// Begins and ends an operation while its thread's objects are destroyed.
struct late {
  ~late() {
    void* const memory = spare_memory::take(600);
    std::memset(memory, 1, 600);
    spare_memory::give(memory, 600);
  }
};

}  // namespace

TEST(OperationMemory, TheNextOperationHasTheMemoryOfTheLast) {
  void* const first = spare_memory::take(1300);
  spare_memory::give(first, 1300);
  void* const second = spare_memory::take(1400);
  EXPECT_EQ(second, first);
  void* const meanwhile = spare_memory::take(1300);
  EXPECT_NE(meanwhile, first);
  spare_memory::give(second, 1400);
  spare_memory::give(meanwhile, 1300);  // one is enough
  EXPECT_EQ(spare_memory::take(1300), first);
  spare_memory::give(first, 1300);
}

TEST(OperationMemory, ALargerBlockTakesThePlaceOfASmallerOne) {
  void* const small = spare_memory::take(100);
  void* const large = spare_memory::take(4000);
  spare_memory::give(small, 100);
  spare_memory::give(large, 4000);
  void* const next = spare_memory::take(3900);
  EXPECT_EQ(next, large);
  std::memset(next, 1, 3900);
  spare_memory::give(next, 3900);
}

TEST(OperationMemory, NoneIsKeptThatIsVeryLarge) {
  constexpr std::size_t size = 1 << 20;
  void* const large = spare_memory::take(size);
  std::memset(large, 1, size);
  spare_memory::give(large, size);
  void* const next = spare_memory::take(64);  // not a megabyte for a small one
  EXPECT_NE(next, large);
  spare_memory::give(next, 64);
}

TEST(OperationMemory, AlignmentIsTheTypes) {
  operation_allocator<wide> of_wide;
  wide* const at = of_wide.allocate(1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(at) % alignof(wide), 0U);
  of_wide.deallocate(at, 1);
  const auto shared = std::allocate_shared<wide>(operation_allocator<void>{});
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(shared.get()) % alignof(wide), 0U);
}

TEST(OperationMemory, AThreadsLastOperationsMayEndWithIt) {  // AddressSanitizer sees what is lost or given twice
  std::thread{[] {
    static thread_local const late last_of_all;
    static_cast<void>(&last_of_all);
    spare_memory::give(spare_memory::take(600), 600);
  }}.join();
  void* from_there = nullptr;
  std::thread{[&] { from_there = spare_memory::take(700); }}.join();
  spare_memory::give(from_there, 700);  // ends on another thread than it began on
}
