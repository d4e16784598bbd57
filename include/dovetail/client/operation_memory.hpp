// Memory of asynchronous operations, whose size depends on the request and the row: used again without malloc().
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace dovetail::inline v0::detail {

/// What a thread keeps of the operation that ended last, for the one that begins next. Asio keeps the memory of its own
/// operations in the same way, but none as large as a request with its dialogue and its row.
class spare_memory {
 public:
  static void* take(std::size_t size) {
    if (kept_.memory != nullptr && rounded(size) <= kept_.size) return std::exchange(kept_.memory, nullptr);
    return ::operator new(rounded(size));
  }
  static void give(void* memory, std::size_t size) noexcept {
    size = rounded(size);
    if (size > largest || kept_.is_over || (kept_.memory != nullptr && size <= kept_.size)) {
      return ::operator delete(memory);
    }
    static thread_local const freeing at_the_end;
    static_cast<void>(&at_the_end);
    ::operator delete(std::exchange(kept_.memory, memory));
    kept_.size = size;
  }

 private:
  /// Without a destructor: operations may end while the thread's other objects are destroyed.
  struct block {
    void* memory;
    std::size_t size;
    bool is_over;  // the thread ends
  };
  struct freeing {
    ~freeing() {
      kept_.is_over = true;
      ::operator delete(std::exchange(kept_.memory, nullptr));
    }
  };

  static constexpr std::size_t largest = 8192;
  static constexpr std::size_t rounded(std::size_t size) noexcept { return (size + 511) / 512 * 512; }

  static inline constinit thread_local block kept_{};
};

/// For operations whose handler brings no allocator.
template <class T>
struct operation_allocator {
  using value_type = T;

  operation_allocator() noexcept = default;
  template <class Other>
  operation_allocator(const operation_allocator<Other>&) noexcept {}  // NOLINT: the same memory

  T* allocate(std::size_t count) {
    if constexpr (is_ordinary) {
      return static_cast<T*>(spare_memory::take(count * sizeof(T)));
    } else {
      return std::allocator<T>{}.allocate(count);
    }
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if constexpr (is_ordinary) {
      spare_memory::give(memory, count * sizeof(T));
    } else {
      std::allocator<T>{}.deallocate(memory, count);
    }
  }
  bool operator==(const operation_allocator&) const noexcept { return true; }

 private:
  static constexpr bool is_ordinary = alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__;
};
template <>
struct operation_allocator<void> {
  using value_type = void;
};

}  // namespace dovetail::inline v0::detail
