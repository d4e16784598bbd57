// A place in the queue of a pool.
#pragma once

#include <dovetail/client/pool_slot.hpp>

#include <cstdint>
#include <source_location>

namespace dovetail::inline v0::detail {

/// A caller in the queue. The pool calls `notify` exactly once, without any lock, unless `remove()` took the node out
/// before; after that call the pool does not touch the node any more.
class pool_node {
 public:
  using notify_function = void (*)(pool_node&) noexcept;
  enum class state : std::uint8_t { detached, queued, granted, refused };

  explicit pool_node(notify_function notify) noexcept : notify_(notify) {}
  pool_node(const pool_node&) = delete;
  pool_node& operator=(const pool_node&) = delete;

  pool_slot* slot = nullptr;
  state status = state::detached;
  std::source_location where{};
  clock::time_point since{};  // when the wait began

 protected:
  ~pool_node() = default;

 private:
  friend class pool_core;
  notify_function notify_;
  pool_node* next_ = nullptr;
  pool_node* previous_ = nullptr;
};

}  // namespace dovetail::inline v0::detail
