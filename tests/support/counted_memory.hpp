// Counts the bytes that a program has allocated: for the one file of a test program whose memory is bounded.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <malloc.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEST_COUNTS_NOTHING  // ThreadSanitizer has an operator new of its own
#endif
#elif defined(__SANITIZE_THREAD__)
#define TEST_COUNTS_NOTHING
#endif

namespace dovetail::test {

inline std::atomic<std::size_t> live{0};  ///< bytes that are allocated
inline std::atomic<std::size_t> most{0};  ///< as many as there ever were, or since it was set

inline void* take_memory(std::size_t bytes) {
  void* const at = std::malloc(bytes == 0 ? 1 : bytes);
  if (at == nullptr) throw std::bad_alloc{};
  const std::size_t now = live += ::malloc_usable_size(at);
  std::size_t before = most;
  while (before < now && !most.compare_exchange_weak(before, now)) {
  }
  return at;
}
inline void give_memory(void* at) noexcept {
  if (at != nullptr) live -= ::malloc_usable_size(at);
  std::free(at);
}

}  // namespace dovetail::test

#if !defined(TEST_COUNTS_NOTHING)
void* operator new(std::size_t bytes) { return dovetail::test::take_memory(bytes); }
void* operator new[](std::size_t bytes) { return dovetail::test::take_memory(bytes); }
void operator delete(void* at) noexcept { dovetail::test::give_memory(at); }
void operator delete[](void* at) noexcept { dovetail::test::give_memory(at); }
void operator delete(void* at, std::size_t) noexcept { dovetail::test::give_memory(at); }
void operator delete[](void* at, std::size_t) noexcept { dovetail::test::give_memory(at); }
#endif
